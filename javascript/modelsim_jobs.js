/* The jobs: asks the server again and again what goes on, so that every window follows it, also after a reload; and says
when work has ended of which a page is to show what came out. */

"use strict";

window.modelsimJobs = window.modelsimJobs || (function () {
    const ASKED = "modelsim_jobs_asked", ACTION = "modelsim_jobs_action", LIVELY_MS = 250, CALM_MS = 3000;
    const SOON_MS = 3000, LOST_MS = 10_000, REST_MS = 2000;

    let live = false, named = false; // whether something runs or waits; whether the server knows this window's name
    let touched = 0; // when a person did something last: it may have begun a job
    let askedAt = 0, answeredAt = 0;
    let ends = null; // owner and how often its work has ended
    const shown = {}, asking = {}; // owner and how often that was when the page showed it last; when it was asked to
    const rested = {}; // owner and when it showed something last: what comes in a stream is shown every few seconds

    const ours = () => document.getElementById("modelsim_tab")?.offsetParent != null;

    function ask() {
        askedAt = Date.now();
        const list = document.querySelector("[data-jobs-list]")?.dataset.jobsList || "";
        if (!named) modelsim.tellName();
        modelsim.send(ASKED, JSON.stringify({ at: askedAt, list }));
    }

    function tick() {
        const now = Date.now(), seen = ours() && !document.hidden;
        if (askedAt > answeredAt && now - askedAt < LOST_MS) return;
        const lively = (live || now - touched < SOON_MS) && seen;
        if (now - askedAt >= (lively ? LIVELY_MS : live ? CALM_MS / 3 : CALM_MS) && (seen || live)) ask();
    }

    /** Let the page of this owner show what came of its work, unless it is about to. gradio 3 drops what is asked for
    meanwhile, so it is asked again when it has shown an earlier end. */
    function show(owner) {
        const count = ends[owner];
        if (shown[owner] === undefined || shown[owner] > count) shown[owner] = count; // a new page, or a new server
        if (count === shown[owner] || Date.now() - (asking[owner] || 0) < LOST_MS) return;
        if (live && Date.now() - (rested[owner] || 0) < REST_MS) return;
        asking[owner] = Date.now();
        modelsim.send(`modelsim_ended_${owner}`, `${count}`);
    }

    modelsim.onSettle("[data-jobs-told]", ({ dataset }) => {
        const told = JSON.parse(dataset.jobsTold);
        answeredAt = Date.now();
        ({ live, named, ends } = told);
        Object.keys(ends).forEach(show);
    });

    modelsim.onSettle("[data-ended-shown]", ({ dataset: { endedShown: owner, count } }) => {
        shown[owner] = Number(count);
        asking[owner] = 0;
        rested[owner] = Date.now();
        if (ends) show(owner);
    });

    // what is open stays open when the list is drawn anew

    const open = new Set();

    document.addEventListener("toggle", ({ target }) => {
        const key = target.dataset?.keptOpen;
        if (key && target.isConnected) open[target.open ? "add" : "delete"](key);
    }, true);

    modelsim.onSettle("[data-kept-open]", (details) => { details.open = open.has(details.dataset.keptOpen); });

    document.addEventListener("click", ({ target }) => {
        const list = document.querySelector(".modelsim-jobs[open]");
        if (list && target.isConnected && !list.contains(target)) list.open = false;
        const button = target.closest?.("#modelsim_tab button[data-job]");
        if (button) modelsim.send(ACTION, JSON.stringify({ ...button.dataset, at: Date.now() }));
    });

    window.addEventListener("keydown", (event) => { // it lies above the panel, which Escape would close behind it
        const list = event.key === "Escape" && document.querySelector(".modelsim-jobs[open]");
        if (!list || !ours()) return;
        list.open = false;
        list.querySelector("summary").focus();
        event.preventDefault();
        event.stopImmediatePropagation(); // the WebUI interrupts its work on Escape
    }, true);

    for (const event of ["click", "input", "change"]) {
        document.addEventListener(event, ({ target, isTrusted }) => {
            if (isTrusted && target.closest?.("#modelsim_tab")) touched = Date.now();
        }, true);
    }

    setInterval(tick, LIVELY_MS / 2);

    return {};
})();
