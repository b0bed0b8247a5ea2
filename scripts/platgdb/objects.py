"""What lies in the blocks: small objects, middle sizes, and the records of a watched heap."""
from platgdb import guest, machine
from platgdb.growing import blocks
from platgdb.guest import PAGE
from platgdb.heap import FREE, Heap, bits

LENGTH, FREE_RUN, LAST, TAKEN, START, END = 0xff, 0x100, 0x200, 0x400, 0x800, 0x1000  # span.h
UNIT, A_SPAN = 256, 8  # span.h: bytes of a unit, blocks of a span


def live_in(slab):
    """How many objects of a slab are live, and how many there are."""
    count = PAGE // slab.size
    return count - sum(bits(word) for word in slab.free[:(count + 31) // 32]), count


def spans(heap):
    """The first blocks of all spans."""
    return heap.blocks_tagged("OWNER_SPAN")[::A_SPAN]


def runs_of(tags):
    """The runs of a span as the tags of their first units say: first unit, units, taken."""
    unit = 0
    if tags[0] & ~START == 0:
        yield 0, len(tags), False
        return
    while unit < len(tags):
        length = max(tags[unit] & LENGTH, 1)
        yield unit, length, tags[unit] & TAKEN != 0
        unit += length


# -- plat owner -----------------------------------------------------------------------------------


def _slab_line(heap, block, address):
    slab = heap.slab(block)
    count, end = PAGE // slab.size, heap.address(block) + PAGE
    number = (end - 1 - address) // slab.size
    if number >= count:
        return "  slab of %u bytes: in front of its %u objects" % (slab.size, count)
    return ("  slab of %u bytes: object %u of %u, from 0x%08x on, %s"
            % (slab.size, number, count, end - (number + 1) * slab.size,
               "free" if slab.free[number // 32] >> number % 32 & 1 else "live"))


def _span_line(heap, block, address):
    first = heap.first_of(block)
    start = heap.address(first)
    for unit, length, taken in runs_of(heap.units(first)):
        if start + UNIT * unit <= address < start + UNIT * (unit + length):
            return ("  span of units of %u bytes: %u of them, from 0x%08x on, %s"
                    % (UNIT, length, start + UNIT * unit, "live" if taken else "free"))
    return "  span of units of %u bytes: its tags do not lead here; plat check says where" % UNIT


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
    if heap.tags[first] == guest.constant("OWNER_SLAB"):
        yield _slab_line(heap, block, address)
    elif heap.tags[first] == guest.constant("OWNER_SPAN"):
        yield _span_line(heap, block, address)


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
    slabs = [heap.slab(block) for block in heap.blocks_tagged("OWNER_SLAB")]
    small = [(live_in(slab)[0], slab.size) for slab in slabs]
    middle = [length for first in spans(heap) for _, length, taken in runs_of(heap.units(first))
              if taken]
    yield ("  blocks: %u total, %u taken, %u free, peak %u, largest free run %u"
           % (said.total, said.taken, said.total - said.taken, said.peak, largest))
    yield ("  block requests: %u served, %u failed; %u allocations live; %u frees refused"
           % (said.served, said.failed, said.allocations,
              said.refused + (growing[1].growing.refused if growing else 0)))
    yield ("  small objects: %u live, %u bytes, in %u blocks"
           % (sum(live for live, _ in small), sum(live * size for live, size in small),
              len(slabs)))
    yield ("  middle sizes: %u live, %u bytes, in %u blocks"
           % (len(middle), UNIT * sum(middle), A_SPAN * len(spans(heap))))
    yield "  kept for reuse: %u blocks" % kept(heap)


def kept(heap):
    """The blocks that a trim would give back: runs, current slabs that are empty, a span."""
    current = [said.current for said in heap.all.slabs.classes if said.current < heap.total]
    empty = sum(live_in(heap.slab(block))[0] == 0 for block in current)
    return (heap.all.kept.blocks + empty
            + (A_SPAN if heap.all.spans.spare < heap.total else 0))


def slabs_lines():
    heap = Heap()
    counts = {}
    for slab in (heap.slab(block) for block in heap.blocks_tagged("OWNER_SLAB")):
        found = counts.setdefault(slab.size, [0, 0, 0])
        found[:] = [a + b for a, b in zip(found, (1,) + live_in(slab))]
    yield "  objects of     slabs     live   of all"
    for size, (number, live, total) in sorted(counts.items()):
        yield "  %4u bytes  %8u %8u %8u" % (size, number, live, total)
    lengths, free = [], 0
    for first in spans(heap):
        for _, length, taken in runs_of(heap.units(first)):
            lengths += [length] if taken else []
            free += 0 if taken else length
    yield "  spans: %u of %u blocks, %u live in %u units, %u units free" % (
        len(spans(heap)), A_SPAN, len(lengths), sum(lengths), free)
