/*
 * What the page proposes and proves. A lesson types COMMANDS, and CHECK says whether its claim is
 * true: by what stands in the guest's memory (T; BEFORE's is that of before the first command), and
 * by what the kernel printed only where that itself is the claim. S.keep is the lessons' own, and
 * ADDRESSES how many the kernel's answers to a lesson have at least.
 *
 * A lesson may be done twice, and after any other. Where the claim would say nothing, because of
 * what is there already (other holes, a heap that is full), it is red and says what to do. A
 * command without text is left out.
 */
"use strict";
const lessons = (() => {
    /* Small heaps, so that a block is a large cell of the map. */
    const BLOCK = { heap: "block", words: "heap_size=4M" };
    const ROOMY = { heap: "block", words: "heap_size=8M" };
    const TIGHT = { heap: "block", words: "heap_size=3M" };
    const WATCHED = { heap: "block", words: "heap_size=4M heap_watch" };
    const GUARDED = { heap: "block", words: "heap_size=4M heap_guard=1" };
    const FREE_LIST = { heap: "free_list", words: "heap_size=4M" };
    const BEST_FIT = { heap: "best_fit", words: "heap_size=4M" };

    /* -- What stands in memory -- */

    const hex = (n, digits) => n.toString(16).padStart(digits, "0");
    const at = (n) => "0x" + hex(n, 8);
    const tableBytes = (t, block, n) => Array.from(t.entries.slice(block, block + n),
        (byte) => hex(byte, 2).toUpperCase()).join(" ");
    const block = (t, address) => blockOf(t, Number(address));
    const ownerOf = (t, b) => t.names[t.owner[b]];

    function blocksOf(t, ...names) {
        let n = 0;
        for (let b = 0; b < t.nblocks; b++)
            n += names.includes(ownerOf(t, b));
        return n;
    }
    const owned = (t) => ["process", "paging", "window"].map((name) => blocksOf(t, name));
    const heldBlocks = (t) => t.nblocks - blocksOf(t, "free", "kept", "not ours");
    const freeBlocks = (t) => freeRuns(t).reduce((sum, run) => sum + run.n, 0);
    const longestRun = (t) => freeRuns(t).reduce((most, run) => Math.max(most, run.n), 0);

    /* How many small objects are live, by their size. */
    function liveObjects(t) {
        const live = {};
        for (let b = 0; b < t.nblocks; b++) {
            const slab = ownerOf(t, b) === "small" ? slabAt(t, b) : null;
            if (slab)
                live[slab.size] = (live[slab.size] ?? 0) + slab.live.filter(Boolean).length;
        }
        return live;
    }
    const liveOf = (t, size) => liveObjects(t)[size] ?? 0;

    /* Above 64 blocks lengths within an eighth of a power of two count as equal (heap.h). */
    function lengthClass(n) {
        const step = n <= 64 ? 1 : 2 ** (Math.floor(Math.log2(n)) - 3);
        return Math.floor(n / step) * step;
    }

    /* The memory from ADDRESS on is NBYTES times BYTE. */
    const isAll = (t, address, nbytes, byte) =>
        t.READ(Number(address), nbytes).every((is) => is === byte);

    /* The piece of the window whose first byte for a program is ADDRESS. */
    const pieceAt = (t, address) => (windowBlocks(t) ?? [])
        .find((piece) => piece.address + t.map[HEAP_MAP.HEADER_BYTES] === Number(address));
    const freePieces = (t) => (windowBlocks(t) ?? []).filter((piece) => !piece.live);
    /* The bytes of a block of the window with room for NBYTES (growing.h). */
    const withHeader = (t, nbytes) => Math.ceil((nbytes + t.map[HEAP_MAP.HEADER_BYTES]) / 16) * 16;

    /* The block of the table behind an address of the window, for who guesses on the map. */
    function frameOf(t, virtual) {
        const { physical } = walk(t, virtual);
        return physical === null ? null : blockOf(t, physical);
    }

    /* The word that lies at the place that the map tells. */
    const wordAt = (t, name) => readWord(t.READ, t.map[HEAP_MAP[name]]);

    /* The ordered array: { nbytes, address } of each piece; none where it can't be read. */
    function arrayOfPieces(t) {
        const ENTRY_BYTES = 12, MOST = 100000;
        const n = t.map[HEAP_MAP.DESIGN] === 2 ? wordAt(t, "NPIECES") : 0;
        const bytes = n > 0 && n <= MOST ? readVirtual(t, wordAt(t, "PIECES"), ENTRY_BYTES * n) : null;
        if (!bytes)
            return [];
        const view = new DataView(bytes.buffer);
        return Array.from({ length: n }, (_, i) => ({
            nbytes: view.getUint32(ENTRY_BYTES * i, true),
            address: view.getUint32(ENTRY_BYTES * i + 4, true) }));
    }

    /* -- What several lessons have in common -- */

    const threePieces = ["alloc 3000", "alloc 100", "alloc 1500", "alloc 100", "alloc 2000",
        "alloc 100", (s) => `free ${s.addresses[0]}`, (s) => `free ${s.addresses[2]}`,
        (s) => `free ${s.addresses[4]}`];

    /* Which of the free pieces a request of NBYTES gets: FIRST, or the best. */
    function chosen(t, nbytes, first) {
        const fits = freePieces(t).filter((piece) => piece.nbytes >= withHeader(t, nbytes));
        fits.sort((a, b) => (first ? 0 : a.nbytes - b.nbytes) || a.address - b.address);
        return fits[0] ?? null;
    }
    const placeIn = (t, nbytes, first) => {
        const piece = chosen(t, nbytes, first);
        return piece && frameOf(t, piece.address);
    };
    const rememberBoth = (t, s) => {
        s.keep.first = chosen(t, 1200, true)?.address;
        s.keep.best = chosen(t, 1200, false)?.address;
    };
    function checkChosen(t, s, wanted, other, name) {
        const got = pieceAt(t, s.addresses[0]);
        if (wanted === other)
            return [false, "first fit and best fit choose the same piece here: do the lesson " +
                "before this one again"];
        return [!!got?.live && got.address === wanted,
            `the block begins at ${at(got?.address ?? 0)}; ${name} is ${at(wanted ?? 0)}, the ` +
            `other design's choice ${at(other ?? 0)}`];
    }

    /* What a lesson allocated the last time is freed before it does so again. ADDRESSES, its own,
     * are forgotten where nothing of the shell's begins there any more. */
    const tidy = (count) => Array.from({ length: count }, (_, i) =>
        (s) => s.keep.old[i] ? `free ${s.keep.old[i]}` : "");
    const stillThere = (t, addresses = []) => addresses.filter((address) => {
        const b = block(t, address);
        return ownerOf(t, b) === "shell" && t.first[b] === b;
    });

    /* The three designs on the same work. */
    const SMALL = { nbytes: 24, count: 4000 }, MIDDLE = { nbytes: 1030, count: 500 };
    const work = [SMALL, MIDDLE].map(({ nbytes, count }) => `alloc ${nbytes} ${count}`);

    /* What is held: by small objects, by middle ones, and in all. */
    function held(t) {
        const pieces = (windowBlocks(t) ?? []).filter((piece) => piece.live);
        const sum = (least, end) => pieces.reduce((total, { nbytes }) =>
            total + (nbytes >= least && nbytes < end ? nbytes : 0), 0);
        const growing = t.map[HEAP_MAP.DESIGN] !== 0;
        return {
            small: growing ? sum(SMALL.nbytes, 2 * SMALL.nbytes + 16)
                : blocksOf(t, "small") * t.blockBytes,
            middle: growing ? sum(MIDDLE.nbytes, MIDDLE.nbytes + 128)
                : blocksOf(t, "middle") * t.blockBytes,
            all: heldBlocks(t) * t.blockBytes,
        };
    }
    function measure(t, s, heap, claim) {
        const now = held(t), asked = (w) => w.nbytes * w.count;
        const ratio = (part, live) => (now[part] - s.keep.held[part]) / live;
        const is = { small: ratio("small", asked(SMALL)), middle: ratio("middle", asked(MIDDLE)),
            all: ratio("all", asked(SMALL) + asked(MIDDLE)) };
        s.keep.designs = { ...s.keep.designs, [heap]: is.all };
        const others = Object.entries(s.keep.designs).map(([name, n]) => `${name} ${n.toFixed(2)}`);
        return [claim(is, s.keep.designs), `bytes held for each live one: ${SMALL.nbytes} bytes ` +
            `${is.small.toFixed(2)}, ${MIDDLE.nbytes} bytes ${is.middle.toFixed(2)}; in all ` +
            others.join(", ")];
    }
    const growingClaim = (is) => is.small > 1.5 && is.middle > 1 && is.middle < 1.05 &&
        is.all > 1;
    const design = (heap, title, text, claim) => ({
        id: `design-${heap.replace("_", "-")}`, title, text,
        machine: { heap, memory: 64, words: "heap_size=4M" }, addresses: 4, commands: work,
        before: (t, s) => { s.keep.held = held(t); },
        check: (t, s) => measure(t, s, heap, claim),
    });

    const all = [{
        id: "five-bytes",
        title: "One byte for each block",
        text: `The kernel cuts the memory of its heap into blocks of 4096 bytes. A table has one
            byte for each block. The byte has one of five values: <code>00</code> means free,
            <code>41</code> means the only block of an allocation, <code>C1</code> the first of
            several, <code>81</code> one inside, and <code>01</code> the last one. This lesson asks
            for 12 KB and then for 4 KB. <b>Claim:</b> three bytes become C1 81 01, one byte becomes
            41, and each byte of the whole table has one of the five values.`,
        machine: BLOCK,
        addresses: 2,
        commands: ["alloc 12K", "alloc 4K"],
        check(t, s) {
            const [a, b] = s.addresses.map((address) => block(t, address));
            const long = tableBytes(t, a, 3), short = tableBytes(t, b, 1);
            return [long === "C1 81 01" && short === "41" && t.wrong === 0,
                `blocks ${a} to ${a + 2}: ${long}; block ${b}: ${short}; ` +
                (t.wrong ? `${t.wrong} of the table's bytes are wrong`
                    : `each of the table's ${t.nblocks} bytes is one of the five`)];
        },
    }, {
        id: "kept",
        title: "A freed run is kept for the next request",
        text: `A program often asks again for the size that it has just freed. The kernel therefore
            keeps up to 12 freed runs whole. The table still says that these blocks are taken. A
            second table says what each block is for, and there the word is "kept". This lesson asks
            for 20 KB, frees them, asks for 20 KB again, and frees them again. <b>Claim:</b> both
            requests get the same address, and at the end the blocks are kept.`,
        machine: BLOCK,
        addresses: 2,
        commands: ["alloc 20K", (s) => `free ${s.addresses[0]}`, "alloc 20K",
            (s) => `free ${s.addresses[1]}`],
        check(t, s) {
            const b = block(t, s.addresses[1]);
            return [s.addresses[0] === s.addresses[1] && ownerOf(t, b) === "kept" &&
                    tableBytes(t, b, 5) === "C1 81 81 81 01",
            `first ${s.addresses[0]}, then ${s.addresses[1]}; block ${b} is ${ownerOf(t, b)}, ` +
                `its bytes are ${tableBytes(t, b, 5)}`];
        },
    }, {
        id: "holes",
        title: "Freed memory leaves holes",
        text: `Memory is freed in another order than it was asked for. Free blocks between taken
            ones are called a hole. This lesson asks for six runs of blocks and frees the first, the
            third and the fifth of them. (Each of these has more than 64 blocks, because shorter
            runs may be kept.) <b>Claim:</b> three holes are left, of 80, 68 and 100 blocks.`,
        machine: ROOMY,
        addresses: 6,
        before: (t, s) => { s.keep.old = stillThere(t, s.keep.runs); },
        commands: [...tidy(6), "alloc 320K", "alloc 260K", "alloc 272K", "alloc 260K", "alloc 400K",
            "alloc 260K", (s) => `free ${s.addresses[0]}`, (s) => `free ${s.addresses[2]}`,
            (s) => `free ${s.addresses[4]}`],
        check(t, s) {
            const holes = [0, 2, 4].map((i) => block(t, s.addresses[i]));
            s.keep.runs = s.addresses.slice(0, 6);
            const runs = freeRuns(t);
            const found = holes.map((b) => runs.find((run) => run.first === b)?.n ?? 0);
            return [found.join() === "80,68,100",
                `free runs of ${found.join(", ")} blocks begin at blocks ${holes.join(", ")}`];
        },
    }, {
        id: "best-fit",
        title: "Guess the block: best fit",
        text: `A request has to choose one of the holes. Best fit takes the shortest free run that
            is long enough, so that long runs stay whole. The next request is for 264 KB, which is
            66 blocks. Three holes are long enough, and so is the large free rest. <b>Where will it
            go? Click the block where you think that the allocation will begin.</b> Then the page
            says what it has worked out from the table, and the kernel answers.
            <b>Claim:</b> the kernel takes the shortest run of at least 66 blocks.`,
        machine: ROOMY,
        addresses: 1,
        commands: ["alloc 264K"],
        before: (t, s) => { s.keep.candidates = freeRuns(t).filter((run) => run.n >= 66); },
        guess(t) {
            const runs = freeRuns(t).filter((run) => run.n >= 66);
            return runs.reduce((best, run) => (best && best.n <= run.n ? best : run), null)?.first;
        },
        check(t, s) {
            const got = block(t, s.addresses[0]), runs = s.keep.candidates;
            const classes = new Set(runs.map((run) => lengthClass(run.n)));
            if (classes.size < 2)
                return [false, "only one length of run was free: do the lesson about holes first"];
            const taken = runs.find((run) => run.first === got), least = Math.min(...classes);
            return [!!taken && lengthClass(taken.n) === least && lengthOf(t, got) === 66,
                `it begins at block ${got}, a run of ${taken?.n ?? 0} blocks; ` +
                `there were runs of ${runs.map((run) => run.n).join(", ")}`];
        },
    }, {
        id: "equals",
        title: "Of two equal holes: the newer one",
        text: `Sometimes two holes have the same length. The rule of best fit does not say which of
            them to take. The block table takes the one that was freed last: the kernel finds that
            one without a search, because it is the first in its list. This lesson makes two holes
            of 110 blocks, frees the lower one first, and asks for 110 blocks twice.
            <b>Claim:</b> the first request gets the hole that was freed last, and the second
            request gets the other one.`,
        machine: ROOMY,
        addresses: 6,
        before: (t, s) => { s.keep.old = stillThere(t, s.keep.equals); },
        commands: [...tidy(6), "alloc 440K", "alloc 440K", "alloc 440K", "alloc 440K",
            (s) => `free ${s.addresses[0]}`, (s) => `free ${s.addresses[2]}`,
            "alloc 440K", "alloc 440K"],
        check(t, s) {
            s.keep.equals = [...new Set(s.addresses)];
            const [low, , high, , first, second] = s.addresses.map((a) => block(t, a));
            const lengths = [first, second].map((b) => lengthOf(t, b));
            return [first === high && second === low && lengths.join() === "110,110",
                `holes at ${low} and, freed last, ${high}; the requests got ${first}, then ` +
                second];
        },
    }, {
        id: "fragmentation",
        title: "Fragmentation, as a number",
        text: `A heap can have much free memory and still refuse a request, if no free run is long
            enough. This is called external fragmentation. Its measure is 1 - longest free run /
            all free blocks: 0 % means that all free memory is in one piece. This lesson starts a
            small heap of 3 MB, fills it with runs of 66 blocks, and frees every second one of the
            first eight. The picture is a comb. Then it asks for 100 blocks. <b>Claim:</b> more
            than 100 blocks are free, the kernel refuses all the same, and the number is above
            50 %.`,
        machine: TIGHT,
        before: (t, s) => { s.keep.old = stillThere(t, s.keep.teeth); },
        commands: [...tidy(8),
            ...new Array(8).fill("alloc 264K"), "alloc 264K 100",
            ...[1, 3, 5, 7].map((i) => (s) => `free ${s.addresses[i]}`), "alloc 400K"],
        check(t, s) {
            s.keep.teeth = s.addresses.slice(0, 8);
            const free = freeBlocks(t), longest = longestRun(t), number = 1 - longest / free;
            return [free > 100 && longest < 100 && number > 0.5 &&
                    /no memory for 409600 bytes \(number 1\)/.test(s.said),
            `${free} blocks are free, the longest run has ${longest}: ` +
                `1 - ${longest} / ${free} = ${(100 * number).toFixed(0)} %`];
        },
    }, {
        id: "coalescing",
        title: "Neighbours are joined",
        text: `A block that becomes free may have free neighbours. The kernel then joins them to
            one longer run. This is called coalescing. Without it the holes would become smaller
            and smaller. The comb of the lesson before has four teeth left, and this lesson frees
            them. <b>Claim:</b> the eight pieces of 66 blocks become one run of 528, and then the
            request for 100 blocks succeeds.`,
        machine: TIGHT,
        before(t, s) {
            s.keep.comb = (s.keep.teeth ?? []).map((address) => block(t, address));
            const stands = s.keep.comb.length === 8 && s.keep.comb.every((b, i) =>
                (ownerOf(t, b) === (i % 2 ? "free" : "shell")) && lengthOf(t, b) === 66);
            if (!stands)
                s.keep.comb = null;
            s.keep.longest = longestRun(t);
        },
        commands: [...[0, 2, 4, 6].map((i) => (s) => s.keep.comb ? `free ${s.keep.teeth[i]}` : ""),
            "alloc 400K", (s) => s.addresses[0] ? `free ${s.addresses[0]}` : ""],
        check(t, s) {
            if (!s.keep.comb)
                return [false, "there is no comb: do the lesson about fragmentation first"];
            const first = Math.min(...s.keep.comb);
            const run = freeRuns(t).find((r) => r.first <= first && r.first + r.n >= first + 528);
            const got = s.addresses.length === 1 ? block(t, s.addresses[0]) : -1;
            return [!!run && s.keep.longest < 100 && got >= 0,
                `the longest run had ${s.keep.longest} blocks and has ${longestRun(t)} now; ` +
                (got >= 0 ? `100 blocks were given at block ${got}` : "100 blocks were refused")];
        },
    }, {
        id: "small-objects",
        title: "Small objects share a block",
        text: `A request for 100 bytes does not need a whole block. The kernel cuts a block into
            objects of one size; such a block is called a slab. 100 bytes are served by objects of
            112 bytes, and a slab has 36 of them. One bit for each object says whether it is free.
            The bits do not stand in the slab itself, so that a program that writes too far cannot
            hurt them. <b>Claim:</b> 1,000 objects set exactly 1,000 bits, and take at most 28
            blocks, not 1,000.`,
        machine: BLOCK,
        addresses: 2,
        commands: ["alloc 100 1000"],
        before: (t, s) => { s.keep.live = liveOf(t, 112); s.keep.blocks = blocksOf(t, "small"); },
        check(t, s) {
            const more = liveOf(t, 112) - s.keep.live;
            const blocks = blocksOf(t, "small") - s.keep.blocks;
            const slab = slabAt(t, block(t, s.addresses[0]));
            return [more === 1000 && blocks <= 28 && slab?.size === 112 && slab.count === 36,
                `${more} more objects of 112 bytes are live, in ${blocks} more blocks; ` +
                `a slab has ${slab?.count ?? 0} of ${slab?.size ?? 0} bytes`];
        },
    }, {
        id: "middle-sizes",
        title: "Middle sizes share a span",
        text: `5,000 bytes are more than one block and less than two. Two whole blocks would waste
            3,192 bytes. Sizes between 1 KB and 8 KB are therefore counted in units of 256 bytes.
            Eight blocks in a row are one span, and a span has 128 units. <b>Claim:</b> each request
            for 5,000 bytes takes 20 units, which is 5,120 bytes.`,
        machine: BLOCK,
        addresses: 3,
        commands: ["alloc 5000", "alloc 5000", "alloc 5000"],
        check(t, s) {
            const units = s.addresses.map((address) => {
                const span = spanAt(t, block(t, address));
                const from = span ? t.start + span.first * t.blockBytes : 0;
                const run = span?.runs
                    .find((r) => from + r.unit * span.unitBytes === Number(address));
                return run?.taken ? run.units : 0;
            });
            return [units.length === 3 && units.every((n) => n === 20),
                `at ${s.addresses.join(", ")} runs of ${units.join(", ")} units are taken`];
        },
    }, {
        id: "double-free",
        title: "A double free changes nothing",
        text: `A program that frees an address twice has an error. In many heaps the second free
            destroys the lists of the heap, and the crash comes much later and somewhere else. This
            kernel looks at the byte of the block first. It refuses, counts the refusal, and says
            pointer, block, byte, reason and caller. <b>Claim:</b> the kernel says "already free",
            the table is sound, and as many blocks are live as before.`,
        machine: BLOCK,
        addresses: 1,
        commands: ["alloc 12K", (s) => `free ${s.addresses[0]}`, (s) => `free ${s.addresses[0]}`],
        before: (t, s) => { s.keep.blocks = heldBlocks(t); },
        check(t, s) {
            const said = /^heap: kfree\(.*refused: already free.*$/m.exec(s.said)?.[0];
            const b = block(t, s.addresses[0]), live = heldBlocks(t);
            return [!!said && t.wrong === 0 && live === s.keep.blocks &&
                    ["free", "kept"].includes(ownerOf(t, b)),
            `${said ?? "nothing was refused"}; ${s.keep.blocks} blocks were live, ${live} are now`];
        },
    }, {
        id: "page-walk",
        title: "From an address to memory: the page walk",
        text: `A program uses virtual addresses. The processor translates each of them with two
            tables: the upper 10 bits of the address choose an entry of the page directory, and the
            next 10 bits an entry of a page table. A large page of 4 MB needs the directory alone.
            The kernel's <code>translate</code> prints such a walk, and the page does the same walk
            in the machine's memory. <b>Claim:</b> both find the same entries and the same physical
            address; kernel text lies where its address says; address 0 is not mapped.`,
        machine: BLOCK,
        addresses: 1,
        commands: ["translate 0x100000", "alloc 4K", (s) => `translate ${s.addresses[0]}`,
            "translate 0"],
        check(t, s) {
            const said = [...s.said.matchAll(/ (0x[0-9a-f]{8}) is in [^\n]*\n {2}walk: ([^\n]*)/g)];
            const mine = said.map(([, address]) => walk(t, Number(address)));
            const same = said.map(([, , words], i) => {
                /* The processor sets two bits of an entry where it is used: they may differ. */
                const entries = [...words.matchAll(/\] = ([0-9a-f]{8})/g)]
                    .map(([, value]) => (parseInt(value, 16) & ~0x60) >>> 0);
                const physical = /physical ([0-9a-f]+)/.exec(words)?.[1];
                const steps = mine[i].steps.map((step) => (step.value & ~0x60) >>> 0);
                return entries.join() === steps.join() &&
                    (physical ? parseInt(physical, 16) : null) === mine[i].physical;
            });
            const [text, heap, zero] = mine.map((w) => w.physical);
            return [same.length === 3 && same.every(Boolean) && text === 0x100000 &&
                    heap === Number(s.addresses[0]) && zero === null,
            `${same.filter(Boolean).length} of ${same.length} walks agree; 0x00100000 is at ` +
                `${text === null ? "no place" : at(text ?? 0)}, 0 is ` +
                (zero === null ? "not mapped" : "mapped")];
        },
    }, {
        id: "process",
        title: "What a process owns",
        text: `A process has its program, its stack, and what it allocates: these are its own pages.
            The kernel needs some blocks more for it: a page directory with page tables, and a stack
            of two blocks to work on for this process. All of them stand in the same table. This
            lesson starts a program that sleeps, and <code>ps</code> prints how many pages each
            process has. <b>Claim:</b> the table has exactly as many more blocks of processes as
            <code>ps</code> says, and two more in the window of the kernel's stacks.`,
        machine: BLOCK,
        commands: ["run many asleep &", "ps"],
        before: (t, s) => { s.keep.owned = owned(t); },
        check(t, s) {
            const pid = /many \((\d+)\) runs/.exec(s.said)?.[1];
            const said = new RegExp(`^ +${pid} +\\d+ \\w+ +(\\d+) `, "m").exec(s.said)?.[1];
            const [pages, tables, stack] = owned(t).map((n, i) => n - s.keep.owned[i]);
            return [pages > 0 && pages === Number(said) && tables >= 2 && stack === 2,
                `process ${pid ?? "?"} has ${said ?? "no"} blocks by ps; the table has ${pages} ` +
                `more, ${tables} more of paging, and ${stack} more of the window`];
        },
    }, {
        id: "process-ends",
        title: "A process ends, and nothing of it stays",
        text: `A process can end by itself, be killed, or do something that is forbidden. This
            lesson starts one and kills it. Then it starts an attacker, which writes to the kernel's
            heap at 0x1000000; the processor stops the write with a page fault, and the kernel ends
            that process alone. Neither of them frees its memory. <b>Claim:</b> the table has as
            many blocks of each kind as before, and the bytes that were attacked have not changed.`,
        machine: BLOCK,
        commands: ["run many asleep &",
            (s) => `kill ${/many \((\d+)\) runs/.exec(s.said)?.[1] ?? ""}`,
            "run hostile write_there 0x1000000"],
        before(t, s) {
            s.keep.owned = owned(t);
            s.keep.bytes = t.READ(0x1000000, 4).join();
        },
        check(t, s) {
            const before = s.keep.owned.join(), now = owned(t).join();
            const ends = [/many \(\d+\) was killed/, /hostile \(\d+\) ended by page fault/]
                .filter((words) => words.test(s.said)).length;
            const unchanged = t.READ(0x1000000, 4).join() === s.keep.bytes;
            return [ends === 2 && now === before && unchanged,
                `${ends} processes ended; blocks of process, paging and window: ` +
                `${before} before, ${now} now; the attacked bytes are ` +
                (unchanged ? "the same" : "others")];
        },
    }, {
        id: "trace",
        title: "Write your own trace",
        text: `A trace is a list of all calls of the heap: <code>m 7 100</code> means that object 7
            was asked for with 100 bytes, and <code>f 7</code> that it was freed. <code>trace
            start</code> begins to record, and <code>trace dump</code> prints. This lesson records
            ten requests of 100 bytes and one free. You may record any other work, keep the lines in
            a file, and let <code>make bench BENCH_ARGUMENTS="--trace FILE"</code> do it again over
            other heaps. <b>Claim:</b> who does the work of the printed lines has nine objects left,
            and so has the kernel's memory.`,
        machine: BLOCK,
        addresses: 2,
        commands: ["trace start", "alloc 100 10", (s) => `free ${s.addresses[1]}`, "trace dump",
            "trace stop"],
        before: (t, s) => { s.keep.live = liveOf(t, 112); },
        check(t, s) {
            const left = new Map();
            for (const [, verb, number, nbytes] of s.said.matchAll(/^([mfr]) (\d+)(?: (\d+))?$/gm))
                if (verb === "f")
                    left.delete(number);
                else
                    left.set(number, Number(nbytes));
            const traced = [...left.values()].filter((nbytes) => nbytes === 100).length;
            const more = liveOf(t, 112) - s.keep.live;
            return [traced === 9 && more === traced,
                `the trace leaves ${traced} objects of 100 bytes, memory has ${more} more`];
        },
    }, {
        id: "patterns",
        title: "Patterns that nobody should see",
        text: `A program may use memory that it has not filled yet, or that it has freed already. To
            find such errors, <code>heap_watch</code> fills memory with patterns: fresh memory with
            the byte A5, 16 bytes behind each allocation with BD, and freed memory with DE. It holds
            freed memory back for a while, and looks whether the pattern is still there. This lesson
            asks for 100 bytes twice and frees the second object. <b>Claim:</b> the machine's memory
            has these patterns.`,
        machine: WATCHED,
        addresses: 2,
        commands: ["alloc 100", "alloc 100", (s) => `free ${s.addresses[1]}`],
        check(t, s) {
            const [a, b] = s.addresses.map(Number);
            const fresh = isAll(t, a, 100, 0xa5), behind = isAll(t, a + 100, 12, 0xbd);
            const freed = isAll(t, b, 100, 0xde);
            const say = (address) => Array.from(t.READ(address, 4), (x) => hex(x, 2)).join(" ")
                .toUpperCase();
            return [fresh && behind && freed, `fresh at ${at(a)}: ${say(a)}; ` +
                `behind it: ${say(a + 100)}; freed at ${at(b)}: ${say(b)}`];
        },
    }, {
        id: "leak",
        title: "A leak is found",
        text: `A leak is memory that nobody uses and nobody frees. With <code>heap_watch</code> the
            kernel keeps a record of each allocation: its size, and which functions called for it.
            <code>leaks mark</code> remembers this moment, and <code>leaks</code> lists what was
            allocated since then and is still live. <code>misuse lose</code> is a function that
            loses 100 bytes; this lesson calls it three times. <b>Claim:</b> the list says 300 bytes
            in 3 allocations by <code>command_misuse</code>, and three more small objects are live
            in memory.`,
        machine: WATCHED,
        commands: ["leaks mark", "misuse lose", "misuse lose", "misuse lose", "leaks"],
        before: (t, s) => { s.keep.objects = liveObjects(t); },
        check(t, s) {
            const said = /^ +300 bytes in +3 +command_misuse\+\S+$/m.exec(s.said)?.[0].trim();
            const grown = Object.entries(liveObjects(t))
                .map(([size, n]) => [Number(size), n - (s.keep.objects[size] ?? 0)])
                .filter(([, n]) => n !== 0);
            return [!!said && grown.length === 1 && grown[0][1] === 3 && grown[0][0] >= 116,
                `${said ?? "nothing was found"}; in memory: ` +
                grown.map(([size, n]) => `${n} more objects of ${size} bytes`).join(", ")];
        },
    }, {
        id: "use-after-free",
        title: "Use after free, told at the instruction",
        text: `A pattern shows a wrong write only later. A closed page shows it at once. With
            <code>heap_guard</code> an object gets a page of its own, and the pages on both sides
            are closed: who touches them causes a page fault. When the object is freed, its own page
            is closed as well. <code>misuse after</code> writes into an object that it has freed.
            The kernel names the instruction, who allocated, and who freed; then it opens the page,
            so that the program can go on. <b>Claim:</b> the kernel tells of the write, the byte 42
            stands there, and the pages on both sides are closed.`,
        machine: GUARDED,
        commands: ["misuse after"],
        check(t, s) {
            const said = /^heap: write to (0x[0-9a-f]{8}) by (\S+), after the free/m.exec(s.said);
            if (!said)
                return [false, "the kernel has told of no write"];
            const address = Number(said[1]), { physical } = walk(t, address);
            const owner = ownerOf(t, blockOf(t, address));
            const closed = [-4096, 4096].filter((d) => walk(t, address + d).physical === null);
            const byte = physical === null ? -1 : t.READ(physical, 1)[0];
            return [owner === "guarded" && closed.length === 2 && byte === 0x42,
                `a write to ${said[1]} by ${said[2]}; its block is ${owner}, ` +
                `${closed.length} neighbours are closed, the byte is ${hex(byte, 2)}`];
        },
    }, {
        id: "headers",
        title: "Another design: a header in front of each block",
        text: `Many heaps have no table. They put a header in front of each block, with its size and
            whether it is free, and they link the free blocks. Plat has such a heap, too:
            <code>heap=free_list</code>. It grows in a window of addresses of its own. Its header
            has 16 bytes. This lesson asks for six blocks and frees the first, the third and the
            fifth. <b>Claim:</b> the page goes from header to header and comes exactly to the
            window's end, and finds these three blocks free and the other three live.`,
        machine: FREE_LIST,
        addresses: 6,
        commands: threePieces,
        check(t, s) {
            const pieces = windowBlocks(t) ?? [], last = pieces.at(-1);
            const start = t.map[HEAP_MAP.WINDOW_START], end = wordAt(t, "WINDOW_BREAK");
            const state = s.addresses.map((address) => {
                const header = Number(address) - t.map[HEAP_MAP.HEADER_BYTES];
                const piece = pieces.find((p) => p.address <= header &&
                    header < p.address + p.nbytes);
                return piece ? (piece.live ? "live" : "free") : "lost";
            });
            const ends = pieces.every((piece, i) => piece.address === (i === 0 ? start :
                pieces[i - 1].address + pieces[i - 1].nbytes));
            return [state.join() === "free,live,free,live,free,live" && ends &&
                    last.address + last.nbytes === end,
            `${pieces.length} blocks from ${at(start)} to ${at(end)}, ` +
                `${ends ? "without a gap" : "with gaps"}; the six are ${state.join(", ")}`];
        },
    }, {
        id: "first-fit",
        title: "Guess the block: first fit",
        text: `The free list is in the order of addresses. First fit goes along the list and takes
            the first free block that is large enough. It does not look at the others. The next
            request is for 1,200 bytes; the three holes have 3,000, 1,500 and 2,000 bytes.
            <b>Where will it go? Click the block of the table that holds the hole.</b>
            <b>Claim:</b> the kernel takes the lowest free block that is large enough, though it is
            not the one that fits best.`,
        machine: FREE_LIST,
        addresses: 1,
        commands: ["alloc 1200"],
        before: rememberBoth,
        guess: (t) => placeIn(t, 1200, true),
        check: (t, s) => checkChosen(t, s, s.keep.first, s.keep.best, "first fit"),
    }, {
        id: "pieces",
        title: "Best fit with an ordered array",
        text: `<code>heap=best_fit</code> is the third design. Its free pieces have no headers. An
            array holds them, ordered by size and then by address. A search by halves finds the
            smallest piece that is large enough. This lesson makes the same three holes as before.
            <b>Claim:</b> the array in memory is in order, and has an entry for each of the three
            holes.`,
        machine: BEST_FIT,
        addresses: 6,
        commands: threePieces,
        check(t, s) {
            const entries = arrayOfPieces(t);
            const ordered = entries.every((e, i) => i === 0 || entries[i - 1].nbytes < e.nbytes ||
                (entries[i - 1].nbytes === e.nbytes && entries[i - 1].address < e.address));
            const holes = [[0, 3000], [2, 1500], [4, 2000]].filter(([i, nbytes]) =>
                entries.some((e) => e.nbytes >= nbytes && e.address < Number(s.addresses[i]) &&
                    Number(s.addresses[i]) + nbytes <= e.address + e.nbytes));
            return [ordered && holes.length === 3,
                `${entries.length} entries, ${ordered ? "in order" : "not in order"}: ` +
                `${entries.map((e) => e.nbytes).join(", ")} bytes; ` +
                `${holes.length} of 3 holes found`];
        },
    }, {
        id: "best-piece",
        title: "Guess the block: best fit again",
        text: `The holes are the same as for first fit: 3,000, 1,500 and 2,000 bytes. The request is
            the same, too: 1,200 bytes. <b>Where will it go now? Click the block of the table that
            holds the hole.</b> <b>Claim:</b> the kernel takes the smallest piece that is large
            enough, and not the first one.`,
        machine: BEST_FIT,
        addresses: 1,
        commands: ["alloc 1200"],
        before: rememberBoth,
        guess: (t) => placeIn(t, 1200, false),
        check: (t, s) => checkChosen(t, s, s.keep.best, s.keep.first, "best fit"),
    }, {
        id: "lowest-of-equals",
        title: "Of two equal pieces: the lowest one",
        text: `The array is ordered by size, and pieces of equal size by their address. This design
            therefore takes the lowest of equal pieces. (The block table took the one that was freed
            last: no rule is the only right one.) This lesson makes two holes of 3,500 bytes, frees
            the lower one first, and asks for 3,500 bytes. <b>Claim:</b> the request gets the lower
            hole, and the higher one stays free.`,
        machine: BEST_FIT,
        addresses: 5,
        commands: ["alloc 3500", "alloc 3500", "alloc 3500", "alloc 3500",
            (s) => `free ${s.addresses[0]}`, (s) => `free ${s.addresses[2]}`, "alloc 3500"],
        check(t, s) {
            const [a, , b, , got] = s.addresses.map(Number);
            const low = Math.min(a, b), high = Math.max(a, b);
            const free = freePieces(t)
                .some((p) => p.address <= high && high < p.address + p.nbytes);
            return [a !== b && got === low && free && !!pieceAt(t, low)?.live,
                `holes at ${at(low)} and ${at(high)}; the request got ${at(got)}`];
        },
    },
    design("block", "Three designs, the same work: the block table",
        `No design is the best for all work. This lesson asks for 4,000 objects of 24 bytes and 500
        objects of 1,030 bytes; the next two lessons ask the other designs for the same. The measure
        is how many bytes the heap holds for each byte that is live. The block table serves 24 bytes
        by objects of 32 without a header, and 1,030 bytes by five units of 256.
        <b>Claim:</b> small objects cost 1.3 to 1.45 bytes a byte, the larger ones 1.2 to 1.35.`,
        (is) => is.small > 1.3 && is.small < 1.45 && is.middle > 1.2 && is.middle < 1.35),
    design("free_list", "Three designs, the same work: the free list",
        `The free list has a header of 16 bytes in front of each block. A header is much for 24
        bytes, and little for 1,030. Each size is rounded up to a multiple of 16 only.
        <b>Claim:</b> small objects cost more than 1.5 bytes a byte, the larger ones less than
        1.05.`,
        growingClaim),
    design("best_fit", "Three designs, the same work: the ordered array",
        `The third design has headers of 16 bytes as well, and an array besides. Compare the three
        figures when this lesson has ended. The block table is the best one for the small objects,
        and the heaps with headers are the best ones for the larger objects. Most bytes of this work
        are in the larger ones. <b>Claim:</b> small objects cost more than 1.5 bytes a byte, the
        larger ones less than 1.05, and in all both heaps with headers hold less than the block
        table.`,
        (is, all) => growingClaim(is) && (!all.block || all.block > is.all) &&
            (!all.block || !all.free_list || all.block > all.free_list)),
    ];

    /* Without the addresses that a lesson counts on there is nothing to look at. */
    return all.map((lesson) => ({ ...lesson, check(t, s) {
        const got = s.addresses.length, wanted = lesson.addresses ?? 0;
        return got >= wanted ? lesson.check(t, s) :
            [false, `the kernel gave ${got} addresses of ${wanted}: the heap may be full; press ` +
                '"Start again"'];
    } }));
})();
if (typeof module !== "undefined")
    module.exports = { lessons };
