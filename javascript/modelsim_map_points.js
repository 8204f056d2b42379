/* Many points on a canvas: each pixel is written by us, which draws 20,000 points several times as fast as the canvas'
own commands do where no graphics card helps. Shapes tell categories apart besides colours. */

"use strict";

window.modelsim.points = window.modelsim.points || (function () {
    const FINE = 4; // steps of a pixel's side in which a shape's edge is looked at
    const HOLLOW = 7; // the shape of what is not known
    const MOST_PIXELS = 4e6; // of a canvas; beyond, a pixel of ours is more than one of the screen

    // u to the right, v downwards, -1 … 1
    const within = (u, v, thin) => (Math.abs(u) <= thin && Math.abs(v) <= 1) || (Math.abs(v) <= thin && Math.abs(u) <= 1);
    const SHAPES = [
        ["●", (u, v) => u * u + v * v <= 1],
        ["■", (u, v) => Math.max(Math.abs(u), Math.abs(v)) <= 0.84],
        ["◆", (u, v) => Math.abs(u) + Math.abs(v) <= 1.12],
        ["▲", (u, v) => v <= 0.8 && Math.abs(u) <= (v + 1) / 1.7],
        ["▼", (u, v) => v >= -0.8 && Math.abs(u) <= (1 - v) / 1.7],
        ["✚", (u, v) => within(u, v, 0.4)],
        ["✖", (u, v) => within((u + v) * 0.78, (u - v) * 0.78, 0.4)],
        ["○", (u, v) => u * u + v * v <= 1 && u * u + v * v >= 0.3],
    ];

    const stamps = new Map(); // as they were asked for → stamp, of the size drawn last

    /** The pixels of a shape around its middle: their places in a buffer `wide` pixels wide, and how much of each. */
    function stamp(shape, radius, wide, opacity) {
        const name = `${shape} ${radius} ${wide} ${opacity}`;
        if (stamps.has(name)) return stamps.get(name);
        if (stamps.size > 200) stamps.clear();
        const inside = SHAPES[shape][1], reach = Math.ceil(radius), places = [], shares = [];
        for (let y = -reach; y <= reach; y++) {
            for (let x = -reach; x <= reach; x++) {
                let hits = 0;
                for (let i = 0; i < FINE * FINE; i++) {
                    const u = x + ((i % FINE) + 0.5) / FINE - 0.5, v = y + (Math.floor(i / FINE) + 0.5) / FINE - 0.5;
                    if (inside(u / radius, v / radius)) hits++;
                }
                if (hits) {
                    places.push((y * wide + x) * 4);
                    shares.push(Math.round((256 * opacity * hits) / (FINE * FINE)));
                }
            }
        }
        stamps.set(name, { places: Int32Array.from(places), shares: Int32Array.from(shares) });
        return stamps.get(name);
    }

    const buffers = new WeakMap(); // canvas → its pixels, with a margin in which points may lie in part

    function bufferOf(canvas, margin) {
        const known = buffers.get(canvas), wide = canvas.width + 2 * margin, high = canvas.height + 2 * margin;
        if (known?.width === wide && known.height === high) return known;
        const made = new ImageData(wide, high);
        buffers.set(canvas, made);
        return made;
    }

    /** How many of the canvas' pixels one of the page is. */
    function density(width, height) {
        const wanted = Math.min(window.devicePixelRatio || 1, 2);
        return Math.min(wanted, Math.sqrt(MOST_PIXELS / Math.max(1, width * height)));
    }

    const inked = ([red, green, blue], { places, shares }) => ({ red, green, blue, places, shares });

    function layOn(data, middle, { red, green, blue, places, shares }) {
        for (let m = 0; m < places.length; m++) {
            const at = middle + places[m], share = shares[m];
            data[at] += ((red - data[at]) * share) >> 8;
            data[at + 1] += ((green - data[at + 1]) * share) >> 8;
            data[at + 2] += ((blue - data[at + 2]) * share) >> 8;
        }
    }

    /** Draw points in the order of `order`. `x` and `y` are their places from -1 to 1, `place` [a, bx, by] what makes
    pixels of them: x · a + bx, by - y · a. `styleOf[i]` is the place of a point's style in `styles`: { colour: [r, g, b],
    shape, radius, opacity, ring: a colour or null }, 255 for a point that is not drawn. */
    function draw(canvas, ground, { x, y, order, styleOf }, [a, bx, by], styles) {
        const margin = 2 + Math.ceil(2 * Math.max(1, ...styles.map(({ radius }) => radius))) * 2;
        const image = bufferOf(canvas, margin), { data, width, height } = image;
        new Uint32Array(data.buffer).fill(0xff000000 | (ground[2] << 16) | (ground[1] << 8) | ground[0]);
        const inks = styles.map((style) => {
            const { colour, shape, radius, opacity, ring } = style;
            const disc = inked(colour, stamp(shape, radius, width, opacity));
            return ring ? [inked(ring, stamp(shape === HOLLOW ? 0 : shape, radius + 1.6, width, 1)), disc] : [disc];
        });
        const edge = margin / 2;
        for (let j = 0; j < order.length; j++) {
            const i = order[j], style = styleOf[i];
            if (style === 255) continue;
            const px = Math.round(x[i] * a + bx) + margin, py = Math.round(by - y[i] * a) + margin;
            if (!(px >= edge && py >= edge && px < width - edge && py < height - edge)) continue; // nor what is NaN
            const middle = (py * width + px) * 4;
            const layers = inks[style];
            for (let n = 0; n < layers.length; n++) layOn(data, middle, layers[n]);
        }
        canvas.getContext("2d").putImageData(image, -margin, -margin);
    }

    return { draw, density, signs: SHAPES.map(([sign]) => sign) };
})();
