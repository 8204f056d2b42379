/* Pictures for the page "Find my model": chosen, dropped or pasted there, or sent from the WebUI's own tabs.

Beside the WebUI's "send to extras", which stands by every picture, comes a button of ours. It fetches the file that the
picture is shown from, so that the picture's record comes along. Pictures go to the server through a hidden text field:
what gradio's own field for files takes stays on the disk, and is lost where anything else changes meanwhile. */

"use strict";

window.modelsim.find = window.modelsim.find || (function (modelsim) {
    const TAB = "modelsim", PAGE = "Find my model", DROP = ".modelsim-drop", QUERY = "modelsim_query_field";
    const TAKES = `${DROP}, #modelsim_answer`; // where a picture may be dropped
    const TOLD_MS = 2500, AGAIN_MS = 100;
    const MOST = 300e6; // bytes: a text of half a gigabyte is the most that a browser makes
    const PLACES = { // the WebUI's button → where the picture is that it sends
        "#txt2img_send_to_extras": "#txt2img_gallery",
        "#img2img_send_to_extras": "#img2img_gallery",
        "#extras_send_to_extras": "#extras_gallery",
        "#tab_pnginfo #extras_tab": "#pnginfo_image",
    };

    const PICTURE = "modelsim_picture_field", PICTURE_MS = 30e3;

    let latest = []; // the files given last
    let unanswered = null, count = 0; // the question that the server may not have taken

    /** Ask about these files: the server has them and nobody else. */
    async function ask(files) {
        const drop = document.querySelector(DROP), size = files.reduce((sum, file) => sum + file.size, 0);
        if (size > MOST) return tell(drop, "Too large", `Choose less than ${MOST / 1e6} MB at once.`);
        latest = files;
        try {
            const pictures = await Promise.all(files.map(modelsim.packed));
            if (files !== latest) return; // a person has given others while these were read
            unanswered = { pictures, number: `${Date.now()}.${++count}` };
            sendUnanswered();
        } catch (error) {
            tell(drop, "Cannot read the picture", error.message);
        }
    }

    function sendUnanswered() {
        if (!unanswered) return;
        modelsim.tellName();
        modelsim.send(QUERY, JSON.stringify({ ...unanswered, at: Date.now() })); // gradio tells no value twice
    }

    /** gradio 3 drops a question while the answer to the one before is on its way: after that answer it is asked again. */
    modelsim.onSettle("[data-asked]", ({ dataset }) => {
        if (dataset.asked === unanswered?.number) unanswered = null;
        else if (unanswered) setTimeout(sendUnanswered, AGAIN_MS);
    });

    document.addEventListener("change", ({ target }) => {
        if (!target.matches?.(`${DROP} input`) || !target.files.length) return;
        ask([...target.files]);
        target.value = ""; // so that the same file may be chosen again
    });

    for (const event of ["dragover", "dragleave", "drop"]) {
        document.addEventListener(event, (drag) => {
            const place = drag.target.closest?.(TAKES), files = [...(drag.dataTransfer?.files || [])];
            if (!place) return;
            document.querySelector(DROP)?.classList.toggle("modelsim-over", event === "dragover");
            if (event !== "dragleave") drag.preventDefault(); // else the browser opens the picture in our place
            if (event === "drop" && files.length) ask(files);
        });
    }

    document.addEventListener("paste", ({ clipboardData, target }) => {
        const files = [...(clipboardData?.files || [])].filter((file) => file.type.startsWith("image/"));
        if (!files.length || !document.querySelector(DROP)?.offsetParent || target.matches?.("textarea")) return;
        ask(files);
    });

    /** One of the samples beside the field, as the file that it is. */
    async function askSample(button) {
        const picture = await (await fetch(button.querySelector("img").src)).blob();
        ask([new File([picture], button.dataset.sample, { type: picture.type })]);
    }

    // from the WebUI's tabs

    function addButton(beside, picture) {
        if (beside.parentElement.querySelector(".modelsim-find")) return;
        const button = document.createElement("button");
        button.type = "button";
        button.className = `${beside.className} modelsim-find`;
        button.textContent = beside.classList.contains("tool") ? "🔎" : PAGE;
        button.title = "Find my model: which model made this?";
        button.dataset.picture = picture;
        beside.after(button);
    }

    for (const [beside, picture] of Object.entries(PLACES)) {
        modelsim.onSettle(beside, (element) => addButton(element, picture));
    }

    /** The picture looked at, else the first; as the WebUI's own buttons have it. Not the half-finished one that the
    WebUI lays before them while it generates: that is no file and has no record. */
    function shownIn(place) {
        const found = (selector) => document.querySelector(`${place} ${selector}`);
        return found(".preview [data-testid=detailed-image]") || found(".thumbnail-item.selected img")
            || found("img:not(.livePreview img)");
    }

    function nameOf(url, type) {
        if (!/^(data|blob):/.test(url)) return decodeURIComponent(new URL(url, location).pathname.split("/").pop());
        return `picture.${type.split("/")[1]}`;
    }

    async function fileOf(url) {
        const answer = await fetch(url);
        if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
        const picture = await answer.blob();
        return new File([picture], nameOf(url, picture.type), { type: picture.type });
    }

    function tell(button, head, text) {
        const { left, bottom } = button.getBoundingClientRect();
        modelsim.showTip(head, [["", text]], left, bottom);
        setTimeout(modelsim.hideTip, TOLD_MS);
    }

    /** Fetch the picture before its place is left: another one may come there at any time. */
    async function receive(button) {
        const picture = shownIn(button.dataset.picture);
        if (!picture) return tell(button, "No picture yet", "Generate or select one, then try again.");
        try {
            const file = await fileOf(picture.src);
            modelsim.pictures.openTab(TAB);
            window.modelsimTab.openPage(PAGE);
            await ask([file]);
        } catch (error) {
            tell(button, "Cannot read the picture", error.message);
        }
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.("button.modelsim-find");
        const sample = target.closest?.("#modelsim_tab [data-sample]");
        if (button) receive(button);
        if (sample) askSample(sample);
    });

    // to the WebUI's tabs

    let handedOver = null;

    /** The first picture of the answer as a file: the server has it, also after a reload; none where it has none. */
    function picture() {
        modelsim.tellName();
        return new Promise((resolve) => {
            const timer = setTimeout(() => resolve([]), PICTURE_MS);
            handedOver = (files) => {
                clearTimeout(timer);
                resolve(files);
            };
            modelsim.send(PICTURE, String(Date.now()));
        });
    }

    modelsim.onSettle("#modelsim_picture [data-picture]", (element) => {
        const { picture: name, type } = element.dataset, data = element.textContent;
        element.textContent = "";
        if (!handedOver) return;
        const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
        handedOver(name ? [new File([bytes], name, { type })] : []);
        handedOver = null;
    });

    return { picture, ask };
})(window.modelsim);
