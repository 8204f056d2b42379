/* The tree: drawn in the page from the data of its element (.modelsim-tree[data-tree]), so that its scale, folded
branches, search and zoom answer at once. Rows are leaves as those of all drawings: modelsim_drawing.js answers to the
pointer and to keys. What is folded and searched for is kept as long as the page is open, the scale longer. */

"use strict";

window.modelsim.tree = window.modelsim.tree || (function (modelsim) {
    const { STEP, LEAST_STEP, ROW, EDGE, PER_MODEL, nodesOf, kinshipScale, trueScale, rowsOf, sizeOf } = modelsim.branches;
    const SIZE = 13, SMALL = 11, LEAST = 9, GAP = 8, BADGE = 30, SIGN = 14, MARK = 12, AXIS = 38;
    const WIDEST_NOTE = 130, LEAST_FOR_NAMES = 150, NARROWEST = 120, NARROWEST_ON_PHONE = 90, ROOM_FOR_NOTES = 640, UNSEEN = 740;

    const trees = new WeakMap(); // element → its data, nodes and layout
    const folded = { class: new Set(), same: new Set() }; // names of the models in folded branches, of whatever tree
    const searched = { words: "", at: null, caret: null };

    function treeOf(element) {
        const found = element.closest(".modelsim-tree");
        if (found && !trees.has(found)) settle(found);
        return trees.get(found);
    }

    const namesIn = ({ data }, { from, to }) => data.names.slice(from, to + 1);
    const isFolded = (tree, kind, node) => namesIn(tree, node).every((name) => folded[kind].has(name));
    const kindFolded = (tree, node) => node.folds.find((kind) => isFolded(tree, kind, node));
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
        const head = (count) => letters.slice(0, Math.ceil(count / 2));
        const tail = (count) => letters.slice(letters.length - Math.floor(count / 2));
        const cut = (count) => [...head(count), "…", ...tail(count)].join("");
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

    /** Where columns begin and end, and what every part needs to know of it. */
    function columns(tree, words, total, font, zoom, wide) {
        const { data, nodes } = tree, size = Math.min(SIZE, Math.floor(ROW * zoom * 0.8)), named = size >= LEAST;
        const lines = Object.values(data.labels).flatMap(({ name, support }) => [name, support]);
        const widest = Math.max(...lines.map((line) => widthOf(line, SMALL, font)));
        const narrow = total < ROOM_FOR_NOTES, note = narrow ? 0 : Math.min(WIDEST_NOTE, widest);
        const before = (data.references.some(Boolean) && SIGN) + (data.same.some(Boolean) && MARK);
        const lengths = words.map((pair) => widthOf(pair.join(""), size, font)).sort((a, b) => b - a);
        const longest = lengths[Math.floor(lengths.length / 30)]; // but for a few, which are shortened
        const breadth = named ? Math.min(longest, Math.max(LEAST_FOR_NAMES, (narrow ? 0.48 : 0.4) * total)) + 4 : 0;
        const room = Math.max(narrow ? NARROWEST_ON_PHONE : NARROWEST, total - 2 * EDGE - 3 * GAP - before - breadth - BADGE - note) * wide;
        const scale = (isTrue ? trueScale : kinshipScale)(nodes, room, narrow ? LEAST_STEP : STEP);
        const right = EDGE + GAP + scale.width;
        const names = right + GAP + before, end = names + breadth + GAP;
        const width = Math.max(end + BADGE + note + EDGE, total);
        return { scale, x: (node) => right - scale.place(node.height), right, names, end, width, size, named, font, note };
    }

    /** Draw a tree so many times as high as its rows need, and as wide as there is room. */
    function draw(view, zoom, wide) {
        const tree = treeOf(view), { data, nodes } = tree, font = getComputedStyle(view).fontFamily;
        const total = view.clientWidth || UNSEEN, root = nodes[nodes.length - 1];
        const places = rowsOf(root, (node) => kindFolded(tree, node), zoom);
        const words = places.rows.map((node) => wordsOf(tree, node)), at = columns(tree, words, total, font, zoom, wide);
        const group = (about, inside) => make("g", about, ...inside);
        const size = { width: at.width, height: places.end, viewBox: `0 0 ${at.width} ${places.end}` };
        const lines = [...places.merges.map((node) => branch(tree, node, at.x)), ...triangles(tree, places, at)];
        const svg = make("svg", { class: "modelsim-svg", ...size, role: "group", "aria-label": "Tree of models" },
            group({}, boxes(tree, places, at)),
            group({ class: "modelsim-branches" }, lines),
            group({ class: "modelsim-leaves", role: "listbox", "aria-label": "Models in the order of the tree" },
                places.rows.map((node, i) => leaf(tree, node, words[i], at))),
            group({}, marks(tree, places, at)));
        Object.assign(tree, { right: at.right, width: view.clientWidth });
        replaced(view, tree, [svg, axis(fitted(data.axis, total - 2 * (EDGE + GAP), SMALL, font), at)]);
    }

    /** Put a new drawing in the place of the old one: what is chosen, found and focused stays so. */
    function replaced(view, tree, drawn) {
        const focused = view.querySelector(".modelsim-leaf:focus");
        const had = focused || view.querySelector(".modelsim-leaf[tabindex='0']");
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
        const about = { "data-from": node.from, "data-to": node.to, "data-height": Number(node.height.toPrecision(4)) };
        return make("g", { class: "modelsim-branch", ...about },
            make("path", { d: line, style: colourOf(tree, node.class) }), ...stems,
            make("path", { class: "modelsim-hit", d: line }));
    }

    /** A folded class is a triangle from its last merge to its models, as high as they are many. */
    function triangles(tree, { rows }, { right, x }) {
        return rows.filter((node) => node.upper && kindFolded(tree, node) === "class").map((node) => {
            const own = PER_MODEL * sizeOf(node), half = ((node.high / Math.max(ROW, own)) * own) / 2;
            const left = Math.min(x(node), right - 12), { colour } = tree.data.labels[node.class];
            const line = `M${round(left)} ${round(node.y)}L${right} ${round(node.y - half)}V${round(node.y + half)}Z`;
            return make("path", { class: "modelsim-triangle", d: line, style: `fill:${colour};stroke:${colour}` });
        });
    }

    /** A row: a model, or those of a folded branch. */
    function leaf(tree, node, [name, behind], { right, names, end, size, font, named }) {
        const { data } = tree, single = !node.upper, row = make("g", { class: "modelsim-leaf" });
        const of = { "data-from": node.from, "data-to": node.to, role: "option", "aria-selected": "false", tabindex: -1 };
        const model = kindFolded(tree, node) === "class" ? null : data.names[originalsFirst(tree, node)[0]];
        if (model === null) Object.assign(of, { "data-class": node.class, "aria-label": name + behind });
        else Object.assign(of, { "data-model": model, "aria-label": model });
        if (single && data.facts[node.from].length) of["data-facts"] = JSON.stringify(data.facts[node.from]);
        for (const [key, value] of Object.entries(of)) row.setAttribute(key, value);
        row.classList.toggle("modelsim-folded", !single);
        const top = round(node.y - node.high / 2), box = { x: round(right), y: top, width: round(end - right), rx: 3 };
        row.append(make("rect", { ...box, height: round(node.high) }));
        if (!named) return row;
        const mark = single && data.references[node.from];
        if (mark) row.append(write("◆", names - SIGN, node.y, SMALL, { class: "modelsim-reference" }));
        const room = end - names - GAP - widthOf(behind, size, font);
        row.append(write(fitted(name, room, size, font) + behind, names, node.y, size));
        if (!single) return row;
        const act = { "data-do": "leave out", "data-name": model, "aria-hidden": true };
        const leave = write("×", end - 2, node.y, SIZE, { class: "modelsim-leave", ...act });
        leave.append(make("title", {}, "Leave this model out of the tree (Delete)"));
        row.append(leave);
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
            const told = [name, support, remark].filter(Boolean).join(" · "), style = `fill:${colour};stroke:${colour}`;
            const of = { "data-from": node.from, "data-to": node.to, "data-class": node.class, "data-told": told };
            const place = { x: round(left), y: round(top), width: round(end - left), height: round(bottom - top) };
            const box = make("g", { class: "modelsim-branch modelsim-box", ...of }, make("rect", { ...place, rx: 5, style }));
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
        const place = { x: round(left), y: round(middle - 8), width: 20, height: 16, rx: 4 };
        const found = make("g", { class: "modelsim-fold" },
            make("rect", { class: "modelsim-badge", ...place, style: `fill:${colour}` }),
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
            const open = mine.length > 1, triangle = `M${left} ${round(top - 5)}l7 5l-7 5Z`;
            const line = open ? `M${left} ${round(top)}h5V${round(bottom)}h-5` : triangle;
            const of = { class: "modelsim-same", "data-fold": "same", "data-from": node.from, "data-to": node.to };
            const field = { x: left - 3, y: round(top - 8), width: 13, height: round(bottom - top + 16) };
            const told = `${sizeOf(node)} models of the same weights, by their hashes. Click to ${open ? "fold" : "open"}`;
            return make("g", of, make("path", { d: line }), make("rect", field), make("title", {}, told));
        });
    }

    /** The scale of heights with its name, at the lower edge while the tree moves. */
    function axis(name, { scale: { place, ticks, width: long }, right, width }) {
        const marks = ticks().flatMap((tick) => {
            const x = round(right - place(tick));
            return [make("path", { d: `M${x} 1v5` }), make("text", { x, y: 17, "font-size": SMALL }, String(tick))];
        });
        const size = { width, height: AXIS, viewBox: `0 0 ${width} ${AXIS}` };
        return make("svg", { class: "modelsim-svg modelsim-axis", ...size, "aria-hidden": true },
            make("path", { d: `M${round(right - long)} 1H${round(right)}` }), ...marks,
            make("text", { class: "modelsim-unit", x: EDGE + GAP, y: 32, "font-size": SMALL }, name));
    }

    // scale, folding

    let isTrue = modelsim.load("scale") === "true";

    function redraw(tree) {
        modelsim.drawing.again(tree.element.querySelector(".modelsim-view"));
        settleBar(tree);
    }

    /** Fold these branches, or open them where all are folded. */
    function toggle(tree, kind, nodes) {
        const open = nodes.every((node) => isFolded(tree, kind, node));
        for (const name of nodes.flatMap((node) => namesIn(tree, node))) folded[kind][open ? "delete" : "add"](name);
    }

    const foldable = ({ nodes }, kind) => nodes.filter((node) => node.folds.includes(kind));

    /** A click on the number of a class, or on the mark of models of the same weights. */
    function fold(button) {
        const tree = treeOf(button), kind = button.dataset.fold;
        const { from, to, class: number } = button.closest("[data-from]").dataset;
        const isMeant = (node) => (kind === "class" ? node.class === Number(number)
            : node.from === Number(from) && node.to === Number(to));
        toggle(tree, kind, foldable(tree, kind).filter(isMeant));
        redraw(tree);
    }

    /** Fold the class of a row, or open the row. */
    function foldRow(row) {
        const tree = treeOf(row), from = Number(row.dataset.from), to = Number(row.dataset.to);
        const around = tree.nodes.filter((node) => node.folds.length && node.from <= from && to <= node.to);
        const closed = around.find((node) => node.from === from && kindFolded(tree, node));
        const node = closed || around.find(({ folds }) => folds.includes("class"));
        if (!node) return;
        toggle(tree, kindFolded(tree, node) || "class", [node]);
        redraw(tree);
    }

    /** Open what hides the model of this name; whether anything did. */
    function show(tree, name) {
        const row = tree.data.names.indexOf(name), holds = ({ from, to }) => from <= row && row <= to;
        const hiding = tree.nodes.filter((node) => holds(node) && node.upper && kindFolded(tree, node));
        for (const node of hiding) {
            for (const kind of node.folds) for (const each of namesIn(tree, node)) folded[kind].delete(each);
        }
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

    const SCALES = {
        kinship: ["Kinship", "Every branch can be seen, by levels and the logarithm of the heights. The axis tells the heights"],
        true: ["True heights", "Branches are as long as their heights differ"],
    };
    const FOLDS = {
        class: ["Fold classes", "One row for each class"],
        same: ["Fold copies", "One row for all models of the same weights"],
    };

    function bar(tree) {
        const { element } = tree, place = document.createElement("span"), scales = document.createElement("span");
        const field = document.createElement("input"), count = document.createElement("output");
        const scaled = (name) => button(...SCALES[name], () => {
            isTrue = name === "true";
            modelsim.store("scale", name);
            redraw(tree);
        });
        const folding = (kind) => button(...FOLDS[kind], () => {
            toggle(tree, kind, foldable(tree, kind));
            redraw(tree);
        });
        const made = (names, make) => Object.fromEntries(names.map((name) => [name, make(name)]));
        tree.scales = made(Object.keys(SCALES), scaled);
        tree.all = made(Object.keys(FOLDS).filter((kind) => foldable(tree, kind).length), folding);
        place.className = "modelsim-tree-bar";
        scales.className = "modelsim-tree-scales";
        scales.append(...Object.values(tree.scales));
        const title = "Enter goes to the next one, Shift + Enter to the one before", value = searched.words;
        Object.assign(field, { type: "search", className: "modelsim-tree-search", placeholder: "Find in the tree", title, value });
        field.setAttribute("aria-label", field.placeholder);
        count.className = "modelsim-tree-count";
        place.append(scales, ...Object.values(tree.all), field, count);
        element.querySelector(".modelsim-tree-bar")?.remove();
        element.querySelector(".modelsim-above").prepend(place);
    }

    function settleBar(tree) {
        const now = isTrue ? "true" : "kinship";
        for (const [value, each] of Object.entries(tree.scales)) each.setAttribute("aria-pressed", value === now);
        for (const [kind, each] of Object.entries(tree.all)) {
            each.setAttribute("aria-pressed", foldable(tree, kind).every((node) => isFolded(tree, kind, node)));
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
        else if (event.ctrlKey || event.metaKey || event.altKey || !target.matches?.(".modelsim-tree .modelsim-leaf")) return;
        else if (key === "f" || key === "F") foldRow(target);
        else if (key === "Delete") {
            const leave = target.querySelector(".modelsim-leave");
            leave?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
        } else return;
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
