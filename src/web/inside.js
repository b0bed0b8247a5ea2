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

/* What BLOCK holds: { title, pieces: [{ from, nbytes, kind, text }], nbytes, start } with pieces in
 * the order of addresses, or null where nobody divides it. */
function insideOf(t, block) {
    const slab = slabAt(t, block);
    if (slab) {
        const live = slab.live.filter(Boolean).length, end = t.blockBytes, pieces = [];
        for (let i = slab.count - 1; i >= 0; i--)
            pieces.push({ from: end - (i + 1) * slab.size, nbytes: slab.size,
                kind: slab.live[i] ? "live" : "free",
                text: `object ${i}, ${slab.live[i] ? "live" : "free"}` });
        const rest = end - slab.count * slab.size;
        if (rest)
            pieces.unshift({ from: 0, nbytes: rest, kind: "rest", text: "no room for an object" });
        return { pieces, nbytes: end, start: addressOf(t, block),
            title: `Objects of ${slab.size} bytes: ${live} of ${slab.count} are live` };
    }
    const span = spanAt(t, block);
    if (!span)
        return null;
    const pieces = span.runs.map(({ unit, units, taken }) => ({ from: unit * span.unitBytes,
        nbytes: units * span.unitBytes, kind: taken ? "live" : "free",
        text: `${units} units of ${span.unitBytes} bytes, ${taken ? "taken" : "free"}` }));
    const taken = pieces.filter((p) => p.kind === "live").length;
    return { pieces, nbytes: t.map[HEAP_MAP.SPAN_BLOCKS] * t.blockBytes,
        start: addressOf(t, span.first),
        title: `A span of ${t.map[HEAP_MAP.SPAN_BLOCKS]} blocks: ${taken} allocations, in units ` +
            `of ${span.unitBytes} bytes` };
}

/* The window as such a thing. */
function insideOfWindow(t) {
    const blocks = windowBlocks(t);
    if (!blocks)
        return null;
    const start = t.map[HEAP_MAP.WINDOW_START], live = blocks.filter((b) => b.live).length;
    const end = readWord(t.READ, t.map[HEAP_MAP.WINDOW_BREAK]), pieces = [];
    let free = 0;
    for (const { address, nbytes, live, header, damaged } of blocks) {
        const from = address - start;
        const text = `${damaged ? "overwritten" : live ? "live" : "free"}, ${bytesText(nbytes)}` +
            (header ? ` with a header of ${header} bytes` : "");
        if (header)
            pieces.push({ from, nbytes: header, kind: damaged ? "bad" : "header",
                text, whole: { from, nbytes } });
        pieces.push({ from: from + header, nbytes: nbytes - header, kind: live ? "live" : "free",
            text, whole: { from, nbytes } });
        free += live ? 0 : nbytes;
    }
    return { pieces, nbytes: end - start, start,
        title: `The window from ${hex8(start)} to the break at ${hex8(end)}: ${live} live, ` +
            `${blocks.length - live} free pieces with ${bytesText(free)}` };
}

/* A strip in rows: the pieces of what insideOf() or insideOfWindow() says. */
class Strip {
    /* COLOURS(kind) is a colour of the theme. SAY is told of the piece under the pointer. */
    constructor(canvas, colours, say) {
        this.canvas = canvas;
        this.colours = colours;
        this.thing = null;
        this.shown = "";
        canvas.hidden = true;
        canvas.addEventListener("pointermove", (event) => {
            const piece = this.pieceAt(event.offsetX, event.offsetY);
            const address = piece && this.thing.start + (piece.whole ?? piece).from;
            say(piece ? `${hex8(address)}: ${piece.text}` : "");
        });
        canvas.addEventListener("pointerleave", () => say(""));
    }

    /* Draws THING, or nothing where it is null, if it is another than before. */
    show(thing) {
        const width = this.canvas.parentElement.clientWidth;
        const wanted = thing ? JSON.stringify([width, thing.start, thing.nbytes,
            this.colours("live"), thing.pieces.map((p) => [p.from, p.kind])]) : "";
        if (wanted === this.shown || (thing && width === 0))
            return;
        this.shown = wanted;
        this.thing = thing;
        this.canvas.hidden = !thing;
        if (thing)
            this.draw(width);
    }

    draw(width) {
        const { thing, canvas } = this, scale = window.devicePixelRatio || 1;
        /* Rows short enough that the smallest usual piece, of 16 bytes, can still be seen. */
        const rows = Math.min(16, Math.max(1, Math.ceil(thing.nbytes / (width * 4))));
        this.rowBytes = Math.ceil(thing.nbytes / rows / 256) * 256;
        this.high = rows > 4 ? 12 : 18;
        this.perByte = width / this.rowBytes;
        const used = Math.ceil(thing.nbytes / this.rowBytes);
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(used * this.high * scale);
        canvas.style.width = width + "px";
        canvas.style.height = used * this.high + "px";
        const g = canvas.getContext("2d");
        g.scale(scale, scale);
        for (const { from, nbytes, kind } of thing.pieces) {
            g.fillStyle = this.colours(kind);
            for (let at = from, end = from + nbytes; at < end;) {
                const row = Math.floor(at / this.rowBytes), next = (row + 1) * this.rowBytes;
                const x = (at % this.rowBytes) * this.perByte, to = Math.min(end, next);
                const w = (to - at) * this.perByte;
                g.fillRect(x, row * this.high + 1, Math.max(w - (w > 3 ? 1 : 0.2), 0.4),
                    this.high - 2);
                at = to;
            }
        }
    }

    pieceAt(x, y) {
        if (!this.thing)
            return null;
        const at = Math.floor(y / this.high) * this.rowBytes + x / this.perByte;
        return this.thing.pieces.find((p) => at >= p.from && at < p.from + p.nbytes) ?? null;
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
    module.exports = { insideOf, insideOfWindow, hexDump };
