/* Buttons, files, links, and the start of it all. The last script. */
"use strict";

/* Types LINE for who pressed a button, and says so where the kernel is not listening. */
async function typeForButton(line) {
    const { pc } = page;
    if (pc.isDead) {
        say("The machine stands still: start it again first.");
        return;
    }
    if (!pc.isAtPrompt)
        say("A command still runs; Ctrl-C ends it.");
    await pc.type(line);
}
function say(text) {
    $("said").textContent = text;
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
    $("about-page").addEventListener("toggle", async () => {
        if ($("asset-licences"))
            $("licences").textContent = new TextDecoder().decode(await asset("licences"));
    });
}

/* The kernel's screen takes keys while it has the focus, all but Tab, which leaves it. */
function listenToScreen() {
    const screen = $("screen"), { pc } = page;
    const enable = (on) => {
        if (pc.emulator && !pc.isDead)
            pc.emulator.keyboard_set_enabled(on);
    };
    screen.addEventListener("focus", () => enable(true));
    screen.addEventListener("blur", () => enable(false));
    screen.addEventListener("mousedown", () => screen.focus());
    screen.addEventListener("keydown", (event) => {
        if (event.key === "Tab")
            event.stopPropagation();
    });
    $("serial").addEventListener("focusin", () => $("serial").setAttribute("aria-live", "polite"));
    $("serial").addEventListener("focusout", () => $("serial").setAttribute("aria-live", "off"));
}

/* -- Programs of the visitor's own -- */

async function addPrograms(files) {
    const added = [];
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

async function runLink() {
    for (const line of commandsOfLink()) {
        await page.pc.type(line);
        if (page.pc.isDead)
            return;
    }
}

async function copyLink() {
    const lines = [...page.pc.text.matchAll(/^plat> (.+)$/gm)].map(([, line]) => line.trim())
        .filter((line) => /^[ -~]+$/.test(line) && !line.includes(";")).slice(-LINK_COMMANDS);
    const { heap, memory, words } = page.machine, url = new URL(location.href.split(/[?#]/)[0]);
    url.search = new URLSearchParams({ heap, memory, ...(words && { words }) });
    url.hash = encodeURIComponent(lines.join(";"));
    history.replaceState(null, "", url);
    try {
        await navigator.clipboard.writeText(url.href);
        say(`Copied: a link that starts this machine and types ${lines.length} commands.`);
    } catch {
        say("The address of this page now starts this machine and types what you have typed.");
    }
}

/* -- The start -- */

function firstTheme() {
    let chosen = query.get("theme");
    try {
        chosen ??= localStorage.getItem("theme");
    } catch {
        /* no storage */
    }
    return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

function makePage() {
    page.pc = plat.pc = new Pc({
        byte: (code) => page.terminal.byte(code),
        prompt(count) {
            plat.prompts = count;
            if (count === 1)
                plat.setStatus(`prompt after ${((performance.now() - page.started) / 1000)
                    .toFixed(1)} s`);
            say("");
        },
        died(why) {
            plat.setStatus("stands still");
            showTrouble(why, () => bootAgain());
        },
    });
    page.map = new BlockMap($("map"), $("map-overlay"), page.looks);
    page.map.setTheme(colours());
    page.terminal = new Terminal($("serial"), (bytes) => page.pc.send(bytes));
    const kinds = (kind) => getComputedStyle(document.documentElement)
        .getPropertyValue(`--inside-${kind}`).trim();
    page.insideStrip = new Strip($("inside-strip"), kinds, (text) => {
        $("inside-piece").textContent = text;
    });
    const key = $("window-piece").innerHTML;
    page.windowStrip = new Strip($("window-strip"), kinds, (text) => {
        if (text)
            $("window-piece").textContent = text;
        else
            $("window-piece").innerHTML = key;
    });
    $("window-strip").onclick = ({ offsetX, offsetY }) => {
        const piece = page.windowStrip.pieceAt(offsetX, offsetY);
        if (piece)
            typeForButton(`translate ${hex8(page.windowStrip.thing.start + piece.from)}`);
    };
    for (const name of ["heap", "memory", "words"])
        if (query.get(name))
            page.machine[name] = name === "memory" ? Number(query.get(name)) : query.get(name);
}

async function start() {
    setTheme(firstTheme());
    if (query.has("three")) {
        showThree(plat, TRY_THREE, commandsOfLink());
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
    addEventListener("message", (event) => {
        if (event.data?.theme)
            setTheme(event.data.theme);
    });
    const resized = new ResizeObserver(() => { page.isResized = true; });
    resized.observe($("map-holder"));
    resized.observe($("serial-panel"));
    requestAnimationFrame(frame);
    await bootAgain();
    if (isMini)
        serveThree(page.pc, picture, page.machine.heap);
    else
        await runLink();
    addEventListener("hashchange", async () => {
        await bootAgain();
        await runLink();
    });
}

if (!window.lacking)
    start().catch((error) => {
        plat.faults.push(error.message);
        plat.setStatus("not started");
        showTrouble(`This page can't start: ${error.message}.`, () => location.reload());
    });
