/* The heaps that grow: wrong frees, and headers that were overwritten. */
#include "growing_heaps.h"

/* -- Wrong frees -- */

/* Some live objects, some holes, small and large. The live ones, by address, are in LIVE. */
static bool mixture(bool best, uint8_t **live, size_t *count)
{
    static const size_t asked[] = {40, 100, 16, 5000, 300, 30000, 1, 4096, 64};
    uint8_t *objects[9];
    *count = 0;
    if (!begin(best, 24))
        return false;
    for (size_t i = 0; i < 9; i++)
        if (!(objects[i] = take(asked[i])))
            return false;
    for (size_t i = 0; i < 9; i++) {
        if (i % 2 == 0)
            live[(*count)++] = objects[i];
        else if (give(objects[i]))
            return false;
    }
    return true;
}

static bool refused(void *pointer, int wanted)
{
    int reason = 0;
    size_t was = growing->refused;
    return allocator_size(&heap, pointer, &reason) == 0 && reason == wanted &&
           !resize(pointer, 16) && !resize(pointer, 5000) && give(pointer) == wanted &&
           growing->refused == was + 1;
}

BOTH(wrong_pointers_are_refused)
{
    uint8_t *live[9];
    size_t count;
    CHECK(mixture(best, live, &count));
    look(&before);
    uint8_t *start = growing->window->start, *brk = growing->window->brk;
    for (uint8_t *at = start; at < brk; at += 8) {
        bool in_live = false, is_first = false;
        for (size_t i = 0; i < count; i++) {
            in_live |= at >= live[i] - header && at < live[i] + size_of(live[i]);
            is_first |= at == live[i];
        }
        if (!is_first)
            CHECK(refused(at, (uintptr_t)at % 16 ? HEAP_MISALIGNED
                              : in_live          ? HEAP_NOT_FIRST
                                                 : HEAP_ALREADY_FREE));
    }
    uintptr_t end = (uintptr_t)start + growing->window->nbytes;
    void *foreign[] = {NULL,
                       (void *)((uintptr_t)start - 1),
                       (void *)((uintptr_t)start - 16),
                       brk,
                       (void *)((uintptr_t)brk + header),
                       (void *)end,
                       (void *)(end + 16),
                       &frames,
                       (void *)UINTPTR_MAX,
                       (void *)(UINTPTR_MAX - 15),
                       (void *)(uintptr_t)16};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        CHECK(refused(foreign[i], HEAP_OUT_OF_RANGE));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 1; j < 16; j++)
            CHECK(refused(live[i] + j, HEAP_MISALIGNED));
    CHECK(unchanged());
    CHECK_HOLDS(check());
}

BOTH(n5_double_frees_change_nothing)
{
    uint8_t *live[9];
    size_t count;
    CHECK(mixture(best, live, &count));
    for (size_t i = 0; i < count; i++) {
        CHECK_EQUAL(give(live[i]), HEAP_FREED);
        look(&before);
        for (size_t j = 0; j <= i; j++) {
            int reason = (uintptr_t)live[j] < (uintptr_t)growing->window->brk ? HEAP_ALREADY_FREE
                                                                              : HEAP_OUT_OF_RANGE;
            CHECK(refused(live[j], reason) && refused(live[j], reason));
        }
        CHECK(unchanged());
        CHECK_HOLDS(check());
    }
}

/* Pointers to what was merged away: below, above, in pages that went, that came back as junk, and
 * in the middle of who lives there now. */
BOTH(stale_pointers_are_refused)
{
    for (size_t nbytes = 48; nbytes < 20000; nbytes = nbytes * 3) {
        CHECK(begin(best, 40));
        uint8_t *objects[5];
        for (size_t i = 0; i < 5; i++)
            CHECK((objects[i] = take(nbytes)) != NULL);
        CHECK(give(objects[1]) == HEAP_FREED && give(objects[3]) == HEAP_FREED &&
              give(objects[2]) == HEAP_FREED);
        look(&before);
        for (size_t i = 1; i < 4; i++)
            CHECK(refused(objects[i], HEAP_ALREADY_FREE));
        CHECK(unchanged());
        uint8_t *over = take(3 * nbytes + 2 * header);
        CHECK(over == objects[1]);
        look(&before);
        CHECK(refused(objects[2], HEAP_NOT_FIRST) && refused(objects[3], HEAP_NOT_FIRST));
        CHECK(unchanged());
        CHECK(give(over) == HEAP_FREED && give(objects[4]) == HEAP_FREED);
        CHECK(give(objects[0]) == HEAP_FREED);
        (void)trim();
        for (size_t i = 0; i < 5; i++)
            CHECK(refused(objects[i], HEAP_OUT_OF_RANGE));
        CHECK_EQUAL(growing_heap_resize(growing, 40 * PAGE), 0);
        for (size_t i = 0; i < 5; i++)
            CHECK(refused(objects[i], HEAP_ALREADY_FREE));
        CHECK_HOLDS(check());
    }
}

/* -- Overwritten headers -- */

enum { BLOCKS = 5, VALUES = 8 };

/* Words of a header that are ever looked at: their places. */
static size_t word_at(bool best, size_t i)
{
    static const size_t of_list[] = {offsetof(struct memory_block, size),
                                     offsetof(struct memory_block, next)};
    static const size_t of_fit[] = {offsetof(struct best_fit_block, size),
                                    offsetof(struct best_fit_block, previous),
                                    offsetof(struct best_fit_block, next)};
    return i == 0 ? 0 : best ? of_fit[i - 1] : of_list[i - 1];
}

/* Writes another word there; false where VALUE makes none. The seal has 32 bits. */
static bool spoil(uint8_t *place, bool seal, size_t value, const void *other, size_t *was)
{
    size_t word = 0, nbytes = seal ? 4 : sizeof word;
    memcpy(&word, place, nbytes);
    *was = word;
    const size_t all[VALUES] = {
        0,     word ^ 1, word ^ 16,        word ^ 0x1000,
        ~word, SIZE_MAX, (uintptr_t)other, word ^ (size_t)1 << (nbytes * 8 - 1)};
    memcpy(place, &all[value], nbytes);
    return memcmp(place, was, nbytes) != 0;
}

/* Five blocks; with HOLES, the second and the fourth are free. */
static bool make_blocks(bool best, bool holes, uint8_t **blocks)
{
    if (!begin(best, 4))
        return false;
    for (size_t i = 0; i < BLOCKS; i++)
        if (!(blocks[i] = take(100 + i * 50)))
            return false;
    return !holes || (!give(blocks[1]) && !give(blocks[3]));
}

/* Whether freeing the block in the middle looks at word WORD of block I's header. */
static bool is_looked_at(bool best, bool holes, size_t i, size_t word)
{
    if (i == 2)
        return true;
    if (!best)
        return i == 3 || (holes && i == 1);
    return holes ? (i == 0 && word != 2) || (i == 4 && word != 3)
                 : (i == 1 && word != 2) || (i == 3 && word != 3);
}

BOTH(overwritten_headers_are_noticed)
{
    uint8_t *blocks[BLOCKS];
    for (size_t each = 0; each < BLOCKS * 4 * VALUES * 2; each++) {
        size_t value = each % VALUES, word = each / VALUES % 4, i = each / VALUES / 4 % BLOCKS, was;
        bool holes = each >= BLOCKS * 4 * VALUES;
        if (word >= 3u + best || (best && holes && i % 2 == 1))
            continue;
        CHECK(make_blocks(best, holes, blocks));
        uint8_t *place = blocks[i] - header + word_at(best, word);
        if (!spoil(place, word == 0, value, blocks[0] - header, &was))
            continue;
        look(&before);
        CHECK(check() != NULL);
        size_t refusals = growing->refused;
        if (is_looked_at(best, holes, i, word)) {
            CHECK_EQUAL(give(blocks[2]), HEAP_BROKEN);
            CHECK(!resize(blocks[2], 16) && !resize(blocks[2], 250) && !size_of(blocks[i] + 1));
            CHECK(unchanged() && growing->refused == refusals + 1);
            const uint8_t *block = growing->damage.block, *neighbour = growing->damage.neighbour;
            CHECK(block == blocks[i] - header || neighbour == blocks[i] - header);
            if (i == 3 && !holes)
                CHECK(block == blocks[2] - header && neighbour == blocks[3] - header);
            if (i == 2 && word < 2)
                CHECK(block == blocks[2] - header &&
                      neighbour == blocks[best && holes ? 0 : 1] - header);
            memcpy(place, &was, word ? sizeof was : 4);
        }
        CHECK_EQUAL(give(blocks[2]), HEAP_FREED);
        if (is_looked_at(best, holes, i, word))
            CHECK_HOLDS(check());
    }
}

/* No other call believes them so far that it touches memory that is not the heap's. */
BOTH(overwritten_headers_lead_nowhere)
{
    uint8_t *blocks[BLOCKS];
    for (size_t each = 0; each < BLOCKS * 4 * VALUES * 6; each++) {
        size_t value = each % VALUES, word = each / VALUES % 4, i = each / VALUES / 4 % BLOCKS, was;
        size_t first = each / VALUES / 4 / BLOCKS;
        if (word >= 3u + best || (best && i % 2 == 1))
            continue;
        CHECK(make_blocks(best, true, blocks));
        if (!spoil(blocks[i] - header + word_at(best, word), word == 0, value,
                   blocks[4 - i] - header, &was)) /* the last one's next may be the first */
            continue;
        for (size_t call = first; call < first + 6; call++) {
            uint8_t *object = call % 6 == 0 ? take(60) : call % 6 == 1 ? take(5000) : NULL;
            if (object)
                memset(object, 0x99, 60);
            if (call % 6 == 2)
                (void)trim();
            else if (call % 6 == 3)
                CHECK(growing_heap_resize(growing, 3 * PAGE) != -ENOMEM);
            else if (call % 6 == 4)
                (void)allocator_statistics(&heap);
            for (size_t j = 0; call % 6 == 5 && j < BLOCKS; j++)
                (void)(resize(blocks[j], 120) || give(blocks[j]));
            CHECK(give(blocks[0] + 16) != HEAP_FREED);
            CHECK(give(growing->window->start + 4 * PAGE - 16) != HEAP_FREED);
        }
        CHECK(!frames.wrong && window_check(growing->window) == NULL);
    }
}

/* An entry of the array that contradicts the headers beside it is not cut. */
CASE(growing, overwritten_gaps_are_noticed)
{
    uint8_t *blocks[BLOCKS];
    for (size_t i = 0; i < 4; i++) {
        CHECK(make_blocks(true, true, blocks));
        struct free_piece *gap = &shared->best_fit.free.pieces[0];
        CHECK(gap->start == blocks[1] - header && gap->before == blocks[0] - header);
        gap->start += i == 0 ? 16 : 0;
        gap->nbytes -= i == 1 ? 16 : 0;
        gap->before = i == 2 ? blocks[2] - header : i == 3 ? NULL : gap->before;
        look(&before);
        CHECK(!take(32) && unchanged());
        CHECK(growing->damage.block != NULL);
        CHECK(i > 1 || check() != NULL);
    }
}
