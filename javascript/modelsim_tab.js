/* What the tab itself sends: that it is looked at for the first time, buttons inside panels, names of classes. */

"use strict";

window.modelsimTab = window.modelsimTab || (function () {
    const ACTION = "modelsim_action_field", OPEN = "modelsim_open", TAB = "modelsim_tab";

    function act(action) {
        const field = document.querySelector(`#${ACTION} textarea, #${ACTION} input`);
        if (!field) return;
        field.value = JSON.stringify(action);
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-do]");
        if (button && !button.disabled) act({ ...button.dataset });
    });

    // names of classes: what is typed and not yet sent stays where the table is drawn anew meanwhile

    const drafts = new Map();
    const draftKey = (field) => `${field.dataset.class} ${field.dataset.field}`;

    document.addEventListener("input", ({ target }) => {
        if (target.dataset?.class) drafts.set(draftKey(target), target.value);
    });

    document.addEventListener("change", ({ target }) => {
        if (!target.dataset?.class) return;
        const row = target.closest("tr"), fields = [...row.querySelectorAll("[data-class]")];
        const [name, remark] = fields.map((field) => field.value);
        for (const field of fields) drafts.delete(draftKey(field));
        act({ do: "name", class: target.dataset.class, name, remark });
    });

    let typingIn = null;

    document.addEventListener("focusin", ({ target }) => {
        typingIn = target.dataset?.class ? draftKey(target) : null;
    });

    modelsim.onSettle("[data-class][data-field]", (field) => {
        const key = draftKey(field);
        if (drafts.has(key)) field.value = drafts.get(key);
        if (key === typingIn && document.activeElement === document.body) {
            field.focus();
            field.setSelectionRange(field.value.length, field.value.length);
        }
    });

    // Nothing is asked of the server before somebody looks at the tab; then once, each time gradio has built it.
    const sight = new IntersectionObserver((entries) => {
        for (const { isIntersecting, target } of entries) {
            const button = document.getElementById(OPEN);
            if (!isIntersecting || !button) continue;
            sight.unobserve(target);
            button.click();
        }
    });
    modelsim.onSettle(`#${TAB}`, (tab) => sight.observe(tab));

    return { act };
})();
