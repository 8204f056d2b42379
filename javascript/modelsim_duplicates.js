/* Which copies are chosen in the panel of duplicates: by their numbers in an answer, in a field that buttons take along. */

"use strict";

window.modelsim.duplicates = window.modelsim.duplicates || (function (modelsim) {
    const PANEL = "#modelsim_tab .modelsim-duplicates", CHOSEN = "[data-name=chosen]";

    let chosen = new Set(), answer = null;

    /** Show what is chosen: after a click, and where the panel is made anew; of another answer nothing is. */
    function show(panel) {
        if (panel.dataset.answer !== answer) chosen = new Set();
        answer = panel.dataset.answer;
        panel.querySelector(CHOSEN).value = JSON.stringify([...chosen]);
        for (const box of panel.querySelectorAll("[data-duplicate]")) box.checked = chosen.has(Number(box.dataset.duplicate));
        for (const count of panel.querySelectorAll("[data-count]")) count.textContent = `${chosen.size || "None"} chosen`;
        for (const button of panel.querySelectorAll("[data-of-chosen]")) button.disabled = !chosen.size;
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.(`${PANEL} button[data-choose]`), panel = button?.closest(PANEL);
        if (!button) return;
        chosen = new Set(button.dataset.choose === "going" ? JSON.parse(panel.dataset.going) : []);
        show(panel);
    });

    document.addEventListener("change", ({ target }) => {
        const panel = target.closest?.(PANEL), number = Number(target.dataset?.duplicate);
        if (!panel || !target.matches("[data-duplicate]")) return;
        if (target.checked) chosen.add(number);
        else chosen.delete(number);
        show(panel);
    });

    modelsim.onSettle(PANEL, show);

    return { show };
})(window.modelsim);
