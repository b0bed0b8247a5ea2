/*
 * The PC: v86 with the kernel in it, what the kernel says on its serial line, and commands for its
 * prompt. v86 itself can end: the kernel leaves by port 0xf4, a WebAssembly trap, or a stack that
 * overflows. It then never answers again, not even its destroy(), and a new one is made.
 */
"use strict";

const PROMPT = "\nplat> ", LINE_DELETE = "\x15", PANIC = "panic: the machine stands still\n";

class Pc {
    /* ON: byte(code), prompt(count), died(sentence). */
    constructor(on) {
        this.on = on;
        this.emulator = null;
        this.start = 0; /* counts starts, so that what belongs to an old one is left alone */
        this.reset();
    }

    reset() {
        this.text = "";
        this.prompts = 0;
        this.isAtPrompt = false;
        this.isDead = false;
        this.lastTyped = Promise.resolve();
        this.waiting = [];
    }

    /* PARTS: wasm (a module), bios, vgabios, image, cmdline, megabytes, screen. */
    async boot({ wasm, bios, vgabios, image, cmdline, megabytes, screen }) {
        const start = ++this.start, old = this.emulator;
        this.emulator = null;
        this.wake();
        if (old)
            await Promise.race([old.destroy().catch(() => {}), pauseFor(300)]);
        if (start !== this.start)
            return false;
        this.reset();
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
            if (this.emulator === emulator)
                this.hear(code);
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
        if (code === 10)
            this.isAtPrompt = false;
        if (code === 32 && this.text.endsWith(PROMPT)) {
            this.isAtPrompt = true;
            this.prompts++;
            this.on.prompt(this.prompts);
            this.wake();
        }
        if (code === 10 && this.text.endsWith(PANIC))
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
        if (this.emulator && !this.isDead)
            this.emulator.serial0_send(bytes);
        if (bytes.includes("\r"))
            this.isAtPrompt = false;
    }

    /* Types LINE at the prompt, after all that was typed before: what the kernel answered until the
     * next prompt, or in SECONDS. */
    type(line, seconds = 60) {
        const { start } = this;
        const answer = this.lastTyped.then(async () => {
            const isOver = () => this.isDead || start !== this.start;
            await this.until(() => this.isAtPrompt || isOver(), 3);
            if (isOver())
                return "";
            if (!this.emulator.is_running())
                this.emulator.run();
            const from = this.text.length, { prompts } = this;
            /* What somebody has begun to type goes first. */
            this.send((this.text.endsWith(PROMPT) ? "" : LINE_DELETE) + line + "\r");
            await this.until(() => this.prompts > prompts || isOver(), seconds);
            return start === this.start ? this.text.slice(from) : "";
        });
        this.lastTyped = answer;
        return answer;
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
