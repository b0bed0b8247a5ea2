/*
 * Headless Chromium over --remote-debugging-pipe: it reads requests from file descriptor 3 and
 * writes answers and events to 4, each a line of JSON that ends in a NUL. No package is needed, and
 * no port.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage", "--remote-debugging-pipe"];

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/* PROMISE, or an error that names WHAT after so many seconds: for what hangs. */
export async function within(seconds, what, promise) {
    let timer;
    const late = new Promise((_, fail) => {
        timer = setTimeout(() => fail(new Error(`no answer in ${seconds} s: ${what}`)),
            1000 * seconds);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/* The requests and events of one browser. */
class Pipe {
    constructor(to, from) {
        this.to = to;
        this.next = 1;
        this.waiting = new Map();
        this.listeners = [];
        let parts = [];
        from.on("data", (bytes) => {
            for (let end; (end = bytes.indexOf(0)) >= 0; bytes = bytes.subarray(end + 1)) {
                parts.push(bytes.subarray(0, end));
                this.take(JSON.parse(Buffer.concat(parts).toString()));
                parts = [];
            }
            parts.push(bytes);
        });
        from.on("close", () => {
            for (const { fail } of this.waiting.values())
                fail(new Error("the browser has gone"));
            this.waiting.clear();
        });
        to.on("error", () => {});
    }
    take(message) {
        const asked = this.waiting.get(message.id);
        this.waiting.delete(message.id);
        if (asked && message.error)
            asked.fail(new Error(`${asked.method}: ${message.error.message}`));
        else if (asked)
            asked.done(message.result);
        else
            for (const listener of this.listeners)
                listener(message);
    }
    send(method, params = {}, sessionId = undefined) {
        return new Promise((done, fail) => {
            const id = this.next++;
            this.waiting.set(id, { method, done, fail });
            this.to.write(JSON.stringify({ id, method, params, sessionId }) + "\0");
        });
    }
}

/* One page, and what its console has said. */
class Page {
    constructor(pipe, session, target) {
        this.pipe = pipe;
        this.session = session;
        this.target = target;
        this.errors = [];
        this.requests = [];
        pipe.listeners.push(({ sessionId, method, params }) => {
            if (sessionId === session)
                this.hear(method, params);
        });
    }
    hear(method, params) {
        if (method === "Runtime.consoleAPICalled" && ["error", "assert"].includes(params.type))
            this.errors.push(params.args.map((a) => a.value ?? a.description).join(" "));
        else if (method === "Runtime.exceptionThrown")
            this.errors.push(params.exceptionDetails.exception?.description ??
                params.exceptionDetails.text);
        else if (method === "Log.entryAdded" && params.entry.level === "error")
            this.errors.push(params.entry.text);
        else if (method === "Network.requestWillBeSent")
            this.requests.push(params.request.url);
    }
    command(method, params) {
        return this.pipe.send(method, params, this.session);
    }
    /* The value of an expression, or of what it promises. */
    async evaluate(expression, seconds = 180) {
        const { result, exceptionDetails } = await within(seconds, expression.slice(0, 100),
            this.command("Runtime.evaluate",
                { expression, awaitPromise: true, returnByValue: true, userGesture: true }));
        if (exceptionDetails)
            throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    }
    /* Waits until EXPRESSION is true; it may throw until then, as while a page is loading. */
    async until(expression, seconds = 120) {
        const end = Date.now() + 1000 * seconds;
        let why = "";
        for (;;) {
            try {
                const value = await this.evaluate(expression);
                if (value)
                    return value;
            } catch (error) {
                why = `, ${error.message}`;
            }
            if (Date.now() > end)
                throw new Error(`not in ${seconds} s: ${expression}${why}`);
            await pause(50);
        }
    }
    async open(url) {
        await this.command("Page.navigate", { url });
    }
    /* A screen of WIDTH by HEIGHT pixels; what moves fast may be asked not to. */
    async screen(width, height, { mobile = false, scheme = "light" } = {}) {
        await this.command("Emulation.setDeviceMetricsOverride",
            { width, height, deviceScaleFactor: 1, mobile });
        await this.command("Emulation.setEmulatedMedia",
            { features: [{ name: "prefers-color-scheme", value: scheme }] });
    }
    /* One key, as a keyboard sends it: a letter, a digit, "Enter", "Tab", "Shift+Tab". */
    async key(name) {
        const key = name.replace("Shift+", "");
        const codes = { Enter: 13, Tab: 9, Escape: 27, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39,
            ArrowDown: 40, " ": 32 };
        const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
        const code = /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` :
            /^\d$/.test(key) ? `Digit${key}` : key === " " ? "Space" : key;
        const event = { key, code, text,
            windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0),
            modifiers: name.startsWith("Shift+") ? 8 : 0 };
        const shift = { key: "Shift", code: "ShiftLeft", windowsVirtualKeyCode: 16 };
        if (event.modifiers)
            await this.command("Input.dispatchKeyEvent", { type: "keyDown", ...shift });
        await this.command("Input.dispatchKeyEvent", { type: "keyDown", ...event });
        await this.command("Input.dispatchKeyEvent", { type: "keyUp", ...event, text: undefined });
        if (event.modifiers)
            await this.command("Input.dispatchKeyEvent", { type: "keyUp", ...shift });
    }
    async click(x, y) {
        const event = { x, y, button: "left", clickCount: 1 };
        await this.command("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
        await this.command("Input.dispatchMouseEvent", { type: "mousePressed", ...event });
        await this.command("Input.dispatchMouseEvent", { type: "mouseReleased", ...event });
    }
    /* Puts files into the file field that SELECTOR finds. */
    async choose(selector, files) {
        const { root } = await this.command("DOM.getDocument");
        const { nodeId } = await this.command("DOM.querySelector",
            { nodeId: root.nodeId, selector });
        await this.command("DOM.setFileInputFiles", { nodeId, files });
    }
    async picture(file) {
        const { data } = await this.command("Page.captureScreenshot", { format: "png" });
        fs.writeFileSync(file, Buffer.from(data, "base64"));
    }
    async close() {
        await this.pipe.send("Target.closeTarget", { targetId: this.target });
    }
}

/* { page() -> Page, close() } */
export async function launch(program = "chromium") {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "plat-web."));
    const child = spawn(program, [...FLAGS, `--user-data-dir=${home}`],
        { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    const gone = new Promise((done) => {
        child.on("exit", done);
        child.on("error", done);
    });
    const pipe = new Pipe(child.stdio[3], child.stdio[4]);
    return {
        async page() {
            const { targetId } = await within(60, "a first answer of the browser",
                pipe.send("Target.createTarget", { url: "about:blank" }));
            const { sessionId } = await pipe.send("Target.attachToTarget",
                { targetId, flatten: true });
            const page = new Page(pipe, sessionId, targetId);
            for (const domain of ["Runtime", "Page", "Log", "DOM", "Network"])
                await page.command(`${domain}.enable`);
            await page.screen(1440, 1000);
            return page;
        },
        async close() {
            pipe.send("Browser.close").catch(() => {});
            const killed = setTimeout(() => child.kill("SIGKILL"), 10000);
            await gone;
            clearTimeout(killed);
            fs.rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
        },
    };
}
