/* Whether what heap_index.c states at its top holds. */
#include "memory/heap/heap_index.h"
#include "memory/heap/index_sets.h"

bool heap_index_holds(const struct heap_index *index, block_t start, size_t length)
{
    size_t rank = index_rank(length);
    const struct heap_near *near = &index->near[rank];
    for (size_t i = 0; i < near->count; i++)
        if (near->starts[i] == start)
            return true;
    size_t group = start / HEAP_WORD_BITS;
    return (index->starts[group] & index_bit(start)) &&
           (index->groups[rank * index->group_words + group / HEAP_WORD_BITS] & index_bit(group));
}

/* Whether bit i of BITS is set exactly where word i of BELOW is not 0. */
static bool level_is_sound(const size_t *bits, const size_t *below, size_t nbelow)
{
    for (size_t i = 0; i < nbelow; i++)
        if ((below[i] != 0) != ((bits[i / HEAP_WORD_BITS] & index_bit(i)) != 0))
            return false;
    return true;
}

static const char *check_near(const struct heap_index *index, size_t rank)
{
    const struct heap_near *near = &index->near[rank];
    if (near->count > HEAP_NEAR_MOST)
        return "a set has too many near members";
    for (size_t i = 1; i < near->count; i++)
        if (near->starts[i - 1] <= near->starts[i])
            return "the near members of a set are out of order";
    if ((near->count > 0) != ((index->ranks[rank / HEAP_WORD_BITS] & index_bit(rank)) != 0))
        return "a set's bit is wrong on whether it has members";
    if (near->count == 0 && index->roots[rank])
        return "a set has far members but no near ones";
    return NULL;
}

/* Every far member of RANK is found, and none of them is lower than the near ones. */
static const char *check_far(const struct heap_index *index, size_t rank, size_t total,
                             size_t *nmembers)
{
    const size_t *groups = &index->groups[rank * index->group_words];
    const size_t *clusters = &index->clusters[rank * index->cluster_words];
    if (!level_is_sound(clusters, groups, index->group_words) ||
        !level_is_sound(&index->roots[rank], clusters, index->cluster_words))
        return "a level of a set disagrees with the level below it";
    for (block_t start = index_far_after(index, rank, 0, total); start < total;
         start = index_far_after(index, rank, start + 1, total)) {
        if (start <= index->near[rank].starts[0])
            return "a far member is lower than a near one";
        ++*nmembers;
    }
    return NULL;
}

/* Every group's bit stands for at least one far member. */
static bool groups_are_filled(const struct heap_index *index, size_t rank, size_t total)
{
    for (size_t group = 0; group * HEAP_WORD_BITS < total; group++) {
        if (!(index->groups[rank * index->group_words + group / HEAP_WORD_BITS] & index_bit(group)))
            continue;
        size_t first = group * HEAP_WORD_BITS;
        block_t start = index_far_after(index, rank, first, total);
        if (start >= first + HEAP_WORD_BITS)
            return false;
    }
    return true;
}

const char *heap_index_check(const struct heap_index *index, size_t total, size_t *nmembers)
{
    *nmembers = 0;
    for (size_t rank = 0; rank < HEAP_RANKS; rank++) {
        const char *broken = check_near(index, rank);
        if (!broken)
            broken = check_far(index, rank, total, nmembers);
        if (!broken && !groups_are_filled(index, rank, total))
            broken = "a set knows a group in which none of its runs begins";
        if (broken)
            return broken;
        *nmembers += index->near[rank].count;
    }
    return NULL;
}
