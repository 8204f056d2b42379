/* Where everything in a tree stands, as numbers: its scale of heights, its rows. modelsim_dendrogram.js draws it.

A tree's data name the leaves from top to bottom, 0 … n − 1, and its merges from n on: [upper, lower, height]. */

"use strict";

window.modelsim.branches = window.modelsim.branches || (function () {
    const STEP = 8, LEAST_STEP = 3, ROW = 19, BETWEEN = 8, EDGE = 6, PER_MODEL = 2, DIGIT = 6.5, BESIDE = 12;

    /** Leaves and merges, each with its first and last leaf, its height and the class and the group of the same weights
     * that all its leaves share (0: none). `folds` says as what the largest branch of such leaves can be one row. */
    function nodesOf({ names, merges, classes, same }) {
        const leaf = (row) => ({ from: row, to: row, height: 0, class: classes[row], same: same[row], folds: [] });
        const nodes = names.map((_, row) => leaf(row));
        for (const [a, b, height] of merges) {
            const upper = nodes[a], lower = nodes[b], shared = (what) => (upper[what] === lower[what] ? upper[what] : 0);
            const node = { from: upper.from, to: lower.to, upper, lower, folds: [] };
            node.height = Math.max(height, upper.height, lower.height); // a merge that goes back would cross its own line
            Object.assign(node, { class: shared("class"), same: shared("same") });
            upper.parent = lower.parent = node;
            nodes.push(node);
        }
        for (const node of nodes) {
            node.folds = ["class", "same"].filter((kind) => node.upper && node[kind] && !node.parent?.[kind]);
        }
        return nodes;
    }

    /** A scale on which every branch is seen, however small: any node stands at least a step before its parent where
     * their heights differ: STEP, or on a phone LEAST_STEP, as its names need the room. It grows with the height, so that
     * what is farther left was merged at a greater height.
     *
     * Ranks alone give a small step and a great one the same length, the logarithm alone gives most branches inside a
     * class none. So the width is shared out among levels, the fewest by which all parents are above their children, and
     * the logarithm of the heights: a decade counts as much as four levels, and a gap as a decade at most. */
    function kinshipScale(nodes, width, step = STEP) {
        const rungs = [{ height: 0, level: 0, log: 0 }], levels = new Map([[0, 0]]);
        for (const node of nodes.filter(({ upper }) => upper).sort((a, b) => a.height - b.height)) {
            let last = rungs[rungs.length - 1];
            if (node.height > last.height) {
                const log = last.height ? Math.min(Math.log10(node.height / last.height), 1) : 0;
                rungs.push(last = { height: node.height, level: last.level, log: last.log + log });
            }
            for (const { height } of [node.upper, node.lower]) {
                if (height < node.height) last.level = Math.max(last.level, levels.get(height) + 1);
            }
            levels.set(node.height, last.level);
        }
        const { height: tallest, level: most, log: whole } = rungs[rungs.length - 1];
        const room = Math.max(width, step * most), even = Math.max(step * most, (room * most) / (most + 4 * whole || 1));
        for (const rung of rungs) {
            rung.x = (most && (even * rung.level) / most) + (whole && ((room - even) * rung.log) / whole);
        }

        function place(height) {
            let low = 0, high = rungs.length - 1;
            if (height > tallest) return room;
            while (low < high) {
                const middle = (low + high) >> 1;
                if (rungs[middle].height < height) low = middle + 1;
                else high = middle;
            }
            const above = rungs[high], below = rungs[high - 1];
            if (above.height === height) return above.x;
            const share = below.height ? Math.log(height / below.height) / Math.log(above.height / below.height)
                : height / above.height;
            return below.x + share * (above.x - below.x);
        }

        return { place, width: room, ticks: () => roundTicks(place, tallest) };
    }

    /** Lengths as the heights are. */
    function trueScale(nodes, width) {
        const tallest = nodes[nodes.length - 1].height || 1, place = (height) => (width * height) / tallest;
        return { place, width, ticks: () => evenTicks(tallest, Math.max(1, Math.floor(width / 70))) };
    }

    /** 0, the greatest height, and between them the roundest numbers that have room. */
    function roundTicks(place, tallest) {
        const found = [], add = (tick) => {
            const x = place(tick), half = (DIGIT * String(tick).length + BESIDE) / 2;
            const free = found.every((other) => Math.abs(other.x - x) >= other.half + half);
            if (tick <= tallest && free) found.push({ tick, x, half });
        };
        const power = Math.floor(Math.log10(tallest || 1));
        const rough = (digits) => (digits % 10 ? 3 : [2, 0, 1, 2, 2, 1][digits / 10] ?? 2);
        const digits = [...Array(90).keys()].map((i) => i + 10).sort((a, b) => rough(a) - rough(b));
        const roundDown = Math.floor(tallest / 10 ** (power - 1)) * 10 ** (power - 1);
        [0, Number(roundDown.toPrecision(2))].forEach(add);
        for (const each of digits) {
            for (let decade = power; decade > power - 9; decade--) add(Number(`${each}e${decade - 1}`));
        }
        return found.map(({ tick }) => tick).sort((a, b) => a - b);
    }

    /** Round numbers from 0 to the greatest height, at most about so many. */
    function evenTicks(tallest, count) {
        const power = 10 ** Math.floor(Math.log10(tallest / count));
        const step = [1, 2, 2.5, 5, 10, 20].map((factor) => factor * power).find((each) => each * count >= tallest);
        return [...Array(Math.floor(tallest / step + 1e-9) + 1).keys()].map((i) => Number((i * step).toPrecision(6)));
    }

    /** The rows from top to bottom, leaves and folded branches, with the `y` of each and of every merge between them,
     * and where they end. A folded branch is as high as its models are many, at least as a row. */
    function rowsOf(root, isFolded, zoom) {
        const rows = [], merges = [];
        (function walk(node) {
            if (!node.upper || isFolded(node)) return rows.push(node);
            merges.push(node);
            walk(node.upper);
            walk(node.lower);
        })(root);
        let end = EDGE;
        rows.forEach((node, i) => {
            const before = rows[i - 1];
            if (before && !(before.class && before.class === node.class)) end += BETWEEN * zoom;
            node.high = zoom * Math.max(ROW, PER_MODEL * sizeOf(node));
            node.y = end + node.high / 2;
            end += node.high;
        });
        for (const node of [...merges].reverse()) node.y = (node.upper.y + node.lower.y) / 2;
        return { rows, merges, end: end + EDGE };
    }

    const sizeOf = ({ from, to }) => to - from + 1;

    return { STEP, LEAST_STEP, ROW, EDGE, PER_MODEL, nodesOf, kinshipScale, trueScale, rowsOf, sizeOf };
})();
