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
    memset(arena[number], 0xa5, ARENA_BLOCK_SIZE);
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
    memset(arena[number], 0x5a, ARENA_BLOCK_SIZE);
}

/* Makes FRAMES fresh, with enough of them, and a source of them. */
static inline struct window_source frames_source(struct frames *frames)
{
    memset(frames, 0, sizeof *frames);
    frames->left = FRAMES_ENOUGH;
    return (struct window_source){frames_map, frames_unmap, frames};
}

#endif
