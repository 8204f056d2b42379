/* The page Curate: what a person does there goes to the server as numbered actions, and the gallery answers to keys.

A button says by its data which panel is to do what (`data-curate`, `data-act`), and takes along what stands in the
fields of its form (`data-fields`). Actions are sent until the server says that it took them: gradio 3 drops what comes
while an answer is on its way. Stars and what is to be kept are shown at once. */

"use strict";

window.modelsim.curate = window.modelsim.curate || (function (modelsim) {
    const FIELD = "modelsim_curate_field", AGAIN_MS = 150, PATIENCE_MS = 4000, LATER_MS = 700, TYPED_MS = 400, TORN_MS = 300;
    const GALLERY = ".modelsim-gallery", SHOT = ".modelsim-shot", TAB = "#modelsim_tab";

    // actions

    let waiting = [], last = 0, timer = 0, patience = PATIENCE_MS;

    /** Let a panel of the page do something: `action` says what, by `do`, and with what. */
    function act(panel, action) {
        last = Math.max(Date.now(), last + 1);
        waiting.push({ ...action, panel, number: last });
        sendAll();
    }

    function sendAll() {
        clearTimeout(timer);
        timer = 0;
        if (!waiting.length) return;
        modelsim.tellName();
        modelsim.send(FIELD, JSON.stringify({ actions: waiting, at: Date.now() })); // gradio tells no value twice
        timer = setTimeout(sendAll, patience); // gradio 4 loses what is queued while its stream closes
        patience *= 2;
    }

    modelsim.onSettle("[data-taken]", ({ dataset }) => {
        const taken = Number(dataset.taken);
        waiting = waiting.filter(({ number }) => number > taken);
        clearTimeout(timer);
        timer = waiting.length ? setTimeout(sendAll, AGAIN_MS) : 0;
        patience = PATIENCE_MS;
        follow(Number(dataset.answer), "whole" in dataset);
    });

    // answers, of which each shows a part of the page: where one is missing, or arrives late, all of it is asked for

    let seen = 0, torn = false, mending = 0;

    function follow(answer, whole) {
        torn = whole ? answer < seen : torn || answer !== seen + 1;
        seen = answer;
        clearTimeout(mending);
        if (torn) mending = setTimeout(() => act("page", { do: "show" }), TORN_MS);
    }

    // small copies that were not there yet when the page was made

    function arrive(content) {
        for (const image of document.querySelectorAll(`[data-content="${content}"] img[data-later]`)) {
            image.src = image.dataset.later;
            image.removeAttribute("data-later");
        }
    }

    /** There will be none: the file is no picture, or damaged. */
    function refuse(content, why) {
        for (const image of document.querySelectorAll(`[data-content="${content}"] img[data-later]`)) {
            image.removeAttribute("data-later");
            image.dataset.refused = "";
            image.alt += ": cannot be shown";
            image.closest("[title]").title = why;
        }
    }

    modelsim.onSettle("[data-made]", ({ dataset }) => {
        for (const content of dataset.made.split(" ").filter(Boolean)) arrive(content);
        for (const [content, why] of Object.entries(JSON.parse(dataset.refused))) refuse(content, why);
    });

    modelsim.onSettle(`${GALLERY} img[data-later]`, () => modelsim.onNextFrame("later", () => setTimeout(() => {
        const lacks = document.querySelector(`${GALLERY} img[data-later]`);
        if (lacks && lacks.closest(GALLERY).dataset.asked !== "again") {
            lacks.closest(GALLERY).dataset.asked = "again"; // once: what cannot be opened never comes
            act("gallery", { do: "make" });
        }
    }, LATER_MS)));

    // buttons and fields

    function fieldsOf(form) {
        const value = (field) => (field.type === "checkbox" ? field.checked : field.value);
        const fields = [...form.querySelectorAll("[data-name]")].filter((field) => field.type !== "radio" || field.checked);
        return Object.fromEntries(fields.map((field) => [field.dataset.name, value(field)]));
    }

    function openPanel(title) {
        const panels = document.querySelectorAll("#modelsim_curate_panels button");
        [...panels].find((panel) => panel.textContent.trim() === title)?.click();
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.(`${TAB} button[data-curate]`);
        if (!button || button.disabled) return;
        const { curate: panel, act: what, fields, then, ...more } = button.dataset;
        act(panel, { do: what, ...(fields === undefined ? {} : fieldsOf(button.closest("[data-form]"))), ...more });
        if (then) openPanel(then);
    });

    document.addEventListener("keydown", (event) => {
        const { target, key } = event;
        if (key !== "Enter" || !target.dataset?.enter) return;
        event.preventDefault();
        document.querySelector(target.dataset.enter)?.click();
    });

    // which pictures, and in which order

    const look = (changes) => act("gallery", { do: "look", changes });
    let typing = 0;

    document.addEventListener("change", ({ target }) => {
        const field = target.closest?.(`${TAB} select[data-look]`);
        if (field) look({ [field.dataset.look]: field.dataset.look === "stars" ? Number(field.value) : field.value });
    });
    document.addEventListener("input", ({ target }) => {
        if (!target.matches?.(`${TAB} input[data-look]`)) return;
        clearTimeout(typing);
        typing = setTimeout(() => look({ words: target.value }), TYPED_MS);
    });
    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.(`${TAB} button:is([data-look], [data-turn])`);
        if (!button || button.disabled) return;
        if (button.dataset.look) look({ [button.dataset.look]: button.getAttribute("aria-pressed") !== "true" });
        else turn(Number(button.dataset.turn), 0);
    });

    // gradio makes the toolbar anew: who types in it goes on

    let lookedIn = null;

    document.addEventListener("focusin", ({ target }) => {
        const field = target.closest?.("[data-look]");
        lookedIn = field ? { name: field.dataset.look } : null;
    });
    document.addEventListener("input", ({ target }) => {
        if (lookedIn && target.dataset?.look === lookedIn.name) lookedIn.typed = target.value;
    });
    modelsim.onSettle("[data-look]", (field) => {
        if (field.dataset.look !== lookedIn?.name || document.activeElement !== document.body) return;
        if (field.type === "search" && lookedIn.typed !== undefined) field.value = lookedIn.typed;
        field.focus();
        if (field.type === "search") field.setSelectionRange(field.value.length, field.value.length);
    });

    // where chosen pictures go: each star makes that panel anew, and what was typed there is not sent yet

    const TYPED = "#modelsim_curate_chosen [data-name]";
    const typed = new Map();
    let typedIn = null;

    document.addEventListener("input", ({ target }) => {
        if (target.matches?.(TYPED)) typed.set(target.dataset.name, target.type === "checkbox" ? target.checked : target.value);
    });
    document.addEventListener("focusin", ({ target }) => { typedIn = target.matches?.(TYPED) ? target.dataset.name : null; });
    modelsim.onSettle(TYPED, (field) => {
        const { name } = field.dataset;
        if (typed.has(name)) field[field.type === "checkbox" ? "checked" : "value"] = typed.get(name);
        if (field.selectedIndex === -1) field.selectedIndex = 0; // none is selected any more
        if (name !== typedIn || document.activeElement !== document.body) return;
        field.focus();
        if (field.type === "text") field.setSelectionRange(field.value.length, field.value.length);
    });

    // the gallery: keys, and pages

    let goTo = null; // where to be after the page has been turned, or made anew

    function turn(page, at) {
        goTo = at;
        act("gallery", { do: "page", page });
    }

    const shots = () => [...document.querySelectorAll(`${GALLERY} ${SHOT}`)];

    modelsim.onSettle(GALLERY, () => {
        const all = shots(), shot = all.at(goTo ?? 0);
        if (goTo === null || !shot) return stay();
        goTo = null;
        modelsim.reach(all, shot);
        shot.focus({ preventScroll: true });
        shot.scrollIntoView({ block: "nearest" });
    });

    // where a person is, by content: gradio makes the gallery anew

    let at = null;

    document.addEventListener("focusin", ({ target }) => {
        const shot = target.closest?.(SHOT);
        if (shot) at = shot.dataset.content;
        else if (!target.closest?.(".modelsim-larger")) at = null;
    });

    function stay() {
        const all = shots(), shot = at && all.find((each) => each.dataset.content === at);
        if (!shot || document.activeElement !== document.body) return;
        modelsim.reach(all, shot);
        shot.focus({ preventScroll: true });
    }

    /** How many stand in the first row. */
    function columns(all) {
        const top = all[0].offsetTop, wraps = all.findIndex((shot) => shot.offsetTop > top);
        return wraps < 0 ? all.length : wraps;
    }

    function step(shot, key) {
        const all = shots(), here = all.indexOf(shot), gallery = shot.closest(GALLERY);
        const wide = columns(all), page = Number(gallery.dataset.galleryPage);
        const to = here + ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide })[key];
        const next = { Home: 0, End: all.length - 1 }[key] ?? to;
        if (next >= 0 && next < all.length) {
            modelsim.reach(all, all[next]);
            all[next].focus();
        } else if (next < 0 && page > 0) turn(page - 1, -1);
        else if (next >= all.length && page + 1 < Number(gallery.dataset.galleryPages)) turn(page + 1, 0);
    }

    /** Stars and whether to keep, of a picture or of its larger view, wherever it is shown. */
    function mark(content, stars, keep) {
        for (const shown of document.querySelectorAll(`[data-content="${content}"][data-stars]`)) {
            shown.dataset.stars = stars;
            shown.dataset.keep = keep ? "1" : "0";
            if (shown.hasAttribute("aria-selected")) shown.setAttribute("aria-selected", keep);
        }
        act("gallery", { do: "mark", marks: { [content]: [stars, keep] } });
    }

    function markedBy(shown, key) {
        const { content, stars, keep } = shown.dataset;
        if (/^[0-5]$/.test(key)) mark(content, Number(key), keep === "1");
        else if (key === " ") mark(content, Number(stars), keep !== "1");
        else return false;
        return true;
    }

    document.addEventListener("keydown", (event) => {
        const shot = event.target.closest?.(SHOT);
        if (!shot || event.ctrlKey || event.metaKey || event.altKey) return;
        if (/^(Arrow|Home|End)/.test(event.key)) step(shot, event.key);
        else if (event.key === "Enter") enlarge(shot);
        else if (!markedBy(shot, event.key)) return;
        event.preventDefault();
        event.stopPropagation(); // the WebUI has keys of its own
    }, true);

    // the larger view

    const LARGER = ".modelsim-larger[data-content]";
    const open = (content) => act("larger", { do: "open", content });
    const enlarge = (shot) => open(shot.dataset.content);

    function close() {
        document.querySelector(LARGER)?.remove(); // at once; the server is told
        act("larger", { do: "close" });
        stay();
    }

    modelsim.onSettle(LARGER, (view) => modelsim.larger.manage(view, {
        step: (right, down) => stepLarger(view, right || down),
        close,
        key: ({ key }) => markedBy(view, key),
    }));

    function stepLarger(view, by) {
        const all = shots(), here = all.findIndex((shot) => shot.dataset.content === view.dataset.content);
        const next = all[here + by];
        if (here < 0 || !next) return;
        at = next.dataset.content;
        modelsim.reach(all, next);
        enlarge(next);
    }

    document.addEventListener("click", ({ target }) => {
        const view = target.closest?.(LARGER);
        if (!view) return;
        const { content, stars, keep } = view.dataset, star = target.closest("[data-star]")?.dataset.star;
        if (star) mark(content, star === stars ? 0 : Number(star), keep === "1");
        else if (target.closest("[data-keeps]")) mark(content, Number(stars), keep !== "1");
    });
    document.addEventListener("click", ({ target }) => {
        const shot = target.closest?.(SHOT);
        if (!shot) return;
        modelsim.reach(shots(), shot);
        shot.focus();
    });
    document.addEventListener("dblclick", ({ target }) => {
        const shot = target.closest?.(SHOT);
        if (shot) enlarge(shot);
    });

    // to "Find my model", as if dropped there; the server hands it over until it has arrived

    let arrived = "";

    modelsim.onSettle("#modelsim_curate_handed [data-picture]", (element) => {
        const { picture: name, type, number } = element.dataset, data = element.textContent;
        element.remove();
        if (number === arrived) return;
        arrived = number;
        act("larger", { do: "arrived" });
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        window.modelsimTab.openPage("Find my model");
        modelsim.find.ask([new File([bytes], name, { type })]);
    });

    return { act, mark, shots, turn };
})(window.modelsim);
