/*
 * The guest's memory as the kernel publishes it: heap_map of version 2
 * (include/memory/kheap/heap_map.h), the block table, small and middle objects, the window of a
 * heap that grows, and page walks. Pure: READ(address, nbytes) gives the guest's physical memory.
 */
"use strict";

const HEAP_MAP = {
    MAGIC: 0x70616d68, VERSION: 2, WORDS: 20, MOST_BLOCKS: 1 << 20,
    BLOCK_BYTES: 2, NOWNERS: 3, NBLOCKS: 4, START: 5, ENTRIES: 6, OWNERS: 7, DIRECTORY: 8,
    SMALL: 9, BITS: 10, UNIT_BYTES: 11, SPAN_BLOCKS: 12, DESIGN: 13, WINDOW_START: 14,
    WINDOW_BREAK: 15, FIRST: 16, PIECES: 17, NPIECES: 18, HEADER_BYTES: 19,
};
const FREE_LIST = 1, BEST_FIT = 2;

/* The five bytes of the table. */
const ENTRY = { FREE: 0x00, IS_FIRST: 0x40, HAS_NEXT: 0x80 };
const ENTRY_MEANING = {
    0x00: "free", 0x41: "taken, the only block", 0xc1: "taken, the first of several",
    0x81: "taken, inside of several", 0x01: "taken, the last of several",
};
const OWNER_NAMES = ["free", "not ours", "kept", "small", "middle", "kernel", "paging", "shell",
    "guarded", "window", "device", "process"];

function readWord(READ, address) {
    const b = READ(address, 4);
    return (b[0] | b[1] << 8 | b[2] << 16 | b[3] << 24) >>> 0;
}
function readWords(READ, address, n) {
    const bytes = READ(address, 4 * n).slice(), view = new DataView(bytes.buffer);
    return Array.from({ length: n }, (_, i) => view.getUint32(4 * i, true));
}
function sameBytes(a, b) {
    if (a.length !== b.length)
        return false;
    for (let i = 0; i < a.length; i++)
        if (a[i] !== b[i])
            return false;
    return true;
}

/* Why the page can't read the table of the kernel that runs there: a sentence; null where it can,
 * or where there is no kernel yet. */
function whyNoTable(READ, heapMapAddress, nowners) {
    const [magic, version, , found] = readWords(READ, heapMapAddress, 4);
    if (magic !== HEAP_MAP.MAGIC)
        return null;
    if (version !== HEAP_MAP.VERSION)
        return `This kernel's heap_map has version ${version}; this page reads version ` +
            `${HEAP_MAP.VERSION}.`;
    if (found !== nowners)
        return `This kernel's heap_map tells of ${found} owners, its owner_looks of ${nowners}.`;
    return null;
}

/* The table of this moment; null where there is no kernel, no heap, or one that can't be read.
 * NAMES are the owners'. Where nothing has changed since LAST, it is LAST. */
function readTable(READ, heapMapAddress, nowners, names = OWNER_NAMES, last = null) {
    const map = readWords(READ, heapMapAddress, HEAP_MAP.WORDS);
    const nblocks = map[HEAP_MAP.NBLOCKS];
    if (map[0] !== HEAP_MAP.MAGIC || whyNoTable(READ, heapMapAddress, nowners) ||
        nblocks === 0 || nblocks > HEAP_MAP.MOST_BLOCKS)
        return null;
    const entries = READ(map[HEAP_MAP.ENTRIES], nblocks);
    const tags = READ(map[HEAP_MAP.OWNERS], nblocks);
    if (last && last.READ === READ && last.map.every((word, i) => word === map[i]) &&
        sameBytes(last.entries, entries) && sameBytes(last.tags, tags))
        return last;
    return examine({
        READ, map, names, nblocks, blockBytes: map[HEAP_MAP.BLOCK_BYTES],
        start: map[HEAP_MAP.START], entries: entries.slice(), tags: tags.slice(),
    });
}

/* Adds to T, by block, its owner and where its allocation begins (a free block: itself), and how
 * many bytes are none of the five or stand in a wrong order. */
function examine(t) {
    const owner = new Uint8Array(t.nblocks), first = new Uint32Array(t.nblocks);
    let at = 0, wrong = 0, inside = false;
    for (let block = 0; block < t.nblocks; block++) {
        const entry = t.entries[block];
        const begins = entry === ENTRY.FREE || (entry & ENTRY.IS_FIRST) !== 0;
        if (inside === begins || (entry !== 0 && entry !== 0x41 && entry !== 0xc1 &&
            entry !== 0x81 && entry !== 0x01))
            wrong++;
        if (begins)
            at = block;
        first[block] = at;
        owner[block] = entry === ENTRY.FREE ? 0 : t.tags[at];
        inside = (entry & ENTRY.HAS_NEXT) !== 0;
    }
    return Object.assign(t, { owner, first, wrong });
}

/* How many blocks the allocation, or the free blocks in a row, from BLOCK on are. */
function lengthOf(t, block) {
    let end = block;
    if (t.entries[block] === ENTRY.FREE) {
        while (end < t.nblocks && t.entries[end] === ENTRY.FREE)
            end++;
        return end - block;
    }
    while (end < t.nblocks - 1 && t.entries[end] & ENTRY.HAS_NEXT)
        end++;
    return end - block + 1;
}

function freeRuns(t) {
    const runs = [];
    for (let block = 0; block < t.nblocks;) {
        if (t.entries[block] !== ENTRY.FREE) {
            block++;
            continue;
        }
        const n = lengthOf(t, block);
        runs.push({ first: block, n });
        block += n;
    }
    return runs;
}

/* The shortest of RUNS with N blocks or more, the lowest of equals; null where none has. */
function bestFit(runs, n) {
    let best = null;
    for (const run of runs)
        if (run.n >= n && (!best || run.n < best.n))
            best = run;
    return best;
}

/* The block that holds the physical ADDRESS; it may be none of the table's. */
function blockOf(t, address) {
    return Math.floor((address - t.start) / t.blockBytes);
}
function addressOf(t, block) {
    return t.start + block * t.blockBytes;
}
function ownerName(t, block) {
    return t.names[t.owner[block]] ?? `owner ${t.owner[block]}`;
}

/* The small objects in BLOCK: object I begins at the block's end - (I + 1) * size. */
function slabAt(t, block) {
    if (ownerName(t, block) !== "small")
        return null;
    const size = readWord(t.READ, t.map[HEAP_MAP.SMALL] + 16 * block);
    if (size === 0 || size > t.blockBytes)
        return null;
    const count = Math.floor(t.blockBytes / size), live = [];
    const bits = readWords(t.READ, t.map[HEAP_MAP.BITS] + 32 * block, 8);
    for (let i = 0; i < count; i++)
        live.push((bits[i >> 5] >>> (i & 31) & 1) === 0);
    return { size, count, live };
}

/* The middle ones in the blocks around BLOCK: runs of units, taken or free. */
function spanAt(t, block) {
    if (ownerName(t, block) !== "middle")
        return null;
    const LENGTH = 0xff, FREE = 0x100, TAKEN = 0x400, UNITS_A_BLOCK = 16;
    const units = UNITS_A_BLOCK * t.map[HEAP_MAP.SPAN_BLOCKS], first = t.first[block], runs = [];
    const words = readWords(t.READ, t.map[HEAP_MAP.BITS] + 32 * first, units / 2);
    if (!(words[0] & (FREE | TAKEN)))
        runs.push({ unit: 0, units, taken: false });
    for (let unit = 0; unit < units && words[0] & (FREE | TAKEN);) {
        const tag = words[unit >> 1] >>> 16 * (unit & 1) & 0xffff;
        if ((tag & LENGTH) === 0)
            break; /* a write to them is on its way */
        runs.push({ unit, units: tag & LENGTH, taken: (tag & TAKEN) !== 0 });
        unit += tag & LENGTH;
    }
    return { first, unitBytes: t.map[HEAP_MAP.UNIT_BYTES], runs };
}

/* How the processor finds VIRTUAL, table by table; physical is null where it is not mapped. */
function walk(t, virtual) {
    const PRESENT = 1, LARGE = 0x80, steps = [];
    const step = (name, at) => {
        const value = readWord(t.READ, at);
        steps.push({ name, at, value });
        return value;
    };
    virtual >>>= 0;
    const large = virtual >>> 22, small = virtual >>> 12 & 0x3ff;
    const entry = step(`directory[${large}]`, t.map[HEAP_MAP.DIRECTORY] + 4 * large);
    if (!(entry & PRESENT))
        return { steps, physical: null };
    if (entry & LARGE)
        return { steps, physical: ((entry & 0xffc00000) | (virtual & 0x3fffff)) >>> 0 };
    const page = step(`table[${small}]`, ((entry & 0xfffff000) >>> 0) + 4 * small);
    const physical = page & PRESENT ? ((page & 0xfffff000) | (virtual & 0xfff)) >>> 0 : null;
    return { steps, physical };
}

/* NBYTES of virtual memory; null where not all of it is mapped. */
function readVirtual(t, virtual, nbytes) {
    const PAGE = 4096, bytes = new Uint8Array(nbytes);
    for (let done = 0; done < nbytes;) {
        const n = Math.min(nbytes - done, PAGE - (virtual + done) % PAGE);
        const { physical } = walk(t, virtual + done);
        if (physical === null)
            return null;
        bytes.set(t.READ(physical, n), done);
        done += n;
    }
    return bytes;
}

/* The physical address of a virtual page; null where it is not mapped. Each table is read once. */
function pageFinder(t) {
    const PRESENT = 1, LARGE = 0x80, directory = t.map[HEAP_MAP.DIRECTORY];
    let large = -1, entry = 0, table = null;
    return (page) => {
        if (page >>> 22 !== large) {
            large = page >>> 22;
            entry = readWord(t.READ, directory + 4 * large);
            table = entry & PRESENT && !(entry & LARGE) ?
                readWords(t.READ, (entry & 0xfffff000) >>> 0, 1024) : null;
        }
        if (!(entry & PRESENT))
            return null;
        if (!table)
            return ((entry & 0xffc00000) | (page & 0x3ff000)) >>> 0;
        const small = table[page >>> 12 & 0x3ff];
        return small & PRESENT ? (small & 0xfffff000) >>> 0 : null;
    };
}

/* Puts FROM into TO at AT; whether that changed it. A word at a time, as windows are large. */
function putBytes(to, at, from) {
    const n = from.length >> 2, wanted = from.byteOffset & 3 ? from.slice() : from;
    const a = new Uint32Array(to.buffer, at, n), b = new Uint32Array(wanted.buffer,
        wanted.byteOffset, n);
    for (let i = 0; i < n; i++)
        if (a[i] !== b[i]) {
            to.set(from, at);
            return true;
        }
    return false;
}

/* The window's raw bytes, as far as they are mapped: { start, end, bytes, mapped, hasChanged };
 * null where kmalloc is no heap that grows. It is LAST, brought up to date, where that has room. */
function windowImage(t, last = null) {
    const PAGE = 4096;
    if (t.map[HEAP_MAP.DESIGN] === 0)
        return null;
    const start = t.map[HEAP_MAP.WINDOW_START];
    const end = Math.max(start, readWord(t.READ, t.map[HEAP_MAP.WINDOW_BREAK]));
    const first = readWord(t.READ, t.map[HEAP_MAP.FIRST]), find = pageFinder(t);
    const room = Math.ceil((end - start) / PAGE) * PAGE;
    let image = last, mapped = 0, hasChanged = false;
    if (!image || image.start !== start || image.bytes.length < room)
        image = { start, end, first, mapped: 0, bytes: new Uint8Array(room * 1.5) };
    while (mapped < room) {
        const physical = find(start + mapped);
        if (physical === null)
            break;
        if (putBytes(image.bytes, mapped, t.READ(physical, PAGE)))
            hasChanged = true;
        mapped += PAGE;
    }
    hasChanged ||= image !== last || image.end !== end || image.first !== first ||
        image.mapped !== mapped;
    return Object.assign(image, { end, first, mapped, hasChanged });
}

/* The window's blocks and free pieces, one behind the other, as arrays of numbers; they end early
 * where a header can't be read or makes no sense. STATE: 0 free, 1 live, 2 overwritten, 3 a gap
 * without a header. */
function blocksOfImage(t, { start, end, first, bytes, mapped }) {
    const FREE = 0x66726565, TAKEN = 0x74616b6e, header = t.map[HEAP_MAP.HEADER_BYTES];
    const view = new DataView(bytes.buffer);
    const blocks = { address: [], nbytes: [], state: [], header };
    const add = (address, nbytes, state) => {
        blocks.address.push(address);
        blocks.nbytes.push(nbytes);
        blocks.state.push(state);
    };
    /* The size of the block at an address; 0 where no block can be there. */
    const sizeAt = (address) => {
        const at = address - start, nbytes = at + 16 <= mapped ? view.getUint32(at + 4, true) : 0;
        return nbytes < Math.max(header, 1) || nbytes > end - address ? 0 : nbytes;
    };
    const word = (address, i) => view.getUint32(address - start + 4 * i, true);
    let address = start;
    if (t.map[HEAP_MAP.DESIGN] === FREE_LIST) {
        for (let nbytes; address < end && (nbytes = sizeAt(address)); address += nbytes) {
            const state = (word(address, 0) ^ address ^ Math.imul(nbytes, 0x9e3779b1) ^
                Math.imul(word(address, 2), 0x85ebca6b)) >>> 0;
            add(address, nbytes, state === TAKEN ? 1 : state === FREE ? 0 : 2);
        }
        return blocks;
    }
    for (let next = first; next >= address && next < end; next = word(next, 3)) {
        const nbytes = sizeAt(next);
        if (!nbytes)
            return blocks;
        if (next > address)
            add(address, next - address, 3);
        add(next, nbytes, 1);
        address = next + nbytes;
    }
    if (end > address)
        add(address, end - address, 3);
    return blocks;
}

/* The same as objects; one whose seal is wrong is `damaged`. null where kmalloc is no heap that
 * grows. */
function windowBlocks(t) {
    const image = windowImage(t);
    if (!image)
        return null;
    const { address, nbytes, state, header } = blocksOfImage(t, image);
    return address.map((at, i) => ({ address: at, nbytes: nbytes[i], live: state[i] === 1,
        header: state[i] === 3 ? 0 : header, damaged: state[i] === 2 }));
}

if (typeof module !== "undefined")
    module.exports = { readTable, whyNoTable, lengthOf, freeRuns, bestFit, blockOf, addressOf,
        ownerName, slabAt, spanAt, windowImage, blocksOfImage, windowBlocks, walk, readVirtual,
        readWord, HEAP_MAP, ENTRY, ENTRY_MEANING, OWNER_NAMES };
