/*
 * Three machines side by side, one for each design of a heap, each in a frame with the same page in
 * it. The same command goes to all, and a chart shows over time how many blocks each holds, and how
 * many would do for what is live.
 */
"use strict";

const DESIGNS = { block: ["the block table", "var(--chart-block)"],
    free_list: ["first fit over a free list", "var(--chart-free-list)"],
    best_fit: ["best fit over an ordered array", "var(--chart-best-fit)"] };
const CHART_SECONDS = 60;

/* Blocks that live allocations hold. */
function heldBlocks(t) {
    const idle = ["free", "not ours", "kept"].map((name) => t.names.indexOf(name));
    let n = 0;
    for (const owner of t.owner)
        if (!idle.includes(owner))
            n++;
    return n;
}

/* Pages of a file have no origin that could be compared: a message is known by its window. */
const isFromAround = (source) => source === parent && parent !== window;
const isCount = (n) => Number.isSafeInteger(n) && n >= 0;

/* In a frame: obeys the page around it, and tells it what is held. */
function serveThree(pc, picture) {
    let told = -1;
    const tell = (more) => {
        const t = picture(), held = t ? heldBlocks(t) : 0;
        if (held !== told || more)
            parent.postMessage({ held, ...more }, "*");
        told = held;
    };
    addEventListener("message", async ({ source, data }) => {
        if (!isFromAround(source) || typeof data?.type !== "string" || !isCount(data.number))
            return;
        await pc.type(data.type, 120, true).catch(() => {}); /* the frame shows why */
        tell({ done: data.number });
    });
    setInterval(tell, 200);
    serveLive(pc);
}

/* What `alloc` was asked for and has not been freed, by what a serial line says. */
class Asked {
    constructor() {
        this.groups = []; /* { nbytes, count, low, high: the addresses that were printed } */
        this.from = 0;
    }

    /* In bytes. TEXT: all that was said since the machine began. */
    bytes(text) {
        const end = text.lastIndexOf("\nplat> ") + 1;
        if (end > this.from)
            for (const part of text.slice(this.from, end).split(/^plat> /m).slice(1))
                this.read(part);
        this.from = Math.max(end, this.from);
        return this.groups.reduce((sum, { nbytes, count }) => sum + nbytes * count, 0);
    }

    read(part) {
        const [line, ...answers] = part.split("\n");
        const [verb, what = "", times = "1"] = line.trim().split(/\s+/);
        const number = (word) => parseInt(word) * ({ K: 1024, M: 1 << 20 }[word.slice(-1)] ?? 1);
        if (verb === "alloc") {
            const failed = /no memory for \d+ bytes \(number (\d+)\)/.exec(part);
            const given = answers.map((answer) => /^ {2}(0x[0-9a-f]{8})\b/.exec(answer)?.[1])
                .filter(Boolean).map(Number);
            if (given.length)
                this.groups.unshift({ nbytes: number(what), low: Math.min(...given),
                    high: Math.max(...given), count: failed ? failed[1] - 1 : number(times) });
        } else if (verb === "free" && answers.includes("  freed")) {
            const address = Number(what), live = this.groups.filter(({ count }) => count > 0);
            const group = live.find(({ low, high }) => low === address || high === address) ??
                live.find(({ low, high }) => low < address && address < high);
            if (group)
                group.count--;
        }
    }
}

/* Tells the page around it how many bytes are LIVE. */
function serveLive(pc) {
    let asked = new Asked(), start = -1, told = -1;
    setInterval(() => {
        if (start !== pc.start)
            [start, asked] = [pc.start, new Asked()];
        const live = asked.bytes(pc.text);
        if (pc.prompts > 0 && live !== told)
            parent.postMessage({ live }, "*");
        told = pc.prompts > 0 ? live : -1;
    }, 200);
}

/* What the three frames tell of it: bytes into LIVE, by heap; points of the chart into LINES. */
function listenForLive(frames, live, lines) {
    const BLOCK_BYTES = 4096;
    addEventListener("message", ({ source, data }) => {
        const heap = Object.keys(frames).find((name) => frames[name].contentWindow === source);
        if (!heap || !Number.isSafeInteger(data?.live) || data.live < 0)
            return;
        live[heap] = data.live;
        lines[heap] ??= [];
        lines[heap].push([performance.now() / 1000, Math.ceil(data.live / BLOCK_BYTES)]);
    });
}

/* COMMANDS become buttons; those of LINK are typed as soon as all three are at their prompts.
 * MACHINE: the memory and the words of all three. COMPLAINT: what the address asks for in vain. */
function showThree(plat, commands, link, machine, complaint) {
    const main = document.querySelector("main"), series = {}, frames = {};
    const frameQuery = new URLSearchParams(machine);
    frameQuery.set("theme", document.documentElement.dataset.theme);
    const section = ([heap, [name]]) => {
        frameQuery.set("heap", heap);
        return `<section><h2>kmalloc is ${name}</h2><iframe title="${name}" id="frame-${heap}"
            src="?mini&amp;${String(frameQuery).replaceAll("&", "&amp;")}"></iframe></section>`;
    };
    main.innerHTML = `<div class="whole"><section aria-labelledby="three-title">
        <h2 id="three-title">The same commands to three heaps</h2>
        <div class="row" id="commands"></div>
        <form class="row" id="line-form"><label class="grow">Command <input id="line"
            autocomplete="off" spellcheck="false" placeholder="alloc 100 500"></label>
            <button class="go" type="submit">Type it three times</button>
            <a class="button" href="?">One machine</a></form>
        <p id="said" role="status"></p>
        <canvas id="chart" role="img" aria-label="Blocks held over the last minute"></canvas>
        <ul id="legend" aria-label="Blocks held now"></ul>
        <p id="chart-words">A line is what a heap holds, the kernel's own blocks among it. Dashed
            is what is live: the bytes that <code>alloc</code> was asked for and that are not freed,
            in blocks.</p></section>
        <div class="three">${Object.entries(DESIGNS).map(section).join("")}</div></div>`;
    document.getElementById("said").textContent = complaint;
    for (const heap of Object.keys(DESIGNS)) {
        series[heap] = [];
        frames[heap] = document.getElementById(`frame-${heap}`);
        const item = document.createElement("li");
        item.id = `held-${heap}`;
        document.getElementById("legend").append(item);
    }
    plat.answers = {};
    plat.held = {};
    let typed = 0;
    plat.type = (line) => Promise.all(Object.values(frames).map((frame) => new Promise((done) => {
        const number = ++typed;
        const listen = ({ source, data }) => {
            if (source === frame.contentWindow && data?.done === number && isCount(data.held)) {
                removeEventListener("message", listen);
                done(data.held);
            }
        };
        addEventListener("message", listen);
        frame.contentWindow.postMessage({ type: line, number }, "*");
    })));
    const typeAll = async (lines) => {
        for (const line of lines)
            await plat.type(line);
    };
    addEventListener("message", ({ source, data }) => {
        const heap = Object.keys(frames).find((name) => frames[name].contentWindow === source);
        if (!heap || !isCount(data?.held))
            return;
        const { held } = data;
        plat.held[heap] = held;
        if (isCount(data.done))
            plat.answers[heap] = held;
        series[heap].push([performance.now() / 1000, held]);
        const [name, colour] = DESIGNS[heap];
        const key = document.createElement("span");
        key.className = "chart-key";
        key.style.background = colour;
        document.getElementById(`held-${heap}`).replaceChildren(key,
            `${name}: ${held} blocks held`);
        const before = plat.prompts;
        const started = Object.values(series).filter((s) => s.length).length;
        plat.setStatus(started === 3 ? "three machines are at their prompts" :
            `${started} of 3 machines have started`);
        plat.prompts = started === 3 ? 1 : 0;
        if (plat.prompts > before)
            typeAll(link);
    });
    for (const command of commands) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = command;
        button.onclick = () => plat.type(command);
        document.getElementById("commands").append(button);
    }
    document.getElementById("line-form").onsubmit = (event) => {
        event.preventDefault();
        const line = document.getElementById("line").value.trim();
        if (line)
            plat.type(line);
    };
    const lines = {};
    plat.live = {};
    listenForLive(frames, plat.live, lines);
    setInterval(() => drawChart(document.getElementById("chart"), series, lines), 200);
}

/* SERIES are points of what is held, by heap, and LINES of what is live. */
function drawChart(canvas, series, lines) {
    const scale = devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = canvas;
    const style = getComputedStyle(document.documentElement);
    canvas.width = width * scale;
    canvas.height = height * scale;
    const g = canvas.getContext("2d");
    g.scale(scale, scale);
    const now = performance.now() / 1000, LEFT = 44, BOTTOM = height - 18;
    let most = 10;
    for (const points of [...Object.values(series), ...Object.values(lines)]) {
        while (points.length > 1 && points[1][0] < now - CHART_SECONDS)
            points.shift();
        for (const [, held] of points)
            most = Math.max(most, held);
    }
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 200000]
        .find((s) => most / s <= 4.5);
    const top = Math.ceil(most * 1.08 / step) * step;
    const x = (time) => LEFT + (width - LEFT - 4) * Math.max(0, 1 - (now - time) / CHART_SECONDS);
    const y = (held) => BOTTOM - (BOTTOM - 8) * held / top;
    g.font = "11px system-ui, sans-serif";
    g.fillStyle = style.getPropertyValue("--dim");
    g.strokeStyle = style.getPropertyValue("--line");
    g.textAlign = "right";
    for (let held = 0; held <= top; held += step) {
        g.fillText(held, LEFT - 6, y(held) + 4);
        g.beginPath();
        g.moveTo(LEFT, y(held));
        g.lineTo(width, y(held));
        g.stroke();
    }
    g.textAlign = "center";
    for (let back = 0; back < CHART_SECONDS; back += 15)
        g.fillText(back === 0 ? "now" : `${back} s ago`, Math.min(x(now - back), width - 14),
            height - 3);
    const draw = (heap, points, thick, dashes, offset) => {
        g.strokeStyle = style.getPropertyValue(/--[\w-]+/.exec(DESIGNS[heap][1])[0]);
        g.lineWidth = thick;
        g.setLineDash(dashes);
        g.lineDashOffset = offset;
        g.beginPath();
        points.forEach(([time, blocks], i) => {
            if (i)
                g.lineTo(x(time), y(points[i - 1][1]));
            g.lineTo(x(time), y(blocks));
        });
        if (points.length)
            g.lineTo(width - 4, y(points.at(-1)[1]));
        g.stroke();
    };
    for (const [heap, points] of Object.entries(series))
        draw(heap, points, 2.5, [], 0);
    /* They often lie on each other, and then take turns. */
    Object.keys(DESIGNS).forEach((heap, i) => draw(heap, lines[heap] ?? [], 2, [6, 14], -6 * i));
}
