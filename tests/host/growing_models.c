/*
 * The growing heaps against models that share no code with them: a model is where the allocations
 * lie, where the break is and which pages have frames; it looks at all gaps and all pages each
 * time. Addresses, answers, breaks and frames must be the same after every call.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "case.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"

enum {
    PAGE = 4096,
    PAGES_MOST = 1024,
    LIVE_MOST = 1200,
    STEP = 65536,
    LARGE = 4,
    WORD = sizeof(size_t)
};

/* -- The model -- */

static struct {
    bool best;                 /* or first fit */
    size_t header, least;      /* bytes of a header; of what may be left between allocations */
    size_t nbytes, brk;        /* of the window */
    size_t array, array_bytes; /* pages that the array has, and bytes that it may have */
    size_t frames, most;       /* pages with frames, the array's too; and how many there are */
    bool has[PAGES_MOST];
    struct {
        size_t start, size; /* with its header */
    } live[LIVE_MOST];
    size_t nlive; /* in the order of their addresses */
} model;

static void model_create(bool best, size_t nbytes, size_t array_bytes, size_t most)
{
    memset(model.has, 0, sizeof model.has);
    model.brk = model.nlive = 0;
    model.best = best;
    model.header = WORD == 4 ? 16 : 32;
    model.least = best ? model.header + 16 : model.header;
    model.nbytes = nbytes;
    model.array_bytes = array_bytes;
    model.array = model.frames = best;
    model.most = most;
}

/* How many pages with bytes of FROM to TO have no frames. */
static size_t model_missing(size_t from, size_t to)
{
    size_t missing = 0;
    for (size_t page = from / PAGE; page * PAGE < to; page++)
        missing += !model.has[page];
    return missing;
}

/* Gives them all frames, if there are enough. */
static bool model_back(size_t from, size_t to)
{
    size_t missing = model_missing(from, to);
    if (model.frames + missing > model.most)
        return false;
    for (size_t page = from / PAGE; page * PAGE < to; page++)
        model.has[page] = true;
    model.frames += missing;
    return true;
}

static void model_release(size_t from, size_t to)
{
    for (size_t page = 0; page < PAGES_MOST; page++) {
        if (page * PAGE >= from && (page + 1) * PAGE <= to && model.has[page]) {
            model.has[page] = false;
            model.frames--;
        }
    }
}

/* The gap in front of allocation I; behind the last one with NLIVE. */
static size_t gap_start(size_t i)
{
    return i ? model.live[i - 1].start + model.live[i - 1].size : 0;
}

static size_t gap_end(size_t i)
{
    return i < model.nlive ? model.live[i].start : model.brk;
}

static size_t round_up(size_t value, size_t step)
{
    return (value + step - 1) / step * step;
}

/* Where a header can stand at or behind START, so that what follows it is aligned. */
static size_t model_place(uintptr_t window, size_t start, size_t alignment)
{
    for (size_t place = start;; place += 16)
        if ((window + place + model.header) % alignment == 0 &&
            (place == start || place - start >= model.least))
            return place;
}

static bool model_lengthen(size_t nbytes)
{
    if (nbytes > model.nbytes || !model_back(model.brk, nbytes))
        return false;
    model.brk = nbytes;
    return true;
}

/* How short the window can be. */
static size_t model_shortest(void)
{
    size_t used = gap_start(model.nlive), size = round_up(used, PAGE);
    return !model.best && size > used && size - used < model.header ? size + PAGE : size;
}

static void model_settle(size_t i)
{
    size_t from = gap_start(i) + (model.best ? 0 : model.header), end = gap_end(i), inside = 0;
    if (gap_start(i) == end)
        return;
    for (size_t page = 0; page < PAGES_MOST; page++)
        inside += page * PAGE >= from && (page + 1) * PAGE <= end;
    if (i == model.nlive && end - from >= STEP) {
        model.brk = model_shortest();
        model_release(model.brk, SIZE_MAX);
    } else if (inside >= LARGE) {
        model_release(from, end);
    }
}

/* Whether SIZE bytes at PLACE in gap I, and what is written behind them, have frames or get some.
 */
static bool model_affords(size_t i, size_t place, size_t size)
{
    size_t rest = gap_end(i) - place - size;
    size_t end = rest < model.least ? gap_end(i) : place + size + (model.best ? 0 : model.header);
    return model.frames + model_missing(place, end) <= model.most;
}

/* The gap that is to be cut, or NLIVE + 1. */
static size_t model_choose(uintptr_t window, size_t size, size_t alignment)
{
    size_t chosen = model.nlive + 1;
    for (size_t i = 0; i <= model.nlive; i++) {
        size_t place = model_place(window, gap_start(i), alignment);
        if (gap_start(i) == gap_end(i) || place + size > gap_end(i) ||
            !model_affords(i, place, size))
            continue;
        if (!model.best)
            return i;
        if (chosen > model.nlive || gap_end(i) - gap_start(i) < gap_end(chosen) - gap_start(chosen))
            chosen = i;
    }
    return chosen;
}

/* Allocates in gap I; SIZE_MAX without memory. */
static size_t model_cut(uintptr_t window, size_t i, size_t size, size_t alignment)
{
    size_t place = model_place(window, gap_start(i), alignment), rest = gap_end(i) - place - size;
    if (rest < model.least) {
        size += rest;
        rest = 0;
    }
    if (!model_back(place, place + size + (rest && !model.best ? model.header : 0)))
        return SIZE_MAX;
    memmove(&model.live[i + 1], &model.live[i], (model.nlive - i) * sizeof model.live[0]);
    model.live[i].start = place;
    model.live[i].size = size;
    model.nlive++;
    return place + model.header;
}

/* Pages for three more pieces than there are allocations, or for as many as there can be. */
static size_t model_array_pages(void)
{
    size_t most = model.nbytes / (2 * model.least) + 2;
    size_t count = model.nlive + 3 < most ? model.nlive + 3 : most;
    return round_up(count * 3 * WORD, PAGE) / PAGE;
}

static bool model_reserve(void)
{
    size_t pages = model_array_pages();
    if (!model.best || pages <= model.array)
        return true;
    if (pages * PAGE > model.array_bytes || model.frames + pages - model.array > model.most)
        return false;
    model.frames += pages - model.array;
    model.array = pages;
    return true;
}

/* The offset of a new allocation, or SIZE_MAX. */
static size_t model_malloc(uintptr_t window, size_t nbytes, size_t alignment)
{
    size_t size = round_up(nbytes + model.header, 16);
    alignment = alignment < 16 ? 16 : alignment;
    if (nbytes == 0 || nbytes > 1 << 30 || alignment > model.nbytes || !model_reserve())
        return SIZE_MAX;
    size_t i = model_choose(window, size, alignment), was = model.brk;
    if (i <= model.nlive)
        return model_cut(window, i, size, alignment);
    /* Behind the last one, with the first of two lengths for all of which there are frames. */
    size_t need = model_place(window, gap_start(model.nlive), alignment) + size;
    const size_t lengths[] = {was + STEP, round_up(need, PAGE)};
    for (i = need <= was ? 2 : 0; i < 2; i++) {
        if (need > lengths[i] || !model_lengthen(lengths[i]))
            continue;
        size_t offset = model_cut(window, model.nlive, size, alignment);
        if (offset != SIZE_MAX)
            return offset;
        model.brk = was;
        model_release(was, SIZE_MAX);
    }
    return SIZE_MAX;
}

static size_t model_find(size_t offset)
{
    for (size_t i = 0; i < model.nlive; i++)
        if (model.live[i].start + model.header == offset)
            return i;
    return SIZE_MAX;
}

static void model_free(size_t offset)
{
    size_t i = model_find(offset);
    model.nlive--;
    memmove(&model.live[i], &model.live[i + 1], (model.nlive - i) * sizeof model.live[0]);
    model_settle(i);
}

static bool model_resize(size_t offset, size_t nbytes)
{
    size_t i = model_find(offset), size = round_up(nbytes + model.header, 16);
    size_t start = model.live[i].start, room = gap_end(i + 1) - start;
    if (nbytes > 1 << 30 || size > room)
        return false;
    if (room - size < model.least)
        size = room;
    bool rest = size < room && !model.best;
    if (!model_back(start, start + size + (rest ? model.header : 0)))
        return false;
    model.live[i].size = size;
    model_settle(i + 1);
    return true;
}

static bool model_resize_heap(size_t nbytes)
{
    size_t size = round_up(nbytes, PAGE);
    if (nbytes > model.nbytes || size < model_shortest())
        return false;
    if (size > model.brk)
        return model_lengthen(size);
    model.brk = size;
    model_release(size, SIZE_MAX);
    return true;
}

/* -- The heap -- */

static struct {
    struct window window;
    struct free_list list;
    struct best_fit fit;
    struct allocator allocator;
    struct growing_heap *growing;
    size_t frames, most;
    bool protect; /* pages without frames really have none */
} real;

static bool map_page(void *context, void *page)
{
    (void)context;
    if (real.frames >= real.most)
        return false;
    if (real.protect && mprotect(page, PAGE, PROT_READ | PROT_WRITE))
        abort();
    if (real.protect)
        memset(page, 0xa5, 64);
    real.frames++;
    return true;
}

static size_t map(void *context, void *start, size_t npages)
{
    size_t done = 0;
    while (done < npages && map_page(context, (uint8_t *)start + done * PAGE))
        done++;
    return done;
}

static void unmap(void *context, void *page)
{
    (void)context;
    real.frames--;
    if (!real.protect)
        memset(page, 0x5a, PAGE); /* and so it comes back */
    else if (mprotect(page, PAGE, PROT_NONE))
        abort();
}

/* Both, over NBYTES at MEMORY, without frames. */
static bool create(bool best, void *memory, size_t nbytes, size_t most, bool protect)
{
    struct window_source source = {map, unmap, NULL};
    real.frames = 0;
    real.most = most;
    real.protect = protect;
    if (best) {
        if (best_fit_create(&real.fit, memory, nbytes, source))
            return false;
        real.growing = &real.fit.growing;
        real.allocator = best_fit_allocator(&real.fit);
        model_create(true, real.fit.window.nbytes, real.fit.free.window.nbytes, most);
        return real.frames == 1;
    }
    if (window_create(&real.window, memory, nbytes, source))
        return false;
    free_list_create(&real.list, &real.window);
    real.growing = &real.list.growing;
    real.allocator = free_list_allocator(&real.list);
    model_create(false, nbytes, 0, most);
    return real.frames == 0;
}

static uintptr_t window_address(void)
{
    return (uintptr_t)real.growing->window->start;
}

/* The break, the frames and, when ALL, each page's. */
static bool same(bool all)
{
    const struct window *window = real.growing->window;
    if (window_size(window) != model.brk || real.frames != model.frames ||
        real.growing->nlive != model.nlive)
        return false;
    for (size_t page = 0; all && page < model.nbytes / PAGE; page++)
        if ((window->present[page / 32] >> page % 32 & 1) != model.has[page])
            return false;
    return true;
}

static uint8_t *both_malloc(size_t nbytes, size_t alignment, bool *agree)
{
    uint8_t *pointer = allocator_malloc(&real.allocator, nbytes, alignment);
    size_t offset = model_malloc(window_address(), nbytes, alignment);
    *agree = offset == SIZE_MAX ? !pointer : (uintptr_t)pointer == window_address() + offset;
    return pointer;
}

static bool both_free(uint8_t *pointer)
{
    model_free((uintptr_t)pointer - window_address());
    return allocator_free(&real.allocator, pointer) == HEAP_FREED;
}

static bool both_resize(uint8_t *pointer, size_t nbytes, bool *done)
{
    *done = allocator_resize(&real.allocator, pointer, nbytes);
    return *done == model_resize((uintptr_t)pointer - window_address(), nbytes);
}

static bool both_resize_heap(size_t nbytes)
{
    return (growing_heap_resize(real.growing, nbytes) == 0) == model_resize_heap(nbytes);
}

/* -- Every sequence of a few calls -- */

enum { DEPTH = 6, CHOICES = 8, SMALL = 24 * PAGE };

/* One call; false where the two differ. POINTERS are those of the sequence, oldest first. */
static bool choose(unsigned choice, uint8_t **pointers, size_t *count)
{
    static const size_t sizes[] = {24, 4072, 40000, 3 * PAGE};
    bool agree = true, done;
    switch (choice) {
    case 0 ... 3:
        pointers[*count] = both_malloc(sizes[choice], choice == 3 ? PAGE : 0, &agree);
        *count += pointers[*count] != NULL;
        return agree;
    case 4: /* oldest */
    case 5: /* the one before the newest */
        if (*count < 2 && choice == 5)
            return true;
        if (*count == 0)
            return true;
        choice = choice == 4 ? 0 : (unsigned)*count - 2;
        agree = both_free(pointers[choice]);
        --*count;
        memmove(&pointers[choice], &pointers[choice + 1], (*count - choice) * sizeof *pointers);
        return agree;
    case 6:
        return *count == 0 || both_resize(pointers[0], 9000, &done);
    default:
        return *count == 0 || both_resize(pointers[*count - 1], 40, &done);
    }
}

static void exhaust(struct case_run *run_, bool best)
{
    static uint8_t memory[SMALL] __attribute__((aligned(PAGE)));
    unsigned total = 1;
    for (unsigned i = 0; i < DEPTH; i++)
        total *= CHOICES;
    for (unsigned sequence = 0; sequence < total; sequence++) {
        uint8_t *pointers[DEPTH + 1];
        size_t count = 0;
        if (sequence % CHOICES > 3) /* nothing is there to be freed */
            continue;
        CHECK(create(best, memory, SMALL, sequence % 3 ? SIZE_MAX : 14, false));
        unsigned left = sequence;
        for (unsigned i = 0; i < DEPTH; i++, left /= CHOICES) {
            CHECK(choose(left % CHOICES, pointers, &count));
            CHECK(left >= CHOICES || same(true)); /* once for each beginning */
        }
        if (sequence % 64 == 0)
            CHECK_HOLDS(allocator_check(&real.allocator));
        while (count > 0)
            CHECK(both_free(pointers[--count]));
        CHECK(same(true));
        (void)real.allocator.kind->trim(real.allocator.heap);
        CHECK_EQUAL(real.frames, best);
    }
}

CASE(growing_models, free_list_does_every_short_sequence_as_the_model)
{
    exhaust(run_, false);
}

CASE(growing_models, best_fit_does_every_short_sequence_as_the_model)
{
    exhaust(run_, true);
}

/* -- Random ones -- */

static uint64_t seed;

static uint32_t next_random(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 24) % below;
}

static struct {
    uint8_t *bytes;
    size_t size;
    uint8_t pattern;
} objects[LIVE_MOST];

static size_t random_size(uint32_t scale)
{
    switch (next_random(16)) {
    case 0:
        return 1 + next_random(scale);
    case 1:
        return PAGE * (1 + next_random(6)) - next_random(2) * model.header;
    case 2:
        return PAGE - 48 + next_random(64);
    case 3 ... 5:
        return 1 + next_random(9000);
    case 6:
        return next_random(64) ? 1 + next_random(60000) : SIZE_MAX - next_random(64);
    default:
        return 1 + next_random(300);
    }
}

static bool is_filled(const uint8_t *bytes, size_t nbytes, uint8_t pattern)
{
    return bytes[0] == pattern && memcmp(bytes, bytes + 1, nbytes - 1) == 0;
}

/* What all frames are counted and looked at for, now and then. */
static bool all_is_same(void)
{
    struct allocator_statistics is = allocator_statistics(&real.allocator);
    return same(true) && is.pages == model.frames && is.peak >= is.pages;
}

static bool step(size_t i)
{
    bool agree = true, done;
    size_t nbytes = random_size((uint32_t)model.nbytes / 2);
    if (next_random(400) == 0)
        return both_resize_heap(next_random((uint32_t)(model.nbytes + 2 * PAGE)));
    if (next_random(400) == 0) {
        size_t shortest = model_shortest();
        size_t given = real.allocator.kind->trim(real.allocator.heap), was = model.frames;
        bool moved = model_resize_heap(shortest);
        if (model.best && model_array_pages() < model.array) {
            model.frames -= model.array - model_array_pages();
            model.array = model_array_pages();
        }
        return moved && was - model.frames == given;
    }
    if (!objects[i].bytes) {
        size_t alignment = next_random(6) ? 0 : (size_t)1 << next_random(15);
        objects[i].bytes = both_malloc(nbytes, alignment, &agree);
        objects[i].size = nbytes;
        objects[i].pattern = (uint8_t)next_random(256);
        if (objects[i].bytes)
            memset(objects[i].bytes, objects[i].pattern, nbytes);
        return agree;
    }
    if (!is_filled(objects[i].bytes, objects[i].size, objects[i].pattern))
        return false;
    if (next_random(3) == 0) {
        if (!both_resize(objects[i].bytes, nbytes, &done))
            return false;
        size_t kept = nbytes < objects[i].size ? nbytes : objects[i].size;
        if (done && !is_filled(objects[i].bytes, kept, objects[i].pattern))
            return false;
        objects[i].size = done ? nbytes : objects[i].size;
        memset(objects[i].bytes, objects[i].pattern, objects[i].size);
        return true;
    }
    agree = both_free(objects[i].bytes);
    if (allocator_free(&real.allocator, objects[i].bytes) == HEAP_FREED)
        return false;
    objects[i].bytes = NULL;
    return agree;
}

static void run_randomly(struct case_run *run_, bool best, uint8_t *memory)
{
    static const size_t pages[] = {16, 24, 61, 130, 257, 600, 1024, 5, 16, 1024};
    enum { RUNS = sizeof pages / sizeof pages[0], EACH = 200000 / RUNS };
    for (size_t run = 0; run < RUNS; run++) {
        size_t most = run % 3 == 1 ? pages[run] / 2 + 2 : SIZE_MAX;
        uint32_t slots = (uint32_t)(pages[run] < 200 ? 6 + pages[run] * 2 : 1000);
        seed = 88172645463325252u + run * 0x9e3779b97f4a7c15u;
        CHECK(create(best, memory, pages[run] * PAGE, most, true));
        memset(objects, 0, sizeof objects);
        for (unsigned i = 0; i < EACH; i++) {
            /* Few of the slots for a while, so that the heaps grow and shrink. */
            uint32_t among = i / 2000 % 2 ? slots : slots / 8 + 2;
            CHECK(step(next_random(among)));
            CHECK(same(false));
            if (i % 64 == 0)
                CHECK(all_is_same());
            if (i % 512 == 0)
                CHECK_HOLDS(allocator_check(&real.allocator));
        }
        CHECK_HOLDS(allocator_check(&real.allocator));
        for (size_t i = 0; i < slots; i++) {
            if (objects[i].bytes)
                CHECK(both_free(objects[i].bytes));
            CHECK(same(false));
        }
        CHECK(model.nlive == 0 && all_is_same());
        (void)real.allocator.kind->trim(real.allocator.heap);
        CHECK_EQUAL(real.frames, best);
        CHECK_HOLDS(allocator_check(&real.allocator));
        CHECK(mprotect(memory, PAGES_MOST * PAGE, PROT_NONE) == 0);
    }
}

static void run_in_new_pages(struct case_run *run_, bool best)
{
    size_t nbytes = PAGES_MOST * PAGE;
    void *memory = mmap(NULL, nbytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    run_randomly(run_, best, memory);
    munmap(memory, nbytes);
}

CASE(growing_models, free_list_does_random_calls_as_the_model)
{
    run_in_new_pages(run_, false);
}

CASE(growing_models, best_fit_does_random_calls_as_the_model)
{
    run_in_new_pages(run_, true);
}
