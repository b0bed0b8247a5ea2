"""What lies in the blocks: small objects, pieces, and the records of a watched heap."""
from platgdb import guest, machine
from platgdb.growing import blocks
from platgdb.heap import FREE, Heap, bits

NCLASSES = 25          # include/memory/heap/slab.h
STRUCTURES, PIECES = NCLASSES, NCLASSES + 1
NONE, KEPT = 255, 64   # include/memory/heap/pieces.h, in starts
A_GROUP, A_TIER = 64, 32
PLACES = ("full", "with room", "spare", "current")


def is_group(slab):
    return slab.class_index >= PIECES


def is_structures(slab):
    return slab.class_index == STRUCTURES


def piece_bytes(group):
    return 64 << 2 * (group.class_index - PIECES)


def pieces_of(group):
    """A group's allocations: which piece each begins with, how many bytes, whether it is kept."""
    for eight, start in enumerate(group.pieces.starts):
        if start != NONE:
            length = group.pieces.bins[eight] % A_TIER + 1
            yield start % KEPT, length * piece_bytes(group), start >= KEPT


def is_free(slab, number):
    return slab.free[number // 32] >> number % 32 & 1


# -- plat owner -----------------------------------------------------------------------------------


def _slab_line(slab, address):
    if is_structures(slab):
        return "  the heap's own structures, which nobody else frees"
    number = (address - slab.origin) // slab.size
    if address < slab.origin:
        return "  slab of %u bytes: in front of its %u objects" % (slab.size, slab.nobjects)
    return ("  slab of %u bytes: object %u of %u, from 0x%08x on, %s"
            % (slab.size, number, slab.nobjects, slab.origin + number * slab.size,
               "free" if is_free(slab, number) else "live"))


def _group_line(group, address):
    start, size = group.origin + 1, piece_bytes(group)
    place = (address - start) // size
    text = "  group of %u pieces of %u bytes: " % (A_GROUP, size)
    for first, nbytes, kept in pieces_of(group):
        if first <= place < first + nbytes // size:
            return text + ("%u of them, from 0x%08x on, %s"
                           % (nbytes // size, start + first * size,
                              "kept for reuse" if kept else "live"))
    return text + "piece %u, from 0x%08x on, free" % (place, start + place * size)


def _record_of(watch, address):
    """The record that holds ADDRESS, and whether it is one of those that are gone, the latest."""
    known = guest.structures("struct watch_record", watch.records, watch.nrecords)
    number = len(watch.gone)
    gone = [watch.gone[i % number] for i in range(max(0, watch.ngone - number), watch.ngone)]
    for records in (known, gone[::-1]):
        for record in records:
            if record.address and 0 <= address - record.address < record.room:
                return record, records is not known
    return None, False


def _record_lines(watch, address):
    record, gone = _record_of(watch, address)
    if not record:
        yield "  no record of an allocation there"
        return
    yield ("  %u bytes at 0x%08x, allocation %u%s"
           % (record.nbytes, record.address, record.serial,
              ", gone" if gone else ", freed and held back" if record.freed else ""))
    for what, callers in (("allocated by", record.allocated_by), ("freed by", record.freed_by)):
        if what == "allocated by" or record.freed:
            names = [guest.caller_name(caller) for caller in callers if caller]
            yield "  %s %s" % (what, " < ".join(names))


def owner_lines(address):
    heap = Heap()
    growing = heap.growing()
    if growing and 0 <= address - growing[2].start < growing[2].nbytes:
        yield from _window_lines(heap, growing, address)
    else:
        yield from _block_lines(heap, address)
    if heap.state.watch.flags:
        yield from _record_lines(heap.state.watch, address)


def _block_lines(heap, address):
    block = heap.block_of(address)
    entry = heap.entries[block]
    text = "  0x%08x is in block %u, byte 0x%02x: " % (address, block, entry)
    if entry == FREE:
        yield text + "free"
        return
    first = heap.first_of(block)
    count = heap.end_of(first) - first
    yield text + ("%s, %u block%s from block %u on (0x%08x)"
                  % (heap.look(heap.tags[first]).name, count, "" if count == 1 else "s", first,
                     heap.address(first)))
    if heap.by_block[block]:
        slab = guest.structure("struct slab", heap.by_block[block])
        yield (_group_line if is_group(slab) else _slab_line)(slab, address)


def _window_lines(heap, growing, address):
    name, _, window = growing
    walk = machine.walk_of(machine.kernel_directory(), address)
    text = "  0x%08x is in the growing heap's window, %s: " % (address, name)
    for start, nbytes, live in blocks(*growing):
        if start <= address < start + nbytes:
            text += "%u bytes from 0x%08x on, %s" % (nbytes, start, "live" if live else "free")
            break
    else:
        text += "above the break" if address >= window.brk else "free"
    yield text
    yield "  its frame: %s" % ("none" if walk.physical is None else "0x%08x, block %u" % (
        walk.physical, heap.block_of(walk.physical)))


# -- plat stats, plat slabs -----------------------------------------------------------------------


def stats_lines():
    """`stats`."""
    heap = Heap()
    said = heap.all.heap.statistics
    growing = heap.growing()
    largest = max((end - first for first, end in heap.runs() if heap.entries[first] == FREE),
                  default=0)
    small, small_bytes, live, nbytes = 0, 0, 0, 0
    for _, slab in heap.slabs().values():
        if is_group(slab):
            live += slab.nobjects
            nbytes += sum(size for _, size, kept in pieces_of(slab) if not kept)
        elif not is_structures(slab):
            count = slab.nobjects - sum(bits(word) for word in slab.free)
            small += count
            small_bytes += count * slab.size
    yield ("  blocks: %u total, %u taken, %u free, peak %u, largest free run %u"
           % (said.total, said.taken, said.total - said.taken, said.peak, largest))
    yield ("  block requests: %u served, %u failed; %u allocations live; %u frees refused"
           % (said.served, said.failed, said.allocations,
              said.refused + (growing[1].growing.refused if growing else 0)))
    yield "  small objects: %u live, %u bytes, in %u blocks" % (small, small_bytes,
                                                                heap.all.slabs.blocks)
    yield "  pieces: %u live, %u bytes, in %u blocks" % (live, nbytes, heap.all.pieces.blocks)
    yield "  kept for reuse: %u blocks" % heap.all.kept.blocks


def slabs_lines():
    heap = Heap()
    counts, groups, spare = {}, {}, 0
    for _, slab in heap.slabs().values():
        if is_group(slab):
            found = groups.setdefault(piece_bytes(slab), [0, 0, 0, 0])
            kept = sum(1 for _, _, is_kept in pieces_of(slab) if is_kept)
            values = (1, slab.nobjects, kept, bits(slab.pieces.free))
        elif PLACES[slab.listed % 4] == "spare":
            spare += 1
            continue
        else:
            size = 0 if is_structures(slab) else slab.size
            found = counts.setdefault(size, [0, 0, 0])
            number = slab.nobjects - (1 if is_structures(slab) else 0)
            values = (1, number - sum(bits(word) for word in slab.free), number)
        found[:] = [a + b for a, b in zip(found, values)]
    yield "  objects of     slabs     live   of all"
    for size, (slabs, live, total) in sorted(counts.items()):
        if size:
            yield "  %4u bytes  %8u %8u %8u" % (size, slabs, live, total)
    if 0 in counts:
        yield "  structures  %8u %8u %8u" % tuple(counts[0])
    yield "  spare       %8u, at most %u" % (spare, heap.all.slabs.spare_most)
    yield "  pieces of     groups     live     kept   free pieces of all"
    for size, (number, live, kept, free) in sorted(groups.items()):
        yield "  %4u bytes  %8u %8u %8u %8u %8u" % (size, number, live, kept, free,
                                                     number * A_GROUP)
