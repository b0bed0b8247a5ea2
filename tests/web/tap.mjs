/* Test Anything Protocol: what `prove` counts. */
export class Tap {
    constructor() {
        this.count = 0;
        this.failed = 0;
    }
    note(text) {
        console.log(String(text).replace(/^/gm, "# "));
    }
    ok(good, name, more = "") {
        this.count++;
        this.failed += good ? 0 : 1;
        console.log(`${good ? "ok" : "not ok"} ${this.count} - ${name.replaceAll("#", "\\#")}`);
        if (!good && more)
            this.note(more);
        return good;
    }
    /* GOT and WANTED are the same, as JSON; the order of keys does not count. */
    same(got, wanted, name) {
        const text = (value) => JSON.stringify(value, (key, part) =>
            part && typeof part === "object" && !Array.isArray(part) ?
                Object.fromEntries(Object.entries(part).sort()) : part);
        return this.ok(text(got) === text(wanted), name,
            `got ${text(got)}\nwanted ${text(wanted)}`);
    }
    end() {
        console.log(`1..${this.count}`);
        process.exitCode = this.failed ? 1 : 0;
    }
}

/* What the shell's `heap` says of each owner: { name: blocks }. */
export function countsIn(said) {
    return Object.fromEntries([...said.matchAll(/^ {2}([a-z ]+?) +(\d+) blocks/gm)]
        .map(([, name, count]) => [name, Number(count)]));
}
