/*
 * Theory. A slab is a block cut into objects of one class from its start on; what is left at its
 * end is lost. Its structure stands elsewhere, in a block of structures; such a block is a slab
 * too, whose class is SLAB_NCLASSES and whose object 0 is its own structure, never free. So
 * structures are allocated by the same few lines as everything else, and the only special case is
 * where a slab's structure comes from.
 *
 * Invariant:
 *   - by_block[b] is the structure of the slab in block b, or NULL; its start is block b;
 *   - nfree is the number of bits in free[], none of them at or past nobjects;
 *   - bit w of words_free says whether free[w] has a bit;
 *   - a slab is on its class's partial list exactly when it has a free object and is no spare;
 *   - a spare is empty; at most one a class.
 *
 * Finding a free object is two searches for a bit. The object's number is its offset divided by the
 * class's size: a multiplication by the inverse, exact for all offsets in a block (a test tries
 * every one). A pointer is an object's only if that division has no rest.
 *
 * An empty slab is kept, one a class, so that work at a border does not thrash; all of these go
 * when a block is wanted and there is none.
 *
 * Cost: every operation is a few steps, but for the block that a class takes or gives back, which
 * has its 16 words set. Space: sizeof(struct slab) a block, and a pointer for each block of the
 * heap.
 */
#include "memory/heap/slab.h"

#include "memory/heap/slab_private.h"
#include "memory/memory.h"

#define ASSERT_CLASS(size)                                                                         \
    _Static_assert((size) % 16 == 0 || (size) == 8, "objects lie on multiples of 16");             \
    _Static_assert((size) <= SLAB_LARGEST, "no class is larger than the largest");
SLAB_CLASSES(ASSERT_CLASS)

#define SIZE_OF(size) (size),
const uint16_t slab_sizes[SLAB_NCLASSES + 1] = {SLAB_CLASSES(SIZE_OF) sizeof(struct slab)};

/* An object's number is offset * inverse / 2^16. */
#define INVERSE_OF(size) 65536 / (size) + 1,
static const uint16_t inverses[SLAB_NCLASSES + 1] = {
    SLAB_CLASSES(INVERSE_OF) 65536 / sizeof(struct slab) + 1};

void slab_init(struct slab_heap *heap, struct slab_source source, void *start, size_t nblocks,
               struct slab **by_block)
{
    *heap = (struct slab_heap){
        .source = source, .start = start, .nblocks = nblocks, .by_block = by_block};
    memset(by_block, 0, nblocks * sizeof *by_block); /* NULL on every machine we know */
    uint8_t class_index = 0;
    for (size_t step = 1; step <= SLAB_LARGEST / 16; step++) {
        while (slab_sizes[class_index] < step * 16)
            class_index++;
        heap->class_of[step] = class_index;
    }
}

static size_t class_for(const struct slab_heap *heap, size_t nbytes)
{
    return nbytes <= slab_sizes[0] ? 0 : heap->class_of[(nbytes + 15) / 16];
}

size_t slab_size_for(const struct slab_heap *heap, size_t nbytes)
{
    return slab_sizes[class_for(heap, nbytes)];
}

static size_t block_of(const struct slab_heap *heap, const void *address)
{
    return (size_t)((uintptr_t)address - (uintptr_t)heap->start) / HEAP_BLOCK_SIZE;
}

bool slab_owns(const struct slab_heap *heap, const void *address)
{
    return (uintptr_t)address >= (uintptr_t)heap->start &&
           block_of(heap, address) < heap->nblocks && heap->by_block[block_of(heap, address)];
}

static void link_slab(struct slab_heap *heap, struct slab *slab)
{
    struct slab **head = &heap->partial[slab->class_index];
    slab->previous = NULL;
    slab->next = *head;
    if (*head)
        (*head)->previous = slab;
    *head = slab;
}

static void unlink_slab(struct slab_heap *heap, struct slab *slab)
{
    if (slab->previous)
        slab->previous->next = slab->next;
    else
        heap->partial[slab->class_index] = slab->next;
    if (slab->next)
        slab->next->previous = slab->previous;
}

/* Takes the lowest free object of SLAB, which has one and is on its list. */
static void *take_object(struct slab_heap *heap, struct slab *slab)
{
    unsigned word = (unsigned)__builtin_ctz(slab->words_free);
    unsigned bit = (unsigned)__builtin_ctz(slab->free[word]);
    slab->free[word] &= slab->free[word] - 1;
    if (!slab->free[word])
        slab->words_free &= (uint16_t)(slab->words_free - 1);
    if (--slab->nfree == 0)
        unlink_slab(heap, slab);
    return slab->start + (word * 32 + bit) * (size_t)slab_sizes[slab->class_index];
}

/* Writes all that is known about a fresh BLOCK into SLAB: every object is free. */
static void describe(struct slab *slab, uint8_t *block, size_t class_index)
{
    uint16_t nobjects = (uint16_t)(HEAP_BLOCK_SIZE / slab_sizes[class_index]);
    *slab = (struct slab){.start = block,
                          .nobjects = nobjects,
                          .nfree = nobjects,
                          .class_index = (uint16_t)class_index};
    for (unsigned word = 0; word * 32 < nobjects; word++) {
        unsigned left = nobjects - word * 32;
        slab->free[word] = left >= 32 ? UINT32_MAX : (1u << left) - 1;
        slab->words_free |= (uint16_t)(1u << word);
    }
}

static struct slab *new_slab(struct slab_heap *heap, size_t class_index);

/* A slab of CLASS_INDEX that has a free object: one in use, the spare, or a new one; or NULL. */
static struct slab *slab_with_room(struct slab_heap *heap, size_t class_index)
{
    struct slab *slab = heap->partial[class_index];
    if (slab)
        return slab;
    slab = heap->spare[class_index];
    heap->spare[class_index] = NULL;
    if (!slab)
        slab = new_slab(heap, class_index);
    if (slab)
        link_slab(heap, slab);
    return slab;
}

/* The structure for BLOCK: in a block of structures, its own first one. NULL without memory. */
static struct slab *new_structure(struct slab_heap *heap, uint8_t *block, size_t class_index)
{
    if (class_index == SLAB_NCLASSES)
        return (struct slab *)(void *)block;
    struct slab *room = slab_with_room(heap, SLAB_NCLASSES);
    return room ? take_object(heap, room) : NULL;
}

static struct slab *new_slab(struct slab_heap *heap, size_t class_index)
{
    uint8_t *block = heap->source.get_block(heap->source.context);
    if (!block && slab_trim(heap))
        block = heap->source.get_block(heap->source.context);
    if (!block)
        return NULL;
    struct slab *slab = new_structure(heap, block, class_index);
    if (!slab) {
        heap->source.put_block(heap->source.context, block);
        return NULL;
    }
    describe(slab, block, class_index);
    if (class_index == SLAB_NCLASSES) {
        slab->free[0] &= ~1u; /* object 0 is SLAB itself */
        slab->nfree--;
    }
    heap->by_block[block_of(heap, block)] = slab;
    heap->statistics.blocks++;
    return slab;
}

void *slab_malloc(struct slab_heap *heap, size_t nbytes)
{
    if (nbytes == 0 || nbytes > SLAB_LARGEST)
        return NULL;
    size_t class_index = class_for(heap, nbytes);
    struct slab *slab = slab_with_room(heap, class_index);
    if (!slab)
        return NULL;
    heap->statistics.objects++;
    heap->statistics.bytes += slab_sizes[class_index];
    return take_object(heap, slab);
}

static void put_object(struct slab_heap *heap, struct slab *slab, unsigned object);

/* Gives the block of SLAB, which is empty and on no list, back to where it came from. */
static void release(struct slab_heap *heap, struct slab *slab)
{
    uint8_t *block = slab->start;
    heap->by_block[block_of(heap, block)] = NULL;
    heap->statistics.blocks--;
    if (slab->class_index != SLAB_NCLASSES) {
        struct slab *home = heap->by_block[block_of(heap, slab)];
        put_object(heap, home, (unsigned)(slab - (struct slab *)(void *)home->start));
    }
    heap->source.put_block(heap->source.context, block);
}

/* Marks OBJECT free; a slab that becomes empty is the class's spare, or goes if there is one. */
static void put_object(struct slab_heap *heap, struct slab *slab, unsigned object)
{
    slab->free[object / 32] |= 1u << object % 32;
    slab->words_free |= (uint16_t)(1u << object / 32);
    if (slab->nfree++ == 0)
        link_slab(heap, slab);
    if (!slab_is_empty(slab))
        return;
    unlink_slab(heap, slab);
    if (heap->spare[slab->class_index])
        release(heap, slab);
    else
        heap->spare[slab->class_index] = slab;
}

int slab_free(struct slab_heap *heap, void *pointer)
{
    struct slab *slab = heap->by_block[block_of(heap, pointer)];
    size_t class_index = slab->class_index;
    if (class_index == SLAB_NCLASSES)
        return HEAP_RESERVED;
    uint32_t offset = (uint32_t)((uint8_t *)pointer - slab->start);
    uint32_t object = offset * inverses[class_index] >> 16;
    if (object * slab_sizes[class_index] != offset || object >= slab->nobjects)
        return HEAP_NOT_FIRST;
    if (slab->free[object / 32] & 1u << object % 32)
        return HEAP_ALREADY_FREE;
    heap->statistics.objects--;
    heap->statistics.bytes -= slab_sizes[class_index];
    put_object(heap, slab, object);
    return HEAP_FREED;
}

size_t slab_trim(struct slab_heap *heap)
{
    size_t before = heap->statistics.blocks;
    /* The structures' own spare last: the others' going may empty another block of them. */
    for (size_t class_index = 0; class_index <= SLAB_NCLASSES; class_index++) {
        struct slab *slab = heap->spare[class_index];
        heap->spare[class_index] = NULL;
        if (slab)
            release(heap, slab);
    }
    return before - heap->statistics.blocks;
}
