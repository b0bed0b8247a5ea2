"""Page walks and processes: the shell's `translate` and `ps`."""
import types

import gdb
from platgdb import guest
from platgdb.guest import PAGE, Problem

PRESENT, WRITABLE, FOR_ALL, LARGE, PRIVATE = 0x001, 0x002, 0x004, 0x080, 0x200
TICKS_A_SECOND = 100
LOT_PAGES = 3  # src/process/kernel_stack.c: a guard and two pages of stack


def walk_of(directory, address):
    """What the processor finds at ADDRESS; PHYSICAL is None where nothing is mapped."""
    entry = guest.words(directory + 4 * (address >> 22), 1)[0]
    walk = types.SimpleNamespace(entry=entry, table=None, physical=None, flags=entry)
    if not entry & PRESENT:
        return walk
    if entry & LARGE:
        walk.physical = entry & 0xffc00000 | address & 0x3fffff
        return walk
    walk.table = guest.words((entry & ~0xfff) + 4 * (address >> 12 & 0x3ff), 1)[0]
    if walk.table & PRESENT:
        walk.physical = walk.table & ~0xfff | address & 0xfff
        walk.flags = walk.table & (entry | ~(WRITABLE | FOR_ALL))
    return walk


def kernel_directory():
    """0 before the kernel has one."""
    return guest.variable("paging", "src/memory/paging/paging.c").kernel.directory_entry


def read_virtual(address, nbytes):
    """Memory as the kernel's own directory maps it."""
    directory, found = kernel_directory(), b""
    while nbytes:
        part = min(nbytes, PAGE - address % PAGE)
        walk = walk_of(directory, address)
        if walk.physical is None:
            raise Problem("0x%08x, which the heap speaks of, is not mapped" % address)
        found += guest.read(walk.physical, part)
        address, nbytes = address + part, nbytes - part
    return found


# -- plat walk ------------------------------------------------------------------------------------


def _is_stack_guard(address):
    at = guest.variable("windows", "src/process/kernel_stack.c")
    for _ in range(1024):
        if not at:
            return False
        window = guest.structure("struct stack_window", at)
        if 0 <= address - window.start < len(window.used) * LOT_PAGES * PAGE:
            return (address - window.start) // PAGE % LOT_PAGES == 0
        at = window.next
    raise Problem("the list of the kernel's stacks does not end")


def _place(address):
    state = guest.variable("state", "src/memory/kheap/kheap.c")
    if state.growing:
        growing = guest.structure("struct growing_heap", state.growing)
        window = guest.structure("struct window", growing.window)
        if 0 <= address - window.start < window.nbytes:
            return "the growing heap's window"
    if _is_stack_guard(address):
        return "the guard below a process's kernel stack"
    for name, first, end in (("page 0", 0, PAGE),
                             ("the stack guard", "kernel_stack_guard", "kernel_stack"),
                             ("kernel text", "kernel_start", "kernel_text_end"),
                             ("kernel constants", "kernel_text_end", "kernel_rodata_end"),
                             ("the kernel stack", "kernel_stack", "kernel_stack_top"),
                             ("kernel data", "kernel_rodata_end", "kernel_end")):
        first = guest.address_of(first) if isinstance(first, str) else first
        end = guest.address_of(end) if isinstance(end, str) else end
        if first <= address < end:
            return name
    return "memory"


def walk_lines(address, cr3, pid=None):
    """`translate` of ADDRESS in the directory that is loaded, CR3 (0 while there is none), or in
    that of process PID."""
    directory = cr3 & ~0xfff
    if pid is not None:
        directory = _directory_of(pid)
    yield "  0x%08x is in %s" % (address, _place(address))
    if not directory:
        yield "  walk: paging is not set up yet"
        return
    walk = walk_of(directory, address)
    line = "  walk: directory[%u] = %08x" % (address >> 22, walk.entry)
    if walk.table is not None:
        line += ", table[%u] = %08x" % (address >> 12 & 0x3ff, walk.table)
    if walk.physical is None:
        yield line + ": not mapped"
        return
    yield line + ": physical %08x, %s%s%s" % (
        walk.physical, "writable" if walk.flags & WRITABLE else "read-only",
        ", for all" if walk.flags & FOR_ALL else ", kernel only",
        ", 4 MB page" if walk.table is None else "")


# -- plat processes -------------------------------------------------------------------------------


def _processes():
    scheduler = guest.variable("scheduler", "src/process/scheduler.c")
    if not scheduler.current:
        raise Problem("there are no processes yet; expected: a kernel that is past process_init")
    head = guest.address_of("'src/process/scheduler.c'::scheduler.all")
    for address, process in guest.listed(head, "struct process", "all"):
        yield address == scheduler.current, process


def _directory(process):
    if process.pid == 0:
        return kernel_directory()
    if not process.directory:
        return 0
    return guest.structure("struct paging_4gb_chunk", process.directory).directory_entry


def _directory_of(pid):
    for _, process in _processes():
        if process.pid == pid and _directory(process):
            return _directory(process)
    raise Problem("%u is no process with a directory; expected: one that plat processes lists"
                  % pid)


def processes_lines():
    names = {guest.constant("PROCESS_" + name): text for name, text in (
        ("READY", "ready"), ("SLEEPING", "asleep"), ("WAITING", "waiting"), ("ENDED", "ended"))}
    yield "    pid parent state    blocks    time  directory   name"
    for current, process in _processes():
        parent = guest.structure("struct process", process.parent).pid if process.parent else 0
        directory = _directory(process)
        yield "  %5u %6u %-8s %6u %4u.%02u  %-10s  %s" % (
            process.pid, parent, "running" if current else names.get(process.state, "?"),
            process.nblocks, process.ticks // TICKS_A_SECOND, process.ticks % TICKS_A_SECOND,
            "0x%08x" % directory if directory else "none",
            process.name.split(b"\0")[0].decode("ascii", "replace"))


def paging_is_on():
    """CR0's PG. To be called outside of physical_memory()."""
    try:
        return bool(int(gdb.parse_and_eval("$cr0")) >> 31 & 1)
    except gdb.error:
        raise Problem("gdb does not know cr0 and cr3; expected: QEMU 4 or later, i386")
