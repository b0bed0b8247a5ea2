/* The page: a PC with the kernel in it, and its memory as a map. start.js has the buttons. */
"use strict";

const PROGRAMS = ["hello.elf", "count.elf", "stress.elf", "sh.elf", "many.elf", "busy.elf",
    "hostile.elf", "flat.bin"];
const TRY = ["alloc 4K", "alloc 64K 4", "alloc 1M", "alloc 100 500", "alloc 3000 40", "run hello",
    "run stress 300000 &", "ps", "heap", "stats", "blocks 0", "misuse twice", "watch 5 terminal",
    "watch 5 screen", "sysinfo", "fault text"];
const TRY_THREE = ["alloc 100 500", "alloc 24 2000", "alloc 3000 40", "alloc 4K 100",
    "alloc 9000 60", "alloc 64K 10", "run stress 200000", "heap", "stats"];
const HEAP_SIZE = "4M"; /* so that the cells of the map are large */
const LINK_COMMANDS = 200, WORDS_MOST = 300;

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);

/* What a test looks at, and uses. */
const plat = {
    pc: null, table: null, faults: [], status: "loading", lessons, answers: {},
    get emulator() { return this.pc?.emulator ?? null; },
    get text() { return this.pc?.text ?? ""; },
    prompts: 0,
    setStatus(text) {
        this.status = text;
        if ($("state").textContent !== text)
            $("state").textContent = text;
    },
    type: (line, seconds) => page.pc.type(line, seconds),
    boot: (options) => boot(options),
    perform: (lesson, quick) => page.lessonPanel.perform(lesson, quick),
    counts() {
        const t = picture(), counts = {};
        for (const { name } of page.looks)
            counts[name] = 0;
        for (let block = 0; t && block < t.nblocks; block++)
            counts[ownerName(t, block)]++;
        return counts;
    },
};
window.plat = plat;

const page = {
    READ: (address, nbytes) => page.pc.read(address, nbytes),
    pc: null, map: null, lessonPanel: null, looks: [], programs: [], files: {}, picture,
    machineFor, colours, machine: { heap: "block", memory: 32, words: "" },
    shownTrouble: "",
};

/* -- What is in the file -- */

async function asset(name) {
    const element = $(`asset-${name}`), text = atob(element.textContent);
    const packed = new Uint8Array(text.length);
    for (let i = 0; i < packed.length; i++)
        packed[i] = text.charCodeAt(i);
    element.remove();
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function unpack() {
    const script = document.createElement("script"), name = "libv86.js";
    /* With a name, so that its errors can be told from the page's own. */
    script.textContent = new TextDecoder().decode(await asset(name)) + `\n//# sourceURL=${name}`;
    document.head.append(script);
    const [wasm, bios, vgabios, kernel, ...programs] = await Promise.all(
        ["v86.wasm", "bios.bin", "vgabios.bin", "plat.elf", ...PROGRAMS].map(asset));
    page.files = { bios, vgabios, kernel, wasm: await WebAssembly.compile(wasm) };
    page.programs = PROGRAMS.map((name, i) => ({ name, bytes: programs[i] }));
    page.where = elfSymbols(kernel, ["heap_map", "owner_looks"]);
    page.looks = readLooks(kernel, page.where.owner_looks);
    page.names = page.looks.map((look) => look.name);
    page.image = bundle(kernel, page.programs);
}

/* -- The machine -- */

const wordsOf = (text) => text.trim().split(/\s+/).filter(Boolean);
const isSize = (word) => word.startsWith("heap_size=");

/* All words of the kernel's command line. "heap_size=all" is the page's own: no such word. */
function commandLine({ heap, words }) {
    const all = wordsOf(words);
    if (!all.some(isSize))
        all.unshift(`heap_size=${HEAP_SIZE}`);
    return [`heap=${heap}`, ...all.filter((word) => word !== "heap_size=all")].join(" ");
}

/* Whether MACHINE, a lesson's, is another one than that which runs. The heap's size only counts
 * where the lesson names one. */
function isOther(machine) {
    const now = page.machine, words = wordsOf(machine.words ?? now.words);
    const others = (list) => list.filter((word) => !isSize(word)).sort().join(" ");
    const size = words.find(isSize);
    const sizeNow = wordsOf(now.words).find(isSize) ?? `heap_size=${HEAP_SIZE}`;
    return (machine.heap ?? now.heap) !== now.heap ||
        (machine.memory ?? now.memory) !== now.memory ||
        others(words) !== others(wordsOf(now.words)) || (size !== undefined && size !== sizeNow);
}
async function machineFor(machine = {}) {
    if (isOther(machine) || page.pc.isDead)
        await boot(machine);
}

function showMachine() {
    const { heap, memory, words } = page.machine, all = wordsOf(words);
    $("heap").value = heap;
    $("memory").value = memory;
    const size = all.find(isSize)?.slice("heap_size=".length) ?? HEAP_SIZE;
    $("heap-size").value = size === "all" ? "" : size;
    $("watched").checked = all.includes("heap_watch");
    $("words").value = all.filter((word) => word !== "heap_watch" &&
        (!isSize(word) || $("heap-size").selectedIndex < 0)).join(" ");
    $("machine-words").textContent = `${memory} MB, ${commandLine(page.machine)}`;
}
function machineFromForm() {
    const words = wordsOf($("words").value).filter((word) => word !== "heap_watch");
    if (!words.some(isSize) && $("heap-size").selectedIndex >= 0)
        words.unshift(`heap_size=${$("heap-size").value || "all"}`);
    if ($("watched").checked)
        words.push("heap_watch");
    return { heap: $("heap").value, memory: Number($("memory").value), words: words.join(" ") };
}

/* Starts the machine anew, with OPTIONS { heap, memory, words } where they are given. A promise at
 * the prompt; it fails where the kernel does not get there. */
async function boot(options = {}) {
    const { pc } = page;
    page.lessonPanel?.machineStarts();
    page.machine = { ...page.machine, ...options };
    page.machine.memory = Number(page.machine.memory);
    showMachine();
    hideTrouble();
    page.terminal.clear();
    page.map.update(null);
    page.map.changes = 0;
    plat.table = null;
    plat.prompts = 0;
    plat.setStatus("starting");
    page.started = performance.now();
    let isUp = false;
    const ready = pc.boot({ ...page.files, image: page.image, screen: $("screen"),
        cmdline: commandLine(page.machine), megabytes: page.machine.memory });
    const { start } = pc;
    try {
        isUp = await ready;
    } catch (error) {
        pc.die(`The machine can't be made: ${error.message}.`);
    }
    if (!isUp && !pc.isDead && start === pc.start)
        pc.die("The kernel has not come to its prompt; its screen may say why.");
    if (!isUp)
        throw new Error(start === pc.start ? plat.status : "the machine was started anew");
}

function hideTrouble() {
    $("trouble").hidden = true;
}
function showTrouble(text, again) {
    $("trouble-text").textContent = text;
    $("trouble-again").onclick = again;
    $("trouble").hidden = false;
}
/* Starts anew for who pressed a button: a failure has been told by then. */
function bootAgain(options) {
    return boot(options).catch(() => {});
}

/* What an error of the emulator means, as a sentence. */
function sentenceFor(message) {
    if (/HALT/.test(message))
        return "The kernel has left: it wrote to the port by which it ends this machine.";
    if (/call stack|recursion/i.test(message))
        return "The emulator has given up: it has no double faults, with which a processor would " +
            "go on here. In QEMU (make run) the kernel tells what it was.";
    if (/unreachable|RuntimeError|panic/i.test(message))
        return "The emulator has given up at something that a processor can do and v86 can't. " +
            "In QEMU (make run) the kernel goes on.";
    return `The emulator has given up: ${message}.`;
}

/* Errors of the emulator end it; those of the page are kept for who looks at plat.faults. */
function listenForErrors() {
    const take = (event, error) => {
        const message = String(error?.message ?? error);
        const isEmulators = /HALT/.test(message) || /libv86\.js|wasm/.test(String(error?.stack));
        if (!isEmulators) {
            plat.faults.push(message);
            return;
        }
        event.preventDefault();
        page.pc.die(sentenceFor(message));
    };
    addEventListener("error", (event) => take(event, event.error ?? event.message));
    addEventListener("unhandledrejection", (event) => take(event, event.reason));
}

/* -- The picture -- */

function picture() {
    const { pc, READ } = page;
    if (!pc?.emulator)
        return plat.table;
    try {
        plat.table = readTable(READ, page.where.heap_map.address, page.looks.length,
            page.names, plat.table);
    } catch {
        plat.table = null; /* the emulator is not ready, or no more */
    }
    return plat.table;
}

function colours() {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return { ground: of("map-ground"), free: of("map-free"), hatch: of("map-hatch"),
        keptInk: of("map-kept-ink"), keptPaper: of("map-kept-paper"), edge: of("map-edge"),
        glow: of("map-glow"), glowMost: Number(of("map-glow-most")), ink: of("ink"),
        dim: of("dim"), focus: of("focus"), good: of("good") };
}

function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    $("theme").textContent = theme === "dark" ? "Light" : "Dark";
    $("theme").title = `change to ${theme === "dark" ? "light" : "dark"} colours`;
    page.map?.setTheme(colours());
    page.legendShown = null;
    for (const frame of document.querySelectorAll("iframe"))
        frame.contentWindow.postMessage({ theme }, "*");
}

/* Eighty columns as wide as their box, and no larger than one likes to read. */
function fitText() {
    const probe = document.createElement("span");
    probe.style.cssText = "font: 100px var(--mono); position: absolute; visibility: hidden";
    probe.textContent = "0".repeat(10);
    document.body.append(probe);
    const ratio = probe.getBoundingClientRect().width / 1000;
    probe.remove();
    const size = (element, most, least) => {
        const wanted = (element.clientWidth - 1) / 80 / ratio;
        const even = Math.floor(wanted * 20) / 20;
        element.style.fontSize = `${Math.max(least, Math.min(most, even))}px`;
    };
    size($("screen"), 17, 5);
    size($("serial"), 14, 8.5);
}

let lastFrame = 0, lastSlow = 0, frames = 0, instructions = 0;
let seconds = 0, lastNow = 0; /* of a machine that runs: nothing grows old while it is paused */
function frame(now) {
    requestAnimationFrame(frame);
    const { map, pc, terminal } = page;
    seconds += pc.isRunning || !page.map.table ? (now - lastNow) / 1000 : 0;
    lastNow = now;
    if (page.isResized) {
        page.isResized = false;
        fitText();
        map.layout();
    }
    map.update(pc.isRunning ? picture() : plat.table, seconds);
    map.draw(seconds);
    terminal.draw();
    frames++;
    if (now - lastFrame > 120) { /* what is read, not looked at */
        lastFrame = now;
        showAbout(seconds);
        showLegend();
        showPause();
    }
    if (now - lastSlow > 1000) {
        showFigures((now - lastSlow) / 1000);
        lastSlow = now;
        frames = 0;
    }
}

function showFigures(seconds) {
    const { pc, map } = page, t = plat.table;
    const count = pc.emulator && !pc.isDead ? pc.emulator.get_instruction_counter() >>> 0 : 0;
    const speed = ((count - instructions) >>> 0) / seconds / 1e6;
    instructions = count;
    const number = (n) => n.toLocaleString("en", { maximumFractionDigits: 0 });
    $("figures").textContent = t ? `${number(t.nblocks)} blocks of ${t.blockBytes} bytes, ` +
        `${number(map.changes)} changes, ${number(frames / seconds)} pictures a second, ` +
        (speed < 0.5 ? "idle" : `${number(speed)} million instructions a second`) : "";
    const why = pc.emulator && !t && pc.prompts > 0 ?
        whyNoTable(page.READ, page.where.heap_map.address, page.looks.length) : null;
    if (why && !pc.isDead)
        showTrouble(why, () => bootAgain());
}

function showPause() {
    const { pc } = page, isPaused = pc.prompts > 0 && !pc.isDead && !pc.isRunning;
    const text = isPaused ? "Go on" : "Pause";
    if ($("pause").textContent === text)
        return;
    $("pause").textContent = text;
    plat.setStatus(isPaused ? "paused" : "running");
}

function showLegend() {
    const t = plat.table, counts = new Array(page.looks.length).fill(0);
    if (t === page.legendShown)
        return;
    for (let block = 0; t && block < t.nblocks; block++)
        counts[t.owner[block]]++;
    const list = $("legend");
    if (page.legendShown === null || list.children.length === 0) {
        list.replaceChildren(...page.looks.map((look, i) => {
            const item = document.createElement("li"), key = document.createElement("canvas");
            [key.width, key.height] = [44, 26];
            page.map.paintKey(key, i);
            item.append(key, look.name + " ", document.createElement("span"));
            return item;
        }));
    }
    page.looks.forEach((look, i) => {
        const item = list.children[i];
        item.lastChild.textContent = counts[i].toLocaleString("en");
        item.className = counts[i] ? "" : "none";
    });
    page.legendShown = t;
}

/* -- The block under the cursor -- */

/* The command for it; null for a free one. */
function actionFor(t, block) {
    if (t.entries[block] === ENTRY.FREE)
        return null;
    const address = hex8(addressOf(t, t.first[block]));
    return `${ownerName(t, block) === "shell" ? "free" : "translate"} ${address}`;
}

function aboutBlock(t, block, seconds) {
    const entry = t.entries[block], lines = [];
    lines.push(`Block ${block} at <code>${hex8(addressOf(t, block))}</code>: byte <code>` +
        `${entry.toString(16).toUpperCase().padStart(2, "0")}</code>, ` +
        (ENTRY_MEANING[entry] ?? "none of the five"));
    if (entry === ENTRY.FREE) {
        let first = block;
        while (first > 0 && t.entries[first - 1] === ENTRY.FREE)
            first--;
        const n = lengthOf(t, first);
        lines.push(`In a free run of ${n} blocks, ${first} to ${first + n - 1}`);
        return lines.join("<br>");
    }
    const first = t.first[block], n = lengthOf(t, first), name = ownerName(t, block);
    const age = Math.floor(seconds - page.map.changedAt[first]);
    const meaning = { kept: "freed, and kept whole for the next request of its length",
        "not ours": "never memory, or in use before the heap began", small: "small objects",
        middle: "objects of middle sizes", shell: "what alloc gave", window: "frames of the window",
        process: "image, stack or memory of a program" }[name];
    lines.push(`${n === 1 ? `Block ${first} alone` : `Blocks ${first} to ${first + n - 1}`}, ` +
        `${bytesText(n * t.blockBytes)} at <code>${hex8(addressOf(t, first))}</code>`);
    lines.push(`<b>${name}</b>${meaning ? `: ${meaning}` : ""}; seen unchanged for ` +
        `${age} s`);
    return lines.join("<br>");
}

function showAbout(seconds) {
    const t = plat.table, block = page.map.cursor;
    const isThere = t && block >= 0 && block < t.nblocks;
    const action = isThere ? actionFor(t, block) : null;
    const html = isThere ? aboutBlock(t, block, seconds) :
        "Move the pointer over a block, or go to the map with Tab and use the arrow keys.<br>" +
        "Clicking a block of the owner \u201cshell\u201d frees it; any other shows its page walk.";
    if (html !== page.aboutShown) {
        /* Seconds alone are no news for who listens. */
        const news = html.replace(/unchanged for \d+ s/, "");
        $("about-text").setAttribute("aria-live", news === page.aboutNews ? "off" : "polite");
        $("about-text").innerHTML = html;
        page.aboutShown = html;
        page.aboutNews = news;
    }
    $("act").hidden = !action;
    if (action && $("act").textContent !== action)
        $("act").textContent = action;
    showInside(isThere ? t : null, block);
    if (!query.has("mini") || t?.map[HEAP_MAP.DESIGN])
        showWindow(t);
}

function showInside(t, block) {
    if (t && !page.pc.isRunning)
        return;
    const inside = t ? insideOf(t, block) : null;
    $("inside-title").textContent = inside?.title ??
        (t ? "The first bytes of the block" : "The inside of a block");
    page.insideStrip.show(inside);
    if (!t)
        $("inside-piece").textContent = "Choose a block of the map to see what is in it.";
    else if (inside && $("inside-piece").textContent.startsWith("Choose"))
        $("inside-piece").textContent = "";
    $("inside-piece").hidden = t !== null && !inside;
    $("bytes").textContent = t ? hexDump(t, addressOf(t, block), 64,
        $("bytes").clientWidth < 520 ? 8 : 16) : "";
}

/* A large window takes its time; it has a sixth of the page's, at most. */
let windowRests = 0;
function showWindow(t) {
    const began = performance.now();
    if (t && (!page.pc.isRunning || began < windowRests))
        return;
    const thing = t ? insideOfWindow(t, page.windowStrip.thing) : null;
    $("window").hidden = !thing;
    if (thing && $("window-title").textContent !== thing.title)
        $("window-title").textContent = thing.title;
    page.windowStrip.show(thing);
    const end = performance.now();
    windowRests = end + 5 * (end - began);
}

function act(block) {
    const t = plat.table;
    if (!t || block < 0)
        return;
    if (page.lessonPanel?.takesGuess) {
        page.lessonPanel.takesGuess(block);
        return;
    }
    const action = actionFor(t, block);
    if (action)
        typeForButton(action);
}

function listenToMap() {
    const { map } = page, overlay = $("map-overlay");
    const at = (event) => map.blockAt(event.offsetX, event.offsetY);
    let isTouch = false;
    overlay.addEventListener("pointerdown", (event) => {
        isTouch = event.pointerType === "touch";
    });
    overlay.addEventListener("pointermove", (event) => {
        if (event.pointerType === "touch")
            return;
        if (at(event) >= 0)
            map.cursor = at(event);
    });
    /* A finger has no hover: the first touch says what it is, the second one acts. */
    overlay.addEventListener("click", (event) => {
        const block = at(event);
        const isSame = plat.table && block >= 0 && map.cursor >= 0 &&
            plat.table.first[block] === plat.table.first[map.cursor];
        map.cursor = block;
        if (!isTouch || isSame || page.lessonPanel?.takesGuess)
            act(block);
    });
    overlay.addEventListener("focus", () => {
        if (map.cursor < 0 && overlay.matches(":focus-visible"))
            map.cursor = 0;
    });
    overlay.addEventListener("keydown", (event) => {
        const t = plat.table;
        if (!t || event.ctrlKey || event.altKey || event.metaKey)
            return;
        if (event.key === "Enter" || event.key === " ") {
            act(map.cursor);
        } else {
            const block = blockByKey(t, Math.max(0, map.cursor), event.key);
            if (block === null)
                return;
            map.cursor = Math.max(0, Math.min(t.nblocks - 1, block));
        }
        event.preventDefault();
    });
    $("act").onclick = () => act(map.cursor);
}

function blockByKey(t, block, key) {
    const { columns } = page.map;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns,
        PageUp: -8 * columns, PageDown: 8 * columns, Home: -t.nblocks, End: t.nblocks };
    if (key in steps)
        return block + steps[key];
    if (key === ".")
        return t.entries[block] === ENTRY.FREE ? block + lengthOf(t, block) :
            t.first[block] + lengthOf(t, t.first[block]);
    if (key === ",") {
        let first = t.first[block] - 1;
        if (first < 0)
            return 0;
        while (first > 0 && t.entries[first] === ENTRY.FREE && t.entries[first - 1] === ENTRY.FREE)
            first--;
        return t.first[first];
    }
    return null;
}
