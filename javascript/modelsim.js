/* What the page's parts share: what is chosen, what is kept, tooltips, keys that go from element to element.

Models are elements with `data-model`. What is chosen goes to the server through hidden text fields. gradio replaces
drawings and tables whole, so all listening is done at the document, and `onSettle` gives new elements what was kept.
The other files of this folder add to the one name `modelsim`; each can run twice without harm. */

"use strict";

window.modelsim = window.modelsim || (function () {
    const WINDOW = "modelsim_window_field", CHOSEN = "modelsim_chosen_field", FAMILY = "modelsim_family_field", KEPT = "modelsim";
    const COPIED_MS = 1500, FAMILY_MS = 250, UNDER_HEADS = 40;

    // what the browser keeps over a reload: for all windows, or for this window alone

    const storage = (window) => (window ? sessionStorage : localStorage);

    function kept(window) {
        try {
            return JSON.parse(storage(window).getItem(KEPT)) || {};
        } catch {
            return {}; // storage may be forbidden: then nothing is remembered
        }
    }

    const load = (key, window = false) => kept(window)[key];

    function store(key, value, window = false) {
        try {
            storage(window).setItem(KEPT, JSON.stringify({ ...kept(window), [key]: value }));
        } catch {
            // forbidden or full, as above
        }
    }

    // choosing

    let chosen = null, family = [], familyTimer = 0;

    function send(id, text) {
        const field = document.querySelector(`#${id} textarea, #${id} input`);
        if (!field) return;
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    const named = (name, root) => root.querySelectorAll(`[data-model="${CSS.escape(name)}"]`);

    /** Mark the model of this name, or none, wherever it is shown, and bring it into view where it is a new one. */
    function mark(name, root = document) {
        const known = name === chosen;
        chosen = name;
        if (name && !known) document.dispatchEvent(new CustomEvent("modelsim-chosen", { detail: name }));
        for (const old of root.querySelectorAll(".modelsim-chosen")) setChosen(old, false);
        for (const found of name ? named(name, root) : []) {
            setChosen(found, true);
            if (!known) reveal(found);
        }
    }

    /** Scroll what an element lies in, never the page, unless the element is seen or pointed at. */
    function reveal(element) {
        const view = element.closest(".modelsim-view, .modelsim-scroll");
        if (!view || element.matches(":hover")) return;
        const box = element.getBoundingClientRect(), outer = view.getBoundingClientRect();
        for (const [from, to, scrolled] of [["top", "bottom", "scrollTop"], ["left", "right", "scrollLeft"]]) {
            const hidden = box[to] < outer[from] + UNDER_HEADS || box[from] > outer[to] - UNDER_HEADS;
            if (hidden) view[scrolled] += (box[from] + box[to] - outer[from] - outer[to]) / 2;
        }
    }

    function setChosen(element, on) {
        element.classList.toggle("modelsim-chosen", on);
        if (element.hasAttribute("aria-selected")) element.setAttribute("aria-selected", on);
    }

    /** Mark the models of these names as a family, wherever they are shown. */
    function markFamily(names, root = document) {
        family = names;
        for (const old of root.querySelectorAll(".modelsim-family")) old.classList.remove("modelsim-family");
        for (const name of names) for (const found of named(name, root)) found.classList.add("modelsim-family");
    }

    function choose(name) {
        markFamily([]);
        mark(name);
        send(CHOSEN, name);
    }

    /** Mark a family, of which no model is chosen, and tell the server: once, where a person walks up the tree by key. */
    function chooseFamily(names) {
        mark(null);
        markFamily(names);
        clearTimeout(familyTimer);
        familyTimer = setTimeout(() => send(FAMILY, JSON.stringify(family)), FAMILY_MS);
    }

    // the name of this window, which nobody else knows: the server keeps by it what the window looks at

    let ownName = "";

    /** The same after a reload; a new one in every other window. */
    function windowName() {
        try {
            ownName = sessionStorage.getItem(WINDOW) || ownName;
        } catch {
            // storage may be forbidden: then a reload begins anew
        }
        if (ownName) return ownName;
        ownName = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
        try {
            sessionStorage.setItem(WINDOW, ownName);
        } catch {
            // as above
        }
        return ownName;
    }

    let told = 0;

    /** gradio sends the name along with all that this window asks. A space more or less makes another value of it: gradio
    4 forgets what comes while it is still making the field, and takes no value twice. */
    function tellName() {
        send(WINDOW, windowName() + " ".repeat(told++ % 2));
    }

    for (const event of ["pointerdown", "keydown", "dragover"]) document.addEventListener(event, tellName, true);

    // files, which go to the server in hidden text fields

    const base64 = (file) => new Promise((resolve, reject) => {
        const reader = new FileReader();
        reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
        reader.onerror = () => reject(reader.error);
        reader.readAsDataURL(file);
    });

    /** A file as the server takes it. */
    const packed = async (file) => ({ name: file.name, data: await base64(file) });

    /** A new element in another one, of this class, with this text and these data-… attributes. */
    function add(parent, tag, name, text = "", data = {}) {
        const child = parent.appendChild(document.createElement(tag));
        if (name) child.className = name;
        child.textContent = text;
        Object.assign(child.dataset, data);
        if (tag === "button") child.type = "button";
        return child;
    }

    // tooltip

    let tip = null;

    /** Lines of a label and a text each under a head, at a place in the window; equal labels in a row are told once. */
    function showTip(head, lines, x, y) {
        if (!tip?.isConnected) {
            // within gradio's own element, which is as far as the style sheet may reach
            tip = add(document.querySelector(".gradio-container .contain") || document.body, "div", "modelsim-tip");
            tip.setAttribute("role", "tooltip");
        }
        tip.replaceChildren();
        add(tip, "b", "", head);
        lines.forEach(([label, text], i) => {
            const row = add(tip, "div", "");
            if (label) add(row, "span", "", label === lines[i - 1]?.[0] ? "" : label);
            add(row, "span", "", text);
        });
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
    }

    // keys and frames

    const waiting = new Map();

    /** Do the latest of what is asked for under a name, once, before the browser draws. */
    function onNextFrame(name, act) {
        if (!waiting.has(name)) {
            requestAnimationFrame(() => {
                const latest = waiting.get(name);
                waiting.delete(name);
                latest();
            });
        }
        waiting.set(name, act);
    }

    /** Where a key leads from one of so many elements; undefined for other keys. */
    function destination(key, here, count) {
        const to = {
            ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + 10, PageUp: here - 10, Home: 0, End: count - 1,
        }[key];
        return to === undefined ? undefined : Math.max(0, Math.min(count - 1, to));
    }

    /** Make one of several elements the one that the tab key reaches. */
    function reach(items, one) {
        for (const item of items) item.tabIndex = item === one ? 0 : -1;
    }

    // copying

    async function copy(button) {
        const words = button.dataset.words ?? (button.dataset.words = button.textContent);
        if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.copy);
        else copyByHand(button.dataset.copy); // browsers lend no clipboard to pages over http
        button.textContent = "Copied";
        setTimeout(() => { button.textContent = words; }, COPIED_MS);
    }

    function copyByHand(text) {
        const area = add(document.body, "textarea", "", text);
        area.style.position = "fixed";
        area.select();
        document.execCommand("copy");
        area.remove();
    }

    // new elements

    const settled = []; // selector and what to do with an element of it

    /** Do this to all elements that there are and will be; `act` takes the element. */
    function onSettle(selector, act) {
        settled.push([selector, act]);
        document.querySelectorAll(selector).forEach(act);
    }

    function settle(root) {
        for (const [selector, act] of settled) {
            if (root.matches(selector)) act(root);
            root.querySelectorAll(selector).forEach(act);
        }
    }

    new MutationObserver((records) => {
        for (const { addedNodes } of records) {
            for (const node of addedNodes) if (node.nodeType === Node.ELEMENT_NODE) settle(node);
        }
    }).observe(document, { childList: true, subtree: true });

    const SHOWN = ".modelsim-drawing, .modelsim-models";
    let focused = null; // the model whose leaf or row has the focus

    document.addEventListener("focusin", ({ target }) => {
        focused = (target.closest?.(SHOWN) && target.closest("[data-model]")?.dataset.model) ?? null;
    });
    document.addEventListener("focusout", ({ target }) => {
        setTimeout(() => { // browsers tell it also of what is drawn anew, which nobody has left
            if (target.isConnected && document.activeElement === document.body) focused = null;
        });
    });

    /** Mark in new elements what is chosen; the focus is where it was in the old ones. */
    function markAgain(root) {
        mark(chosen, root);
        markFamily(family, root);
        if (focused === null || document.activeElement !== document.body) return;
        [...named(focused, root)].find((each) => each.hasAttribute("tabindex"))?.focus({ preventScroll: true });
    }

    onSettle(SHOWN, markAgain);
    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.("#modelsim_tab button");
        if (button?.dataset.copy !== undefined) copy(button);
        else if (button?.dataset.model !== undefined) choose(button.dataset.model);
    });

    return {
        load, store, send, tellName, packed, add, mark, markFamily, markAgain, choose, chooseFamily, family: () => family,
        showTip, placeTip, hideTip, onNextFrame, destination, reach, onSettle,
    };
})();
