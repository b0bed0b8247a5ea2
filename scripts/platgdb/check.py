"""Whether the heap is sound: what stands at the top of heap.c, slab.c, span.c and block_heap.c,
worked out a second time from memory alone, without any code of the kernel's own checks."""
from platgdb import guest
from platgdb.growing import HEADER, blocks, free_sizes
from platgdb.guest import PAGE, Problem
from platgdb.heap import CHARACTERS, FREE, GROWING, HAS_NEXT, IS_FIRST, Heap, bits
from platgdb.machine import kernel_directory
from platgdb.objects import (A_SPAN, END, FREE_RUN, LAST, LENGTH, START, TAKEN, UNIT, live_in,
                             spans)

SIZES = list(range(16, 257, 16)) + [PAGE // count // 16 * 16 for count in range(14, 3, -1)]
FULL, LISTED, CURRENT = range(3)     # slab.h
SHORTEST, GROUP = 5, 8               # span.h
KEPT_EXACT = 15                      # block_private.h
EXACT_MOST, NO_RUN = 64, 0xffffffff  # include/memory/heap/heap.h
OUTSIDE = ("nblocks", "start", "entries", "owners", "directory", "small", "bits", "unit_bytes",
           "span_blocks", "design", "window_start", "window_break", "first", "pieces", "npieces",
           "header_bytes")           # include/memory/kheap/heap_map.h


class Broken(Exception):
    """The sentence that does not hold."""


def lines():
    heap = Heap()
    try:
        if heap.all.broken:
            raise Broken("the kernel has noticed: " + guest.text(heap.all.broken))
        for part in (_table, _outside, _runs, _tags, _kept, _slabs, _spans, _growing):
            part(heap)
    except (Broken, Problem) as broken:
        yield "  check: %s" % broken
    else:
        yield "  check: sound"


def _at(heap, block):
    return "block %u (0x%08x)" % (block, heap.address(block))


def _same(what, said, found):
    if said != found:
        raise Broken("%s: the heap says %u, and there are %u" % (what, said, found))


def _table(heap):
    """Every byte legal, and in order; and how many there are."""
    inside = False
    for block, entry in enumerate(heap.entries):
        if entry not in CHARACTERS:
            raise Broken("%s: byte 0x%02x is none of the five" % (_at(heap, block), entry))
        if inside and (entry == FREE or entry & IS_FIRST):
            raise Broken("%s: byte 0x%02x has a next block, but 0x%02x follows"
                         % (_at(heap, block - 1), heap.entries[block - 1], entry))
        if not inside and entry != FREE and not entry & IS_FIRST:
            raise Broken("%s: byte 0x%02x has no first block before it" % (_at(heap, block), entry))
        inside = entry & HAS_NEXT
    if inside:
        raise Broken("%s: the last block has a next one" % _at(heap, heap.total - 1))
    said = heap.all.heap.statistics
    free = heap.entries.count(FREE)
    _same("blocks in all", said.total, heap.total)
    _same("taken blocks", said.taken, heap.total - free)
    _same("allocations", said.allocations, sum(entry & IS_FIRST != 0 for entry in heap.entries))
    if not said.taken <= said.peak <= said.total:
        raise Broken("the peak of %u blocks is not between taken and total" % said.peak)


def _outside(heap):
    """What is told to tools, against where those things are."""
    said, growing = guest.variable("heap_map"), heap.growing()
    wanted = [heap.total, heap.start, heap.all.table.entries, heap.all.owners, kernel_directory(),
              heap.all.slabs.slabs, heap.all.slabs.free, UNIT, A_SPAN, 0, 0, 0, 0, 0, 0, HEADER]
    if growing:
        name, found, window = growing
        at, kind = heap.state.growing, GROWING[name]
        brk = found.growing.window + guest.offset("struct window", "brk")
        wanted[9:13] = [1, window.start, brk, at + guest.offset(kind, "first")]
        if name == "best_fit":
            array = at + guest.offset(kind, "free")
            wanted[9], wanted[13:15] = 2, [array + guest.offset("struct ordered_array", member)
                                           for member in ("pieces", "count")]
    if [getattr(said, word) for word in OUTSIDE] != wanted or heap.all.spans.tags != said.bits:
        raise Broken("heap_map says something else than the heap")


def _bin(length):
    if length <= EXACT_MOST:
        return length
    octave = length.bit_length() - 1
    return EXACT_MOST + 1 + (octave - 6) * 8 + (length >> octave - 3) % 8


def _listed(heap):
    """The free runs of all bins by where they begin, with their bin; each list leads both ways."""
    found = {}
    for number, start in enumerate(heap.all.heap.newest):
        start, newer = int(start), NO_RUN
        while start != NO_RUN:
            if start >= heap.total or start in found or heap.newer[start] != newer:
                raise Broken("bin %u: its list does not hold together at block %u" % (number, start))
            found[start] = number
            start, newer = heap.older[start], start
    return found


def _runs(heap):
    """The lengths, and that each free run is in the bin of its length."""
    listed, runs = _listed(heap), 0
    for first, end in heap.runs():
        for block in {first, end - 1} if heap.entries[first] == FREE else {first}:
            if heap.lengths[block] != end - first:
                raise Broken("%s: length %u is known of a run of %u blocks"
                             % (_at(heap, block), heap.lengths[block], end - first))
        if heap.entries[first] != FREE:
            continue
        runs += 1
        if listed.get(first) != _bin(end - first):
            raise Broken("%s: a free run is not in the bin of its length" % _at(heap, first))
    _same("free runs", len(listed), runs)


def _tags(heap):
    """A tag where allocations begin, and of a span in all of its blocks; nowhere else."""
    slab, span = guest.constant("OWNER_SLAB"), guest.constant("OWNER_SPAN")
    for first, end in heap.runs():
        tag = heap.tags[first]
        if tag >= len(heap.looks):
            raise Broken("%s: owner %u has no meaning" % (_at(heap, first), tag))
        if (tag != 0) != (heap.entries[first] != FREE):
            raise Broken("%s: %s" % (_at(heap, first), "an owner where no allocation begins" if tag
                                     else "no owner where an allocation begins"))
        for block in range(first + 1, end):
            if heap.tags[block] != (tag if tag == span else 0):
                raise Broken("%s: an owner where no allocation begins, or a span's block without"
                             % _at(heap, block))
        if tag == slab and end - first != 1 or tag == span and end - first != A_SPAN:
            raise Broken("%s: a slab or a span of %u blocks" % (_at(heap, first), end - first))


def _kept_bin(length):
    if length <= KEPT_EXACT:
        return length
    octave = length.bit_length() - 1
    return KEPT_EXACT + 1 + (octave - 4) * 8 + (length >> octave - 3) % 8


def _kept(heap):
    """The runs that are kept for reuse, against tags and lengths."""
    kept, found = heap.all.kept, {}
    for number, first in enumerate(kept.newest):
        while first != NO_RUN:
            if (first >= heap.total or first in found
                    or heap.tags[first] != guest.constant("OWNER_KEPT")
                    or _kept_bin(heap.lengths[first]) != number):
                raise Broken("quick list %u: block %u is no kept run of its length"
                             % (number, first))
            found[first] = heap.lengths[first]
            first = heap.older[first]
    _same("kept runs", len(found), heap.tags.count(guest.constant("OWNER_KEPT")))
    _same("kept runs", kept.count, len(found))
    _same("kept blocks", kept.blocks, sum(found.values()))


def _ring(heap, slabs, number, newest):
    """The blocks on a class's list."""
    found, block = [], newest
    while block != NO_RUN and (not found or block != newest):
        if block not in slabs or block in found:
            raise Broken("the list of slabs of %u bytes leads to block %u" % (SIZES[number], block))
        older = slabs[block].older
        if older not in slabs or slabs[older].newer != block:
            raise Broken("the list of slabs of %u bytes does not lead back to block %u"
                         % (SIZES[number], block))
        found.append(block)
        block = older
    return set(found)


def _slab(heap, block, slab):
    """One slab's objects against its free bits, and its state."""
    where = _at(heap, block)
    if slab.number >= len(SIZES) or slab.size != SIZES[slab.number]:
        raise Broken("%s: a slab of %u bytes has a wrong size or class" % (where, slab.size))
    live, count = live_in(slab)
    said = heap.all.slabs.classes[slab.number]
    free = sum(word << 32 * i for i, word in enumerate(slab.free[:(count + 31) // 32]))
    if free >> count:
        raise Broken("%s: an object is free that does not exist" % where)
    if slab.state > CURRENT or (slab.state == CURRENT) != (said.current == block):
        raise Broken("%s: a slab is current, and its class does not know, or the reverse" % where)
    if (slab.state == FULL and (live < count or slab.until != 1)
            or slab.state == LISTED and not 0 < live < count):
        raise Broken("%s: a slab with %u of %u objects live says that it is %s"
                     % (where, live, count, ("full", "listed")[slab.state]))
    if slab.state == LISTED:
        _same("live objects of the slab in %s" % where, slab.until, live)


def _slabs(heap):
    slabs = {block: heap.slab(block) for block in heap.blocks_tagged("OWNER_SLAB")}
    for block, slab in slabs.items():
        _slab(heap, block, slab)
    for number, said in enumerate(heap.all.slabs.classes):
        listed = {block for block, slab in slabs.items()
                  if slab.number == number and slab.state == LISTED}
        if said.current != NO_RUN and said.current not in slabs:
            raise Broken("the class of %u bytes serves from block %u, which is no slab"
                         % (SIZES[number], said.current))
        if _ring(heap, slabs, number, said.newest) != listed:
            raise Broken("the list of slabs of %u bytes is not what it should be" % SIZES[number])


def _span(heap, first, listed):
    """One span: its runs one behind the other; notes those that must be listed."""
    tags, where, before = heap.units(first), _at(heap, first), False
    ends = [START] + [0] * (len(tags) - 2) + [END]
    if [tag & (START | END) for tag in tags] != ends:
        raise Broken("%s: a span's ends are not marked" % where)
    tags = [tag & ~(START | END) for tag in tags]
    if not any(tags):
        return 1
    unit = 0
    while unit < len(tags):
        length, free = tags[unit] & LENGTH, tags[unit] & FREE_RUN != 0
        last = [FREE_RUN | LAST | length] if length == 1 else (
            [FREE_RUN | length] + [0] * (length - 2) + [LAST | length])
        wanted = last if free else [TAKEN | length] + [0] * (length - 1)
        if length == 0 or tags[unit:unit + length] != wanted or free and before:
            raise Broken("%s: unit %u begins no run, or one that is cut short" % (where, unit))
        if free and length >= SHORTEST:
            listed.setdefault(length, set()).add(first * len(tags) // A_SPAN + unit)
        before, unit = free, unit + length
    return 0


def _spans(heap):
    """Each span's runs, and the lists of the free ones."""
    said, listed, empty = heap.all.spans, {}, []
    for first in spans(heap):
        if _span(heap, first, listed):
            empty.append(first)
    if empty != [said.spare] * (said.spare != NO_RUN):
        raise Broken("the spare span is not the one that is empty")
    links = guest.words(said.links, heap.total * 4)
    for length, unit in enumerate(said.newest):
        found = set()
        while unit != NO_RUN:
            if unit in found or unit // GROUP * 2 + 1 >= len(links):
                raise Broken("the list of free runs of %u units does not hold together" % length)
            found.add(unit)
            unit = links[unit // GROUP * 2 + 1]
        if found != listed.get(length, set()):
            raise Broken("the list of free runs of %u units is not what it should be" % length)
        if (said.bins[length // 32] >> length % 32 & 1) != bool(found):
            raise Broken("the bit of free runs of %u units is wrong" % length)


def _growing(heap):
    """The window's frames, and that its blocks lead to the break."""
    growing = heap.growing()
    if not growing:
        return
    name, said, window = growing
    pages = sum(bits(word) for word in window.present)
    _same("frames of the window", window.pages, pages)
    if not window.start <= window.brk <= window.start + window.nbytes:
        raise Broken("the break 0x%08x is not in the window" % window.brk)
    end, live, free = window.start, 0, 0
    for start, nbytes, is_live in blocks(*growing):
        if start < end:
            raise Broken("the header at 0x%08x lies in the block before it" % start)
        free += start - end if name == "best_fit" else 0 if is_live else nbytes
        end, live = start + nbytes, live + is_live
    free += window.brk - end
    if end > window.brk or name == "free_list" and end != window.brk:
        raise Broken("the window's blocks lead to 0x%08x, and the break is 0x%08x"
                     % (end, window.brk))
    _same("allocations in the window", said.growing.nlive, live)
    _same("free bytes of the window", sum(free_sizes(*growing)), free)
