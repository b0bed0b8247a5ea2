/* Making a heap of small objects; and its classes. */
#include "memory/heap/slab.h"

#include "memory/heap/slab_private.h"
#include "memory/memory.h"

uint32_t slab_nothing;

/* A class may waste an eighth of an object, or what alignment to 16 bytes costs. */
#define ASSERT_CLASS(previous, size)                                                               \
    _Static_assert((size) % 16 == 0 || (size) == 8, "objects lie on multiples of 16");             \
    _Static_assert((size) > (previous) && (size) <= SLAB_LARGEST,                                  \
                   "classes ascend to the largest");                                               \
    _Static_assert((size) - (previous) <= 16 || ((size) - (previous)) * 8 <= (size),               \
                   "a class wastes at most an eighth");                                            \
    _Static_assert(HEAP_BLOCK_SIZE % (size)*8 <= HEAP_BLOCK_SIZE, "so does a block");
SLAB_CLASSES(ASSERT_CLASS)

/* One block of so many may be kept for the next slab, and so many at most: a request for which all
 * go back took 193,000 instructions without a bound. With 8 or 64 bursts cost 1 % more or less. */
enum { SPARE = 32, SPARE_MOST = 16 };

#define SIZE_OF(previous, size) (size),
const uint16_t slab_sizes[SLAB_NCLASSES + 1] = {SLAB_CLASSES(SIZE_OF) sizeof(struct slab)};

void slab_init(struct slab_heap *heap, struct slab_source source, void *start, size_t nblocks,
               struct slab **by_block)
{
    size_t spare_most = nblocks / SPARE < SPARE_MOST ? nblocks / SPARE : SPARE_MOST;
    *heap = (struct slab_heap){.source = source,
                               .start = start,
                               .nblocks = nblocks,
                               .by_block = by_block,
                               .spare_most = spare_most};
    memset(by_block, 0, nblocks * sizeof *by_block); /* NULL on every machine we know */
    uint8_t class_index = 0;
    for (size_t step = 0; step < SLAB_LARGEST / 8; step++) {
        while (slab_sizes[class_index] < (step + 1) * 8)
            class_index++;
        heap->class_of[step] = class_index;
    }
    for (size_t i = 0; i <= SLAB_NCLASSES; i++) {
        heap->classes[i].size = slab_sizes[i];
        heap->classes[i].word = &slab_nothing;
    }
}
