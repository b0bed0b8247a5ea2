/*
 * The page in headless Chromium: its lessons, counts, heaps, ends and beginnings. Prints TAP.
 *
 *     node page.mjs CHROMIUM PAGE.html AGAIN.html PROGRAM.elf [PICTURES]
 *
 * AGAIN.html is the page made a second time. PROGRAM.elf is put on the page as a visitor would;
 * into the folder PICTURES go pictures of it.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import zlib from "node:zlib";
import { pathToFileURL } from "node:url";
import { launch } from "./cdp.mjs";
import { Tap, countsIn } from "./tap.mjs";

const [program, file, again, ownProgram, pictures] = process.argv.slice(2);
const url = pathToFileURL(path.resolve(file)).href;
const tap = new Tap(), browser = await launch(program);
const work = fs.mkdtempSync(path.join(os.tmpdir(), "plat-page."));
const js = JSON.stringify;

/* A page at the kernel's prompt. AFTER stands behind the address: ?heap=.. or #commands. */
async function open(after = "", screen = [1440, 1000]) {
    const page = await browser.page();
    await page.screen(...screen);
    await page.open(url + after);
    await page.until("window.plat?.prompts >= 1");
    return page;
}
const type = (page, line) => page.evaluate(`plat.type(${js(line)}, 120)`);
const boot = (page, options) => page.evaluate(`plat.boot(${js(options)}).then(() => true)`);
const picture = (page, name) => pictures && page.picture(path.join(pictures, `${name}.png`));

/* Each part has a page of its own; what it throws is its failure, and the others go on. ONLY in
 * the environment names one that is done alone. */
const only = (name) => !process.env.ONLY || process.env.ONLY === name;
async function part(name, run, after, screen) {
    let page;
    if (!only(name))
        return;
    try {
        page = await open(after, screen);
        await run(page);
        const faults = await page.evaluate("plat.faults");
        tap.same([...faults, ...page.errors], [], `${name}: no error in the page or its console`);
    } catch (error) {
        tap.ok(false, `${name}: the page answers`, error.stack);
    }
    await page?.close().catch(() => {});
}

/* -- Lessons -- */

/* The command of a lesson without which its claim is false, where that is not its last one. */
const KEY = { coalescing: "alloc 400K", trace: "trace dump" };
/* Which lesson comes before another, where that needs one. */
const AFTER = { "best-fit": "holes", equals: "holes", coalescing: "fragmentation",
    "first-fit": "headers", "best-piece": "pieces", "lowest-of-equals": "pieces" };
/* Lessons that claim that memory is afterwards as it was before. */
const UNCHANGED = ["double-free", "page-walk", "process-ends"];

/* What the page does for these tests: a lesson that lacks a command, a lesson that is whole, and
 * its claim over memory that no command has changed. */
const inPage = `(() => {
    const state = () => page.lessonPanel.state;
    /* CHECK of a lesson over T; what the lesson keeps stays as it is. */
    const check = (lesson, t, s) => {
        const keep = structuredClone(state().keep);
        try {
            return lesson.check(t, s)[0];
        } finally {
            state().keep = keep;
        }
    };
    /* All of the guest's memory, as it is now. */
    const frozen = () => {
        const t = page.picture(), memory = page.READ(0, page.machine.memory << 20).slice();
        return { ...t, READ: (address, nbytes) => {
            const bytes = new Uint8Array(nbytes);
            bytes.set(memory.subarray(address, address + nbytes));
            return bytes;
        } };
    };
    window.lessonTest = {
        /* The addresses that the command would have given are made up: the highest block's. */
        async lacking(lesson, key) {
            const { commands } = lesson;
            const at = key ? commands.lastIndexOf(key) : commands.length - 1;
            lesson.commands = commands.filter((_, i) => i !== at);
            const result = await plat.perform(lesson, true);
            lesson.commands = commands;
            const t = page.picture(), { addresses } = state();
            const made = [...addresses];
            while (made.length < (lesson.addresses ?? 0))
                made.push("0x" + (t.start + (t.nblocks - 1) * t.blockBytes).toString(16));
            if (at < 0 || /could not be done/.test(result[1]))
                throw new Error(result[1]);
            return { said: result[1],
                isTrue: check(lesson, t, { ...state(), addresses: made }) };
        },
        async whole(lesson) {
            const { before } = lesson;
            let then = null;
            lesson.before = (t, s) => {
                then = frozen();
                before?.(t, s);
            };
            const result = await plat.perform(lesson, true);
            lesson.before = before;
            if (!result[0])
                return { result };
            const t = page.picture(), all = (byte) => new Uint8Array(t.nblocks).fill(byte);
            const kernel = all(t.names.indexOf("kernel"));
            /* The same words of the kernel over a memory in which all is the kernel's. */
            const blank = { ...t, entries: all(0x41), owner: kernel, tags: kernel,
                first: Uint32Array.from(kernel, (_, block) => block),
                READ: (address, nbytes) => new Uint8Array(nbytes) };
            return { result, blank: check(lesson, blank, state()),
                untouched: check(lesson, then, state()) };
        },
    };
    return true;
})()`;

async function everyLesson(page) {
    const lessons = await page.evaluate("plat.lessons.map(({ id }) => ({ id }))");
    tap.ok(lessons.length >= 12, `there are ${lessons.length} lessons`);
    await page.evaluate(inPage);
    for (let i = 0; i < lessons.length; i++) {
        const { id } = lessons[i], lesson = `plat.lessons[${i}]`;
        const { result: [good, text], blank, untouched } =
            await page.evaluate(`lessonTest.whole(${lesson})`);
        tap.ok(good, `lesson ${i + 1}, ${id}: ${text.replaceAll("\n", "; ")}`, text);
        if (!good)
            continue;
        tap.same(blank, false, ".. which the kernel's words alone do not prove");
        if (!UNCHANGED.includes(id))
            tap.same(untouched, false, ".. nor does the memory of before");
    }
    tap.same(await page.evaluate("document.querySelectorAll('#lesson-list .good').length"),
        lessons.length, "each lesson's button is green");
    /* The bars of the last one are as long as their figures say. */
    const lines = await page.evaluate("document.querySelector('#verdict').textContent");
    const bars = [...lines.matchAll(/^(\u2588+)([\u2589-\u258f]?) ([\d.]+) (.*)$/gm)]
        .map(([, whole, part, figure, name]) => [name, Number(figure) - (whole.length +
            (part ? (0x2590 - part.charCodeAt(0)) / 8 : 0)) / 10]);
    tap.ok(bars.length === 4 && bars.every(([, error]) => Math.abs(error) < 0.02),
        `bars show what is live and what is held: ${bars.map(([name]) => name).join(", ")}`, lines);
    await picture(page, "lessons");
}

/* Each lesson without the command that matters, on a machine of its own; and one that lies. */
async function wrongClaims(page) {
    await page.evaluate(inPage);
    for (const { id, machine } of await page.evaluate(
        "plat.lessons.map(({ id, machine }) => ({ id, machine: machine ?? {} }))")) {
        const lesson = (name) => `plat.lessons.find(({ id }) => id === ${js(name)})`;
        await boot(page, machine);
        if (AFTER[id])
            await page.evaluate(`plat.perform(${lesson(AFTER[id])}, true)`);
        const { said, isTrue } = await page.evaluate(
            `lessonTest.lacking(${lesson(id)}, ${js(KEY[id] ?? null)})`);
        tap.same(isTrue, false, `${id} is not true without the command that matters: ` +
            said.replaceAll("\n", "; "));
    }
    const shown = await page.evaluate(`(async () => {
        const [lesson] = plat.lessons, { check } = lesson;
        lesson.check = (t, s) => [t.entries[blockOf(t, Number(s.addresses[0]))] === 0x41, "a lie"];
        const said = await plat.perform(lesson, true);
        lesson.check = check;
        const verdict = document.querySelector("#verdict");
        return { said, text: verdict.textContent, isBad: verdict.classList.contains("bad"),
            colour: getComputedStyle(verdict).color,
            button: document.querySelector("#lesson-list [aria-current]").className };
    })()`);
    const [red, green, blue] = shown.colour.match(/\d+/g).map(Number);
    tap.same([shown.said[0], shown.isBad, shown.button], [false, true, "bad"],
        "a wrong claim is told as wrong");
    tap.ok(red > green && red > blue, `.. and is red: ${shown.colour}`);
    tap.ok(/^\u2717 Not true: a lie$/.test(shown.text), ".. not by its colour alone", shown.text);
}

/* "Guess the block": a click on the map, right and wrong, and the score. */
async function guesses(page) {
    const lesson = (id) => `plat.lessons.find((lesson) => lesson.id === ${js(id)})`;
    const clickBlock = async (block) => {
        const [x, y] = await page.evaluate(`(() => {
            const overlay = document.querySelector("#map-overlay");
            overlay.scrollIntoView({ block: "center" });
            const { left, top, width, height } = overlay.getBoundingClientRect();
            for (let y = 1; y < height; y += 2)
                for (let x = 1; x < width; x += 2)
                    if (page.map.blockAt(x, y) === ${block})
                        return [left + x + 1, top + y + 1];
            return [0, 0];
        })()`);
        await page.click(x, y);
        return page.evaluate(`page.map.cursor === ${block}`);
    };
    /* Does lesson BEFORE, and guesses in lesson ID the block of EXPRESSION. */
    const choose = async (id, before, expression = "right") => {
        await page.evaluate(`plat.perform(${lesson(before)}, true)`);
        await page.evaluate(`window.answer = plat.perform(${lesson(id)}); 0`);
        await page.until("page.lessonPanel.takesGuess");
        tap.ok(await clickBlock(await page.evaluate(`(() => { const t = page.picture(),
            right = ${lesson(id)}.guess(t, page.lessonPanel.state);
            return ${expression}; })()`)), `${id}: a click chooses a block of the map`);
        const [good, text] = await page.evaluate("window.answer");
        tap.ok(good, `${id}: the kernel does what the page has said: ${text}`, text);
        return page.evaluate("document.querySelector('#score').textContent");
    };
    tap.same(await choose("best-fit", "holes"), "1 of 1 guesses were right",
        "a right guess counts");
    tap.same(await choose("best-fit", "holes", "freeRuns(t).at(-1).first"),
        "1 of 2 guesses were right", ".. and a wrong one does not");
    tap.same(await choose("equals", "holes"), "2 of 3 guesses were right",
        "of two equal holes the one that was freed last is right");
    tap.same(await choose("lowest-of-equals", "pieces"), "3 of 4 guesses were right",
        "of two equal pieces the lowest one is right");
    for (const id of ["equals", "lowest-of-equals"]) {
        await boot(page, await page.evaluate(`${lesson(id)}.machine`));
        await page.evaluate(`plat.perform(${lesson(id === "equals" ? "holes" : "pieces")}, true)`);
        for (let i = 0; i < 2; i++) {
            if (i === 1 && id === "equals") /* somebody frees them in the other order */
                for (const address of await page.evaluate(
                    "[...page.lessonPanel.state.keep.equals].reverse()"))
                    await type(page, `free ${address}`);
            const [good, text] = await page.evaluate(`plat.perform(${lesson(id)}, true)`);
            tap.ok(good, `${id} may be done ${i ? "again" : "at once"}: ${text}`, text);
        }
    }

    /* Holes of 68 blocks and, newer, 71: for the kernel's lists they are alike. */
    await boot(page, { heap: "block", words: "heap_size=8M" });
    const address = async (line) => / {2}(0x\w+)/.exec(await type(page, line))[1];
    const short = await address("alloc 272K");
    await type(page, "alloc 260K");
    const long = await address("alloc 284K");
    await type(page, "alloc 260K");
    await type(page, `free ${short}`);
    await type(page, `free ${long}`);
    tap.same(await page.evaluate(`${lesson("best-fit")}.guess(page.picture(), {})`), null,
        "nobody is asked to guess where the kernel may take another run than the shortest");
    const [good, text] = await page.evaluate(`plat.perform(${lesson("best-fit")}, true)`);
    tap.ok(!good && /too much alike/.test(text), `.. and nothing is claimed there: ${text}`, text);
}

/* -- Counts -- */

async function counts(page) {
    for (const line of ["heap", "alloc 64K 4", "alloc 100 500", "run stress 3000"]) {
        await type(page, line);
        const said = countsIn(await type(page, "heap"));
        tap.same(await page.evaluate("plat.counts()"), said,
            `after "${line}" the page counts what the shell counts`);
    }
    const screen = await page.evaluate("document.querySelector('#screen').innerText");
    tap.ok(/check: sound/.test(screen.replaceAll("\u00a0", " ")), "the kernel's screen shows it",
        screen);
    await page.until(`[...document.querySelectorAll("#legend li")].every((item) => {
        const [, name, count] = /^(.*?)\\s+([\\d,]+)$/.exec(item.textContent.trim());
        return plat.counts()[name] === Number(count.replaceAll(",", ""));
    })`, 10);
    tap.ok(true, "and the legend says so");
}

async function heaps(page) {
    for (const heap of ["free_list", "best_fit", "block"]) {
        await boot(page, { heap });
        await type(page, "alloc 100 500");
        const said = await type(page, "heap"), seen = await page.evaluate("plat.counts()");
        tap.same(seen, countsIn(said), `heap=${heap}: the page counts what the shell counts`);
        tap.ok((seen.window > 0) === (heap !== "block"),
            `.. ${seen.window} blocks are the window's frames`);
        const live = /(\d+) allocations, /.exec(said);
        const blocks = await page.evaluate(
            "windowBlocks(page.picture())?.filter(({ live }) => live).length ?? null");
        tap.same(blocks, live && Number(live[1]),
            `.. and ${blocks ?? "no"} blocks stand in a window`);
    }
}

async function threeHeaps() {
    if (!only("three heaps"))
        return;
    const page = await browser.page();
    try {
        await page.open(`${url}?three`);
        await page.until("window.plat?.prompts >= 1");
        await page.evaluate(`[...document.querySelectorAll("#commands button")]
            .find((button) => button.textContent === "alloc 24 2000").click()`);
        const { block, free_list, best_fit } = await page.until(
            "Object.keys(plat.answers).length === 3 && plat.answers");
        tap.ok(block > 0 && block < free_list && block < best_fit, "three heaps side by side " +
            `obey one command; small objects take ${block}, ${free_list}, ${best_fit} blocks`);
        const live = `Object.values(plat.live)`;
        await page.until(`${live}.join() === "48000,48000,48000"`, 10);
        tap.ok(true, ".. and each tells that 48,000 bytes are live");
        const said = ["", "alloc 2K 3", "  0x01000000", "  (1 more between)", "  0x01002000",
            "alloc 1M 9", "  0x01100000  block 256", "  no memory for 1048576 bytes (number 2)",
            "free 0x01002000", "  freed", "free 0x01001000", "  freed", "free 0x01000008",
            "heap: kfree(0x01000008) refused: not a first block", ""];
        const prompts = said.map((line) => /^(alloc|free)|^$/.test(line) ? `plat> ${line}` : line);
        tap.same(await page.evaluate(`new Asked().bytes(${js(`\n${prompts.join("\n")}`)})`),
            2048 + 1048576, ".. what is freed is live no more; what is refused changes nothing");
        const dashed = await page.evaluate(`(async () => {
            const { drawChart: draw } = window, canvas = document.createElement("canvas");
            canvas.style.cssText = "width: 400px; height: 200px";
            document.body.append(canvas);
            const now = performance.now() / 1000, ink = [];
            for (const lines of [{}, { block: [[now - 30, 130]] }]) {
                draw(canvas, { block: [[now - 30, 200]] }, lines);
                ink.push(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
                    .data.reduce((sum, byte, i) => sum + (i % 4 === 3 && byte > 200), 0));
            }
            canvas.remove();
            return ink[1] - ink[0];
        })()`);
        tap.ok(dashed > 20, `.. and the chart has a line of it: ${dashed} pixels`);
        tap.same(page.errors, [], "three heaps: no error in the page or its console");
        await picture(page, "three");
    } catch (error) {
        tap.ok(false, "three heaps answer", error.stack);
    }
    await page.close();
}

/* -- Ends, and new beginnings -- */

const startAgain = `document.querySelector("#trouble-again").click()`;
async function ends(page, line, wanted) {
    page.evaluate(`plat.type(${js(line)}, 60)`).catch(() => {});
    await page.until("!document.querySelector('#trouble').hidden");
    const said = await page.evaluate("document.querySelector('#trouble-text').textContent");
    tap.ok(wanted.test(said), `"${line}": the page says "${said}"`);
    await page.evaluate(startAgain);
    await page.until("plat.prompts >= 1 && document.querySelector('#trouble').hidden");
    tap.ok(/check: sound/.test(await type(page, "heap")), ".. and a button starts it again");
}
async function endings(page) {
    await ends(page, "fault text", /panicked/);
    await ends(page, "fault df", /emulator has given up/);
    await ends(page, "fault stack", /emulator has given up/);
    await ends(page, "run hostile", /emulator has given up/);
    page.errors = page.errors.filter((text) => !/panicked at src.rust/.test(text)); /* v86's */
    await page.evaluate("document.querySelector('#restart').click()");
    await page.until("plat.prompts >= 1");
    tap.ok(true, "Start again starts a machine that runs, too");
}

/* -- A visitor's own program -- */

async function ownPrograms(page) {
    const mine = path.join(work, "mine.elf"), wrong = path.join(work, "wrong.elf");
    fs.copyFileSync(ownProgram, mine);
    fs.writeFileSync(wrong, "This is no ELF file.\n".repeat(20));
    await page.choose("#programs", [mine]);
    await page.until("/mine\\.elf/.test(document.querySelector('#said').textContent)");
    const said = await type(page, "run mine of my own");
    tap.ok(/^Hello from ring 3/m.test(said), "a program of the visitor's own runs", said);

    await page.choose("#programs", [wrong]);
    await page.until("/wrong\\.elf/.test(document.querySelector('#said').textContent)");
    const words = await page.evaluate("document.querySelector('#said').textContent");
    tap.ok(/is no program.*ELF/.test(words), `what is none is refused: ${words}`);
    tap.ok(/mine/.test(await type(page, "programs")), ".. and the machine goes on");

    const dropped = await page.evaluate(`(async () => {
        const data = new DataTransfer();
        data.items.add(new File([plat.pc ? page.programs[0].bytes : ""], "dropped.elf"));
        for (const kind of ["dragover", "drop"])
            document.body.dispatchEvent(new DragEvent(kind,
                { dataTransfer: data, bubbles: true, cancelable: true }));
        return true;
    })()`);
    await page.until("/dropped\\.elf/.test(document.querySelector('#said').textContent)");
    tap.ok(dropped && /^Hello from ring 3/m.test(await type(page, "run dropped")),
        "a program that is dropped on the page runs as well");
}

/* -- Links -- */

async function links(page) {
    await page.until("/freed/.test(plat.text)");
    const text = await page.evaluate("plat.text");
    tap.ok(text.includes("plat> alloc 12K\n  0x01002000  block 2\nplat> free 0x01002000\n  freed"),
        "a link's commands are typed", text.slice(-300));
    tap.same(await page.evaluate("page.machine.memory"), 64, ".. on the machine that it names");
    tap.same(page.requests.filter((name) => !/^(file|data|blob):/.test(name)), [],
        "nothing is fetched from anywhere");
}
async function linkWithBlanks(page) {
    await page.until("/block 5/.test(plat.text)");
    tap.same(await page.evaluate("Array.from(page.picture().entries.slice(2, 6))"),
        [0xc1, 0x81, 0x01, 0x41], "a link may have its blanks encoded");
}

/* -- Buttons, and the machine's choices -- */

async function buttons(page) {
    const text = (id) => `document.querySelector("#${id}").textContent`;
    const press = (id) => page.evaluate(`document.querySelector("#${id}").click()`);
    await type(page, "alloc 12K");
    await press("link");
    await page.until("location.hash.includes('alloc')");
    const link = await page.evaluate("location.href");
    tap.ok(/\?heap=block&memory=32\S*#alloc%2012K$/.test(link),
        `Link to this is a link to this machine and its commands: ${link.split("/").pop()}`);
    await page.until(`/link that starts|address of this page/.test(${text("said")})`);
    tap.ok(true, ".. and the page says so");

    await press("pause");
    await page.until(`${text("pause")} === "Go on"`);
    const count = "plat.emulator.get_instruction_counter()", first = await page.evaluate(count);
    await page.evaluate("pauseFor(300)");
    tap.same([await page.evaluate(count) - first, await page.evaluate("plat.status")],
        [0, "paused"], "Pause stops the machine");
    await press("pause");
    await page.until(`${text("pause")} === "Pause" && ${count} !== ${first}`);
    tap.ok(/check: sound/.test(await type(page, "heap")), ".. and Go on lets it go on");

    const choose = async (id, value) => {
        const { start } = await page.evaluate("({ start: plat.pc.start })");
        await page.evaluate(`(() => {
            const field = document.querySelector("#${id}");
            field.value = ${js(value)};
            field.dispatchEvent(new Event("change", { bubbles: true }));
        })()`);
        await page.until(`plat.pc.start > ${start} && plat.prompts >= 1`);
    };
    await choose("memory", "64");
    tap.ok(/usable in all +\d+ K {2}\(6\d MB\)/.test(await page.evaluate("plat.text")),
        "a machine of 64 MB may be chosen");
    for (const [size, nblocks] of [["8M", 2048], ["4M", 1024]]) {
        await choose("heap-size", size);
        tap.same(await page.evaluate("page.picture().nblocks"), nblocks,
            `.. and a heap of ${size}: ${nblocks} blocks`);
    }
    await choose("heap-size", "");
    const all = await page.evaluate("page.picture().nblocks");
    tap.ok(all > 8192, `.. and all of its memory: ${all} blocks`);
}

/* What is inside of a slab, a span and a window, in words and drawn. */
async function insides(page) {
    const choose = async (command) => {
        const said = await type(page, command), [address] = /0x\w{8}/.exec(said);
        await page.evaluate(`page.map.cursor = blockOf(page.picture(), ${address}); 0`);
    };
    const title = (id) => page.evaluate(`document.querySelector("#${id}-title").textContent`);
    /* How many colours are on a strip, and whether it can be seen. */
    const drawn = (id) => page.until(`(() => {
        const canvas = document.querySelector("#${id}-strip"), colours = new Set();
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] === 255)
                colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
        return canvas.getClientRects().length > 0 && colours.size >= 2;
    })()`, 10);
    await choose("alloc 100 5");
    await page.until(`/^Objects of 112 bytes: 5 of 36/.test(
        document.querySelector("#inside-title").textContent)`, 10);
    tap.ok(await drawn("inside"), `a slab is drawn: ${await title("inside")}`);
    await choose("alloc 5000 3");
    await page.until(`/^A span of 8 blocks: 3 allocations/.test(
        document.querySelector("#inside-title").textContent)`, 10);
    tap.ok(await drawn("inside"), `a span is drawn: ${await title("inside")}`);
    tap.same(await page.evaluate("document.querySelector('#window').hidden"), true,
        "the block table has no window");
    for (const heap of ["free_list", "best_fit"]) {
        await boot(page, { heap });
        await type(page, "alloc 5000 3");
        const start = await page.evaluate("hex8(page.picture().map[HEAP_MAP.WINDOW_START])");
        await page.until(`/^The window from ${start} .*: [1-9]\\d* live/.test(
            document.querySelector("#window-title").textContent)`, 10);
        tap.ok(await drawn("window"), `heap=${heap}: ${await title("window")}`);
    }
}

/* -- How it looks, and who may use it -- */

async function phone(page) {
    const widths = await page.evaluate(`[document.documentElement.scrollWidth, innerWidth,
        [...document.querySelectorAll("body *")].filter((element) => {
            const box = element.getBoundingClientRect();
            return box.width && box.right > innerWidth + 1 &&
                !element.closest("#serial, #screen, #bytes, pre, #lesson-commands");
        }).map((element) => element.id || element.tagName).slice(0, 5)]`);
    tap.same(widths, [390, 390, []], "on a phone nothing is wider than the screen");
    const [good, text] = await page.evaluate("plat.perform(plat.lessons[0], true)");
    tap.ok(good, `.. and the first lesson is true there: ${text}`);
    await picture(page, "phone");
}

/* What must be readable: text that is there, and the words of a field that is still empty. The
 * kernel's screen has the kernel's colours. */
const TEXTS = "h1, h2, h3, p, a, button, select, input, code, li, label, summary, pre, " +
    "#about-text, #figures, #state, #score, #bytes, #serial .lines div, #serial .lines span";

/* In the page: the worst contrast of texts, and of the map's outlines against its ground. */
const contrasts = `(() => {
    const light = (colour) => {
        const parts = colour.startsWith("#") ? [1, 3, 5].map((i) =>
            parseInt(colour.slice(i, i + 2), 16)) : colour.match(/[\\d.]+/g).slice(0, 3);
        return parts.map((c) => c / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    };
    const contrast = (one, other) => {
        const [a, b] = [light(one), light(other)];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (!/^rgba\\(.*, 0\\)$|transparent/.test(colour))
                return colour;
        }
        return "rgb(255, 255, 255)";
    };
    const worstOf = (list) => list.sort((a, b) => a[0] - b[0])[0];
    const shown = [...document.querySelectorAll(${js(TEXTS)})].filter((element) =>
        element.getClientRects().length && !element.disabled && !element.closest("#screen") &&
        (element.innerText || element.placeholder || element.value));
    const texts = shown.map((element) => [
        contrast(getComputedStyle(element).color, ground(element)),
        element.id || element.textContent.trim().slice(0, 30) || element.tagName]);
    for (const field of shown.filter((element) => element.placeholder))
        texts.push([contrast(getComputedStyle(field, "::placeholder").color, ground(field)),
            "placeholder of " + field.id]);
    const { map, looks } = page, style = getComputedStyle(document.documentElement);
    const marks = looks.map(({ name }, i) => [contrast(map.outlineOf(i), map.theme.ground), name]);
    const lines = ["block", "free-list", "best-fit"].map((name) =>
        [contrast(style.getPropertyValue("--chart-" + name).trim(), map.theme.ground), name]);
    return { ground: ground(document.body), texts: worstOf(texts), count: shown.length,
        kinds: [...new Set(shown.map((element) => element.localName))],
        marks: worstOf([...marks, ...lines]) };
})()`;

async function schemes(page) {
    const grounds = [];
    await page.evaluate("plat.perform(plat.lessons[0], true)");
    await page.evaluate(`document.querySelectorAll("details").forEach((d) => { d.open = true; });
        page.map.cursor = 2; 0`);
    await page.until("document.querySelector('#bytes').textContent.length > 100 && " +
        "document.querySelector('#figures').textContent");
    for (const scheme of ["light", "dark"]) {
        await page.screen(1440, 1000, { scheme });
        await page.until(`document.documentElement.dataset.theme === "${scheme}" &&
            document.getAnimations().length === 0`, 20);
        const { ground, texts, kinds, count, marks } = await page.evaluate(contrasts);
        grounds.push(ground);
        tap.ok(texts[0] >= 4.5, `${scheme}: all of ${count} texts can be read; the least ` +
            `contrast is ${texts[0].toFixed(1)} (${texts[1]})`);
        tap.same(["h3", "summary", "a", "select", "input", "pre", "span"]
            .filter((kind) => !kinds.includes(kind)), [], ".. of all kinds");
        tap.ok(marks[0] >= 3, `${scheme}: all outlines of the map and lines of the chart can be ` +
            `seen; the least contrast is ${marks[0].toFixed(1)} (${marks[1]})`);
        await picture(page, scheme);
    }
    tap.ok(grounds[0] !== grounds[1], `the schemes differ: ${grounds.join(" and ")}`);

    /* A cell is drawn with that outline: the left edge of block 0, in the middle of its height. */
    const [[r, g, b], outline] = await page.evaluate(`(() => {
        const { map } = page, [[x, y, w, h]] = map.rectangles(map.table.nblocks - 1, 1);
        const margin = Math.max(1, Math.round(Math.min(w, h) * 0.07));
        map.draw(performance.now() / 1000 + 10);
        return [[...map.canvas.getContext("2d").getImageData(x + margin, y + (h >> 1), 1, 1).data],
            map.outlineOf(0)];
    })()`);
    tap.same("#" + [r, g, b].map((c) => c.toString(16).padStart(2, "0")).join(""), outline,
        "a free cell has an outline");

    await page.command("Emulation.setEmulatedMedia",
        { features: [{ name: "prefers-reduced-motion", value: "reduce" }] });
    await page.evaluate("setTheme('light')");
    tap.same(await page.evaluate("page.map.theme.glowMost"), 0,
        "nothing glows for those who want little motion");
}

/* All by keys: go to the field, type a command; go to the map, free what was given. */
async function keyboard(page) {
    const focus = () => page.evaluate("document.activeElement.id");
    const goTo = async (id, key = "Tab") => {
        for (let i = 0; i < 120; i++) {
            await page.key(key);
            if (await focus() === id)
                return true;
        }
        return false;
    };
    await page.evaluate("document.activeElement.blur()");
    tap.ok(await goTo("lesson-do"), "Tab leads to the lesson's button");
    await page.key("Enter");
    await page.until("document.querySelector('#verdict').className === 'good'");
    tap.ok(true, ".. and Enter does the lesson");
    tap.ok(await goTo("line"), "Tab leads to the field for commands");
    for (const letter of "alloc 8K")
        await page.key(letter);
    await page.key("Enter");
    await page.until("/alloc 8K\\n {2}0x/.test(plat.text)");
    tap.ok(true, ".. and Enter types the command");

    const block = await page.evaluate(
        "blockOf(page.picture(), Number(/alloc 8K\\n {2}(0x\\w+)/.exec(plat.text)[1]))");
    tap.ok(await goTo("map-overlay", "Shift+Tab"), "Shift+Tab leads to the map");
    await page.key("Home");
    for (let i = 0; i < block; i++)
        await page.key("ArrowRight");
    const about = `document.querySelector("#about-text").textContent`;
    await page.until(`${about}.includes("Block ${block} ")`);
    tap.ok(true, `.. where arrow keys lead to block ${block}, and the page says what it is`);
    await page.key("Enter");
    await page.until("/freed/.test(plat.text)");
    tap.ok(true, ".. and Enter frees it");

    tap.ok(await goTo("screen"), "Tab leads to the kernel's screen");
    for (const letter of "uptime")
        await page.key(letter);
    await page.key("Enter");
    await page.until("/uptime\\n.*ticks/.test(plat.text)");
    await page.key("Shift+Tab");
    tap.ok(await focus() !== "screen", ".. which takes keys, and Shift+Tab leaves it");
    const nameless = await page.evaluate(`[...document.querySelectorAll(
        "button, input, select, textarea, [tabindex], canvas[role], a")]
        .filter((element) => element.getClientRects().length)
        .filter((element) => !(element.getAttribute("aria-label") || element.textContent ||
            element.labels?.length || element.getAttribute("aria-labelledby")))
        .map((element) => element.outerHTML.slice(0, 80))`);
    tap.same(nameless, [], "all that can be used has a name");
}

/* What the emulator is made of has notices of its own, and the BIOS a place for its sources. */
async function licences(page) {
    await page.evaluate("document.querySelector('#about-page').open = true");
    const text = await page.until("document.querySelector('#licences').textContent");
    for (const [what, wanted] of [["SoftFloat", /by John R\. Hauser[^]*Regents of the/],
        ["Zstandard", /For Zstandard software[^]*Neither the name Facebook/],
        ["QEMU's floppy controller", /Hervé Poussineau\s+Permission is hereby granted/],
        ["SeaBIOS", /GNU LESSER GENERAL PUBLIC LICENSE[^]*GNU GENERAL PUBLIC LICENSE/]])
        tap.ok(wanted.test(text), `the page brings along the licence of ${what}`);
    const version = /^SeaBIOS (\S+) of Debian$/m.exec(text)?.[1];
    if (version)
        tap.ok(await page.evaluate(`[...document.querySelectorAll("#about-page a")].some(
            (a) => a.href === "https://snapshot.debian.org/package/seabios/${version}/")`),
        ".. and says where the sources of just this version are");
}

/* A browser that lacks what the page needs. */
async function oldBrowsers() {
    if (!only("old browsers"))
        return;
    for (const lack of ["WebAssembly", "DecompressionStream"]) {
        const page = await browser.page();
        await page.command("Page.addScriptToEvaluateOnNewDocument",
            { source: `delete window.${lack};` });
        await page.open(url);
        const said = await page.until(`(() => {
            const trouble = document.querySelector("#trouble");
            return trouble && !trouble.hidden && trouble.textContent.trim();
        })()`).catch((error) => error.message);
        tap.ok(said.includes(`has no ${lack}`), `without ${lack} the page says what it needs`,
            said);
        await page.close();
    }
}

function bytes() {
    const page = fs.readFileSync(file);
    tap.ok(page.equals(fs.readFileSync(again)), "the page is the same when it is made twice");
    tap.ok(page.length <= 1.6 * 1024 * 1024, `it has ${page.length} bytes, at most 1.6 MB`);
    const packed = zlib.gzipSync(page, { level: 9 }).length;
    tap.ok(packed <= 1024 * 1024, `.. and ${packed} compressed, at most 1 MB`);
}

try {
    bytes();
    await part("lessons", everyLesson);
    await part("wrong claims", wrongClaims);
    await part("guesses", guesses);
    await part("counts", counts);
    await part("heaps", heaps);
    await threeHeaps();
    await part("ends", endings);
    await part("own programs", ownPrograms);
    await part("links", links, "?memory=64#alloc 12K;free 0x01002000");
    await part("encoded links", linkWithBlanks, "#alloc%2012K;alloc%204K");
    await part("buttons", buttons);
    await part("insides", insides);
    await part("phone", phone, "", [390, 844, { mobile: true }]);
    await part("schemes", schemes);
    await part("keyboard", keyboard);
    await part("licences", licences);
    await oldBrowsers();
} finally {
    await browser.close();
    fs.rmSync(work, { recursive: true, force: true });
}
tap.end();
