/* Programs that the loader brought as Multiboot modules, by name. */
#ifndef PLAT_PROCESS_PROGRAM_H
#define PLAT_PROCESS_PROGRAM_H

#include "boot/boot_info.h"

enum { PROGRAM_NAME_BYTES = 32 };

struct program {
    char name[PROGRAM_NAME_BYTES];
    bool unnamed;         /* the loader said none: it is called module1, module2, .. */
    bool cut;             /* it is longer than there is room for */
    const uint8_t *bytes; /* an ELF32 file, or anything else: a flat binary */
    size_t nbytes;
};

/* INFO's modules are the programs from now on; it must outlive them. */
void program_init(const struct boot_info *info);

/*
 * The name of a module whose string is TEXT: its first word behind the last slash, without .elf or
 * .bin; into NAME of PROGRAM_NAME_BYTES bytes. False where it is cut. Pure.
 */
bool program_name(char *name, const char *text);

/* The program that INFO's module of number INDEX is. Pure. */
struct program program_of(const struct boot_info *info, size_t index);

/* The program called NAME, the first of that name. False where there is none. */
MUST_USE bool program_find(const char *name, struct program *program);

/* How many there are, and the one of number INDEX, which is smaller. */
size_t program_count(void);
struct program program_at(size_t index);

#endif
