/* What the tab itself sends: that it is looked at for the first time, buttons inside panels, names of classes. */

"use strict";

window.modelsimTab = window.modelsimTab || (function () {
    const ACTION = "modelsim_action_field", FIND = "modelsim_find_field", OPEN = "modelsim_open", TAB = "modelsim_tab";
    const SUITE = "modelsim_suite_field", IMPORT = "modelsim_suite_import", AGAIN_MS = 200;
    const CHOSEN_SUITE = "modelsim_suite_chosen";

    function send(id, action) {
        const field = document.querySelector(`#${id} textarea, #${id} input`);
        if (!field) return;
        field.value = JSON.stringify({ ...action, at: Date.now() }); // gradio tells no value that is the one before
        field.dispatchEvent(new Event("input", { bubbles: true }));
    }

    const act = (action) => send(ACTION, action);

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.(`#${TAB} :is([data-do], [data-find], [data-page], [data-press])`);
        if (!button || button.disabled) return;
        if (button.dataset.do) act({ ...button.dataset, ...typedBeside(button) });
        if (button.dataset.find) send(FIND, { ...button.dataset });
        if (button.dataset.page) openPage(button.dataset.page);
        if (button.dataset.press) document.getElementById(button.dataset.press)?.click();
    });

    // the field for a folder: its button sends what is typed, and so does Enter

    const FOLDER = `#${TAB} [data-folder]`, ADD = "[data-do='add folder']";

    function typedBeside(button) {
        const field = button.matches(ADD) && button.parentElement.querySelector("[data-folder]");
        return field ? { path: field.value } : {};
    }

    // importing pictures: the path, or which sub-folder is which model, as they stand in the fields

    const IMPORTS = "modelsim_import_field";

    function askImport(button) {
        const panel = button.closest(".modelsim-import"), { import: what } = button.dataset;
        const path = panel.querySelector("[data-import-path]").value;
        const rows = [...panel.querySelectorAll("[data-import-folder]")];
        const chosen = Object.fromEntries(rows.map((field) => [field.dataset.importFolder, field.value]));
        send(IMPORTS, { import: what, path, chosen });
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.(`#${TAB} button[data-import]`);
        if (button) askImport(button);
    });

    document.addEventListener("keydown", ({ target, key }) => {
        if (key !== "Enter" || !target.matches?.(`#${TAB} [data-import-path]`)) return;
        askImport(target.parentElement.querySelector("[data-import=look]"));
    });

    document.addEventListener("keydown", ({ target, key }) => {
        if (key === "Enter" && target.matches?.(FOLDER)) target.parentElement.querySelector(ADD).click();
    });

    function openPage(title) {
        const pages = [...document.querySelectorAll("#modelsim_pages > .tab-nav button, #modelsim_pages [role=tab]")];
        pages.find((page) => page.textContent.trim() === title)?.click();
    }

    /** Let a person choose the file of a suite, and send it. */
    function importSuite() {
        const chooser = document.createElement("input");
        chooser.type = "file";
        chooser.addEventListener("change", async () => send(SUITE, await modelsim.packed(chooser.files[0])));
        chooser.click();
    }

    document.addEventListener("click", ({ target }) => {
        if (target.closest?.(`#${IMPORT}`)) importSuite();
        const suite = target.closest?.(`#${TAB} [data-suite]`)?.dataset.suite;
        if (suite) modelsim.send(CHOSEN_SUITE, suite);
    });

    let saved = "";

    /** A file that the server has made, as a download; once. */
    modelsim.onSettle("[data-save-as]", ({ dataset: { saveAs, text, number } }) => {
        if (number === saved) return;
        saved = number;
        const link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob([JSON.parse(text)], { type: "application/json" }));
        link.download = saveAs;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 0);
    });

    // names of classes: what is typed and not yet sent stays where the table is drawn anew meanwhile

    const drafts = new Map(), unsent = new Set();
    const draftKey = (field) => `${field.dataset.class} ${field.dataset.field}`;

    document.addEventListener("input", ({ target }) => {
        if (!target.dataset?.class) return;
        drafts.set(draftKey(target), target.value);
        unsent.add(target.dataset.class);
    });

    /** Send what was typed; not on `change`, which never comes to a field that was drawn anew since the last key. */
    function sendName({ target, key }) {
        if (!target.dataset?.class || (key && key !== "Enter") || !unsent.delete(target.dataset.class)) return;
        const [name, remark] = [...target.closest("tr").querySelectorAll("[data-class]")].map((field) => field.value.trim());
        act({ do: "name", class: target.dataset.class, name, remark });
    }

    document.addEventListener("keydown", sendName);
    document.addEventListener("focusout", (event) => {
        const { target, relatedTarget } = event, row = target.dataset?.class && target.closest("tr");
        if (!row || row.contains(relatedTarget)) return; // name and remark go together
        setTimeout(() => { // browsers tell it also of a field that is drawn anew, which nobody has left
            if (row.isConnected || document.activeElement?.dataset.class !== target.dataset.class) sendName(event);
        });
    });

    let typingIn = null;

    document.addEventListener("focusin", ({ target }) => {
        typingIn = target.dataset?.class ? draftKey(target) : null;
    });

    modelsim.onSettle("[data-class][data-field]", (field) => {
        const key = draftKey(field);
        if (drafts.get(key)?.trim() === field.value) drafts.delete(key); // the server has it
        if (drafts.has(key)) field.value = drafts.get(key);
        if (key === typingIn && document.activeElement === document.body) {
            field.focus();
            field.setSelectionRange(field.value.length, field.value.length);
        }
    });

    // gradio 3 asks nothing twice at a time: what arrived while it asked whether the page shows what is newest
    modelsim.onSettle("[data-checked]", ({ dataset: { seen, checked } }) => {
        const shown = document.querySelector(`#${seen} textarea, #${seen} input`)?.value;
        if (shown !== undefined && shown.trimEnd() !== checked) modelsim.send(seen, `${shown} `);
    });

    // gradio 3 makes the heads of what unfolds for the mouse alone
    modelsim.onSettle("#modelsim_tab div.label-wrap", (head) => {
        head.tabIndex = 0;
        head.setAttribute("role", "button");
        head.addEventListener("keydown", (event) => {
            if (event.key !== "Enter" && event.key !== " ") return;
            event.preventDefault();
            head.click();
        });
    });

    // Nothing is asked of the server before somebody looks at the tab; then once, each time gradio has built it.
    function open() {
        modelsim.tellName();
        document.getElementById(OPEN)?.click();
    }

    const sight = new IntersectionObserver((entries) => {
        for (const { isIntersecting, target } of entries) {
            if (!isIntersecting || !document.getElementById(OPEN)) continue;
            sight.unobserve(target);
            open();
        }
    });
    modelsim.onSettle("[data-opened=nameless]", () => setTimeout(open, AGAIN_MS)); // its name was lost on the way
    modelsim.onSettle(`#${TAB}`, (tab) => sight.observe(tab));

    return { act, openPage };
})();
