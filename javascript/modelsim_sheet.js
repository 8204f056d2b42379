/* The grid of a suite: checkpoints by probes. The server sends names and files of all pictures as one short text; from it
come the grid on the page, which may have thousands of pictures, and the neighbours of a picture that is looked at. */

"use strict";

window.modelsim.sheet = window.modelsim.sheet || (function (modelsim) {
    const { add } = modelsim, GRID = ".modelsim-grid", CELL = "[data-cell]";
    const read = new WeakMap();

    /** The sheet that an element belongs to: rows and columns by name, and where the picture of each pair is. */
    function of(element) {
        const place = element.closest("[data-sheet]");
        if (!place) return null;
        if (!read.has(place)) read.set(place, JSON.parse(place.dataset.sheet));
        return read.get(place);
    }

    /** The address of a picture; nothing where there is none. */
    function url({ folders, files, cells }, row, column) {
        const cell = cells[row]?.[column];
        return cell === 1 ? folders[row] + files[column] : cell || "";
    }

    const placeOf = (element) => element.dataset.cell.split(" ").map(Number);

    function head(parent, role, text) {
        const cell = add(parent, "div", "modelsim-grid-head");
        cell.setAttribute("role", role);
        cell.title = text;
        add(cell, "span", "", text);
    }

    function picture(parent, address, row, column, label) {
        const cell = add(parent, "div", "modelsim-grid-cell", address ? "" : "–");
        cell.setAttribute("role", "gridcell");
        if (!address) return cell.setAttribute("aria-label", `${label}: no image yet`);
        const link = add(cell, "a", ""), image = add(link, "img", "");
        link.href = address;
        link.tabIndex = -1;
        link.dataset.cell = `${row} ${column}`;
        image.loading = "lazy";
        image.decoding = "async";
        image.alt = label;
        image.src = address;
    }

    modelsim.onSettle(GRID, (grid) => {
        if (grid.childElementCount) return;
        const sheet = of(grid), all = document.createDocumentFragment(), heads = add(all, "div", "modelsim-grid-row");
        grid.style.setProperty("--columns", sheet.columns.length);
        heads.setAttribute("role", "row");
        head(heads, "columnheader", "");
        for (const column of sheet.columns) head(heads, "columnheader", column);
        sheet.rows.forEach((name, row) => {
            const line = add(all, "div", "modelsim-grid-row");
            line.setAttribute("role", "row");
            head(line, "rowheader", name);
            sheet.columns.forEach((probe, column) => picture(line, url(sheet, row, column), row, column, `${name}: ${probe}`));
        });
        grid.append(all);
        const first = grid.querySelector(CELL);
        if (first) first.tabIndex = 0;
    });

    const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

    /** The next place with a picture, so many rows and columns on; null where there is none. */
    function next(sheet, [row, column], [rows, columns]) {
        do {
            row += rows;
            column += columns;
            if (sheet.rows[row] === undefined || sheet.columns[column] === undefined) return null;
        } while (!url(sheet, row, column));
        return [row, column];
    }

    document.addEventListener("keydown", (event) => {
        const link = event.target.closest?.(`${GRID} ${CELL}`);
        if (!link || !STEPS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        const grid = link.closest(GRID), to = next(of(link), placeOf(link), STEPS[event.key]);
        if (!to) return;
        const other = grid.querySelector(`[data-cell="${to.join(" ")}"]`);
        modelsim.reach([link, other], other);
        other.focus({ preventScroll: true });
        other.scrollIntoView({ block: "nearest", inline: "nearest" }); // beside the heads, by scroll-padding
    });

    return { of, url, placeOf, next };
})(window.modelsim);
