/*
 * Programs as ELF32 files (System V ABI, chapters 4 and 5; the i386 supplement). An untrusted file
 * is first read into a plan, and everything about it is checked; what is loaded is the plan. Pure.
 */
#ifndef PLAT_PROCESS_ELF_H
#define PLAT_PROCESS_ELF_H

#include "lib/types.h"

enum { ELF_SEGMENTS_MAX = 8 };

/* Where programs may lie; both on page boundaries, END exclusive. */
struct elf_window {
    vaddr_t start, end;
};

/* What of the file goes where. The pages that segments touch are theirs alone. */
struct elf_segment {
    vaddr_t start;
    uint32_t memory_bytes;            /* not 0; those behind FILE_BYTES are zero */
    uint32_t file_offset, file_bytes; /* in the file; both 0 where it has nothing there */
    bool writable, executable;        /* readable it always is */
};

struct elf_plan {
    vaddr_t entry; /* in an executable segment's bytes from the file */
    size_t nsegments;
    struct elf_segment segments[ELF_SEGMENTS_MAX]; /* in the order of their addresses */
};

/* Whether the NBYTES at FILE begin as an ELF file does, whatever follows. */
bool elf_is_one(const void *file, size_t nbytes);

/*
 * Plans how the program in FILE, NBYTES long and at any address, is loaded into WINDOW. NULL, and
 * *PLAN is right; or in a few words what is wrong with it, and *PLAN is anything. Refused are:
 * another class, byte order, version, type or machine; a program to be linked when it is loaded,
 * or with thread-local variables; program headers of another size, outside of the file, or as many
 * as e_phnum cannot say (0xffff); segments that have more bytes in the file than in memory, have
 * bytes outside of the file, lie outside of WINDOW, share a page, or are more than
 * ELF_SEGMENTS_MAX; and an entry that is not among an executable segment's bytes from the file.
 * Segments without memory are left out. What the plan does not need may be anything: e_ehsize,
 * e_flags, the section headers, p_paddr, p_align, p_offset without bytes, other types and flags.
 *
 * Takes time with the number of program headers, not with the size of the file.
 */
MUST_USE const char *elf_read(const void *file, size_t nbytes, struct elf_window window,
                              struct elf_plan *plan);

#endif
