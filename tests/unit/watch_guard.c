/* A watched heap that puts allocations into guarded pages: what is found there. */
#include "case.h"
#include "watched.h"

enum { PAGES = 2 };

static bool is_open[2 * PAGES + 1];

static void set(void *context, void *page, bool open)
{
    bool *open_pages = context;
    open_pages[(size_t)((uint8_t *)page - watch.guard.pages.start) / GUARDED_PAGE] = open;
}

static void set_nothing(void *context, void *page, bool open)
{
    (void)context, (void)page, (void)open;
}

/* One of EVERY allocations is guarded. */
static bool begin(unsigned flags, size_t every)
{
    return begin_watching(flags | WATCH_RECORDS) &&
           watch_guard(&watch, sizeof is_open, set, is_open, every);
}

static bool is_guarded(const void *object)
{
    return guarded_holds(&watch.guard.pages, object);
}

CASE(watch_guard, one_of_so_many)
{
    CHECK(begin(0, 3));
    CHECK(!is_guarded(take(10)) && !is_guarded(take(10)) && is_guarded(take(10)));
    CHECK(!is_guarded(take(10)) && !is_guarded(take(10)));
    CHECK(!is_guarded(take(5000)));                                        /* too large .. */
    CHECK(!is_guarded(watch_malloc(&watch, OWNER_SHELL, 10, 0, here)));    /* .. another's .. */
    CHECK(is_guarded(watch_malloc(&watch, OWNER_KERNEL, 10, 2048, here))); /* .. so it waits */
    CHECK(!is_guarded(take(1)) && !is_guarded(take(1)) && !is_guarded(take(1))); /* none left */
    CHECK_EQUAL(seen.count, 0);
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(watch_guard, it_has_what_was_asked_for)
{
    CHECK(begin(WATCH_POISON, 1));
    uint8_t *object = take(100);
    CHECK(is_guarded(object));
    CHECK_EQUAL(watch_size(&watch, object), 100);
    for (size_t i = 0; i < 100; i++)
        CHECK_EQUAL(object[i], WATCH_FRESH);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    CHECK(!is_open[1]);
    CHECK_EQUAL(watch_size(&watch, object), 0);
    CHECK_EQUAL(watch_check(&watch), 0); /* does not look into a closed page */
    CHECK_EQUAL(watch.nlive, 0);
}

/* Every byte of its page that is not its own. */
CASE(watch_guard, writes_beside_it_are_found_when_it_is_freed)
{
    for (size_t at = 0; at < GUARDED_PAGE; at += 509) {
        CHECK(begin(0, 1));
        uint8_t *object = take(100), *page = guarded_page(object);
        size_t first = (size_t)(object - page);
        if (at >= first && at < first + 100)
            continue;
        page[at] ^= 1;
        CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
        CHECK_EQUAL(seen.count, 1);
        CHECK_EQUAL(seen.findings[0].kind, at < first ? WATCH_WROTE_BEFORE : WATCH_WROTE_BEHIND);
        CHECK_EQUAL(seen.findings[0].offset, at < first ? first - at : at - first);
        CHECK_EQUAL(seen.records[0].allocated_by[0], 11);
    }
}

CASE(watch_guard, touching_beyond_and_after_the_free)
{
    CHECK(begin(0, 1));
    uint8_t *object = take(96);
    CHECK(!watch_touched(&watch, arena[BLOCKS - 1], false)); /* not ours */
    CHECK_EQUAL(seen.count, 0);
    CHECK(watch_touched(&watch, object + 96, true));
    CHECK_EQUAL(seen.findings[0].kind, WATCH_TOUCHED_BEYOND);
    CHECK(seen.findings[0].pointer == object + 96 && seen.findings[0].write);
    CHECK(seen.findings[0].record && seen.records[0].address == object);
    CHECK(is_open[1] && is_open[2]);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    CHECK(watch_touched(&watch, object + 7, false));
    CHECK_EQUAL(seen.findings[1].kind, WATCH_TOUCHED_FREED);
    CHECK(seen.findings[1].record && !seen.findings[1].write);
    CHECK_EQUAL(seen.records[1].freed_by[0], 21);
    CHECK(is_open[1]);
    CHECK(watch_touched(&watch, watch.guard.pages.start + 4 * GUARDED_PAGE,
                        false)); /* beside a page never used */
    CHECK_EQUAL(seen.findings[2].kind, WATCH_TOUCHED_BEYOND);
    CHECK(seen.findings[2].record == NULL);
}

CASE(watch_guard, wrong_frees_are_refused)
{
    CHECK(begin(0, 1));
    uint8_t *object = take(96);
    CHECK_EQUAL(watch_free(&watch, object + 16, there), HEAP_NOT_FIRST);
    CHECK_EQUAL(watch_free(&watch, watch.guard.pages.start, there), HEAP_NOT_FIRST);
    CHECK_EQUAL(watch_free(&watch, object, there), HEAP_FREED);
    CHECK_EQUAL(watch_free(&watch, object, here), HEAP_ALREADY_FREE);
    CHECK_EQUAL(seen.count, 3);
    CHECK(seen.findings[2].record && seen.records[2].freed_by[0] == 21);
}

CASE(watch_guard, with_little_memory_there_are_fewer_pages)
{
    CHECK(begin(0, 1));
    size_t largest = heap_largest_free(&heap->heap);
    CHECK(block_heap_malloc_for(heap, OWNER_SHELL, (largest - 4) * HEAP_BLOCK_SIZE) != NULL);
    CHECK(watch_guard(&watch, 15, set_nothing, NULL, 1));
    CHECK_EQUAL(watch.guard.pages.count, 1);
    CHECK(!watch_guard(&watch, 15, set_nothing, NULL, 1));
}

/* Records come and go with the pages; many more allocations than pages. */
CASE(watch_guard, pages_are_used_again)
{
    CHECK(begin(WATCH_POISON | WATCH_RED_ZONES | WATCH_QUARANTINE, 1));
    for (size_t i = 0; i < 300; i++) {
        uint8_t *a = take(1 + i * 13 % 4096), *b = take(20), *c = take(30);
        CHECK(is_guarded(a) && is_guarded(b) && !is_guarded(c));
        CHECK_EQUAL(watch_free(&watch, b, there), HEAP_FREED);
        CHECK_EQUAL(watch_free(&watch, c, there), HEAP_FREED);
        CHECK_EQUAL(watch_free(&watch, a, there), HEAP_FREED);
    }
    watch_release(&watch);
    CHECK_EQUAL(watch.nlive, 0);
    CHECK_EQUAL(watch.nused, PAGES);
    CHECK_EQUAL(seen.count, 0);
    CHECK_HOLDS(block_heap_check(heap));
}
