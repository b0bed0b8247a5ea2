/*
 * Two and a half million random operations on the heaps that grow, against a shadow that shares
 * nothing with them: whose each 16 bytes are, and what is in them. Pages without frames can't be
 * touched, and frames run out.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "case.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"

enum {
    PAGES = 1536,
    BYTES = PAGES * 4096,
    SEEDS = 64,
    OPERATIONS = 20000,
    CHECK_EVERY = 2500,
    LIVE = 3000,
    UNIT = 16
};

static struct {
    struct window window;
    struct free_list list;
    struct best_fit fit;
    struct allocator allocator;
    struct growing_heap *growing;
} heap;

static uint8_t *arena;
static size_t frames, most; /* behind pages, and how many there are */
static bool has_frame[PAGES];
static uint64_t seed;

static struct live {
    uint8_t *bytes;
    size_t size; /* what may be used */
    uint8_t pattern;
} live[LIVE];
static size_t nlive, used; /* objects and bytes */

static bool taken[BYTES / UNIT];
static bool is_first[BYTES / UNIT];

/* Where objects were that have been freed; they may be in use again. */
static uint8_t *gone[256];

static uint32_t next_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 24) % below;
}

static bool map_page(void *context, void *page)
{
    size_t number = (size_t)((uint8_t *)page - arena) / 4096;
    if (context != &heap || number >= PAGES || has_frame[number])
        abort();
    if (frames >= most)
        return false;
    if (mprotect(page, 4096, PROT_READ | PROT_WRITE))
        abort();
    memset(page, 0xa5, 4096);
    has_frame[number] = true;
    frames++;
    return true;
}

static size_t map(void *context, void *start, size_t npages)
{
    size_t done = 0;
    while (done < npages && map_page(context, (uint8_t *)start + done * 4096))
        done++;
    return done;
}

static void unmap(void *context, void *page)
{
    size_t number = (size_t)((uint8_t *)page - arena) / 4096;
    if (context != &heap || number >= PAGES || !has_frame[number])
        abort();
    /* What stands there stays, and may come back: stale headers are the worst junk. */
    if (mprotect(page, 4096, PROT_NONE))
        abort();
    has_frame[number] = false;
    frames--;
}

static size_t unit_of(const uint8_t *address)
{
    return (size_t)(address - arena) / UNIT;
}

/* Notes whose NBYTES from BYTES on are; false where one of them was so before. */
static bool mark(const uint8_t *bytes, size_t nbytes, bool value)
{
    size_t from = unit_of(bytes), count = nbytes / UNIT;
    is_first[from] = value;
    if (memchr(&taken[from], value, count))
        return false;
    memset(&taken[from], value, count);
    return true;
}

static bool is_filled(const uint8_t *bytes, size_t nbytes, uint8_t pattern)
{
    return bytes[0] == pattern && memcmp(bytes, bytes + 1, nbytes - 1) == 0;
}

static bool note_new(uint8_t *bytes, size_t nbytes, size_t alignment)
{
    if ((uintptr_t)bytes % (alignment < UNIT ? UNIT : alignment) != 0 || bytes < arena)
        return false;
    int refusal = -1;
    size_t size = allocator_size(&heap.allocator, bytes, &refusal);
    if (size < nbytes || refusal != 0 || size % UNIT || size > (size_t)(arena + BYTES - bytes) ||
        !mark(bytes, size, true))
        return false;
    struct live *object = &live[nlive++];
    *object = (struct live){bytes, size, (uint8_t)next_random(256)};
    memset(bytes, object->pattern, size);
    used += size;
    return true;
}

static bool try_malloc(size_t nbytes, size_t alignment)
{
    size_t had = frames, brk = window_size(heap.growing->window);
    struct allocator_statistics was = allocator_statistics(&heap.allocator);
    uint8_t *bytes = allocator_malloc(&heap.allocator, nbytes, alignment);
    if (bytes)
        return note_new(bytes, nbytes, alignment);
    /* Frames ran out, or it does not fit; the array may have got a page more. */
    struct allocator_statistics is = allocator_statistics(&heap.allocator);
    bool short_of_frames = most <= frames + (nbytes + alignment) / 4096 + 4;
    return !allocator_malloc(&heap.allocator, nbytes, alignment) && /* as surely as at first */
           window_size(heap.growing->window) == brk && frames <= had + 1 &&
           is.largest == was.largest &&
           (short_of_frames || nbytes + 2 * alignment + 64 > was.largest);
}

static bool try_free(size_t i)
{
    struct live was = live[i];
    live[i] = live[--nlive];
    used -= was.size;
    gone[next_random(256)] = was.bytes;
    return is_filled(was.bytes, was.size, was.pattern) && mark(was.bytes, was.size, false) &&
           allocator_free(&heap.allocator, was.bytes) == HEAP_FREED &&
           allocator_free(&heap.allocator, was.bytes) != HEAP_FREED;
}

static bool try_resize(size_t i, size_t nbytes)
{
    struct live *object = &live[i], was = *object;
    bool done = allocator_resize(&heap.allocator, was.bytes, nbytes);
    size_t size = allocator_size(&heap.allocator, was.bytes, NULL);
    if (!done)
        return size == was.size && nbytes > was.size;
    if (size < nbytes || size > (size_t)(arena + BYTES - was.bytes) ||
        !is_filled(was.bytes, size < was.size ? size : was.size, was.pattern))
        return false;
    object->size = size;
    used += size - was.size;
    if (!mark(was.bytes, was.size, false) || !mark(was.bytes, size, true))
        return false;
    memset(was.bytes, was.pattern, size);
    return true;
}

/* Any address that is no object's beginning is refused; what is there stays, and is seen later. */
static bool try_wrong_free(void)
{
    uint8_t *pointer = gone[next_random(256)];
    if (next_random(3) == 0)
        pointer = arena + next_random(BYTES);
    if (nlive && next_random(3) == 0) {
        const struct live *object = &live[next_random((uint32_t)nlive)];
        pointer = object->bytes + (next_random((uint32_t)object->size) & ~15u);
    }
    if (!pointer || ((uintptr_t)pointer % UNIT == 0 && is_first[unit_of(pointer)]))
        return true;
    int refusal = 0;
    return allocator_size(&heap.allocator, pointer, &refusal) == 0 && refusal < 0 &&
           !allocator_resize(&heap.allocator, pointer, 1 + next_random(10000)) &&
           allocator_free(&heap.allocator, pointer) == refusal && refusal != HEAP_BROKEN;
}

static bool try_resize_heap(void)
{
    const struct window *window = heap.growing->window;
    size_t nbytes = next_random((uint32_t)window->nbytes + 8192), was = window_size(window);
    int status = growing_heap_resize(heap.growing, nbytes);
    size_t is = window_size(window);
    return status ? is == was : is >= nbytes && is < nbytes + 4096;
}

static size_t random_size(uint32_t profile)
{
    switch (next_random(profile % 4 == 3 ? 40 : 100)) {
    case 0:
        return 1 + next_random(profile % 8 < 4 ? 400000 : 100000);
    case 1:
        return 4096 * (1 + next_random(profile & 1 ? 70 : 6));
    case 2 ... 11:
        return 1 + next_random(9000);
    case 12 ... 30:
        return 1 + next_random(2200);
    default:
        return 1 + next_random(profile & 2 ? 512 : 64);
    }
}

static bool step(uint32_t profile, uint32_t fullness)
{
    size_t nbytes = random_size(profile);
    uint32_t kind = next_random(128);
    if (kind == 0)
        return try_wrong_free();
    if (kind == 1 && next_random(16) == 0)
        return try_resize_heap();
    if (kind == 2 && next_random(16) == 0) {
        size_t had = frames;
        return heap.allocator.kind->trim(heap.allocator.heap) == had - frames;
    }
    if (kind <= 20 && nlive)
        return try_resize(next_random((uint32_t)nlive), nbytes);
    bool grow = used < BYTES / 100 * fullness;
    if (nlive == LIVE || (nlive && next_random(8) != 0 ? !grow : next_random(2) && nlive))
        return try_free(next_random((uint32_t)nlive));
    return try_malloc(nbytes, kind <= 30 ? (size_t)1 << next_random(15) : 0);
}

static bool create(bool best)
{
    struct window_source source = {map, unmap, &heap};
    frames = nlive = used = 0;
    most = PAGES;
    if (best) {
        heap.growing = &heap.fit.growing;
        bool made = best_fit_create(&heap.fit, arena, BYTES, source) == 0;
        heap.allocator = best_fit_allocator(&heap.fit);
        return made;
    }
    bool made = window_create(&heap.window, arena, BYTES, source) == 0;
    free_list_create(&heap.list, &heap.window);
    heap.growing = &heap.list.growing;
    heap.allocator = free_list_allocator(&heap.list);
    return made;
}

/* Sound, and the frames counted rightly: enough for what is live. */
static const char *check(void)
{
    struct allocator_statistics statistics = allocator_statistics(&heap.allocator);
    if (statistics.pages != frames || statistics.peak < frames || frames * 4096 < used)
        return "the frames are counted wrongly";
    return heap.growing->nlive == nlive ? allocator_check(&heap.allocator)
                                        : "the allocations are counted wrongly";
}

static void run(struct case_run *run_, bool best)
{
    static const uint8_t fullness[] = {60, 20, 90, 5, 40, 75, 1};
    for (uint32_t profile = 0; profile < SEEDS; profile++) {
        CHECK(create(best));
        size_t array;
        seed = 88172645463325252u + profile * 0x9e3779b97f4a7c15u;
        memset(gone, 0, sizeof gone);
        for (unsigned i = 0; i < OPERATIONS; i++) {
            if (i % 4000 == 0) /* as many as there are pages, or fewer, or fewer than are used */
                most = next_random(2) ? PAGES : 1 + next_random(PAGES);
            CHECK(step(profile, fullness[(i / 3000 + profile) % sizeof fullness]));
            if (i % CHECK_EVERY == 0)
                CHECK_HOLDS(check());
        }
        while (nlive > 0)
            CHECK(try_free(nlive - 1));
        CHECK_HOLDS(check());
        (void)heap.allocator.kind->trim(heap.allocator.heap);
        array = best ? heap.fit.free.window.pages : 0;
        CHECK(frames == array && window_size(heap.growing->window) == 0 && array < 32);
        CHECK_HOLDS(check());
        CHECK(!memchr(taken, true, sizeof taken) && !memchr(is_first, true, sizeof is_first));
        CHECK(mprotect(arena, BYTES, PROT_NONE) == 0);
        memset(has_frame, 0, sizeof has_frame);
    }
}

static void run_in_new_pages(struct case_run *run_, bool best)
{
    void *memory = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    arena = memory;
    memset(has_frame, 0, sizeof has_frame);
    run(run_, best);
    munmap(memory, BYTES);
}

CASE(growing, free_list_agrees_with_a_shadow)
{
    run_in_new_pages(run_, false);
}

CASE(growing, best_fit_agrees_with_a_shadow)
{
    run_in_new_pages(run_, true);
}
