"""Commands for gdb that read the kernel's structures: help plat lists them.

make gdb loads them; elsewhere gdb build/plat.elf -x scripts/plat-gdb.py -ex 'target remote :1234'
does, for a QEMU that was started with -s.
"""
import os
import sys

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from platgdb import check, guest, heap, machine, objects


class Plat(gdb.Command):
    """Plat's heap, pages and processes. Nothing is called in the guest."""

    def __init__(self):
        super().__init__("plat", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, argument, from_tty):
        if argument:
            raise gdb.GdbError("plat: %s is no command; expected: one that help plat lists"
                               % argument.split()[0])
        gdb.execute("help plat")


class Command(gdb.Command):
    """One of them: how it is called, and the lines that it prints for its arguments."""

    def __init__(self, name, arguments, least, lines, purpose):
        self.usage = ("plat %s %s" % (name, arguments)).strip()
        self.least, self.most = least, len(arguments.split())
        self.lines = lines
        self.__doc__ = "%s\nUsage: %s" % (purpose, self.usage)
        super().__init__("plat " + name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        try:
            if not self.least <= len(words) <= self.most:
                raise guest.Problem("%u arguments given; expected: %s" % (len(words), self.usage))
            values = [guest.evaluate(word) for word in words]
            for line in self.lines(*values):
                print(line)
        except guest.Problem as problem:
            raise gdb.GdbError("plat: %s" % problem)


def physical(lines):
    """LINES with what it reads being physical memory."""
    def all_lines(*values):
        with guest.physical_memory():
            return list(lines(*values))
    return all_lines


def walk(address, pid=None):
    with guest.physical_memory():
        pass  # there is a machine, it stands still, and the kernel is in it
    cr3 = guest.evaluate("$cr3") if machine.paging_is_on() else 0
    return physical(machine.walk_lines)(address, cr3, pid)


Plat()
for details in (
        ("heap", "", 0, physical(heap.heap_lines), "Who holds the heap, as the shell's heap."),
        ("blocks", "[BLOCK|ADDRESS]", 0, physical(heap.blocks_lines),
         "The block table, as the shell's blocks; block by block from one on."),
        ("stats", "", 0, physical(objects.stats_lines),
         "The heap's counters, as the shell's stats."),
        ("owner", "ADDRESS", 1, physical(objects.owner_lines),
         "Whose an address of the heap is: block, object, record."),
        ("slabs", "", 0, physical(objects.slabs_lines), "Small objects by class, and spans."),
        ("walk", "ADDRESS [PID]", 1, walk,
         "The page walk of an address, as the shell's translate; in a process's directory."),
        ("processes", "", 0, physical(machine.processes_lines),
         "The processes, as the shell's ps, with their directories."),
        ("check", "", 0, physical(check.lines), "Whether the heap is sound, or what is not.")):
    Command(*details)
