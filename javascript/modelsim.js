/* What answers in the page: tooltips, choosing, moving and zooming of drawings, filter and order of the table.

It listens at the document, as gradio replaces drawings and tables whole, and keeps what a person did to them by their
`data-key`. Models are elements with `data-model`, branches have `data-from` and `data-to`: rows of the leaves in the
order of the tree. What is chosen goes to the server through hidden text fields. */

"use strict";

window.modelsim = window.modelsim || (function () {
    const CHOSEN = "modelsim_chosen_field", FAMILY = "modelsim_family_field", KEPT = "modelsim";
    const DRAG_FROM = 4, STEP = 1.25, MOST = 40, COPIED_MS = 1500, FAMILY_MS = 250;

    // what is kept: over a reload in the browser, zoom only as long as the page is open

    function load(key) {
        try {
            return JSON.parse(localStorage.getItem(KEPT) || "{}")[key];
        } catch {
            return undefined; // storage that is forbidden or full of something else: nothing is remembered
        }
    }

    function store(key, value) {
        try {
            const all = JSON.parse(localStorage.getItem(KEPT) || "{}");
            localStorage.setItem(KEPT, JSON.stringify({ ...all, [key]: value }));
        } catch {
            // as above
        }
    }

    // choosing

    let chosen = null, family = [];

    function send(id, text) {
        const field = document.querySelector(`#${id} textarea, #${id} input`);
        if (!field) return;
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    const named = (name, root = document) => root.querySelectorAll(`[data-model="${CSS.escape(name)}"]`);

    /** Mark the model of this name, or none, wherever it is shown. */
    function mark(name, root = document) {
        chosen = name;
        for (const old of root.querySelectorAll(".modelsim-chosen")) setMark(old, "modelsim-chosen", false);
        if (name) for (const found of named(name, root)) setMark(found, "modelsim-chosen", true);
    }

    /** Mark the models of these names, as a family, wherever they are shown. */
    function markFamily(names, root = document) {
        family = names;
        for (const old of root.querySelectorAll(".modelsim-family")) setMark(old, "modelsim-family", false);
        for (const name of names) for (const found of named(name, root)) setMark(found, "modelsim-family", true);
    }

    function setMark(element, name, on) {
        element.classList.toggle(name, on);
        if (name === "modelsim-chosen" && element.hasAttribute("aria-selected")) element.setAttribute("aria-selected", on);
    }

    function choose(element) {
        mark(element.dataset.model);
        send(CHOSEN, element.dataset.model);
    }

    const leavesOf = (drawing) => [...drawing.querySelectorAll(".modelsim-leaf")];
    const range = (branch) => [Number(branch.dataset.from), Number(branch.dataset.to)];

    let familyTimer = 0;

    function chooseFamily(branch) {
        const [from, to] = range(branch);
        markFamily(leavesOf(branch.closest(".modelsim-drawing")).slice(from, to + 1).map((leaf) => leaf.dataset.model));
        clearTimeout(familyTimer); // who walks up the tree by key asks once
        familyTimer = setTimeout(() => send(FAMILY, JSON.stringify(family)), FAMILY_MS);
    }

    /** By key: the next larger family around a leaf, or the next smaller one. */
    function growFamily(leaf, larger) {
        const drawing = leaf.closest(".modelsim-drawing"), row = leavesOf(drawing).indexOf(leaf);
        const around = [...drawing.querySelectorAll(".modelsim-branch:not(.modelsim-box)")]
            .filter((branch) => range(branch)[0] <= row && row <= range(branch)[1])
            .sort((a, b) => range(a)[1] - range(a)[0] - (range(b)[1] - range(b)[0]));
        const sizes = around.map((branch) => range(branch)[1] - range(branch)[0] + 1);
        const inside = family.includes(leaf.dataset.model) ? family.length : 1;
        const next = larger ? sizes.findIndex((size) => size > inside) : sizes.findLastIndex((size) => size < inside);
        if (next >= 0) chooseFamily(around[next]);
        else if (!larger) markFamily([]);
    }

    // tooltip

    let tip = null, tipOf = null;

    function line(parent, tag, text) {
        parent.appendChild(document.createElement(tag)).textContent = text;
    }

    function tipLines(element) {
        if (element.dataset.model !== undefined) return [element.dataset.model, JSON.parse(element.dataset.facts || "[]")];
        const [from, to] = range(element), { told, height, class: number } = element.dataset;
        const count = `${to - from + 1} model${to === from ? "" : "s"}`;
        const head = number ? `Class ${number}: ${count}` : count;
        return [head, [...(told ? [["", told]] : []), ...(height ? [["height", height]] : []), ["", "Click selects them"]]];
    }

    function showTip(head, rows, x, y) {
        if (!tip || !tip.isConnected) {
            tip = document.createElement("div");
            tip.className = "modelsim-tip";
            tip.setAttribute("role", "tooltip");
            (document.querySelector(".gradio-container .contain") || document.body).appendChild(tip);
        }
        tip.replaceChildren();
        line(tip, "b", head);
        for (const [label, text] of rows) {
            const row = tip.appendChild(document.createElement("div"));
            if (label) line(row, "span", label);
            line(row, "span", text);
        }
        tip.hidden = false;
        placeTip(x, y);
    }

    function placeTip(x, y) {
        const { width, height } = tip.getBoundingClientRect();
        const left = x + 16 + width > innerWidth ? Math.max(x - 12 - width, 4) : x + 16;
        const top = y + 18 + height > innerHeight ? Math.max(y - 10 - height, 4) : y + 18;
        tip.style.transform = `translate(${left}px, ${top}px)`;
    }

    function hideTip() {
        if (tip) tip.hidden = true;
        tipOf = null;
    }

    const ANSWERS = ".modelsim-drawing :is([data-model], [data-from])";

    function onPoint(event) {
        if (event.pointerType === "touch" || drag?.moved) return;
        const element = event.target.closest?.(ANSWERS);
        if (!element) hideTip();
        else if (element !== tipOf) {
            showTip(...tipLines(element), event.clientX, event.clientY);
            tipOf = element;
        } else onNextFrame("tip", () => tipOf && placeTip(event.clientX, event.clientY));
    }

    const waiting = new Map();

    /** The latest of several requests under a name, once, before the next picture. */
    function onNextFrame(name, act) {
        if (!waiting.has(name)) requestAnimationFrame(() => {
            const latest = waiting.get(name);
            waiting.delete(name);
            latest();
        });
        waiting.set(name, act);
    }

    // moving and zooming: a drawing scrolls in its view, and zooming changes its width

    const views = new Map(); // key of a drawing → { zoom, left, top }
    const stateOf = (view) => views.get(view.parentElement.dataset.key) || { zoom: 1, left: 0, top: 0 };

    function setView(view, { zoom, left, top }) {
        view.style.setProperty("--modelsim-zoom", zoom);
        view.scrollTo({ left, top, behavior: "instant" });
        views.set(view.parentElement.dataset.key, { zoom, left: view.scrollLeft, top: view.scrollTop });
    }

    /** Zoom by a factor around a point of the window, by default the middle of the view. */
    function zoomBy(view, factor, x, y) {
        const box = view.getBoundingClientRect(), { zoom } = stateOf(view);
        const least = Math.min(1, view.clientHeight / (view.scrollHeight / zoom));
        const wanted = Math.min(Math.max(zoom * factor, least), MOST), ratio = wanted / zoom;
        const dx = (x ?? box.left + box.width / 2) - box.left, dy = (y ?? box.top + box.height / 2) - box.top;
        const left = (view.scrollLeft + dx) * ratio - dx, top = (view.scrollTop + dy) * ratio - dy;
        if (ratio !== 1) setView(view, { zoom: wanted, left, top });
    }

    const fit = (view) => setView(view, { zoom: 1, left: 0, top: 0 });

    function zoomOn(view, act) {
        if (act === "fit") fit(view);
        else zoomBy(view, act === "in" ? STEP : 1 / STEP);
    }

    let wheeled = 1;

    function onWheel(event) {
        if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls, and at the end the page goes on
        event.preventDefault();
        hideTip();
        const view = event.currentTarget, pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
        wheeled *= Math.exp(-Math.max(-240, Math.min(240, pixels)) / 400);
        onNextFrame("wheel", () => {
            zoomBy(view, wheeled, event.clientX, event.clientY);
            wheeled = 1;
        });
    }

    let pinch = null;

    function onTouch(event) {
        if (event.touches.length !== 2) return void (pinch = null);
        event.preventDefault();
        const [a, b] = event.touches, view = event.currentTarget;
        const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (pinch) {
            const factor = apart / pinch;
            onNextFrame("pinch", () => zoomBy(view, factor, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2));
        }
        pinch = apart;
    }

    let drag = null;

    function onDown(event) {
        const view = event.target.closest?.(".modelsim-view svg") && event.target.closest(".modelsim-view");
        drag = null; // a click after it is none of its
        if (!view || event.button !== 0 || event.pointerType !== "mouse") return;
        drag = { view, x: event.clientX, y: event.clientY, left: view.scrollLeft, top: view.scrollTop, moved: false, on: true };
    }

    function onMove(event) {
        if (!drag?.on) return onPoint(event);
        const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
        if (!drag.moved && Math.hypot(dx, dy) < DRAG_FROM) return;
        if (!drag.moved) {
            drag.moved = true;
            drag.view.setPointerCapture(event.pointerId);
            drag.view.classList.add("modelsim-dragged");
            hideTip();
        }
        const { view, left, top } = drag;
        onNextFrame("drag", () => view.scrollTo({ left: left - dx, top: top - dy, behavior: "instant" }));
    }

    function onUp() {
        if (!drag?.on) return;
        drag.on = false;
        drag.view.classList.remove("modelsim-dragged");
    }

    function onScroll(event) {
        if (!event.target.matches?.(".modelsim-view")) return;
        const { zoom } = stateOf(event.target);
        views.set(event.target.parentElement.dataset.key, { zoom, left: event.target.scrollLeft, top: event.target.scrollTop });
        if (tipOf && tipOf !== document.activeElement) hideTip();
    }

    function settleView(view) {
        view.addEventListener("wheel", onWheel, { passive: false }); // on the view alone: the page keeps its fast wheel
        view.addEventListener("touchstart", onTouch, { passive: false });
        view.addEventListener("touchmove", onTouch, { passive: false });
        setView(view, stateOf(view));
    }

    // keys: a drawing is one stop of the tab key, arrows go from model to model

    function rove(items, from, to) {
        const next = items[Math.max(0, Math.min(items.length - 1, to))];
        if (!next) return;
        for (const item of items) if (item.tabIndex === 0) item.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
    }

    function step(key, here, count) {
        const steps = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + 10, PageUp: here - 10, Home: 0, End: count - 1 };
        return steps[key];
    }

    function onLeafKey(event, leaf) {
        const drawing = leaf.closest(".modelsim-drawing"), leaves = leavesOf(drawing), here = leaves.indexOf(leaf);
        const to = step(event.key, here, leaves.length), view = leaf.closest(".modelsim-view");
        const zoom = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
        if (to !== undefined) rove(leaves, here, to);
        else if (event.key === "Enter" || event.key === " ") choose(leaf);
        else if (event.key === "ArrowLeft" || event.key === "ArrowRight") growFamily(leaf, event.key === "ArrowLeft");
        else if (event.key === "Escape") leaf.blur();
        else if (zoom) {
            zoomOn(view, zoom);
            leaf.scrollIntoView({ block: "nearest", inline: "nearest" });
        } else return;
        event.preventDefault();
        event.stopImmediatePropagation(); // Escape would interrupt the WebUI
    }

    function onRowKey(event, row) {
        const rows = shownRows(row.closest("table")), to = step(event.key, rows.indexOf(row), rows.length);
        if (to !== undefined) rove(rows, rows.indexOf(row), to);
        else if (event.key === "Enter" || event.key === " ") choose(row);
        else return;
        event.preventDefault();
    }

    function onKey(event) {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const on = (selector) => (event.target.matches?.(selector) ? event.target : null);
        const leaf = on(".modelsim-leaf"), row = on("table.modelsim-models tbody tr"), head = on("th[data-sort]");
        if (leaf) onLeafKey(event, leaf);
        else if (row) onRowKey(event, row);
        else if (head && (event.key === "Enter" || event.key === " ")) {
            event.preventDefault();
            sortBy(head);
        }
    }

    // the table

    const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
    const texts = new WeakMap(); // row → its words, lower case
    const bodyRows = (table) => [...table.tBodies[0].rows];
    const shownRows = (table) => bodyRows(table).filter((row) => !row.hidden && row.dataset.model !== undefined);
    const tableFor = (input) => (input.closest(".modelsim-table") || document).querySelector("table.modelsim-models");

    function wordsOf(row) {
        if (!texts.has(row)) texts.set(row, (row.dataset.search || row.textContent).normalize("NFKC").toLowerCase());
        return texts.get(row);
    }

    function filter(input) {
        const table = tableFor(input);
        if (!table) return;
        const wanted = input.value.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
        const rows = bodyRows(table);
        for (const row of rows) row.hidden = !wanted.every((word) => wordsOf(row).includes(word));
        const left = rows.filter((row) => !row.hidden).length, root = input.closest(".modelsim-table") || document;
        const told = left === rows.length ? `${rows.length}` : `${left} of ${rows.length}`;
        for (const count of root.querySelectorAll(".modelsim-count")) count.textContent = told;
        reachable(table);
    }

    /** One row is a stop of the tab key: the chosen one, or else the first. */
    function reachable(table) {
        const rows = shownRows(table), stop = rows.find((row) => row.matches(".modelsim-chosen")) || rows[0];
        for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
    }

    function valueIn(row, column, numeric) {
        const cell = row.cells[column], text = cell ? (cell.dataset.value ?? cell.textContent).trim() : "";
        return numeric ? parseFloat(text) : text;
    }

    /** Order the rows; what has no value comes last, whichever way. `down` is null for the order they came in. */
    function order(table, column, down) {
        const heads = [...table.tHead.rows[0].cells], numeric = heads[column]?.dataset.sort === "number";
        heads.forEach((head, i) => head.setAttribute("aria-sort", i !== column || down === null ? "none" : down ? "descending" : "ascending"));
        const rows = bodyRows(table);
        rows.forEach((row, i) => { row.dataset.order ??= i; });
        rows.sort((a, b) => a.dataset.order - b.dataset.order);
        if (down !== null) {
            const values = new Map(rows.map((row) => [row, valueIn(row, column, numeric)]));
            const lacks = (row) => values.get(row) === "" || Number.isNaN(values.get(row));
            const compare = numeric ? (a, b) => a - b : collator.compare;
            rows.sort((a, b) => lacks(a) - lacks(b) || (lacks(a) ? 0 : compare(values.get(a), values.get(b)) * (down ? -1 : 1)));
        }
        table.tBodies[0].append(...rows);
    }

    function sortBy(head) {
        const table = head.closest("table"), column = head.cellIndex;
        const next = { none: false, ascending: true, descending: null }[head.getAttribute("aria-sort") || "none"];
        order(table, column, next);
        store("sort", next === null ? null : [column, next]);
        reachable(table);
    }

    function settleTable(table) {
        for (const head of table.querySelectorAll("th[data-sort]")) head.tabIndex = 0;
        const sort = load("sort");
        if (sort && table.tHead.rows[0].cells[sort[0]]?.dataset.sort) order(table, ...sort);
        reachable(table);
    }

    let typedIn = null;

    function settleFilter(input) {
        input.value = load("filter") || "";
        filter(input);
        if (!typedIn || typedIn.input.isConnected) return;
        input.focus({ preventScroll: true }); // gradio has put a new one where a person was typing
        input.setSelectionRange(...typedIn.caret);
    }

    function onInput(event) {
        const input = event.target;
        if (!input.matches?.("input.modelsim-filter")) return;
        store("filter", input.value);
        typedIn = { input, caret: [input.selectionStart, input.selectionEnd] };
        onNextFrame("filter", () => filter(input));
    }

    // copying

    async function copy(button) {
        const text = button.dataset.copy, words = button.dataset.words ?? (button.dataset.words = button.textContent);
        if (navigator.clipboard) await navigator.clipboard.writeText(text);
        else copyByHand(text); // browsers have no clipboard for pages over http
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = words; }, COPIED_MS);
    }

    function copyByHand(text) {
        const area = document.body.appendChild(document.createElement("textarea"));
        area.value = text;
        area.style.position = "fixed";
        area.select();
        document.execCommand("copy");
        area.remove();
    }

    // all together

    function onClick(event) {
        if (drag?.moved) return void (drag = null);
        const on = (selector) => event.target.closest?.(selector);
        const head = on("table.modelsim-models th[data-sort]"), zoom = on("[data-zoom]"), copied = on("[data-copy]");
        const branch = on(".modelsim-drawing [data-from]");
        const model = on(".modelsim-drawing [data-model], table.modelsim-models tbody tr[data-model]");
        if (copied) copy(copied);
        else if (zoom) zoomOn(zoom.closest(".modelsim-drawing").querySelector(".modelsim-view"), zoom.dataset.zoom);
        else if (head) sortBy(head);
        else if (model && !on("a, button, input, label")) {
            choose(model);
            if (model.matches(".modelsim-leaf")) rove(leavesOf(model.closest(".modelsim-drawing")), 0, leavesOf(model.closest(".modelsim-drawing")).indexOf(model));
        } else if (branch) chooseFamily(branch);
    }

    function onDoubleClick(event) {
        const view = event.target.closest?.(".modelsim-view");
        if (view) fit(view);
    }

    function onFocus(event) {
        if (event.target !== typedIn?.input) typedIn = null;
        const leaf = event.target.closest?.(".modelsim-leaf");
        if (!leaf || !leaf.matches(":focus-visible")) return;
        const box = leaf.getBoundingClientRect();
        showTip(...tipLines(leaf), box.left + Math.min(40, box.width / 2), box.bottom - 12);
        tipOf = leaf;
    }

    /** What gradio has just put into the page takes on what is kept. */
    function settle(root) {
        const all = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
        all(".modelsim-view").forEach(settleView);
        all("table.modelsim-models").forEach(settleTable);
        all("input.modelsim-filter").forEach(settleFilter);
        if (all("[data-model]").length) {
            mark(chosen, root);
            markFamily(family, root);
        }
    }

    function start() {
        const listeners = {
            click: onClick, dblclick: onDoubleClick, input: onInput, focusin: onFocus, focusout: hideTip,
            pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp,
        };
        for (const [event, act] of Object.entries(listeners)) document.addEventListener(event, act);
        document.addEventListener("keydown", onKey, true); // before the WebUI's own keys
        document.addEventListener("scroll", onScroll, { capture: true, passive: true });
        new MutationObserver((records) => {
            for (const { addedNodes } of records)
                for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) settle(node);
        }).observe(document, { childList: true, subtree: true });
        settle(document);
    }

    start();
    return { mark, markFamily, store, load };
})();
