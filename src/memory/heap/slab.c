/*
 * Theory. A class allocates from one word of one slab, its current one: a bit is cleared, and that
 * is all. The bit of an object that is freed is set, wherever it is, and `until` counted down; only
 * where that reaches 0 something has to be decided:
 *
 *     FULL     -- the first free, after 1 ------------------> LISTED, as the newest
 *     LISTED   -- the last live one is freed, after count - 1 -> its block goes back
 *     LISTED   -- the current one has no more objects --------> CURRENT: the oldest is taken
 *     CURRENT  -- no more objects ----------------------------> FULL
 *
 * A current slab counts from 0 on, which is 65,536 frees to 0 again: that decides nothing.
 *
 * Invariant:
 *   - a slab is FULL without free objects, or LISTED with some and some that are live, or CURRENT;
 *   - until is 1 in a full one, and in a listed one how many objects are live;
 *   - a class's list is a ring of exactly its listed slabs; nfull counts the full ones;
 *   - its word and first are those of a word of its current slab; all other slabs of the class hold
 *     no bit that could be allocated from.
 *
 * The oldest of the list is taken because it has had the most time to be freed in. Measured
 * (`make bench`, 32 bits): churn 54 instructions a call, with the newest 84, with two lists by
 * fullness (from a quarter free on, and below) 64.
 *
 * Classes: all multiples of 16 up to 256, then as many bytes as 14 to 4 in a block leave for each.
 * Smaller blocks have multiples of 16 up to a sixteenth of the block, and of two classes of the
 * same size the second serves nobody. Larger ones have the eighths of powers of two in between.
 */
#include "memory/heap/slab.h"

enum {
    SIZES_A_BLOCK = HEAP_BLOCK_SIZE / 16, /* up to there a block's end has no say */
    EXACT_MOST = SIZES_A_BLOCK < 256 ? SIZES_A_BLOCK : 256,
    FIRST_COUNT = 14
};

/* The size of the class behind the one of SIZE. */
static uint32_t next_size(uint32_t size)
{
    if (size < EXACT_MOST)
        return size + SLAB_STEP;
    if (size < SIZES_A_BLOCK)
        return size + ((uint32_t)1 << (31 - __builtin_clz(size))) / 8;
    uint32_t count = HEAP_BLOCK_SIZE / (size + SLAB_STEP); /* at most, of larger ones */
    count = count < FIRST_COUNT ? count : FIRST_COUNT;
    return HEAP_BLOCK_SIZE / count / SLAB_STEP * SLAB_STEP;
}

void slab_init(struct slab_heap *heap, void *start, struct slab *map, slab_bits_t *free,
               struct heap_run *runs, struct slab_source source)
{
    uint32_t step = 0, size = SLAB_STEP;
    heap->start = (uintptr_t)start;
    heap->slabs = map;
    heap->free = free;
    heap->bits_from = (uintptr_t)free - SLAB_BITS_STEP * (uintptr_t)map;
    heap->runs = runs;
    heap->nfull = 0;
    heap->source = source;
    for (uint32_t i = 0; i < SLAB_CLASSES; i++, size = next_size(size)) {
        struct slab_class *class = &heap->classes[i];
        *class = (struct slab_class){
            .word = &class->none,
            .size = size,
            .current = SLAB_NONE,
            .newest = SLAB_NONE,
            .count = HEAP_BLOCK_SIZE / size,
            .inverse = ((uint32_t)1 << SLAB_SHIFT) / size,
        };
        for (; step < size / SLAB_STEP; step++)
            heap->offsets[step] = (uint16_t)((char *)class - (char *)heap);
    }
}

/* -- Lists -- */

/* Adds BLOCK to the list of CLASS, as the newest. */
static inline void list(struct heap_run *runs, struct slab_class *class, uint32_t block)
{
    uint32_t older = class->newest;
    class->newest = block;
    if (older == SLAB_NONE) {
        runs[block].older = runs[block].newer = block;
        return;
    }
    uint32_t oldest = runs[older].newer;
    runs[block].older = older;
    runs[block].newer = oldest;
    runs[oldest].older = block;
    runs[older].newer = block;
}

static inline void unlist(struct heap_run *runs, struct slab_class *class, uint32_t block)
{
    uint32_t older = runs[block].older, newer = runs[block].newer;
    runs[older].newer = newer;
    runs[newer].older = older;
    if (class->newest == block)
        class->newest = older == block ? SLAB_NONE : older;
}

/* -- Taking -- */

/* Points CLASS at the first word of BLOCK's bits that is not 0; false where all are. */
static inline bool point(struct slab_heap *heap, struct slab_class *class, uint32_t block)
{
    uint32_t *word = heap->free[block], left = class->count;
    uintptr_t first = heap->start + (uintptr_t)(block + 1) * HEAP_BLOCK_SIZE - class->size;
    while (!*word) {
        if (left <= 32)
            return false;
        word++;
        first -= (uintptr_t)32 * class->size;
        left -= 32;
    }
    class->word = word;
    class->first = first;
    return true;
}

/* A new slab of CLASS, all of whose objects are free; SLAB_NONE without memory. */
static __attribute__((noinline)) uint32_t slab_make(struct slab_heap *heap,
                                                    struct slab_class *class)
{
    uint32_t block = heap->source.get(heap->source.context);
    if (block == SLAB_NONE)
        return SLAB_NONE;
    struct slab *slab = &heap->slabs[block];
    uint32_t *word = heap->free[block], left = class->count;
    slab->size = class->size;
    slab->last = class->size - 1;
    slab->inverse = class->inverse;
    slab->class = (uint8_t)(class - heap->classes);
    for (; left > 32; left -= 32)
        *word++ = UINT32_MAX;
    *word = UINT32_MAX >> (32 - left);
    return block;
}

static void forget_current(struct slab_class *class)
{
    class->current = SLAB_NONE;
    class->word = &class->none;
}

/* Makes BLOCK the current slab of CLASS. */
static inline void set_current(struct slab_heap *heap, struct slab_class *class, uint32_t block)
{
    class->current = block;
    heap->slabs[block].state = SLAB_CURRENT;
    heap->slabs[block].until = 0;
    (void)point(heap, class, block);
}

/* Gives CLASS, whose word is 0, another one of a slab that there is. Without one it has no current
 * slab any more, and the answer is false. */
static inline bool refill(struct slab_heap *heap, struct slab_class *class)
{
    uint32_t block = class->current;
    if (block != SLAB_NONE) {
        if (class->count > 32 && point(heap, class, block))
            return true;
        heap->slabs[block].state = SLAB_FULL;
        heap->slabs[block].until = 1;
        heap->nfull++;
    }
    if (class->newest == SLAB_NONE) {
        forget_current(class);
        return false;
    }
    block = heap->runs[class->newest].newer; /* the oldest */
    unlist(heap->runs, class, block);
    set_current(heap, class, block);
    return true;
}

void *slab_take_left(struct slab_heap *heap, struct slab_class *class)
{
    return *class->word || refill(heap, class) ? slab_take(class) : NULL;
}

IN_REGISTERS void *slab_take_slowly(struct slab_heap *heap, struct slab_class *class)
{
    if (!refill(heap, class)) {
        uint32_t block = slab_make(heap, class);
        if (block == SLAB_NONE)
            return NULL;
        set_current(heap, class, block);
    }
    return slab_take(class);
}

/* -- Freeing -- */

IN_REGISTERS int slab_turn(struct slab_heap *heap, struct slab *slab)
{
    struct slab_class *class = &heap->classes[slab->class];
    uint32_t block = (uint32_t)(slab - heap->slabs);
    if (slab->state == SLAB_FULL) {
        slab->state = SLAB_LISTED;
        heap->nfull--;
        slab->until = (uint16_t)(class->count - 1);
        list(heap->runs, class, block);
    } else if (slab->state == SLAB_LISTED) {
        unlist(heap->runs, class, block);
        heap->source.put(heap->source.context, block);
    }
    return HEAP_FREED;
}

/* -- What is kept: a current slab that is empty -- */

static inline bool is_empty(const struct slab_heap *heap, const struct slab_class *class)
{
    if (class->current == SLAB_NONE)
        return false;
    const uint32_t *word = heap->free[class->current];
    uint32_t left = class->count;
    for (; left > 32 && *word == UINT32_MAX; left -= 32)
        word++;
    return left <= 32 && *word == UINT32_MAX >> (32 - left);
}

size_t slab_kept(const struct slab_heap *heap)
{
    size_t count = 0;
    for (uint32_t i = 0; i < SLAB_CLASSES; i++)
        count += is_empty(heap, &heap->classes[i]);
    return count;
}

void slab_trim(struct slab_heap *heap)
{
    for (uint32_t i = 0; i < SLAB_CLASSES; i++) {
        struct slab_class *class = &heap->classes[i];
        if (!is_empty(heap, class))
            continue;
        heap->source.put(heap->source.context, class->current);
        forget_current(class);
    }
}
