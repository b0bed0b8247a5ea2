/* The user's functions for each allocation and free: told so, a list of what is live is right. */
#include "platheaps.h"

enum { LIVE = 300, STEPS = 30000 };

static struct {
    uint8_t *pointers[LIVE + 1]; /* live, as the heap says */
    size_t sizes[LIVE + 1], count, allocated, freed;
    bool wrong;
} told;

static size_t told_index(const void *pointer)
{
    size_t i = 0;
    while (i < told.count && told.pointers[i] != pointer)
        i++;
    return i;
}

static void allocated(void *context, void *pointer, size_t nbytes)
{
    told.wrong |= context != &user || user.depth != 1 || told_index(pointer) < told.count ||
                  told.count > LIVE || nbytes == 0;
    if (told.wrong)
        return;
    told.pointers[told.count] = pointer;
    told.sizes[told.count++] = nbytes;
    told.allocated++;
}

static void freed(void *context, void *pointer)
{
    size_t i = told_index(pointer);
    told.wrong |= context != &user || user.depth != 1 || i == told.count;
    if (told.wrong)
        return;
    told.pointers[i] = told.pointers[--told.count];
    told.sizes[i] = told.sizes[told.count];
    told.freed++;
}

static uint32_t random_state;

static uint32_t pick(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

static const struct platheap_options hooked = {.lock = lock,
                                               .unlock = unlock,
                                               .report = report,
                                               .allocated = allocated,
                                               .freed = freed,
                                               .context = &user};

static struct platheap *begin(size_t nbytes)
{
    memset(&user, 0, sizeof user);
    memset(&told, 0, sizeof told);
    return platheap_create(memory, nbytes, &hooked);
}

static void *change(struct platheap *heap, void *pointer, size_t nbytes)
{
    switch (pick(pointer ? 3 : 5)) {
    case 0:
        return platheap_realloc(heap, pointer, nbytes);
    case 1:
    case 2:
        return platheap_aligned_realloc(heap, pointer, (size_t)1 << pick(13), nbytes);
    case 3:
        return platheap_zalloc(heap, nbytes);
    default:
        return platheap_calloc(heap, nbytes, 1);
    }
}

/* In a heap that is large enough, and in one where requests fail all the time. */
CASE(platheap_hooks, what_is_told_is_what_is_live)
{
    static const size_t regions[] = {REGION, REGION / 8};
    static uint8_t *live[LIVE];
    static size_t sizes[LIVE];
    random_state = 7;
    for (size_t r = 0; r < 2; r++) {
        struct platheap *heap = begin(regions[r]);
        size_t nlive = 0, failed = 0;
        memset(live, 0, sizeof live);
        for (int step = 0; step < STEPS; step++) {
            size_t i = pick(LIVE), nbytes = 1 + pick(pick(4) ? 600 : 30000);
            if (live[i] && pick(2)) {
                CHECK_EQUAL(platheap_free(heap, live[i]), 0);
                CHECK(platheap_free(heap, live[i]) != 0); /* of which nothing is told */
                live[i] = NULL;
                nlive--;
            } else {
                uint8_t *now = change(heap, live[i], nbytes);
                failed += !now;
                nlive += now && !live[i];
                live[i] = now ? now : live[i];
                sizes[i] = now ? nbytes : sizes[i];
            }
            CHECK(!told.wrong && !user.wrong);
            CHECK_EQUAL(told.count, nlive);
            size_t at = told_index(live[i]);
            CHECK(!live[i] || (at < told.count && told.sizes[at] == sizes[i]));
        }
        CHECK((failed > 100) == (r == 1));
        CHECK_EQUAL(told.allocated - told.freed, nlive);
    }
}

/* One of the two is enough, and without a lock. */
CASE(platheap_hooks, half_of_them_will_do)
{
    for (int half = 0; half < 2; half++) {
        struct platheap_options options = hooked;
        options.lock = options.unlock = NULL;
        options.allocated = half ? allocated : NULL;
        options.freed = half ? NULL : freed;
        memset(&user, 0, sizeof user);
        memset(&told, 0, sizeof told);
        user.depth = 1; /* as if it were locked */
        struct platheap *heap = platheap_create(memory, REGION, &options);
        void *pointer = platheap_malloc(heap, 100);
        if (!half) {
            told.pointers[told.count] = pointer;
            told.sizes[told.count++] = 100;
        }
        CHECK_EQUAL(platheap_free(heap, pointer), 0);
        CHECK_EQUAL(told.count, half);
        CHECK_EQUAL(told.freed, !half);
        CHECK(!told.wrong);
    }
}

/* Whether a realloc's contents have moved when the lock is taken, and when it is released. */
static struct {
    uint8_t *moved;
    bool before, under_the_lock;
} copy;

static bool is_copied(void)
{
    return copy.moved && copy.moved[0] == 0x5a;
}

static void note_moved(void *context, void *pointer, size_t nbytes)
{
    (void)context, (void)nbytes;
    copy.moved = pointer;
}

static void note_lock(void *context)
{
    lock(context);
    copy.before = is_copied();
}

static void note_unlock(void *context)
{
    copy.under_the_lock |= is_copied() && !copy.before;
    unlock(context);
}

CASE(platheap_hooks, d11_what_moves_is_copied_without_the_lock)
{
    static const size_t sizes[] = {100, 3000, 6000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct platheap_options options = hooked;
        options.lock = note_lock;
        options.unlock = note_unlock;
        options.allocated = note_moved;
        options.freed = NULL;
        memset(&user, 0, sizeof user);
        memset(&copy, 0, sizeof copy);
        memset(memory, 0xee, sizeof memory);
        struct platheap *heap = platheap_create(memory, REGION, &options);
        uint8_t *bytes = platheap_malloc(heap, sizes[i]), *wall = platheap_malloc(heap, sizes[i]);
        CHECK(bytes && wall);
        memset(bytes, 0x5a, sizes[i]);
        uint8_t *moved = platheap_realloc(heap, bytes, 2 * sizes[i] + 5000);
        CHECK(moved && moved != bytes && moved == copy.moved && is_copied());
        CHECK(!copy.under_the_lock);
        CHECK_EQUAL(user.locks, user.unlocks);
    }
}
