/*
 * Memory for cases that serve some of it, and one of each thing that is too large to have one a
 * case. A case leaves nothing behind. The program that runs the cases provides both.
 */
#ifndef PLAT_TESTS_ARENA_H
#define PLAT_TESTS_ARENA_H

#include "boot/boot_info.h"
#include "lib/types.h"
#include "memory/growing/best_fit.h"
#include "memory/memory_map.h"

enum {
    ARENA_BLOCKS = 64,
    ARENA_BLOCK_SIZE = 4096,
    PICTURE_BYTES = 16 * 1024,
    POINTERS_MOST = 6144,
    TABLE_BYTES = 16 * 1024
};

/* On a block boundary; holds anything. */
extern uint8_t (*arena)[ARENA_BLOCK_SIZE];

struct shared {
    struct memory_map map;
    struct boot_info info;
    uint8_t picture[PICTURE_BYTES];   /* of a machine's memory */
    uint8_t *pointers[POINTERS_MOST]; /* to objects that are live */
    uint16_t table[TABLE_BYTES / 2];
    struct window window;
    struct best_fit best_fit;
};

/* Its members hold anything. */
extern struct shared *shared;

#endif
