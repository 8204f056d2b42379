/* Drawings that answer: pointing, choosing, moving and zooming, and the same by key.

A drawing (.modelsim-drawing) has a view (.modelsim-view) in which its SVG scrolls; zooming changes the SVG's width, so
that wheel, finger and focus move it as they move any page. A tree is laid out anew instead (modelsim_dendrogram.js),
with letters as large as before. Leaves (.modelsim-leaf) are models in the order of the tree; branches, and the rows of
a tree, have `data-from` and `data-to`: the first and the last of their models. */

"use strict";

window.modelsim.drawing = window.modelsim.drawing || (function (modelsim) {
    const DRAG_FROM = 4, STEP = 1.25, WIDEST = 32, MOST = { tree: 4, map: 12, heatmap: 40, lineage: 8 };

    const viewOf = (element) => element.closest(".modelsim-view");
    const leavesOf = (element) => [...element.closest(".modelsim-drawing").querySelectorAll(".modelsim-leaf")];
    const range = (branch) => [Number(branch.dataset.from), Number(branch.dataset.to)];
    const size = (branch) => range(branch)[1] - range(branch)[0] + 1;
    const namesOf = (element) => modelsim.tree.names(element) || leavesOf(element).map((leaf) => leaf.dataset.model);

    // choosing

    function chooseLeaf(leaf) {
        if (leaf.dataset.model === undefined) chooseBranch(leaf); // a folded class
        else modelsim.choose(leaf.dataset.model);
        modelsim.reach(leavesOf(leaf), leaf);
    }

    /** A branch's models as the family, or none where they are it already. */
    function chooseBranch(branch) {
        const [from, to] = range(branch);
        const names = namesOf(branch).slice(from, to + 1);
        const same = names.join("\n") === modelsim.family().join("\n");
        modelsim.chooseFamily(same ? [] : names);
    }

    /** By key: the next larger family around a leaf, or the next smaller one. */
    function growFamily(leaf, larger) {
        const family = modelsim.family();
        const row = "from" in leaf.dataset ? range(leaf)[0] : leavesOf(leaf).indexOf(leaf);
        const around = [...leaf.closest(".modelsim-drawing").querySelectorAll(".modelsim-branches [data-from]")]
            .filter((branch) => range(branch)[0] <= row && row <= range(branch)[1])
            .sort((a, b) => size(a) - size(b));
        const now = family.includes(namesOf(leaf)[row]) ? family.length : "from" in leaf.dataset ? size(leaf) : 1;
        const next = larger ? around.find((branch) => size(branch) > now)
            : around.reverse().find((branch) => size(branch) < now);
        if (next) chooseBranch(next);
        else if (!larger) modelsim.chooseFamily([]);
    }

    // pointing

    let pointedAt = null;

    function tell(element, x, y) {
        pointedAt = element;
        if (element.dataset.model !== undefined) {
            return modelsim.showTip(element.dataset.model, JSON.parse(element.dataset.facts || "[]"), x, y);
        }
        if (element.matches(".modelsim-edge")) return tellEdge(element, x, y);
        const { told, height, class: number } = element.dataset, count = size(element);
        const models = `${count} model${count === 1 ? "" : "s"}`;
        const lines = [["", told], ["height", height], ["", "Click to see them together"]].filter(([, text]) => text);
        modelsim.showTip(number ? `Class ${number}: ${models}` : models, lines, x, y);
    }

    /** An edge of the lineage: between whom, what it is, and its evidence. */
    function tellEdge({ dataset: { source, target, kind, directed, strength, facts } }, x, y) {
        const head = directed === "true" ? `${source} → ${target}` : `${source} – ${target}`;
        modelsim.showTip(head, [["", `${kind}, ${strength}`], ...JSON.parse(facts || "[]")], x, y);
    }

    function tellNothing() {
        pointedAt = null;
        modelsim.hideTip();
        document.querySelector(".modelsim-cell:not([width='0'])")?.setAttribute("width", 0);
    }

    function onPoint({ target, clientX, clientY, pointerType }) {
        if (pointerType === "touch") return;
        const element = target.closest?.(".modelsim-drawing :is([data-model], [data-from], .modelsim-edge, .modelsim-heat)");
        if (!element) {
            if (pointedAt) tellNothing();
        } else if (element.matches(".modelsim-heat")) {
            modelsim.onNextFrame("point", () => tellCell(element, clientX, clientY));
        } else if (element !== pointedAt) {
            tellNothing();
            tell(element, clientX, clientY);
        } else modelsim.onNextFrame("point", () => pointedAt && modelsim.placeTip(clientX, clientY));
    }

    // the cells of the heat map

    const heats = new WeakMap(); // .modelsim-heat → what is known of its cells

    function heatOf(element) {
        if (!heats.has(element)) {
            const about = JSON.parse(element.dataset.about);
            const letters = atob(element.dataset.values), bytes = new Uint8Array(letters.length);
            for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
            const levels = about.bytes === 1 ? bytes : new Uint16Array(bytes.buffer);
            heats.set(element, { ...about, levels, none: about.bytes === 1 ? 255 : 65535, leaves: leavesOf(element) });
        }
        return heats.get(element);
    }

    function cellAt(element, x, y) {
        const { references, blocks, leaves } = heatOf(element), count = references.length * blocks.length;
        const box = element.querySelector("image").getBoundingClientRect();
        const part = (share, of) => Math.max(0, Math.min(of - 1, Math.floor(share * of)));
        const row = part((y - box.top) / box.height, leaves.length);
        return { row, column: part((x - box.left) / box.width, count), count };
    }

    function words({ levels, none, ends, percent, bytes }, index) {
        if (levels[index] === none) return "missing";
        const value = ends[0] + (levels[index] / (none - 1)) * (ends[1] - ends[0]);
        const text = Number((percent ? 100 * value : value).toPrecision(bytes === 1 ? 3 : 5));
        return (bytes === 1 ? "about " : "") + text + (percent ? " %" : "");
    }

    function tellCell(element, x, y) {
        if (!element.isConnected) return;
        const heat = heatOf(element), { row, column, count } = cellAt(element, x, y);
        const from = Math.floor(column / heat.blocks.length), reference = heat.references[from];
        const block = heat.blocks[column % heat.blocks.length];
        const lines = [["with", reference], ["block", block], ["value", words(heat, row * count + column)]];
        lines.push(["compared", heat.compared[`${row},${from}`]]);
        pointedAt = element;
        modelsim.showTip(heat.leaves[row].dataset.model, lines.filter(([, text]) => text), x, y);
        const place = element.querySelector("image"), frame = element.querySelector(".modelsim-cell");
        const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => place[name].baseVal.value);
        const cell = { x: left + (column * width) / count, y: top + (row * height) / heat.leaves.length };
        const sides = { ...cell, width: width / count, height: height / heat.leaves.length };
        for (const [name, value] of Object.entries(sides)) frame.setAttribute(name, value);
    }

    // moving and zooming

    const views = new Map(); // key of a drawing → { zoom, wide, left, top }, as long as the page is open
    const stateOf = (view) => views.get(view.parentElement.dataset.key) || { zoom: 1, wide: 1, left: 0, top: 0 };
    const isTree = (view) => view.parentElement.dataset.tree !== undefined;

    /** Show the drawing at a zoom; `wide` is by how much more the heights of a tree are drawn out. */
    function setZoom(view, zoom, wide) {
        if (isTree(view)) modelsim.tree.draw(view, zoom, Math.max(zoom, 1) * wide);
        else view.style.setProperty("--modelsim-zoom", zoom);
    }

    function setView(view, { zoom, wide, left, top }) {
        setZoom(view, zoom, wide);
        moveTo(view, zoom, wide, left, top);
    }

    function moveTo(view, zoom, wide, left, top) {
        view.scrollTo({ left, top, behavior: "instant" });
        views.set(view.parentElement.dataset.key, { zoom, wide, left: view.scrollLeft, top: view.scrollTop });
    }

    /** Draw a tree again as it is looked at. */
    function again(view) {
        if (pointedAt) tellNothing();
        setView(view, stateOf(view));
    }

    /** Zoom by a factor around a point of the window, by default the middle of the view; draw heights out by another. */
    function zoomBy(view, factor, x, y, out = 1) {
        const box = view.getBoundingClientRect(), state = stateOf(view), before = modelsim.tree.right(view);
        const least = Math.min(1, (state.zoom * view.clientHeight) / view.scrollHeight); // all of it
        const most = MOST[view.parentElement.dataset.key.split("-")[0]];
        const zoom = Math.min(Math.max(state.zoom * factor, least), most), ratio = zoom / state.zoom;
        const wide = Math.min(Math.max(state.wide * out, 1), WIDEST);
        if (ratio === 1 && wide === state.wide) return;
        const dx = (x ?? box.left + box.width / 2) - box.left, dy = (y ?? box.top + box.height / 2) - box.top;
        const at = view.scrollLeft + dx, top = (view.scrollTop + dy) * ratio - dy;
        setZoom(view, zoom, wide);
        const after = modelsim.tree.right(view); // what is to the right of a tree's heights is moved, not drawn out
        const moved = before === undefined ? at * ratio : at < before ? (at * after) / before : at + after - before;
        moveTo(view, zoom, wide, moved - dx, top);
    }

    function zoomOn(view, act) {
        const [factor, out] = { in: [STEP, 1], out: [1 / STEP, 1], wider: [1, STEP], narrower: [1, 1 / STEP] }[act] || [];
        if (factor) zoomBy(view, factor, undefined, undefined, out);
        else setView(view, { zoom: 1, wide: 1, left: 0, top: 0 });
    }

    let wheeled = 1, apart = null, drag = null;

    function onWheel(event) {
        if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls, and at the end the page goes on
        event.preventDefault();
        tellNothing();
        const view = event.currentTarget, pixels = (event.deltaY || event.deltaX) * (event.deltaMode === 1 ? 30 : 1);
        wheeled *= Math.exp(-Math.max(-240, Math.min(240, pixels)) / 400);
        const alone = event.shiftKey && isTree(view); // the heights, without the rows
        modelsim.onNextFrame("zoom", () => {
            zoomBy(view, alone ? 1 : wheeled, event.clientX, event.clientY, alone ? wheeled : 1);
            wheeled = 1;
        });
    }

    /** Two fingers: what they touch is followed itself, as zooming takes it out of a tree. */
    function onTouch(event) {
        apart = null;
        if (event.touches.length !== 2) return;
        event.preventDefault();
        const view = event.currentTarget;
        const follow = (moved) => onPinch(moved, view);
        for (const { target } of event.touches) target.addEventListener("touchmove", follow, { passive: false });
    }

    function onPinch(event, view) {
        if (event.touches.length !== 2) return;
        event.preventDefault();
        const [a, b] = event.touches, before = apart;
        apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (before) zoomBy(view, apart / before, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
    }

    function onDown(event) {
        drag = null;
        const view = event.target.closest?.("svg") && viewOf(event.target); // not by its scroll bars
        if (!view || event.button !== 0 || event.pointerType !== "mouse") return;
        const { clientX: x, clientY: y } = event;
        drag = { view, x, y, left: view.scrollLeft, top: view.scrollTop, moved: false, on: true };
    }

    function onMove(event) {
        if (!drag?.on) return onPoint(event);
        const { view, left, top, x, y } = drag, dx = event.clientX - x, dy = event.clientY - y;
        if (!drag.moved) {
            if (Math.hypot(dx, dy) < DRAG_FROM) return;
            drag.moved = true;
            view.setPointerCapture(event.pointerId);
            view.classList.add("modelsim-dragged");
            tellNothing();
        }
        modelsim.onNextFrame("drag", () => view.scrollTo({ left: left - dx, top: top - dy, behavior: "instant" }));
    }

    function onUp() {
        if (!drag?.on) return;
        drag.on = false;
        drag.view.classList.remove("modelsim-dragged");
    }

    function onScroll({ target }) {
        if (!target.matches?.(".modelsim-view")) return;
        const { scrollLeft: left, scrollTop: top } = target;
        views.set(target.parentElement.dataset.key, { ...stateOf(target), left, top });
        if (pointedAt && !pointedAt.matches(":focus-visible")) tellNothing();
    }

    // clicks and keys

    function onClick({ target, clientX, clientY }) {
        if (drag?.moved) return void (drag = null); // the end of a move
        const on = (selector) => target.closest?.(`.modelsim-drawing ${selector}`);
        const button = on("[data-zoom]"), leaf = on(".modelsim-leaf"), fold = on("[data-fold]");
        if (on("[data-do]")) return; // it is not chosen, but left out
        const branch = on("[data-from]"), heat = on(".modelsim-heat"), edge = on(".modelsim-edge");
        if (button) zoomOn(button.closest(".modelsim-drawing").querySelector(".modelsim-view"), button.dataset.zoom);
        else if (fold) modelsim.tree.fold(fold);
        else if (leaf) chooseLeaf(leaf);
        else if (branch) chooseBranch(branch);
        else if (edge) tell(edge, clientX, clientY); // a finger does not point
        else if (heat) chooseLeaf(heatOf(heat).leaves[cellAt(heat, clientX, clientY).row]);
    }

    function onDoubleClick({ target }) {
        const view = target.closest?.(".modelsim-view");
        if (view && !target.closest("[data-fold]")) zoomOn(view, "fit");
    }

    function onKey(event) {
        const leaf = event.target;
        if (!leaf.matches?.(".modelsim-leaf") || event.ctrlKey || event.metaKey || event.altKey) return;
        const leaves = leavesOf(leaf), to = modelsim.destination(event.key, leaves.indexOf(leaf), leaves.length);
        const zoom = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
        if (to !== undefined) {
            modelsim.reach(leaves, leaves[to]);
            leaves[to].focus();
        } else if (event.key === "Enter" || event.key === " ") chooseLeaf(leaf);
        else if (event.key === "ArrowRight" && leaf.matches(".modelsim-folded")) modelsim.tree.foldRow(leaf);
        else if (event.key === "ArrowLeft" || event.key === "ArrowRight") growFamily(leaf, event.key === "ArrowLeft");
        else if (event.key === "Escape") leaf.blur();
        else if (zoom) {
            zoomOn(viewOf(leaf), zoom);
            leaf.scrollIntoView({ block: "nearest", inline: "nearest" });
        } else return;
        event.preventDefault();
        event.stopImmediatePropagation(); // the WebUI interrupts its work on Escape
    }

    function onFocus({ target }) {
        if (!target.matches?.(".modelsim-leaf:focus-visible")) return;
        const box = target.getBoundingClientRect();
        tell(target, box.left + Math.min(40, box.width / 2), box.bottom - 12);
    }

    function settle(view) {
        view.addEventListener("wheel", onWheel, { passive: false }); // here alone: the page keeps its fast wheel
        view.addEventListener("touchstart", onTouch, { passive: false });
        setView(view, stateOf(view));
    }

    const listeners = {
        click: onClick, dblclick: onDoubleClick, focusin: onFocus, focusout: () => pointedAt && tellNothing(),
        pointerdown: onDown, pointermove: onMove, pointerup: onUp, pointercancel: onUp,
    };
    for (const [event, act] of Object.entries(listeners)) document.addEventListener(event, act);
    document.addEventListener("keydown", onKey, true); // before the WebUI's own keys
    document.addEventListener("scroll", onScroll, { capture: true, passive: true });
    modelsim.onSettle(".modelsim-view", settle);
    return { again };
})(window.modelsim);
