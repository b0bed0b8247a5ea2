"""The block table: whose each block is, and the shell's `heap` and `blocks`."""
from platgdb import growing, guest
from platgdb.guest import PAGE, Problem

FREE, SINGLE, FIRST, INSIDE, LAST = 0x00, 0x41, 0xc1, 0x81, 0x01
IS_FIRST, HAS_NEXT = 0x40, 0x80
COLUMNS, CELLS = 64, 1024
CHARACTERS = {FREE: ".", SINGLE: "o", FIRST: "<", INSIDE: "=", LAST: ">"}
GROWING = {"free_list": "struct free_list", "best_fit": "struct best_fit"}


class Look:
    """How the blocks of an owner look."""

    def __init__(self, look):
        self.name, self.letter = guest.text(look.name), chr(look.letter)


class Heap:
    """All that is said about blocks, as it stands in memory now."""

    def __init__(self):
        self.state = guest.variable("state", "src/memory/kheap/kheap.c")
        if self.state.heap == 0:
            raise Problem("the kernel has no heap yet; expected: one that is past kheap_init")
        self.all = guest.structure("struct block_heap", self.state.heap)
        self.total = self.all.table.total
        self.start = self.all.heap.saddr
        self.end = self.start + PAGE * self.total
        self.entries = guest.read(self.all.table.entries, self.total)
        self.tags = guest.read(self.all.owners, self.total)
        runs = guest.words(self.all.table.runs, 3 * self.total)
        self.lengths, self.newer, self.older = runs[0::3], runs[1::3], runs[2::3]
        self.looks = [Look(look) for look in guest.variable("owner_looks")]
        self.owner_of = self._owners()

    def _owners(self):
        owners, owner = bytearray(self.total), self.tags[0]
        for block, entry in enumerate(self.entries):
            if entry & IS_FIRST:
                owner = self.tags[block]
            if entry:
                owners[block] = owner
        return owners

    def address(self, block):
        return self.start + PAGE * block

    def block_of(self, address):
        if not self.start <= address < self.end:
            raise Problem("0x%08x is not in the heap; expected: 0x%08x to 0x%08x"
                          % (address, self.start, self.end - 1))
        return (address - self.start) // PAGE

    def first_of(self, block):
        """Where the allocation begins that BLOCK, which is taken, belongs to."""
        while block and not self.entries[block] & IS_FIRST:
            block -= 1
        return block

    def end_of(self, first):
        """One past the last block of the allocation from FIRST on, by the table alone."""
        while self.entries[first] & HAS_NEXT and first + 1 < self.total:
            first += 1
        return first + 1

    def runs(self):
        """All runs of free blocks and all allocations of a sound table: first, end."""
        block = 0
        while block < self.total:
            end = self.end_of(block)
            if self.entries[block] == FREE:
                while end < self.total and self.entries[end] == FREE:
                    end += 1
            yield block, end
            block = end

    def look(self, owner):
        if owner >= len(self.looks):
            raise Problem("an owner tag is %u, which has no meaning; plat check says where" % owner)
        return self.looks[owner]

    def blocks_tagged(self, name):
        """The blocks that have the tag NAME themselves."""
        tag = guest.constant(name)
        return [block for block in range(self.total) if self.tags[block] == tag]

    def slab(self, block):
        """What the page map says of BLOCK, which is a slab."""
        place = self.all.slabs.slabs + guest.size("struct slab") * block
        slab, words = guest.structure("struct slab", place), guest.constant("SLAB_WORDS")
        slab.free = list(guest.words(self.all.slabs.free + 4 * words * block, words))
        slab.older, slab.newer = self.older[block], self.newer[block]
        slab.number = vars(slab)["class"]
        return slab

    def units(self, first):
        """The tags of the units of the span whose first block is FIRST."""
        a_block = guest.constant("SPAN_UNITS_A_BLOCK")
        count = guest.constant("SPAN_UNITS")
        data = guest.read(self.all.spans.tags + 2 * a_block * first, 2 * count)
        return [data[2 * i] | data[2 * i + 1] << 8 for i in range(count)]

    def growing(self):
        """The growing heap behind kmalloc: its kind, structure and window; or None."""
        if not self.state.growing:
            return None
        kind = guest.structure("struct growing_heap", self.state.growing).kind
        name = guest.text(guest.structure("struct growing_kind", kind).allocator.name)
        if name not in GROWING:
            raise Problem("the growing heap's kind was overwritten: %r is none" % name)
        heap = guest.structure(GROWING[name], self.state.growing)
        return name, heap, guest.structure("struct window", heap.growing.window)


def bits(word):
    return bin(word).count("1")


# -- What the shell prints, in the same words -----------------------------------------------------


def heap_lines():
    """`heap`, without whether it is sound."""
    heap = Heap()
    yield "  0x%08x-0x%08x, blocks of %u bytes, table 0x%08x" % (heap.start, heap.end, PAGE,
                                                                 heap.all.table.entries)
    for owner, look in enumerate(heap.looks):
        count = heap.owner_of.count(owner)
        yield "  %-10s %8u blocks  %8u K" % (look.name, count, count * PAGE // 1024)
    if heap.growing():
        yield from window_lines(*heap.growing())


def window_lines(name, heap, window):
    sizes = growing.free_sizes(name, heap, window)
    yield ("  window 0x%08x-0x%08x, %s: break 0x%08x, %u pages with frames, at most %u"
           % (window.start, window.start + window.nbytes, name, window.brk, window.pages,
              window.peak))
    line = "  %u allocations, %u bytes free in %u pieces" % (heap.growing.nlive, sum(sizes),
                                                             len(sizes))
    if name == "best_fit":
        line += "; array: %u of %u entries" % (heap.free.count, heap.free.room)
    yield line
    for power in range(27):
        count = sum(size.bit_length() == power + 1 for size in sizes)
        if count:
            yield "  %10u bytes and more: %u pieces" % (1 << power, count)


def _character(heap, block):
    character, kept = CHARACTERS.get(heap.entries[block], "?"), guest.constant("OWNER_KEPT")
    if character not in ".?" and heap.owner_of[block] == kept:
        return heap.looks[kept].letter
    return character


def _cell(heap, first, end):
    counts = [heap.owner_of.count(owner, first, end) for owner in range(len(heap.looks))]
    if counts[0] == end - first:
        return heap.looks[0].letter
    most = max(range(1, len(counts)), key=lambda owner: (counts[owner], -owner))
    letter = heap.looks[most].letter
    return letter.lower() if counts[0] else letter


def blocks_lines(where=None):
    """`blocks`; `blocks N` where WHERE is a block or an address in one."""
    heap = Heap()
    block, per_cell = 0, 1
    if where is None:
        per_cell = (heap.total + CELLS - 1) // CELLS
    elif where < heap.total:
        block = where
    elif heap.start <= where < heap.end:
        block = heap.block_of(where)
    else:
        raise Problem("0x%x is no block; expected: 0 to %u, or an address from 0x%08x to 0x%08x"
                      % (where, heap.total - 1, heap.start, heap.end - 1))
    line, cell, drawn = "", 0, set()
    while cell < CELLS and block < heap.total:
        if cell % COLUMNS == 0:
            if line:
                yield line
            line = "  %8u 0x%08x  " % (block, heap.address(block))
        end = min(block + per_cell, heap.total)
        character = _character(heap, block) if per_cell == 1 else _cell(heap, block, end)
        line += character
        drawn.add(character)
        block, cell = end, cell + 1
    yield line
    if per_cell == 1:
        yield ("  . free  o one block  < first  = inside  > last of several"
               + ("  - kept for reuse" if "-" in drawn else ""))
        return
    yield "  a character is %u blocks, in lower case where some are free:" % per_cell
    yield "  " + "  ".join("%s %s" % (look.letter, look.name) for look in heap.looks)
