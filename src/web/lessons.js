/*
 * What the page proposes and proves. A lesson types COMMANDS, and CHECK says whether its claim is
 * true: by what stands in the guest's memory (T; BEFORE's is that of before the first command), and
 * by what the kernel printed only where that itself is the claim. GUESS, from the same table, is
 * the block that the kernel is going to choose; null where the table does not tell for certain.
 * S.keep is the lessons' own. ADDRESSES is how many the kernel's answers to a lesson have at least.
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
    const KERNEL_CODE = 0x100000; /* where it begins, on each machine */

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

    const bytesAt = (t, address) => Array.from(t.READ(Number(address), 4), (byte) => hex(byte, 2))
        .join(" ").toUpperCase();

    /* The memory from ADDRESS on is NBYTES times BYTE. */
    const isAll = (t, address, nbytes, byte) =>
        t.READ(Number(address), nbytes).every((is) => is === byte);

    /* The piece of the window whose first byte for a program is ADDRESS. */
    const pieceAt = (t, address) => (windowBlocks(t) ?? [])
        .find((piece) => piece.address + t.map[HEAP_MAP.HEADER_BYTES] === Number(address));
    const freePieces = (t) => (windowBlocks(t) ?? []).filter((piece) => !piece.live);
    /* The bytes of a block of the window with room for NBYTES (growing.h). */
    const withHeader = (t, nbytes) => Math.ceil((nbytes + t.map[HEAP_MAP.HEADER_BYTES]) / 16) * 16;

    /* The block of the table behind an address of the window, for a guess on the map. */
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
        const bytes = n > 0 && n <= MOST ?
            readVirtual(t, wordAt(t, "PIECES"), ENTRY_BYTES * n) : null;
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
    /* The pieces among which a request for 3,500 bytes has a choice, by address. */
    function equalPieces(t) {
        const nbytes = chosen(t, 3500, false)?.nbytes;
        return freePieces(t).filter((piece) => piece.nbytes === nbytes);
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
            return [false, "first fit and best fit choose the same piece here: do the previous " +
                "lesson again"];
        return [!!got?.live && got.address === wanted,
            `the block begins at ${at(got?.address ?? 0)}; ${name} is ${at(wanted ?? 0)}, the ` +
            `other design's choice ${at(other ?? 0)}`];
    }

    /* The run that N blocks, more than 64, will come from: { run, n: of what length others are }.
     * RUN is null where the kernel may take another than the shortest one, as it treats all runs
     * of a class alike. */
    function nextRun(t, n) {
        const runs = freeRuns(t), run = bestFit(runs, n);
        const rivals = runs.filter((other) => lengthClass(other.n) === lengthClass(run?.n ?? 0));
        return { runs: runs.filter((other) => other.n >= n),
            run: rivals.length === 1 ? run : null };
    }

    /* The holes of equal length that "holes" has made, the lower one first: those that are free,
     * those that are taken, and whether each is one of these and no other run is of their class. */
    const EQUAL = 110, TAKE = `alloc ${4 * EQUAL}K`;
    function equalHoles(t, s) {
        const blocks = (s.keep.equals ?? []).map((address) => block(t, address));
        const runs = freeRuns(t).filter((run) => lengthClass(run.n) === lengthClass(EQUAL));
        const free = blocks.filter((b) => runs.some((run) => run.first === b && run.n === EQUAL));
        const taken = blocks.filter((b) => ownerOf(t, b) === "shell" && t.first[b] === b &&
            lengthOf(t, b) === EQUAL);
        return { free, taken, areThere: blocks.length === 2 && free.length === runs.length &&
            free.length + taken.length === 2 };
    }

    /* Frees two of the lesson's addresses. */
    const freeLowerFirst = (i, k) => [Math.min, Math.max].map((end) => (s) =>
        `free ${at(end(...[i, k].map((one) => Number(s.addresses[one] ?? 0))))}`);

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
    /* A bar of N times ONE cells, in eighths of a cell. */
    function bar(n) {
        const ONE = 10, eighths = Math.max(0, Math.min(400, Math.round(8 * ONE * n)));
        return "\u2588".repeat(eighths >> 3) + (eighths & 7 ?
            String.fromCharCode(0x2590 - (eighths & 7)) : "");
    }
    const DESIGN_NAMES = { block: "block table", free_list: "free list",
        best_fit: "ordered array" };
    function measure(t, s, heap, claim) {
        const now = held(t), asked = (w) => w.nbytes * w.count;
        const ratio = (part, live) => (now[part] - s.keep.held[part]) / live;
        const is = { small: ratio("small", asked(SMALL)), middle: ratio("middle", asked(MIDDLE)),
            all: ratio("all", asked(SMALL) + asked(MIDDLE)) };
        s.keep.designs = { ...s.keep.designs, [heap]: is.all };
        const bars = [["live", 1], ...Object.entries(s.keep.designs)
            .map(([name, n]) => [`held: ${DESIGN_NAMES[name]}`, n])];
        return [claim(is, s.keep.designs), `bytes held for each live byte: objects of ` +
            `${SMALL.nbytes} bytes ${is.small.toFixed(2)}, of ${MIDDLE.nbytes} bytes ` +
            `${is.middle.toFixed(2)}; both together:\n` +
            bars.map(([name, n]) => `${bar(n)} ${n.toFixed(2)} ${name}`).join("\n")];
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
            second table says what each block is for, and there these blocks are "kept". This lesson
            asks for 20 KB, frees it, asks for 20 KB again, and frees that, too. <b>Claim:</b> both
            requests get the same address, and at the end the five blocks are kept.`,
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
        text: `Memory is often freed in a different order from the one in which it was allocated.
            Free blocks between taken ones form a hole. This lesson asks for ten runs of blocks and
            frees every second one. (Each run has more than 64 blocks, because the kernel may keep
            a shorter one whole.) <b>Claim:</b> five holes are left: one of 80 blocks, one of 68,
            one of 100, and two of 110.`,
        machine: ROOMY,
        addresses: 10,
        before: (t, s) => { s.keep.old = stillThere(t, s.keep.runs); },
        commands: [...tidy(10),
            ...[80, 68, 100, EQUAL, EQUAL].flatMap((n) => [`alloc ${4 * n}K`, "alloc 260K"]),
            ...[0, 2, 4].map((i) => (s) => `free ${s.addresses[i]}`), ...freeLowerFirst(6, 8)],
        check(t, s) {
            const given = [0, 2, 4, 6, 8].map((i) => s.addresses[i]);
            const holes = given.map((address) => block(t, address)), runs = freeRuns(t);
            s.keep.runs = s.addresses.slice(0, 10);
            s.keep.equals = given.slice(3).sort((a, b) => Number(a) - Number(b));
            s.keep.isFresh = true;
            const found = holes.map((b) => runs.find((run) => run.first === b)?.n ?? 0);
            return [found.join() === `80,68,100,${EQUAL},${EQUAL}`,
                `free runs of ${found.join(", ")} blocks begin at blocks ${holes.join(", ")}`];
        },
    }, {
        id: "best-fit",
        title: "Guess the block: best fit",
        text: `The kernel has to choose a hole for each request. Best fit takes the shortest free
            run that is long enough, so that long runs stay whole. The next request is for 264 KB,
            which is 66 blocks. All five holes are long enough, and so is the large free area at the
            end. <b>Where will the allocation begin? Click that block.</b> The page works out the
            answer from the table, and then the kernel gives its own. <b>Claim:</b> the kernel takes
            the shortest run of at least 66 blocks. (It finds this run by lists. Up to 64 blocks
            each length has a list of its own. Longer runs share a list with runs of about the same
            length: those of 65 to 71 blocks share one. These holes are not in one list.)`,
        machine: ROOMY,
        addresses: 1,
        commands: ["alloc 264K"],
        before: (t, s) => { s.keep.next = nextRun(t, 66); },
        guess: (t) => nextRun(t, 66).run?.first ?? null,
        check(t, s) {
            const got = block(t, s.addresses[0]), { runs, run } = s.keep.next;
            const classes = new Set(runs.map(({ n }) => lengthClass(n)));
            if (classes.size < 2)
                return [false, "only one length of run was free: do lesson 3 first"];
            if (!run)
                return [false, "two of the free runs are too much alike for the kernel's lists: " +
                    'press "Start again" and do lesson 3'];
            return [got === run.first && lengthOf(t, got) === 66 && ownerOf(t, got) === "shell",
                `the allocation begins at block ${got}; the shortest run was at block ` +
                `${run.first}; there were runs of ${runs.map(({ n }) => n).join(", ")}`];
        },
    }, {
        id: "equals",
        title: "Guess the block: of two equal holes",
        text: `Sometimes two holes have the same length. The rule of best fit does not say which of
            them to take. The block table takes the one that was freed last. The kernel finds that
            one without a search, because it is the first in its list. Two holes have 110 blocks.
            Lesson 3 freed the lower one first and the higher one last. This lesson asks for 110
            blocks twice. <b>Where will the first of these allocations begin? Click that block.</b>
            <b>Claim:</b> the first request gets the hole that was freed last, and the second
            request gets the other one.`,
        machine: ROOMY,
        addresses: 2,
        /* Where somebody may have freed them in another order, it takes both, and frees them. */
        before(t, s) {
            s.keep.holes = equalHoles(t, s);
            const { areThere, free } = s.keep.holes, isFresh = s.keep.isFresh && free.length === 2;
            s.keep.again = areThere && !isFresh ? s.keep.holes : null;
            s.keep.isFresh = false;
        },
        guess: (t, s) => s.keep.holes.areThere && !s.keep.again ? s.keep.holes.free[1] : null,
        commands: [
            ...[0, 1].map((i) => (s) => s.keep.again?.free.length > i ? TAKE : ""),
            ...[0, 1].map((i) => (s) => s.keep.again ? `free ${s.keep.equals[i]}` : ""),
            TAKE, TAKE],
        check(t, s) {
            if (!s.keep.holes.areThere)
                return [false, "there are no two holes of 110 blocks: do lesson 3 first"];
            const [low, high] = s.keep.equals.map((address) => block(t, address));
            const [first, second] = s.addresses.slice(-2).map((address) => block(t, address));
            const isTaken = [first, second].every((b) =>
                lengthOf(t, b) === EQUAL && ownerOf(t, b) === "shell");
            return [first === high && second === low && isTaken,
                `the holes were at block ${low} and, freed last, ${high}; the requests got ` +
                `${first}, then ${second}`];
        },
    }, {
        id: "fragmentation",
        title: "Fragmentation, as a number",
        text: `A heap can have much free memory and still refuse a request, if no free run is long
            enough. This is called external fragmentation. Its measure is 1 - longest free run /
            all free blocks: 0 % means that all free memory is in one piece. This lesson starts a
            small heap of 3 MB, fills it with runs of 66 blocks, and frees every second one of the
            first eight. On the map, what is left looks like a comb. Then it asks for 100 blocks.
            <b>Claim:</b> more than 100 blocks are free, but the kernel refuses the request, and
            the number is above 50 %.`,
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
        text: `A block that becomes free may have free neighbours. The kernel then joins them into
            one longer run. This is called coalescing. Without it the holes would become smaller
            and smaller. The comb from the last lesson has four teeth left, and this lesson frees
            them. <b>Claim:</b> the eight runs of 66 blocks become one run of 528 blocks, and then
            the request for 100 blocks succeeds.`,
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
            112 bytes, and a slab has 36 of them. Each object has one bit, which is 1 while the
            object is free. The bits are not in the slab itself, so a program that writes too far
            cannot damage them. <b>Claim:</b> 1,000 objects clear exactly 1,000 bits, and take at
            most 28 blocks, not 1,000.`,
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
        text: `A request for 5,000 bytes needs more than one block and less than two. Two whole
            blocks would waste 3,192 bytes. The kernel therefore serves sizes between 1 KB and 8 KB
            in units of 256 bytes. Eight blocks in a row form a span, which has 128 units.
            <b>Claim:</b> each request for 5,000 bytes takes 20 units, which is 5,120 bytes.`,
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
        text: `A program that frees an address twice is wrong. In many heaps the second free
            destroys the lists of the heap, and the crash comes much later and somewhere else. This
            kernel looks at the byte of the block first. It refuses, counts the refusal, and prints
            the pointer, the block, its byte, the reason and the caller. <b>Claim:</b> the kernel
            says "already free", every byte of the table is valid, and as many blocks are live as
            before.`,
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
            The kernel's command <code>translate</code> prints such a walk, and the page does the
            same walk in the machine's memory. <b>Claim:</b> both find the same entries and the same
            physical addresses. The kernel's code at 0x00100000 has the same physical address as
            virtual address. Address 0 is not mapped.`,
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
            `${same.filter(Boolean).length} of ${same.length} walks agree; 0x00100000 is ` +
                `${text === null ? "not mapped" : "at " + at(text ?? 0)}, 0 is ` +
                (zero === null ? "not mapped" : "mapped")];
        },
    }, {
        id: "process",
        title: "What a process owns",
        text: `A process has pages of its own: its program, its stack, and what it allocates. The
            kernel needs some more blocks for the process: a page directory, page tables, and a
            kernel stack of two blocks. All these blocks are in the same table. This lesson starts a
            program that sleeps, and <code>ps</code> prints how many pages each process has.
            <b>Claim:</b> the table has exactly as many new blocks of processes as <code>ps</code>
            says, and two new blocks in the window, which are the kernel stack.`,
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
            lesson starts a process and kills it. Then it starts an attacker, which writes zeros
            over the first four bytes of the kernel's code, at 0x00100000. The processor stops the
            write with a page fault, and the kernel ends that process and no other. Neither process
            frees its memory. <b>Claim:</b> the table has as many blocks of each kind as before, and
            the bytes that were attacked have not changed. (They were not zeros.)`,
        machine: BLOCK,
        commands: ["run many asleep &",
            (s) => `kill ${/many \((\d+)\) runs/.exec(s.said)?.[1] ?? ""}`,
            `run hostile write_there ${at(KERNEL_CODE)}`],
        before(t, s) {
            s.keep.owned = owned(t);
            s.keep.bytes = bytesAt(t, KERNEL_CODE);
        },
        check(t, s) {
            const before = s.keep.owned.join(), now = owned(t).join();
            const ends = [/many \(\d+\) was killed/, /hostile \(\d+\) ended by page fault/]
                .filter((words) => words.test(s.said)).length;
            const bytes = bytesAt(t, KERNEL_CODE);
            return [ends === 2 && now === before && bytes === s.keep.bytes &&
                    bytes !== "00 00 00 00",
            `${ends} processes ended; blocks of process, paging and window: ${before} before, ` +
                `${now} now; the bytes at ${at(KERNEL_CODE)} were ${s.keep.bytes}, and are ` +
                bytes];
        },
    }, {
        id: "trace",
        title: "Write your own trace",
        text: `A trace is a list of all calls to the heap. The line <code>m 7 100</code> means that
            object 7 was allocated with 100 bytes, and <code>f 7</code> means that it was freed.
            <code>trace start</code> begins to record, and <code>trace dump</code> prints the lines.
            This lesson records ten requests for 100 bytes and one free. You may record other work,
            keep the lines in a file, and replay them on other heaps with <code>make bench
            BENCH_ARGUMENTS="--trace FILE"</code>. <b>Claim:</b> replaying the printed lines leaves
            nine objects, and the kernel's memory holds nine more objects than before.`,
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
        text: `A program may use memory that it has not filled yet, or memory that it has already
            freed. To find such errors, <code>heap_watch</code> fills memory with patterns. New
            memory gets the byte A5, the 16 bytes behind each allocation get BD, and freed memory
            gets DE. The kernel does not reuse freed memory for a while, and checks whether the
            pattern is still there. This lesson asks for 100 bytes twice and frees the second
            object. <b>Claim:</b> the machine's memory has these patterns.`,
        machine: WATCHED,
        addresses: 2,
        commands: ["alloc 100", "alloc 100", (s) => `free ${s.addresses[1]}`],
        check(t, s) {
            const [a, b] = s.addresses.map(Number);
            const fresh = isAll(t, a, 100, 0xa5), behind = isAll(t, a + 100, 12, 0xbd);
            const freed = isAll(t, b, 100, 0xde);
            return [fresh && behind && freed, `new at ${at(a)}: ${bytesAt(t, a)}; ` +
                `behind it: ${bytesAt(t, a + 100)}; freed at ${at(b)}: ${bytesAt(t, b)}`];
        },
    }, {
        id: "leak",
        title: "A leak is found",
        text: `A leak is memory that nobody uses and nobody frees. With <code>heap_watch</code> the
            kernel keeps a record of each allocation: its size, and the functions that asked for it.
            <code>leaks mark</code> remembers this moment, and <code>leaks</code> lists what was
            allocated since then and is still live. The command <code>misuse lose</code> allocates
            100 bytes and forgets their address. This lesson runs it three times. <b>Claim:</b> the
            list says 300 bytes in 3 allocations by the function <code>command_misuse</code>, and
            three more small objects are live in memory.`,
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
        title: "Use after free, caught at the instruction",
        text: `A pattern shows a wrong write only later. A page that is not mapped shows it at once.
            With <code>heap_guard</code> an object gets a page of its own, and the pages on both
            sides are not mapped. An access to them causes a page fault. When the object is freed,
            its own page is unmapped as well. <code>misuse after</code> writes the byte 42 into an
            object that it has freed. The kernel reports the instruction that wrote, the function
            that allocated, and the function that freed. Then it maps the page again, so that the
            program can go on. <b>Claim:</b> the kernel reports the write, the byte is 42, and the
            pages on both sides are not mapped.`,
        machine: GUARDED,
        commands: ["misuse after"],
        check(t, s) {
            const said = /^heap: write to (0x[0-9a-f]{8}) by (\S+), after the free/m.exec(s.said);
            if (!said)
                return [false, "the kernel has reported no write"];
            const address = Number(said[1]), { physical } = walk(t, address);
            const owner = ownerOf(t, blockOf(t, address));
            const closed = [-4096, 4096].filter((d) => walk(t, address + d).physical === null);
            const byte = physical === null ? -1 : t.READ(physical, 1)[0];
            return [owner === "guarded" && closed.length === 2 && byte === 0x42,
                `a write to ${said[1]} by ${said[2]}; its block is ${owner}, ` +
                `${closed.length} pages beside it are not mapped, the byte is ${hex(byte, 2)}`];
        },
    }, {
        id: "headers",
        title: "Another design: a header in front of each block",
        text: `Many heaps have no table. They put a header in front of each block. The header has
            the block's size and says whether the block is free, and it links the free blocks. Plat
            has such a heap, too: <code>heap=free_list</code>. It grows in a range of virtual
            addresses of its own, which is called the window. Its header has 16 bytes. This lesson
            asks for six blocks and frees the first, the third and the fifth. <b>Claim:</b> the
            headers lead the page from block to block, exactly to the end of the window, and these
            three blocks are free and the other three live.`,
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
                    last?.address + last?.nbytes === end,
            `${pieces.length} blocks from ${at(start)} to ${at(end)}, ` +
                `${ends ? "without a gap" : "with gaps"}; the six are ${state.join(", ")}`];
        },
    }, {
        id: "first-fit",
        title: "Guess the block: first fit",
        text: `The free list is in the order of addresses. First fit goes along the list and takes
            the first free block that is large enough. It does not look at the others. The three
            holes have 3,000, 1,500 and 2,000 bytes. The next request is for 1,200 bytes. <b>Which
            hole will it get? Click the block of the table in which that hole begins.</b>
            <b>Claim:</b> the kernel takes the lowest free block that is large enough, although
            another one fits better.`,
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
            array lists them, ordered by size and then by address. A binary search finds the
            smallest piece that is large enough. This lesson makes the same three holes as the free
            list had, and two more of 3,500 bytes. <b>Claim:</b> the array in memory is in order,
            and has an entry for each of the five holes.`,
        machine: BEST_FIT,
        addresses: 10,
        /* The lower one of the two equal holes is freed first. */
        commands: [...threePieces, "alloc 3500", "alloc 5000", "alloc 3500", "alloc 5000",
            ...freeLowerFirst(6, 8)],
        check(t, s) {
            const entries = arrayOfPieces(t);
            const ordered = entries.every((e, i) => i === 0 || entries[i - 1].nbytes < e.nbytes ||
                (entries[i - 1].nbytes === e.nbytes && entries[i - 1].address < e.address));
            const holes = [[0, 3000], [2, 1500], [4, 2000], [6, 3500], [8, 3500]];
            const found = holes.filter(([i, nbytes]) =>
                entries.some((e) => e.nbytes >= nbytes && e.address < Number(s.addresses[i]) &&
                    Number(s.addresses[i]) + nbytes <= e.address + e.nbytes));
            return [ordered && found.length === holes.length,
                `${entries.length} entries, ${ordered ? "in order" : "not in order"}: ` +
                `${entries.map((e) => e.nbytes).join(", ")} bytes; ` +
                `${found.length} of ${holes.length} holes found`];
        },
    }, {
        id: "best-piece",
        title: "Guess the block: best fit again",
        text: `The first three holes are the same as for first fit: 3,000, 1,500 and 2,000 bytes.
            The request is the same, too: 1,200 bytes. <b>Which hole will it get now? Click the
            block of the table in which that hole begins.</b> <b>Claim:</b> the kernel takes the
            smallest piece that is large enough, and not the first one.`,
        machine: BEST_FIT,
        addresses: 1,
        commands: ["alloc 1200"],
        before: rememberBoth,
        guess: (t) => placeIn(t, 1200, false),
        check: (t, s) => checkChosen(t, s, s.keep.best, s.keep.first, "best fit"),
    }, {
        id: "lowest-of-equals",
        title: "Guess the block: the lowest of equal pieces",
        text: `The array is ordered by size, and pieces of equal size are ordered by their address.
            This design therefore takes the lowest of equal pieces. (The block table took the one
            that was freed last: both rules are correct.) Two holes have 3,500 bytes, and the lower
            one was freed first. The next request is for 3,500 bytes. <b>Which hole will it get?
            Click the block of the table in which that hole begins.</b> <b>Claim:</b> the request
            gets the lower hole, and the higher one stays free.`,
        machine: BEST_FIT,
        addresses: 1,
        /* Done again, it frees the lower hole first. */
        before(t, s) {
            const holes = equalPieces(t), last = s.keep.lowest && pieceAt(t, s.keep.lowest);
            const isAgain = holes.length === 1 && last?.live && last.address < holes[0].address &&
                last.nbytes === holes[0].nbytes;
            s.keep.old = isAgain ? [s.keep.lowest] : [];
            s.keep.holes = (isAgain ? [last, ...holes] : holes).map((piece) => piece.address);
        },
        guess: (t) => equalPieces(t).length > 1 ? placeIn(t, 3500, false) : null,
        commands: [...tidy(1), "alloc 3500"],
        check(t, s) {
            const { holes } = s.keep, got = pieceAt(t, s.addresses[0]);
            s.keep.lowest = s.addresses[0];
            if (holes.length < 2)
                return [false, "there are no two equal holes: press \"Start again\" and do " +
                    "lesson 20"];
            const stays = freePieces(t).some((piece) => piece.address === holes[1]);
            return [!!got?.live && got.address === holes[0] && stays,
                `the holes begin at ${holes.map(at).join(" and ")}; the request got the piece at ` +
                at(got?.address ?? 0)];
        },
    },
    design("block", "Three designs, the same work: the block table",
        `No design is the best for all work. This lesson allocates 4,000 objects of 24 bytes and 500
        objects of 1,030 bytes. The next two lessons do the same with the other designs. The page
        measures how many bytes the heap holds for each live byte, which is a byte that was asked
        for and is not freed. The block table serves 24 bytes by objects of 32 bytes without a
        header, and 1,030 bytes by five units of 256. <b>Claim:</b> the heap holds 1.3 to 1.45 bytes
        for each live byte of the small objects, and 1.2 to 1.35 bytes for each of the larger
        ones.`,
        (is) => is.small > 1.3 && is.small < 1.45 && is.middle > 1.2 && is.middle < 1.35),
    design("free_list", "Three designs, the same work: the free list",
        `The free list has a header of 16 bytes in front of each block. That is much for an object
        of 24 bytes, and little for one of 1,030. The heap rounds each size up to a multiple of 16
        and no further. <b>Claim:</b> the heap holds more than 1.5 bytes for each live byte of the
        small objects, and less than 1.05 bytes for each of the larger ones.`,
        growingClaim),
    design("best_fit", "Three designs, the same work: the ordered array",
        `The third design has headers of 16 bytes, too, and also an array. Compare the bars when
        this lesson has ended. The block table is best for the small objects, and the two heaps with
        headers are best for the larger ones. Most bytes of this work are in the larger objects.
        <b>Claim:</b> the heap holds more than 1.5 bytes for each live byte of the small objects,
        and less than 1.05 bytes for each of the larger ones. In all, each of the two heaps with
        headers holds less than the block table.`,
        (is, all) => growingClaim(is) && (!all.block || all.block > is.all) &&
            (!all.block || !all.free_list || all.block > all.free_list)),
    ];

    /* Without the addresses that a lesson counts on there is nothing to look at. */
    return all.map((lesson) => ({ ...lesson, check(t, s) {
        const got = s.addresses.length, wanted = lesson.addresses ?? 0;
        return got >= wanted ? lesson.check(t, s) :
            [false, `the kernel gave ${got} of ${wanted} addresses: the heap may be full; press ` +
                '"Start again"'];
    } }));
})();
if (typeof module !== "undefined")
    module.exports = { lessons };
