/*
 * The lessons' panel: shows one, types its commands, lets the visitor guess where one asks for it,
 * and tells whether the claim is true. PAGE: { pc, map, picture(), machineFor(machine), colours }.
 * What is not done (the machine was started anew, a command runs, somebody stopped it) is neither
 * true nor false. While one is being done, all else that types is off.
 */
"use strict";

const OFF_IN_LESSONS = "#commands button, #line, #line-form [type=submit], #act, #add, " +
    "#machine-form select, #machine-form input";

/* A guess is right also where it is another block of the same free run. */
function isSameRun(t, a, b) {
    if (a === b)
        return true;
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    return t.entries[low] === ENTRY.FREE && lengthOf(t, low) > high - low;
}

class LessonPanel {
    constructor(page) {
        this.page = page;
        this.state = { addresses: [], said: "", keep: {} };
        this.results = new Map(); /* lesson: whether it was true; null: not done */
        this.guessed = this.guesses = 0;
        this.takesGuess = null;
        this.isBusy = false;
        this.isStarting = false; /* the machine that a lesson needs */
        this.stop = () => {};
        const id = (name) => document.getElementById(name);
        this.parts = { list: id("lesson-list"), title: id("lesson-title"), text: id("lesson-text"),
            go: id("lesson-do"), skip: id("lesson-skip"), back: id("lesson-back"),
            next: id("lesson-next"), score: id("score"), commands: id("lesson-commands"),
            verdict: id("verdict") };
        this.parts.go.onclick = () => {
            if (this.isBusy)
                this.stop("it was stopped");
            else
                this.perform(lessons[this.number]);
        };
        this.parts.skip.onclick = () => this.takesGuess?.(null);
        this.parts.back.onclick = () => this.show(this.number - 1);
        this.parts.next.onclick = () => this.show(this.number + 1);
        lessons.forEach((lesson, i) => {
            const button = document.createElement("button");
            button.type = "button";
            button.textContent = i + 1;
            button.onclick = () => this.show(i);
            this.parts.list.append(button);
        });
        /* One stop for Tab; the arrows go from lesson to lesson. */
        this.parts.list.addEventListener("keydown", (event) => {
            const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
            if (!step || !lessons[this.number + step] || this.isBusy)
                return;
            event.preventDefault();
            this.show(this.number + step);
            this.parts.list.children[this.number].focus();
        });
        this.show(0);
    }

    show(number) {
        if (this.isBusy)
            return;
        const lesson = lessons[number], { parts } = this;
        this.number = number;
        parts.title.textContent = `${number + 1}. ${lesson.title}`;
        parts.text.innerHTML = lesson.text;
        parts.commands.hidden = true;
        this.say("");
        this.mark();
    }

    mark() {
        const { parts } = this;
        [...parts.list.children].forEach((button, i) => {
            const result = this.results.get(lessons[i]);
            const [look, state] = result === undefined ? ["", ""] : result === null ?
                ["undone", ", not done"] : result ? ["good", ", proved"] : ["bad", ", not true"];
            button.className = look;
            button.setAttribute("aria-label", `Lesson ${i + 1}: ${lessons[i].title}${state}`);
            button.title = lessons[i].title;
            if (i === this.number)
                button.setAttribute("aria-current", "step");
            else
                button.removeAttribute("aria-current");
            button.disabled = this.isBusy;
            button.tabIndex = i === this.number ? 0 : -1;
        });
        parts.go.textContent = this.isBusy ? "Stop" : "Do it";
        for (const element of document.querySelectorAll(OFF_IN_LESSONS))
            element.disabled = this.isBusy;
        parts.back.disabled = this.isBusy || this.number === 0;
        parts.next.disabled = this.isBusy || this.number === lessons.length - 1;
        parts.score.textContent = this.guesses ?
            `${this.guessed} of ${this.guesses} guesses were right` : "";
    }

    say(text, look = "") {
        this.parts.verdict.textContent = text;
        this.parts.verdict.className = look;
    }

    /* Does LESSON; QUICK without a guess and without pauses. A promise of [good, text]; good is
     * null where it could not be done. */
    async perform(lesson, quick = false) {
        if (this.isBusy)
            return [null, "another lesson is being done"];
        this.show(lessons.indexOf(lesson));
        this.isBusy = true;
        this.ended = new Promise((_, fail) => {
            this.stop = (why) => fail(new Error(why));
        });
        this.ended.catch(() => {}); /* it may end when nobody waits */
        this.mark();
        let result;
        try {
            result = await this.steps(lesson, quick);
        } catch (error) {
            result = [null, `it could not be done: ${error.message}`];
            this.endCommand();
        }
        const [good, text] = result;
        this.isBusy = this.isStarting = false;
        this.takesGuess = null;
        this.parts.skip.hidden = true;
        document.getElementById("map-holder").classList.remove("asks");
        this.page.map.ghosts = [];
        this.results.set(lesson, good);
        this.mark();
        if (good === null)
            this.say(`\u2013 Not done: ${text}`, "undone");
        else
            this.say(`${good ? "\u2713 True:" : "\u2717 Not true:"} ${text}`,
                good ? "good" : "bad");
        return result;
    }

    /* What a lesson that has ended early has left running, if it was that lesson's. */
    endCommand() {
        const { pc } = this.page;
        if (this.hasTyped && pc.start === this.start && !pc.isAtPrompt && !pc.isDead)
            pc.send("\x03");
    }

    /* PROMISE, as long as the lesson goes on, with the machine with which it began. */
    async wait(promise) {
        const value = await Promise.race([promise, this.ended]);
        if (!this.isStarting && this.start !== this.page.pc.start)
            throw new Error("the machine was started anew");
        return value;
    }
    /* The page starts a machine. */
    machineStarts() {
        if (this.isBusy && !this.isStarting)
            this.stop("the machine was started anew");
    }

    async steps(lesson, quick) {
        const { page, state } = this, { pc } = page;
        this.say("starting the machine that this lesson needs");
        this.isStarting = true;
        this.hasTyped = false;
        await this.wait(page.machineFor(lesson.machine));
        this.isStarting = false;
        this.start = pc.start;
        await this.wait(pc.until(() => pc.isAtPrompt || pc.isDead, 3));
        if (!pc.isAtPrompt)
            throw new Error("a command still runs, and Ctrl-C ends it");
        this.say("");
        const before = page.picture();
        if (!before)
            throw new Error("the machine shows no heap");
        state.addresses = [];
        state.said = "";
        lesson.before?.(before, state);
        const expected = lesson.guess && !quick ? lesson.guess(before, state) : undefined;
        if (expected !== undefined && expected !== null)
            await this.ask(before, expected);
        this.parts.commands.replaceChildren();
        for (const command of lesson.commands) {
            const line = typeof command === "string" ? command : command(state);
            if (line)
                await this.type(line, quick);
        }
        await this.wait(pauseFor(quick ? 60 : 300));
        const after = page.picture();
        if (!after)
            throw new Error("the machine stands still");
        const [good, text] = lesson.check(after, state);
        return [good, text];
    }

    async type(line, quick) {
        const { page, state, parts } = this, item = document.createElement("li");
        item.textContent = line;
        parts.commands.hidden = false;
        parts.commands.append(item);
        parts.commands.scrollTop = parts.commands.scrollHeight;
        this.hasTyped = true;
        const said = await this.wait(page.pc.type(line));
        if (page.pc.isDead)
            throw new Error("the machine stands still");
        item.className = "done";
        state.said += said;
        for (const [, address] of said.matchAll(/^ {2}(0x[0-9a-f]{8})\b/gm))
            if (line.startsWith("alloc"))
                state.addresses.push(address);
        if (!quick)
            await this.wait(pauseFor(200));
    }

    /* Lets the visitor click a block, and compares. */
    async ask(t, expected) {
        const { page, parts } = this;
        this.say("Your turn: click a block of the map, or choose one by arrow keys and Enter.");
        parts.skip.hidden = false;
        const map = document.getElementById("map-holder");
        map.classList.add("asks");
        map.scrollIntoView({ block: "nearest" });
        const block = await this.wait(new Promise((done) => { this.takesGuess = done; }));
        this.takesGuess = null;
        parts.skip.hidden = true;
        map.classList.remove("asks");
        parts.verdict.scrollIntoView({ block: "nearest" });
        const { focus, good } = page.colours();
        page.map.ghosts = [{ first: expected, n: 1, colour: good, width: 3 }];
        if (block !== null) {
            const isRight = isSameRun(t, block, expected);
            this.guesses++;
            this.guessed += isRight;
            this.mark();
            if (!isRight)
                page.map.ghosts.unshift({ first: block, n: 1, colour: focus, width: 3 });
            this.say(isRight ? `Block ${block}: right, says the page. Now the kernel:` :
                `You said block ${block}; the page says ${expected}. Now the kernel:`,
                isRight ? "good" : "bad");
        }
        await this.wait(pauseFor(1200));
    }
}
