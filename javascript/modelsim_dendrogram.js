/* The tree: drawn in the page from the data of its element (.modelsim-tree[data-tree]), so that its scale, folded
branches, search and zoom answer at once. Rows are leaves as those of all drawings: modelsim_drawing.js answers to the
pointer and to keys. What is folded and searched for is kept as long as the page is open, the scale longer. */

"use strict";

window.modelsim.tree = window.modelsim.tree || (function (modelsim) {
    const { ROW, EDGE, PER_MODEL, nodesOf, kinshipScale, trueScale, rowsOf, sizeOf } = modelsim.branches;
    const SIZE = 13, SMALL = 11, LEAST = 9, GAP = 8, BADGE = 30, SIGN = 14, MARK = 12, AXIS = 38;
    const WIDEST_NOTE = 130, NARROWEST = 120, ROOM_FOR_NOTES = 640, UNSEEN = 740;

    const trees = new WeakMap(); // element → its data, nodes and layout
    const folded = { class: new Set(), same: new Set() }; // names of the models in folded branches, of whatever tree
    const searched = { words: "", at: null, caret: null };

    function treeOf(element) {
        const found = element.closest(".modelsim-tree");
        if (found && !trees.has(found)) settle(found);
        return trees.get(found);
    }

    const namesIn = ({ data }, { from, to }) => data.names.slice(from, to + 1);
    const kindFolded = (tree, node) => node.folds.find((kind) => namesIn(tree, node).every((name) => folded[kind].has(name)));
    const plain = (text) => text.normalize("NFKC").toLowerCase();

    function make(tag, attributes = {}, ...inside) {
        const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        element.append(...inside);
        return element;
    }

    const round = (number) => Math.round(10 * number) / 10;
    const write = (text, x, y, size, attributes = {}) =>
        make("text", { x: round(x), y: round(y), dy: ".35em", "font-size": size, ...attributes }, text);

    // words that fit

    const canvas = document.createElement("canvas").getContext("2d"), widths = new Map();

    function widthOf(text, size, font) {
        const key = `${size} ${font} ${text}`;
        if (!widths.has(key)) {
            canvas.font = `${size}px ${font}`;
            widths.set(key, canvas.measureText(text).width);
        }
        return widths.get(key);
    }

    /** The text with so much of its middle left out that it has room. */
    function fitted(text, room, size, font) {
        if (widthOf(text, size, font) <= room) return text;
        const letters = [...text];
        let least = 2, most = letters.length;
        const cut = (count) => [...letters.slice(0, Math.ceil(count / 2)), "…", ...letters.slice(letters.length - Math.floor(count / 2))].join("");
        while (most - least > 1) {
            const middle = (least + most) >> 1;
            if (widthOf(cut(middle), size, font) <= room) least = middle;
            else most = middle;
        }
        return cut(least);
    }

    /** What stands at a row: name and sign of a model; of a folded branch its name and how many it is. */
    function wordsOf(tree, node) {
        const { data } = tree, kind = node.upper && kindFolded(tree, node), count = sizeOf(node);
        if (kind === "class") return [data.labels[node.class].name || `Class ${node.class}`, `: ${count} models`];
        const [first] = originalsFirst(tree, node), sign = data.signs[first] && ` (${data.signs[first]})`;
        if (!kind) return [data.names[first], sign];
        const copies = data.signs.slice(node.from, node.to + 1).filter((each) => each === "copy").length === count - 1;
        return [data.names[first], ` + ${count - 1} ${copies ? (count === 2 ? "copy" : "copies") : "of the same weights"}`];
    }

    function originalsFirst({ data }, { from, to }) {
        const rows = [...Array(to - from + 1).keys()].map((i) => from + i);
        return rows.sort((a, b) => (data.signs[a] === "copy") - (data.signs[b] === "copy"));
    }

    // drawing

    /** Draw a tree so many times as high as its rows need, and as wide as there is room. */
    function draw(view, zoom, wide) {
        const tree = treeOf(view), { data, nodes } = tree, root = nodes[nodes.length - 1];
        const places = rowsOf(root, (node) => kindFolded(tree, node), zoom);
        const font = getComputedStyle(view).fontFamily, total = view.clientWidth || UNSEEN;
        const size = Math.min(SIZE, Math.floor(ROW * zoom * 0.8)), named = size >= LEAST;
        const words = places.rows.map((node) => wordsOf(tree, node));
        const labels = Object.values(data.labels), lines = labels.flatMap(({ name, support }) => [name, support]);
        const widest = (texts, most, letters) => Math.min(most, Math.max(0, ...texts.map((text) => widthOf(text, letters, font))));
        const note = total < ROOM_FOR_NOTES ? 0 : widest(lines, WIDEST_NOTE, SMALL);
        const before = (data.references.some(Boolean) && SIGN) + (data.same.some(Boolean) && MARK);
        const lengths = words.map((pair) => widthOf(pair.join(""), size, font)).sort((a, b) => b - a);
        const longest = lengths[Math.floor(lengths.length / 30)]; // but for a few, which are shortened
        const names = named ? Math.min(longest, Math.max(150, 0.4 * total)) + 4 : 0;
        const room = Math.max(NARROWEST, total - 2 * EDGE - 3 * GAP - before - names - BADGE - note) * wide;
        const scale = (isTrue() ? trueScale : kinshipScale)(nodes, room), right = EDGE + GAP + scale.width;
        const x = (node) => right - scale.place(node.height);
        const at = { right, names: right + GAP + before, end: right + GAP + before + names + GAP, size, font, note, x };
        const width = Math.max(at.end + BADGE + note + EDGE, total), height = places.end;
        const svg = make("svg", { class: "modelsim-svg", width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Tree of models" });
        const leaves = places.rows.map((node, i) => leaf(tree, node, words[i], at, named));
        svg.append(
            make("g", {}, ...boxes(tree, places, at)),
            make("g", { class: "modelsim-branches" }, ...places.merges.map((node) => branch(tree, node, x)), ...triangles(tree, places, at)),
            make("g", { class: "modelsim-leaves", role: "listbox", "aria-label": "Models in the order of the tree" }, ...leaves),
            make("g", {}, ...marks(tree, places, at)),
        );
        Object.assign(tree, { right, width: view.clientWidth });
        replaced(view, tree, [svg, axis(fitted(data.axis, total - 2 * (EDGE + GAP), SMALL, font), scale, right, width)]);
    }

    /** Put a new drawing in the place of the old one: what is chosen, found and focused stays so. */
    function replaced(view, tree, drawn) {
        const had = view.querySelector('.modelsim-leaf[tabindex="0"]'), focused = had && had === document.activeElement;
        const row = Number(had?.dataset.from ?? 0);
        view.replaceChildren(...drawn);
        const leaves = [...view.querySelectorAll(".modelsim-leaf")];
        const stop = leaves.find(({ dataset: { from, to } }) => Number(from) <= row && row <= Number(to));
        modelsim.reach(leaves, stop);
        if (focused) stop.focus({ preventScroll: true });
        modelsim.markAgain(view);
        markFound(tree);
    }

    const colourOf = ({ data }, number) => (number ? `stroke:${data.labels[number].colour}` : "");

    /** A merge: the line that joins the two below it, each in the colour of the class that its models share. */
    function branch(tree, node, x) {
        const at = round(x(node)), arm = (end) => `M${round(x(end))} ${round(end.y)}H${at}`;
        const { upper, lower } = node, line = `${arm(upper)}V${round(lower.y)}H${round(x(lower))}`;
        const stems = [upper, lower].filter((end) => end.class !== node.class)
            .map((end) => make("path", { class: "modelsim-stem", d: arm(end), style: colourOf(tree, end.class) }));
        return make("g", { class: "modelsim-branch", "data-from": node.from, "data-to": node.to, "data-height": Number(node.height.toPrecision(4)) },
            make("path", { d: line, style: colourOf(tree, node.class) }), ...stems, make("path", { class: "modelsim-hit", d: line }));
    }

    /** A folded class is a triangle from its last merge to its models, as high as they are many. */
    function triangles(tree, { rows }, { right, x }) {
        return rows.filter((node) => node.upper && kindFolded(tree, node) === "class").map((node) => {
            const half = (node.high / Math.max(ROW, PER_MODEL * sizeOf(node))) * sizeOf(node) * PER_MODEL / 2, left = Math.min(x(node), right - 12);
            const { colour } = tree.data.labels[node.class];
            return make("path", { class: "modelsim-triangle", d: `M${round(left)} ${round(node.y)}L${right} ${round(node.y - half)}V${round(node.y + half)}Z`, style: `fill:${colour};stroke:${colour}` });
        });
    }

    function leaf(tree, node, [name, behind], { right, names, end, size, font }, named) {
        const { data } = tree, single = !node.upper, model = kindFolded(tree, node) === "class" ? null : data.names[originalsFirst(tree, node)[0]];
        const about = model === null ? { "data-class": node.class, "aria-label": name + behind } : { "data-model": model, "aria-label": model };
        if (single && data.facts[node.from].length) about["data-facts"] = JSON.stringify(data.facts[node.from]);
        const row = make("g", { class: `modelsim-leaf${single ? "" : " modelsim-folded"}`, ...about, "data-from": node.from, "data-to": node.to, role: "option", "aria-selected": "false", tabindex: -1 });
        row.append(make("rect", { x: round(right), y: round(node.y - node.high / 2), width: round(end - right), height: round(node.high), rx: 3 }));
        if (!named) return row;
        if (single && data.references[node.from]) row.append(write("◆", names - SIGN, node.y, SMALL, { class: "modelsim-reference" }));
        row.append(write(fitted(name, end - names - GAP - widthOf(behind, size, font), size, font) + behind, names, node.y, size));
        if (single) {
            const leave = write("×", end - 2, node.y, SIZE, { class: "modelsim-leave", "data-do": "leave out", "data-name": model, "aria-hidden": true });
            leave.append(make("title", {}, "Leave this model out of the tree (Delete)"));
            row.append(leave);
        }
        return row;
    }

    /** A field behind each class, and its number, name and support to the right. */
    function boxes(tree, { rows }, { right, end, note, font, x }) {
        let free = 0; // the upper edge of what is to the right and not taken
        return tree.nodes.filter((node) => node.class && !node.parent?.class).map((node) => {
            const mine = rows.filter(({ from, to }) => node.from <= from && to <= node.to);
            const top = mine[0].y - mine[0].high / 2, last = mine[mine.length - 1], bottom = last.y + last.high / 2;
            return { node, top, bottom, middle: (top + bottom) / 2 };
        }).sort((a, b) => a.top - b.top).map(({ node, top, bottom, middle }) => {
            const { colour, ink, name, support, remark } = tree.data.labels[node.class];
            const room = node.parent ? x(node) - x(node.parent) : 12, left = x(node) - Math.min(6, room / 2);
            const box = make("g", { class: "modelsim-branch modelsim-box", "data-from": node.from, "data-to": node.to, "data-class": node.class, "data-told": [name, support, remark].filter(Boolean).join(" · ") },
                make("rect", { x: round(left), y: round(top), width: round(end - left), height: round(bottom - top), rx: 5, style: `fill:${colour};stroke:${colour}` }));
            const lines = note ? [name, support].filter(Boolean).map((line) => fitted(line, note, SMALL, font)) : [];
            if (middle - 8 < free) return box;
            free = middle + 8;
            const shown = lines.slice(0, Math.max(1, Math.floor((bottom - top + GAP) / 13)));
            box.append(badge(node, end + 5, middle, colour, ink), ...shown.map((line, i) =>
                write(line, end + BADGE - 1, middle + (i - (shown.length - 1) / 2) * 13, SMALL)));
            return box;
        });
    }

    /** The number of a class upon its colour: a click folds the class. */
    function badge({ class: number, upper }, left, middle, colour, ink) {
        const found = make("g", { class: "modelsim-fold" },
            make("rect", { class: "modelsim-badge", x: round(left), y: round(middle - 8), width: 20, height: 16, rx: 4, style: `fill:${colour}` }),
            write(number, left + 10, middle, SMALL, { class: "modelsim-number", style: `fill:${ink}` }));
        if (upper) {
            found.setAttribute("data-fold", "class");
            found.append(make("title", {}, "Fold or open this class (F)"));
        }
        return found;
    }

    /** A bracket before models of the same weights, which folds them; a triangle before one row of them, which opens it. */
    function marks(tree, { rows }, { right }) {
        const left = right + 4;
        return tree.nodes.filter((node) => node.folds.includes("same")).flatMap((node) => {
            const mine = rows.filter(({ from, to }) => node.from <= from && to <= node.to);
            if (!mine.length) return []; // in a folded class
            const top = mine[0].y, bottom = mine[mine.length - 1].y;
            const line = mine.length > 1 ? `M${left} ${round(top)}h5V${round(bottom)}h-5` : `M${left} ${round(top - 5)}l7 5l-7 5Z`;
            return make("g", { class: "modelsim-same", "data-fold": "same", "data-from": node.from, "data-to": node.to },
                make("path", { d: line }), make("rect", { x: left - 3, y: round(top - 8), width: 13, height: round(bottom - top + 16) }),
                make("title", {}, `${sizeOf(node)} models of the same weights, by their hashes. Click to ${mine.length > 1 ? "fold" : "open"}`));
        });
    }

    /** The scale of heights with its name, at the lower edge while the tree moves. */
    function axis(name, { place, ticks, width: long }, right, width) {
        const marks = ticks().flatMap((tick) => {
            const x = round(right - place(tick));
            return [make("path", { d: `M${x} 1v5` }), make("text", { x, y: 17, "font-size": SMALL }, String(tick))];
        });
        return make("svg", { class: "modelsim-svg modelsim-axis", width, height: AXIS, viewBox: `0 0 ${width} ${AXIS}`, "aria-hidden": true },
            make("path", { d: `M${round(right - long)} 1H${round(right)}` }), ...marks,
            make("text", { class: "modelsim-unit", x: EDGE + GAP, y: 32, "font-size": SMALL }, name));
    }

    // scale, folding

    const isTrue = () => modelsim.load("scale") === "true";

    function redraw(tree) {
        modelsim.drawing.again(tree.element.querySelector(".modelsim-view"));
        settleBar(tree);
    }

    /** Fold these branches, or open them where all are folded. */
    function toggle(tree, kind, nodes) {
        const names = nodes.flatMap((node) => namesIn(tree, node)), open = names.every((name) => folded[kind].has(name));
        for (const name of names) folded[kind][open ? "delete" : "add"](name);
    }

    const foldable = ({ nodes }, kind) => nodes.filter((node) => node.folds.includes(kind));

    function fold(button) {
        const tree = treeOf(button), { from, to, class: number } = button.closest("[data-from]").dataset, kind = button.dataset.fold;
        toggle(tree, kind, foldable(tree, kind).filter((node) =>
            (kind === "class" ? node.class === Number(number) : node.from === Number(from) && node.to === Number(to))));
        redraw(tree);
    }

    /** Fold the class of a row, or open the row. */
    function foldRow(row) {
        const tree = treeOf(row), { from, to } = row.dataset;
        const around = tree.nodes.filter((node) => node.folds.length && node.from <= Number(from) && Number(to) <= node.to);
        const node = around.find((each) => each.from === Number(from) && kindFolded(tree, each)) || around.find(({ folds }) => folds.includes("class"));
        if (!node) return;
        toggle(tree, kindFolded(tree, node) || "class", [node]);
        redraw(tree);
    }

    /** Open what hides the model of this name; whether anything did. */
    function show(tree, name) {
        const row = tree.data.names.indexOf(name);
        const hiding = tree.nodes.filter((node) => row >= 0 && node.from <= row && row <= node.to && node.upper && kindFolded(tree, node));
        for (const node of hiding) for (const kind of node.folds) for (const each of namesIn(tree, node)) folded[kind].delete(each);
        return hiding.length > 0;
    }

    // search

    const isWanted = (words) => (name) => words.every((word) => plain(name).includes(word));

    function found({ data }) {
        const words = plain(searched.words).split(/\s+/).filter(Boolean);
        return words.length ? data.names.filter(isWanted(words)) : [];
    }

    function markFound(tree) {
        const names = found(tree), wanted = new Set(names);
        for (const row of tree.element.querySelectorAll(".modelsim-leaf")) {
            const holds = namesIn(tree, { from: Number(row.dataset.from), to: Number(row.dataset.to) });
            row.classList.toggle("modelsim-found", holds.some((name) => wanted.has(name)));
            row.classList.toggle("modelsim-found-now", names.includes(searched.at) && holds.includes(searched.at));
        }
        const place = names.indexOf(searched.at) + 1, told = place ? `${place} of ${names.length}` : `${names.length} found`;
        tree.element.querySelector(".modelsim-tree-count").textContent = searched.words.trim() ? told : "";
    }

    /** Go to the next model that was found, or the one before, and open what hides it. */
    function goOn(tree, by) {
        const names = found(tree);
        if (!names.length) return;
        const now = names.indexOf(searched.at);
        searched.at = names[now < 0 ? 0 : (now + by + names.length) % names.length];
        if (show(tree, searched.at)) redraw(tree);
        markFound(tree);
        tree.element.querySelector(".modelsim-found-now")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }

    // the bar

    function button(text, title, act) {
        const found = document.createElement("button");
        Object.assign(found, { type: "button", title, textContent: text });
        found.addEventListener("click", act);
        return found;
    }

    function bar(tree) {
        const { element } = tree, place = document.createElement("span");
        const scaled = (value) => () => {
            modelsim.store("scale", value);
            redraw(tree);
        };
        const foldAll = (kind) => () => {
            toggle(tree, kind, foldable(tree, kind));
            redraw(tree);
        };
        const kinds = { class: ["Fold classes", "One row for each class"], same: ["Fold copies", "One row for all models of the same weights"] };
        place.className = "modelsim-tree-bar";
        tree.scales = {
            kinship: button("Kinship", "Every branch can be seen, however small: by levels and the logarithm of the heights. The axis tells the heights", scaled("kinship")),
            true: button("True heights", "Branches are as long as their heights differ", scaled("true")),
        };
        tree.all = Object.fromEntries(Object.keys(kinds).filter((kind) => foldable(tree, kind).length)
            .map((kind) => [kind, button(...kinds[kind], foldAll(kind))]));
        const scales = document.createElement("span"), field = document.createElement("input"), count = document.createElement("output");
        scales.className = "modelsim-tree-scales";
        scales.append(...Object.values(tree.scales));
        Object.assign(field, { type: "search", className: "modelsim-tree-search", placeholder: "Find in the tree", title: "Enter goes to the next one, Shift + Enter to the one before", value: searched.words });
        field.setAttribute("aria-label", field.placeholder);
        count.className = "modelsim-tree-count";
        place.append(scales, ...Object.values(tree.all), field, count);
        element.querySelector(".modelsim-tree-bar")?.remove();
        element.querySelector(".modelsim-above").prepend(place);
    }

    function settleBar(tree) {
        const now = isTrue() ? "true" : "kinship";
        for (const [value, each] of Object.entries(tree.scales)) each.setAttribute("aria-pressed", value === now);
        for (const [kind, each] of Object.entries(tree.all)) {
            const all = foldable(tree, kind).every((node) => namesIn(tree, node).every((name) => folded[kind].has(name)));
            each.setAttribute("aria-pressed", all);
        }
    }

    const FIELD = ".modelsim-tree-search";

    function onInput({ target }) {
        if (!target.matches?.(FIELD)) return;
        Object.assign(searched, { words: target.value, at: null, caret: target.selectionStart });
        markFound(treeOf(target));
    }

    function onKey(event) {
        const { target, key } = event;
        if (target.matches?.(FIELD) && key === "Enter") goOn(treeOf(target), event.shiftKey ? -1 : 1);
        else if (!target.matches?.(".modelsim-tree .modelsim-leaf") || event.ctrlKey || event.metaKey || event.altKey) return;
        else if (key === "f" || key === "F") foldRow(target);
        else if (key === "Delete") target.querySelector(".modelsim-leave")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
        else return;
        event.preventDefault();
    }

    function onFocus({ type, target }) {
        if (!target.matches?.(FIELD)) return;
        if (type === "focusin") searched.caret = target.selectionStart;
        else setTimeout(() => { if (target.isConnected) searched.caret = null; }); // else gradio has taken it away
    }

    function settle(element) {
        const data = JSON.parse(element.dataset.tree), tree = { element, data, nodes: nodesOf(data), width: 0 };
        trees.set(element, tree);
        sizes.observe(element.querySelector(".modelsim-view"));
        bar(tree);
        settleBar(tree);
        const field = element.querySelector(FIELD);
        if (searched.caret === null || document.activeElement !== document.body) return;
        field.focus({ preventScroll: true }); // gradio has put a new one where a person was typing
        field.setSelectionRange(searched.caret, searched.caret);
    }

    const sizes = new ResizeObserver((entries) => {
        for (const { target } of entries) {
            if (target.clientWidth && target.clientWidth !== treeOf(target).width) modelsim.drawing.again(target);
        }
    });

    document.addEventListener("input", onInput);
    document.addEventListener("keydown", onKey);
    document.addEventListener("focusin", onFocus);
    document.addEventListener("focusout", onFocus);
    document.addEventListener("modelsim-chosen", ({ detail: name }) => {
        for (const element of document.querySelectorAll(".modelsim-tree")) {
            const tree = treeOf(element);
            if (!element.querySelector(`[data-model="${CSS.escape(name)}"]`) && show(tree, name)) redraw(tree);
        }
    });

    return {
        draw, fold, foldRow,
        /** Where the heights end and the names begin, in a view of a tree; undefined in others. */
        right: (view) => treeOf(view)?.right,
        names: (element) => treeOf(element)?.data.names,
    };
})(window.modelsim);
