/*
 * B13: lengths past 2 GB. 64-bit hosts only: one file of 64 MB is mapped again and again until it
 * spans 2 GB, so that the test costs little memory.
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
#define BODY_BYTES ((size_t)2 << 30)
#define LENGTH     (BODY_BYTES + 4096)

/* BODY_BYTES that all show BODY, and behind them the file TAIL. */
static uint8_t *map_span(int body, int tail)
{
    const int protection = PROT_READ | PROT_WRITE;
    uint8_t *span = mmap(NULL, BODY_BYTES + FILE_BYTES, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (span == MAP_FAILED)
        return NULL;
    for (size_t at = 0; at <= BODY_BYTES; at += FILE_BYTES)
        if (mmap(span + at, FILE_BYTES, protection, MAP_SHARED | MAP_FIXED,
                 at < BODY_BYTES ? body : tail, 0) == MAP_FAILED)
            return NULL;
    return span;
}

/* Only the bytes past 2 GB reach the tail: a length that was taken for an int leaves it zero. */
CASE(memory, b13_lengths_past_2_gb)
{
    int body = memfd_create("body", 0), tails[2] = {memfd_create("a", 0), memfd_create("b", 0)};
    CHECK(body >= 0 && ftruncate(body, FILE_BYTES) == 0);
    CHECK(tails[0] >= 0 && ftruncate(tails[0], FILE_BYTES) == 0);
    CHECK(tails[1] >= 0 && ftruncate(tails[1], FILE_BYTES) == 0);
    uint8_t *a = map_span(body, tails[0]), *b = map_span(body, tails[1]);
    CHECK(a != NULL && b != NULL);
    plat_memset(a, 0x5a, LENGTH);
    CHECK_EQUAL(a[BODY_BYTES], 0x5a);
    CHECK_EQUAL(a[LENGTH - 1], 0x5a);
    CHECK_EQUAL(a[LENGTH], 0);
    plat_memcpy(b, a, LENGTH);
    CHECK_EQUAL(b[BODY_BYTES], 0x5a);
    CHECK_EQUAL(b[LENGTH - 1], 0x5a);
    CHECK_EQUAL(b[LENGTH], 0);
    CHECK(munmap(a, BODY_BYTES + FILE_BYTES) == 0 && munmap(b, BODY_BYTES + FILE_BYTES) == 0);
    close(body);
    close(tails[0]);
    close(tails[1]);
}
#else
typedef int no_large_memory_here;
#endif
