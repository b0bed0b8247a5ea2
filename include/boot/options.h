/*
 * The kernel's command line, word by word:
 *
 *     selftest[=PATTERN]   run the self-tests whose name contains PATTERN, then leave
 *     pages                .. a screenful at a time, for who sits in front of it
 *     beep                 let the PC speaker say how self-tests ended: one high tone where they
 * passed, three low ones where they did not, and for a panic bench                measure the heap,
 * then leave compare              measure the designs of a heap side by side, then leave
 *     stop=map|prompt      leave after the memory lines, or when the prompt would come
 *     heap=block|free_list|best_fit   which heap stands behind kmalloc
 *     heap_size=N[K|M|G]   no larger than this
 *     heap_panic           a refused kfree ends the kernel
 *     heap_watch[=WORD,..] records of all allocations; poison, red_zones, quarantine (all of them
 *                          without a word)
 *     heap_guard[=N]       one of N allocations, of 16 without a number, in a page of its own
 *     map=loader|e820|e801|88|mem_upper|none   whom to ask for the memory map
 *     console=all|serial|text   where text goes: to the serial line, and to a screen, of either
 *                          kind or only to one that shows characters by itself
 *     serial=PORT[,BAUD]   the only serial port that is looked for: com1 to com4, a number, pci for
 *                          a card's, or no for none; without BAUD at 115200
 *     run=NAME             run that program before the prompt comes
 *     shell=no             halt instead of a prompt
 *     pse=no               no 4 MB pages, as on a 486
 *     usb=no               USB controllers are left to the firmware, which may make a PS/2 keyboard
 *                          of one of theirs
 *     exit=PORT            leave by writing there, also where no QEMU is seen
 */
#ifndef PLAT_BOOT_OPTIONS_H
#define PLAT_BOOT_OPTIONS_H

#include "boot/boot_info.h"

enum { OPTIONS_WRONG_MAX = 16, OPTIONS_GUARD_EVERY = 16 };

enum options_watch {
    OPTIONS_POISON = 1,
    OPTIONS_RED_ZONES = 2,
    OPTIONS_QUARANTINE = 4,
    OPTIONS_RECORDS = 8
};

enum options_heap { OPTIONS_HEAP_BLOCK, OPTIONS_HEAP_FREE_LIST, OPTIONS_HEAP_BEST_FIT };

enum options_console { OPTIONS_CONSOLE_ALL, OPTIONS_CONSOLE_SERIAL, OPTIONS_CONSOLE_TEXT };

/* Which serial port: the first of those that PCs have, PORT, the first one on PCI, or none. */
enum options_serial_where {
    OPTIONS_SERIAL_ANY,
    OPTIONS_SERIAL_PORT,
    OPTIONS_SERIAL_PCI,
    OPTIONS_SERIAL_NONE
};

enum { OPTIONS_BAUD_MOST = 115200, OPTIONS_BAUD_LEAST = 50 };

struct options_serial {
    enum options_serial_where where;
    uint16_t port; /* a multiple of 8 from 0x100 on */
    uint32_t baud; /* OPTIONS_BAUD_MOST divided by a whole number */
};

enum options_stop { STOP_NEVER, STOP_AT_MAP, STOP_AT_PROMPT };

/* A word that was not obeyed. */
struct options_wrong {
    const char *word;
    const char *expected; /* of its value; NULL: no option has that name, or the word is cut */
    bool cut;             /* the line ended within it */
};

struct options {
    char words[BOOT_COMMAND_LINE_BYTES]; /* the line, cut into words; what follows points here */
    bool selftest, pages, beep;
    bool bench, compare;
    const char *pattern; /* "" matches all */
    enum options_stop stop;
    enum options_heap heap;
    uint32_t heap_size; /* 0: no bound */
    bool heap_panic;
    unsigned heap_watch;      /* of enum options_watch; 0: none */
    uint32_t heap_guard;      /* 0: none */
    enum boot_map_source map; /* BOOT_MAP_LOADER unless the line says otherwise */
    const char *run;          /* the program's name, or NULL */
    enum options_console console;
    struct options_serial serial;
    bool shell;
    bool large_pages;
    bool usb;
    uint16_t exit_port;                            /* 0: none was named */
    size_t nwrong;                                 /* words that mean nothing, or not so */
    struct options_wrong wrong[OPTIONS_WRONG_MAX]; /* the first of them */
};

/*
 * Reads INFO's command line into *OPTIONS. All loaders but GRUB 2 put the kernel's own name first:
 * a first word that is no option is taken for it, behind GRUB 2 where it is a path or ends in .elf.
 * Other words that are wrong are counted, and ignored. Of an option that is given twice the last
 * one counts.
 */
void options_parse(struct options *options, const struct boot_info *info);

/* Prints a line about each of them: what was wrong, and what was expected. */
void options_say_wrong(const struct options *options);

#endif
