/*
 * How much of a small region objects of 8 to 207 bytes can have before the first request fails, for
 * the block sizes that suit it. tests/checks/block_sizes.t compiles this for each; blocks of 4096
 * bytes are for larger regions.
 */
#include "platheap.h"

#include <stdint.h>

#include "case.h"
#include "lib/print.h"
#include "lib/string.h"

enum { LARGEST = 256 * 1024 };

static uint8_t memory[LARGEST] __attribute__((aligned(16)));

static const struct {
    size_t block_bytes, nbytes;
    unsigned percent; /* of it in objects, at least */
} goals[] = {{256, 16 * 1024, 55},   {256, 64 * 1024, 69},  {512, 32 * 1024, 62},
             {512, 64 * 1024, 70},   {1024, 64 * 1024, 72}, {1024, 256 * 1024, 78},
             {2048, 128 * 1024, 79}, {4096, 256 * 1024, 79}};

CASE(platheap_small, a_region_is_used)
{
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++) {
        struct platheap *heap = platheap_create(memory, goals[i].nbytes, NULL);
        uint32_t state = 12345;
        size_t live = 0, nbytes = 8;
        if (goals[i].block_bytes != PLATHEAP_BLOCK_SIZE)
            continue;
        CHECK(heap != NULL);
        for (; platheap_malloc(heap, nbytes); nbytes = 8 + (state >> 8) % 200) {
            live += nbytes;
            state = state * 1664525u + 1013904223u;
        }
        kprintf("# blocks of %d: %zu %% of %zu bytes\n", PLATHEAP_BLOCK_SIZE,
                live * 100 / goals[i].nbytes, goals[i].nbytes);
        CHECK(live * 100 >= goals[i].nbytes * goals[i].percent);
        CHECK(platheap_check(heap) == NULL);
    }
}

/* The least that a heap can be is one block, and it serves. */
CASE(platheap_small, one_block_serves)
{
    size_t nbytes = platheap_region_for(PLATHEAP_BLOCK_SIZE);
    struct platheap *heap = platheap_create(memory, nbytes, NULL);
    void *block = platheap_malloc(heap, PLATHEAP_BLOCK_SIZE);
    CHECK(block != NULL);
    CHECK(platheap_malloc(heap, 1) == NULL);
    CHECK_EQUAL(platheap_free(heap, block), 0);
    CHECK(platheap_malloc(heap, 1) != NULL);
    CHECK(platheap_check(heap) == NULL);
}
