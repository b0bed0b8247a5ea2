/*
 * What an ELF file deserves, found in another way than src/process/elf.c does it: byte for byte, in
 * 64 bits, with all that is wrong at once, and by comparing each segment with each other one.
 */
#ifndef PLAT_TESTS_ELF_ORACLE_H
#define PLAT_TESTS_ELF_ORACLE_H

#include "lib/string.h"
#include "memory/memory.h"
#include "process/elf.h"

/* Where the fields stand in the header, and in a program header. */
enum {
    E_CLASS = 4,
    E_DATA = 5,
    E_IDENT_VERSION = 6,
    E_PADDING = 7,
    E_TYPE = 16,
    E_MACHINE = 18,
    E_VERSION = 20,
    E_ENTRY = 24,
    E_PHOFF = 28,
    E_SHOFF = 32,
    E_FLAGS = 36,
    E_EHSIZE = 40,
    E_PHENTSIZE = 42,
    E_PHNUM = 44,
    E_SHENTSIZE = 46,
    E_SHNUM = 48,
    E_SHSTRNDX = 50,
    E_SIZE = 52,
    P_TYPE = 0,
    P_OFFSET = 4,
    P_VADDR = 8,
    P_PADDR = 12,
    P_FILESZ = 16,
    P_MEMSZ = 20,
    P_FLAGS = 24,
    P_ALIGN = 28,
    P_SIZE = 32
};

enum elf_fault {
    WRONG_MAGIC,
    WRONG_LENGTH,
    WRONG_CLASS,
    WRONG_DATA,
    WRONG_VERSION,
    WRONG_TYPE,
    WRONG_MACHINE,
    WRONG_PHENTSIZE,
    WRONG_PHNUM,
    WRONG_PHOFF,
    WRONG_LINKED,
    WRONG_THREADS,
    WRONG_FILESZ,
    WRONG_OFFSET,
    WRONG_PLACE,
    WRONG_COUNT,
    WRONG_PAGE,
    WRONG_NOTHING,
    WRONG_ENTRY,
    RIGHT
};

static inline const char *elf_sentence(enum elf_fault fault)
{
    static const char *const sentences[] = {
        [WRONG_MAGIC] = "not an ELF file",
        [WRONG_LENGTH] = "its header is cut off",
        [WRONG_CLASS] = "not for 32 bits",
        [WRONG_DATA] = "not little-endian",
        [WRONG_VERSION] = "unknown version",
        [WRONG_TYPE] = "not an executable with fixed addresses",
        [WRONG_MACHINE] = "not for the i386",
        [WRONG_PHENTSIZE] = "its program headers have another size",
        [WRONG_PHNUM] = "it has too many program headers",
        [WRONG_PHOFF] = "its program headers lie outside of the file",
        [WRONG_LINKED] = "it wants to be linked when it is loaded",
        [WRONG_THREADS] = "it has thread-local variables",
        [WRONG_FILESZ] = "a segment has more bytes in the file than in memory",
        [WRONG_OFFSET] = "a segment lies outside of the file",
        [WRONG_PLACE] = "a segment lies outside of the program's window",
        [WRONG_COUNT] = "it has too many segments",
        [WRONG_PAGE] = "two segments share a page",
        [WRONG_NOTHING] = "nothing of it is to be loaded",
        [WRONG_ENTRY] = "its entry is not in a segment with code",
        [RIGHT] = "nothing is wrong",
    };
    return sentences[fault];
}

/* The fault that WORDS, a verdict of elf_read(), are about; RIGHT + 1 where they are about none. */
static inline unsigned elf_fault_of(const char *words)
{
    unsigned fault = WRONG_MAGIC;
    while (fault <= RIGHT &&
           !string_equal(words ? words : elf_sentence(RIGHT), elf_sentence(fault)))
        fault++;
    return fault;
}

/* The number of WIDTH bytes at PLACE. */
static inline uint64_t elf_number(const uint8_t *place, size_t width)
{
    return width == 0 ? 0 : elf_number(place + 1, width - 1) << 8 | *place;
}

struct elf_part {
    uint64_t type, offset, start, file_bytes, memory_bytes, flags;
};

/* The Ith program header, which lies in the file. */
static inline struct elf_part elf_part(const uint8_t *file, size_t i)
{
    const uint8_t *place = file + elf_number(file + E_PHOFF, 4) + i * P_SIZE;
    return (struct elf_part){elf_number(place + P_TYPE, 4),  elf_number(place + P_OFFSET, 4),
                             elf_number(place + P_VADDR, 4), elf_number(place + P_FILESZ, 4),
                             elf_number(place + P_MEMSZ, 4), elf_number(place + P_FLAGS, 4)};
}

static inline bool elf_part_counts(struct elf_part part)
{
    return part.type == 1 && part.memory_bytes > 0;
}

static inline bool elf_parts_share_a_page(struct elf_part a, struct elf_part b)
{
    return (a.start + a.memory_bytes - 1) / 4096 >= b.start / 4096 &&
           (b.start + b.memory_bytes - 1) / 4096 >= a.start / 4096;
}

/* What is wrong with PART alone: a bit for each fault. */
static inline uint32_t elf_part_faults(struct elf_part part, size_t nbytes,
                                       struct elf_window window)
{
    if (part.type == 2 || part.type == 3)
        return 1u << WRONG_LINKED;
    if (part.type == 7)
        return 1u << WRONG_THREADS;
    if (part.type != 1)
        return 0;
    uint32_t faults = 0;
    if (part.file_bytes > part.memory_bytes)
        faults |= 1u << WRONG_FILESZ;
    if (part.file_bytes > 0 && part.offset + part.file_bytes > nbytes)
        faults |= 1u << WRONG_OFFSET;
    if (part.memory_bytes > 0 &&
        (part.start < window.start || part.start + part.memory_bytes > window.end))
        faults |= 1u << WRONG_PLACE;
    return faults;
}

/* The faults of all program headers, which lie in the file. Without any, PLAN is what it should. */
static inline uint32_t elf_parts_faults(const uint8_t *file, size_t nbytes,
                                        struct elf_window window, struct elf_plan *plan)
{
    size_t count = (size_t)elf_number(file + E_PHNUM, 2);
    uint64_t entry = elf_number(file + E_ENTRY, 4);
    uint32_t faults = 1u << WRONG_ENTRY | 1u << WRONG_NOTHING;
    *plan = (struct elf_plan){.entry = (vaddr_t)entry};
    for (size_t i = 0; i < count; i++) {
        struct elf_part part = elf_part(file, i);
        faults |= elf_part_faults(part, nbytes, window);
        if (!elf_part_counts(part))
            continue;
        faults &= ~(1u << WRONG_NOTHING);
        plan->nsegments++;
        if (part.flags & 1 && part.start <= entry && entry < part.start + part.file_bytes)
            faults &= ~(1u << WRONG_ENTRY);
        size_t lower = 0; /* so many come before it */
        for (size_t j = 0; j < count; j++) {
            struct elf_part other = elf_part(file, j);
            if (i == j || !elf_part_counts(other))
                continue;
            if (elf_parts_share_a_page(part, other))
                faults |= 1u << WRONG_PAGE;
            lower += other.start < part.start;
        }
        if (lower < ELF_SEGMENTS_MAX)
            plan->segments[lower] = (struct elf_segment){
                .start = (vaddr_t)part.start,
                .memory_bytes = (uint32_t)part.memory_bytes,
                .file_offset = part.file_bytes > 0 ? (uint32_t)part.offset : 0,
                .file_bytes = (uint32_t)part.file_bytes,
                .writable = part.flags / 2 % 2 == 1,
                .executable = part.flags % 2 == 1,
            };
    }
    return plan->nsegments > ELF_SEGMENTS_MAX ? faults | 1u << WRONG_COUNT : faults;
}

/* All that is wrong with a file. Where a fault hides others behind it, those are left out. */
static inline uint32_t elf_faults(const uint8_t *file, size_t nbytes, struct elf_window window,
                                  struct elf_plan *plan)
{
    static const struct {
        uint8_t at, width, value, fault;
    } musts[] = {{E_CLASS, 1, 1, WRONG_CLASS},
                 {E_DATA, 1, 1, WRONG_DATA},
                 {E_IDENT_VERSION, 1, 1, WRONG_VERSION},
                 {E_VERSION, 4, 1, WRONG_VERSION},
                 {E_TYPE, 2, 2, WRONG_TYPE},
                 {E_MACHINE, 2, 3, WRONG_MACHINE},
                 {E_PHENTSIZE, 2, P_SIZE, WRONG_PHENTSIZE}};
    if (nbytes < 4 || file[0] != 0x7f || file[1] != 'E' || file[2] != 'L' || file[3] != 'F')
        return 1u << WRONG_MAGIC;
    if (nbytes < E_SIZE)
        return 1u << WRONG_LENGTH;
    uint32_t faults = 0;
    for (size_t i = 0; i < sizeof musts / sizeof musts[0]; i++)
        if (elf_number(file + musts[i].at, musts[i].width) != musts[i].value)
            faults |= 1u << musts[i].fault;
    uint64_t count = elf_number(file + E_PHNUM, 2);
    if (count == 0xffff)
        faults |= 1u << WRONG_PHNUM;
    if (count > 0 && elf_number(file + E_PHOFF, 4) + count * P_SIZE > nbytes)
        faults |= 1u << WRONG_PHOFF;
    if (faults & (1u << WRONG_PHENTSIZE | 1u << WRONG_PHNUM | 1u << WRONG_PHOFF))
        return faults;
    return faults | elf_parts_faults(file, nbytes, window, plan);
}

static inline bool elf_plans_equal(const struct elf_plan *a, const struct elf_plan *b)
{
    bool equal = a->entry == b->entry && a->nsegments == b->nsegments;
    for (size_t i = 0; i < a->nsegments && equal; i++) {
        const struct elf_segment *left = &a->segments[i], *right = &b->segments[i];
        equal = left->start == right->start && left->memory_bytes == right->memory_bytes &&
                left->file_offset == right->file_offset && left->file_bytes == right->file_bytes &&
                left->writable == right->writable && left->executable == right->executable;
    }
    return equal;
}

/*
 * NULL where elf_read() and elf_is_one() judge FILE as they should, *PLAN is the plan, if there is
 * one, and *SAYS what was said: an enum elf_fault.
 */
static inline const char *elf_compare(const uint8_t *file, size_t nbytes, struct elf_window window,
                                      struct elf_plan *plan, unsigned *says)
{
    struct elf_plan wanted = {0};
    uint32_t faults = elf_faults(file, nbytes, window, &wanted);
    if (elf_is_one(file, nbytes) != !(faults & 1u << WRONG_MAGIC))
        return "a file is mistaken for another kind";
    memset(plan, 0xee, sizeof *plan);
    *says = elf_fault_of(elf_read(file, nbytes, window, plan));
    if (*says > RIGHT)
        return "a file is refused in words that nobody knows";
    if (*says != RIGHT)
        return faults & 1u << *says ? NULL : "a file is refused for what is right about it";
    if (faults != 0)
        return "a wrong file is planned";
    return elf_plans_equal(plan, &wanted) ? NULL : "a right file is planned wrongly";
}

#endif
