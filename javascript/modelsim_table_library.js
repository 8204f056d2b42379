/* The library's table: filters beside the words (copies, state, kind, network, class), and which columns are there.

A filter is a button or a menu with `data-facet`, the row's data that it asks about; a button has `data-value`, the value
that it asks for. Values of one facet add up, facets narrow each other. Kept for this window. Columns come in the order
of their importance: as many as there is room for, or those that a person chose; kept for all windows. */

"use strict";

window.modelsim.library = window.modelsim.library || (function (modelsim) {
    const LIBRARY = ".modelsim-library";

    // filters

    let wanted = null; // facet → values

    const filters = () => (wanted ??= modelsim.load("facets", true) || {});
    const controls = (library) => [...library.querySelectorAll("[data-facet]")];

    const offers = (control, value) => (control.matches("select")
        ? [...control.options].some((option) => option.value === value) : control.dataset.value === value);

    /** The values asked for that the library still has. */
    function asked(library, facet) {
        const own = controls(library).filter((control) => control.dataset.facet === facet);
        return (filters()[facet] || []).filter((value) => own.some((control) => offers(control, value)));
    }

    let conditions = []; // what is asked for now: [facet, values]

    modelsim.table.narrow((row) => !row.closest(LIBRARY)
        || conditions.every(([facet, values]) => values.includes(row.dataset[facet] ?? "")));

    function ask(library, facet, values) {
        wanted = { ...filters(), [facet]: values };
        modelsim.store("facets", wanted, true);
        apply(library);
    }

    function apply(library) {
        const facets = [...new Set(controls(library).map((control) => control.dataset.facet))];
        conditions = facets.map((facet) => [facet, asked(library, facet)]).filter(([, values]) => values.length);
        const now = Object.fromEntries(conditions);
        for (const control of controls(library)) {
            const { facet, value } = control.dataset;
            if (control.matches("select")) control.value = now[facet]?.[0] ?? "";
            else control.setAttribute("aria-pressed", Boolean(now[facet]?.includes(value)));
        }
        const input = library.querySelector("input.modelsim-filter");
        modelsim.table.filter(input);
        const all = library.querySelector("[data-everything]");
        if (all) all.hidden = !conditions.length && !input.value;
        const rows = [...library.querySelectorAll("tbody tr")];
        library.querySelector(".modelsim-none").hidden = rows.some((row) => !row.hidden);
    }

    function everything(library) {
        wanted = {};
        modelsim.store("facets", {}, true);
        const input = library.querySelector("input.modelsim-filter");
        input.value = "";
        input.dispatchEvent(new Event("input", { bubbles: true }));
        apply(library);
    }

    document.addEventListener("click", ({ target }) => {
        const library = target.closest?.(LIBRARY), button = target.closest?.("button[data-facet]");
        if (!library) return;
        if (target.closest("[data-everything]")) everything(library);
        if (target.closest("[data-fit]")) choose(library, null);
        if (!button) return;
        const { facet, value } = button.dataset, had = asked(library, facet);
        ask(library, facet, had.includes(value) ? had.filter((other) => other !== value) : [...had, value]);
    });

    document.addEventListener("change", ({ target }) => {
        const library = target.closest?.(LIBRARY);
        if (!library) return;
        if (target.matches("select[data-facet]")) ask(library, target.dataset.facet, target.value ? [target.value] : []);
        if (target.matches("[data-column]")) {
            choose(library, [...library.querySelectorAll("[data-column]:checked")].map((box) => box.dataset.column));
        }
    });

    document.addEventListener("input", ({ target }) => {
        const library = target.matches?.("input.modelsim-filter") && target.closest(LIBRARY);
        if (library) modelsim.onNextFrame("library", () => apply(library));
    });

    // columns

    const heads = (library) => [...library.querySelectorAll("thead th")];
    const widthOf = (head) => parseFloat(head.style.width) || 0;

    /** What a name takes of the room at least. */
    const nameWidth = (room) => Math.min(Math.max(172, 0.36 * room), 340);

    /** Of columns of these widths beside the name, each in turn that still fits. */
    function fitting(widths, room) {
        let left = room - nameWidth(room);
        return widths.map((width) => {
            const fits = width <= left;
            if (fits) left -= width;
            return fits;
        });
    }

    function choose(library, columns) {
        modelsim.store("columns", columns);
        settleColumns(library);
    }

    function settleColumns(library) {
        const [, ...others] = heads(library), chosen = modelsim.load("columns"), table = library.querySelector("table");
        const room = table.parentElement.clientWidth, names = others.map((head) => head.dataset.name);
        if (!room) return; // it is not looked at
        const there = Array.isArray(chosen) ? names.map((name) => chosen.includes(name)) : fitting(others.map(widthOf), room);
        table.dataset.without = others.map((_, i) => (there[i] ? "" : i + 2)).filter(Boolean).join(" ");
        const needed = others.reduce((sum, head, i) => sum + (there[i] ? widthOf(head) : 0), nameWidth(room));
        table.style.minWidth = Array.isArray(chosen) ? `${needed}px` : "";
        for (const box of library.querySelectorAll("[data-column]")) {
            box.checked = there[names.indexOf(box.dataset.column)];
        }
    }

    const sizes = new ResizeObserver((entries) => {
        for (const { target } of entries) {
            const library = target.closest(LIBRARY);
            if (library) modelsim.onNextFrame("columns", () => settleColumns(library));
        }
    });

    modelsim.onSettle(LIBRARY, (library) => {
        settleColumns(library);
        sizes.observe(library.querySelector(".modelsim-scroll"));
        apply(library);
    });

    return { fitting };
})(window.modelsim);
