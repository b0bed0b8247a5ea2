/*
 * The page in Firefox, as a second opinion: start, the first lesson, the map. Prints TAP.
 *
 *     node firefox.mjs FIREFOX PAGE.html
 *
 * Firefox is led by its own protocol, Marionette: messages over TCP, each a length in decimal, a
 * colon, and JSON: [0, number, command, parameters] one way and [1, number, error, result] back.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { pause, within } from "./cdp.mjs";
import { Tap, countsIn } from "./tap.mjs";

const [program, file] = process.argv.slice(2);

class Marionette {
    constructor(port) {
        this.socket = net.connect(port, "127.0.0.1");
        this.next = 1;
        this.waiting = new Map();
        let bytes = Buffer.alloc(0);
        this.socket.on("data", (more) => {
            bytes = Buffer.concat([bytes, more]);
            for (;;) {
                const colon = bytes.indexOf(":");
                const end = colon + 1 + Number(bytes.subarray(0, colon));
                if (colon < 0 || bytes.length < end)
                    return;
                this.take(JSON.parse(bytes.subarray(colon + 1, end).toString()));
                bytes = bytes.subarray(end);
            }
        });
        this.socket.on("error", () => {});
    }
    take(message) {
        if (!Array.isArray(message))
            return; /* its greeting */
        const [, number, error, result] = message, asked = this.waiting.get(number);
        this.waiting.delete(number);
        if (error)
            asked.fail(new Error(error.message));
        else
            asked.done(result?.value ?? result);
    }
    send(command, parameters = {}, seconds = 120) {
        return within(seconds, command, new Promise((done, fail) => {
            const number = this.next++;
            this.waiting.set(number, { done, fail });
            const message = JSON.stringify([0, number, command, parameters]);
            this.socket.write(`${Buffer.byteLength(message)}:${message}`);
        }));
    }
    /* The value of an expression, or of what it promises. */
    async evaluate(expression) {
        const [value, error] = await this.send("WebDriver:ExecuteAsyncScript", {
            script: `const done = arguments[0]; (async () => (${expression}))()
                .then((value) => done([value, null]), (error) => done([null, String(error)]));`,
            args: [], sandbox: null });
        if (error)
            throw new Error(error);
        return value;
    }
    async until(expression, seconds = 120) {
        const end = Date.now() + 1000 * seconds;
        let why = "";
        for (;;) {
            const value = await this.evaluate(expression).catch((error) => {
                why = `, ${error.message}`;
            });
            if (value)
                return value;
            if (Date.now() > end)
                throw new Error(`not in ${seconds} s: ${expression}${why}`);
            await pause(200);
        }
    }
}

const home = fs.mkdtempSync(path.join(os.tmpdir(), "plat-firefox."));
fs.writeFileSync(path.join(home, "user.js"), `
user_pref("marionette.port", 0);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
`);
const child = spawn(program, ["--headless", "--marionette", "--no-remote", "--profile", home],
    { stdio: "ignore", env: { ...process.env, HOME: home, MOZ_HEADLESS_WIDTH: "1440",
        MOZ_HEADLESS_HEIGHT: "1000" } });
const gone = new Promise((done) => child.on("exit", done));
const tap = new Tap();
let firefox;
try {
    const port = path.join(home, "MarionetteActivePort");
    for (let i = 0; i < 600 && !fs.existsSync(port); i++)
        await pause(100);
    await pause(200);
    firefox = new Marionette(Number(fs.readFileSync(port, "utf8")));
    const { capabilities } = await firefox.send("WebDriver:NewSession",
        { timeouts: { script: 180000 } });
    tap.note(`Firefox ${capabilities.browserVersion}`);

    await firefox.send("WebDriver:Navigate", { url: pathToFileURL(path.resolve(file)).href });
    await firefox.until("plat.prompts >= 1");
    tap.ok(true, "the kernel comes to its prompt");

    const [good, text] = await firefox.evaluate("plat.perform(plat.lessons[0], true)");
    tap.ok(good, `the first lesson is true: ${text}`);

    const said = await firefox.evaluate("plat.type('heap', 60)");
    tap.same(await firefox.evaluate("plat.counts()"), countsIn(said),
        "the page counts the blocks that the kernel counts");

    const colours = await firefox.evaluate(`new Promise((done) => requestAnimationFrame(() =>
        requestAnimationFrame(() => {
            const canvas = document.querySelector("#map");
            const { data } = canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height);
            done(new Set(new Uint32Array(data.buffer)).size);
        })))`);
    tap.ok(colours >= 4, `the map is drawn, in ${colours} colours`);
    tap.same(await firefox.evaluate("plat.faults"), [], "no error in the page");
} catch (error) {
    tap.ok(false, "Firefox answers", error.stack);
} finally {
    firefox?.send("Marionette:Quit", { flags: ["eForceQuit"] }).catch(() => {});
    const killed = setTimeout(() => child.kill("SIGKILL"), 10000);
    await gone;
    clearTimeout(killed);
    fs.rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
tap.end();
