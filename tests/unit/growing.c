/* The heaps that grow: what is served where, and what is given back. */
#include "growing_heaps.h"

static const size_t sizes[] = {1, 8, 15, 16, 17, 100, 4064, 4080, 4081, 4095, 4096, 4097, 65536};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

BOTH(begins_empty)
{
    CHECK(begin(best, 8));
    CHECK_EQUAL(frames.count, rest(best));
    CHECK(best ? frames.count == 1 : frames.count == 0);
    CHECK_HOLDS(check());
    CHECK_EQUAL(allocator_statistics(&heap).largest, 8 * PAGE - header);
    CHECK_TEXT(heap.kind->name, best ? "best_fit" : "free_list");
    CHECK_EQUAL(trim(), 0);
    CHECK_EQUAL(give(growing->window->start), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(give(NULL), HEAP_OUT_OF_RANGE);
    CHECK_EQUAL(growing->refused, 2);
}

CASE(growing, best_fit_refuses_bad_arguments)
{
    struct window_source source = frames_source(&frames);
    struct best_fit *fit = &shared->best_fit;
    CHECK_EQUAL(best_fit_create(fit, NULL, 8 * PAGE, source), -EINVARG);
    CHECK_EQUAL(best_fit_create(fit, (uint8_t *)arena + 16, 8 * PAGE, source), -EINVARG);
    CHECK_EQUAL(best_fit_create(fit, arena, 0, source), -EINVARG);
    CHECK_EQUAL(best_fit_create(fit, arena, PAGE, source), -EINVARG);
    CHECK_EQUAL(best_fit_create(fit, arena, 8 * PAGE - 16, source), -EINVARG);
    CHECK_EQUAL(best_fit_create(fit, arena, SIZE_MAX, source), -EINVARG);
    CHECK_EQUAL(best_fit_create(fit, (void *)(UINTPTR_MAX - 4 * PAGE + 1), 4 * PAGE, source),
                -EINVARG);
    CHECK_EQUAL(frames.count, 0);
    frames.left = 0;
    CHECK_EQUAL(best_fit_create(fit, arena, 8 * PAGE, source), -ENOMEM);
    CHECK_EQUAL(frames.count, 0);
}

BOTH(n3_every_size_on_every_alignment)
{
    for (size_t alignment = 0; alignment <= 2 * PAGE; alignment = alignment ? alignment * 2 : 1) {
        CHECK(begin(best, 40));
        size_t step = alignment < 16 ? 16 : alignment;
        uint8_t *first = take(24);
        for (size_t i = 0; i < SIZES; i++) {
            uint8_t *object = allocator_malloc(&heap, sizes[i], alignment);
            uint8_t *next = take(40);
            CHECK(object && next && (uintptr_t)object % step == 0 && (uintptr_t)next % 16 == 0);
            CHECK(size_of(object) >= sizes[i] && size_of(object) < sizes[i] + 16 + header + 16);
            memset(object, 0x11, size_of(object));
            memset(next, 0x22, size_of(next));
            CHECK_HOLDS(check());
            CHECK(is_filled(object, size_of(object), 0x11) && size_of(first) == 32);
            CHECK_EQUAL(give(object), HEAP_FREED);
            CHECK_HOLDS(check());
            CHECK_EQUAL(give(next), HEAP_FREED);
        }
        CHECK_EQUAL(give(first), HEAP_FREED);
        (void)trim();
        CHECK_EQUAL(frames.count, rest(best));
        CHECK_HOLDS(check());
    }
}

BOTH(c5_n3_sizes_that_wrap_give_null)
{
    static const size_t large[] = {0x7fffffff,      0x80000000,       0x80000010,
                                   0xfffff000 - 64, 0x7ffff000,       (size_t)64 << 20,
                                   SIZE_MAX / 2,    SIZE_MAX / 2 + 1, SIZE_MAX - PAGE,
                                   40 * PAGE,       40 * PAGE + 1};
    CHECK(begin(best, 40));
    uint8_t *object = take(1000);
    look(&before);
    for (size_t alignment = 0; alignment <= PAGE; alignment = alignment ? alignment * 16 : 1) {
        for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
            CHECK(!allocator_malloc(&heap, large[i], alignment));
            CHECK(!resize(object, large[i]));
        }
        for (size_t i = 0; i < 200; i++) {
            CHECK(!allocator_malloc(&heap, SIZE_MAX - i, alignment));
            CHECK(!resize(object, SIZE_MAX - i));
        }
        CHECK(!allocator_malloc(&heap, 0, alignment));
    }
    for (size_t alignment = 64 * PAGE; alignment; alignment *= 2)
        CHECK(!allocator_malloc(&heap, 1, alignment));
    CHECK(!resize(object, 0));
    CHECK(unchanged());
    CHECK_HOLDS(check());
}

/* A window of N pages serves N pages without a header's bytes, and not one byte more. */
BOTH(c3_headers_are_counted)
{
    for (size_t npages = 1; npages <= 40; npages++) {
        CHECK(begin(best, npages));
        CHECK(!take(npages * PAGE - header + 1));
        CHECK_EQUAL(frames.count, rest(best));
        uint8_t *object = take(npages * PAGE - header);
        CHECK(object != NULL);
        memset(object, 0x33, npages * PAGE - header);
        CHECK_EQUAL(frames.count, npages + rest(best));
        CHECK(!take(1));
        CHECK_HOLDS(check());
        CHECK_EQUAL(give(object), HEAP_FREED);
        size_t had = frames.count;
        CHECK(had <= rest(best) + GROWING_LARGE);
        CHECK_EQUAL(trim(), had - rest(best));
        CHECK_EQUAL(frames.count, rest(best));
    }
}

/* Whatever is allocated: what statistics call the largest is served, and a byte more is not. */
BOTH(c3_the_largest_is_served_exactly)
{
    for (size_t i = 0; i < 64; i++) {
        size_t nbytes = i < 32 ? i * 16 + 1 : PAGE - 600 + i * 16;
        for (size_t npages = 3; npages < 44; npages += 20) {
            CHECK(begin(best, npages));
            uint8_t *object = take(nbytes), *second = take(nbytes);
            size_t largest = allocator_statistics(&heap).largest, hole = size_of(object);
            CHECK(object && second && !take(largest + 1));
            if (largest == 0)
                continue;
            uint8_t *all = take(largest);
            CHECK(all && size_of(all) >= largest);
            memset(all, 0x44, largest);
            CHECK_HOLDS(check());
            CHECK(give(all) == HEAP_FREED && give(object) == HEAP_FREED);
            CHECK_EQUAL(allocator_statistics(&heap).largest, hole > largest ? hole : largest);
            CHECK_HOLDS(check());
        }
    }
}

/* On a boundary, the last bytes of the window are served too. */
BOTH(c3_aligned_requests_reach_the_end)
{
    for (size_t alignment = 32; alignment <= PAGE; alignment *= 2) {
        for (size_t taken = 0; taken < 3; taken++) {
            CHECK(begin(best, 4));
            CHECK(taken == 0 || take(taken * 40));
            uint8_t *end = growing->window->start + 4 * PAGE;
            CHECK(!allocator_malloc(&heap, 3 * PAGE + 1, PAGE));
            uint8_t *object = allocator_malloc(&heap, 2 * PAGE + alignment, alignment);
            CHECK(object && (uintptr_t)object % alignment == 0);
            CHECK_EQUAL(give(object), HEAP_FREED);
            (void)trim();
            object = allocator_malloc(&heap, 3 * PAGE, PAGE);
            CHECK(object && object + 3 * PAGE == end);
            CHECK_HOLDS(check());
        }
    }
}

/* The pages of a large block go with it, its header and its neighbours' stay; in all orders. */
BOTH(c4_no_header_is_in_a_page_that_goes)
{
    static const uint8_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                        {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (size_t order = 0; order < 6; order++) {
        for (size_t large = 16; large < 45000; large = large * 2 + 16) {
            CHECK(begin(best, 48));
            uint8_t *objects[3] = {take(large), take(40000), take(large)}, *guard = take(16);
            CHECK(objects[0] && objects[1] && objects[2] && guard);
            for (size_t i = 0; i < 3; i++) {
                size_t had = frames.count, which = orders[order][i];
                CHECK_EQUAL(give(objects[which]), HEAP_FREED);
                CHECK_HOLDS(check());
                if (which == 1)
                    CHECK(had - frames.count >= 8);
                CHECK(give(objects[which]) != HEAP_FREED);
                uint8_t *again = take(30000), *small = take(16);
                CHECK(again && small);
                memset(again, 0x66, size_of(again));
                CHECK_HOLDS(check());
                CHECK(give(small) == HEAP_FREED && give(again) == HEAP_FREED);
                CHECK_HOLDS(check());
            }
            CHECK_EQUAL(give(guard), HEAP_FREED);
            (void)trim();
            CHECK_EQUAL(frames.count, rest(best));
        }
    }
}

/* A piece with four whole pages inside gives them back, one with three keeps them. */
BOTH(large_pieces_have_no_frames_inside)
{
    for (size_t inside = 1; inside < 9; inside++) {
        CHECK(begin(best, 40));
        uint8_t *place = growing->window->start + PAGE - header;
        uint8_t *front = take((size_t)(place - growing->window->start) - header);
        uint8_t *object = take(inside * PAGE), *guard = take(16);
        CHECK(front && object == place + header && guard);
        size_t had = frames.count;
        CHECK_EQUAL(give(object), HEAP_FREED);
        CHECK_EQUAL(had - frames.count, inside >= GROWING_LARGE ? inside : 0);
        CHECK_HOLDS(check());
        object = take(inside * PAGE);
        CHECK(object == place + header && frames.count == had);
    }
}

/* An object that has the address of another one in front, and junk of its own behind. */
static uint8_t *chain(uint8_t *object, uint8_t *to, size_t nbytes)
{
    if (object) {
        memset(object, (int)((uintptr_t)object / 16 * 7 & 0xff), nbytes);
        memcpy(object, &to, sizeof to);
    }
    return object;
}

/* The object that OBJECT has the address of; sets *RIGHT to false where its junk is another's. */
static uint8_t *follow(const uint8_t *object, size_t nbytes, bool *right)
{
    uint8_t *to, junk = (uint8_t)((uintptr_t)object / 16 * 7);
    memcpy(&to, object, sizeof to);
    *right &= is_filled(object + sizeof to, nbytes - sizeof to, junk);
    return to;
}

/* Takes all that there is in pieces of NBYTES, each with the address of the one before. */
static uint8_t *take_all(size_t nbytes, size_t *count)
{
    uint8_t *last = NULL, *object;
    for (*count = 0; (object = chain(take(nbytes), last, nbytes)); ++*count)
        last = object;
    return last;
}

/* Frees every STEPth of them; the others, in the other order. */
static uint8_t *give_some(uint8_t *from, size_t nbytes, size_t step, bool *right)
{
    uint8_t *others = NULL;
    for (size_t i = 0; from; i++) {
        uint8_t *object = from;
        from = follow(object, nbytes, right);
        if (i % step == 0)
            *right &= give(object) == HEAP_FREED;
        else
            others = chain(object, others, nbytes);
    }
    return others;
}

BOTH(c5_grows_and_shrinks_again_and_again)
{
    static const size_t asked[] = {16, 500, 3000, 20000, 70000};
    CHECK(begin(best, 48));
    for (size_t round = 0; round < 20; round++) {
        size_t nbytes = asked[round % 5], size = (nbytes + 15) / 16 * 16 + header, count;
        uint8_t *last = take_all(nbytes, &count);
        CHECK(count <= 48 * PAGE / size && count * (size + header + 16) + size > 48 * PAGE);
        CHECK_HOLDS(check());
        CHECK(growing->nlive == count && window_size(growing->window) + size >= 48 * PAGE);
        bool right = true;
        for (size_t step = round % 4; last; step = 1) /* all, or before that some, or none */
            last = give_some(last, nbytes, step ? step : SIZE_MAX, &right);
        CHECK(right);
        CHECK_HOLDS(check());
        CHECK_EQUAL(growing->nlive, 0);
        CHECK(frames.count <= rest(best) + GROWING_LARGE);
        size_t had = frames.count;
        CHECK_EQUAL(trim(), had - rest(best));
        CHECK(frames.count == rest(best) && window_size(growing->window) == 0);
    }
    CHECK(allocator_statistics(&heap).peak >= 48);
    CHECK(allocator_statistics(&heap).returned >= 20 * 44);
}

/* Many more holes than a page of the array holds: each is found again, in its place. */
BOTH(n2_no_hole_is_lost)
{
    CHECK(begin(best, 48));
    CHECK_EQUAL(growing_heap_resize(growing, 48 * PAGE), 0); /* all objects are as far apart */
    size_t size = header + 16, count = 48 * PAGE / size / 2 * 2;
    uint8_t *first = take(16);
    for (size_t i = 1; i < count; i++)
        CHECK(take(16) == first + i * size);
    CHECK(count / 2 > 4 * (best ? PAGE / sizeof(struct free_piece) : 1));
    size_t mapped = frames.calls;
    for (size_t i = 0; i < count; i += 2)
        CHECK_EQUAL(give(first + i * size), HEAP_FREED);
    CHECK_EQUAL(frames.calls, mapped); /* freeing needs no memory */
    CHECK_HOLDS(check());
    CHECK(!take(33 + header));
    for (size_t i = 0; i < count; i += 2)
        CHECK(take(16) == first + i * size);
    CHECK(!take(48 * PAGE % size < size ? 16 + header : 16));
    CHECK_HOLDS(check());
    for (size_t i = 1; i < count; i += 2)
        CHECK_EQUAL(give(first + i * size), HEAP_FREED);
    for (size_t i = 0; i < count; i += 2)
        CHECK_EQUAL(give(first + i * size), HEAP_FREED);
    CHECK_HOLDS(check());
    (void)trim();
    CHECK_EQUAL(frames.count, rest(best));
}

/* Even a window of a few pages, of which the array has one. */
CASE(growing, n2_the_array_holds_as_many_pieces_as_there_can_be)
{
    for (size_t npages = 2; npages <= 12; npages++) {
        struct window_source source = frames_source(&frames);
        CHECK_EQUAL(best_fit_create(&shared->best_fit, arena, npages * PAGE, source), 0);
        heap = best_fit_allocator(&shared->best_fit);
        size_t size = sizeof(struct best_fit_block) + 16;
        growing = &shared->best_fit.growing;
        CHECK_EQUAL(growing_heap_resize(growing, growing->window->nbytes), 0);
        size_t count;
        uint8_t *first = growing->window->start + sizeof(struct best_fit_block);
        CHECK(take_all(16, &count) != NULL);
        CHECK_EQUAL(count, shared->best_fit.window.nbytes / size);
        for (size_t i = 0; i < count; i += 2)
            CHECK_EQUAL(give(first + i * size), HEAP_FREED);
        CHECK_HOLDS(check());
        for (size_t i = 0; i < count; i += 2)
            CHECK(take(16) == first + i * size);
        CHECK_HOLDS(check());
    }
}

/* A hole behind each object: as many as there can be, and the array has room for one more. */
CASE(growing, n2_the_array_grows_in_time)
{
    CHECK(begin(true, 48));
    size_t least = header + 16, count = 0;
    struct ordered_array *array = &shared->best_fit.free;
    uint8_t *first = take(16), *last = take(16 + least), *object;
    CHECK(first && last && give(first) == HEAP_FREED);
    for (; (object = take(16 + least)); last = object, count++) {
        CHECK(resize(last, 16));
        CHECK(array->count >= count && array->count <= array->room);
        if (count % 64 == 0 || array->room - array->count < 3)
            CHECK_HOLDS(check());
    }
    CHECK_HOLDS(check());
    CHECK(count + 8 >= 48 * PAGE / (2 * least) && array->count >= count);
}

/* Where the array can't grow there is no allocation; what is there can be freed and resized. */
CASE(growing, n2_an_array_that_can_not_grow)
{
    CHECK(begin(true, 48));
    size_t size = header + 16, count = 0;
    uint8_t *first = take(16), *object = first;
    frames.left = 0;
    for (; object; count++, object = take(16))
        CHECK(object == first + count * size);
    CHECK(count >= PAGE / sizeof(struct free_piece) - 3 && count < 16 * PAGE / size);
    look(&before);
    CHECK(!take(16) && !take(PAGE) && unchanged());
    CHECK(resize(first + (count - 1) * size, 1000) && resize(first + (count - 1) * size, 16));
    for (size_t i = 0; i < count; i += 2)
        CHECK_EQUAL(give(first + i * size), HEAP_FREED);
    CHECK_HOLDS(check());
    for (size_t i = 1; i < count; i += 2)
        CHECK_EQUAL(give(first + i * size), HEAP_FREED);
    CHECK_HOLDS(check());
    (void)trim();
    CHECK_EQUAL(frames.count, 1);
}

/* The first that fits, or the smallest; of equals the lowest. */
BOTH(where_an_allocation_goes)
{
    CHECK(begin(best, 16));
    static const size_t holes[] = {200, 1000, 400, 600, 400, 3000};
    uint8_t *objects[6];
    for (size_t i = 0; i < 6; i++)
        CHECK((objects[i] = take(holes[i])) && take(16));
    for (size_t i = 0; i < 6; i++)
        CHECK_EQUAL(give(objects[i]), HEAP_FREED);
    CHECK(take(390) == objects[best ? 2 : 1]);
    CHECK(take(390) == objects[best ? 4 : 1] + (best ? 0 : 400 + header));
    CHECK(take(500) == objects[3]);
    CHECK(take(700) == objects[best ? 1 : 5]);
    CHECK(take(100) == objects[0]);
    CHECK_HOLDS(check());
}

/* Up to the highest addresses that a window can have: no sum wraps. */
CASE(growing, n3_places_are_aligned_and_the_next_ones)
{
    for (size_t i = 0; i < 3; i++) {
        uintptr_t base = i == 0   ? PAGE
                         : i == 1 ? UINTPTR_MAX / 2 - 127
                                  : UINTPTR_MAX - 3 * PAGE + 1;
        for (size_t from = base; from < base + 256; from += 16) {
            for (size_t alignment = 16; alignment <= PAGE; alignment *= 2) {
                for (size_t head = 16; head <= 32; head += 16) {
                    uintptr_t wanted = from;
                    while ((wanted + head) % alignment != 0 ||
                           (wanted > from && wanted - from < 3 * head / 2))
                        wanted += 16;
                    uint8_t *place = growing_place((uint8_t *)from, head, alignment, 3 * head / 2);
                    CHECK_EQUAL((uintptr_t)place, wanted);
                }
            }
        }
    }
}

CASE(growing, n3_block_sizes_do_not_wrap)
{
    size_t size, most = (size_t)WINDOW_PAGES_MOST * PAGE;
    for (size_t head = 16; head <= 32; head += 16) {
        CHECK(!growing_block_size(0, head, &size));
        for (size_t nbytes = 1; nbytes < 100; nbytes++) {
            CHECK(growing_block_size(nbytes, head, &size));
            CHECK(size % 16 == 0 && size >= nbytes + head && size < nbytes + head + 16);
            CHECK(!growing_block_size(0 - nbytes, head, &size));
            CHECK(!growing_block_size(most - head + nbytes, head, &size));
            CHECK(!growing_block_size(SIZE_MAX / 2 + nbytes - 50, head, &size));
        }
        CHECK(growing_block_size(most - head, head, &size) && size == most);
    }
}

/* By a step, or by what is needed where there is not so much window. */
BOTH(the_break_moves_by_a_step)
{
    CHECK(begin(best, 36));
    CHECK_EQUAL(growing_heap_resize(growing, PAGE), 0);
    CHECK(take(100) != NULL);
    CHECK_EQUAL(window_size(growing->window), PAGE);
    CHECK(take(PAGE) != NULL);
    CHECK_EQUAL(window_size(growing->window), PAGE + GROWING_STEP);
    CHECK(take(GROWING_STEP) != NULL);
    CHECK_EQUAL(window_size(growing->window), PAGE + 2 * GROWING_STEP);
    CHECK(take(GROWING_STEP - PAGE - 1000) != NULL);
    CHECK_EQUAL(window_size(growing->window), PAGE + 2 * GROWING_STEP);
    CHECK(take(2 * PAGE) && !take(3 * PAGE));
    CHECK_EQUAL(window_size(growing->window), 2 * PAGE + 2 * GROWING_STEP);
    CHECK_HOLDS(check());
}
