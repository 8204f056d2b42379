/* Pictures for the page "Find my model": chosen, dropped or pasted there, or sent from the WebUI's own tabs.

Beside the WebUI's "send to extras", which stands by every picture, comes a button of ours. It fetches the file that the
picture is shown from, so that the picture's record comes along, and puts it into our field as a person would. */

"use strict";

window.modelsim.find = window.modelsim.find || (function (modelsim) {
    const TAB = "modelsim", PAGE = "Find my model", FIELD = "#modelsim_query", ANSWER = "#modelsim_answer";
    const TOLD_MS = 2500;
    const PLACES = { // the WebUI's button → where the picture is that it sends
        "#txt2img_send_to_extras": "#txt2img_gallery",
        "#img2img_send_to_extras": "#img2img_gallery",
        "#extras_send_to_extras": "#extras_gallery",
        "#tab_pnginfo #extras_tab": "#pnginfo_image",
    };

    let asked = []; // the files asked about, for img2img

    const images = (transfer) => [...(transfer?.files || [])].filter((file) => file.type.startsWith("image/"));
    const give = (files) => modelsim.pictures.give(files, FIELD);

    document.addEventListener("change", ({ target }) => {
        if (target.matches?.(`${FIELD} input[type=file]`) && target.files.length) asked = [...target.files];
    }, true);

    document.addEventListener("drop", (event) => {
        const files = images(event.dataTransfer);
        if (!files.length) return;
        if (event.target.closest?.(FIELD)) asked = files; // gradio takes them
        if (!event.target.closest?.(ANSWER)) return;
        event.preventDefault();
        give(files);
    }, true);

    document.addEventListener("dragover", (event) => {
        if (event.target.closest?.(ANSWER)) event.preventDefault(); // else the browser opens the picture in our place
    });

    document.addEventListener("paste", ({ clipboardData, target }) => {
        const files = images(clipboardData);
        if (!files.length || !document.querySelector(FIELD)?.offsetParent || target.matches?.("input, textarea")) return;
        give(files);
    });

    // from the WebUI's tabs

    function addButton(beside, picture) {
        if (beside.parentElement.querySelector(".modelsim-find")) return;
        const button = document.createElement("button");
        button.type = "button";
        button.className = `${beside.className} modelsim-find`;
        button.textContent = beside.classList.contains("tool") ? "🔎" : PAGE;
        button.title = "Find my model: which checkpoint drew this?";
        button.dataset.picture = picture;
        beside.after(button);
    }

    for (const [beside, picture] of Object.entries(PLACES)) {
        modelsim.onSettle(beside, (element) => addButton(element, picture));
    }

    /** The picture looked at, else the first; as the WebUI's own buttons have it. */
    function shownIn(place) {
        const found = (selector) => document.querySelector(`${place} ${selector}`);
        return found(".preview [data-testid=detailed-image]") || found(".thumbnail-item.selected img") || found("img");
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

    /** Fetch the picture before its place is left: another one may be drawn there at any time. */
    async function receive(button) {
        const picture = shownIn(button.dataset.picture);
        if (!picture) return tell(button, "No picture yet", "Draw one, or choose one, then press this again.");
        try {
            const file = await fileOf(picture.src);
            modelsim.pictures.openTab(TAB);
            window.modelsimTab.openPage(PAGE);
            await give([file]);
        } catch (error) {
            tell(button, "The picture cannot be read", error.message);
        }
    }

    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.("button.modelsim-find");
        if (button) receive(button);
        if (target.closest?.("#modelsim_tab [data-find=forget]")) asked = [];
    });

    return { asked: () => asked };
})(window.modelsim);
