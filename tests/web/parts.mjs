/*
 * The page's parts without a page: terminal.js, guest.js, inside.js and pc.js under node, over
 * memory that is made up here. What is expected is written by hand. Prints TAP.
 *
 *     node parts.mjs FOLDER       the one with the scripts
 */
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { Tap } from "./tap.mjs";

/* One world for all scripts, as in a page; no document but what the terminal asks for. */
const element = () => ({ addEventListener() {}, replaceChildren() {}, querySelector: element,
    children: [], style: {} });
const world = vm.createContext({ TextDecoder, performance, setTimeout, console });
for (const name of ["guest", "inside", "terminal", "pc"])
    vm.runInContext(fs.readFileSync(path.join(process.argv[2], `${name}.js`), "utf8"), world, name);
const of = (name) => vm.runInContext(name, world);
const tap = new Tap();
/* Values of that world compare as JSON, as it has classes of its own. */
const same = (got, wanted, name) => tap.same(got, wanted, name);

/* -- The terminal -- */

function terminal(text) {
    const Terminal = of("Terminal"), it = new Terminal(element(), () => {});
    for (const byte of Buffer.from(text, "utf8"))
        it.byte(byte);
    return it;
}
/* Rows of the screen without those that are empty at its end, and the cursor. */
function screen(it) {
    const rows = it.lines.slice(it.top).map(String);
    while (rows.length && rows.at(-1) === "")
        rows.pop();
    return [rows, [it.row, it.column]];
}
const shows = (text, rows, cursor, name) => same(screen(terminal(text)), [rows, cursor], name);

shows("one\r\ntwo", ["one", "two"], [1, 3], "text, carriage return and line feed");
shows("abc\b\bX", ["aXc"], [0, 2], "backspace goes back, and erases nothing");
shows("a\tb", ["a       b"], [0, 9], "a tab leads to every eighth column");
shows("\x1b[3;5Hx\x1b[Ay\x1b[3Dz\x1b[2Bw\x1b[Cv", ["", "   z y", "    x", "    w v"], [3, 7],
    "the cursor is addressed and moved");
shows("\x1b[99;99Hx\x1b[99A\x1b[99Dy", ["y", ...Array(22).fill(""), " ".repeat(79) + "x"], [0, 1],
    ".. and stays on the screen");
shows("\x1b[5dx\x1b[3Gy", ["", "", "", "", "x y"], [4, 3], "row and column alone");
shows("a".repeat(80), ["a".repeat(80)], [0, 79], "a full line does not wrap yet");
shows("a".repeat(81), ["a".repeat(80), "a"], [1, 1], ".. but with the next character");
shows("a".repeat(80) + "\r\nb", ["a".repeat(80), "b"], [1, 1], ".. and not with a line feed");
shows("\x1b[?7l" + "a".repeat(80) + "b", ["a".repeat(79) + "b"], [0, 79], "wrapping can be off");
shows("é€x", ["é€x"], [0, 3], "characters of several bytes have one column");

shows("abcdef\x1b[1;4H\x1b[K", ["abc"], [0, 3], "K erases to the line's end");
shows("abcdef\x1b[1;4H\x1b[1K", ["    ef"], [0, 3], "1K erases up to the cursor, with it");
shows("abcdef\x1b[1;4H\x1b[2Kx", ["   x"], [0, 4], "2K erases the line");
shows("a\r\nbbb\r\nc\x1b[2;2H\x1b[J", ["a", "b"], [1, 1], "J erases what is below");
shows("a\r\nbbb\r\nc\x1b[2;2H\x1b[1J", ["", "  b", "c"], [1, 1], "1J erases what is above");
shows("a\r\nbbb\r\nc\x1b[2J", [], [2, 1], "2J erases all, and moves nothing");

const look = (text) => terminal(text).lines[0].looks[0];
const RED = "#e06c60", GREEN = "#7fc07a";
same(look("\x1b[31mx"), `color:${RED};`, "SGR 31 is red");
same(look("\x1b[1;31;42mx"), `color:${RED};background:${GREEN};font-weight:bold;`,
    ".. with others in one sequence");
same(look("\x1b[31;42;7mx"), `color:${GREEN};background:${RED};`, "7 swaps");
same(look("\x1b[31m\x1b[mx"), "", "and no number ends all");
same(look("\x1b[38;5;196mx"), "color:rgb(255,0,0);", "colours of 256");
same(look("\x1b[48;5;232mx"), "background:rgb(8,8,8);", ".. greys");
same(look("\x1b[38;2;1;2;3mx"), "color:rgb(1,2,3);", ".. and of 24 bits");
same(look("\x1b[91mx"), "color:#ff8a7d;", ".. and bright ones");
same(look("\x1b[4;2mx"), "opacity:.6;text-decoration:underline;", "dim and underlined");
same(look("\x1b[1;4;31mx\x1b[0m").includes("bold"), true, "what is written keeps its look");
same(terminal("\x1b[42m\x1b[K").lines[0].looks[9], `background:${GREEN};`,
    "what is erased takes the background");

const lines = (n) => Array.from({ length: n }, (_, i) => `${i}`).join("\r\n");
shows(lines(24) + "\x1b[2;4r\x1b[4;1H\r\nx",
    ["0", "2", "3", "x", ...Array.from({ length: 20 }, (_, i) => `${i + 4}`)], [3, 1],
    "a region scrolls alone");
shows("a\r\nb\r\nc\x1b[3;2r\x1b[24;1H\nx", ["b", "c", ...Array(21).fill(""), "x"], [23, 1],
    "one whose bottom is above its top is ignored");
shows("a\x1b[5;5r\x1b[24;1H\n\x1b[9S", [], [23, 0], ".. and one of a single row");
shows("a\r\nb\r\nc\x1b[S", ["b", "c"], [2, 1].map((n) => n), "S scrolls");
same(terminal(lines(30)).lines.length, 30, "lines that leave the top are kept");
same(terminal("x\r\n".repeat(3000)).lines.length <= 1500, true, ".. but not all of them");

shows("\x1b[5;5H\x1b7\x1b[H\x1b8x", ["", "", "", "", "    x"], [4, 5], "7 and 8 save the cursor");
shows("\x1b[5;5H\x1b[s\x1b[H\x1b[ux", ["", "", "", "", "    x"], [4, 5], "and so do s and u");
same(look("\x1b[31m\x1b7\x1b[0m\x1b8x"), `color:${RED};`, ".. with its colours");
shows("abc\x1b8x", ["xbc"], [0, 1], "what was not saved is the first place");
shows("main\x1b[?1049h\x1b[Hother\x1b[?1049l", ["main"], [0, 4], "the other screen goes again");
same(terminal("\x1b[?25l").showsCursor, false, "the cursor can be hidden");

for (const [name, bad] of [["an unknown letter", "\x1b[5z"], ["an unknown mode", "\x1b[?77h"],
    ["a colour that is cut off", "\x1b[38;5m"], ["a colour without numbers", "\x1b[38m"],
    ["a title", "\x1b]0;title\x07"], ["a character set", "\x1b(B"], ["a lone escape", "\x1bz"],
    ["numbers without end", `\x1b[${"1;".repeat(60)}`.slice(0, 60) + "m"]])
    tap.ok(screen(terminal(`${bad}ok`))[0].join("").endsWith("ok"),
        `${name} ends, and text goes on`);
{
    let state = 1;
    const random = (n) => (state = Math.imul(state, 1103515245) + 12345 >>> 0) / 2 ** 32 * n | 0;
    const PARTS = ["\x1b[", "\x1b", ";", "?", "r", "S", "H", "J", "K", "m", "38", "5", "2", "99",
        "h", "l", "1049", "\n", "\r", "\b", "\t", "x", "é", "\x1b]", "\x07", "u", "s"];
    let text = "", error = "";
    for (let i = 0; i < 60000; i++)
        text += PARTS[random(PARTS.length)];
    try {
        const it = terminal(text);
        if (it.row > 23 || it.column > 79 || it.row < 0 || it.column < 0)
            error = `the cursor is at ${it.row}, ${it.column}`;
    } catch (e) {
        error = e.stack;
    }
    same(error, "", "60000 parts of sequences in any order do no harm");
}

/* -- Guest memory -- */

/* 4 MB at address 0; the kernel's table says that blocks begin at 1 MB. */
const MAP = 0x1000, ENTRIES = 0x2000, OWNERS = 0x3000, SMALL = 0x4000, BITS = 0x8000,
    DIRECTORY = 0xa000, TABLE = 0xb000, WORDS = 0xc000, START = 0x100000, NBLOCKS = 64;
const SMALL_OWNER = 3, MIDDLE_OWNER = 4;
function guest(design = 0) {
    const memory = new Uint8Array(4 << 20), view = new DataView(memory.buffer);
    const put = (address, ...words) =>
        words.forEach((word, i) => view.setUint32(address + 4 * i, word >>> 0, true));
    put(MAP, 0x70616d68, 2, 4096, 12, NBLOCKS, START, ENTRIES, OWNERS, DIRECTORY, SMALL, BITS, 256,
        8, design, 0xd0000000, WORDS, WORDS + 4, WORDS + 8, WORDS + 12, 16);
    const READ = (address, nbytes) => memory.subarray(address, address + nbytes);
    const table = () => of("readTable")(READ, MAP, 12);
    const take = (block, n, owner) => {
        for (let i = 0; i < n; i++) {
            memory[ENTRIES + block + i] = n === 1 ? 0x41 : i === 0 ? 0xc1 : i < n - 1 ? 0x81 : 1;
            memory[OWNERS + block + i] = owner;
        }
    };
    /* The window: its first pages are those of 2 MB on. */
    const mapWindow = (n) => {
        put(DIRECTORY + 4 * 0x340, TABLE | 3);
        for (let i = 0; i < n; i++)
            put(TABLE + 4 * i, 0x200000 + 4096 * i | 3);
    };
    return { memory, put, READ, table, take, mapWindow };
}

{
    const g = guest(), { memory, take, table } = g;
    take(2, 3, 7);
    take(5, 1, 5);
    take(10, 2, 5);
    const t = table();
    same([t.nblocks, t.wrong, Array.from(t.owner.slice(0, 12)), Array.from(t.first.slice(2, 6))],
        [64, 0, [0, 0, 7, 7, 7, 5, 0, 0, 0, 0, 5, 5], [2, 2, 2, 5]],
        "the table: owners and firsts");
    same([0, 2, 5, 6, 12].map((block) => of("lengthOf")(t, block)), [2, 3, 1, 4, 52],
        "lengths of runs and allocations");
    same(of("freeRuns")(t), [{ first: 0, n: 2 }, { first: 6, n: 4 }, { first: 12, n: 52 }],
        "free runs");
    same([of("bestFit")(of("freeRuns")(t), 3)?.first, of("bestFit")(of("freeRuns")(t), 99)],
        [6, null], ".. of which the best one is found, or none");
    tap.ok(of("readTable")(g.READ, MAP, 12, undefined, t) === t, "without a change it is the same");
    memory[ENTRIES + 3] = 0x55;
    same([table().wrong > 0, of("readTable")(g.READ, MAP, 11), of("readTable")(g.READ, 0, 12)],
        [true, null, null], "a wrong byte is counted; other owners or no kernel give no table");
    tap.ok(/11/.test(of("whyNoTable")(g.READ, MAP, 11)), ".. and why can be said");
}

/* A slab: objects of 1000 bytes, of which the first and the third are free. */
{
    const { put, take, table } = guest();
    take(4, 1, SMALL_OWNER);
    put(SMALL + 16 * 4, 1000);
    put(BITS + 32 * 4, 0b0101);
    const t = table(), slab = of("slabAt")(t, 4);
    same(slab, { size: 1000, count: 4, live: [false, true, false, true] }, "a slab's bits");
    const inside = of("insideOf")(t, 4);
    same([Array.from(inside.from), Array.from(inside.kinds)],
        [[0, 96, 1096, 2096, 3096], ["rest", "live", "free", "live", "free"]],
        ".. lie from the block's end down, with a rest");
    same([inside.sayOf(inside.at(3096)), inside.sayOf(inside.at(95)), inside.at(4096)],
        ["0x00104c18: object 0, free", "0x00104000: no room for an object", -1],
        ".. and each is told where it is");
    same([of("slabAt")(t, 5), (put(SMALL + 64, 5000), of("slabAt")(table(), 4))], [null, null],
        "another block is none, nor one with objects larger than it");
}

/* A span of 8 blocks: 3 units taken, 20 free, the rest taken. */
{
    const { memory, put, take, table } = guest(), bits = BITS + 32 * 8;
    const tag = (unit, value) => {
        memory[bits + 2 * unit] = value & 255;
        memory[bits + 2 * unit + 1] = value >> 8;
    };
    take(8, 8, MIDDLE_OWNER);
    same(of("spanAt")(table(), 8).runs, [{ unit: 0, units: 128, taken: false }],
        "a spare span without tags is one free run");
    tag(0, 0x400 | 3);
    tag(3, 0x100 | 20);
    tag(23, 0x400 | 105);
    const wanted = [{ unit: 0, units: 3, taken: true }, { unit: 3, units: 20, taken: false },
        { unit: 23, units: 105, taken: true }];
    same([of("spanAt")(table(), 8).runs, of("spanAt")(table(), 13).first], [wanted, 8],
        "a span's runs of units, the same from each of its blocks");
    const inside = of("insideOf")(table(), 13);
    same([inside.nbytes, Array.from(inside.from), inside.sayOf(1)],
        [32768, [0, 768, 5888], "0x00108300: 20 units of 256 bytes, free"], ".. as pieces");
    tag(3, 0);
    same(of("spanAt")(table(), 8).runs.length, 1, "a tag that is being written ends the runs");
    put(0, 0);
}

/* Page walks: 4 KB, 4 MB, and what is absent in either table. */
{
    const { memory, put, table } = guest(), t = table();
    put(DIRECTORY + 4 * 0x340, TABLE | 3);
    put(TABLE + 4 * 5, 0x00123000 | 3);
    put(DIRECTORY + 4 * 0x300, 0x00400000 | 0x83);
    const walk = (virtual) => of("walk")(t, virtual);
    same([walk(0xd0005678).physical, walk(0xd0005678).steps.map((step) => step.name)],
        [0x123678, ["directory[832]", "table[5]"]], "a page of 4 KB is found by two tables");
    same([walk(0xc0123456).physical, walk(0xc0123456).steps.length], [0x523456, 1],
        "one of 4 MB by one");
    same([walk(0xd0006000).physical, walk(0xd0006000).steps.length, walk(0x1000).physical],
        [null, 2, null], "what is absent is found nowhere");
    memory[0x123ffe] = 7;
    same([Array.from(of("readVirtual")(t, 0xd0005ffe, 2)), of("readVirtual")(t, 0xd0005ffe, 4)],
        [[7, 0], null], "what is read must be mapped to its end");
}

/* The window of a free list: headers sealed by hand. */
const seal = (address, nbytes, next, state) =>
    state ^ address ^ Math.imul(nbytes, 0x9e3779b1) ^ Math.imul(next, 0x85ebca6b);
const FREE = 0x66726565, TAKEN = 0x74616b6e, WINDOW = 0xd0000000;
{
    const { put, table, mapWindow } = guest(1);
    const block = (at, nbytes, next, state) =>
        put(0x200000 + at, seal(WINDOW + at, nbytes, next, state), nbytes, next);
    mapWindow(2);
    put(WORDS, WINDOW + 0x2000, WINDOW + 0x100);
    block(0, 0x100, 0, TAKEN);
    block(0x100, 0xf00, 0, FREE);
    block(0x1000, 0x1000, 0, TAKEN);
    const seen = () => of("windowBlocks")(table()).map((b) =>
        [b.address - WINDOW, b.nbytes, b.live, b.damaged]);
    same(seen(), [[0, 0x100, true, false], [0x100, 0xf00, false, false],
        [0x1000, 0x1000, true, false]], "a free list's window, block by block");
    const pieces = of("insideOfWindow")(table());
    same([Array.from(pieces.from), Array.from(pieces.kinds), pieces.sayOf(pieces.at(0x108))],
        [[0, 16, 0x100, 0x110, 0x1000, 0x1010],
            ["header", "live", "header", "free", "header", "live"],
            "0xd0000100: free, 3.8 KB with a header of 16 bytes"], ".. as pieces");
    tap.ok(of("insideOfWindow")(table(), pieces) === pieces, ".. which stay where no byte changes");
    put(0x200000 + 0x100, 1);
    const changed = of("insideOfWindow")(table(), pieces);
    same([changed !== pieces, changed.kinds[2], seen()[1]],
        [true, "bad", [0x100, 0xf00, false, true]], "a wrong seal is damage, and is seen");
    put(0x200000 + 0x104, 8);
    same(seen().length, 1, "a size below a header ends the list");
    put(0x200000 + 0x104, 0x10000);
    same(seen().length, 1, ".. and so does one beyond the break");
    put(0x200000 + 0x104, 0xf00);
    put(TABLE + 4, 0);
    same(seen().length, 2, ".. and a page that is absent");
    put(WORDS, WINDOW);
    same(seen(), [], "an empty window has no blocks");
}

/* Best fit: each allocation names the one before and the next; gaps have no headers. */
{
    const { put, table, mapWindow } = guest(2);
    mapWindow(1);
    put(WORDS, WINDOW + 0x800, WINDOW + 0x40);
    put(0x200040, 0, 0x40, 0, WINDOW + 0x100);
    put(0x200100, 0, 0x80, WINDOW + 0x40, 0);
    const seen = () => of("windowBlocks")(table()).map((b) =>
        [b.address - WINDOW, b.nbytes, b.live, b.header]);
    same(seen(), [[0, 0x40, false, 0], [0x40, 0x40, true, 16], [0x80, 0x80, false, 0],
        [0x100, 0x80, true, 16], [0x180, 0x680, false, 0]], "best fit: allocations, and gaps");
    put(0x20004c, WINDOW + 0x40);
    same(seen().length, 3, "a list that goes back ends, and what is left is a gap");
    put(0x200044, 0);
    same(seen(), [], "a header without a size ends it");
    same(of("windowBlocks")(guest(0).table()), null, "the block table has no window");
}

/* -- Very many pieces -- */

{
    const Pieces = of("Pieces"), Strip = of("Strip");
    const pieces = new Pieces(0, 16 * 100000, "", String);
    for (let i = 0; i < 100000; i++)
        pieces.add(16 * i, 16, i === 70001 ? "bad" : i % 10 ? "live" : "free", i);
    const bars = [];
    Strip.prototype.eachBar.call({ thing: pieces }, (...bar) => bars.push(bar));
    tap.ok(bars.length <= 4000 && bars.every(([, , kind], i) =>
        kind === (i === Math.floor(70001 * 16 / 400) ? "bad" : "live")),
    `100000 pieces are ${bars.length} bars, in the colour of the most, and damage shows`);
    same([bars[0][0], bars.at(-1)[1]], [0, 1600000], ".. from the first to the last byte");
}

/* -- The prompt -- */

/* A PC with a made-up kernel: it echoes, and answers by ANSWER(line). */
function machine(answer) {
    const said = { died: [], sent: "" }, Pc = of("Pc");
    const pc = new Pc({ byte() {}, prompt() {}, died: (why) => said.died.push(why), fault() {} });
    const hear = (text) => {
        for (const code of Buffer.from(text, "latin1"))
            pc.hear(code);
    };
    let line = "";
    pc.emulator = { is_running: () => true, run() {}, serial0_send(bytes) {
        said.sent += bytes;
        for (const byte of bytes)
            if (byte === "\x15") {
                hear("\b".repeat(line.length) + " ".repeat(line.length) + "\b".repeat(line.length));
                line = "";
            } else if (byte === "\r") {
                const taken = line;
                line = "";
                hear("\r\n" + answer(taken));
            } else {
                line += byte;
                hear(byte);
            }
    } };
    return { pc, hear, said };
}
{
    const { pc, hear, said } = machine((line) => `  it was ${line}\nplat> `);
    hear("boot\nplat> ");
    same([pc.prompts, pc.isAtPrompt], [1, true], "a prompt is seen");
    hear("x plat> ");
    same(pc.prompts, 1, ".. where it begins a line");
    pc.reset();
    hear("plat> ");
    same(await pc.type("one"), "one\n  it was one\nplat> ", "a line has its answer");
    pc.send("begun");
    same(await pc.type("two"), "two\n  it was two\nplat> ",
        ".. and its own where somebody has begun another");
    same(await Promise.all([pc.type("three"), pc.type("four")]),
        ["three\n  it was three\nplat> ", "four\n  it was four\nplat> "], ".. and in their order");
    same(pc.commands.map(({ text }) => text), ["one", "two", "three", "four"],
        "commands are known as the kernel took them");
    hear("\nuser says panic: the machine stands still\n");
    same(said.died, [], "a panic is no part of a line");
    hear("\x1b[31mpanic: the machine stands still\n");
    same(said.died.length, 1, ".. but a whole one, in any colour");
}
{
    const { pc, hear, said } = machine(() => "working\n");
    hear("plat> ");
    const lost = pc.type("long").catch((error) => error.message);
    await new Promise((done) => setTimeout(done, 20));
    pc.start++;
    pc.wake();
    same(await lost, "the machine was started anew", "a restart takes a line's answer");
    const other = pc.type("more").catch((error) => error.message);
    same(await other, "a command still runs, and Ctrl-C ends it", "a command that runs takes none");
    same(said.sent, "long\r", ".. as nothing was typed into it");
    pc.emulator = null;
    pc.reset();
    const waiting = pc.type("later").catch((error) => error.message);
    await new Promise((done) => setTimeout(done, 20));
    pc.emulator = machine(() => "").pc.emulator;
    pc.emulator.serial0_send = () => hear("later\r\n done\nplat> ");
    hear("plat> ");
    same(await waiting, "later\n done\nplat> ", "between two machines a line waits for its prompt");
}
{
    const { pc, hear } = machine(() => "");
    const began = performance.now();
    hear("plat> y\n");
    for (let i = 0; i < 40; i++)
        hear("x ".repeat(50000) + "\n");
    tap.ok(performance.now() - began < 20000 && pc.text.length <= 2 << 20 && pc.heard > 4000000,
        `of ${pc.heard} characters the last ${pc.text.length} are kept`);
}

tap.end();
