/*
 * What is inside of a block: small objects, middle ones, or its bytes; and with a heap that grows
 * its window, with headers, live blocks and free pieces. Both are drawn on a canvas, and said in
 * words, too.
 */
"use strict";

const hex8 = (n) => "0x" + n.toString(16).padStart(8, "0");

/* A size for people: with one digit behind the point where there is a rest. */
function bytesText(n) {
    const KB = 1024, MB = 1024 * 1024;
    if (n < KB)
        return `${n} bytes`;
    const [unit, name] = n < MB ? [KB, "KB"] : [MB, "MB"];
    return `${(n / unit).toFixed(n % unit ? 1 : 0)} ${name}`;
}

/* Pieces in the order of addresses: numbers only, as a window may have hundreds of thousands. A
 * piece is of a KIND, which is its colour, and part of a WHOLE: a header and what is behind it.
 * TEXTOF(whole) is made where it is asked for. */
class Pieces {
    constructor(start, nbytes, title, textOf) {
        Object.assign(this, { start, nbytes, title, textOf });
        this.from = [];
        this.sizes = [];
        this.kinds = [];
        this.wholes = [];
    }
    get n() {
        return this.from.length;
    }
    add(from, nbytes, kind, whole) {
        this.from.push(from);
        this.sizes.push(nbytes);
        this.kinds.push(kind);
        this.wholes.push(whole);
    }
    /* The number of the piece at OFFSET; -1 where there is none. */
    at(offset) {
        let low = 0, high = this.n;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.from[middle] <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low > 0 && offset < this.from[low - 1] + this.sizes[low - 1] ? low - 1 : -1;
    }
    /* The first piece of the whole that piece I is part of; of the next whole; of the last one. */
    firstOf(i) {
        while (i > 0 && this.wholes[i - 1] === this.wholes[i])
            i--;
        return i;
    }
    next(i) {
        let next = i + 1;
        while (next < this.n && this.wholes[next] === this.wholes[i])
            next++;
        return next < this.n ? next : this.firstOf(i);
    }
    before(i) {
        return this.firstOf(Math.max(0, this.firstOf(i) - 1));
    }
    sayOf(i) {
        return `${hex8(this.start + this.from[this.firstOf(i)])}: ${this.textOf(this.wholes[i])}`;
    }
    isLike(other) {
        const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);
        return this === other || (other !== null && this.start === other.start &&
            this.title === other.title && this.nbytes === other.nbytes &&
            same(this.kinds, other.kinds) && same(this.from, other.from));
    }
}

/* What BLOCK holds, as pieces, or null where nobody divides it. */
function insideOf(t, block) {
    const slab = slabAt(t, block);
    if (slab) {
        const live = slab.live.filter(Boolean).length, end = t.blockBytes, REST = -1;
        const pieces = new Pieces(addressOf(t, block), end,
            `Objects of ${slab.size} bytes: ${live} of ${slab.count} are live`,
            (i) => i === REST ? "no room for an object" :
                `object ${i}, ${slab.live[i] ? "live" : "free"}`);
        const rest = end - slab.count * slab.size;
        if (rest)
            pieces.add(0, rest, "rest", REST);
        for (let i = slab.count - 1; i >= 0; i--)
            pieces.add(end - (i + 1) * slab.size, slab.size, slab.live[i] ? "live" : "free", i);
        return pieces;
    }
    const span = spanAt(t, block);
    if (!span)
        return null;
    const taken = span.runs.filter((run) => run.taken).length;
    const pieces = new Pieces(addressOf(t, span.first), t.map[HEAP_MAP.SPAN_BLOCKS] * t.blockBytes,
        `A span of ${t.map[HEAP_MAP.SPAN_BLOCKS]} blocks: ${taken} allocations, in units of ` +
        `${span.unitBytes} bytes`,
        (i) => `${span.runs[i].units} units of ${span.unitBytes} bytes, ` +
            (span.runs[i].taken ? "taken" : "free"));
    span.runs.forEach(({ unit, units, taken }, i) => pieces.add(unit * span.unitBytes,
        units * span.unitBytes, taken ? "live" : "free", i));
    return pieces;
}

/* The window as pieces; LAST itself where its bytes are the same. */
function insideOfWindow(t, last = null) {
    const image = windowImage(t, last?.image);
    if (!image || (last && image === last.image && !image.hasChanged))
        return image && last;
    const { address, nbytes, state, header } = blocksOfImage(t, image), { start, end } = image;
    const STATES = ["free", "live", "overwritten", "free"], GAP = 3;
    let live = 0, free = 0;
    for (let i = 0; i < address.length; i++) {
        live += state[i] === 1;
        free += state[i] === 1 ? 0 : nbytes[i];
    }
    const pieces = new Pieces(start, end - start,
        `The window from ${hex8(start)} to the break at ${hex8(end)}: ${live} live, ` +
        `${address.length - live} free pieces with ${bytesText(free)}`,
        (i) => `${STATES[state[i]]}, ${bytesText(nbytes[i])}` +
            (state[i] === GAP ? "" : ` with a header of ${header} bytes`));
    for (let i = 0; i < address.length; i++) {
        const from = address[i] - start, before = state[i] === GAP ? 0 : header;
        if (before)
            pieces.add(from, before, state[i] === 2 ? "bad" : "header", i);
        pieces.add(from + before, nbytes[i] - before, state[i] === 1 ? "live" : "free", i);
    }
    return Object.assign(pieces, { image });
}

const MOST_DRAWN = 4000; /* rectangles of a strip; more can't be told apart */

/* A strip in rows: pieces, one of which may be chosen by pointer, finger or keys. */
class Strip {
    /* COLOURS(kind) is a colour of the theme. SAY is told of the piece that is chosen. ACT(address)
     * is for a click, or Enter. */
    constructor(canvas, colours, say, act = null) {
        Object.assign(this, { canvas, colours, say, act });
        this.thing = null;
        this.chosen = -1; /* an offset, as pieces come and go */
        this.said = this.shown = "";
        canvas.hidden = true;
        const point = (event) => this.choose(this.offsetAt(event.offsetX, event.offsetY), false);
        canvas.addEventListener("pointermove", point);
        canvas.addEventListener("pointerdown", point);
        /* A finger leaves as soon as it has touched. */
        canvas.addEventListener("pointerleave", ({ pointerType }) =>
            pointerType !== "touch" && this.choose(-1, false));
        canvas.addEventListener("keydown", (event) => this.key(event));
        canvas.addEventListener("focus", () => canvas.matches(":focus-visible") &&
            this.chosen < 0 && this.choose(0, true));
        canvas.addEventListener("blur", () => this.choose(-1, false));
        canvas.addEventListener("click", () => this.actOn());
    }

    key(event) {
        const { thing } = this;
        if (!thing || !thing.n || event.ctrlKey || event.altKey || event.metaKey)
            return;
        const at = Math.max(0, thing.at(Math.max(0, this.chosen)));
        const piece = { ArrowLeft: () => thing.before(at), ArrowRight: () => thing.next(at),
            ArrowUp: () => thing.at(Math.max(0, thing.from[at] - this.rowBytes)),
            ArrowDown: () => thing.at(thing.from[at] + this.rowBytes),
            Home: () => 0, End: () => thing.firstOf(thing.n - 1) }[event.key]?.();
        if (event.key === "Enter" && this.act)
            this.actOn();
        else if (piece === undefined)
            return;
        else if (piece >= 0)
            this.choose(thing.from[thing.firstOf(piece)], true);
        event.preventDefault();
    }

    /* Says what is at OFFSET, and where it was chosen BYKEY, draws a frame around it. */
    choose(offset, byKey) {
        const isFramed = this.isFramed ?? false;
        this.chosen = offset;
        this.isFramed = byKey;
        const piece = this.thing && offset >= 0 ? this.thing.at(offset) : -1;
        const text = piece >= 0 ? this.thing.sayOf(piece) : "";
        if (text !== this.said)
            this.say(text);
        this.said = text;
        if ((byKey || isFramed) && this.thing && this.width)
            this.draw();
    }
    actOn() {
        const piece = this.thing && this.chosen >= 0 ? this.thing.at(this.chosen) : -1;
        if (piece >= 0)
            this.act?.(this.thing.start + this.thing.from[piece]);
    }

    /* Draws THING, or nothing where it is null, if it is another than before. */
    show(thing) {
        const width = this.canvas.parentElement.clientWidth;
        const shown = thing ? [width, this.colours("live"), this.colours("free")].join() : "";
        if (shown === this.shown && (thing ? thing.isLike(this.thing) : !this.thing))
            return;
        if (thing && width === 0)
            return;
        Object.assign(this, { shown, thing, width });
        this.canvas.hidden = !thing;
        if (!thing)
            return;
        this.draw();
        if (this.chosen >= 0)
            this.choose(this.chosen, this.isFramed);
    }

    draw() {
        const { thing, canvas, width } = this, scale = window.devicePixelRatio || 1;
        /* Rows short enough that the smallest usual piece, of 16 bytes, can still be seen. */
        const rows = Math.min(16, Math.max(1, Math.ceil(thing.nbytes / (width * 4))));
        this.rowBytes = Math.max(256, Math.ceil(thing.nbytes / rows / 256) * 256);
        this.high = rows > 4 ? 12 : 18;
        this.perByte = width / this.rowBytes;
        const used = Math.max(1, Math.ceil(thing.nbytes / this.rowBytes));
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(used * this.high * scale);
        canvas.style.width = width + "px";
        canvas.style.height = used * this.high + "px";
        const g = canvas.getContext("2d"), theme = {};
        g.scale(scale, scale);
        const bar = (from, end, put) => {
            for (let at = from; at < end;) {
                const row = Math.floor(at / this.rowBytes), next = (row + 1) * this.rowBytes;
                const x = (at % this.rowBytes) * this.perByte, to = Math.min(end, next);
                put(x, row * this.high + 1, (to - at) * this.perByte, this.high - 2);
                at = to;
            }
        };
        this.drawn = 0;
        this.eachBar((from, end, kind) => {
            g.fillStyle = theme[kind] ??= this.colours(kind);
            this.drawn++;
            bar(from, end, (x, y, w, h) =>
                g.fillRect(x, y, Math.max(w - (w > 3 ? 1 : 0.2), 0.4), h));
        });
        const piece = this.isFramed && this.chosen >= 0 ? thing.at(this.chosen) : -1;
        if (piece < 0)
            return;
        const first = thing.firstOf(piece);
        let last = first;
        while (last + 1 < thing.n && thing.wholes[last + 1] === thing.wholes[first])
            last++;
        g.strokeStyle = this.colours("frame");
        g.lineWidth = 2;
        bar(thing.from[first], thing.from[last] + thing.sizes[last], (x, y, w, h) =>
            g.strokeRect(x, y, Math.max(w, 2), h));
    }

    /* PUT(from, end, kind) for each piece; where there are very many, for some thousand slices,
     * each in the colour of which it has most, or as overwritten where something in it is. */
    eachBar(put) {
        const { n, from, sizes, kinds, nbytes } = this.thing;
        if (n <= MOST_DRAWN) {
            for (let i = 0; i < n; i++)
                put(from[i], from[i] + sizes[i], kinds[i]);
            return;
        }
        const slice = Math.ceil(nbytes / MOST_DRAWN);
        for (let i = 0, at = 0; i < n && at < nbytes; at += slice) {
            const end = Math.min(nbytes, at + slice), sums = {};
            while (i < n && from[i] < end) {
                const piece = from[i] + sizes[i];
                sums[kinds[i]] = (sums[kinds[i]] ?? 0) +
                    Math.max(0, Math.min(piece, end) - Math.max(from[i], at));
                if (piece > end)
                    break;
                i++;
            }
            const most = sums.bad ? "bad" :
                Object.keys(sums).reduce((a, b) => sums[b] > (sums[a] ?? 0) ? b : a, "free");
            if (sums[most])
                put(at, end, most);
        }
    }

    offsetAt(x, y) {
        return this.thing ? Math.floor(Math.floor(y / this.high) * this.rowBytes +
            x / this.perByte) : -1;
    }
}

/* The bytes at a physical address, in rows of PER_ROW, as text. */
function hexDump(t, address, nbytes, perRow) {
    const bytes = t.READ(address, nbytes), rows = [];
    for (let i = 0; i < nbytes; i += perRow) {
        const row = Array.from(bytes.slice(i, i + perRow));
        const numbers = row.map((b) => b.toString(16).padStart(2, "0")).join(" ");
        const letters = row.map((b) => b >= 32 && b < 127 ? String.fromCharCode(b) : ".").join("");
        rows.push(`${hex8(address + i)}  ${numbers}  ${letters}`);
    }
    return rows.join("\n");
}

if (typeof module !== "undefined")
    module.exports = { Pieces, Strip, insideOf, insideOfWindow, hexDump };
