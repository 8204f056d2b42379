/* What the colours and shapes of a map mean: a legend whose entries can be pressed, by mouse or key, to see one alone. */

"use strict";

window.modelsim.legend = window.modelsim.legend || (function (modelsim) {
    // Okabe and Ito's set without black and yellow, which colour-blind people can tell apart
    const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#9A6A00", "#7F6BB3"];
    const MOST = 8, PLAIN = "others", LONGEST = 40;

    const rgb = (colour) => (colour.startsWith("#")
        ? [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16))
        : colour.match(/[\d.]+/g).slice(0, 3).map(Number));
    const bright = ([red, green, blue]) => 0.299 * red + 0.587 * green + 0.114 * blue > 128;
    const counted = (count) => `${count.toLocaleString("en")} picture${count === 1 ? "" : "s"}`;

    function counts({ codes }) {
        const found = new Map();
        for (const code of codes) found.set(code, (found.get(code) || 0) + 1);
        return found;
    }

    /** The entries of a legend, each { label, of: a test of codes, count, colour, shape }, and of categories `rest`,
    those that have no entry of their own. `wanted` is a category that must have one. */
    function entriesOf(by, map, ground, d3, wanted) {
        const { NONE } = modelsim.map, found = counts(by), grey = bright(ground) ? "#8a8a8a" : "#9a9a9a";
        const unknown = found.get(NONE) || 0, none = unknown
            ? [{ label: by.none, of: (code) => code === NONE, count: unknown, colour: rgb(grey), shape: 7 }] : [];
        const made = by.kind === "number" ? numberEntries(by, found, ground, d3) : categoryEntries(by, found, wanted, grey);
        return { ...made, entries: [...made.entries, ...none] };
    }

    /** A scale in even steps: viridis, but for the end that would vanish in the ground. */
    function numberEntries({ ends: [low, high], steps }, found, ground, d3) {
        const { NONE } = modelsim.map, [from, to] = bright(ground) ? [0, 0.93] : [0.18, 1];
        const many = low === high ? 1 : steps.length - 1;
        const stepOf = (code) => Math.min(many - 1, Math.floor((code / (NONE - 1)) * many));
        const totals = new Array(many).fill(0);
        for (const [code, count] of found) if (code !== NONE) totals[stepOf(code)] += count;
        const entries = totals.map((count, step) => ({
            label: many === 1 ? steps[0] : `${steps[step]} to ${steps[step + 1]}`,
            scale: [steps[step], steps[step + 1]],
            of: (code) => code !== NONE && stepOf(code) === step,
            count,
            colour: rgb(d3.interpolateViridis(from + ((step + 0.5) / many) * (to - from))),
            shape: 0,
        }));
        return { entries: totals.some(Boolean) ? entries : [], rest: [] };
    }

    function categoryEntries(by, found, wanted, grey) {
        const { NONE } = modelsim.map, name = (code) => by.names[code] ?? "";
        let codes = [...found.keys()].filter((code) => code !== NONE);
        codes.sort(by.kind === "ordered" ? (a, b) => a - b : (a, b) => found.get(b) - found.get(a) || a - b);
        let rest = [];
        if (codes.length > MOST) {
            const kept = codes.filter((code) => code !== wanted).slice(0, MOST - 1 - (wanted === null ? 0 : 1));
            if (wanted !== null) kept.push(wanted);
            rest = codes.filter((code) => !kept.includes(code));
            codes = kept;
        }
        const entries = codes.map((code, i) => ({
            label: name(code), of: (each) => each === code, count: found.get(code), colour: rgb(COLOURS[i]), shape: i % 7,
        }));
        if (rest.length) {
            const others = new Set(rest), count = rest.reduce((sum, code) => sum + found.get(code), 0);
            entries.push({ label: `${PLAIN} (${rest.length})`, of: (code) => others.has(code), count, colour: rgb(grey), shape: 0 });
        }
        return { entries, rest: rest.map((code) => ({ code, label: name(code), count: found.get(code) })) };
    }

    function add(parent, tag, text, attributes = {}) {
        const child = parent.appendChild(document.createElement(tag));
        child.textContent = text;
        for (const [name, value] of Object.entries(attributes)) child.setAttribute(name, value);
        return child;
    }

    const short = (text) => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);

    /** Show the legend of `by` in `place`. `only` is the number of the entry that is seen alone, or null. */
    function show(place, by, { entries, rest }, only) {
        const focused = place.contains(document.activeElement) ? document.activeElement.dataset.entry : null;
        place.replaceChildren();
        add(place, "b", by.unit ? `${by.label}, ${by.unit}` : by.label);
        let scale = null;
        entries.forEach((entry, i) => {
            if (entry.scale && !scale) {
                scale = add(place, "span", "", { class: "modelsim-map-scale" });
                add(scale, "span", entry.scale[0]);
            }
            const button = add(entry.scale ? scale : place, "button", "", {
                type: "button", "data-entry": i, "aria-pressed": only === i,
                title: `${entry.label}: ${counted(entry.count)}. Press to see ${entry.count === 1 ? "it" : "them"} alone.`,
            });
            const sign = add(button, "i", entry.scale ? "" : modelsim.points.signs[entry.shape], { "aria-hidden": "true" });
            sign.style[entry.scale ? "background" : "color"] = `rgb(${entry.colour})`;
            if (entry.scale) button.setAttribute("aria-label", `${entry.label}: ${counted(entry.count)}`);
            else add(button, "span", short(entry.label));
            if (!entry.scale) add(button, "em", entry.count.toLocaleString("en"));
            if (entry.scale && !entries[i + 1]?.scale) add(scale, "span", entry.scale[1]);
        });
        if (rest.length) {
            const choice = add(place, "select", "", { "aria-label": "Show one of the others", class: "modelsim-map-rest" });
            add(choice, "option", "show one of the others …", { value: "" });
            for (const { code, label, count } of rest) add(choice, "option", `${short(label)} (${count})`, { value: code });
        }
        if (focused !== null) place.querySelector(`[data-entry="${focused}"]`)?.focus();
    }

    return { entriesOf, show, rgb, bright, counted };
})(window.modelsim);
