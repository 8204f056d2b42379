/* Pictures: two of them under one slider, and sending one with its settings to the WebUI's own tabs.

The WebUI's tabs are asked as a person would: the infotext goes into the prompt and "paste" reads it, a picture goes
into the field that takes files. So no inner function of a WebUI is needed, and none can change under us. */

"use strict";

window.modelsim.pictures = window.modelsim.pictures || (function () {
    const WAIT_MS = 5000, CLEAR = '[aria-label="Clear"], [aria-label="Remove Image"]';
    const TABS = { txt2img: "txt2img", img2img: "img2img", "PNG Info": "pnginfo" };

    const root = () => (typeof gradioApp === "function" ? gradioApp() : document);

    function openTab(title) {
        const tabs = [...root().querySelectorAll("#tabs > .tab-nav button, #tabs > div > button")];
        tabs.find((tab) => tab.textContent.trim().toLowerCase() === title.toLowerCase())?.click();
    }

    function paste(tab, infotext) {
        const prompt = root().querySelector(`#${tab}_prompt textarea`);
        const button = root().querySelector(`#${tab}_tools #paste, #${tab}_tools button`);
        if (!prompt || !button) return;
        prompt.value = infotext;
        prompt.dispatchEvent(new Event("input", { bubbles: true }));
        setTimeout(() => button.click(), 0); // after gradio has taken the text
    }

    /** The element of a selector as soon as there is one; none where it does not come. */
    function soon(selector) {
        const found = () => root().querySelector(selector);
        return new Promise((resolve) => {
            if (found()) return resolve(found());
            const watch = new MutationObserver(() => { if (found()) end(); });
            const timer = setTimeout(end, WAIT_MS);
            function end() {
                watch.disconnect();
                clearTimeout(timer);
                resolve(found());
            }
            watch.observe(document, { childList: true, subtree: true });
        });
    }

    /** Put files into a field; one that holds a picture already is cleared, as only an empty one takes files. */
    async function give(files, selector) {
        const taking = `${selector} input[type=file]`, clear = `${selector} button:is(${CLEAR})`;
        if (!root().querySelector(taking)) root().querySelector(clear)?.click();
        const field = await soon(taking);
        if (!field) return;
        const given = new DataTransfer();
        for (const file of files) given.items.add(file);
        field.files = given.files;
        field.dispatchEvent(new Event("change", { bubbles: true }));
    }

    /** The infotext of a PNG: the text chunk "parameters", in Latin-1 (tEXt) or UTF-8 (iTXt, not compressed). */
    function infotextOf(bytes) {
        if (bytes.byteLength < 8 || new DataView(bytes).getUint32(0) !== 0x89504e47) return "";
        const view = new DataView(bytes), latin = new TextDecoder("latin1"), utf8 = new TextDecoder();
        for (let at = 8; at + 12 <= bytes.byteLength;) {
            const size = view.getUint32(at), kind = latin.decode(new Uint8Array(bytes, at + 4, 4));
            if (kind === "tEXt" || kind === "iTXt") {
                const body = new Uint8Array(bytes, at + 8, size), end = body.indexOf(0);
                if (latin.decode(body.subarray(0, end)) === "parameters") {
                    if (kind === "tEXt") return latin.decode(body.subarray(end + 1));
                    let start = end + 3; // compressed or not, and how
                    for (let skipped = 0; skipped < 2; start += 1) if (body[start] === 0) skipped += 1;
                    return utf8.decode(body.subarray(start));
                }
            }
            at += 12 + size;
        }
        return "";
    }

    /** Open a tab of the WebUI with an infotext, which may be empty, and the picture, which may still be on its way,
    where it takes one. */
    async function send(where, infotext, files) {
        openTab(where);
        if (where !== "PNG Info" && infotext) paste(TABS[where], infotext);
        const given = await files;
        if (where === "PNG Info") give(given, "#pnginfo_image");
        if (where !== "img2img" || !given.length) return;
        root().querySelector("#mode_img2img button")?.click(); // not inpaint, sketch …
        give(given, "#img2img_image");
    }

    /** A picture of ours, with the settings that its own record tells. */
    async function sendPicture(where, url) {
        const bytes = await (await fetch(url)).arrayBuffer();
        const name = decodeURIComponent(url.split("?")[0].split("/").pop());
        send(where, infotextOf(bytes), [new File([bytes], name, { type: "image/png" })]);
    }

    /** The settings of an answer, and the picture that was asked about where it is wanted. */
    function sendAnswer(where, infotext) {
        send(where, infotext, where === "img2img" ? window.modelsim.find.picture() : []);
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.("#modelsim_tab [data-send]");
        if (!button) return;
        const { send: where, url } = button.dataset;
        if (url) sendPicture(where, url);
        else sendAnswer(where, button.closest("[data-infotext]").dataset.infotext);
    });

    document.addEventListener("input", ({ target }) => {
        if (target.matches?.(".modelsim-slider")) target.parentElement.style.setProperty("--at", `${target.value}%`);
    });

    return { send, give, openTab, infotextOf };
})();
