/* Whether what span.c states at its top holds. Follows no number before it has looked at it. */
#include "memory/heap/span.h"

/* What a walk through the spans needs to know. */
struct walk {
    const struct span_heap *heap;
    const uint8_t *owners;
    uint8_t owner;
    size_t nblocks;
    size_t nlisted[SPAN_UNITS]; /* by length */
    size_t nspare;
};

/* Whether a listed run could begin at UNIT: its block is a span's. */
static bool is_unit(const struct walk *walk, uint32_t unit)
{
    size_t block = unit / SPAN_UNITS_A_BLOCK;
    return block < walk->nblocks && walk->owners[block] == walk->owner;
}

/* That what stands before the free run in its list leads to it. */
static bool span_is_listed(const struct walk *walk, uint32_t unit, uint32_t length)
{
    const struct span_link *links = walk->heap->links;
    uint32_t newer = links[unit / SPAN_GROUP].newer;
    if (newer == SPAN_NONE)
        return walk->heap->newest[length] == unit;
    return is_unit(walk, newer) && links[newer / SPAN_GROUP].older == unit;
}

/* The run of LENGTH units that begins at UNIT, whose first tag is right. */
static const char *span_check_run(struct walk *walk, uint32_t unit, uint32_t length, bool free)
{
    const uint16_t *tag = &walk->heap->tags[unit];
    uint32_t last = free ? TAG_LAST | length : 0;
    for (uint32_t i = 1; i + 1 < length; i++)
        if (tag[i])
            return "a unit inside of a run has a tag";
    if (length > 1 && (tag[length - 1] & ~(uint32_t)TAG_EDGES) != last)
        return "the last unit of a run does not say what the first one does";
    if (!free || length < SPAN_SHORTEST)
        return NULL;
    if (!span_is_listed(walk, unit, length))
        return "a free run is not in the list of its length";
    walk->nlisted[length]++;
    return NULL;
}

/* The span whose first unit is FIRST. */
static const char *check_span(struct walk *walk, uint32_t first)
{
    const uint16_t *tags = &walk->heap->tags[first];
    bool was_free = false;
    if (!(tags[0] & TAG_START) || !(tags[SPAN_UNITS - 1] & TAG_END))
        return "a span's ends are not marked";
    for (uint32_t i = 0; i < SPAN_UNITS; i++)
        if ((i > 0 && tags[i] & TAG_START) || (i + 1 < SPAN_UNITS && tags[i] & TAG_END))
            return "an end of a span is marked where none is";
    if (tags[0] == TAG_START) {
        walk->nspare++;
        return walk->heap->spare == first / SPAN_UNITS_A_BLOCK
                   ? span_check_run(walk, first, SPAN_UNITS, false)
                   : "a span is empty, and not the spare one";
    }
    for (uint32_t i = 0, length; i < SPAN_UNITS; i += length) {
        uint32_t tag = tags[i] & ~(uint32_t)TAG_EDGES;
        length = tag & TAG_LENGTH;
        bool free = (tag & TAG_FREE) != 0;
        uint32_t right =
            free ? TAG_FREE | length | (length == 1 ? TAG_LAST : 0) : TAG_TAKEN | length;
        if (tag != right || length == 0 || length > SPAN_UNITS - i ||
            (free && length == SPAN_UNITS) || (!free && length < SPAN_SHORTEST))
            return "a unit where a run has to begin has another tag";
        if (free && was_free)
            return "two free runs lie side by side";
        was_free = free;
        const char *broken = span_check_run(walk, first + i, length, free);
        if (broken)
            return broken;
    }
    return NULL;
}

/* How long the list of runs of LENGTH units is; SIZE_MAX where it leads elsewhere. */
static size_t span_count_list(const struct walk *walk, uint32_t length)
{
    const struct span_heap *heap = walk->heap;
    size_t count = 0;
    uint32_t newer = SPAN_NONE;
    for (uint32_t unit = heap->newest[length]; unit != SPAN_NONE;
         unit = heap->links[unit / SPAN_GROUP].older) {
        if (!is_unit(walk, unit) || ++count > walk->nlisted[length] ||
            heap->links[unit / SPAN_GROUP].newer != newer ||
            (heap->tags[unit] & (TAG_FREE | TAG_LENGTH)) != (TAG_FREE | length))
            return SIZE_MAX;
        newer = unit;
    }
    return count;
}

const char *span_check(const struct span_heap *heap, const uint8_t *owners, uint8_t owner,
                       size_t nblocks)
{
    struct walk walk = {.heap = heap, .owners = owners, .owner = owner, .nblocks = nblocks};
    for (size_t block = 0; block < nblocks;) {
        if (owners[block] != owner) {
            block++;
            continue;
        }
        const char *broken = nblocks - block < SPAN_BLOCKS
                                 ? "a span ends beyond the heap"
                                 : check_span(&walk, (uint32_t)block * SPAN_UNITS_A_BLOCK);
        if (broken)
            return broken;
        block += SPAN_BLOCKS;
    }
    if (walk.nspare != (heap->spare != SPAN_NONE))
        return "the spare span is not empty";
    for (uint32_t length = 0; length < SPAN_WORDS * 32; length++) {
        bool bit = heap->bins[length / 32] >> length % 32 & 1;
        size_t nlisted = length < SPAN_UNITS ? walk.nlisted[length] : 0;
        if (bit != (nlisted > 0))
            return "a bit says that there are free runs of a length, or that there are none";
        if (length < SPAN_UNITS && span_count_list(&walk, length) != nlisted)
            return "the list of a length is not that of its free runs";
    }
    return NULL;
}
