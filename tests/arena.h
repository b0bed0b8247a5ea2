/* Memory for cases that serve some of it. One for all: a case leaves nothing behind. */
#ifndef PLAT_TESTS_ARENA_H
#define PLAT_TESTS_ARENA_H

#include "lib/types.h"

enum { ARENA_BLOCKS = 64, ARENA_BLOCK_SIZE = 4096 };

/* On a block boundary; holds anything. The program that runs the cases provides it. */
extern uint8_t (*arena)[ARENA_BLOCK_SIZE];

#endif
