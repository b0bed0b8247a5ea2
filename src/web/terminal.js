/*
 * The serial line's other end: a terminal of 80 columns and 24 rows, after ECMA-48 and xterm, with
 * the sequences that the kernel and its programs send: cursor addressing, erasing, colours of 16,
 * 256 and 24 bits, the saved cursor, scroll regions, the other screen. Lines that leave the top are
 * kept. The history of commands is the kernel's own.
 */
"use strict";

const COLUMNS = 80, ROWS = 24, LINES_KEPT = 1500;
const COLOURS_16 = ["#1a1c22", "#e06c60", "#7fc07a", "#d9b45a", "#6aa5e8", "#c586c8", "#5fbcc4",
    "#c8ccd4", "#6b7280", "#ff8a7d", "#9be08f", "#f4d675", "#8fc1ff", "#e3a6e6", "#84dde4",
    "#ffffff"];

/* A colour of xterm's 256. */
function colourOf256(n) {
    if (n < 16)
        return COLOURS_16[n];
    if (n >= 232)
        return `rgb(${[0, 0, 0].fill(8 + 10 * (n - 232)).join()})`;
    const shade = (level) => level === 0 ? 0 : 55 + 40 * level;
    return `rgb(${[Math.floor((n - 16) / 36), Math.floor((n - 16) / 6) % 6, (n - 16) % 6]
        .map(shade).join()})`;
}

class TerminalLine {
    constructor() {
        this.text = new Array(COLUMNS).fill(" ");
        this.looks = new Array(COLUMNS).fill("");
        this.element = null;
        this.isDirty = true;
    }
    put(column, character, look) {
        this.text[column] = character;
        this.looks[column] = look;
        this.isDirty = true;
    }
    erase(from, to, look) {
        this.text.fill(" ", from, to);
        this.looks.fill(look, from, to);
        this.isDirty = true;
    }
    render() {
        this.isDirty = false;
        this.element ??= document.createElement("div");
        const parts = [];
        let end = COLUMNS;
        while (end > 0 && this.text[end - 1] === " " && this.looks[end - 1] === "")
            end--;
        for (let from = 0, at = 1; from < end; at++) {
            if (at < end && this.looks[at] === this.looks[from])
                continue;
            const text = this.text.slice(from, at).join("");
            if (this.looks[from]) {
                const span = document.createElement("span");
                span.style.cssText = this.looks[from];
                span.textContent = text;
                parts.push(span);
            } else {
                parts.push(text);
            }
            from = at;
        }
        this.element.replaceChildren(...(parts.length ? parts : ["\u200b"]));
    }
    toString() {
        return this.text.join("").trimEnd();
    }
}

class Terminal {
    /* ELEMENT has a .lines, a .cursor and a textarea, which takes the keys; SEND gets what is
     * typed, as bytes in a string. */
    constructor(element, send) {
        this.element = element;
        this.linesElement = element.querySelector(".lines");
        this.cursorElement = element.querySelector(".cursor");
        this.keys = element.querySelector("textarea");
        this.send = send;
        this.decoder = new TextDecoder();
        this.clear();
        this.listen();
    }

    clear() {
        this.lines = [new TerminalLine()];
        this.main = null; /* what is kept of it while the other screen is shown */
        this.row = this.column = 0;
        this.wrapsNext = false;
        this.regionTop = 0;
        this.regionBottom = ROWS - 1;
        this.wraps = true;
        this.showsCursor = true;
        this.resetLook();
        this.saved = null;
        this.escape = null;
        this.linesElement?.replaceChildren();
        this.isDirty = true;
    }

    /* -- Keys -- */

    listen() {
        this.keys.addEventListener("keydown", (event) => {
            const code = Terminal.keyBytes(event);
            if (code === null)
                return;
            this.send(code);
            event.preventDefault();
            event.stopPropagation();
        });
        this.keys.addEventListener("input", () => {
            const text = this.keys.value.replace(/\r?\n/g, "\r").replace(/[^\r\t -~]/g, "");
            this.keys.value = "";
            if (text)
                this.send(text);
        });
        this.element.addEventListener("mouseup", () => {
            if (String(getSelection()) === "")
                this.keys.focus({ preventScroll: true });
        });
    }

    /* Tab is left to the browser, so that nobody is caught in here. */
    static keyBytes(event) {
        if (event.altKey || event.metaKey || event.isComposing)
            return null;
        if (event.ctrlKey)
            return /^[a-z]$/i.test(event.key) && event.key.toLowerCase() !== "v" &&
                !(event.key.toLowerCase() === "c" && String(getSelection()) !== "") ?
                String.fromCharCode(event.key.toUpperCase().charCodeAt(0) & 0x1f) : null;
        return Terminal.KEYS[event.key] ?? null;
    }

    /* -- Bytes -- */

    byte(code) {
        this.isDirty = true;
        if (this.escape !== null) {
            this.escape += String.fromCharCode(code);
            this.sequence();
            return;
        }
        if (code >= 32 && code !== 127) {
            const text = this.decoder.decode(Uint8Array.of(code), { stream: true });
            for (const character of text)
                this.put(character);
            return;
        }
        this.wrapsNext = this.wrapsNext && code === 7;
        if (code === 27)
            this.escape = "";
        else if (code === 13)
            this.column = 0;
        else if (code === 8)
            this.column = Math.max(0, this.column - 1);
        else if (code === 9)
            this.column = Math.min(COLUMNS - 1, (this.column | 7) + 1);
        else if (code === 10)
            this.lineFeed();
    }

    /* The line of screen row ROW; where there is none yet, there is one now. */
    line(row) {
        while (this.lines.length <= this.top + row)
            this.lines.push(new TerminalLine());
        return this.lines[this.top + row];
    }
    get top() {
        return Math.max(0, this.lines.length - ROWS);
    }

    put(character) {
        if (this.wrapsNext && this.wraps) {
            this.column = 0;
            this.lineFeed();
        }
        this.line(this.row).put(this.column, character, this.look);
        this.wrapsNext = this.column === COLUMNS - 1;
        this.column = Math.min(this.column + 1, COLUMNS - 1);
    }

    lineFeed() {
        this.wrapsNext = false;
        if (this.row !== this.regionBottom) {
            this.row = Math.min(this.row + 1, ROWS - 1);
            this.line(this.row);
            return;
        }
        this.scroll(1);
    }

    /* Moves the lines of the region up. Those of the whole main screen are kept. */
    scroll(n) {
        this.line(this.regionBottom);
        for (; n > 0; n--) {
            const whole = this.regionTop === 0 && this.regionBottom === ROWS - 1;
            if (whole && !this.main) {
                this.lines.push(new TerminalLine());
                if (this.lines.length > LINES_KEPT)
                    this.lines.splice(0, 100).forEach((line) => line.element?.remove());
                continue;
            }
            const { top } = this;
            const [gone] = this.lines.splice(top + this.regionTop, 1);
            gone.element?.remove();
            this.lines.splice(top + this.regionBottom, 0, new TerminalLine());
        }
    }

    /* -- Sequences -- */

    sequence() {
        const text = this.escape;
        if (/^\][^\x07\x1b]*$/.test(text) && text.length < 200)
            return; /* a title, which ends with a bell or ESC \ */
        if (/^\[[0-9;?<=>]*$/.test(text) && text.length < 60)
            return;
        if (/^[()]$/.test(text))
            return;
        this.escape = null;
        if (text === "7")
            this.saveCursor();
        else if (text === "8")
            this.restoreCursor();
        else if (text[0] === "[" && text[1] === "?")
            this.mode(text.slice(2, -1).split(";"), text.at(-1) === "h");
        else if (text[0] === "[")
            this.control(text.at(-1), text.slice(1, -1).split(";").map(Number));
    }

    saveCursor() {
        const { row, column, style } = this;
        this.saved = { row, column, style: { ...style } };
    }
    restoreCursor() {
        Object.assign(this, this.saved ?? { row: 0, column: 0 });
        this.style = { ...this.style };
        this.setLook();
        this.wrapsNext = false;
    }

    mode(numbers, on) {
        for (const number of numbers) {
            if (number === "7") {
                this.wraps = on;
            } else if (number === "25") {
                this.showsCursor = on;
            } else if (number === "1049" && on && !this.main) {
                this.saveCursor();
                const { lines, saved } = this;
                this.main = { lines, saved };
                this.lines = Array.from({ length: ROWS }, () => new TerminalLine());
                this.linesElement.replaceChildren();
            } else if (number === "1049" && !on && this.main) {
                Object.assign(this, this.main);
                this.main = null;
                this.restoreCursor();
                this.linesElement.replaceChildren();
                this.regionTop = 0;
                this.regionBottom = ROWS - 1;
            }
        }
    }

    control(letter, numbers) {
        const n = Math.max(1, numbers[0] || 1);
        const within = (value, most) => Math.max(0, Math.min(value, most));
        if (letter === "m") {
            this.select(numbers);
            return;
        }
        this.wrapsNext = false;
        const moves = { A: [-n, 0], B: [n, 0], C: [0, n], D: [0, -n] }[letter];
        if (moves) {
            this.row = within(this.row + moves[0], ROWS - 1);
            this.column = within(this.column + moves[1], COLUMNS - 1);
        } else if (letter === "H" || letter === "f") {
            this.row = within(n - 1, ROWS - 1);
            this.column = within((numbers[1] || 1) - 1, COLUMNS - 1);
        } else if (letter === "G") {
            this.column = within(n - 1, COLUMNS - 1);
        } else if (letter === "d") {
            this.row = within(n - 1, ROWS - 1);
        } else if (letter === "K") {
            this.eraseInLine(numbers[0] || 0);
        } else if (letter === "J") {
            this.eraseInScreen(numbers[0] || 0);
        } else if (letter === "S") {
            this.scroll(Math.min(n, ROWS));
        } else if (letter === "r") {
            const top = n - 1, bottom = within((numbers[1] || ROWS) - 1, ROWS - 1);
            if (top < bottom) { /* a region has two rows or more; others are ignored */
                this.regionTop = top;
                this.regionBottom = bottom;
                this.row = this.column = 0;
            }
        } else if (letter === "s") {
            this.saveCursor();
        } else if (letter === "u") {
            this.restoreCursor();
        }
        this.line(this.row);
    }

    eraseInLine(what) {
        const from = what === 0 ? this.column : 0, to = what === 1 ? this.column + 1 : COLUMNS;
        this.line(this.row).erase(from, to, this.paperOnly);
    }
    eraseInScreen(what) {
        if (what !== 2)
            this.eraseInLine(what);
        const from = what === 0 ? this.row + 1 : 0, to = what === 1 ? this.row : ROWS;
        for (let row = from; row < to && this.top + row < this.lines.length; row++)
            this.line(row).erase(0, COLUMNS, this.paperOnly);
    }

    /* -- Colours -- */

    resetLook() {
        this.style = { ink: "", paper: "", isBold: false, isDim: false, isUnderlined: false,
            isSwapped: false };
        this.setLook();
    }
    setLook() {
        const { ink, paper, isBold, isDim, isUnderlined, isSwapped } = this.style;
        const front = isSwapped ? paper || "#0d0f14" : ink;
        const back = isSwapped ? ink || "#d5d8df" : paper;
        this.look = (front && `color:${front};`) + (back && `background:${back};`) +
            (isBold ? "font-weight:bold;" : "") + (isDim ? "opacity:.6;" : "") +
            (isUnderlined ? "text-decoration:underline;" : "");
        this.paperOnly = back && `background:${back};`;
    }
    select(numbers) {
        for (let i = 0; i < numbers.length; i++) {
            const n = numbers[i];
            if (n === 38 || n === 48) {
                const is256 = numbers[i + 1] === 5;
                this.style[n === 38 ? "ink" : "paper"] = is256 ? colourOf256(numbers[i + 2] & 255) :
                    `rgb(${numbers.slice(i + 2, i + 5).join()})`;
                i += is256 ? 2 : 4;
            } else {
                this.selectOne(n);
            }
        }
        this.setLook();
    }
    selectOne(n) {
        const { style } = this, tens = Math.floor(n / 10);
        if (n === 0)
            this.resetLook();
        else if (n === 1 || n === 2)
            style[n === 1 ? "isBold" : "isDim"] = true;
        else if (n === 22)
            style.isBold = style.isDim = false;
        else if (n === 4 || n === 24)
            style.isUnderlined = n === 4;
        else if (n === 7 || n === 27)
            style.isSwapped = n === 7;
        else if (n === 39 || n === 49)
            style[n === 39 ? "ink" : "paper"] = "";
        else if ((tens === 3 || tens === 9) && n % 10 < 8)
            style.ink = COLOURS_16[n % 10 + (tens === 9 ? 8 : 0)];
        else if ((tens === 4 || tens === 10) && n % 10 < 8)
            style.paper = COLOURS_16[n % 10 + (tens === 10 ? 8 : 0)];
    }

    /* -- The page -- */

    draw() {
        if (!this.isDirty)
            return;
        this.isDirty = false;
        const box = this.element;
        const isBelow = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
        const place = this.linesElement;
        this.lines.forEach((line, i) => {
            if (line.isDirty)
                line.render();
            if (place.children[i] !== line.element)
                place.insertBefore(line.element, place.children[i] ?? null);
        });
        while (place.children.length > this.lines.length)
            place.lastElementChild.remove();
        const { cursorElement } = this, row = this.line(this.row).element;
        cursorElement.hidden = !this.showsCursor;
        if (row) {
            cursorElement.style.left = `${this.column}ch`;
            cursorElement.style.top = row.offsetTop + "px";
        }
        if (isBelow)
            box.scrollTop = box.scrollHeight;
    }

    get text() {
        return (this.main?.lines ?? this.lines).join("\n");
    }
}
Terminal.KEYS = { Enter: "\r", Backspace: "\b", Escape: "\x1b", ArrowUp: "\x1b[A",
    ArrowDown: "\x1b[B", ArrowRight: "\x1b[C", ArrowLeft: "\x1b[D", Home: "\x1b[H", End: "\x1b[F",
    Delete: "\x1b[3~" };

if (typeof module !== "undefined")
    module.exports = { Terminal, colourOf256 };
