/*
 * Theory. A group is 1, 4 or 16 blocks cut into 64 pieces. Its structure is a struct slab whose
 * pieces.free says of each piece whether it is free. Every allocation has 9 pieces or more, so at
 * most one begins in each eight: starts[i] says at which of the pieces from 8 * i on, and bins[i]
 * how long it is. An allocation that is freed may be kept whole, until one of as many
 * pieces is asked for: its byte in starts then has the flag PIECES_KEPT, so that it is seen not to
 * be live, and it stands among the runs of its bin.
 *
 * Invariant:
 *   - each piece is free, or belongs to one allocation, live or kept;
 *   - the runs of a bin are exactly the allocations of its size that are kept, and kept is the sum
 *     of their bytes;
 *   - nobjects of a group is the number of its allocations that are live; where none is, the group
 *     is its tier's empty one;
 *   - listed is a bound for the longest run of free pieces: a group is on its tier's list of that
 *     number, unless it is 0, and lists has a bit for each list that is not empty;
 *   - by_block of each of its blocks is the group; its origin is one byte before its start, its
 *     size and inverse are 0 (so that slab_free() finds no object in it).
 *
 * The lists: 1 to 24 for longest runs of 9 to 32 pieces, then five or six lengths a list, and the
 * last for all 64.
 *
 * An allocation that none was kept for goes into a group whose bound is the lowest that fits, and
 * there to the lowest place. The bound is made exact where the only run as long is taken, and where
 * it turns out to have promised too much: most allocations do not touch the longest run. (`make
 * bench` prints, for the churn, what all kinds together take for each live byte.)
 *
 * Cost: O(1). Space: sizeof(struct slab) a group.
 */
#include "memory/heap/pieces.h"

#include "lib/bits.h"
#include "lib/checked.h"
#include "memory/heap/pieces_private.h"
#include "memory/heap/slab_private.h"
#include "memory/memory.h"

#define ALL_FREE UINT64_MAX

enum { TRIES = 8 /* groups that an allocation looks at before it takes a new one */ };

_Static_assert(PIECES_A_GROUP << (6 + 2 * (PIECES_TIERS - 1)) == 2 * PIECES_LARGEST,
               "the largest object is half a group");
_Static_assert(SLAB_LARGEST == 8 << 6, "what slabs do not serve takes more than 8 pieces");
_Static_assert(PIECES_A_GROUP << 6 == HEAP_BLOCK_SIZE, "the smallest group is a block");

void pieces_init(struct pieces_heap *heap, struct slab_heap *slabs)
{
    memset(heap, 0, sizeof *heap);
    heap->slabs = slabs;
}

/* Writes GROUP into by_block of all its blocks, from START on. */
static void own_blocks(struct pieces_heap *heap, uint8_t *start, size_t tier, struct slab *group)
{
    struct slab **entry = slab_entry(heap->slabs, start);
    for (size_t i = 0; i < (size_t)1 << 2 * tier; i++)
        entry[i] = group;
}

/* A new group of TIER, on its list; NULL without memory. */
static struct slab *new_group(struct pieces_heap *heap, size_t tier)
{
    struct slab_source *source = &heap->slabs->source;
    struct slab *group = slab_new_structure(heap->slabs);
    if (!group)
        return NULL;
    uint8_t *start = source->get(source->context, (size_t)1 << 2 * tier);
    if (!start) {
        slab_put_structure(heap->slabs, group);
        return NULL;
    }
    group->origin = start - 1;
    group->size = group->nobjects = group->inverse = 0;
    group->class_index = (uint8_t)(SLAB_PIECES + tier);
    group->pieces.free = ALL_FREE;
    memset(group->pieces.starts, PIECES_NONE, sizeof group->pieces.starts);
    heap->blocks += (size_t)1 << 2 * tier;
    own_blocks(heap, start, tier, group);
    link_group(&heap->tiers[tier], group, list_for(PIECES_A_GROUP));
    return group;
}

/* GROUP, in which nothing is live or kept, goes. */
static void release(struct pieces_heap *heap, struct slab *group)
{
    struct slab_source *source = &heap->slabs->source;
    size_t tier = tier_of(group), nblocks = (size_t)1 << 2 * tier;
    uint8_t *start = group->origin + 1;
    unlink_group(&heap->tiers[tier], group);
    if (heap->tiers[tier].empty == group)
        heap->tiers[tier].empty = NULL;
    own_blocks(heap, start, tier, NULL);
    slab_put_structure(heap->slabs, group);
    heap->blocks -= nblocks;
    source->put(source->context, start, nblocks);
}

/* Frees the pieces of the allocation of GROUP that begins in the eight of number EIGHT. */
static inline void put_pieces(struct pieces_heap *heap, struct slab *group, size_t eight)
{
    unsigned place = group->pieces.starts[eight] % PIECES_KEPT;
    group->pieces.free ^= bits_run(place, pieces_length(group->pieces.bins[eight]));
    group->pieces.starts[eight] = PIECES_NONE;
    unsigned list = list_for(bits_length_around(group->pieces.free, place));
    if (list > group->listed) {
        unlink_group(&heap->tiers[tier_of(group)], group);
        link_group(&heap->tiers[tier_of(group)], group, list);
    }
}

/* The last of the runs of BIN that are kept is free from now on. */
static void release_run(struct pieces_heap *heap, size_t bin)
{
    uint8_t *start = heap->runs[bin][--heap->counts[bin]];
    size_t place = *start % PIECES_KEPT;
    heap->kept -= pieces_bytes(bin);
    put_pieces(heap, pieces_group(start, place), place / 8);
}

/* Makes the bound of GROUP exact. */
static void list_again(struct pieces_tier *tier, struct slab *group)
{
    unsigned list = list_for(bits_longest_run(group->pieces.free));
    if (list == group->listed)
        return;
    unlink_group(tier, group);
    link_group(tier, group, list);
}

/*
 * A group of TIER with a run of LENGTH free pieces, and in *PLACES where such runs begin; NULL
 * where there is none, or TRIES groups in turn had promised too much.
 */
static struct slab *group_with(struct pieces_heap *heap, size_t tier_index, unsigned length,
                               size_t tries, uint64_t *places)
{
    struct pieces_tier *tier = &heap->tiers[tier_index];
    unsigned list = list_for(length);
    while (tries-- > 0) {
        uint32_t fitting = tier->lists >> list;
        if (!fitting)
            return NULL;
        struct slab *group = tier->groups[list + (unsigned)__builtin_ctz(fitting)];
        *places = bits_runs(group->pieces.free, length);
        if (*places)
            return group;
        list_again(tier, group);
    }
    return NULL;
}

static void *serve(struct slab *group, unsigned place, size_t bin)
{
    group->pieces.free ^= bits_run(place, pieces_length(bin));
    group->pieces.starts[place / 8] = (uint8_t)place;
    group->pieces.bins[place / 8] = (uint8_t)bin;
    group->nobjects++;
    return group->origin + 1 + ((size_t)place << pieces_shift(pieces_tier(bin)));
}

/* From a new group; only without memory for that all of those are asked that may have room. */
static void *malloc_slowly(struct pieces_heap *heap, size_t bin)
{
    uint64_t places = 1;
    size_t tier = pieces_tier(bin);
    struct slab *group = new_group(heap, tier);
    if (!group)
        group = group_with(heap, tier, pieces_length(bin), SIZE_MAX, &places);
    return group ? serve(group, bits_lowest(places), bin) : NULL;
}

void *pieces_malloc(struct pieces_heap *heap, size_t nbytes)
{
    size_t bin = pieces_bin_for(nbytes);
    uint64_t places;
    void *kept = pieces_take_kept(heap, bin);
    if (kept)
        return kept;
    struct slab *group = group_with(heap, pieces_tier(bin), pieces_length(bin), TRIES, &places);
    if (!group)
        return malloc_slowly(heap, bin);
    void *pointer = serve(group, bits_lowest(places), bin);
    if (!(places & (places - 1))) /* it was the longest run, and the only one */
        list_again(&heap->tiers[pieces_tier(bin)], group);
    return pointer;
}

/* Whether PLACE, which is not free, lies in a run of GROUP that is kept. */
static bool is_kept(const struct slab *group, size_t place)
{
    for (size_t i = place / 8 + 1; i-- > 0;) {
        unsigned start = group->pieces.starts[i];
        if (start != PIECES_NONE && start % PIECES_KEPT <= place)
            return (start & PIECES_KEPT) != 0;
    }
    return false;
}

int pieces_find(const struct slab *group, const void *pointer, size_t *place)
{
    size_t offset = (size_t)((const uint8_t *)pointer - group->origin) - 1;
    unsigned shift = pieces_shift(tier_of(group));
    *place = offset >> shift;
    if (group->pieces.starts[*place / 8] == *place && *place << shift == offset)
        return HEAP_FREED;
    if ((group->pieces.free >> *place & 1) || is_kept(group, *place))
        return HEAP_ALREADY_FREE;
    return HEAP_NOT_FIRST;
}

/* Frees all of GROUP that is kept. */
static void release_runs_of(struct pieces_heap *heap, struct slab *group)
{
    for (size_t i = 0; i < sizeof group->pieces.starts; i++) {
        uint8_t *start = &group->pieces.starts[i];
        if (*start == PIECES_NONE)
            continue;
        size_t bin = group->pieces.bins[i];
        uint8_t **run = heap->runs[bin], **last = run + heap->counts[bin] - 1;
        while (*run != start)
            run++;
        *run = *last;
        *last = start;
        release_run(heap, bin);
    }
}

int pieces_free(struct pieces_heap *heap, struct slab *group, void *pointer)
{
    size_t place;
    int refusal = pieces_find(group, pointer, &place);
    if (refusal || pieces_keep(heap, group, pointer))
        return refusal;
    put_pieces(heap, group, place / 8);
    if (--group->nobjects > 0)
        return HEAP_FREED;
    struct pieces_tier *tier = &heap->tiers[tier_of(group)];
    if (tier->empty && tier->empty != group && tier->empty->nobjects == 0) {
        release_runs_of(heap, group);
        release(heap, group);
    } else {
        tier->empty = group;
    }
    return HEAP_FREED;
}

void pieces_release_kept(struct pieces_heap *heap)
{
    for (size_t bin = 0; bin < PIECES_BINS && heap->kept > 0; bin++)
        while (heap->counts[bin] > 0)
            release_run(heap, bin);
}

size_t pieces_trim(struct pieces_heap *heap)
{
    size_t before = heap->blocks;
    pieces_release_kept(heap);
    for (size_t tier = 0; tier < PIECES_TIERS; tier++)
        if (heap->tiers[tier].empty && heap->tiers[tier].empty->nobjects == 0)
            release(heap, heap->tiers[tier].empty);
    return before - heap->blocks;
}
