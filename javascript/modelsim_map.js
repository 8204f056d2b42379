/* The map of the page Curate: its data. See modelsim_map_view.js for what a person does with it.

A map (.modelsim-picture-map) says which one it is and what it can be coloured by. Its points, the codes of a colouring and what
is told of a point come from the server, where the script asks for them through a hidden field, each once. gradio drops
what comes while an answer is on its way: what was not answered is asked again. */

"use strict";

window.modelsim.map = window.modelsim.map || (function (modelsim) {
    const HERE = document.currentScript?.src || new URL("javascript/modelsim_map.js", location).href;
    const LIBRARY = new URL("libraries/d3-7.9.0.min.js", HERE).href;
    const FIELD = "modelsim_map_field", AGAIN_MS = 700, MISSING = -32768, UNIT = 32767;
    const NONE = 65535; // the code of a point of which nothing is known

    // the library, loaded when a map is first seen; another extension's stays what it was

    let library = null;

    function loaded() {
        library ||= new Promise((done, failed) => {
            const theirs = { d3: window.d3, define: window.define }, script = document.createElement("script");
            const giveBack = () => Object.assign(window, theirs);
            window.d3 = window.define = undefined; // else it would add itself to theirs
            script.onload = () => {
                const ours = window.d3;
                giveBack();
                done(ours);
            };
            script.onerror = () => {
                giveBack();
                library = null;
                failed(new Error(`cannot load ${LIBRARY}`));
            };
            script.src = LIBRARY;
            document.head.append(script);
        });
        return library;
    }

    // asking

    const asked = new Map(), waiting = new Map(); // name of a question → the question, and who waits for the answer
    let timer = 0, of = "";

    /** Ask something about the map of this key, and do `act` with the answer; of two with one name the later counts. */
    function ask(key, name, question, act) {
        if (key !== of) asked.clear();
        of = key;
        asked.set(name, question);
        waiting.set(name, act);
        sendAsked();
    }

    function sendAsked() {
        clearTimeout(timer);
        if (!asked.size || !document.querySelector(".modelsim-picture-map")) return;
        const questions = [...asked].map(([name, question]) => ({ ...question, name }));
        modelsim.tellName();
        modelsim.send(FIELD, JSON.stringify({ map: of, questions, at: Date.now() })); // gradio tells no value twice
        timer = setTimeout(sendAsked, AGAIN_MS);
    }

    modelsim.onSettle("[data-map-answers]", ({ dataset }) => {
        const { map, answers } = JSON.parse(dataset.mapAnswers);
        if (map !== of) return;
        for (const { question, ...answer } of answers) {
            const act = waiting.get(question);
            asked.delete(question);
            waiting.delete(question);
            act?.(answer);
        }
        if (!asked.size) clearTimeout(timer);
    });

    // numbers, little-endian as all browsers' machines have them

    function numbers(text, Kind) {
        const letters = atob(text), bytes = new Uint8Array(letters.length);
        for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
        return new Kind(bytes.buffer);
    }

    function packed(bytes) {
        let letters = "";
        for (const byte of bytes) letters += String.fromCharCode(byte);
        return btoa(letters);
    }

    // maps

    const maps = new Map(); // key → map, as long as the page is open

    /** The map of this key, for as long as the page is open: `about` is what the server says of it. */
    function mapOf(key, about) {
        if (!maps.has(key)) {
            maps.set(key, { key, colourings: new Map(), told: new Map(), picked: new Uint8Array(about.count), only: null });
        }
        return Object.assign(maps.get(key), about);
    }

    /** Its points, as two arrays from -1 to 1 with NaN for a picture that has no place, and an order to draw them in:
    mixed, so that no category hides another. */
    async function points(map) {
        if (map.x) return;
        const { points: text } = await new Promise((done) => ask(map.key, "points", { ask: "points" }, done));
        const values = numbers(text, Int16Array), part = (i) => (values[i] === MISSING ? NaN : values[i] / UNIT);
        map.x = Float32Array.from({ length: map.count }, (_, i) => part(2 * i));
        map.y = Float32Array.from({ length: map.count }, (_, i) => part(2 * i + 1));
        map.order = Uint32Array.from({ length: map.count }, (_, i) => i);
        for (let i = map.count - 1, seed = 1; i > 0; i--) {
            seed = (seed * 48271) % 2147483647;
            const j = seed % (i + 1), other = map.order[i];
            map.order[i] = map.order[j];
            map.order[j] = other;
        }
    }

    /** A colouring by its name: { label, kind, codes, none, names or steps and unit }, as it is now. */
    async function colouring(map, name) {
        const version = map.colours.find(([each]) => each === name)?.[2];
        if (map.colourings.get(name)?.version !== version) {
            const answer = await new Promise((done) => ask(map.key, "colours", { ask: "colours", by: name }, done));
            map.colourings.set(name, { ...answer, name, codes: numbers(answer.codes, Uint16Array) });
        }
        return map.colourings.get(name);
    }

    /** What is known of a point, told to `act` as soon as the server says it. */
    function tell(map, at, act) {
        if (map.told.has(at)) return act(map.told.get(at));
        ask(map.key, "tell", { ask: "tell", at }, (answer) => {
            map.told.set(answer.at, answer);
            if (answer.at === at) act(answer);
        });
    }

    /** Points as the server takes them: a bit each, in base64. */
    function bits(chosen) {
        const bytes = new Uint8Array(Math.ceil(chosen.length / 8));
        for (let i = 0; i < chosen.length; i++) if (chosen[i]) bytes[i >> 3] |= 128 >> (i & 7);
        return packed(bytes);
    }

    return { NONE, loaded, mapOf, points, colouring, tell, bits };
})(window.modelsim);
