/*
 * Three machines side by side, one for each design of a heap, each in a frame with the same page in
 * it. The same command goes to all, and a chart shows how many blocks each holds over time.
 */
"use strict";

const DESIGNS = { block: ["the block table", "#e69f00"],
    free_list: ["first fit over a free list", "#56b4e9"],
    best_fit: ["best fit over an ordered array", "#cc79a7"] };
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

/* In a frame: obeys the page around it, and tells it what is held. */
function serveThree(pc, picture, heap) {
    let told = -1;
    const tell = (more) => {
        const t = picture(), held = t ? heldBlocks(t) : 0;
        if (held !== told || more)
            parent.postMessage({ heap, held, prompts: pc.prompts, ...more }, "*");
        told = held;
    };
    addEventListener("message", async (event) => {
        if (typeof event.data?.type === "string") {
            await pc.type(event.data.type, 120);
            tell({ done: event.data.type });
        }
    });
    setInterval(tell, 200);
}

/* COMMANDS become buttons; those of LINK are typed as soon as all three are at their prompts. */
function showThree(plat, commands, link) {
    const main = document.querySelector("main"), series = {}, frames = {};
    const frameQuery = new URLSearchParams(location.search);
    frameQuery.delete("three");
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
        <canvas id="chart" role="img" aria-label="Blocks held over the last minute"></canvas>
        <ul id="legend" aria-label="Blocks held now"></ul></section>
        <div class="three">${Object.entries(DESIGNS).map(section).join("")}</div></div>`;
    for (const heap of Object.keys(DESIGNS)) {
        series[heap] = [];
        frames[heap] = document.getElementById(`frame-${heap}`);
        const item = document.createElement("li");
        item.id = `held-${heap}`;
        document.getElementById("legend").append(item);
    }
    plat.answers = {};
    plat.held = {};
    plat.type = (line) => Promise.all(Object.values(frames).map((frame) => new Promise((done) => {
        const listen = (event) => {
            if (event.source === frame.contentWindow && event.data?.done === line) {
                removeEventListener("message", listen);
                done(event.data.held);
            }
        };
        addEventListener("message", listen);
        frame.contentWindow.postMessage({ type: line }, "*");
    })));
    const typeAll = async (lines) => {
        for (const line of lines)
            await plat.type(line);
    };
    addEventListener("message", ({ data }) => {
        if (!series[data?.heap])
            return;
        const { heap, held } = data;
        plat.held[heap] = held;
        if (data.done)
            plat.answers[heap] = held;
        series[heap].push([performance.now() / 1000, held]);
        const [name, colour] = DESIGNS[heap];
        document.getElementById(`held-${heap}`).innerHTML = `<span class="chart-key" ` +
            `style="background:${colour}"></span>${name}: ${held} blocks held`;
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
    setInterval(() => drawChart(document.getElementById("chart"), series), 200);
}

function drawChart(canvas, series) {
    const scale = devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = canvas;
    const style = getComputedStyle(document.documentElement);
    canvas.width = width * scale;
    canvas.height = height * scale;
    const g = canvas.getContext("2d");
    g.scale(scale, scale);
    const now = performance.now() / 1000, LEFT = 44, BOTTOM = height - 18;
    let most = 10;
    for (const points of Object.values(series)) {
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
    g.lineWidth = 2.5;
    for (const [heap, points] of Object.entries(series)) {
        g.strokeStyle = DESIGNS[heap][1];
        g.beginPath();
        points.forEach(([time, held], i) => {
            if (i)
                g.lineTo(x(time), y(points[i - 1][1]));
            g.lineTo(x(time), y(held));
        });
        if (points.length)
            g.lineTo(width - 4, y(points.at(-1)[1]));
        g.stroke();
    }
}
