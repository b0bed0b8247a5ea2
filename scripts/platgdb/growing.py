"""The growing heaps behind kmalloc (heap=free_list, heap=best_fit)."""
import struct

from platgdb.guest import Problem
from platgdb.machine import read_virtual

HEADER = 16  # bytes, of either design
FREE, TAKEN = 0x66726565, 0x74616b6e


def _fold(block, size):
    return block ^ size * 0x9e3779b1 & 0xffffffff


def _list_state(block, free, size, following):
    """Whether a header of the free list says free or taken; None where it was overwritten."""
    seal = free ^ _fold(block, size) ^ following * 0x85ebca6b & 0xffffffff
    return {FREE: "free", TAKEN: "live"}.get(seal)


def _header(address):
    return struct.unpack("<4I", read_virtual(address, HEADER))


def blocks(name, heap, window):
    """All blocks in the order of their addresses, each with its header: start, bytes, live. Best
    fit has none for what is free."""
    at = window.start if name == "free_list" else heap.first
    while at and at < window.brk:
        if name == "free_list":
            free, size, following, _ = _header(at)
            state = _list_state(at, free, size, following)
            if state is None or size < HEADER:
                raise Problem("the header at 0x%08x was overwritten" % at)
            yield at, size, state == "live"
            at += size
        else:
            _, size, _, following = _header(at)
            yield at, size, True
            if following and following < at + size:
                raise Problem("the header at 0x%08x was overwritten" % at)
            at = following


def free_sizes(name, heap, window):
    """How many bytes each piece has that is free below the break."""
    if name == "best_fit":
        data = read_virtual(heap.free.pieces, 12 * heap.free.count)
        return [size for size, _, _ in struct.iter_unpack("<3I", data)]
    sizes, at, last = [], heap.first, 0
    while at:
        if not max(last + 1, window.start) <= at < window.brk:
            raise Problem("the free list leads to 0x%08x, which can't be" % at)
        _, size, following, _ = _header(at)
        sizes.append(size)
        last, at = at, following
    return sizes
