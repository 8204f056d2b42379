/* The table of models (table.modelsim-models): filter as one types, order by a click on a head, keys from row to row.

Heads that order have `data-sort`, text or number; cells may have `data-value`, what they are ordered by; rows may have
`data-search`, the words by which the filter finds them, or else their text. Filter (input.modelsim-filter) and count
(.modelsim-count) belong to the table within the same .modelsim-table. Another file may narrow the rows further
(`narrow`). A row with a reason (.modelsim-bad) unfolds it by a click. */

"use strict";

window.modelsim.table = window.modelsim.table || (function (modelsim) {
    const TABLE = "table.modelsim-models";
    const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
    const searched = new WeakMap(); // row → its words

    const bodyRows = (table) => [...table.tBodies[0].rows];
    const modelRows = (table) => bodyRows(table).filter((row) => !row.hidden && row.dataset.model !== undefined);
    const conditions = []; // beside the words of the filter: functions of a row
    const around = (element) => element.closest(".modelsim-table") || document;

    /** The tab key reaches one row: the chosen one, or else the first. */
    function settleRows(table) {
        const rows = modelRows(table), stop = rows.find((row) => row.matches(".modelsim-chosen")) || rows[0];
        modelsim.reach(rows, stop);
    }

    // filter

    const plain = (text) => text.normalize("NFKC").toLowerCase();

    function wordsOf(row) {
        if (!searched.has(row)) searched.set(row, plain(row.dataset.search || row.textContent));
        return searched.get(row);
    }

    function filter(input) {
        const table = around(input).querySelector(TABLE);
        if (!table) return;
        const wanted = plain(input.value).split(/\s+/).filter(Boolean), rows = bodyRows(table);
        const fits = (row) => wanted.every((word) => wordsOf(row).includes(word)) && conditions.every((keeps) => keeps(row));
        for (const row of rows) row.hidden = !fits(row);
        const left = rows.filter((row) => !row.hidden).length;
        const told = left < rows.length || wanted.length ? `${left} of ${rows.length}` : "";
        for (const count of around(input).querySelectorAll(".modelsim-count")) count.textContent = told;
        settleRows(table);
    }

    let typedIn = null; // the filter that a person is in, and the caret in it

    function onFocus({ target }) {
        const caret = () => [target.selectionStart, target.selectionEnd];
        typedIn = target.matches?.("input.modelsim-filter") ? { input: target, caret: caret() } : null;
    }

    /** Only a moment later is it known whether a person went elsewhere or the element is being replaced. */
    function onBlur({ target }) {
        setTimeout(() => { if (target.isConnected && target === typedIn?.input) typedIn = null; });
    }

    function onInput(event) {
        const { target } = event;
        if (!target.matches?.("input.modelsim-filter")) return;
        modelsim.store("filter", target.value, true);
        onFocus(event);
        modelsim.onNextFrame("filter", () => filter(target));
    }

    function settleFilter(input) {
        input.value = modelsim.load("filter", true) || "";
        filter(input);
        if (!typedIn || typedIn.input.isConnected) return;
        typedIn = { ...typedIn, input }; // gradio has put a new one where a person was typing
        input.focus({ preventScroll: true });
        input.setSelectionRange(...typedIn.caret);
    }

    // order

    function valueIn(row, column, numeric) {
        const cell = row.cells[column], text = cell ? (cell.dataset.value ?? cell.textContent).trim() : "";
        return numeric ? parseFloat(text) : text;
    }

    /** By a column, "ascending" or "descending", or as the rows came: "none". What has no value comes last. */
    function order(table, column, way) {
        const heads = [...table.tHead.rows[0].cells], numeric = heads[column].dataset.sort === "number";
        heads.forEach((head, i) => head.setAttribute("aria-sort", i === column ? way : "none"));
        const rows = bodyRows(table);
        rows.forEach((row, i) => { row.dataset.order ??= i; });
        rows.sort((a, b) => a.dataset.order - b.dataset.order);
        if (way !== "none") {
            const values = new Map(rows.map((row) => [row, valueIn(row, column, numeric)]));
            const lacks = (row) => Number(values.get(row) === "" || Number.isNaN(values.get(row)));
            const compare = numeric ? (a, b) => a - b : collator.compare, sign = way === "ascending" ? 1 : -1;
            rows.sort((a, b) => lacks(a) - lacks(b) || (lacks(a) ? 0 : sign * compare(values.get(a), values.get(b))));
        }
        table.tBodies[0].append(...rows);
    }

    function orderBy(head) {
        const next = { ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")] || "ascending";
        const table = head.closest("table");
        order(table, head.cellIndex, next);
        modelsim.store("order", [head.textContent.trim(), next]);
        settleRows(table);
    }

    function settleTable(table) {
        for (const head of table.querySelectorAll("th[data-sort]")) head.tabIndex = 0;
        const [name, way] = modelsim.load("order") || [];
        const head = [...table.tHead.rows[0].cells].find((cell) => cell.textContent.trim() === name);
        if (head?.dataset.sort) order(table, head.cellIndex, way);
        settleRows(table);
    }

    // a row that tells why it has no more

    function unfold(row) {
        const open = row.classList.toggle("modelsim-open");
        row.querySelector("[aria-expanded]")?.setAttribute("aria-expanded", open);
    }

    // clicks and keys

    function onClick({ target }) {
        const on = (selector) => target.closest?.(`${TABLE} ${selector}`);
        const head = on("th[data-sort]"), row = on("tbody tr[data-model]"), bad = on("tr.modelsim-bad");
        if (head) orderBy(head);
        else if (bad && !getSelection().toString()) unfold(bad);
        else if (row && !on("a, button, input, label")) {
            modelsim.choose(row.dataset.model);
            modelsim.reach(modelRows(row.closest(TABLE)), row);
        }
    }

    function onKey(event) {
        const { target, key } = event, enter = key === "Enter" || key === " ";
        if (target.matches?.(`${TABLE} th[data-sort]`) && enter) orderBy(target);
        else if (target.matches?.(`${TABLE} tr[data-model]`)) {
            const rows = modelRows(target.closest(TABLE));
            const to = modelsim.destination(key, rows.indexOf(target), rows.length);
            if (to !== undefined) {
                modelsim.reach(rows, rows[to]);
                rows[to].focus();
            } else if (enter) modelsim.choose(target.dataset.model);
            else return;
        } else return;
        event.preventDefault();
    }

    document.addEventListener("click", onClick);
    document.addEventListener("keydown", onKey);
    document.addEventListener("input", onInput);
    document.addEventListener("focusin", onFocus);
    document.addEventListener("focusout", onBlur);
    modelsim.onSettle(TABLE, settleTable);
    modelsim.onSettle("input.modelsim-filter", settleFilter);
    return { order, filter, narrow: (keeps) => conditions.push(keeps) };
})(window.modelsim);
