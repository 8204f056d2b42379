/* One picture, large, over the page: its neighbours by arrow or swipe, all its pixels, another one under a slider.

A picture of a suite has neighbours in two directions (modelsim_sheet.js); what stands together elsewhere ("Find my
model") is one row. The page Curate brings views of its own (`.modelsim-larger`), with what is known of each picture; they
take the same keys. Who opens a view is where the focus goes back to. */

"use strict";

window.modelsim.larger = window.modelsim.larger || (function (modelsim) {
    const { add } = modelsim, VIEW = ".modelsim-larger", PANE = ".modelsim-larger-picture", OPENS = "#modelsim_tab :is([data-cell], [data-large])";
    const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const SWIPE = 40; // CSS pixels
    const FIELDS = "button:not(:disabled), a[href], select, input, textarea, [tabindex='0']";

    // what all views can do

    const owners = new WeakMap(); // view → what it does by itself: step, close, key
    const current = () => [...document.querySelectorAll(VIEW)].find((view) => view.getClientRects().length);
    let actual = false; // all pixels, kept from picture to picture

    /** Let a view answer: `step(right, down)`, `close()`, and `key(event)`, which says whether it took it. */
    function manage(view, owner) {
        owners.set(view, owner);
        zoom(view, actual);
        view.focus({ preventScroll: true });
    }

    function zoom(view, on) {
        actual = on;
        view.classList.toggle("modelsim-actual", on);
        view.querySelector("[data-zoom]")?.setAttribute("aria-pressed", on);
    }

    document.addEventListener("load", ({ target }) => {
        const frame = target.parentElement?.closest?.(".modelsim-frame");
        if (!frame || target !== frame.querySelector("img")) return;
        frame.style.setProperty("--ratio", target.naturalWidth / target.naturalHeight);
        frame.style.setProperty("--pixels", `${target.naturalWidth / devicePixelRatio}px`);
    }, true);

    document.addEventListener("keydown", (event) => {
        const view = current(), owner = view && owners.get(view);
        if (!owner || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === "Tab") return stayInside(view, event);
        const field = event.target.closest?.("select, input, textarea"), button = event.target.closest?.("button, a");
        if (event.key === "Escape") owner.close();
        else if (field || (button && /^( |Enter)$/.test(event.key))) return event.stopPropagation(); // it is theirs
        else if (STEPS[event.key]) owner.step(...STEPS[event.key]);
        else if (event.key === "z") zoom(view, !actual);
        else if (!owner.key?.(event)) return;
        event.preventDefault();
        event.stopPropagation(); // the WebUI has keys of its own
    }, true);

    function stayInside(view, event) {
        const all = [...view.querySelectorAll(FIELDS)].filter((field) => field.getClientRects().length);
        const edge = event.shiftKey ? all[0] : all.at(-1);
        if (view.contains(event.target) && event.target !== edge && event.target !== view) return;
        event.preventDefault();
        (event.shiftKey ? all.at(-1) : all[0])?.focus();
    }

    let from = null; // where a finger was put on the picture

    document.addEventListener("pointerdown", ({ target, isPrimary, pointerType, clientX, clientY }) => {
        const taken = isPrimary && pointerType === "touch" && !actual && target.closest?.(PANE) && !target.matches("input, button");
        from = taken ? [clientX, clientY] : null;
    });
    document.addEventListener("pointerup", ({ clientX, clientY }) => {
        const view = current(), owner = view && owners.get(view);
        if (!from || !owner) return;
        const [right, down] = [from[0] - clientX, from[1] - clientY]; // the next one comes from the right, or from below
        from = null;
        if (Math.max(Math.abs(right), Math.abs(down)) < SWIPE) return;
        if (Math.abs(right) > Math.abs(down)) owner.step(Math.sign(right), 0);
        else owner.step(0, Math.sign(down));
    });

    document.addEventListener("click", (event) => {
        const { target } = event, view = target.closest?.(VIEW), owner = view && owners.get(view);
        if (!owner) return;
        const step = target.closest("[data-step]")?.dataset.step;
        if (step) owner.step(...STEPS[step]);
        else if (target.closest("[data-zoom]") || target.matches(".modelsim-frame img")) zoom(view, !actual);
        else if (target.closest("[data-close]") || target === view || target.matches(PANE)) owner.close();
        else if (target.closest("[data-send]")) setTimeout(owner.close); // after it was sent
    });

    // the view of what stands on a page: rows are checkpoints, left and right; columns are probes, up and down

    const next = (...asked) => modelsim.sheet.next(...asked), urlOf = (...asked) => modelsim.sheet.url(...asked);
    let shown = null; // the set, the place in it, the row beside it under the slider, who is to have the focus again

    /** What an element shows, as a grid: names of rows and columns, the address of each picture. */
    function setOf(element) {
        const sheet = element.dataset.cell && modelsim.sheet.of(element);
        if (sheet) return { ...sheet, at: modelsim.sheet.placeOf(element) };
        const together = element.closest("[data-set]") || element.parentElement;
        const all = [...together.querySelectorAll("[data-large]")];
        const urls = all.map((each) => each.dataset.large || each.querySelector("img").src);
        const rows = all.map((each) => each.dataset.label || each.querySelector("img").alt);
        return { rows, columns: [""], cells: urls.map((url) => [url]), at: [all.indexOf(element), 0] };
    }

    function open(element) {
        const set = setOf(element), view = add(document.getElementById("modelsim_tab"), "div", "modelsim-larger");
        view.setAttribute("role", "dialog");
        view.setAttribute("aria-modal", "true");
        view.tabIndex = -1;
        shown = { set, at: set.at, beside: -1, back: element, view };
        const stage = add(view, "div", "modelsim-stage"), aside = add(view, "aside", "");
        add(add(stage, "div", "modelsim-larger-picture"), "div", "modelsim-frame");
        if (set.rows.length > 1) arrows(stage, [["ArrowLeft", "‹", "Previous"], ["ArrowRight", "›", "Next"]]);
        if (set.columns.length > 1) arrows(stage, [["ArrowUp", "‹", "Previous probe"], ["ArrowDown", "›", "Next probe"]]);
        add(aside, "h3", "");
        add(aside, "p", "modelsim-larger-place");
        if (set.rows.length > 1) chooseBeside(aside, set);
        const actions = add(aside, "div", "modelsim-actions");
        add(actions, "button", "", "100 %", { zoom: "" }).title = "One pixel of the picture for each of the screen: z";
        add(actions, "a", "modelsim-save", "Open the file").target = "_blank";
        add(actions, "button", "", "Close", { close: "" });
        add(aside, "div", "modelsim-actions modelsim-larger-sends");
        add(aside, "p", "modelsim-larger-prompt");
        const down = set.columns.length > 1 ? "← →: checkpoints · ↑ ↓: probes" : "← →: next";
        add(aside, "p", "modelsim-keys", `${down} · z: 100 % · Esc: back`);
        manage(view, { step, close });
        show();
    }

    function arrows(stage, all) {
        for (const [key, sign, label] of all) {
            const button = add(stage, "button", "modelsim-step", sign, { step: key });
            button.title = label;
            button.setAttribute("aria-label", label);
        }
    }

    function chooseBeside(aside, { rows }) {
        const label = add(aside, "label", "modelsim-beside", "Compare with "), menu = add(label, "select", "");
        for (const [value, text] of [[-1, "none"], ...rows.entries()]) add(menu, "option", "", text).value = value;
        menu.addEventListener("change", () => {
            shown.beside = Number(menu.value);
            show();
        });
    }

    function step(right, down) {
        const to = next(shown.set, shown.at, [right, down]);
        if (!to) return;
        shown.at = to;
        show();
    }

    function close() {
        const { view, back, set, at } = shown;
        view.remove();
        shown = null;
        const there = set.columns.length > 1 && document.querySelector(`#modelsim_tab .modelsim-grid [data-cell="${at.join(" ")}"]`);
        (there || (back.isConnected ? back : document.querySelector(OPENS)))?.focus();
    }

    function show() {
        const { set, at: [row, column], beside, view } = shown, url = urlOf(set, row, column);
        const other = beside >= 0 && beside !== row ? urlOf(set, beside, column) : "";
        const [name, probe] = [set.rows[row], set.columns[column]];
        view.setAttribute("aria-label", `${name}${probe && `, ${probe}`}`);
        view.querySelector("h3").textContent = name;
        const places = [[name, row, set.rows], [probe, column, set.columns]].filter(([, , all]) => all.length > 1);
        const told = places.map(([, at, all], i) => `${i ? `probe ${probe}, ` : ""}${at + 1} of ${all.length}`);
        if (beside >= 0 && beside !== row && !other) told.push(`${set.rows[beside]}: no image of this probe`);
        view.querySelector(".modelsim-larger-place").textContent = told.join(" · ");
        view.querySelector(".modelsim-save").href = url;
        for (const button of view.querySelectorAll("[data-step]")) {
            const [right, down] = STEPS[button.dataset.step];
            button.disabled = !next(set, shown.at, [right, down]);
        }
        frame(view.querySelector(".modelsim-frame"), [[name, url], [set.rows[beside], other]].filter(([, address]) => address));
        settings(view, url);
        for (const [right, down] of Object.values(STEPS)) { // so that the next key is answered at once
            const near = next(set, shown.at, [right, down]);
            if (near) new Image().src = urlOf(set, ...near);
        }
    }

    /** One picture, or two with the slider between them, as on the page. */
    function frame(place, pictures) {
        place.replaceChildren();
        place.classList.toggle("modelsim-two", pictures.length > 1);
        for (const [name, url] of pictures) {
            const image = add(place, "img", "");
            image.alt = name;
            image.src = url;
        }
        if (pictures.length < 2) return;
        const slider = add(place, "input", "modelsim-slider");
        slider.type = "range";
        slider.setAttribute("aria-label", `${pictures[0][0]} to the left, ${pictures[1][0]} to the right`);
        place.style.setProperty("--at", "50%");
        for (const [name] of pictures) add(place, "b", "", name);
    }

    /** The infotext, and buttons that send it to the WebUI where one is around. */
    async function settings(view, url) {
        const place = view.querySelector(".modelsim-larger-prompt"), sends = view.querySelector(".modelsim-larger-sends");
        let text = "";
        try {
            text = modelsim.pictures.infotextOf(await (await fetch(url)).arrayBuffer());
        } catch {
            // it is gone, which the view shows
        }
        if (!shown || shown.view !== view || urlOf(shown.set, ...shown.at) !== url) return; // another one by now
        place.textContent = text || "This picture tells no settings.";
        sends.replaceChildren();
        if (!text) return;
        add(sends, "button", "", "Copy the settings", { copy: text });
        if (!document.querySelector("#txt2img_prompt")) return;
        for (const where of ["txt2img", "img2img"]) add(sends, "button", "", `Send to ${where}`, { send: where, url });
    }

    document.addEventListener("click", (event) => {
        const opener = event.target.closest?.(OPENS);
        if (!opener || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a tab of its own
        event.preventDefault();
        open(opener);
    });

    return { manage };
})(window.modelsim);
