/* Whether what pieces.c states at its top holds; and what its bits add up to. */
#include "memory/heap/pieces.h"

static size_t blocks_of(const struct slab *group)
{
    return (size_t)1 << 2 * (group->class_index - SLAB_PIECES);
}

/* The longest run of bits in WORD, one by one. */
static unsigned longest_run(uint64_t word)
{
    unsigned longest = 0, length = 0;
    for (unsigned i = 0; i < PIECES_A_GROUP; i++) {
        length = word >> i & 1 ? length + 1 : 0;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Whether what begins in the eight of number EIGHT stands among the runs of its bin, once. */
static bool is_among_runs(const struct pieces_heap *heap, const struct slab *group, unsigned eight)
{
    size_t bin = group->pieces.bins[eight], found = 0;
    for (size_t i = 0; i < heap->counts[bin] && i < PIECES_KEPT_RUNS; i++)
        found += heap->runs[bin][i] == &group->pieces.starts[eight];
    return found == 1;
}

/*
 * Whether each piece is free or of one allocation, and each allocation has as many as its tier
 * serves; and in *NLIVE how many of them are live, in KEPT how many of each bin are not.
 */
static bool pieces_are_sound(const struct pieces_heap *heap, const struct slab *group,
                             size_t *nlive, size_t kept[PIECES_BINS])
{
    uint64_t covered = group->pieces.free;
    for (unsigned i = 0; i < PIECES_A_GROUP / 8; i++) {
        unsigned start = group->pieces.starts[i], bin = group->pieces.bins[i];
        if (start == PIECES_NONE)
            continue;
        unsigned place = start % PIECES_KEPT, length = pieces_length(bin);
        if (start >= 2 * PIECES_KEPT || place / 8 != i || length < PIECES_SHORTEST ||
            pieces_tier(bin) != (size_t)group->class_index - SLAB_PIECES ||
            place + length > PIECES_A_GROUP)
            return false;
        uint64_t run = (uint64_t)(UINT32_MAX >> (32 - length)) << place;
        if (covered & run)
            return false;
        covered |= run;
        if (start < PIECES_KEPT)
            ++*nlive;
        else if (++kept[bin] > PIECES_KEPT_RUNS || !is_among_runs(heap, group, i))
            return false;
    }
    return covered == UINT64_MAX;
}

/* The longest run that a group of list number LIST may have. */
static unsigned bound_of(unsigned list)
{
    static const uint8_t above[] = {38, 43, 48, 54, 59, 63, 64};
    return list <= PIECES_EXACT_LISTS ? PIECES_SHORTEST - 1 + list
                                      : above[list - PIECES_EXACT_LISTS - 1];
}

static const char *check_group(const struct pieces_heap *heap, const struct slab *group,
                               size_t block, size_t kept[PIECES_BINS])
{
    const struct slab_heap *slabs = heap->slabs;
    size_t nlive = 0;
    if (group->size || group->inverse)
        return "a group's size or inverse is impossible";
    if ((size_t)(group->origin + 1 - slabs->start) != block * HEAP_BLOCK_SIZE)
        return "a group's structure is another block's";
    for (size_t i = 1; i < blocks_of(group); i++)
        if (block + i >= slabs->nblocks || slabs->by_block[block + i] != group)
            return "a group does not own all of its blocks";
    if (!pieces_are_sound(heap, group, &nlive, kept))
        return "a group's pieces contradict each other";
    if (nlive != group->nobjects)
        return "a group is wrong on how many of its allocations are live";
    if (group->listed >= PIECES_LISTS || bound_of(group->listed) < longest_run(group->pieces.free))
        return "a group has a longer free run than its bound";
    if (nlive == 0 && heap->tiers[group->class_index - SLAB_PIECES].empty != group)
        return "nothing in a group is live, and it should have gone";
    return NULL;
}

/* All that is kept: the groups have KEPT runs of each bin. */
static const char *check_kept(const struct pieces_heap *heap, const size_t kept[PIECES_BINS])
{
    size_t nbytes = 0;
    for (size_t bin = 0; bin < PIECES_BINS; bin++) {
        if (heap->counts[bin] != kept[bin])
            return "a list of kept pieces is not what it should be";
        nbytes += kept[bin] * pieces_bytes(bin);
    }
    return heap->kept == nbytes ? NULL : "the count of kept pieces is wrong";
}

/* How many groups are on the tier's lists, or SIZE_MAX where one is broken. */
static size_t count_listed(const struct pieces_heap *heap, size_t tier_index)
{
    const struct pieces_tier *tier = &heap->tiers[tier_index];
    size_t count = 0;
    if (tier->groups[0] || tier->lists & 1)
        return SIZE_MAX;
    for (unsigned list = 0; list < PIECES_LISTS; list++) {
        const struct slab *previous = NULL;
        if ((tier->groups[list] != NULL) != (tier->lists >> list & 1))
            return SIZE_MAX;
        for (const struct slab *group = tier->groups[list]; group; group = group->next) {
            if (group->class_index != SLAB_PIECES + tier_index || group->listed != list ||
                group->previous != previous || ++count > heap->slabs->nblocks)
                return SIZE_MAX;
            previous = group;
        }
    }
    return count;
}

const char *pieces_check(const struct pieces_heap *heap)
{
    size_t listed[PIECES_TIERS] = {0}, kept[PIECES_BINS] = {0}, blocks = 0;
    const struct slab_heap *slabs = heap->slabs;
    for (size_t block = 0, step; block < slabs->nblocks; block += step) {
        const struct slab *group = slabs->by_block[block];
        step = 1;
        if (!group || group->class_index < SLAB_PIECES)
            continue;
        if (group->class_index >= SLAB_PIECES + PIECES_TIERS)
            return "a group's tier is impossible";
        const char *broken = check_group(heap, group, block, kept);
        if (broken)
            return broken;
        step = blocks_of(group);
        blocks += step;
        listed[group->class_index - SLAB_PIECES] += group->listed > 0;
    }
    for (size_t tier = 0; tier < PIECES_TIERS; tier++)
        if (count_listed(heap, tier) != listed[tier])
            return "a list of groups is not what it should be";
    return blocks == heap->blocks ? check_kept(heap, kept)
                                  : "the count of the groups' blocks is wrong";
}

struct pieces_statistics pieces_statistics(const struct pieces_heap *heap)
{
    struct pieces_statistics statistics = {.blocks = heap->blocks};
    const struct slab_heap *slabs = heap->slabs;
    for (size_t block = 0, step; block < slabs->nblocks; block += step) {
        const struct slab *group = slabs->by_block[block];
        step = 1;
        if (!group || group->class_index < SLAB_PIECES)
            continue;
        step = blocks_of(group);
        statistics.allocations += group->nobjects;
        for (size_t i = 0; i < PIECES_A_GROUP / 8; i++)
            if (group->pieces.starts[i] < PIECES_KEPT)
                statistics.bytes += pieces_bytes(group->pieces.bins[i]);
    }
    return statistics;
}
