/*
 * B13: lengths past 2 GB. 64-bit hosts only: one file of 64 MB is mapped again and again until it
 * spans 2 GB and a page, so that the test costs no memory.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>

#if UINTPTR_MAX > 0xffffffff
#include <sys/mman.h>
#include <unistd.h>

#include "case.h"

/* memory.c under the names that the host's build gives it. */
void *plat_memset(void *destination, int value, size_t nbytes);
void *plat_memcpy(void *restrict destination, const void *restrict source, size_t nbytes);

#define FILE_BYTES ((size_t)64 << 20)
#define SPAN_BYTES (((size_t)2 << 30) + 2 * FILE_BYTES)
#define LENGTH     (((size_t)2 << 30) + 4096)

static uint8_t *map_again_and_again(int file)
{
    uint8_t *span =
        mmap(NULL, SPAN_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (span == MAP_FAILED)
        return NULL;
    for (size_t at = 0; at < SPAN_BYTES; at += FILE_BYTES)
        if (mmap(span + at, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) ==
            MAP_FAILED)
            return NULL;
    return span;
}

CASE(memory, b13_lengths_past_2_gb)
{
    int file = memfd_create("plat", 0);
    CHECK(file >= 0 && ftruncate(file, FILE_BYTES) == 0);
    uint8_t *span = map_again_and_again(file);
    CHECK(span != NULL);
    /* All windows show one file: a length cut to 32 or 31 bits leaves its second half unset. */
    plat_memset(span, 0x5a, LENGTH);
    CHECK_EQUAL(span[FILE_BYTES - 1], 0x5a);
    CHECK_EQUAL(span[4095], 0x5a);
    span[4096] = 1;
    plat_memset(span + 8192, 0x33, LENGTH);
    CHECK_EQUAL(span[4096], 0x33);
    /* The copy reads a page further on than it writes: only its last bytes reach the mark. */
    span[0] = 0x77;
    plat_memcpy(span + 4096, span + FILE_BYTES, LENGTH);
    CHECK_EQUAL(span[4096], 0x77);
    CHECK_EQUAL(munmap(span, SPAN_BYTES), 0);
    close(file);
}
#else
typedef int no_large_memory_here;
#endif
