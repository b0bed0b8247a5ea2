/* Whether what slab.c states at its top holds. Follows no number before it has looked at it. */
#include "memory/heap/slab.h"

/* The bits of word I in a slab of COUNT objects that stand for objects. */
static uint32_t bits_of_word(uint32_t count, uint32_t i)
{
    if (i * 32 >= count)
        return 0;
    return count - i * 32 >= 32 ? UINT32_MAX : UINT32_MAX >> (32 - (count - i * 32));
}

uint32_t slab_count_live(const struct slab_heap *heap, block_t block)
{
    uint32_t count = HEAP_BLOCK_SIZE / heap->slabs[block].size, nlive = count;
    for (uint32_t i = 0; i * 32 < count; i++)
        for (uint32_t word = heap->free[block][i]; word; word &= word - 1)
            nlive--;
    return nlive;
}

/* The tables that never change. */
static const char *check_classes(const struct slab_heap *heap)
{
    size_t step = 0;
    for (uint32_t i = 0; i < SLAB_CLASSES; i++) {
        const struct slab_class *class = &heap->classes[i];
        if (class->size == 0 || class->size % SLAB_STEP || class->size > SLAB_LARGEST ||
            (i > 0 && class->size <= class[-1].size) ||
            class->count != HEAP_BLOCK_SIZE / class->size || class->none ||
            class->inverse != ((uint32_t)1 << SLAB_SHIFT) / class->size)
            return "a size class is wrong on its size or on how many objects a slab has";
        for (; step < class->size / SLAB_STEP; step++)
            if (heap->offsets[step] != (size_t)((const char *)class - (const char *)heap))
                return "a size has another class than the smallest that holds it";
    }
    return step == SLAB_LARGEST / SLAB_STEP ? NULL : "the largest size has no class";
}

static bool is_slab(const struct slab_heap *heap, const uint8_t *is, uint8_t owner, size_t nblocks,
                    uint32_t block, const struct slab_class *class)
{
    return block < nblocks && is[block] == owner &&
           heap->slabs[block].class == class - heap->classes;
}

static const char *check_slab(const struct slab_heap *heap, uint32_t block)
{
    const struct slab *slab = &heap->slabs[block];
    if (slab->class >= SLAB_CLASSES)
        return "a slab has a class that does not exist";
    const struct slab_class *class = &heap->classes[slab->class];
    if (slab->size != class->size || slab->inverse != class->inverse ||
        slab->last != class->size - 1)
        return "a slab has another size than its class";
    for (uint32_t i = 0; i * 32 < class->count; i++)
        if (heap->free[block][i] & ~bits_of_word(class->count, i))
            return "an object is free that does not exist";
    uint32_t nlive = slab_count_live(heap, block);
    switch (slab->state) {
    case SLAB_FULL:
        return nlive == class->count && slab->until == 1 ? NULL : "a full slab has a free object";
    case SLAB_LISTED:
        return nlive > 0 && nlive < class->count && slab->until == nlive
                   ? NULL
                   : "a listed slab has another number of live objects than it knows of";
    case SLAB_CURRENT:
        return class->current == block ? NULL : "two slabs of a class are current";
    default:
        return "a slab has a state that does not exist";
    }
}

/* The word that CLASS allocates from; its current slab is one of its own. */
static const char *check_current(const struct slab_heap *heap, const struct slab_class *class)
{
    if (class->current == SLAB_NONE)
        return class->word == &class->none ? NULL : "a class without a slab has a word of one";
    const uint32_t *words = heap->free[class->current];
    uintptr_t first = heap->start + (uintptr_t)(class->current + 1) * HEAP_BLOCK_SIZE - class->size;
    for (uint32_t i = 0; i * 32 < class->count; i++)
        if (class->word == &words[i])
            return class->first == first - (uintptr_t)i * 32 * class->size
                       ? NULL
                       : "a class's objects lie elsewhere than its word says";
    return "a class's word is not its current slab's";
}

/* How many slabs the list of CLASS has; SIZE_MAX where it is no ring of its listed slabs. */
static size_t slab_count_list(const struct slab_heap *heap, const struct slab_class *class,
                              const uint8_t *owners, uint8_t owner, size_t nblocks)
{
    size_t count = 0;
    uint32_t block = class->newest;
    if (block == SLAB_NONE)
        return 0;
    do {
        if (!is_slab(heap, owners, owner, nblocks, block, class))
            return SIZE_MAX;
        uint32_t older = heap->runs[block].older;
        if (heap->slabs[block].state != SLAB_LISTED || ++count > nblocks || older >= nblocks ||
            heap->runs[older].newer != block)
            return SIZE_MAX;
        block = older;
    } while (block != class->newest);
    return count;
}

const char *slab_check(const struct slab_heap *heap, const uint8_t *owners, uint8_t owner,
                       size_t nblocks)
{
    size_t nlisted[SLAB_CLASSES] = {0}, nfull = 0;
    const char *broken = check_classes(heap);
    for (uint32_t block = 0; block < nblocks && !broken; block++) {
        if (owners[block] != owner)
            continue;
        broken = check_slab(heap, block);
        if (!broken)
            nlisted[heap->slabs[block].class] += heap->slabs[block].state == SLAB_LISTED;
        nfull += heap->slabs[block].state == SLAB_FULL;
    }
    for (uint32_t i = 0; i < SLAB_CLASSES && !broken; i++) {
        const struct slab_class *class = &heap->classes[i];
        if (class->current != SLAB_NONE &&
            (!is_slab(heap, owners, owner, nblocks, class->current, class) ||
             heap->slabs[class->current].state != SLAB_CURRENT))
            return "a class's current slab is none of its slabs";
        broken = check_current(heap, class);
        if (!broken && slab_count_list(heap, class, owners, owner, nblocks) != nlisted[i])
            return "the list of a class is not that of its slabs with free objects";
    }
    return broken || nfull == heap->nfull ? broken : "the count of full slabs is wrong";
}
