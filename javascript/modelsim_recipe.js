/* The page Recipe: buttons that ask for a model's recipe, wherever they stand; and the WebUI's Checkpoint Merger, whose
fields are filled as a person would: by its own elements, one after the other. Merging is left to the person. */

"use strict";

window.modelsim.recipe = window.modelsim.recipe || (function (modelsim) {
    const FIELD = "modelsim_recipe_field", TAB = "Checkpoint Merger";
    const PRIMARY = "modelmerger_primary_model_name", REFRESH = "refresh_checkpoint_A";
    const WAIT_MS = 1500, STEP_MS = 50, TOLD_MS = 8000;
    const OURS = /^modelmerger_/; // ids; else it is the label of a field that is left to the person

    const root = () => (typeof gradioApp === "function" ? gradioApp() : document);
    const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

    /** What `find` gives as soon as it gives something; nothing where that does not come. */
    async function soon(find) {
        for (let waited = 0; waited <= WAIT_MS; waited += STEP_MS) {
            const found = find();
            if (found) return found;
            await wait(STEP_MS);
        }
        return null;
    }

    const options = () => [...root().querySelectorAll("ul.options li")]; // of the one menu that is open
    const wordsOf = (option) => (option.getAttribute("aria-label") ?? option.dataset.value ?? option.textContent).trim();

    /** Choose from a menu of gradio; whether it has that choice. */
    async function pick(id, text) {
        const field = root().querySelector(`#${id} input`);
        if (!field) return false;
        await soon(() => !options().length); // the one before takes a moment to close
        field.focus();
        if (!options().length) field.dispatchEvent(new FocusEvent("focus")); // the window may be in the background
        const option = await soon(() => options().find((each) => wordsOf(each) === text));
        option?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
        field.blur();
        return Boolean(option) && Boolean(await soon(() => field.value === text));
    }

    function press(id, text) {
        const labels = [...root().querySelectorAll(`#${id} label`)];
        const label = labels.find((each) => each.textContent.trim() === text);
        label?.querySelector("input").click();
        return Boolean(label);
    }

    function type(id, text) {
        const field = root().querySelector(`#${id} input[type=number]`);
        if (!field) return false;
        field.value = text;
        for (const event of ["input", "change", "blur"]) field.dispatchEvent(new Event(event, { bubbles: true }));
        return true;
    }

    function tick(id, on) {
        const box = root().querySelector(`#${id} input[type=checkbox]`);
        if (box && box.checked !== on) box.click();
        return Boolean(box);
    }

    async function fill(id, text) {
        if (!OURS.test(id)) return false;
        if (id.endsWith("_model_name")) return pick(id, text);
        if (id === "modelmerger_interp_method") return press(id, text);
        return id === "modelmerger_interp_amount" ? type(id, text) : tick(id, text === "on");
    }

    /** Fill all fields, and say which could not be. */
    async function send(button) {
        const fields = Object.entries(JSON.parse(button.dataset.merger)), missed = [];
        modelsim.pictures.openTab(TAB);
        document.getElementById(REFRESH)?.click(); // its list is as old as the page
        await wait(STEP_MS);
        for (const [id, text] of fields) if (!await fill(id, text)) missed.push([OURS.test(id) ? "" : id, text]);
        if (!missed.length) return;
        const { left, bottom } = (root().querySelector(`#${PRIMARY}`) ?? button).getBoundingClientRect();
        modelsim.showTip("Not filled in", missed, left, bottom);
        setTimeout(modelsim.hideTip, TOLD_MS);
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.("#modelsim_tab button:is([data-recipe], [data-merger])");
        if (!button || button.disabled) return;
        if (button.dataset.merger) return void send(button);
        modelsim.tellName();
        modelsim.send(FIELD, JSON.stringify({ ...button.dataset, at: Date.now() })); // gradio tells no value twice
    });

    // a WebUI without this tab has no button for it
    modelsim.onSettle("[data-merger]", (button) => { if (!root().querySelector(`#${PRIMARY}`)) button.remove(); });

    return { send };
})(window.modelsim);
