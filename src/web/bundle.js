/*
 * ELF files: what is wrong with one, what is in the kernel's, and one file out of the kernel and
 * its programs. v86 loads a Multiboot kernel with one module at most, and without its name. So the
 * modules and their list come in one more segment behind the kernel, and the file's entry is a few
 * instructions there that put the list into the loader's words and go on to the kernel's own entry.
 * The kernel's bytes are not changed.
 */
"use strict";

const ELF = { MAGIC: 0x464c457f, I386: 3, HEADER: 52, SEGMENT: 32, SECTION: 40, LOAD: 1,
    SYMBOLS: 2 };
const BUNDLE_PAGE = 4096;

/* FILE as numbers: { u16(at), u32(at), text(at) }. */
function elfReader(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    return {
        u16: (at) => view.getUint16(at, true),
        u32: (at) => view.getUint32(at, true),
        text(at) {
            let text = "";
            while (at < file.length && file[at])
                text += String.fromCharCode(file[at++]);
            return text;
        },
    };
}

/* Why FILE is no program or kernel for this machine, as the end of a sentence; null where it is. */
function whyNoElf(file) {
    if (file.length < ELF.HEADER)
        return `it has ${file.length} bytes, and an ELF file begins with ${ELF.HEADER}`;
    const { u16, u32 } = elfReader(file);
    if (u32(0) !== ELF.MAGIC)
        return "it does not begin with the bytes 7F 45 4C 46 of an ELF file";
    if (file[4] !== 1 || file[5] !== 1)
        return "it is an ELF file for 64 bits or another byte order; expected: gcc -m32";
    if (u16(18) !== ELF.I386)
        return `it is for another processor (machine ${u16(18)}); expected: i386 (3)`;
    if (u16(16) !== 2)
        return "it is no program, but an object or a library; expected: ld -static";
    if (u16(44) === 0 || u32(28) + ELF.SEGMENT * u16(44) > file.length)
        return "its list of segments is missing or ends behind the file";
    return null;
}

function elfSegments(file) {
    const { u16, u32 } = elfReader(file), segments = [];
    for (let i = 0; i < u16(44); i++) {
        const at = u32(28) + ELF.SEGMENT * i;
        if (u32(at) === ELF.LOAD)
            segments.push({ offset: u32(at + 4), virtual: u32(at + 8), physical: u32(at + 12),
                fileBytes: u32(at + 16), memoryBytes: u32(at + 20), flags: u32(at + 24) });
    }
    return segments;
}

/* { name: { address, size } } of the symbols with the NAMES. */
function elfSymbols(file, names) {
    const { u16, u32, text } = elfReader(file), found = {};
    for (let i = 0; i < u16(48); i++) {
        const section = u32(32) + ELF.SECTION * i;
        if (u32(section + 4) !== ELF.SYMBOLS)
            continue;
        const from = u32(section + 16), to = from + u32(section + 20);
        const strings = u32(u32(32) + ELF.SECTION * u32(section + 24) + 16);
        for (let at = from; at < to; at += 16) {
            const name = text(strings + u32(at));
            if (names.includes(name))
                found[name] = { address: u32(at + 4), size: u32(at + 8) };
        }
    }
    for (const name of names)
        if (!found[name])
            throw new Error(`the kernel has no symbol ${name}`);
    return found;
}

/* What each owner of blocks is called and looks like, out of the kernel's constants: the symbol
 * owner_looks (src/shell/owners.h), entries of { name, letter, colour }. */
function readLooks(kernel, symbol) {
    const ENTRY = 12, { u32, text } = elfReader(kernel), segments = elfSegments(kernel);
    const offsetOf = (address) => {
        const s = segments.find((s) => address >= s.virtual && address < s.virtual + s.fileBytes);
        if (!s)
            throw new Error(`the kernel's file has no byte for 0x${address.toString(16)}`);
        return s.offset + address - s.virtual;
    };
    const looks = [];
    for (let at = offsetOf(symbol.address), i = 0; i < symbol.size / ENTRY; i++, at += ENTRY)
        looks.push({ name: text(offsetOf(u32(at))), letter: String.fromCharCode(kernel[at + 4]),
            colour: "#" + (u32(at + 8) & 0xffffff).toString(16).padStart(6, "0") });
    return looks;
}

/* The kernel with MODULES, [{ name, bytes }], as one ELF file. */
function bundle(kernel, modules) {
    const why = whyNoElf(kernel);
    if (why)
        throw new Error(`the kernel can't be used: ${why}`);
    const upTo = (n, step) => Math.ceil(n / step) * step;
    const bytesOf = (n) => [n & 255, n >>> 8 & 255, n >>> 16 & 255, n >>> 24 & 255];
    const segments = elfSegments(kernel), entry = elfReader(kernel).u32(24);
    const start = upTo(Math.max(...segments.map((s) => s.physical + s.memoryBytes)), BUNDLE_PAGE);

    /* The segment: code, the list of modules, their names; then each module on its own page. */
    const LIST = 32, LIST_ENTRY = 16;
    const names = modules.map((m) => new TextEncoder().encode(m.name + "\0"));
    let end = LIST + LIST_ENTRY * modules.length;
    const namePlaces = names.map((name) => (end += name.length) - name.length);
    end = upTo(end, BUNDLE_PAGE);
    const places = modules.map(({ bytes }) => {
        const place = end;
        end = upTo(end + bytes.length, BUNDLE_PAGE);
        return place;
    });
    const segment = new Uint8Array(end), list = new DataView(segment.buffer, LIST);
    const code = [
        0x83, 0x0b, 0x08,                               /* or dword [ebx], 8: modules are there */
        0xc7, 0x43, 20, ...bytesOf(modules.length),     /* mov dword [ebx + 20], how many */
        0xc7, 0x43, 24, ...bytesOf(start + LIST),       /* mov dword [ebx + 24], the list */
        0xe9,                                           /* jmp entry */
    ];
    segment.set([...code, ...bytesOf(entry - (start + code.length + 4))]);
    modules.forEach(({ bytes }, i) => {
        list.setUint32(LIST_ENTRY * i, start + places[i], true);
        list.setUint32(LIST_ENTRY * i + 4, start + places[i] + bytes.length, true);
        list.setUint32(LIST_ENTRY * i + 8, start + namePlaces[i], true);
        segment.set(names[i], namePlaces[i]);
        segment.set(bytes, places[i]);
    });
    segments.push({ offset: 0, virtual: start, physical: start, fileBytes: end, memoryBytes: end,
        flags: 7, bytes: segment });

    /* The file: header, segments' list, segments. The Multiboot header is in the first of them. */
    let size = upTo(ELF.HEADER + ELF.SEGMENT * segments.length, 16);
    for (const s of segments) {
        if (!s.bytes) {
            /* With its zeros: v86 does not clear them when the machine starts a second time. */
            s.bytes = new Uint8Array(s.memoryBytes);
            s.bytes.set(kernel.subarray(s.offset, s.offset + s.fileBytes));
            s.fileBytes = s.memoryBytes;
        }
        s.offset = size;
        size = upTo(size + s.fileBytes, 16);
    }
    const file = new Uint8Array(size), header = new DataView(file.buffer);
    file.set(kernel.subarray(0, ELF.HEADER));
    header.setUint32(24, start, true);
    header.setUint32(28, ELF.HEADER, true);
    header.setUint32(32, 0, true); /* no sections */
    header.setUint16(44, segments.length, true);
    header.setUint16(46, ELF.SECTION, true);
    header.setUint32(48, 0, true);
    segments.forEach((s, i) => {
        const words = [ELF.LOAD, s.offset, s.virtual, s.physical, s.fileBytes, s.memoryBytes,
            s.flags, 16];
        words.forEach((word, j) =>
            header.setUint32(ELF.HEADER + ELF.SEGMENT * i + 4 * j, word, true));
        file.set(s.bytes, s.offset);
    });
    return file;
}

if (typeof module !== "undefined")
    module.exports = { bundle, elfSymbols, readLooks, whyNoElf };
