/* The pictures of probes: two under one slider, and sending one with its settings to the WebUI's own tabs.

The WebUI's tabs are asked as a person would: the infotext goes into the prompt and "paste" reads it, a picture goes
into the field that takes files. So no inner function of a WebUI is needed, and none can change under us. */

"use strict";

window.modelsim.pictures = window.modelsim.pictures || (function () {
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

    function give(file, selector) {
        const field = root().querySelector(`${selector} input[type=file]`);
        if (!field) return;
        const files = new DataTransfer();
        files.items.add(file);
        field.files = files.files;
        field.dispatchEvent(new Event("change", { bubbles: true }));
    }

    /** The infotext of a PNG: the text chunk "parameters", in Latin-1 (tEXt) or UTF-8 (iTXt, not compressed). */
    function infotextOf(bytes) {
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

    async function send(where, url) {
        const bytes = await (await fetch(url)).arrayBuffer();
        const name = decodeURIComponent(url.split("?")[0].split("/").pop());
        const file = new File([bytes], name, { type: "image/png" });
        openTab(where);
        if (where === "PNG Info") give(file, "#pnginfo_image");
        else paste(TABS[where], infotextOf(bytes));
        if (where === "img2img") give(file, "#img2img_image");
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.("#modelsim_tab [data-send]");
        if (button) send(button.dataset.send, button.dataset.url);
    });

    document.addEventListener("input", ({ target }) => {
        if (target.matches?.(".modelsim-slider")) target.parentElement.style.setProperty("--at", `${target.value}%`);
    });

    return { send, infotextOf };
})();
