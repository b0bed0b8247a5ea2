/*
 * Takes pictures of build/plat.html for README, in headless Chromium.
 * Usage: node tests/web/pictures.mjs PAGE.html FOLDER
 *
 *   page.png         the page, dark, with some of each kind of block
 *   lesson.png       a lesson that has proved its claim, light
 *   live-map.svg     the block table while commands run: one rectangle for each block, whose colour
 *                    changes as the block's owner did
 */
import fs from "node:fs";
import path from "node:path";
import { launch, pause } from "./cdp.mjs";

const [file, folder] = process.argv.slice(2);
const url = "file://" + path.resolve(file);
const MOMENT_MS = 150, COLUMNS = 64, CELL = 12, TOP = 34, EDGE = 8;

async function opened(browser, width, height, scheme) {
    const page = await browser.page();
    await page.screen(width, height, { scheme });
    await page.open(url);
    await page.until("window.plat && plat.prompts >= 1");
    return page;
}

async function type(page, ...lines) {
    for (const line of lines)
        await page.evaluate(`plat.type(${JSON.stringify(line)})`);
}

async function take(page, name) {
    await pause(1500); /* what has just changed glows for a while */
    await page.picture(path.join(folder, name));
    await page.close();
}

/* What the table shows from now on, as often as MOMENT_MS, while the machine does LINES. */
async function record(page, lines) {
    const looks = await page.evaluate("page.looks.map(({ name, colour }) => ({ name, colour }))");
    const moments = [];
    let line = "", ends = false;
    const typing = (async () => {
        for (const [words, ms] of lines) {
            line = words;
            await type(page, words);
            await pause(ms);
        }
        ends = true;
    })();
    while (!ends) {
        const owners = await page.evaluate("[...plat.table.owner].join(' ')");
        moments.push({ line, owners: owners.split(" ").map(Number) });
        await pause(MOMENT_MS);
    }
    await typing;
    return { looks, moments };
}

/* VALUES, one a moment, as an <animate> of ATTRIBUTE; only where they change. */
function animate(attribute, values) {
    const at = values.map((value, i) => [value, i]).filter(([value, i]) => value !== values[i - 1]);
    const times = at.map(([, i]) => (i / values.length).toFixed(4).replace(/^0/, "")).join(";");
    return `<animate attributeName="${attribute}" values="${at.map(([v]) => v).join(";")}" ` +
        `keyTimes="${times.replace(/^\.0000/, "0")}" ` +
        `dur="${(values.length * MOMENT_MS / 1000).toFixed(1)}s" calcMode="discrete" ` +
        'repeatCount="indefinite"/>';
}

function cell(values, block) {
    const x = EDGE + block % COLUMNS * CELL, y = TOP + Math.floor(block / COLUMNS) * CELL;
    const rect = `<rect x="${x}" y="${y}" width="${CELL - 1}" height="${CELL - 1}" `;
    return values.every((value) => value === values[0])
        ? `${rect}fill="${values[0]}"/>`
        : `${rect}fill="${values[0]}">${animate("fill", values)}</rect>`;
}

function drawn({ looks, moments }) {
    const nblocks = moments[0].owners.length, rows = Math.ceil(nblocks / COLUMNS);
    const width = 2 * EDGE + COLUMNS * CELL, height = TOP + rows * CELL + EDGE;
    const cells = [...new Array(nblocks).keys()].map((block) =>
        cell(moments.map((moment) => looks[moment.owners[block]].colour), block));
    const lines = [...new Set(moments.map((moment) => moment.line))].map((line) =>
        `<text x="${EDGE}" y="22" display="none">plat&gt; ${line.replaceAll("&", "&amp;")}` +
        animate("display", moments.map((m) => m.line === line ? "inline" : "none")) + "</text>");
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
        'font-family="monospace" font-size="15" fill="#e8e6e0">\n' +
        `<rect width="${width}" height="${height}" fill="#0f1014"/>\n` +
        [...lines, ...cells].join("\n") + "\n</svg>\n";
}

const browser = await launch();
try {
    const work = ["alloc 100 900", "alloc 5000 8", "alloc 64K 6", "run stress 3000", "alloc 12K 3"];
    let page = await opened(browser, 1440, 1000, "dark");
    await type(page, ...work);
    await take(page, "page.png");

    page = await opened(browser, 1440, 760, "light");
    await page.evaluate("plat.perform(plat.lessons[0])");
    await take(page, "lesson.png");

    page = await opened(browser, 1440, 1000, "dark");
    const recorded = await record(page, [["alloc 64K 8", 700], ["alloc 100 1500", 700],
        ["alloc 5000 20", 700], ["run stress 9000 &", 0], ["run stress 9000 7 &", 0],
        ["run stress 9000 99 &", 300], ["wait", 1500]]);
    fs.writeFileSync(path.join(folder, "live-map.svg"), drawn(recorded));
    for (const name of ["page.png", "lesson.png", "live-map.svg"])
        console.log(`${path.join(folder, name)}: ${fs.statSync(path.join(folder, name)).size} bytes`);
} finally {
    await browser.close();
}
