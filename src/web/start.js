/* Buttons, files, links, and the start of it all. The last script. */
"use strict";

/* Types LINE for who pressed a button, and says so where the kernel is not listening. */
async function typeForButton(line) {
    const { pc } = page;
    if (pc.isDead) {
        say("The machine stands still: start it again first.");
        return;
    }
    if (page.lessonPanel?.isBusy) {
        say("A lesson is being done; Stop ends it.");
        return;
    }
    if (!pc.isAtPrompt)
        say(pc.prompts ? "A command still runs; Ctrl-C ends it." :
            "The machine is starting; it gets the line at its prompt.", "until the prompt");
    try {
        await pc.type(line, 60, true);
    } catch (error) {
        say(`"${line}" has got no answer: ${error.message}.`);
    }
}

/* What is said only UNTIL THE PROMPT goes with it; the rest stays until something else is said. */
let isPassing = false;
function say(text, until = "") {
    $("said").textContent = text;
    isPassing = until !== "";
}
function promptIsThere() {
    if (isPassing)
        say("");
}

function listenToButtons() {
    const { pc } = page;
    for (const line of TRY) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = line;
        button.onclick = () => typeForButton(line);
        $("commands").append(button);
    }
    $("line-form").onsubmit = (event) => {
        event.preventDefault();
        const line = $("line").value.trim();
        if (line)
            typeForButton(line);
        $("line").select();
    };
    $("interrupt").onclick = () => pc.send("\x03");
    $("restart").onclick = () => bootAgain();
    $("machine-form").onsubmit = (event) => event.preventDefault();
    $("machine-form").onchange = () => bootAgain(machineFromForm());
    $("pause").onclick = async () => {
        if (pc.isRunning)
            await pc.emulator.stop();
        else if (pc.emulator && !pc.isDead)
            pc.emulator.run();
    };
    $("theme").onclick = () => {
        const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
        setTheme(theme);
        try {
            localStorage.setItem("theme", theme);
        } catch {
            /* pages of a file may have no storage */
        }
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) =>
        setTheme(event.matches ? "dark" : "light"));
    $("link").onclick = copyLink;
}

function listenToAbout() {
    $("about-page").addEventListener("toggle", async () => {
        if ($("asset-licences"))
            $("licences").textContent = new TextDecoder().decode(await asset("licences"));
    });
}

/* The kernel's screen takes keys while it has the focus, all but Tab, which leaves it. */
function listenToScreen() {
    const screen = $("screen"), { pc } = page;
    const held = new Map();
    const enable = (on) => {
        if (pc.emulator && !pc.isDead)
            pc.emulator.keyboard_set_enabled(on);
    };
    screen.addEventListener("focus", () => enable(true));
    screen.addEventListener("blur", () => {
        /* Who leaves by Shift+Tab lets go of Shift elsewhere; here it would stay down. */
        for (const [code, keyCode] of held)
            screen.dispatchEvent(new KeyboardEvent("keyup", { code, keyCode, bubbles: true }));
        enable(false);
    });
    screen.addEventListener("mousedown", () => screen.focus());
    screen.addEventListener("keydown", (event) => {
        if (event.key === "Tab")
            event.stopPropagation();
        else
            held.set(event.code, event.keyCode);
    });
    screen.addEventListener("keyup", ({ code }) => held.delete(code));
    $("serial").addEventListener("focusin", () => $("serial").setAttribute("aria-live", "polite"));
    $("serial").addEventListener("focusout", () => $("serial").setAttribute("aria-live", "off"));
}

/* -- Programs of the visitor's own -- */

async function addPrograms(files) {
    const added = [];
    if (page.lessonPanel?.isBusy) {
        say("A lesson is being done; Stop ends it.");
        return;
    }
    for (const file of files) {
        const bytes = new Uint8Array(await file.arrayBuffer()), why = whyNoElf(bytes);
        if (why) {
            say(`${file.name} is no program for this kernel: ${why}.`);
            return;
        }
        const name = file.name.replace(/[^\w.+-]/g, "_");
        added.push({ name, bytes });
    }
    if (!added.length)
        return;
    const names = added.map(({ name }) => name);
    const programs = [...page.programs.filter(({ name }) => !names.includes(name)), ...added];
    const image = bundle(page.files.kernel, programs), most = page.machine.memory * 512 * 1024;
    if (image.length > most) {
        say(`${names.join(", ")} and the kernel have ${bytesText(image.length)}, and may have ` +
            `half of the machine's memory, ${bytesText(most)}: give it more.`);
        return;
    }
    page.programs = programs;
    page.image = image;
    await bootAgain();
    const commands = names.map((name) => `run ${name.replace(/\.elf$/, "")}`);
    for (const line of commands) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = line;
        button.onclick = () => typeForButton(line);
        $("commands").prepend(button);
    }
    page.ownPrograms = (page.ownPrograms ?? 0) + names.length;
    say(`The machine has started anew with ${names.join(", ")}: ${commands.join(", ")}.`);
}

function listenToFiles() {
    $("add").onclick = () => $("programs").click();
    $("programs").onchange = () => {
        addPrograms([...$("programs").files]);
        $("programs").value = "";
    };
    const hasFiles = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
    addEventListener("dragover", (event) => {
        if (!hasFiles(event))
            return;
        event.preventDefault();
        $("drop").hidden = false;
    });
    addEventListener("dragleave", (event) => {
        if (!event.relatedTarget)
            $("drop").hidden = true;
    });
    addEventListener("drop", (event) => {
        if (!hasFiles(event))
            return;
        event.preventDefault();
        $("drop").hidden = true;
        addPrograms([...event.dataTransfer.files]);
    });
}

/* -- Links that carry commands: page.html?heap=block#alloc 12K;free 0x01000000 -- */

function commandsOfLink() {
    let text = location.hash.slice(1);
    try {
        text = decodeURIComponent(text);
    } catch {
        /* a per cent sign that is just one */
    }
    return text.split(";").map((line) => line.trim()).filter(Boolean);
}

/* Starts the machine and types the commands of the address. Where another address comes in the
 * meantime, that one's are typed, and no others. */
let linksRun = 0;
async function runLink() {
    const number = ++linksRun;
    await bootAgain();
    if (number === 1 && page.complaint)
        say(page.complaint);
    for (const line of commandsOfLink()) {
        if (number !== linksRun || page.pc.isDead)
            return;
        try {
            await page.pc.type(line);
        } catch (error) {
            if (number === linksRun)
                say(`The link ends before its end: "${line}" has got no answer: ` +
                    `${error.message}.`);
            return;
        }
    }
}

/* The commands that a link can carry, and in words what it leaves out. */
function linkOf({ commands, ncommands }, nprograms) {
    const all = commands.map(({ text }) => text.trim()).filter(Boolean), left = [];
    const fit = all.filter((line) => /^[^<][ -~]*$/.test(line) && !line.includes(";"));
    const lines = fit.slice(-LINK_COMMANDS);
    const count = (n, one, more) => n > 0 && left.push(n === 1 ? `1 ${one}` : `${n} ${more}`);
    count(ncommands - commands.length + fit.length - lines.length, "older command",
        "older commands");
    count(all.length - fit.length, "line that has a semicolon or is too long",
        "lines that have a semicolon or are too long");
    count(nprograms, "program that you have added", "programs that you have added");
    return { lines, left: left.length ? ` It leaves out ${left.join(", ")}.` : "" };
}

async function copyLink() {
    const { lines, left } = linkOf(page.pc, page.ownPrograms ?? 0);
    const { heap, memory, words } = page.machine, url = new URL(location.href.split(/[?#]/)[0]);
    const types = `starts this machine and types ${lines.length} ` +
        `command${lines.length === 1 ? "" : "s"}.${left}`;
    url.search = new URLSearchParams({ heap, memory, ...(words && { words }) });
    url.hash = encodeURIComponent(lines.join(";"));
    let isInAddress = false;
    try {
        history.replaceState(null, "", url);
        isInAddress = true;
        await navigator.clipboard.writeText(url.href);
        say(`Copied: a link that ${types}`);
    } catch {
        say(isInAddress ? `The address of this page now ${types}` :
            `This browser lets the page neither copy a link nor change its address: ` +
            url.href);
    }
}

/* What the address asks for, of what there is: { heap, memory, words }, and in a sentence what
 * there is not. */
function machineOfQuery(asked) {
    const machine = {}, wrong = [];
    for (const name of ["heap", "memory"]) {
        const value = asked.get(name);
        if (value === null || value === "")
            continue;
        if ([...$(name).options].some((option) => option.value === value))
            machine[name] = name === "memory" ? Number(value) : value;
        else
            wrong.push(`${name}=${value}`);
    }
    const words = wordsOf(asked.get("words") ?? "");
    const isWord = (word) => /^[\w.,:+-]+(=[\w.,:+-]*)?$/.test(word) && !/^heap=/.test(word);
    const good = words.filter(isWord), line = good.join(" ");
    wrong.push(...words.filter((word) => !isWord(word)));
    if (line.length > WORDS_MOST)
        wrong.push(`${good.length} words for the kernel`);
    else if (line)
        machine.words = line;
    const text = wrong.map((word) => `"${word.slice(0, 40)}"`).join(", ");
    return { machine, complaint: wrong.length ?
        `The address asks for what this page has not, and it goes on without: ${text}.` : "" };
}

/* -- The start -- */

function firstTheme() {
    let chosen = query.get("theme");
    try {
        chosen ??= localStorage.getItem("theme");
    } catch {
        /* no storage */
    }
    if (["dark", "light"].includes(chosen))
        return chosen;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function makePage() {
    page.pc = plat.pc = new Pc({
        byte: (code) => page.terminal.byte(code),
        prompt(count) {
            plat.prompts = count;
            if (count === 1)
                plat.setStatus(`prompt after ${((performance.now() - page.started) / 1000)
                    .toFixed(1)} s`);
            promptIsThere();
        },
        fault: (error) => plat.faults.push(String(error?.message ?? error)),
        died(why) {
            plat.setStatus("stands still");
            showTrouble(why, () => bootAgain());
        },
    });
    page.map = new BlockMap($("map"), $("map-overlay"), page.looks);
    page.map.setTheme(colours());
    page.terminal = new Terminal($("serial"), (bytes) => page.pc.send(bytes));
    const kinds = (kind) => getComputedStyle(document.documentElement)
        .getPropertyValue(kind === "frame" ? "--focus" : `--inside-${kind}`).trim();
    page.insideStrip = new Strip($("inside-strip"), kinds, (text) => {
        $("inside-piece").textContent = text;
    });
    const key = $("window-piece").innerHTML;
    page.windowStrip = new Strip($("window-strip"), kinds, (text) => {
        if (text)
            $("window-piece").textContent = text;
        else
            $("window-piece").innerHTML = key;
    }, (address) => typeForButton(`translate ${hex8(address)}`));
    const { machine, complaint } = machineOfQuery(query);
    Object.assign(page.machine, machine);
    page.complaint = complaint;
}

async function start() {
    setTheme(firstTheme());
    listenToAbout();
    if (query.has("three")) {
        const { machine, complaint } = machineOfQuery(query);
        showThree(plat, TRY_THREE, commandsOfLink(), machine, complaint);
        $("theme").onclick = () =>
            setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
        return;
    }
    const isMini = query.has("mini");
    document.body.classList.toggle("mini", isMini);
    await unpack();
    makePage();
    listenForErrors();
    listenToButtons();
    listenToScreen();
    listenToFiles();
    listenToMap();
    if (!isMini)
        page.lessonPanel = new LessonPanel(page);
    addEventListener("message", ({ source, data }) => {
        if (isMini && isFromAround(source) && ["dark", "light"].includes(data?.theme))
            setTheme(data.theme);
    });
    const resized = new ResizeObserver(() => { page.isResized = true; });
    resized.observe($("map-holder"));
    resized.observe($("serial-panel"));
    requestAnimationFrame(frame);
    if (isMini) {
        await bootAgain();
        serveThree(page.pc, picture);
    } else {
        addEventListener("hashchange", runLink);
        await runLink();
    }
}

if (!window.lacking)
    start().catch((error) => {
        plat.faults.push(error.message);
        plat.setStatus("not started");
        showTrouble(`This page can't start: ${error.message}.`, () => location.reload());
    });
