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

/*
 * Whether no piece is free and first, none that is neither continues nothing, and each allocation
 * has as many pieces as its tier serves.
 */
static bool pieces_are_sound(uint64_t free, uint64_t first)
{
    unsigned length = 0; /* of the allocation so far; 0 outside of one */
    for (unsigned i = 0; i <= PIECES_A_GROUP; i++) {
        bool at_end = i == PIECES_A_GROUP, is_free = at_end || (free >> i & 1);
        bool is_first = !at_end && (first >> i & 1);
        if ((is_free && is_first) || (!is_free && !is_first && length == 0))
            return false;
        if ((is_free || is_first) && length > 0 && (length < 9 || length > 32))
            return false;
        length = is_free ? 0 : is_first ? 1 : length + 1;
    }
    return true;
}

static const char *check_group(const struct pieces_heap *heap, const struct slab *group,
                               size_t block)
{
    const struct slab_heap *slabs = heap->slabs;
    if (group->class_index >= SLAB_PIECES + PIECES_TIERS || group->size || group->inverse)
        return "a group's tier, size or inverse is impossible";
    if ((size_t)(group->origin + 1 - slabs->start) != block * HEAP_BLOCK_SIZE)
        return "a group's structure is another block's";
    for (size_t i = 1; i < blocks_of(group); i++)
        if (block + i >= slabs->nblocks || slabs->by_block[block + i] != group)
            return "a group does not own all of its blocks";
    if (!pieces_are_sound(group->pieces.free, group->pieces.first))
        return "a group's pieces contradict each other";
    if (group->listed < longest_run(group->pieces.free) || group->listed > PIECES_A_GROUP)
        return "a group has a longer free run than its bound";
    if (!~group->pieces.free && heap->tiers[group->class_index - SLAB_PIECES].empty != group)
        return "a group is all free that should have gone";
    return NULL;
}

/* How many groups are on the tier's lists, or SIZE_MAX where one is broken. */
static size_t count_listed(const struct pieces_heap *heap, size_t tier_index)
{
    const struct pieces_tier *tier = &heap->tiers[tier_index];
    size_t count = 0;
    for (unsigned length = 1; length <= PIECES_A_GROUP; length++) {
        const struct slab *previous = NULL;
        if ((tier->groups[length] != NULL) != (tier->lengths >> (length - 1) & 1))
            return SIZE_MAX;
        for (const struct slab *group = tier->groups[length]; group; group = group->next) {
            if (group->class_index != SLAB_PIECES + tier_index || group->listed != length ||
                group->previous != previous || ++count > heap->slabs->nblocks)
                return SIZE_MAX;
            previous = group;
        }
    }
    return count;
}

const char *pieces_check(const struct pieces_heap *heap)
{
    size_t listed[PIECES_TIERS] = {0}, blocks = 0;
    const struct slab_heap *slabs = heap->slabs;
    for (size_t block = 0, step; block < slabs->nblocks; block += step) {
        const struct slab *group = slabs->by_block[block];
        step = 1;
        if (!group || group->class_index < SLAB_PIECES)
            continue;
        const char *broken = check_group(heap, group, block);
        if (broken)
            return broken;
        step = blocks_of(group);
        blocks += step;
        listed[group->class_index - SLAB_PIECES] += group->listed > 0;
    }
    for (size_t tier = 0; tier < PIECES_TIERS; tier++)
        if (count_listed(heap, tier) != listed[tier])
            return "a list of groups is not what it should be";
    return blocks == heap->blocks ? NULL : "the count of the groups' blocks is wrong";
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
        for (uint64_t bits = group->pieces.first; bits; bits &= bits - 1)
            statistics.allocations++;
        for (uint64_t bits = ~group->pieces.free; bits; bits &= bits - 1)
            statistics.bytes += step * HEAP_BLOCK_SIZE / PIECES_A_GROUP;
    }
    return statistics;
}
