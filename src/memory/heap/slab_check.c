/* Whether what slab.c states at its top holds. */
#include "memory/heap/slab_private.h"

static const char *check_slab(const struct slab_heap *heap, const struct slab *slab, size_t block)
{
    if ((size_t)(slab->start - heap->start) != block * HEAP_BLOCK_SIZE)
        return "a slab's structure is another block's";
    if (slab->class_index > SLAB_NCLASSES ||
        slab->nobjects != HEAP_BLOCK_SIZE / slab_sizes[slab->class_index])
        return "a slab's class or its number of objects is impossible";
    unsigned nfree = 0;
    for (unsigned word = 0; word < SLAB_WORDS; word++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            bool is_free = slab->free[word] >> bit & 1;
            if (is_free && word * 32 + bit >= slab->nobjects)
                return "an object is free that does not exist";
            nfree += is_free;
        }
        if ((slab->free[word] != 0) != (slab->words_free >> word & 1))
            return "a slab's summary of its words is wrong";
    }
    if (nfree != slab->nfree)
        return "a slab's count of free objects is wrong";
    return NULL;
}

/* How many slabs stand on CLASS_INDEX's list, or SIZE_MAX where the list is broken. */
static size_t count_partial(const struct slab_heap *heap, size_t class_index)
{
    size_t count = 0;
    const struct slab *previous = NULL;
    for (const struct slab *slab = heap->partial[class_index]; slab; slab = slab->next) {
        if (slab->class_index != class_index || slab->nfree == 0 || slab->previous != previous ||
            ++count > heap->nblocks)
            return SIZE_MAX;
        previous = slab;
    }
    return count;
}

const char *slab_check(const struct slab_heap *heap)
{
    size_t wanted[SLAB_NCLASSES + 1] = {0}, objects = 0, blocks = 0;
    for (size_t block = 0; block < heap->nblocks; block++) {
        const struct slab *slab = heap->by_block[block];
        if (!slab)
            continue;
        const char *broken = check_slab(heap, slab, block);
        if (broken)
            return broken;
        blocks++;
        if (slab->class_index != SLAB_NCLASSES)
            objects += (size_t)(slab->nobjects - slab->nfree);
        wanted[slab->class_index] += slab->nfree > 0;
    }
    for (size_t class_index = 0; class_index <= SLAB_NCLASSES; class_index++) {
        const struct slab *spare = heap->spare[class_index];
        if (spare && (spare->class_index != class_index || !slab_is_empty(spare)))
            return "a spare slab is not empty, or another class's";
        if (count_partial(heap, class_index) != wanted[class_index] - (spare != NULL))
            return "a list of slabs with room is not what it should be";
    }
    if (blocks != heap->statistics.blocks || objects != heap->statistics.objects)
        return "the count of objects or of blocks is wrong";
    return NULL;
}
