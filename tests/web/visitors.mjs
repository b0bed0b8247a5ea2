/*
 * What visitors do to the page besides what it proposes: they stop lessons and start the machine
 * under them, type in between, leave by Shift+Tab, open odd addresses, go by keys, and send
 * messages. Prints TAP.
 *
 *     node visitors.mjs CHROMIUM PAGE.html
 */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { launch, pause } from "./cdp.mjs";
import { Tap } from "./tap.mjs";

const [program, file] = process.argv.slice(2);
const url = pathToFileURL(path.resolve(file)).href;
const tap = new Tap(), browser = await launch(program);
const js = JSON.stringify;
const type = (page, line) => page.evaluate(`plat.type(${js(line)}, 120)`);
const said = (page) => page.evaluate("document.querySelector('#said').textContent");

/* Each part has a page of its own. ONLY in the environment names one that is done alone. */
async function part(name, run, after = "") {
    if (process.env.ONLY && process.env.ONLY !== name)
        return;
    const page = await browser.page();
    try {
        await page.open(url + after);
        await page.until("window.plat?.prompts >= 1");
        await run(page);
        const faults = await page.evaluate("plat.faults");
        tap.same([...faults, ...page.errors], [], `${name}: no error in the page or its console`);
    } catch (error) {
        tap.ok(false, `${name}: the page answers`, error.stack);
    }
    await page.close().catch(() => {});
}

/* -- Lessons, and who does not let them end -- */

const verdict = (page) => page.evaluate(`(() => {
    const { textContent, className } = document.querySelector("#verdict");
    return [className, textContent,
        document.querySelector("#lesson-list [aria-current]").className];
})()`);
async function lessonsThatDoNotEnd(page) {
    const number = await page.evaluate("plat.lessons.findIndex(({ guess }) => guess)");
    const begin = async () => {
        await page.evaluate(`plat.perform(plat.lessons[${number - 1}], true)`);
        await page.evaluate(`window.answer = plat.perform(plat.lessons[${number}]); 0`);
        await page.until("page.lessonPanel.takesGuess");
    };
    await begin();
    const off = await page.evaluate(`[...document.querySelectorAll(
        "#commands button, #line, #machine-form select, #machine-form input")]
        .filter(({ disabled }) => !disabled).length`);
    tap.same([off, await page.evaluate("document.querySelector('#lesson-do').textContent")],
        [0, "Stop"], "while a lesson is done nothing else types, and its button is Stop");
    await page.evaluate("document.querySelector('#lesson-do').click()");
    const [good, why] = await page.evaluate("window.answer");
    tap.same([good, /stopped/.test(why)], [null, true], "Stop ends it");
    let [look, text, button] = await verdict(page);
    tap.same([look, /^\u2013 Not done: it could not be done/.test(text), button],
        ["undone", true, "undone"], ".. and what is not done is neither true nor false");
    tap.same(await page.evaluate(`[document.querySelector("#lesson-do").textContent,
        document.querySelector("#line").disabled]`), ["Do it", false], ".. and all is on again");

    await begin();
    await page.evaluate("document.querySelector('#restart').click()");
    tap.same(await page.evaluate("window.answer"),
        [null, "it could not be done: the machine was started anew"],
        "a machine that is started anew ends the lesson");
    await page.until("plat.prompts >= 1");

    await page.evaluate(`window.answer = plat.perform(plat.lessons[0]); 0`);
    await page.until("page.pc.commands.length > 0");
    await page.evaluate("plat.boot().catch(() => {}); 0");
    tap.same(await page.evaluate("window.answer"),
        [null, "it could not be done: the machine was started anew"],
        ".. also while its commands are typed");
    await page.until("plat.prompts >= 1");

    await page.evaluate(`page.pc.send("watch 30 terminal\\r")`);
    await page.until("page.pc.commands.at(-1)?.text === 'watch 30 terminal'");
    tap.same(await page.evaluate("plat.perform(plat.lessons[0], true)"),
        [null, "it could not be done: a command still runs, and Ctrl-C ends it"],
        "a lesson does not type into a command that runs");
    await page.evaluate(`page.pc.send("\\x03")`);
    await page.until("page.pc.isAtPrompt");
    tap.same(await page.evaluate("plat.perform(plat.lessons[0], true).then(([good]) => good)"),
        true, ".. and is done when that has ended");
}

/* -- Lines -- */

async function lines(page) {
    await page.evaluate(`page.pc.send("uptime nonsense")`);
    tap.ok(/^alloc 4K\n {2}0x\w+ .*\nplat> $/.test(await type(page, "alloc 4K")),
        "what somebody has begun to type is no part of a line, nor of its answer");
    const both = await page.evaluate(`(async () => {
        const ready = plat.boot(), line = plat.type("uptime");
        await ready;
        return line;
    })()`);
    tap.ok(/^uptime\n.*ticks/.test(both), "what is typed while a machine starts waits for it",
        both);
    const lost = await page.evaluate(`(async () => {
        const line = plat.type("run busy spin").catch((error) => error.message);
        await pauseFor(100);
        await plat.boot();
        return line;
    })()`);
    tap.same(lost, "the machine was started anew", "a line that a restart takes away is told");
    const error = await page.evaluate(`(async () => {
        const { terminal } = page, { byte } = terminal;
        terminal.byte = () => { throw new Error("made up"); };
        page.pc.emulator.serial0_send("u");
        await pauseFor(500);
        terminal.byte = byte;
        return [plat.faults.splice(0), page.pc.isDead];
    })()`);
    tap.same([error[0].length > 0 && error[0][0], error[1]], ["made up", false],
        "an error of the page is not told as one of the emulator");
}
async function twoLinks(page) {
    await page.evaluate(`location.hash = "#alloc 8K"; location.hash = "#alloc 12K;uptime"; 0`);
    await page.until("/uptime\\n.*ticks/.test(plat.text)");
    await pause(500);
    tap.same(await page.evaluate("page.pc.commands.map(({ text }) => text)"),
        ["alloc 12K", "uptime"],
        "of two addresses in a row the last one's commands are typed, once");
}

/* -- Addresses -- */

async function oddAddress(page) {
    tap.same(await page.evaluate("page.machine"),
        { heap: "block", memory: 32, words: "heap_size=3M" },
        "an address gives what the page has, and nothing else");
    const text = await said(page);
    tap.ok(["heap=xyz", "memory=1e9", "a<b>", "heap=best_fit"].every((word) => text.includes(word)),
        `.. and the page says so: ${text}`);
}
async function copied(page) {
    await page.evaluate(`(async () => {
        for (let i = 0; i < 205; i++)
            page.pc.commands.push({ text: "echo " + i, at: 0, prompts: 0 });
        page.pc.commands.push({ text: "alloc 4K;alloc 8K", at: 0, prompts: 0 });
        page.pc.ncommands = 206;
        page.ownPrograms = 2;
        Object.defineProperty(navigator, "clipboard",
            { value: { writeText: async (text) => { window.copied = text; } } });
        document.querySelector("#link").click();
    })()`);
    await page.until("window.copied");
    tap.same(await page.evaluate("commandsOfLink().length"), 200, "a link has 200 commands");
    const text = await said(page);
    tap.ok(/5 older commands/.test(text) && /1 line that has a semicolon/.test(text) &&
        /2 programs/.test(text), `.. and the page says what is left out: ${text}`);
    await page.evaluate(`history.replaceState = () => { throw new Error("too often"); };
        document.querySelector("#link").click()`);
    await page.until("document.querySelector('#said').textContent.includes('neither')");
    tap.ok(true, "a browser that refuses an address is told of, too");
}

/* -- Keys -- */

async function shift(page) {
    const screen = () => page.evaluate("document.querySelector('#screen').focus()");
    const letters = async (line) => {
        for (const letter of line)
            await page.key(letter);
        await page.key("Enter");
    };
    await screen();
    await letters("uptime");
    await page.until("page.pc.commands.length === 1 && page.pc.isAtPrompt");
    await page.key("Shift+Tab");
    await screen();
    await letters("uptime");
    await page.until("page.pc.commands.length === 2");
    tap.same(await page.evaluate("page.pc.commands.map(({ text }) => text)"),
        ["uptime", "uptime"], "who leaves the screen by Shift+Tab leaves no Shift behind");
}

/* A strip by keys alone: what is said, where, and what Enter does. */
async function strips(page) {
    await type(page, "alloc 100 40");
    await type(page, "alloc 3000");
    const text = (id) => page.evaluate(`document.querySelector("#${id}").textContent`);
    await page.evaluate(`page.map.cursor = page.picture().owner.indexOf(
        page.picture().names.indexOf("window"))`);
    await page.until("page.windowStrip.thing?.n > 80");
    await page.evaluate("document.querySelector('#window-strip').focus()");
    await page.key("Home");
    tap.ok(/^0xd0000000: live, 128 bytes with a header of 16 bytes$/.test(
        await text("window-piece")), "Home says the window's first block",
    await text("window-piece"));
    await page.key("ArrowRight");
    await page.key("ArrowRight");
    await page.key("ArrowLeft");
    tap.ok(/^0xd0000080: live, 128 bytes/.test(await text("window-piece")),
        ".. the arrows go from block to block", await text("window-piece"));
    tap.same(await page.evaluate("document.querySelector('#window-piece').ariaLive"), "polite",
        ".. and whoever listens hears of it");
    await page.key("Enter");
    await page.until("page.pc.commands.at(-1).text === 'translate 0xd0000080'");
    tap.ok(true, ".. and Enter shows its page walk");
    await page.until("page.pc.isAtPrompt");
    await page.evaluate(`(() => {
        const strip = document.querySelector("#window-strip");
        for (const kind of ["pointerdown", "pointerleave"])
            strip.dispatchEvent(new PointerEvent(kind,
                { pointerType: "touch", clientX: strip.getBoundingClientRect().left + 1,
                    clientY: strip.getBoundingClientRect().top + 3 }));
    })()`);
    tap.ok(/^0xd0000000: /.test(await text("window-piece")), "a finger is told, and may leave");
}
async function age(page) {
    await page.evaluate("page.map.cursor = 4");
    const seen = () => page.evaluate(`/seen unchanged for (\\d+) s/.exec(
        document.querySelector("#about-text").textContent)?.[1]`);
    await type(page, "alloc 12K 3");
    await page.until(`/seen unchanged for 1 s/.test(
        document.querySelector("#about-text").textContent)`, 20);
    await page.evaluate("document.querySelector('#pause').click()");
    await page.until("!page.pc.isRunning");
    await pause(300);
    const before = await seen();
    await pause(2500);
    tap.same([await seen(), before > 0], [before, true],
        "a block grows no older while the machine is paused");
}

/* -- Very many blocks -- */

async function manyBlocks(page) {
    await page.until("page.pc.commands.length === 2 && page.pc.isAtPrompt", 100);
    await page.until("page.windowStrip.thing?.n > 400000", 20);
    const { slow, drawn } = await page.evaluate(`(async () => {
        let slow = 0, last = performance.now();
        for (const end = last + 3000; last < end;) {
            await new Promise(requestAnimationFrame);
            slow = Math.max(slow, performance.now() - last);
            last = performance.now();
        }
        return { slow, drawn: page.windowStrip.drawn };
    })()`);
    tap.ok(slow < 1000, `with 200000 blocks no picture takes a second: ${slow.toFixed()} ms`);
    tap.ok(drawn > 1000 && drawn <= 4001, `.. as ${drawn} pieces are drawn`);
    tap.same(await page.evaluate(`(() => {
        const { thing } = page.windowStrip;
        return thing.sayOf(thing.at(48 * 1000 + 20));
    })()`), "0xd000bb80: live, 48 bytes with a header of 16 bytes",
    ".. and each can be told of");
}

/* -- Messages -- */

async function messages(page) {
    const before = await page.evaluate("plat.held.block");
    await page.evaluate(`postMessage({ heap: "block", held: "<img src=x>", done: 1 }, "*");
        postMessage({ held: 987654321, done: 1 }, "*");
        0`);
    await page.evaluate(`(() => {
        const frame = document.createElement("iframe");
        frame.srcdoc = '<script>parent.postMessage({ heap: "block", held: 123456789 }, "*");' +
            'parent.frames[0].postMessage({ type: "alloc 64K 9", number: 1 }, "*");<\\/script>';
        document.body.append(frame);
    })()`);
    await pause(1500);
    const { legend, held } = await page.evaluate(`({ held: plat.held,
        legend: document.querySelector("#legend").innerHTML })`);
    tap.ok(!/123456789|987654321|img/.test(legend + js(held)),
        "three heaps believe only their own frames", legend);
    tap.same(held.block, before, ".. and the frames nobody but the page around them");
    tap.ok(/free list: \d+ blocks held/.test(legend), ".. which they show", legend);
    await page.evaluate("document.querySelector('#about-page').open = true");
    await page.until("document.querySelector('#licences').textContent.includes('LESSER')", 20);
    tap.ok(true, "three heaps have the licences, too");
}

try {
    await part("lessons that do not end", lessonsThatDoNotEnd);
    await part("lines", lines);
    await part("two links", twoLinks);
    await part("odd address", oddAddress,
        "?heap=xyz&memory=1e9&words=heap_size=3M%20a%3Cb%3E%20heap=best_fit");
    await part("copied", copied);
    await part("shift", shift);
    await part("strips", strips, "?heap=free_list");
    await part("age", age);
    await part("many blocks", manyBlocks,
        "?heap=free_list&memory=64&words=heap_size=all#alloc 24 100000;alloc 24 100000");
    await part("messages", messages, "?three");
} finally {
    await browser.close();
}
tap.end();
