/*
 * Theory. A group is 1, 4 or 16 blocks cut into 64 pieces. Its structure is a struct slab whose
 * pieces.free and pieces.first say of each piece whether it is free and whether an allocation
 * begins with it. So an allocation reaches from its first piece to the next that is free or first:
 * no lengths are kept. All that is asked of a group is answered by a few shifts of these words.
 *
 * Invariant:
 *   - no piece is both free and first; below every piece that is neither there is a first one with
 *     nothing free between;
 *   - listed is a bound for the longest run of free pieces: no run is longer; a group is on its
 *     tier's list for that, unless it is 0, and lengths has a bit for each list that is not empty;
 *   - by_block of each of its blocks is the group; its origin is one byte before its start, its
 *     size and inverse are 0 (so that slab_free() finds no object in it);
 *   - a group that is all free is its tier's empty one.
 *
 * An allocation goes into a group whose bound is the lowest that fits, and there to the lowest
 * place. The bound is made exact only where it turns out to have promised too much: most
 * allocations do not touch the longest run. (`make bench` prints, for the churn, what all kinds
 * together take for each live byte.)
 *
 * Cost: O(1). Space: sizeof(struct slab) a group.
 */
#include "memory/heap/pieces.h"

#include "lib/bits.h"
#include "lib/checked.h"
#include "memory/heap/slab_private.h"
#include "memory/memory.h"

#define ALL_FREE UINT64_MAX

enum { TRIES = 16 /* groups that an allocation looks at before it takes a new one */ };

/* Tier t has pieces of 64 * 4^t bytes and groups of 4^t blocks. */
static inline unsigned piece_shift(size_t tier)
{
    return 6 + 2 * (unsigned)tier;
}

_Static_assert(PIECES_A_GROUP << (6 + 2 * (PIECES_TIERS - 1)) == 2 * PIECES_LARGEST,
               "the largest object is half a group");
_Static_assert(SLAB_LARGEST == 8 << 6, "what slabs do not serve takes more than 8 pieces");
_Static_assert(PIECES_A_GROUP << 6 == HEAP_BLOCK_SIZE, "the smallest group is a block");

static inline size_t tier_for(size_t nbytes)
{
    return nbytes <= 32 << 6 ? 0 : nbytes <= 32 << 8 ? 1 : 2;
}

static inline size_t tier_of(const struct slab *group)
{
    return (size_t)group->class_index - SLAB_PIECES;
}

void pieces_init(struct pieces_heap *heap, struct slab_heap *slabs)
{
    memset(heap, 0, sizeof *heap);
    heap->slabs = slabs;
}

static void link_group(struct pieces_heap *heap, struct slab *group)
{
    struct pieces_tier *tier = &heap->tiers[tier_of(group)];
    struct slab **head = &tier->groups[group->listed];
    if (!group->listed)
        return;
    group->previous = NULL;
    group->next = *head;
    if (*head)
        (*head)->previous = group;
    *head = group;
    tier->lengths |= (uint64_t)1 << (group->listed - 1);
}

static void unlink_group(struct pieces_heap *heap, struct slab *group)
{
    struct pieces_tier *tier = &heap->tiers[tier_of(group)];
    if (!group->listed)
        return;
    if (group->next)
        group->next->previous = group->previous;
    if (group->previous)
        group->previous->next = group->next;
    else if (!(tier->groups[group->listed] = group->next))
        tier->lengths ^= (uint64_t)1 << (group->listed - 1);
}

/* Puts GROUP on the list where it belongs with the bound LONGEST. */
static void list_as(struct pieces_heap *heap, struct slab *group, unsigned longest)
{
    unlink_group(heap, group);
    group->listed = (uint8_t)longest;
    link_group(heap, group);
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
    group->listed = PIECES_A_GROUP;
    group->pieces.free = ALL_FREE;
    group->pieces.first = 0;
    heap->blocks += (size_t)1 << 2 * tier;
    own_blocks(heap, start, tier, group);
    link_group(heap, group);
    return group;
}

/*
 * A group of TIER with a run of LENGTH free pieces, and in *PLACES where such runs begin; NULL
 * without memory. Where a few groups in turn had promised too much, a new one is cheaper; only
 * without memory for that all of them are asked.
 */
static struct slab *group_with(struct pieces_heap *heap, size_t tier, unsigned length,
                               uint64_t *places)
{
    for (int tries = 0;; tries++) {
        uint64_t fitting = heap->tiers[tier].lengths >> (length - 1);
        struct slab *group = !fitting || tries == TRIES ? new_group(heap, tier) : NULL;
        if (!group && !fitting)
            return NULL;
        if (!group)
            group = heap->tiers[tier].groups[length + bits_lowest(fitting)];
        *places = bits_runs(group->pieces.free, length);
        if (*places)
            return group;
        list_as(heap, group, bits_longest_run(group->pieces.free));
    }
}

void *pieces_malloc(struct pieces_heap *heap, size_t nbytes)
{
    size_t tier = tier_for(nbytes);
    unsigned length = (unsigned)units_to_hold(nbytes, (size_t)1 << piece_shift(tier));
    uint64_t places;
    struct slab *group = group_with(heap, tier, length, &places);
    if (!group)
        return NULL;
    unsigned place = bits_lowest(places);
    group->pieces.free ^= bits_run(place, length);
    group->pieces.first |= (uint64_t)1 << place;
    return group->origin + 1 + ((size_t)place << piece_shift(tier));
}

/* How many pieces the allocation has that begins with PLACE. */
static unsigned length_at(const struct slab *group, unsigned place)
{
    uint64_t end = (group->pieces.free | group->pieces.first) >> place >> 1;
    return end ? bits_lowest(end) + 1 : PIECES_A_GROUP - place;
}

/* Whether an allocation begins at POINTER, and with which piece. */
static int find(const struct slab *group, const void *pointer, unsigned *place)
{
    size_t offset = (size_t)((const uint8_t *)pointer - group->origin) - 1;
    *place = (unsigned)(offset >> piece_shift(tier_of(group)));
    if (group->pieces.free >> *place & 1)
        return HEAP_ALREADY_FREE;
    if ((size_t)*place << piece_shift(tier_of(group)) != offset ||
        !(group->pieces.first >> *place & 1))
        return HEAP_NOT_FIRST;
    return HEAP_FREED;
}

static void release(struct pieces_heap *heap, struct slab *group)
{
    struct slab_source *source = &heap->slabs->source;
    size_t tier = tier_of(group), nblocks = (size_t)1 << 2 * tier;
    uint8_t *start = group->origin + 1;
    unlink_group(heap, group);
    if (heap->tiers[tier].empty == group)
        heap->tiers[tier].empty = NULL;
    own_blocks(heap, start, tier, NULL);
    slab_put_structure(heap->slabs, group);
    heap->blocks -= nblocks;
    source->put(source->context, start, nblocks);
}

int pieces_free(struct pieces_heap *heap, struct slab *group, void *pointer)
{
    unsigned place;
    int refusal = find(group, pointer, &place);
    if (refusal)
        return refusal;
    group->pieces.free ^= bits_run(place, length_at(group, place));
    group->pieces.first ^= bits_run(place, 1);
    unsigned run = bits_length_around(group->pieces.free, place);
    if (run > group->listed)
        list_as(heap, group, run);
    if (run < PIECES_A_GROUP)
        return HEAP_FREED;
    struct pieces_tier *tier = &heap->tiers[tier_of(group)];
    if (tier->empty && tier->empty != group && tier->empty->pieces.free == ALL_FREE)
        release(heap, group);
    else
        tier->empty = group;
    return HEAP_FREED;
}

size_t pieces_size(const struct slab *group, const void *pointer, int *refusal)
{
    unsigned place;
    int reason = find(group, pointer, &place);
    if (refusal)
        *refusal = reason;
    return reason ? 0 : (size_t)length_at(group, place) << piece_shift(tier_of(group));
}

bool pieces_resize(struct pieces_heap *heap, struct slab *group, void *pointer, size_t nbytes)
{
    unsigned place;
    size_t tier = tier_of(group);
    if (nbytes <= SLAB_LARGEST || nbytes > PIECES_LARGEST || tier_for(nbytes) != tier ||
        find(group, pointer, &place))
        return false;
    unsigned was = length_at(group, place);
    unsigned length = (unsigned)units_to_hold(nbytes, (size_t)1 << piece_shift(tier));
    uint64_t run = bits_run(place, length), others = ~group->pieces.free & ~bits_run(place, was);
    if (place + length > PIECES_A_GROUP || (run & others))
        return false;
    group->pieces.free = (group->pieces.free | bits_run(place, was)) & ~run;
    unsigned longest = bits_longest_run(group->pieces.free);
    if (longest > group->listed)
        list_as(heap, group, longest);
    return true;
}

size_t pieces_trim(struct pieces_heap *heap)
{
    size_t before = heap->blocks;
    for (size_t tier = 0; tier < PIECES_TIERS; tier++)
        if (heap->tiers[tier].empty && heap->tiers[tier].empty->pieces.free == ALL_FREE)
            release(heap, heap->tiers[tier].empty);
    return before - heap->blocks;
}
