/* Virtual memory with a break, over the arena. */
#include "memory/growing/window.h"

#include "arena.h"
#include "case.h"
#include "frames.h"
#include "lib/string.h"

enum { PAGE = WINDOW_PAGE, PAGES = ARENA_BLOCKS, BYTES = PAGES * PAGE };

static struct frames frames;

static const size_t places[] = {0,
                                1,
                                PAGE - 1,
                                PAGE,
                                PAGE + 1,
                                2 * PAGE - 1,
                                2 * PAGE,
                                7 * PAGE + 123,
                                31 * PAGE,
                                32 * PAGE,
                                32 * PAGE + 1,
                                33 * PAGE - 1,
                                BYTES - PAGE - 1,
                                BYTES - PAGE,
                                BYTES - PAGE + 1,
                                BYTES - 1,
                                BYTES};
enum { PLACES = sizeof places / sizeof places[0] };

static struct window *begin(void)
{
    struct window_source source = frames_source(&frames);
    return window_create(&shared->window, arena, BYTES, source) == 0 ? &shared->window : NULL;
}

static void *at(size_t offset)
{
    return (void *)((uintptr_t)arena + offset); /* outside, too */
}

static size_t pages_to_hold(size_t nbytes)
{
    return (nbytes + PAGE - 1) / PAGE;
}

/* Exactly the pages from FIRST to END have frames. */
static bool only(size_t first, size_t end)
{
    for (size_t page = 0; page < PAGES; page++)
        if (frames.has[page] != (page >= first && page < end))
            return false;
    return !frames.wrong && frames.count == shared->window.pages;
}

CASE(window, begins_without_frames)
{
    struct window *window = begin();
    CHECK(window != NULL);
    CHECK_EQUAL(window_size(window), 0);
    CHECK(window->brk == (uint8_t *)arena && ksbrk(window, 0) == arena);
    CHECK(only(0, 0) && frames.calls == 0);
    CHECK_EQUAL(window->peak + window->returned + window->pages, 0);
    CHECK(!window_has(window, arena, 1));
    CHECK_HOLDS(window_check(window));
}

CASE(window, bad_arguments_are_refused)
{
    struct window *window = &shared->window;
    struct window_source source = frames_source(&frames);
    uintptr_t top = UINTPTR_MAX - PAGE + 1, most = (uintptr_t)WINDOW_PAGES_MOST * PAGE;
    CHECK_EQUAL(window_create(window, NULL, BYTES, source), -EINVARG);
    CHECK_EQUAL(window_create(window, at(1), PAGE, source), -EINVARG);
    CHECK_EQUAL(window_create(window, at(PAGE - 16), PAGE, source), -EINVARG);
    CHECK_EQUAL(window_create(window, arena, 0, source), -EINVARG);
    CHECK_EQUAL(window_create(window, arena, PAGE - 1, source), -EINVARG);
    CHECK_EQUAL(window_create(window, arena, PAGE + 16, source), -EINVARG);
    CHECK_EQUAL(window_create(window, arena, SIZE_MAX, source), -EINVARG);
    CHECK_EQUAL(window_create(window, arena, SIZE_MAX - PAGE + 1, source), -EINVARG);
    CHECK_EQUAL(window_create(window, (void *)(uintptr_t)PAGE, most, source), 0);
    CHECK_EQUAL(window_create(window, (void *)(uintptr_t)PAGE, most + PAGE, source), -EINVARG);
    CHECK_EQUAL(window_create(window, (void *)top, PAGE, source), -EINVARG);
    CHECK_EQUAL(window_create(window, (void *)(top - PAGE), PAGE, source), 0);
    CHECK_EQUAL(window_create(window, (void *)(top - PAGE), 2 * PAGE, source), -EINVARG);
    CHECK_EQUAL(window_create(window, (void *)(top - most), most, source), 0);
    CHECK_EQUAL(window_create(window, (void *)(top - most + PAGE), most, source), -EINVARG);
    CHECK_EQUAL(frames.calls, 0);
}

/* From every place to every other, by kbrk and by ksbrk. */
CASE(window, n1_all_pages_below_the_break_have_frames)
{
    for (size_t i = 0; i < PLACES; i++) {
        for (size_t j = 0; j < 2 * PLACES; j++) {
            struct window *window = begin();
            size_t from = places[i], to = places[j / 2], most = from > to ? from : to;
            CHECK_EQUAL(kbrk(window, at(from)), 0);
            CHECK(only(0, pages_to_hold(from)));
            if (j & 1)
                CHECK_EQUAL(kbrk(window, at(to)), 0);
            else
                CHECK(ksbrk(window, (ptrdiff_t)to - (ptrdiff_t)from) == at(from));
            CHECK(only(0, pages_to_hold(to)));
            CHECK(window->brk == at(to) && window_size(window) == to);
            CHECK_EQUAL(window->peak, pages_to_hold(most));
            CHECK_EQUAL(window->returned, pages_to_hold(most) - pages_to_hold(to));
            CHECK(to == 0 || window_has(window, arena, to));
            CHECK(!window_has(window, arena, to + 1));
            CHECK_HOLDS(window_check(window));
        }
    }
}

CASE(window, n1_shrinking_gives_back_every_whole_page)
{
    struct window *window = begin();
    CHECK(ksbrk(window, BYTES) == arena);
    for (size_t page = PAGES; page-- > 0;) {
        uint8_t *first = at(page * PAGE);
        CHECK(ksbrk(window, -(PAGE - 1)) != NULL && only(0, page + 1));
        *first = 1; /* the break is behind it: it has a frame */
        CHECK(ksbrk(window, -1) == first + 1 && only(0, page));
    }
    CHECK_EQUAL(window->returned, PAGES);
    CHECK(ksbrk(window, -1) == NULL && only(0, 0));
    CHECK_HOLDS(window_check(window));
}

/* What stands below the break stays, wherever the break goes above it. */
CASE(window, bytes_below_the_break_stay)
{
    struct window *window = begin();
    CHECK_EQUAL(kbrk(window, at(3 * PAGE + 5)), 0);
    memset(arena, 0x77, 3 * PAGE + 5);
    for (size_t i = 0; i < PLACES; i++) {
        CHECK_EQUAL(
            kbrk(window, at(places[i] + 3 * PAGE + 5 > BYTES ? BYTES : places[i] + 3 * PAGE + 5)),
            0);
        for (size_t j = 0; j < 3 * PAGE + 5; j++)
            CHECK(((uint8_t *)arena)[j] == 0x77);
    }
}

/* A window with holes: pages 3 to 8 and 40 have no frames; the break is in page 50. */
static struct window *with_holes(void)
{
    struct window *window = begin();
    if (kbrk(window, at(50 * PAGE + 7)))
        return NULL;
    window_release(window, at(3 * PAGE), at(9 * PAGE));
    window_release(window, at(40 * PAGE), at(41 * PAGE));
    return window;
}

/* FAILED at once fills the holes, or moves the break to the end, with all calls of map but N. */
CASE(window, c2_a_failed_map_is_undone_exactly)
{
    enum { BACK, BREAK, KINDS };
    static struct frames before;
    for (int kind = 0; kind < KINDS; kind++) {
        size_t wanted = kind == BACK ? 7 : PAGES - 51;
        for (size_t n = 0; n <= wanted; n++) {
            struct window *window = with_holes();
            CHECK(window && frames.count == 51 - 7);
            size_t peak = window->peak, returned = window->returned, calls = frames.calls;
            CHECK_EQUAL(returned, 7);
            memcpy(&before, &frames, sizeof frames);
            frames.left = n;
            bool done = kind == BACK ? window_back(window, at(PAGE), at(49 * PAGE))
                                     : kbrk(window, at(BYTES)) == 0;
            CHECK_EQUAL(done, n == wanted);
            CHECK(!frames.wrong && frames.calls == calls + (n < wanted ? n + 1 : wanted));
            CHECK_EQUAL(window->pages, frames.count);
            CHECK_HOLDS(window_check(window));
            for (size_t page = 0; page < PAGES; page++)
                CHECK_EQUAL(window->present[page / 32] >> page % 32 & 1, frames.has[page]);
            if (done)
                continue;
            CHECK(memcmp(frames.has, before.has, sizeof before.has) == 0);
            CHECK(frames.count == before.count && window->brk == at(50 * PAGE + 7));
            CHECK(window->peak == peak && window->returned == returned);
            frames.left = 0;
            CHECK(kind == BACK || ksbrk(window, BYTES - 50 * PAGE - 7) == NULL);
            CHECK_EQUAL(kbrk(window, at(BYTES)), -ENOMEM);
        }
    }
}

/* Holes below the break stay holes when it moves, and no page of theirs is unmapped twice. */
CASE(window, the_break_moves_over_holes)
{
    struct window *window = with_holes();
    CHECK_EQUAL(kbrk(window, at(BYTES)), 0);
    CHECK_EQUAL(frames.count, PAGES - 7);
    CHECK_EQUAL(kbrk(window, at(5 * PAGE + 1)), 0);
    CHECK(only(0, 3));
    CHECK_EQUAL(kbrk(window, at(5 * PAGE + 2)), 0); /* the page that the break was in */
    CHECK(frames.has[5] && frames.count == 4);
    CHECK_EQUAL(kbrk(window, at(7 * PAGE)), 0);
    CHECK(frames.has[6] && !frames.has[4] && frames.count == 5);
    CHECK_EQUAL(kbrk(window, arena), 0);
    CHECK(only(0, 0));
    CHECK_HOLDS(window_check(window));
}

CASE(window, n3_c5_increments_that_wrap_are_refused)
{
    static const size_t changes[] = {0x7fffffff,         0x80000000,       0x80000001,
                                     0xfffff000 - BYTES, 0x7ffff000,       0x80001000,
                                     0xc0000000,         SIZE_MAX,         SIZE_MAX / 2,
                                     SIZE_MAX / 2 + 1,   SIZE_MAX / 2 + 2, SIZE_MAX / 2 - PAGE};
    for (size_t i = 0; i < PLACES; i++) {
        struct window *window = begin();
        CHECK_EQUAL(kbrk(window, at(places[i])), 0);
        size_t calls = frames.calls;
        for (size_t j = 0; j < sizeof changes / sizeof changes[0]; j++) {
            bool down = (ptrdiff_t)changes[j] < 0 && 0 - changes[j] <= places[i];
            CHECK(down || ksbrk(window, (ptrdiff_t)changes[j]) == NULL);
            CHECK(window->brk == at(places[i]));
            uintptr_t address = (uintptr_t)arena + places[i] + changes[j];
            if (address - (uintptr_t)arena > BYTES)
                CHECK_EQUAL(kbrk(window, (void *)address), -EINVARG);
        }
        CHECK(ksbrk(window, (ptrdiff_t)(BYTES - places[i]) + 1) == NULL);
        CHECK(ksbrk(window, -(ptrdiff_t)places[i] - 1) == NULL);
        CHECK_EQUAL(kbrk(window, NULL), -EINVARG);
        CHECK_EQUAL(kbrk(window, (void *)((uintptr_t)arena - 1)), -EINVARG);
        CHECK_EQUAL(kbrk(window, (void *)((uintptr_t)arena + BYTES + 1)), -EINVARG);
        CHECK_EQUAL(kbrk(window, (void *)UINTPTR_MAX), -EINVARG);
        CHECK(window->brk == at(places[i]) && frames.calls == calls);
        CHECK(only(0, pages_to_hold(places[i])));
    }
}

static size_t high_frames;

static size_t map_high(void *context, void *start, size_t npages)
{
    (void)context, (void)start;
    high_frames += npages;
    return npages;
}

static void unmap_high(void *context, void *page)
{
    (void)context, (void)page;
    high_frames--;
}

/* As high as a window can be: sums of its addresses are near to wrapping. */
CASE(window, c5_the_highest_window_reaches_its_end)
{
    struct window *window = &shared->window;
    struct window_source source = {map_high, unmap_high, NULL};
    uintptr_t start = UINTPTR_MAX - 9 * PAGE + 1, nbytes = 8 * PAGE;
    high_frames = 0;
    CHECK_EQUAL(window_create(window, (void *)start, nbytes, source), 0);
    CHECK(ksbrk(window, (ptrdiff_t)nbytes + 1) == NULL);
    CHECK(ksbrk(window, (ptrdiff_t)nbytes) == (void *)start);
    CHECK(high_frames == 8 && (uintptr_t)window->brk == start + nbytes);
    CHECK(window_has(window, (void *)start, nbytes) &&
          !window_has(window, (void *)start, nbytes + 1) &&
          !window_has(window, (void *)(start + nbytes - 1), SIZE_MAX));
    CHECK(ksbrk(window, 1) == NULL && ksbrk(window, 2 * PAGE) == NULL);
    CHECK_EQUAL(kbrk(window, NULL), -EINVARG);
    CHECK_EQUAL(kbrk(window, (void *)(uintptr_t)PAGE), -EINVARG);
    CHECK_EQUAL(kbrk(window, (void *)UINTPTR_MAX), -EINVARG);
    CHECK(ksbrk(window, -(ptrdiff_t)nbytes - 1) == NULL);
    CHECK(ksbrk(window, -(ptrdiff_t)nbytes) != NULL);
    CHECK(high_frames == 0 && (uintptr_t)window->brk == start);
    CHECK_HOLDS(window_check(window));
}

/* Every range between bytes near to the bounds of pages 1 to 4: back() rounds out, release() in. */
CASE(window, back_rounds_outward_and_release_inward)
{
    static const size_t near[] = {PAGE - 1,     PAGE,     PAGE + 1,     2 * PAGE - 1, 2 * PAGE,
                                  2 * PAGE + 1, 3 * PAGE, 4 * PAGE - 1, 4 * PAGE,     4 * PAGE + 1};
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        for (size_t j = i; j < sizeof near / sizeof near[0]; j++) {
            struct window *window = begin();
            size_t first = pages_to_hold(near[i]), end = near[j] / PAGE;
            CHECK_EQUAL(kbrk(window, at(8 * PAGE)), 0);
            window_release(window, at(near[i]), at(near[j]));
            size_t gone = end > first ? end - first : 0;
            CHECK_EQUAL(frames.count, 8 - gone);
            CHECK_EQUAL(window->returned, gone);
            for (size_t page = 0; page < 8; page++)
                CHECK_EQUAL(frames.has[page], !(page >= first && page < end));
            window_release(window, arena, at(8 * PAGE));
            CHECK(only(0, 0) && window->returned == 8);
            CHECK(window_back(window, at(near[i]), at(near[j])));
            CHECK(i == j ? only(0, 0) : only(near[i] / PAGE, pages_to_hold(near[j])));
            CHECK(i == j || window_has(window, at(near[i]), near[j] - near[i]));
            CHECK(!window_has(window, at(near[i] / PAGE * PAGE - 1), 2));
            CHECK(!window_has(window, at(pages_to_hold(near[j]) * PAGE - 1), 2));
            CHECK(window_back(window, at(near[i]), at(near[j])) && !frames.wrong);
            CHECK_EQUAL(window->peak, 8);
            CHECK_HOLDS(window_check(window));
        }
    }
}

CASE(window, has_means_all_bytes_and_below_the_break)
{
    struct window *window = with_holes();
    size_t size = window_size(window);
    CHECK(window_has(window, arena, 3 * PAGE) && !window_has(window, arena, 3 * PAGE + 1));
    CHECK(!window_has(window, at(9 * PAGE - 1), 2) && window_has(window, at(9 * PAGE), 1));
    CHECK(window_has(window, at(41 * PAGE), size - 41 * PAGE));
    CHECK(!window_has(window, at(41 * PAGE), size - 41 * PAGE + 1));
    CHECK(window_has(window, at(size - 1), 1) && !window_has(window, at(size - 1), 2));
    CHECK(!window_has(window, at(size), 1) && !window_has(window, at(40 * PAGE + 5), 16));
    CHECK(!window_has(window, at(size - 16), SIZE_MAX) &&
          !window_has(window, at(size - 16), SIZE_MAX - 15));
    CHECK(!window_has(window, (void *)((uintptr_t)arena - 1), 2));
    CHECK(!window_has(window, NULL, 1) && !window_has(window, (void *)UINTPTR_MAX, 1));
}

CASE(window, check_sees_damage)
{
    struct window *window = with_holes();
    uint8_t *brk = window->brk;
    CHECK_HOLDS(window_check(window));
    window->brk = at(BYTES + 1);
    CHECK(window_check(window) != NULL);
    window->brk = (uint8_t *)((uintptr_t)arena - 1);
    CHECK(window_check(window) != NULL);
    window->brk = at(50 * PAGE); /* page 50 has a frame */
    CHECK(window_check(window) != NULL);
    window->brk = brk;
    for (size_t page = 0; page < WINDOW_PAGES_MOST; page += page < 100 ? 1 : 97) {
        window->present[page / 32] ^= (uint32_t)1 << page % 32;
        CHECK(window_check(window) != NULL);
        window->present[page / 32] ^= (uint32_t)1 << page % 32;
    }
    window->pages++;
    CHECK(window_check(window) != NULL);
    window->pages--;
    window->peak = window->pages - 1;
    CHECK(window_check(window) != NULL);
    window->peak = window->pages;
    CHECK_HOLDS(window_check(window));
}
