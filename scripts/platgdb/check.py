"""Whether the heap is sound: what stands at the top of heap.c, slab.c, pieces.c and block_heap.c,
worked out a second time from memory alone, without any code of the kernel's own checks."""
from platgdb import guest
from platgdb.growing import blocks, free_sizes
from platgdb.guest import PAGE, Problem
from platgdb.heap import CHARACTERS, FREE, HAS_NEXT, IS_FIRST, Heap, bits
from platgdb.objects import (A_GROUP, NCLASSES, PLACES, is_group, is_structures, piece_bytes,
                             pieces_of)

SIZES = [8] + list(range(16, 257, 16)) + list(range(288, 513, 32))
EXACT_MOST, NO_RUN = 64, 0xffffffff  # include/memory/heap/heap.h


class Broken(Exception):
    """The sentence that does not hold."""


def lines():
    heap = Heap()
    try:
        if heap.all.broken:
            raise Broken("the kernel has noticed: " + guest.text(heap.all.broken))
        for part in (_table, _runs, _tags, _kept, _slabs, _groups, _growing):
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
    said, outside = heap.all.heap.statistics, guest.variable("heap_map")
    if ((outside.nblocks, outside.start, outside.entries, outside.owners)
            != (heap.total, heap.start, heap.all.table.entries, heap.all.owners)):
        raise Broken("heap_map says something else than the heap")
    free = heap.entries.count(FREE)
    _same("blocks in all", said.total, heap.total)
    _same("taken blocks", said.taken, heap.total - free)
    _same("allocations", said.allocations, sum(entry & IS_FIRST != 0 for entry in heap.entries))
    if not said.taken <= said.peak <= said.total:
        raise Broken("the peak of %u blocks is not between taken and total" % said.peak)


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
    """A tag exactly where allocations begin; small objects exactly where by_block says so."""
    small = guest.constant("OWNER_SLAB")
    for block, (entry, tag) in enumerate(zip(heap.entries, heap.tags)):
        if tag >= len(heap.looks):
            raise Broken("%s: owner %u has no meaning" % (_at(heap, block), tag))
        if (tag != 0) != (entry & IS_FIRST != 0):
            raise Broken("%s: %s" % (_at(heap, block), "an owner where no allocation begins" if tag
                                     else "no owner where an allocation begins"))
        if (heap.owner_of[block] == small) != (heap.by_block[block] != 0):
            raise Broken("%s: whose objects are there is known for what has none, or not known"
                         % _at(heap, block))


def _kept(heap):
    """The runs that are kept for reuse, against tags and lengths."""
    kept, count, blocks_kept = heap.all.kept, 0, 0
    for length, of in enumerate(kept.of):
        for first in of.firsts[:of.count]:
            if (first >= heap.total or heap.tags[first] != guest.constant("OWNER_KEPT")
                    or heap.lengths[first] != length):
                raise Broken("block %u is listed as a kept run of %u blocks, and is none"
                             % (first, length))
            count, blocks_kept = count + 1, blocks_kept + length
    _same("kept runs", count, heap.tags.count(guest.constant("OWNER_KEPT")))
    _same("kept blocks", kept.blocks, blocks_kept)


def _list(heap, name, first, following):
    """The addresses on a list."""
    found = []
    while first:
        found.append(first)
        if len(found) > heap.total:
            raise Broken("the list of %s does not end" % name)
        first = following(first)
    return found


def _slabs(heap):
    """Each slab's objects against its free bits, and where it says that it is to be found."""
    said = heap.all.slabs
    slabs = {address: slab for address, slab in heap.slabs().items() if not is_group(slab[1])}
    partial = {number: set() for number in range(NCLASSES + 1)}
    spare = set()
    size_of = SIZES + [guest.size("struct slab")]
    for address, (block, slab) in slabs.items():
        where, own = _at(heap, block), is_structures(slab)
        size = size_of[slab.class_index]
        number = PAGE // size + own
        origin = heap.address(block) - size if own else heap.address(block) + PAGE % size
        if (slab.size, slab.nobjects, slab.origin) != (size, number, origin):
            raise Broken("%s: a slab of %u bytes has a wrong size, number or place"
                         % (where, size))
        exist = (1 << number) - 1 & ~(3 if own else 0)
        free = sum(word << 32 * i for i, word in enumerate(slab.free[:(number + 31) // 32]))
        if free & ~exist:
            raise Broken("%s: an object is free that does not exist" % where)
        if slab.listed >= len(PLACES):
            raise Broken("%s: a slab is nowhere to be found" % where)
        place, current = PLACES[slab.listed], said.classes[slab.class_index].slab == address
        wanted = ("current" if current else "spare" if place == "spare"
                  else "with room" if free else "full")
        if place != wanted or not current and (free == exist) != (place == "spare"):
            raise Broken("%s: a slab with %u of %u objects free says that it is %s"
                         % (where, bits(free), bits(exist), place))
        if place == "with room":
            partial[slab.class_index].add(address)
        elif place == "spare":
            spare.add(address)
    _same("blocks of small objects", said.blocks, len(slabs))
    following = lambda address: guest.structure("struct slab", address).next
    for number, wanted in partial.items():
        if set(_list(heap, "slabs with room", said.oldest[number], following)) != wanted:
            raise Broken("the list of slabs with room of %u bytes is not what it should be"
                         % size_of[number])
    if set(_list(heap, "spare slabs", said.spare, following)) != spare:
        raise Broken("the list of spare slabs is not what it should be")
    _same("spare slabs", said.nspare, len(spare))
    for number, current in enumerate(said.classes):
        if current.slab and current.slab not in slabs:
            raise Broken("the class of %u bytes serves from a slab that is none" % size_of[number])


def _groups(heap):
    """Each group's pieces: free, or of one allocation."""
    said, nblocks, nbytes, nkept = heap.all.pieces, 0, 0, 0
    for address, (block, group) in heap.slabs().items():
        if not is_group(group):
            continue
        where, length = _at(heap, block), piece_bytes(group) * A_GROUP // PAGE
        if group.class_index > NCLASSES + 3 or group.origin + 1 != heap.address(block):
            raise Broken("%s: a group of pieces has a wrong size or place" % where)
        if list(heap.by_block[block:block + length]) != [address] * length:
            raise Broken("%s: a group does not own all of its blocks" % where)
        covered, live = group.pieces.free, 0
        for first, size, kept in pieces_of(group):
            run = (1 << size // piece_bytes(group)) - 1 << first
            if covered & run or run >> A_GROUP:
                raise Broken("%s: piece %u belongs to two, or does not exist" % (where, first))
            covered |= run
            live, nkept = live + (not kept), nkept + kept
            nbytes += size * kept
        if covered != (1 << A_GROUP) - 1:
            raise Broken("%s: a piece is neither free nor allocated" % where)
        if live != group.nobjects:
            raise Broken("%s: %u pieces' allocations are live, and the group says %u"
                         % (where, live, group.nobjects))
        nblocks += length
    _same("blocks of pieces", said.blocks, nblocks)
    _same("kept bytes of pieces", said.kept, nbytes)
    _same("kept runs of pieces", sum(said.counts), nkept)


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
