/*
 * Theory. A free run belongs to the set of its rank. A set keeps its lowest members in a short
 * array, in order, lowest last: most sets have no others, and the lowest is what an allocation
 * asks for. The others, the far ones, are in a tree of bits over all blocks, in which the lowest
 * is found by a search for the lowest bit a level. The tree's lowest level, a bit for each block,
 * is shared by all ranks (starts); the levels above are each rank's own:
 *
 *     roots    bit i:  word i of the rank's clusters is not 0
 *     clusters bit i:  word i of the rank's groups is not 0
 *     groups   bit g:  a far run of this rank begins in the blocks of word g of starts
 *     starts   bit b:  a far run of some rank begins at block b
 *
 * One shared level in place of one a rank costs a look at the other far runs that begin in the same
 * word, of which there are few, and saves 8 bytes a block.
 *
 * Invariant:
 *   - every free run is in its rank's set, near or far, and nothing else is in any set;
 *   - near members are in descending order, and all of them lower than the far ones;
 *   - a set without near members has no far ones, and exactly those with near ones have their bit
 *     in ranks;
 *   - each bit of roots, clusters and groups says what is written above.
 *
 * Cost: HEAP_NEAR_MOST steps for the near members, three levels for the far ones; O(1). Space: 4
 * bytes a block for the lengths, an eighth of a byte for starts, and HEAP_RANKS bits for each word
 * of starts.
 */
#include "memory/heap/heap_index.h"

#include "memory/heap/index_sets.h"
#include "memory/memory.h"

enum { REFILL = 4 /* far members that become near ones when these are used up */ };

void heap_index_init(struct heap_index *index, void *memory, size_t nblocks)
{
    memset(memory, 0, heap_index_bytes(nblocks));
    memset(index, 0, sizeof *index);
    size_t starts = HEAP_WORDS_FOR(nblocks);
    index->starts = memory;
    index->group_words = HEAP_WORDS_FOR(starts);
    index->cluster_words = HEAP_WORDS_FOR(index->group_words);
    index->groups = index->starts + starts;
    index->clusters = index->groups + HEAP_RANKS * index->group_words;
    index->lengths = (uint32_t *)(index->clusters + HEAP_RANKS * index->cluster_words);
}

void index_far_insert(struct heap_index *index, size_t rank, block_t start)
{
    struct heap_near *near = &index->near[rank];
    if (start < near->starts[0]) {
        /* It belongs to the near ones, which are full: the highest of them goes in its place. */
        block_t highest = near->starts[0];
        size_t i = 0;
        for (; i + 1 < near->count && near->starts[i + 1] > start; i++)
            near->starts[i] = near->starts[i + 1];
        near->starts[i] = (uint32_t)start;
        start = highest;
    }
    size_t group = start / HEAP_WORD_BITS, cluster = group / HEAP_WORD_BITS;
    index->starts[group] |= index_bit(start);
    size_t *word = &index->groups[rank * index->group_words + cluster], was = *word;
    *word = was | index_bit(group);
    if (was)
        return;
    size_t root = cluster / HEAP_WORD_BITS;
    index->clusters[rank * index->cluster_words + root] |= index_bit(cluster);
    index->roots[rank] |= index_bit(root);
}

/* The first of the runs in STARTS, bits of the word of GROUP, that is of RANK; SIZE_MAX if none. */
static block_t find_in_group(const struct heap_index *index, size_t starts, size_t group,
                             size_t rank)
{
    for (; starts; starts &= starts - 1) {
        block_t start = group * HEAP_WORD_BITS + index_lowest(starts);
        if (index_rank(index->lengths[start]) == rank)
            return start;
    }
    return SIZE_MAX;
}

void index_far_remove(struct heap_index *index, size_t rank, block_t start)
{
    size_t group = start / HEAP_WORD_BITS, cluster = group / HEAP_WORD_BITS;
    size_t left = index->starts[group] ^= index_bit(start);
    if (left && find_in_group(index, left, group, rank) != SIZE_MAX)
        return;
    if (index->groups[rank * index->group_words + cluster] ^= index_bit(group))
        return;
    size_t root = cluster / HEAP_WORD_BITS;
    if (index->clusters[rank * index->cluster_words + root] ^= index_bit(cluster))
        return;
    index->roots[rank] ^= index_bit(root);
}

/* The bits of WORD from bit PLACE on. */
static size_t bits_from(size_t word, size_t place)
{
    return word & ~(size_t)0 << place % HEAP_WORD_BITS;
}

/* The first bit of BITS, NWORDS words, from place FROM on; SIZE_MAX where there is none. */
static size_t next_bit(const size_t *bits, size_t nwords, size_t from)
{
    size_t i = from / HEAP_WORD_BITS;
    if (i >= nwords)
        return SIZE_MAX;
    size_t word = bits_from(bits[i], from);
    while (!word && ++i < nwords)
        word = bits[i];
    return word ? i * HEAP_WORD_BITS + index_lowest(word) : SIZE_MAX;
}

/* The lowest far member of RANK that begins in the groups from GROUP on; SIZE_MAX if none does. */
static block_t far_from_group(const struct heap_index *index, size_t rank, size_t group)
{
    const size_t *groups = &index->groups[rank * index->group_words];
    size_t cluster = group / HEAP_WORD_BITS;
    size_t word = cluster < index->group_words ? bits_from(groups[cluster], group) : 0;
    if (!word) {
        const size_t *clusters = &index->clusters[rank * index->cluster_words];
        cluster = next_bit(clusters, index->cluster_words, cluster + 1);
        if (cluster == SIZE_MAX)
            return SIZE_MAX;
        word = groups[cluster];
    }
    group = cluster * HEAP_WORD_BITS + index_lowest(word);
    return find_in_group(index, index->starts[group], group, rank);
}

block_t index_far_after(const struct heap_index *index, size_t rank, block_t from, size_t total)
{
    if (!index->roots[rank] || from >= total)
        return total;
    size_t group = from / HEAP_WORD_BITS;
    block_t start = find_in_group(index, bits_from(index->starts[group], from), group, rank);
    if (start == SIZE_MAX)
        start = far_from_group(index, rank, group + 1);
    return start == SIZE_MAX ? total : start;
}

void index_refill(struct heap_index *index, size_t rank)
{
    struct heap_near *near = &index->near[rank];
    uint32_t lowest[REFILL];
    size_t count = 0;
    for (; count < REFILL && index->roots[rank]; count++) {
        size_t root = index_lowest(index->roots[rank]);
        size_t cluster = root * HEAP_WORD_BITS +
                         index_lowest(index->clusters[rank * index->cluster_words + root]);
        size_t group = cluster * HEAP_WORD_BITS +
                       index_lowest(index->groups[rank * index->group_words + cluster]);
        block_t start = find_in_group(index, index->starts[group], group, rank);
        index_far_remove(index, rank, start);
        lowest[count] = (uint32_t)start;
    }
    for (size_t i = 0; i < count; i++)
        near->starts[i] = lowest[count - 1 - i];
    near->count = (uint32_t)count;
}
