/* A help mark beside each control: what it is for, and what to choose when unsure. The texts come with the page, by the
control's id; those of our own fields are at the field or its label, as `data-hint`. A click, a tap or the focus opens one; Esc, or going elsewhere, closes it. */

"use strict";

window.modelsim.help = window.modelsim.help || (function (modelsim) {
    const MARK = ".modelsim-help", LABEL = "[data-testid=block-info]", CHECKBOX = "[type=checkbox]";
    const texts = new Map();
    let told = 0;

    function mark(id) {
        const label = document.querySelector(`#${id} :is(${LABEL}, label:has(> ${CHECKBOX}))`);
        if (label) markWith(label, texts.get(id), label.textContent);
    }

    /** Put a mark into a label, or behind a field that has none. */
    function markWith(place, what, name) {
        const label = place.matches("input, select") ? null : place;
        if (label ? label.querySelector(MARK) : place.nextElementSibling?.matches(MARK)) return;
        const button = document.createElement("button"), text = document.createElement("span");
        text.id = `modelsim_help_text_${++told}`;
        text.className = "modelsim-help-text";
        text.textContent = what;
        button.type = "button";
        button.className = "modelsim-help";
        button.textContent = "?";
        button.setAttribute("aria-label", `Help: ${name.trim()}`);
        button.setAttribute("aria-describedby", text.id);
        if (label) label.append(button, text);
        else place.after(button, text);
    }

    modelsim.onSettle("[data-help]", ({ dataset }) => {
        for (const [id, text] of Object.entries(JSON.parse(dataset.help))) texts.set(id, text);
        for (const id of texts.keys()) mark(id);
    });
    modelsim.onSettle(`${LABEL}, ${CHECKBOX}`, (label) => { // gradio makes labels anew, and some late
        const id = [...texts.keys()].find((each) => label.closest(`#${each}`));
        if (id) mark(id);
    });
    modelsim.onSettle("[data-hint]", (place) => {
        markWith(place, place.dataset.hint, place.getAttribute("aria-label") || (place.querySelector("span") || place).textContent);
    });

    function open(button) {
        const { left, bottom } = button.getBoundingClientRect();
        modelsim.showTip(button.getAttribute("aria-label").replace("Help: ", ""), [["", button.nextElementSibling.textContent]], left, bottom - 12);
    }

    document.addEventListener("focusin", ({ target }) => { if (target.matches?.(MARK)) open(target); });
    document.addEventListener("focusout", ({ target }) => { if (target.matches?.(MARK)) modelsim.hideTip(); });
    document.addEventListener("click", (event) => {
        const button = event.target.closest?.(MARK);
        if (!button) return;
        event.preventDefault(); // the label would give the focus to its field
        event.stopPropagation();
        button.focus();
        open(button);
    }, true);
    document.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || !event.target.matches?.(MARK)) return;
        event.stopPropagation();
        modelsim.hideTip();
    }, true);

    return { mark };
})(window.modelsim);
