/*
 * The PC: v86 with the kernel in it, what the kernel says on its serial line, and commands for its
 * prompt. v86 itself can end: the kernel leaves by port 0xf4, a WebAssembly trap, or a stack that
 * overflows. It then never answers again, not even its destroy(), and a new one is made.
 */
"use strict";

const PROMPT = "plat> ", LINE_DELETE = "\x15", TEXT_KEPT = 1 << 20, COMMANDS_KEPT = 1000;
const LINE_MOST = 4096, PATIENCE = 3; /* seconds that a line waits for a prompt */
/* A whole line: what a program prints somewhere in its own lines is no panic. */
const PANIC = new RegExp("^(?:\\x1b\\[[0-9;]*m)*panic: (?:another fault while panicking; )?" +
    "the machine stands still$");

class Pc {
    /* ON: byte(code), prompt(count), died(sentence), fault(error), one of the page's own. */
    constructor(on) {
        this.on = on;
        this.emulator = null;
        this.start = 0; /* counts starts, so that what belongs to an old one is left alone */
        this.reset();
    }

    reset() {
        this.text = ""; /* of all that was heard the last part */
        this.heard = 0; /* how many characters that were */
        this.line = []; /* the cells of the line that is being written, and its cursor */
        this.column = 0;
        this.commands = []; /* lines that the prompt took: { text, at, prompts } */
        this.ncommands = 0;
        this.prompts = 0;
        this.isAtPrompt = false; /* it waits for a line */
        this.isPromptLine = false; /* the line that is being written began with a prompt */
        this.isDead = false;
        this.lastTyped = Promise.resolve();
        this.waiting = [];
    }

    /* PARTS: wasm (a module), bios, vgabios, image, cmdline, megabytes, screen. */
    async boot({ wasm, bios, vgabios, image, cmdline, megabytes, screen }) {
        const start = ++this.start, old = this.emulator;
        this.emulator = null;
        this.wake();
        this.reset(); /* what is typed from now on waits for the new machine's prompt */
        if (old)
            await Promise.race([old.destroy().catch(() => {}), pauseFor(300)]);
        if (start !== this.start)
            return false;
        screen.replaceChildren(document.createElement("div"), document.createElement("canvas"));
        const emulator = new V86({
            wasm_fn: async (env) => (await WebAssembly.instantiate(wasm, env)).exports,
            memory_size: megabytes * 1024 * 1024,
            vga_memory_size: 1024 * 1024,
            bios: { buffer: bios.slice().buffer },
            vga_bios: { buffer: vgabios.slice().buffer },
            multiboot: { buffer: image.slice().buffer },
            cmdline,
            /* Without use_graphical_text, which draws only half of the letters in v86 0.5.462. */
            screen: { container: screen },
            autostart: true,
            disable_mouse: true,
            disable_speaker: true,
        });
        this.emulator = emulator;
        emulator.add_listener("serial0-output-byte", (code) => {
            if (this.emulator !== emulator)
                return;
            try {
                this.hear(code);
            } catch (error) {
                this.on.fault(error); /* v86 calls this: it would pass for an error of v86 */
            }
        });
        /* It has no keyboard yet that could be told to be silent. */
        emulator.add_listener("emulator-ready", () =>
            emulator.keyboard_set_enabled(document.activeElement === screen));
        await this.until(() => this.prompts > 0 || this.isDead || start !== this.start, 60);
        return this.prompts > 0 && start === this.start;
    }

    hear(code) {
        this.on.byte(code);
        if (code === 13)
            return;
        this.text += String.fromCharCode(code);
        this.heard++;
        if (this.text.length > 2 * TEXT_KEPT)
            this.text = this.text.slice(-TEXT_KEPT);
        if (code === 10) {
            this.lineEnds();
        } else if (code === 8) {
            this.column = Math.max(0, this.column - 1);
        } else if (this.column < LINE_MOST) {
            this.line[this.column++] = String.fromCharCode(code);
        }
        if (code === 32 && this.line.length === PROMPT.length && this.line.join("") === PROMPT) {
            this.isAtPrompt = this.isPromptLine = true;
            this.prompts++;
            this.on.prompt(this.prompts);
            this.wake();
        }
    }

    /* The kernel edits its line by going back and writing over it: what its cells show at last is
     * the command. */
    lineEnds() {
        const line = this.line.join("").trimEnd();
        this.line = [];
        this.column = 0;
        if (this.isPromptLine && line.startsWith(PROMPT)) {
            this.commands.push({ text: line.slice(PROMPT.length), at: this.heard - 1,
                prompts: this.prompts });
            this.ncommands++;
            if (this.commands.length > 2 * COMMANDS_KEPT)
                this.commands.splice(0, COMMANDS_KEPT);
        }
        this.isAtPrompt = this.isPromptLine = false;
        if (PANIC.test(line))
            this.die("The kernel has panicked: it says why above, and stands still.");
    }

    /* The machine answers no more, because of WHY, a sentence. */
    die(why) {
        if (this.isDead)
            return;
        this.isDead = true;
        this.on.died(why);
        this.wake();
    }

    wake() {
        for (const wake of this.waiting.splice(0))
            wake();
    }
    /* Until IS() is true, looked at with each prompt, or SECONDS are over. */
    async until(is, seconds) {
        const end = performance.now() + 1000 * seconds;
        while (!is() && performance.now() < end)
            await Promise.race([new Promise((wake) => this.waiting.push(wake)),
                pauseFor(end - performance.now())]);
    }

    send(bytes) {
        if (bytes.includes("\r"))
            this.isAtPrompt = false;
        if (this.emulator && !this.isDead)
            this.emulator.serial0_send(bytes);
    }

    /* Types LINE at the prompt, after all that was typed before: a promise of what the kernel has
     * answered to it until the next prompt, or in SECONDS. It fails where there is no such answer:
     * another command runs, somebody typed in between, or the machine was started anew. ANYWAY: a
     * program that runs may have the line. */
    type(line, seconds = 60, anyway = false) {
        const { start } = this;
        const answer = this.lastTyped.then(() => this.typeNow(line, seconds, anyway, start));
        this.lastTyped = answer.catch(() => {});
        return answer;
    }
    async typeNow(line, seconds, anyway, start) {
        const isOver = () => this.isDead || start !== this.start;
        const isThere = () => {
            if (start !== this.start)
                throw new Error("the machine was started anew");
            return !this.isDead;
        };
        if (isThere() && this.prompts > 0 && !this.emulator.is_running())
            this.emulator.run();
        await this.until(() => this.isAtPrompt || isOver(), this.prompts ? PATIENCE : 60);
        if (!isThere())
            throw new Error("the machine stands still");
        if (!this.isAtPrompt && (!anyway || this.prompts === 0))
            throw new Error("a command still runs, and Ctrl-C ends it");
        const { heard, prompts } = this, wasAtPrompt = this.isAtPrompt;
        const text = line.replace(/\t/g, " ").replace(/[^ -~]/g, "").trimEnd();
        /* A line that is longer than the screen's shows one end of it. */
        const own = () => this.commands.find((command) => command.at >= heard &&
            (command.text === text || (command.text.startsWith("<") && text.length > 60)));
        const isAnswered = () => this.prompts > (own()?.prompts ?? Infinity);
        /* What somebody has begun to type goes first. */
        this.send((wasAtPrompt && this.line.length === PROMPT.length ? "" : LINE_DELETE) +
            line + "\r");
        await this.until(() => this.prompts > prompts || isOver(), seconds);
        if (!isOver() && this.prompts > prompts && !isAnswered())
            await this.until(() => isAnswered() || isOver(), own() ? seconds : PATIENCE);
        isThere();
        const command = own();
        if (!command && wasAtPrompt && !this.isDead)
            throw new Error("something else was typed in between");
        return command ? line + this.textFrom(command.at) : "";
    }
    textFrom(at) {
        return this.text.slice(Math.max(0, at - (this.heard - this.text.length)));
    }

    /* Physical memory; zeros where there is none. */
    read(address, nbytes) {
        const bytes = this.emulator.read_memory(address, nbytes);
        if (bytes.length === nbytes)
            return bytes;
        const padded = new Uint8Array(nbytes);
        padded.set(bytes);
        return padded;
    }
    get isRunning() {
        return this.emulator !== null && !this.isDead && this.emulator.is_running();
    }
}

function pauseFor(milliseconds) {
    return new Promise((done) => setTimeout(done, milliseconds));
}

if (typeof module !== "undefined")
    module.exports = { Pc };
