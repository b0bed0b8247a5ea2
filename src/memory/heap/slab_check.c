/* Whether what slab.c states at its top holds; and what its bits add up to. */
#include "memory/heap/slab_private.h"

static size_t count_bits(uint32_t word)
{
    size_t count = 0;
    for (; word; word &= word - 1)
        count++;
    return count;
}

static size_t count_free(const struct slab *slab)
{
    size_t count = 0;
    for (unsigned word = 0; word * 32 < slab->nobjects; word++)
        count += count_bits(slab->free[word]);
    return count;
}

/* SLAB against BLOCK, at whose entry of by_block it stands. */
static const char *check_slab(const struct slab_heap *heap, const struct slab *slab, size_t block)
{
    bool structures = slab->class_index == SLAB_STRUCTURES;
    if (slab->class_index > SLAB_STRUCTURES || slab->size != slab_sizes[slab->class_index] ||
        slab->nobjects != HEAP_BLOCK_SIZE / slab->size + structures ||
        slab->inverse != (structures ? 0 : 65536 / slab->size + 1))
        return "a slab's class, size or number of objects is impossible";
    if (slab->last != slab_all_free(slab, (slab->nobjects - 1u) / 32))
        return "a slab is wrong on the bits of its last word";
    if ((size_t)(slab_block(slab) - heap->start) != block * HEAP_BLOCK_SIZE)
        return "a slab's structure is another block's";
    for (unsigned word = 0; word * 32 < slab->nobjects; word++)
        if (slab->free[word] & ~slab_all_free(slab, word))
            return "an object is free that does not exist";
    bool current = heap->classes[slab->class_index].slab == slab, has_room = count_free(slab) > 0;
    bool spare = slab->listed == SLAB_SPARE;
    if (slab->listed != (current    ? SLAB_CURRENT
                         : spare    ? SLAB_SPARE
                         : has_room ? SLAB_PARTIAL
                                    : SLAB_FULL))
        return "a slab is wrong on where it is to be found";
    if (!current && slab_is_empty(slab) != spare)
        return "a slab is empty, but neither current nor spare; or spare, but not empty";
    return NULL;
}

/* The current word of a class and what it serves from. */
static const char *check_class(const struct slab_class *class)
{
    const struct slab *slab = class->slab;
    if (!slab)
        return *class->word ? "a class without a slab has free objects" : NULL;
    size_t word = (size_t)(class->word - slab->free);
    if (word * 32 >= slab->nobjects || class->base != slab->origin + word * 32 * slab->size)
        return "a class's current word is not its current slab's";
    return NULL;
}

/* How many slabs stand on CLASS_INDEX's list, or SIZE_MAX where the list is broken. */
static size_t count_partial(const struct slab_heap *heap, size_t class_index)
{
    size_t count = 0;
    const struct slab *previous = NULL;
    for (const struct slab *slab = heap->oldest[class_index]; slab; slab = slab->next) {
        if (slab->class_index != class_index || slab->listed != SLAB_PARTIAL ||
            slab->previous != previous || ++count > heap->nblocks)
            return SIZE_MAX;
        previous = slab;
    }
    return heap->newest[class_index] == previous ? count : SIZE_MAX;
}

/* The list of spare slabs, of which there are NSPARE. */
static const char *check_spare(const struct slab_heap *heap, size_t nspare)
{
    size_t count = 0;
    for (const struct slab *slab = heap->spare; slab && count <= nspare; slab = slab->next)
        if (slab->listed != SLAB_SPARE || ++count > nspare)
            return "the list of spare slabs is not what it should be";
    if (count != nspare || heap->nspare != nspare || nspare > heap->spare_most)
        return "the count of spare slabs is wrong";
    return NULL;
}

const char *slab_check(const struct slab_heap *heap)
{
    size_t listed[SLAB_NCLASSES + 1] = {0}, blocks = 0, nspare = 0;
    for (size_t block = 0; block < heap->nblocks; block++) {
        const struct slab *slab = heap->by_block[block];
        if (!slab || slab->class_index >= SLAB_PIECES)
            continue;
        const char *broken = check_slab(heap, slab, block);
        if (broken)
            return broken;
        blocks++;
        listed[slab->class_index] += slab->listed == SLAB_PARTIAL;
        nspare += slab->listed == SLAB_SPARE;
    }
    for (size_t class_index = 0; class_index <= SLAB_NCLASSES; class_index++) {
        const char *broken = check_class(&heap->classes[class_index]);
        if (broken)
            return broken;
        if (count_partial(heap, class_index) != listed[class_index])
            return "a list of slabs with room is not what it should be";
    }
    return blocks == heap->blocks ? check_spare(heap, nspare) : "the count of blocks is wrong";
}

struct slab_statistics slab_statistics(const struct slab_heap *heap)
{
    struct slab_statistics statistics = {.blocks = heap->blocks};
    for (size_t block = 0; block < heap->nblocks; block++) {
        const struct slab *slab = heap->by_block[block];
        if (!slab || slab->class_index >= SLAB_STRUCTURES)
            continue;
        size_t live = slab->nobjects - count_free(slab);
        statistics.objects += live;
        statistics.bytes += live * slab->size;
    }
    return statistics;
}
