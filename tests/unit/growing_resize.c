/* The heaps that grow: longer and shorter, both blocks and heaps, also when frames run out. */
#include "growing_heaps.h"

/* -- Longer and shorter -- */

BOTH(blocks_are_resized_in_place)
{
    static const size_t lengths[] = {1, 16, 17, 100, 2000, 4080, 4096, 5000, 9000, 20000, 39000};
    enum { LENGTHS = sizeof lengths / sizeof lengths[0] };
    for (size_t i = 0; i < LENGTHS; i++) {
        for (size_t j = 0; j < LENGTHS; j++) {
            CHECK(begin(best, 30));
            uint8_t *object = take(lengths[i]), *hole = take(40000), *guard = take(100);
            CHECK(object && hole && guard);
            CHECK(give(hole) == HEAP_FREED);
            memset(object, 0x12, lengths[i]);
            memset(guard, 0x34, 100);
            look(&before);
            size_t room = (size_t)(guard - header - object), had = frames.count;
            CHECK(!resize(object, room + 1) && unchanged());
            frames.left = 0;
            if (lengths[j] > lengths[i] + 3 * PAGE)
                CHECK(!resize(object, lengths[j]) && unchanged());
            frames.left = FRAMES_ENOUGH;
            CHECK(resize(object, lengths[j]) && size_of(object) >= lengths[j]);
            CHECK(size_of(object) < lengths[j] + 16 + header + 16);
            CHECK(is_filled(object, lengths[i < j ? i : j], 0x12) && is_filled(guard, 100, 0x34));
            CHECK(i <= j || frames.count <= had);
            memset(object, 0x56, size_of(object));
            CHECK_HOLDS(check());
            CHECK(resize(object, room) && size_of(object) == room);
            CHECK_HOLDS(check());
            CHECK(resize(object, 1) && is_filled(object, 1, 0x56));
            CHECK_HOLDS(check());
            CHECK(is_filled(guard, 100, 0x34));
            CHECK(give(guard) == HEAP_FREED && give(object) == HEAP_FREED);
            (void)trim();
            CHECK_EQUAL(frames.count, rest(best));
        }
    }
}

/* No room at all behind it; and at the break only what is there. */
BOTH(blocks_do_not_grow_over_others)
{
    CHECK(begin(best, 2));
    uint8_t *first = take(100), *second = take(100);
    look(&before);
    CHECK(!resize(first, size_of(first) + 1) && unchanged());
    size_t room = (size_t)(growing->window->brk - second);
    CHECK(!resize(second, room + 1) && unchanged());
    CHECK(resize(second, room) && size_of(second) == room);
    CHECK_HOLDS(check());
    CHECK(resize(first, 1) && resize(first, size_of(first)) && give(first) == HEAP_FREED);
    CHECK_HOLDS(check());
}

/* -- The Nth map fails -- */

static const struct {
    char call; /* malloc, free, resize or heap */
    uint8_t object;
    uint16_t nbytes, alignment;
} script[] = {
    {'m', 0, 100, 0},     {'m', 1, 40000, 0},  {'m', 2, 100, 0},   {'f', 1, 0, 0},
    {'m', 1, 9000, 4096}, {'m', 3, 60000, 0},  {'r', 1, 12000, 0}, {'f', 0, 0, 0},
    {'m', 0, 5000, 512},  {'h', 0, 40, 0},     {'f', 3, 0, 0},     {'m', 4, 20000, 0},
    {'r', 4, 30000, 0},   {'m', 5, 17, 0},     {'f', 4, 0, 0},     {'m', 4, 24000, 64},
    {'f', 2, 0, 0},       {'m', 2, 60000, 16}, {'r', 2, 10, 0},    {'m', 6, 48000, 0},
    {'h', 0, 48, 0},      {'f', 6, 0, 0},      {'m', 6, 50000, 0}, {'r', 6, 60000, 0},
    {'f', 5, 0, 0},       {'r', 0, 30000, 0},  {'h', 0, 2, 0},     {'m', 5, 33333, 2048},
    {'m', 7, 1, 0},       {'f', 6, 0, 0},      {'f', 0, 0, 0},     {'m', 0, 65000, 0},
};
enum {
    OBJECTS = 8,
    CALLS = sizeof script / sizeof script[0],
    MAPS_MOST = 20 /* in one call */
};

static struct {
    uint8_t *bytes;
    size_t size;
} objects[OBJECTS];

/* Whether call I succeeded; it has nothing to do where its object is not as it was in the plan. */
static bool do_call(size_t i)
{
    size_t object = script[i].object, nbytes = script[i].nbytes;
    uint8_t *bytes = objects[object].bytes;
    if (script[i].call == 'h')
        return growing_heap_resize(growing, nbytes * PAGE) != -ENOMEM;
    if (script[i].call == 'm' ? bytes != NULL : bytes == NULL)
        return true;
    if (script[i].call == 'f') {
        objects[object].bytes = NULL;
        return is_filled(bytes, objects[object].size, (uint8_t)object) && give(bytes) == HEAP_FREED;
    }
    if (script[i].call == 'r') {
        if (!resize(bytes, nbytes))
            return false;
    } else {
        bytes = allocator_malloc(&heap, nbytes, script[i].alignment);
        if (!bytes)
            return false;
    }
    objects[object].bytes = bytes;
    objects[object].size = nbytes;
    memset(bytes, (int)object, nbytes);
    return true;
}

/* Runs the script with N maps; each call that fails changes nothing. How many maps it asked for. */
static size_t run_script(struct case_run *run_, bool best, size_t n)
{
    if (!begin(best, 48))
        case_fail(run_, __FILE__, __LINE__, "no heap");
    memset(objects, 0, sizeof objects);
    frames.left = n;
    for (size_t i = 0; i < CALLS && !run_->failed; i++) {
        size_t left = frames.left;
        bool looks = left < MAPS_MOST || n == FRAMES_ENOUGH; /* else it is as in that run */
        if (looks)
            look(&before);
        if (!do_call(i) && (script[i].call == 'f' || (looks && !unchanged())))
            case_fail(run_, __FILE__, __LINE__, "call %zu with %zu maps of %zu", i, left, n);
        if (frames.left == 0 && left > 0) /* one failure only: the rest is as it was planned */
            frames.left = FRAMES_ENOUGH;
    }
    for (size_t i = 0; i < OBJECTS && !run_->failed; i++) {
        bool right =
            !objects[i].bytes || (is_filled(objects[i].bytes, objects[i].size, (uint8_t)i) &&
                                  give(objects[i].bytes) == HEAP_FREED);
        if (!right)
            case_fail(run_, __FILE__, __LINE__, "object %zu after %zu maps", i, n);
    }
    return frames.calls;
}

BOTH(c2_a_failed_map_changes_nothing)
{
    size_t most = run_script(run_, best, FRAMES_ENOUGH);
    CHECK(!run_->failed && most > 100);
    for (size_t n = 0; n <= most && !run_->failed; n++) {
        (void)run_script(run_, best, n);
        if (run_->failed)
            return;
        CHECK_HOLDS(check());
        (void)trim();
        CHECK_EQUAL(frames.count, rest(best));
    }
}

/* Longer for an allocation, and then its pages are not to be had: the heap is as long as before. */
BOTH(a_heap_that_grew_in_vain_shrinks_again)
{
    CHECK(begin(best, 40));
    uint8_t *object = take(100), *large = take(40000);
    CHECK(object && large && give(large) == HEAP_FREED);
    for (size_t n = 0; n < 40; n++) {
        look(&before);
        frames.left = n;
        uint8_t *longer = take(100000);
        frames.left = FRAMES_ENOUGH;
        CHECK(longer || unchanged());
        CHECK_HOLDS(check());
        CHECK(!longer || (give(longer) == HEAP_FREED && n > 17));
    }
}

/* -- The heap itself -- */

BOTH(heap_is_made_longer_and_shorter)
{
    CHECK(begin(best, 40));
    CHECK_EQUAL(growing_heap_resize(growing, 5 * PAGE - 1), 0); /* before anything else */
    CHECK(window_size(growing->window) == 5 * PAGE && frames.count == 5 + rest(best));
    CHECK_HOLDS(check());
    CHECK_EQUAL(growing_heap_resize(growing, 0), 0);
    CHECK(window_size(growing->window) == 0 && frames.count == rest(best));
    CHECK_HOLDS(check());
    CHECK_EQUAL(growing_heap_resize(growing, 40 * PAGE), 0);
    CHECK_EQUAL(frames.count, 40 + rest(best));
    uint8_t *object = take(2 * PAGE + 100);
    CHECK_EQUAL(frames.count, 40 + rest(best));
    look(&before);
    CHECK_EQUAL(growing_heap_resize(growing, 40 * PAGE + 1), -EINVARG);
    CHECK_EQUAL(growing_heap_resize(growing, SIZE_MAX), -EINVARG);
    CHECK_EQUAL(growing_heap_resize(growing, SIZE_MAX - PAGE), -EINVARG);
    CHECK_EQUAL(growing_heap_resize(growing, 2 * PAGE), -EINVARG);
    CHECK_EQUAL(growing_heap_resize(growing, 0), -EINVARG);
    CHECK(unchanged());
    memset(object, 0x21, 2 * PAGE + 100);
    for (size_t npages = 40; npages >= 3; npages--) {
        CHECK_EQUAL(growing_heap_resize(growing, npages * PAGE), 0);
        CHECK_EQUAL(frames.count, npages + rest(best));
        CHECK_HOLDS(check());
    }
    frames.left = 5;
    look(&before);
    CHECK_EQUAL(growing_heap_resize(growing, 12 * PAGE), -ENOMEM);
    CHECK(unchanged());
    CHECK(is_filled(object, 2 * PAGE + 100, 0x21));
    frames.left = 6;
    CHECK_EQUAL(growing_heap_resize(growing, 9 * PAGE), 0);
    CHECK_EQUAL(give(object), HEAP_FREED);
    (void)trim();
    CHECK(frames.count == rest(best) && window_size(growing->window) == 0);
}

/* The last allocation ends anywhere in a page: how far down the heap goes, and that it goes on. */
BOTH(heap_shrinks_to_the_last_allocation)
{
    for (size_t end = 16; end <= PAGE; end += 16) {
        CHECK(begin(best, 20));
        if (end < header + 16)
            continue;
        uint8_t *object = take(end - header);
        size_t npages = !best && end < PAGE && PAGE - end < header ? 2 : 1;
        CHECK(object != NULL);
        CHECK_EQUAL(window_size(growing->window), 16 * PAGE);
        CHECK_EQUAL(trim(), 16 - npages);
        CHECK_EQUAL(window_size(growing->window), npages * PAGE);
        CHECK_EQUAL(growing_heap_resize(growing, npages * PAGE - PAGE), -EINVARG);
        CHECK_HOLDS(check());
        uint8_t *second = take(19 * PAGE - header + PAGE - end);
        CHECK(second == object + end);
        CHECK_HOLDS(check());
        CHECK(give(second) == HEAP_FREED && give(object) == HEAP_FREED);
        CHECK_HOLDS(check());
    }
}
