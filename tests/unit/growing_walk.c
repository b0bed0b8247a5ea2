/* The heaps that grow as somebody sees them who looks: all their pieces, and those of a search. */
#include "growing_heaps.h"

enum { OBJECTS = 60, PIECES = 4 * OBJECTS };

static struct {
    struct growing_piece pieces[PIECES];
    enum growing_verdict verdicts[PIECES];
    size_t count, most;
} seen;

static bool note(void *context, const struct growing_piece *piece, enum growing_verdict verdict)
{
    (void)context;
    if (seen.count == PIECES)
        return false;
    seen.pieces[seen.count] = *piece;
    seen.verdicts[seen.count++] = verdict;
    return seen.count < seen.most;
}

static struct growing_visitor visitor_of(size_t most)
{
    seen.count = 0;
    seen.most = most;
    return (struct growing_visitor){.visit = note};
}

static bool walk(size_t most)
{
    return growing->kind->each(growing, visitor_of(most));
}

static uint8_t *objects[OBJECTS];

/* Objects of many sizes, of which two in five are free again. */
static bool fill(bool best)
{
    if (!begin(best, 40))
        return false;
    for (size_t i = 0; i < OBJECTS; i++)
        if (!(objects[i] = take(16 + i * 37 % 1000)))
            return false;
    for (size_t i = 0; i < OBJECTS; i += i % 5 == 0 ? 2 : 3)
        if (give(objects[i]) != HEAP_FREED)
            return false;
        else
            objects[i] = NULL;
    return true;
}

BOTH(its_pieces_lead_from_the_start_to_the_break)
{
    CHECK(begin(best, 8));
    CHECK(walk(PIECES));
    CHECK_EQUAL(seen.count, 0);
    CHECK(fill(best) && walk(PIECES));
    const uint8_t *at = growing->window->start;
    size_t nlive = 0, nfree = 0;
    for (size_t i = 0; i < seen.count; i++) {
        const struct growing_piece *piece = &seen.pieces[i];
        CHECK(piece->start == at && piece->nbytes > 0);
        CHECK(piece->has_header == (piece->live || !best));
        at += piece->nbytes;
        nlive += piece->live;
        nfree += piece->live ? 0 : piece->nbytes;
        CHECK(i == 0 || piece->live || seen.pieces[i - 1].live);
    }
    CHECK(at == growing->window->brk);
    CHECK_EQUAL(nlive, growing->nlive);
    struct growing_picture picture;
    growing->kind->picture(growing, &picture);
    CHECK_EQUAL(nfree, picture.nbytes);
    size_t count = seen.count;
    CHECK_EQUAL(count, nlive + picture.npieces);
    for (size_t i = 0; i < OBJECTS; i++) {
        if (!objects[i])
            continue;
        size_t found = 0;
        for (size_t j = 0; j < count; j++)
            found += seen.pieces[j].live && seen.pieces[j].start + header == objects[i] &&
                     seen.pieces[j].nbytes == size_of(objects[i]) + header;
        CHECK_EQUAL(found, 1);
    }
    for (size_t most = 1; most < count; most++) { /* it ends where it is told to */
        CHECK(walk(most));
        CHECK_EQUAL(seen.count, most);
    }
}

/* What is chosen is what malloc then takes; first fit looks at each below, best fit at log2. */
BOTH(the_last_piece_that_a_search_looks_at_is_taken)
{
    for (size_t nbytes = 16; nbytes < 70000; nbytes += nbytes < 1100 ? 12 : 9000) {
        CHECK(fill(best));
        size_t size = (nbytes + header + 15) / 16 * 16, nfree = 0, fits = 0;
        const uint8_t *expected = NULL;
        size_t smallest = SIZE_MAX;
        CHECK(walk(PIECES));
        for (size_t i = 0; i < seen.count; i++) {
            const struct growing_piece *piece = &seen.pieces[i];
            nfree += !piece->live;
            if (piece->live || piece->nbytes < size)
                continue;
            fits++;
            if (best ? piece->nbytes < smallest : !expected) {
                smallest = piece->nbytes;
                expected = piece->start;
            }
        }
        CHECK(growing->kind->search(growing, size, visitor_of(PIECES)));
        CHECK(seen.count <= (best ? 8u : nfree));
        size_t nchosen = 0;
        for (size_t i = 0; i < seen.count; i++) {
            const struct growing_piece *piece = &seen.pieces[i];
            CHECK(!piece->live && piece->has_header == !best);
            CHECK((seen.verdicts[i] == GROWING_TOO_SMALL) == (piece->nbytes < size));
            CHECK(best || i == 0 || seen.pieces[i - 1].start < piece->start);
            nchosen += seen.verdicts[i] == GROWING_CHOSEN;
        }
        CHECK_EQUAL(nchosen, fits > 0);
        const uint8_t *chosen = seen.count ? seen.pieces[seen.count - 1].start : NULL;
        CHECK(fits == 0 || (seen.verdicts[seen.count - 1] == GROWING_CHOSEN && chosen == expected));
        for (size_t most = 1, count = seen.count; most < count; most++) {
            CHECK(growing->kind->search(growing, size, visitor_of(most)));
            CHECK_EQUAL(seen.count, most);
        }
        uint8_t *object = take(nbytes);
        CHECK(object && (fits == 0 || object == expected + header));
    }
}

BOTH(overwritten_headers_end_a_walk)
{
    CHECK(fill(best));
    size_t at = 0;
    while (!objects[at])
        at++;
    uint32_t *seal = (uint32_t *)(void *)(objects[at] - header);
    *seal ^= 1;
    CHECK(!walk(PIECES));
    *seal ^= 1;
    CHECK(walk(PIECES));
    if (!best) { /* of a free block, too, on the way of a search */
        CHECK(!seen.pieces[0].live);
        seal = (uint32_t *)(uintptr_t)seen.pieces[0].start;
        *seal ^= 1;
        CHECK(!walk(PIECES) && !growing->kind->search(growing, 1 << 20, visitor_of(PIECES)));
        *seal ^= 1;
    }
    CHECK_HOLDS(check());
}
