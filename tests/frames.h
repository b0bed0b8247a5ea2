/*
 * Frames for windows over the arena: counted, able to run out, and full of junk when they come and
 * when they go, so that whoever believes in what stood there is seen.
 */
#ifndef PLAT_TESTS_FRAMES_H
#define PLAT_TESTS_FRAMES_H

#include "arena.h"
#include "memory/growing/window.h"
#include "memory/memory.h"

#define FRAMES_ENOUGH SIZE_MAX

struct frames {
    bool has[ARENA_BLOCKS];
    size_t count; /* behind pages now */
    size_t calls; /* pages that were to be mapped, ever */
    size_t left;  /* how many more will be */
    bool reuse;   /* what is unmapped is LEFT again */
    bool wrong;   /* mapped twice, unmapped twice, no page of the arena, or none was asked for */
};

/* Fills PAGE with junk. Not by memset(): under QEMU its rep stos costs an emulated jump a word. */
static inline void frames_fill(uint8_t *page, uint32_t junk)
{
    volatile uint32_t *words = (volatile uint32_t *)(void *)page;
    for (size_t i = 0; i < ARENA_BLOCK_SIZE / sizeof *words; i += 8) {
        words[i] = words[i + 1] = words[i + 2] = words[i + 3] = junk;
        words[i + 4] = words[i + 5] = words[i + 6] = words[i + 7] = junk;
    }
}

/* The number of PAGE, which must have a frame as HAS says; 0 and WRONG otherwise. */
static inline size_t frames_page(struct frames *frames, const void *page, bool has)
{
    size_t offset = (uintptr_t)page - (uintptr_t)arena, number = offset / ARENA_BLOCK_SIZE;
    bool right = offset % ARENA_BLOCK_SIZE == 0 && number < ARENA_BLOCKS;
    frames->wrong |= !right || frames->has[number] != has;
    return right ? number : 0;
}

static inline bool frames_map_page(void *context, void *page)
{
    struct frames *frames = context;
    size_t number = frames_page(frames, page, false);
    frames->calls++;
    if (frames->left == 0)
        return false;
    frames->left -= frames->left != FRAMES_ENOUGH;
    frames->has[number] = true;
    frames->count++;
    frames_fill(arena[number], 0xa5a5a5a5);
    return true;
}

static inline size_t frames_map(void *context, void *start, size_t npages)
{
    struct frames *frames = context;
    size_t done = 0;
    frames->wrong |= npages == 0;
    while (done < npages && frames_map_page(context, (uint8_t *)start + done * ARENA_BLOCK_SIZE))
        done++;
    return done;
}

static inline void frames_unmap(void *context, void *page)
{
    struct frames *frames = context;
    size_t number = frames_page(frames, page, true);
    frames->has[number] = false;
    frames->count--;
    frames->left += frames->reuse && frames->left != FRAMES_ENOUGH;
    frames_fill(arena[number], 0x5a5a5a5a);
}

/* Makes FRAMES fresh, with enough of them, and a source of them. */
static inline struct window_source frames_source(struct frames *frames)
{
    memset(frames, 0, sizeof *frames);
    frames->left = FRAMES_ENOUGH;
    return (struct window_source){frames_map, frames_unmap, frames};
}

#endif
