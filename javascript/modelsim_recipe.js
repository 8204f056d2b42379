/* The page Recipe: buttons that ask for a model's recipe, wherever they stand. */

"use strict";

window.modelsim.recipe = window.modelsim.recipe || (function (modelsim) {
    const FIELD = "modelsim_recipe_field";

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.("#modelsim_tab button[data-recipe]");
        if (!button || button.disabled) return;
        modelsim.find.tellName();
        modelsim.send(FIELD, JSON.stringify({ ...button.dataset, at: Date.now() })); // gradio tells no value twice
    });

    return {};
})(window.modelsim);
