/* The map of the page Curate: moving, zooming, pointing, choosing by lasso, by the legend and by key.

The wheel zooms with Ctrl, or once the map was clicked: until then it scrolls the page. One finger scrolls the page, two
move and zoom, unless the lasso is on. The keys are the arrows, plus, minus and 0. */

"use strict";

window.modelsim.mapView = window.modelsim.mapView || (function (modelsim) {
    const MAP = ".modelsim-picture-map", VIEW = ".modelsim-map-view", PART = "modelsim-map";
    const ZOOMS = [0.5, 400], STEP = 1.5, MOVE = 60, REACH = 16, POINT_MS = 70, CLICK = 4, FILL = 0.92, SETTLED_MS = 160;
    const MANY = 3000; // points, of which a moving map shows one pixel where a fine screen has several

    let seen = null; // the map that is on the page: its data, its elements, d3

    const part = (element, name) => element.querySelector(`.${PART}-${name}`);

    // from the data's units to the page's pixels

    function sizeOf({ view }) {
        return { width: view.clientWidth, height: view.clientHeight };
    }

    /** [a, bx, by]: x · a + bx, by - y · a. */
    function placing(map) {
        const { width, height } = sizeOf(map), half = (Math.min(width, height) / 2) * FILL, { k, x, y } = map.zoomed;
        return [half * k, (width / 2) * k + x, (height / 2) * k + y];
    }

    function pixelOf(map, i) {
        const [a, bx, by] = placing(map);
        return [map.x[i] * a + bx, by - map.y[i] * a];
    }

    const isSeen = (map, i) => map.only === null || map.entryOf[i] === map.only;

    /** The nearest point within reach of a place on the view, and how many lie at the same one; of those seen alone. */
    function nearest(map, px, py) {
        const [a, bx, by] = placing(map);
        let best = -1, least = REACH * REACH, same = 0;
        for (let i = 0; i < map.count; i++) {
            const dx = map.x[i] * a + bx - px, dy = by - map.y[i] * a - py, far = dx * dx + dy * dy;
            if (!(far <= least) || !isSeen(map, i)) continue;
            if (best >= 0 && map.x[i] === map.x[best] && map.y[i] === map.y[best]) same++;
            else [best, least, same] = [i, far, 1];
        }
        return { at: best, same };
    }

    // drawing

    function radiusOf(map) {
        const base = map.count > 5000 ? 2.6 : map.count > 800 ? 3.6 : map.count > 60 ? 5 : 7;
        return Math.min(base * Math.max(1, map.zoomed.k ** 0.35), 9);
    }

    function paint(map = seen) {
        if (!map?.legend || !map.view.isConnected) return;
        const { canvas, view } = map, { width, height } = sizeOf(map);
        if (!width || !height) return;
        const full = modelsim.points.density(width, height);
        const dense = map.moving && map.count > MANY ? Math.min(1, full) : full, radius = radiusOf(map) * dense;
        const wide = Math.round(width * dense), high = Math.round(height * dense);
        if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
        const style = getComputedStyle(view), ground = modelsim.legend.rgb(style.backgroundColor);
        const ink = modelsim.legend.rgb(style.color), entries = map.legend.entries, count = entries.length;
        const faded = ink.map((each, c) => Math.round(0.16 * each + 0.84 * ground[c]));
        const styles = [];
        for (const ring of [null, ink]) {
            for (const { colour, shape } of entries) styles.push({ colour, shape, radius, opacity: 0.85, ring });
        }
        styles.push({ colour: faded, shape: 0, radius: radius * 0.8, opacity: 1, ring: null });
        const styleOf = map.styleOf;
        for (let i = 0; i < map.count; i++) {
            styleOf[i] = isSeen(map, i) ? map.entryOf[i] + (map.picked[i] ? count : 0) : 2 * count;
        }
        const order = map.only === null && !map.pickedCount ? map.order : inFront(map);
        modelsim.points.draw(canvas, ground, { ...map, order, styleOf }, placing(map).map((each) => each * dense), styles);
        placeMark(map);
    }

    /** What is faded first, what is selected last. */
    function inFront(map) {
        const rank = (i) => (isSeen(map, i) ? 1 : 0) + (map.picked[i] ? 2 : 0), layers = [[], [], [], []];
        for (const i of map.order) layers[rank(i)].push(i);
        return layers.flat();
    }

    const paintSoon = () => modelsim.onNextFrame("map", () => paint());

    /** A ring around the point that is told of. */
    function placeMark(map) {
        const mark = part(map.element, "mark");
        mark.hidden = map.pointed === null;
        if (map.pointed === null) return;
        const [x, y] = pixelOf(map, map.pointed);
        mark.style.transform = `translate(${x}px, ${y}px)`;
    }

    // colours

    async function colour(map, name, wanted = null) {
        const by = await modelsim.map.colouring(map, name);
        if (map !== seen) return;
        if (map.by !== by) map.only = null;
        Object.assign(map, { by, wanted });
        relegend(map);
        paintSoon();
    }

    /** The legend anew, by the colours of the ground as it is now. */
    function relegend(map) {
        const ground = modelsim.legend.rgb(getComputedStyle(map.view).backgroundColor);
        map.legend = modelsim.legend.entriesOf(map.by, map, ground, map.d3, map.wanted);
        const of = new Map(), entries = map.legend.entries;
        map.entryOf = Uint8Array.from(map.by.codes, (code) => {
            if (!of.has(code)) of.set(code, entries.findIndex((entry) => entry.of(code)));
            return of.get(code);
        });
        map.styleOf ||= new Uint8Array(map.count);
        showLegend(map);
    }

    function showLegend(map) {
        modelsim.legend.show(part(map.element, "legend"), map.by, map.legend, map.only);
        tellPicked(map);
    }

    function isolate(map, entry) {
        map.only = map.only === entry ? null : entry;
        showLegend(map);
        paintSoon();
    }

    // selecting

    function tellPicked(map) {
        map.pickedCount = map.picked.reduce((sum, each) => sum + each, 0);
        const { counted } = modelsim.legend, alone = map.only === null ? null : map.legend.entries[map.only];
        part(map.element, "count").textContent = map.pickedCount ? `${counted(map.pickedCount)} selected` : "Click a picture to open it; draw around some with Lasso";
        const only = part(map.element, "only");
        only.hidden = !alone?.count;
        if (alone) only.textContent = `Select ${alone.count === 1 ? "this one" : `these ${alone.count.toLocaleString("en")}`}`;
        for (const button of map.element.querySelectorAll("[data-picked]")) button.disabled = !map.pickedCount;
    }

    /** Select the points that `test` holds for, among those seen; with `more` beside those selected before. */
    function pick(map, test, more) {
        for (let i = 0; i < map.count; i++) {
            map.picked[i] = ((more && map.picked[i]) || (map.x[i] === map.x[i] && isSeen(map, i) && test(i))) ? 1 : 0;
        }
        tellPicked(map);
        paintSoon();
        map.element.dispatchEvent(new CustomEvent("modelsim-picked", { bubbles: true }));
        modelsim.curate?.act("map", { do: "select", map: map.key, points: modelsim.map.bits(map.picked) });
    }

    let lasso = null; // while one is drawn: its corners, on the view

    function drawLasso(map) {
        const d = lasso ? `M${lasso.points.map((point) => point.join(",")).join("L")}Z` : "";
        part(map.element, "lasso").firstElementChild.setAttribute("d", d);
    }

    function endLasso(map, more) {
        const { points } = lasso;
        lasso = null;
        drawLasso(map);
        const long = points.some(([x, y]) => Math.hypot(x - points[0][0], y - points[0][1]) > CLICK);
        if (!long) return;
        const [a, bx, by] = placing(map);
        pick(map, (i) => map.d3.polygonContains(points, [map.x[i] * a + bx, by - map.y[i] * a]), more);
    }

    const onView = (map, { clientX, clientY }) => {
        const box = map.view.getBoundingClientRect();
        return [clientX - box.left, clientY - box.top];
    };

    const lassos = (map, event) => map.mode === "lasso" ? !event.ctrlKey : event.shiftKey;

    function listenForLasso(map) {
        const { view } = map;
        view.addEventListener("pointerdown", (event) => {
            if (event.button || !event.isPrimary || !lassos(map, event)) return;
            lasso = { points: [onView(map, event)], more: event.shiftKey && map.mode === "lasso" };
            view.setPointerCapture(event.pointerId);
            hide(map);
        });
        view.addEventListener("pointermove", (event) => {
            if (!lasso || !event.isPrimary) return;
            const last = lasso.points.at(-1), point = onView(map, event);
            if (Math.hypot(point[0] - last[0], point[1] - last[1]) < 2) return;
            lasso.points.push(point);
            modelsim.onNextFrame("lasso", () => lasso && drawLasso(map));
        });
        view.addEventListener("pointerup", () => lasso && endLasso(map, lasso.more));
        view.addEventListener("pointercancel", () => {
            lasso = null;
            drawLasso(map);
        });
    }

    // moving and zooming

    let settling = 0;

    function listenForZoom(map) {
        const { d3, view } = map;
        map.zoom = d3.zoom().scaleExtent(ZOOMS).clickDistance(CLICK).filter((event) => {
            if (lassos(map, event) && event.type !== "wheel") return false;
            if (event.type === "wheel") return event.ctrlKey || event.metaKey || view.contains(document.activeElement);
            return event.type.startsWith("touch") ? event.touches.length > 1 : !event.button;
        }).on("zoom", ({ transform }) => {
            map.zoomed = transform;
            map.moving = true;
            clearTimeout(settling);
            settling = setTimeout(() => {
                map.moving = false;
                paintSoon();
            }, SETTLED_MS);
            hide(map);
            paintSoon();
        });
        d3.select(view).call(map.zoom).on("dblclick.zoom", null);
        map.zoomed ||= d3.zoomIdentity;
        view.__zoom = map.zoomed; // as it was before gradio made the element anew
    }

    function zoomBy(map, factor) {
        map.d3.select(map.view).call(map.zoom.scaleBy, factor);
    }

    const KEYS = { ArrowLeft: [MOVE, 0], ArrowRight: [-MOVE, 0], ArrowUp: [0, MOVE], ArrowDown: [0, -MOVE] };

    function onKey(map, event) {
        const { key } = event, view = map.d3.select(map.view);
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (KEYS[key]) view.call(map.zoom.translateBy, ...KEYS[key].map((each) => each / map.zoomed.k));
        else if (key === "+" || key === "=") zoomBy(map, STEP);
        else if (key === "-") zoomBy(map, 1 / STEP);
        else if (key === "0") fit(map);
        else return;
        event.preventDefault();
    }

    function fit(map) {
        map.d3.select(map.view).call(map.zoom.transform, map.d3.zoomIdentity);
    }

    // pointing

    let pointing = 0;

    function hide(map) {
        clearTimeout(pointing);
        map.pointed = null;
        modelsim.hideTip();
        placeMark(map);
    }

    function point(map, event) {
        if (lasso || (event.pointerType !== "touch" && (event.buttons || !map.view.matches(":hover")))) return;
        const { at, same } = nearest(map, ...onView(map, event));
        if (at < 0) return hide(map);
        if (at === map.pointed) return;
        clearTimeout(pointing);
        map.pointed = at;
        placeMark(map);
        const act = (told) => at === map.pointed && showTold(map, told, same, event);
        if (map.told.has(at)) return act(map.told.get(at));
        pointing = setTimeout(() => modelsim.map.tell(map, at, act), POINT_MS);
    }

    function showTold(map, { name, url, lines }, same, { clientX, clientY }) {
        const more = same > 1 ? [["", `and ${(same - 1).toLocaleString("en")} more at the same place`]] : [];
        modelsim.showTip(name, [...lines, ...more], clientX, clientY);
        const tip = document.querySelector(".modelsim-tip"), image = document.createElement("img");
        if (!url) return;
        image.className = `${PART}-picture`;
        image.alt = "";
        image.onload = image.onerror = () => modelsim.placeTip(clientX, clientY);
        image.src = url;
        tip.prepend(image);
    }

    /** The picture in the larger view; of several at a place the first. A finger first tells of it. */
    function open(map, event) {
        const { at } = nearest(map, ...onView(map, event));
        if (map.touched && at !== map.pointed) point(map, event);
        else if (at >= 0) modelsim.curate?.act("map", { do: "open", map: map.key, at });
    }

    // a map on the page

    let themes = null;

    /** A host's switch to dark changes the ground, and with it the colours that can be seen. */
    function watchThemes() {
        const watch = new MutationObserver(() => {
            if (!seen?.by || !seen.view.isConnected) return;
            relegend(seen);
            paintSoon();
        });
        for (const each of [document.documentElement, document.body]) {
            watch.observe(each, { attributes: true, attributeFilter: ["class"] });
        }
        return watch;
    }

    async function show(element) {
        const map = modelsim.map.mapOf(element.dataset.map, JSON.parse(element.dataset.about));
        const view = element.querySelector(VIEW), canvas = view.querySelector("canvas");
        Object.assign(map, { element, view, canvas, pointed: null, mode: map.mode || "move" });
        seen = map;
        try {
            map.d3 = await modelsim.map.loaded();
            await modelsim.map.points(map);
        } catch (error) {
            part(element, "count").textContent = error.message;
            return;
        }
        if (seen !== map || map.element !== element) return;
        listenForZoom(map);
        listenForLasso(map);
        view.addEventListener("keydown", (event) => onKey(map, event));
        view.addEventListener("pointerdown", ({ pointerType }) => { map.touched = pointerType === "touch"; });
        view.addEventListener("pointermove", (event) => {
            if (event.pointerType !== "touch") modelsim.onNextFrame("point", () => point(map, event));
        });
        view.addEventListener("pointerleave", ({ pointerType }) => pointerType !== "touch" && hide(map));
        view.addEventListener("click", (event) => map.mode === "move" && !event.shiftKey && open(map, event));
        new ResizeObserver(paintSoon).observe(view);
        themes ||= watchThemes();
        setMode(map, map.mode);
        const names = map.colours.map(([name]) => name), before = map.by?.name ?? modelsim.load("map colour");
        const name = names.includes(before) ? before : names[0];
        part(element, "colour").value = name;
        await colour(map, name, map.by?.name === name ? map.wanted : null);
        paint(map);
        map.drawn ??= performance.now();
        element.dataset.ready = "true";
    }

    function setMode(map, mode) {
        map.mode = mode;
        map.view.dataset.mode = mode;
        for (const button of map.element.querySelectorAll("[data-mode]")) {
            button.setAttribute("aria-pressed", button.dataset.mode === mode);
        }
    }

    const ACTS = {
        in: (map) => zoomBy(map, STEP),
        out: (map) => zoomBy(map, 1 / STEP),
        fit,
        only: (map) => pick(map, () => true, false),
        none: (map) => pick(map, () => false, false),
        gallery: () => [...document.querySelectorAll("#modelsim_curate_panels button")] // gradio 3 gives tabs no role
            .find((tab) => tab.textContent.trim() === "Gallery")?.click(),
    };

    modelsim.onSettle(MAP, show);
    document.addEventListener("click", ({ target }) => {
        const button = target.closest?.(`${MAP} button`), map = seen;
        if (!button || !map?.zoom || !map.element.contains(button)) return;
        const { mode, entry, mapAct } = button.dataset;
        if (mode) setMode(map, mode);
        else if (entry !== undefined) isolate(map, Number(entry));
        else if (mapAct) ACTS[mapAct](map);
    });
    document.addEventListener("change", ({ target }) => {
        const map = seen;
        if (!map?.zoom || !map.element.contains(target)) return;
        if (target.matches(`.${PART}-colour`)) {
            modelsim.store("map colour", target.value);
            colour(map, target.value);
        } else if (target.matches(`.${PART}-rest`) && target.value) colour(map, map.by.name, Number(target.value));
    });
    return { seen: () => seen, paint };
})(window.modelsim);
