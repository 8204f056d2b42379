/* Pictures of a suite stay what and where they were while others come: loaded images are taken over, so that none
flickers, what a person has scrolled to stays at its place, and so do the focus and the slider between two. */

"use strict";

window.modelsim.still = window.modelsim.still || (function (modelsim) {
    const SHEET = "[data-sheet]", SCROLLS = ".modelsim-grid, .modelsim-pictures", TWO = ".modelsim-two";
    let last = null; // the sheet shown before
    let seen = null; // of what is scrolled: the first picture in view, and where it is
    let focused = null; // the picture that has the focus, or the slider

    const imageCalled = (place, name) => [...place.querySelectorAll("img")].find((image) => image.alt === name);
    const sources = (place) => [...place.querySelectorAll("img")].map((image) => image.src).join(" ");

    function look(scrolls) {
        const outer = scrolls.getBoundingClientRect();
        const first = [...scrolls.querySelectorAll("img")].find((image) => {
            const box = image.getBoundingClientRect();
            return box.bottom > outer.top + 1 && box.right > outer.left + 1;
        });
        const box = first?.getBoundingClientRect();
        seen = first && (scrolls.scrollTop || scrolls.scrollLeft) ? { name: first.alt, left: box.left - outer.left, top: box.top - outer.top } : null;
    }

    function goBack(scrolls) {
        const image = seen && imageCalled(scrolls, seen.name);
        if (!image) return;
        const outer = scrolls.getBoundingClientRect(), box = image.getBoundingClientRect();
        scrolls.scrollLeft += box.left - outer.left - seen.left;
        scrolls.scrollTop += box.top - outer.top - seen.top;
    }

    function takeOver(place) {
        const loaded = new Map([...last.querySelectorAll("img")].map((image) => [image.src, image]));
        const [two, before] = [place.querySelector(TWO), last.querySelector(TWO)];
        if (two && before && sources(two) === sources(before)) return two.replaceWith(before); // as the slider stands
        for (const image of place.querySelectorAll("img")) {
            const old = loaded.get(image.src);
            if (!old) continue;
            old.alt = image.alt;
            image.replaceWith(old);
            loaded.delete(image.src);
        }
    }

    modelsim.onSettle(SHEET, (place) => {
        const had = document.activeElement === document.body && focused; // it went with the one before
        if (last && last !== place) takeOver(place);
        last = place;
        const scrolls = place.querySelector(SCROLLS);
        if (scrolls) goBack(scrolls);
        const again = had && (had === TWO ? place.querySelector(`${TWO} input`) : imageCalled(place, had)?.closest("a"));
        if (again) again.focus({ preventScroll: true });
    });

    document.addEventListener("scroll", ({ target }) => {
        if (target.matches?.(SCROLLS) && target.closest(SHEET)) modelsim.onNextFrame("still", () => look(target));
    }, true);
    document.addEventListener("focusin", ({ target }) => {
        const inside = target.closest?.(SHEET);
        focused = inside ? (target.closest(TWO) ? TWO : target.querySelector("img")?.alt) : null;
    });

    return {};
})(window.modelsim);
