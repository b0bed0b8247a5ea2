/* What the page proposes and proves (two to begin with). */
"use strict";
const lessons = [{
    id: "five-bytes",
    title: "One byte for each block",
    text: `The kernel cuts the memory of its heap into blocks of 4096 bytes, and a table has one byte
        for each of them. <b>Claim:</b> three blocks read C1 81 01.`,
    machine: { heap: "block", words: "" },
    commands: ["alloc 12K"],
    check(t, s) {
        const b = blockOf(t, Number(s.addresses[0]));
        const bytes = Array.from(t.entries.slice(b, b + 3), (e) => e.toString(16)).join(" ");
        return [bytes === "c1 81 1", `blocks ${b} to ${b + 2}: ${bytes}`];
    },
}, {
    id: "best-fit",
    title: "Guess the block",
    text: "Where will 264 KB go? Click the block.",
    commands: ["alloc 264K"],
    guess: (t) => bestFit(freeRuns(t), 66)?.first,
    check: (t, s) => [lengthOf(t, blockOf(t, Number(s.addresses[0]))) === 66,
        `block ${blockOf(t, Number(s.addresses[0]))}`],
}];
if (typeof module !== "undefined")
    module.exports = { lessons };
