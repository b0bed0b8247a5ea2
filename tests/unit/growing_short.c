/* The heaps that grow where frames are short: a request fails only where no place has its frames.
 */
#include "growing_heaps.h"

/* Where the guards of three holes of 5, 7 and 9 pages and some are; what is free behind has frames.
 */
static uint8_t *guards[3];

/* An empty heap, for which what is given back can be had again. */
static bool begin_short(bool best, size_t npages)
{
    bool begun = begin(best, npages);
    frames.reuse = true;
    return begun;
}

static bool make_holes(bool best)
{
    uint8_t *holes[3];
    if (!begin_short(best, 48))
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!(holes[i] = take((5 + 2 * i) * PAGE + 100)) || !(guards[i] = take(40)))
            return false;
    for (size_t i = 0; i < 3; i++)
        if (give(holes[i]) != HEAP_FREED)
            return false;
    return growing_heap_resize(growing, 40 * PAGE) == 0;
}

/* The smallest holes come first in both designs, and have no frames. */
BOTH(d7_a_search_goes_on_where_there_are_no_frames)
{
    for (size_t alignment = 16; alignment <= PAGE; alignment *= 4) {
        for (size_t npages = 2; npages <= 8; npages++) {
            CHECK(make_holes(best));
            frames.left = 0;
            uint8_t *object = allocator_malloc(&heap, npages * PAGE, alignment);
            CHECK(object && object > guards[2] && (uintptr_t)object % alignment == 0);
            memset(object, 0x71, npages * PAGE);
            CHECK_HOLDS(check());
            frames.left = npages + 1; /* each hole would do */
            uint8_t *second = allocator_malloc(&heap, npages * PAGE, alignment);
            CHECK(second && second < guards[2]);
            CHECK_HOLDS(check());
            CHECK(is_filled(object, npages * PAGE, 0x71));
            CHECK(give(object) == HEAP_FREED && give(second) == HEAP_FREED);
            CHECK_HOLDS(check());
        }
    }
}

/* A hole lacks four frames of five; behind them are three pages that have theirs. */
BOTH(d7_a_heap_grows_where_no_gap_has_frames)
{
    CHECK(make_holes(best));
    uint8_t *last = take((size_t)(growing->window->brk - guards[2]) - 48 - 3 * PAGE - 2 * header);
    CHECK(last != NULL);
    size_t had = frames.count, brk = window_size(growing->window);
    look(&before);
    frames.left = 1;
    CHECK(!take(5 * PAGE) && unchanged());
    frames.left = 2;
    uint8_t *object = take(5 * PAGE);
    CHECK(object && object > last && window_size(growing->window) == brk + 2 * PAGE);
    CHECK_EQUAL(frames.count, had + 2);
    CHECK_HOLDS(check());
}

/* A whole step would take the frames that the gap in front of it lacks. */
BOTH(d7_the_break_moves_by_less_than_a_step)
{
    for (size_t n = 0; n < 40; n++) {
        CHECK(begin_short(best, 48));
        uint8_t *object = take(100), *large = take(40000);
        CHECK(object && large && give(large) == HEAP_FREED);
        CHECK(window_size(growing->window) == GROWING_STEP && frames.count == 1 + rest(best));
        look(&before);
        frames.left = n;
        uint8_t *longer = take(100000); /* of 25 pages one has its frame */
        CHECK(longer ? n >= 24 : n < 24 && unchanged());
        CHECK(!longer || window_size(growing->window) == (n < 31 ? 25 : 32) * PAGE);
        CHECK(!longer || frames.count == (n < 31 ? 25 : 32) + rest(best));
        CHECK_HOLDS(check());
    }
}

/* Holes with and without frames in front of a gap at the break that has lost its own, or some. */
static bool make_state(bool best, size_t state)
{
    if (!make_holes(best))
        return false;
    uint8_t *end = take((4 + state % 3 * 3) * PAGE);
    if (!end || (state % 2 && give(end) != HEAP_FREED))
        return false;
    frames.left = state % 5 * 3;
    uint8_t *part = take(state % 4 * 3000 + 1);
    frames.left = FRAMES_ENOUGH;
    return part != NULL;
}

/* Whatever the holes are, and however few frames: what is served is served for less, too; and what
 * fails once fails twice, and changes nothing. */
BOTH(d7_no_request_fails_where_a_larger_one_is_served)
{
    for (size_t state = 0; state < 12; state++) {
        for (size_t left = 0; left <= 24; left += 1 + left / 8) {
            bool served = false, made = false;
            for (size_t nbytes = 30 * PAGE; nbytes > 0; nbytes = nbytes * 3 / 4) {
                if (!made) { /* what fails leaves it as it was */
                    CHECK(make_state(best, state));
                    if (!served) /* else nothing may fail */
                        look(&before);
                }
                frames.left = left;
                uint8_t *object = take(nbytes);
                CHECK(object || (!served && unchanged()));
                CHECK(object || (!take(nbytes) && unchanged()));
                served |= object != NULL;
                made = !object;
                CHECK_HOLDS(check());
            }
            CHECK(served || left == 0);
        }
    }
}

/* The first hole has no frames; the second is not believed in; the others would do. */
BOTH(d7_a_search_still_ends_at_a_broken_header)
{
    CHECK(make_holes(best));
    /* That of the hole itself; or, as it has none, of the block behind it. */
    uint8_t *broken = best ? guards[1] - header : guards[0] + 48;
    broken[0] ^= 0x40;
    look(&before);
    growing->damage.block = NULL;
    frames.left = 0;
    CHECK(!take(4 * PAGE) && unchanged());
    CHECK(growing->damage.block == broken);
    frames.left = FRAMES_ENOUGH;
    CHECK(!take(6 * PAGE) && unchanged());
    CHECK(growing->damage.block == broken);
    broken[0] ^= 0x40;
    CHECK(take(6 * PAGE) != NULL);
    CHECK_HOLDS(check());
}

/* In place there is no other gap: with as many frames as it lacks it is longer, else as it was. */
BOTH(d7_resizing_takes_no_more_frames_than_it_lacks)
{
    for (size_t nbytes = 100; nbytes < 10 * PAGE; nbytes += 1000) {
        for (size_t n = 0; n < 12; n++) {
            CHECK(begin_short(best, 40));
            uint8_t *object = take(60), *hole = take(10 * PAGE), *guard = take(16);
            CHECK(object && hole && guard && give(hole) == HEAP_FREED);
            memset(object, 0x17, 60);
            uint8_t *end = object + (nbytes + 15) / 16 * 16 + (best ? 0 : header);
            size_t lacks = 0;
            for (uint8_t *page = growing->window->start; page < end; page += PAGE)
                lacks += !window_has(growing->window, page, 1);
            look(&before);
            frames.left = n;
            bool done = resize(object, nbytes);
            CHECK(done == (n >= lacks) && (done || unchanged()));
            CHECK(is_filled(object, 60, 0x17));
            CHECK_HOLDS(check());
        }
    }
}
