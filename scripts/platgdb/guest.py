"""The machine that gdb is attached to: its physical memory, and the kernel's structures in it.

Nothing is ever called in the guest, so that a kernel that has panicked can be looked at as well.
Kernel addresses are physical ones but in a few windows; a process's directory may be loaded, in
which they mean something else, so gdb reads physical memory, as QEMU's stub lets it.
"""
import array
import contextlib
import re
import types

import gdb

PAGE = 4096
MAGIC, VERSION = 0x70616d68, 2  # include/memory/kheap/heap_map.h


class Problem(Exception):
    """What is wrong, and what was expected, in one line."""


def _packet(text):
    answer = gdb.execute("maintenance packet " + text, to_string=True)
    found = re.search(r'^received: "(.*)"', answer, re.MULTILINE)
    return found.group(1) if found else ""


@contextlib.contextmanager
def physical_memory():
    """Within this, what gdb reads is physical memory, with the kernel in it."""
    thread = gdb.selected_thread()
    if thread is None:
        raise Problem("no machine; expected: target remote :1234, and QEMU started with -s there")
    if thread.is_running():
        raise Problem("the machine runs; expected: one that stands still (Ctrl-C stops it)")
    before = _packet("qqemu.PhyMemMode")
    if before not in ("0", "1"):
        raise Problem("that is no QEMU that lets gdb read physical memory; expected: 4.1 or later")
    _packet("Qqemu.PhyMemMode:1")
    try:
        found = variable("heap_map")
        if found.magic != MAGIC:
            raise Problem("that memory holds no kernel, or another one; expected: one that has "
                          "started, and gdb on its ELF file")
        if found.version != VERSION:
            raise Problem("the kernel's heap_map has version %u; expected: %u"
                          % (found.version, VERSION))
        yield
    finally:
        _packet("Qqemu.PhyMemMode:" + before)


def read(address, nbytes):
    """Physical memory."""
    if nbytes == 0:
        return b""
    try:
        return bytes(gdb.selected_inferior().read_memory(address, nbytes))
    except (gdb.error, OverflowError):
        raise Problem("memory at 0x%08x-0x%08x can't be read" % (address, address + nbytes))


def words(address, count):
    """COUNT words of 32 bits."""
    found = array.array("I")
    found.frombytes(read(address, 4 * count))
    return found


def text(address):
    """The string at ADDRESS, of 63 bytes at most."""
    return read(address, 64).split(b"\0")[0].decode("ascii", "replace")


# -- Structures, laid out as the kernel's debug information says ----------------------------------

_layouts, _constants = {}, {}


def _decoder(kind):
    kind = kind.strip_typedefs()
    if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        members = [(f.name, f.bitpos // 8, f.type.sizeof, _decoder(f.type)) for f in kind.fields()]

        def decode(data):
            found = types.SimpleNamespace()
            for name, at, size, inner in members:
                value = inner(data[at:at + size])
                if name:
                    setattr(found, name, value)
                else:
                    vars(found).update(vars(value))
            return found
        return decode
    if kind.code == gdb.TYPE_CODE_ARRAY:
        element = kind.target().strip_typedefs()
        if element.sizeof == 1:
            return bytes
        size, inner = element.sizeof, _decoder(element)
        return lambda data: [inner(data[i:i + size]) for i in range(0, len(data), size)]
    signed = kind.code == gdb.TYPE_CODE_INT and kind.is_signed
    return lambda data: int.from_bytes(data, "little", signed=signed)


def structures(name, address, count):
    """COUNT structures, "struct slab", that lie from ADDRESS on."""
    if name not in _layouts:
        _layouts[name] = (size(name), _decoder(gdb.lookup_type(name)))
    nbytes, decode = _layouts[name]
    data = read(address, nbytes * count)
    return [decode(data[i * nbytes:(i + 1) * nbytes]) for i in range(count)]


def structure(name, address):
    """The one that lies at ADDRESS."""
    return structures(name, address, 1)[0]


def _symbol(name, file=None):
    """A pointer to it; what it points to is not read."""
    try:
        return gdb.parse_and_eval("&'%s'::%s" % (file, name) if file else "&" + name)
    except gdb.error:
        raise Problem("there is no %s; expected: gdb on build/plat.elf, as it was built" % name)


def address_of(name):
    """Where the kernel's symbol NAME stands."""
    return int(_symbol(name))


def variable(name, file=None):
    """What a variable of the kernel's holds; FILE where it is static."""
    pointer = _symbol(name, file)
    kind = pointer.type.target()
    return _decoder(kind)(read(int(pointer), kind.sizeof))


def constant(name):
    """An enumerator's value."""
    if name not in _constants:
        _constants[name] = int(gdb.parse_and_eval(name))
    return _constants[name]


def size(kind):
    """How many bytes a structure has."""
    return gdb.lookup_type(kind).sizeof


def offset(kind, member):
    """Where MEMBER lies in the structure KIND."""
    return next(f.bitpos // 8 for f in gdb.lookup_type(kind).fields() if f.name == member)


def listed(head, kind, member):
    """The structures on a list, whose links are their MEMBER. A list that does not close is
    broken."""
    at, back, seen = words(head, 1)[0], offset(kind, member), set()
    while at != head:
        if at in seen or at == 0:
            raise Problem("the list at 0x%08x of %s is broken" % (head, kind))
        seen.add(at)
        yield at - back, structure(kind, at - back)
        at = words(at, 1)[0]


# -- Addresses ------------------------------------------------------------------------------------


def evaluate(word):
    """An argument as an address: a number, a register, a function, .. To be called outside of
    physical_memory()."""
    try:
        value = gdb.parse_and_eval(word)
        if value.type.strip_typedefs().code in (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_ARRAY):
            value = value.address
        number = int(value)
    except (gdb.error, ValueError, TypeError):
        raise Problem("%s is no address; expected: a number, $register or a symbol" % word)
    if not -1 << 31 <= number < 1 << 32:
        raise Problem("%s is no address; expected: one below 4 GB" % word)
    return number & 0xffffffff


def caller_name(address):
    """A return address as the kernel prints it: name+offset."""
    answer = gdb.execute("info symbol 0x%x" % address, to_string=True)
    found = re.match(r"(\S+)(?: \+ (\d+))? in section", answer)
    return "%s+0x%x" % (found.group(1), int(found.group(2) or 0)) if found else "?+0x0"
