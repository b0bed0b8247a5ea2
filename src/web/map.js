/*
 * Draws the block table: a cell is a block, an allocation is one bar, and what has changed glows.
 * Only cells whose look is another than before are drawn. There are two painters: rectangles with
 * patterns, and single pixels where cells are too small for those. A second canvas above has
 * what comes and goes: frames and the cursor.
 */
"use strict";

const GLOW_LEVELS = 15, GLOW_SECONDS = 1.2, SMALL_CELL = 5 /* device pixels */;
/* A look is a number: the owner, whether the bar begins and ends here, and how much it glows. */
const LOOK = { OWNER: 0xff, BEGINS: 0x100, ENDS: 0x200, GLOW_SHIFT: 10, NONE: 0xffff };

function channels(colour) {
    const n = parseInt(colour.slice(1), 16);
    return [n >> 16, n >> 8 & 255, n & 255];
}
function mixed(a, b, share) {
    const [from, to] = [channels(a), channels(b)];
    return "#" + from.map((c, i) => Math.round(c + (to[i] - c) * share).toString(16)
        .padStart(2, "0")).join("");
}

class BlockMap {
    constructor(canvas, overlay, looks) {
        this.canvas = canvas;
        this.overlay = overlay;
        this.looks = looks;
        this.table = null;
        this.cursor = -1;
        this.ghosts = []; /* frames to draw: { first, n, colour, width } */
        this.changes = 0;
        this.hot = new Set();
        this.pending = new Set();
        this.shown = "";
    }

    /* COLOURS: ground, free, hatch, keptInk, keptPaper, edge, glow, ink and dim, as #rrggbb; and
     * glowMost, how much of a cell's colour a glow takes, up to 1. */
    setTheme(colours) {
        this.theme = colours;
        this.patterns = null;
        this.pixelColours = null;
        if (this.table)
            this.layout();
    }

    /* A new picture of the table, or null; NOW in seconds. */
    update(table, now) {
        const old = this.table;
        if (table === old)
            return;
        this.table = table;
        if (!table) {
            this.cursor = -1;
            this.hot.clear();
            this.pending.clear();
            this.clear();
            return;
        }
        if (!old || old.nblocks !== table.nblocks || old.start !== table.start) {
            this.drawn = new Uint16Array(table.nblocks).fill(LOOK.NONE);
            this.plain = new Uint16Array(table.nblocks);
            this.changedAt = new Float64Array(table.nblocks).fill(now);
            this.hot.clear();
            for (let block = 0; block < table.nblocks; block++)
                this.plain[block] = this.lookOf(block);
            this.layout();
            return;
        }
        for (let block = 0; block < table.nblocks; block++) {
            const look = this.lookOf(block);
            if (look === this.plain[block])
                continue;
            this.plain[block] = look;
            this.changedAt[block] = now;
            this.changes++;
            this.hot.add(block);
            this.pending.add(block);
        }
    }

    lookOf(block) {
        const entry = this.table.entries[block];
        return this.table.owner[block] |
            (entry === ENTRY.FREE || entry & ENTRY.IS_FIRST ? LOOK.BEGINS : 0) |
            (entry & ENTRY.HAS_NEXT ? 0 : LOOK.ENDS);
    }

    /* -- Where cells are -- */

    layout() {
        const scale = window.devicePixelRatio || 1, width = this.canvas.parentElement.clientWidth;
        if (!this.table || width === 0)
            return;
        const n = this.table.nblocks, narrow = width < 560;
        const most = Math.max(260, Math.min(560, window.innerHeight * 0.5)); /* the height */
        this.scale = scale;
        this.left = (narrow ? 58 : 74) * scale;
        this.top = 16 * scale;
        const room = width * scale - this.left;
        this.columns = 32;
        const tall = (columns) => Math.ceil(n / columns) * (room / columns) * 0.7 / scale;
        while (tall(this.columns) > most && room / this.columns / 2 >= 1)
            this.columns *= 2;
        this.rows = Math.ceil(n / this.columns);
        this.cell = room / this.columns;
        this.high = Math.min(this.cell * 1.2, Math.max(most * scale / this.rows, this.cell * 0.6));
        this.high = Math.max(1, this.high >= 3 ? Math.floor(this.high) : this.high);
        this.isSmall = Math.min(this.cell, this.high) < SMALL_CELL;
        if (this.isSmall)
            this.high = Math.max(1, Math.round(this.high));
        const right = Math.round(width * scale);
        const bottom = Math.ceil(this.top + this.high * this.rows);
        for (const canvas of [this.canvas, this.overlay]) {
            canvas.width = right;
            canvas.height = bottom;
            canvas.style.width = right / scale + "px";
            canvas.style.height = bottom / scale + "px";
        }
        this.patterns = this.pixelColours = this.pixels = null;
        this.drawn.fill(LOOK.NONE);
        for (let block = 0; block < n; block++)
            this.pending.add(block);
        this.clear();
        this.drawScale();
        this.shown = "";
    }

    clear() {
        if (!this.theme)
            return;
        const g = this.canvas.getContext("2d");
        g.fillStyle = this.theme.ground;
        g.fillRect(0, 0, this.canvas.width, this.canvas.height);
        this.overlay.getContext("2d").clearRect(0, 0, this.overlay.width, this.overlay.height);
    }

    /* Addresses at the left edge, and above what is added to them. */
    drawScale() {
        const g = this.canvas.getContext("2d"), { scale, table } = this;
        g.fillStyle = this.theme.dim;
        g.font = `${(this.left / scale < 70 ? 9.5 : 11) * scale}px ui-monospace, monospace`;
        g.textBaseline = "middle";
        const every = Math.max(1, Math.ceil(15 * scale / this.high));
        for (let row = 0; row < this.rows; row += every)
            g.fillText("0x" + addressOf(table, row * this.columns).toString(16).padStart(8, "0"), 0,
                this.top + (row + 0.5) * this.high);
        const marks = this.left / scale < 70 ? 2 : 4;
        for (let i = 0; i < marks; i++) {
            const kilobytes = i * this.columns / marks * table.blockBytes / 1024;
            g.fillText(i === 0 ? "+0" : kilobytes >= 1024 ? `+${kilobytes / 1024} MB` :
                `+${kilobytes} KB`, this.left + i * this.columns / marks * this.cell, 7 * scale);
        }
    }

    blockAt(x, y) {
        if (!this.table || !this.columns)
            return -1;
        const column = Math.floor((x * this.scale - this.left) / this.cell);
        const row = Math.floor((y * this.scale - this.top) / this.high);
        const block = row * this.columns + column;
        const inside = column >= 0 && column < this.columns && row >= 0;
        return inside && block < this.table.nblocks ? block : -1;
    }

    /* N blocks in rows: the rectangle of each row's part. */
    rectangles(first, n) {
        const parts = [];
        for (let block = first; n > 0;) {
            const column = block % this.columns, k = Math.min(n, this.columns - column);
            const x = Math.round(this.left + column * this.cell);
            const y = Math.round(this.top + Math.floor(block / this.columns) * this.high);
            parts.push([x, y, Math.round(this.left + (column + k) * this.cell) - x,
                Math.round(this.high)]);
            block += k;
            n -= k;
        }
        return parts;
    }

    /* -- Painters -- */

    /* The three looks that are no live allocation: free is empty, "not ours" is hatched, "kept"
     * has dots. */
    makePatterns() {
        const { theme, scale } = this, size = Math.round(6 * scale);
        const make = (paper, draw) => {
            const tile = document.createElement("canvas");
            tile.width = tile.height = size;
            const g = tile.getContext("2d");
            g.fillStyle = paper;
            g.fillRect(0, 0, size, size);
            draw(g);
            return this.canvas.getContext("2d").createPattern(tile, "repeat");
        };
        this.patterns = {
            "not ours": make(theme.ground, (g) => {
                g.strokeStyle = theme.hatch;
                g.lineWidth = 1.4 * scale;
                for (const d of [-size, 0, size]) {
                    g.beginPath();
                    g.moveTo(d - 1, size + 1);
                    g.lineTo(d + size + 1, -1);
                    g.stroke();
                }
            }),
            kept: make(theme.keptPaper, (g) => {
                g.fillStyle = theme.keptInk;
                for (const [x, y] of [[1.5, 1.5], [4.5, 4.5]]) {
                    g.beginPath();
                    g.arc(x * scale, y * scale, 1.05 * scale, 0, 7);
                    g.fill();
                }
            }),
            free: theme.free,
        };
    }

    /* Of a bar, so that it stands out from the ground in either theme, however pale it is. */
    outlineOf(owner) {
        const { theme } = this, { name, colour } = this.looks[owner] ?? {};
        return { free: theme.hatch, kept: theme.keptInk }[name] ??
            mixed(colour ?? "#ff00ff", theme.ink, 0.5);
    }

    paintCell(g, block, look) {
        const name = this.looks[look & LOOK.OWNER]?.name, glow = look >> LOOK.GLOW_SHIFT;
        const [[x, y, width, height]] = this.rectangles(block, 1);
        g.fillStyle = this.theme.ground;
        g.fillRect(x, y, width, height);
        const margin = Math.max(1, Math.round(Math.min(width, height) * 0.07));
        const from = x + (look & LOOK.BEGINS ? margin : 0);
        const to = x + width - (look & LOOK.ENDS ? margin : 0);
        const fill = (colour) => {
            g.fillStyle = colour;
            g.fillRect(from, y + margin, to - from, height - 2 * margin);
        };
        fill(this.patterns[name] ?? this.looks[look & LOOK.OWNER]?.colour ?? "#ff00ff");
        if (name !== "not ours") {
            g.fillStyle = this.outlineOf(look & LOOK.OWNER);
            g.fillRect(from, y + margin, to - from, 1);
            g.fillRect(from, y + height - margin - 1, to - from, 1);
            if (look & LOOK.BEGINS)
                g.fillRect(from, y + margin, 1, height - 2 * margin);
            if (look & LOOK.ENDS)
                g.fillRect(to - 1, y + margin, 1, height - 2 * margin);
        }
        if (look & LOOK.BEGINS && !(look & LOOK.ENDS) && !this.patterns[name]) {
            g.fillStyle = this.theme.edge;
            g.fillRect(from, y + margin, Math.max(2, margin), height - 2 * margin);
        }
        if (glow) {
            g.globalAlpha = this.theme.glowMost * glow / GLOW_LEVELS;
            fill(this.theme.glow);
            g.globalAlpha = 1;
        }
    }

    /* The colour of a small cell as a word of an ImageData. Patterns are by turns two colours, and
     * the first cell of a bar is darker, or lighter. */
    pixelColour(look, block) {
        const owner = look & LOOK.OWNER, name = this.looks[owner]?.name;
        const odd = (block + Math.floor(block / this.columns)) % 2;
        const isEdge = (look & (LOOK.BEGINS | LOOK.ENDS)) === LOOK.BEGINS;
        const glow = look >> LOOK.GLOW_SHIFT, key = ((owner * 2 + isEdge) * 2 + odd) * 16 + glow;
        this.pixelColours ??= new Uint32Array(256 * 64);
        if (this.pixelColours[key] === 0) {
            const { theme } = this;
            const plain = { free: theme.free, "not ours": odd ? theme.hatch : theme.ground,
                kept: odd ? theme.keptInk : theme.keptPaper }[name] ?? this.looks[owner]?.colour;
            const inked = mixed(plain ?? "#ff00ff", theme.ground, isEdge ? 0.6 : 0);
            const [r, g, b] = channels(mixed(inked, theme.glow,
                theme.glowMost * glow / GLOW_LEVELS));
            this.pixelColours[key] = (255 << 24 | b << 16 | g << 8 | r) >>> 0;
        }
        return this.pixelColours[key];
    }

    paintPixels(g, blocks) {
        const width = this.canvas.width - Math.floor(this.left), top = Math.floor(this.top);
        this.pixels ??= g.createImageData(width, Math.ceil(this.high * this.rows));
        const words = new Uint32Array(this.pixels.data.buffer);
        let least = Infinity, most = -1;
        for (const block of blocks) {
            const column = block % this.columns, row = Math.floor(block / this.columns);
            const x0 = Math.floor(column * this.cell), x1 = Math.floor((column + 1) * this.cell);
            const y0 = row * this.high, y1 = y0 + this.high;
            const colour = this.pixelColour(this.drawn[block], block);
            for (let y = y0; y < y1; y++)
                words.fill(colour, y * width + x0, y * width + Math.min(x1, width));
            least = Math.min(least, y0);
            most = Math.max(most, y1);
        }
        if (most >= 0)
            g.putImageData(this.pixels, Math.floor(this.left), top, 0, least, width, most - least);
    }

    /* Draws what has changed. NOW in seconds, as update()'s. */
    draw(now) {
        if (!this.table || !this.columns)
            return;
        const todo = [];
        for (const block of this.hot) {
            const age = (now - this.changedAt[block]) / GLOW_SECONDS;
            const level = age < 1 ? Math.ceil(GLOW_LEVELS * (1 - age) ** 2) : 0;
            if (level === 0)
                this.hot.delete(block);
            const look = this.plain[block] | level << LOOK.GLOW_SHIFT;
            if (look !== this.drawn[block]) {
                this.drawn[block] = look;
                todo.push(block);
                this.pending.delete(block);
            }
        }
        for (const block of this.pending)
            if (this.plain[block] !== this.drawn[block] && !this.hot.has(block)) {
                this.drawn[block] = this.plain[block];
                todo.push(block);
            }
        this.pending.clear();
        const g = this.canvas.getContext("2d");
        if (this.isSmall) {
            this.paintPixels(g, todo);
        } else if (todo.length) {
            if (!this.patterns)
                this.makePatterns();
            for (const block of todo)
                this.paintCell(g, block, this.drawn[block]);
        }
        this.drawOverlay();
    }

    drawOverlay() {
        const { table, cursor, theme } = this, frames = [...this.ghosts];
        if (cursor >= 0 && cursor < table.nblocks) {
            const isFree = table.entries[cursor] === ENTRY.FREE;
            const first = isFree ? cursor : table.first[cursor];
            const n = isFree ? 1 : lengthOf(table, first);
            frames.push({ first, n, colour: theme.ink, width: 2 });
            if (n > 1)
                frames.push({ first: cursor, n: 1, colour: theme.ink, width: 1 });
        }
        const wanted = JSON.stringify(frames);
        if (wanted === this.shown)
            return;
        this.shown = wanted;
        const g = this.overlay.getContext("2d");
        g.clearRect(0, 0, this.overlay.width, this.overlay.height);
        for (const { first, n, colour, width = 2 } of frames) {
            g.strokeStyle = colour;
            g.lineWidth = width * this.scale;
            for (const [x, y, w, h] of this.rectangles(first, n))
                g.strokeRect(x, y, Math.max(w, 2), Math.max(h, 2));
        }
    }

    /* The look of owner I for the legend, on a small canvas. */
    paintKey(canvas, i) {
        const g = canvas.getContext("2d"), { name, colour } = this.looks[i];
        this.scale ??= window.devicePixelRatio || 1;
        if (!this.patterns)
            this.makePatterns();
        g.fillStyle = this.patterns[name] ?? colour;
        g.fillRect(0, 0, canvas.width, canvas.height);
        g.strokeStyle = this.theme.dim;
        g.strokeRect(0.5, 0.5, canvas.width - 1, canvas.height - 1);
    }
}
