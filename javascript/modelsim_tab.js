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

    document.addEventListener("change", (event) => {
        const key = event.target.dataset?.class;
        if (key === undefined || !event.target.closest(`#${TAB}`)) return;
        const row = event.target.closest("tr"), value = (name) => row.querySelector(`[data-field=${name}]`).value;
        act({ do: "name", class: key, name: value("name"), remark: value("remark") });
    });

    /** Nothing is asked of the server before somebody looks at the tab; each time gradio builds it, once. */
    const looked = new WeakSet();
    const sight = new IntersectionObserver((entries) => {
        for (const { isIntersecting, target } of entries) {
            const button = document.getElementById(OPEN);
            if (!isIntersecting || !button || looked.has(target)) continue;
            looked.add(target);
            button.click();
        }
    });
    new MutationObserver((_, observer) => {
        const tab = document.getElementById(TAB);
        if (!tab) return;
        observer.disconnect();
        sight.observe(tab);
    }).observe(document, { childList: true, subtree: true });

    return { act };
})();
