/* A watched heap over the arena, for cases: what it finds is written down. */
#ifndef PLAT_TESTS_WATCHED_H
#define PLAT_TESTS_WATCHED_H

#include "arena.h"
#include "memory/debug/watch.h"
#include "memory/heap/block_private.h"

enum { BLOCKS = ARENA_BLOCKS, FOUND_MOST = 8 };

#define beside ((size_t *)(void *)shared->pointers)
_Static_assert(BLOCK_HEAP_BESIDE(BLOCKS) <= POINTERS_MOST * sizeof(void *), "there is room");
static struct block_heap *heap;
static struct heap_watch watch;
static struct allocator allocator;

static const uintptr_t here[WATCH_FRAMES] = {11, 12, 13, 14},
                       there[WATCH_FRAMES] = {21, 22, 23, 24};

struct watched_seen {
    struct watch_finding findings[FOUND_MOST];
    struct watch_record records[FOUND_MOST];
    size_t count;
};

static struct watched_seen seen;

static void found(void *context, const struct watch_finding *finding)
{
    struct watched_seen *log = context;
    if (log->count < FOUND_MOST) {
        log->findings[log->count] = *finding;
        if (finding->record)
            log->records[log->count] = *finding->record;
    }
    log->count++;
}

static inline bool begin_watching(unsigned flags)
{
    seen.count = 0;
    heap = block_heap_create(arena, arena + BLOCKS, beside, NULL);
    allocator = block_heap_allocator(heap);
    return block_heap_bytes_beside(BLOCKS) <= BLOCK_HEAP_BESIDE(BLOCKS) && heap &&
           watch_init(&watch, heap, &allocator, flags, found, &seen);
}

static inline uint8_t *take(size_t nbytes)
{
    return watch_malloc(&watch, OWNER_KERNEL, nbytes, 0, here);
}

#endif
