/* The panel of what is chosen (#modelsim_side): a column beside table or drawing, on a narrow screen a sheet over the
lower part of the page. It is there while it holds a card and nobody has closed it: by ×, by Esc, by drawing it down.

A narrow page opens it only for what was chosen on it: after a reload it would hide what it is about. */

"use strict";

window.modelsim.side = window.modelsim.side || (function (modelsim) {
    const SIDE = "modelsim_side", CARD = ".modelsim-card", NARROW = matchMedia("(max-width: 999px)"), FAR_PX = 70;
    let closed = null; // the model whose card was closed, until a person does something else
    let from = null; // the element that the focus goes back to, and the model it was of, as it may be drawn anew

    const side = () => document.getElementById(SIDE);
    const isOpen = () => Boolean(side()?.querySelector(CARD)) && side().getClientRects().length > 0;

    /** "yes" once something was chosen here, "no" once it was closed; a wide page shows a card without being asked. */
    const setOpen = (open) => { if (side()) side().dataset.open = open ? "yes" : "no"; };

    function remember() {
        const { activeElement: element } = document;
        if (!element || element === document.body || side()?.contains(element)) return;
        from = { element, name: element.closest("[data-model]")?.dataset.model };
    }

    function goBack() {
        const name = from?.name && CSS.escape(from.name);
        const again = name && document.querySelector(`:is(.modelsim-models, .modelsim-drawing) [data-model="${name}"]`);
        (from?.element.isConnected ? from.element : again)?.focus({ preventScroll: true });
        from = null;
    }

    function close() {
        const within = side().contains(document.activeElement) || NARROW.matches;
        setOpen(false);
        closed = side().querySelector(`${CARD}[data-model]`)?.dataset.model ?? null;
        modelsim.mark(null);
        modelsim.markFamily([]);
        window.modelsimTab.act({ do: "close panel" });
        if (within) goBack();
    }

    document.addEventListener("click", ({ target }) => {
        if (target.closest?.(`#${SIDE} .modelsim-close`)) close();
    });

    for (const event of ["pointerdown", "keydown"]) window.addEventListener(event, () => { closed = null; }, true);

    window.addEventListener("keydown", (event) => { // before the drawing's keys and the WebUI's own
        if (event.key !== "Escape" || !isOpen()) return;
        const { target } = event, typed = target.matches?.("input, textarea, select") && !side().contains(target);
        if (typed || (target !== document.body && !target.closest?.("#modelsim_tab"))) return;
        close();
        event.preventDefault();
        event.stopImmediatePropagation(); // the WebUI interrupts its work on Escape
    }, true);

    document.addEventListener("input", ({ target }) => {
        if (!target.closest?.("#modelsim_chosen_field, #modelsim_family_field")) return;
        remember();
        setOpen(true);
    });

    // what the server shows is chosen; a card that arrives after it was closed goes at once

    modelsim.onSettle(`#${SIDE} ${CARD}[data-model]`, ({ dataset: { model } }) => {
        if (model === closed) return;
        modelsim.mark(model);
        if (!NARROW.matches && side().dataset.open === "no") side().removeAttribute("data-open");
    });

    // the sheet takes the focus when its card has come; a column leaves it in the list, where arrows go on choosing

    modelsim.onSettle(`#${SIDE} ${CARD}`, () => {
        if (!NARROW.matches || side().dataset.open !== "yes" || side().contains(document.activeElement)) return;
        side().scrollTop = 0;
        side().querySelector(".modelsim-close").focus({ preventScroll: true });
    });

    modelsim.onSettle(`#${SIDE}`, (panel) => {
        panel.setAttribute("role", "complementary");
        panel.setAttribute("aria-label", "What is chosen");
    });

    // drawing the sheet down by its head

    let drawn = null; // where the finger went down

    document.addEventListener("pointerdown", (event) => {
        if (!NARROW.matches || !event.target.closest?.(`#${SIDE} .modelsim-side-head`)) return;
        if (!event.target.closest(".modelsim-close")) drawn = { y: event.clientY, id: event.pointerId };
    });

    document.addEventListener("pointermove", (event) => {
        if (event.pointerId !== drawn?.id) return;
        side().style.transform = `translateY(${Math.max(0, event.clientY - drawn.y)}px)`;
    });

    for (const end of ["pointerup", "pointercancel"]) {
        document.addEventListener(end, (event) => {
            if (event.pointerId !== drawn?.id) return;
            const far = end === "pointerup" && event.clientY - drawn.y > FAR_PX;
            drawn = null;
            side().style.transform = "";
            if (far) close();
        });
    }

    return { close };
})(window.modelsim);
