/*
 * Theory. A slab is a block cut into objects of one class up to its end; what is left at its start
 * is lost. Its structure stands elsewhere, in a block of structures; such a block is a slab
 * too, of the class SLAB_STRUCTURES. Its objects are numbered from 1 on and object 1 is its own
 * structure, never free. So structures are allocated by the same few lines as everything else; and
 * because its inverse is 0 and no object of it has the offset 0, nobody else can free one.
 *
 * Each class has a current slab, and in it a current word of 32 objects, from which it serves until
 * the word is empty; then comes the next word that is not, then a slab of its list, then a new one.
 * Where an object of a full slab is freed while its class has no other free object in its current
 * slab, the full one becomes current at once: that is less work than listing it and coming back.
 * The current slab may be empty: it is what the class keeps, so that work at a border does not
 * thrash. Any other slab that becomes empty is spare, for whichever class needs the next one; where
 * there are enough of those, one for each SPARE blocks of the heap, it goes back.
 *
 * Invariant:
 *   - by_block[b] is the structure of the slab in block b, or NULL;
 *   - free[] has a bit for exactly those of the nobjects objects that are free;
 *   - a slab says truly whether it is current, full, spare, or on its class's list; a spare one is
 *     empty, and none else but a current one is; nspare, at most spare_most, are on the list of
 *     spare ones;
 *   - a class's word and base belong to each other and to its current slab.
 *
 * The common case touches a bit. What a bit can't decide is decided slowly: a slab that was full
 * (it must be listed), a word that is all free (its slab may be empty), and all wrong pointers. The
 * list is first in, first out: a slab that has waited longest has most free objects, so that it
 * serves for longest.
 *
 * An object's number is its offset divided by the class's size: a multiplication by the inverse,
 * exact for all offsets in a block (a test tries every one); in front of the first object the
 * offset is so large that no number of an object gives it.
 *
 * Cost: O(1); at most SLAB_WORDS steps where a word or a slab is used up. Space: sizeof(struct
 * slab) a block, and a pointer for each block of the heap.
 */
#include "memory/heap/slab.h"

#include "memory/heap/slab_private.h"

/* To the end of its class's list: by the time that it is taken from the front, more is free. */
static void link_slab(struct slab_heap *heap, struct slab *slab)
{
    struct slab **newest = &heap->newest[slab->class_index];
    slab->listed = SLAB_PARTIAL;
    slab->next = NULL;
    slab->previous = *newest;
    if (*newest)
        (*newest)->next = slab;
    else
        heap->oldest[slab->class_index] = slab;
    *newest = slab;
}

static void unlink_slab(struct slab_heap *heap, struct slab *slab)
{
    if (slab->previous)
        slab->previous->next = slab->next;
    else
        heap->oldest[slab->class_index] = slab->next;
    if (slab->next)
        slab->next->previous = slab->previous;
    else
        heap->newest[slab->class_index] = slab->previous;
}

/* Writes all that is known about a fresh BLOCK into SLAB: every object is free. */
static void describe(struct slab *slab, uint8_t *block, size_t class_index)
{
    bool structures = class_index == SLAB_STRUCTURES;
    uint32_t size = slab_sizes[class_index];
    /* What is left over stands in front: so no pointer into it has a number that could be an
     * object's. */
    slab->origin = structures ? block - size : block + HEAP_BLOCK_SIZE % size;
    slab->size = (uint16_t)size;
    slab->nobjects = (uint16_t)(HEAP_BLOCK_SIZE / size + (structures ? 1u : 0u));
    slab->inverse = (uint16_t)(structures ? 0 : 65536 / size + 1);
    slab->class_index = (uint8_t)class_index;
    slab->listed = SLAB_FULL;
    unsigned word = 0;
    for (; (word + 1) * 32 < slab->nobjects; word++)
        slab->free[word] = UINT32_MAX;
    if (structures)
        slab->free[0] = slab_all_free(slab, 0);
    slab->last = slab->free[word] = slab_all_free(slab, word);
}

/* A block of structures, the first of which is its own. */
static struct slab *new_structures(struct slab_heap *heap)
{
    uint8_t *block = heap->source.get(heap->source.context, 1);
    struct slab *slab = (struct slab *)(void *)block;
    if (!slab)
        return NULL;
    describe(slab, block, SLAB_STRUCTURES);
    heap->blocks++;
    *slab_entry(heap, block) = slab;
    return slab;
}

/* A spare slab, now of CLASS_INDEX and on no list. */
static struct slab *take_spare(struct slab_heap *heap, size_t class_index)
{
    struct slab *slab = heap->spare;
    heap->spare = slab->next;
    heap->nspare--;
    slab->listed = SLAB_FULL;
    if (slab->class_index != class_index)
        describe(slab, slab_block(slab), class_index);
    return slab;
}

/* A new slab of CLASS_INDEX, on no list; NULL without memory. */
static struct slab *new_slab(struct slab_heap *heap, size_t class_index)
{
    if (class_index == SLAB_STRUCTURES)
        return new_structures(heap);
    if (heap->spare)
        return take_spare(heap, class_index);
    struct slab *slab = slab_new_structure(heap);
    if (!slab)
        return NULL;
    uint8_t *block = heap->source.get(heap->source.context, 1);
    if (!block) {
        slab_put_structure(heap, slab);
        return NULL;
    }
    describe(slab, block, class_index);
    heap->blocks++;
    *slab_entry(heap, block) = slab;
    return slab;
}

/* The first word of SLAB that has a free object; NULL where there is none. */
static inline uint32_t *find_word(struct slab *slab)
{
    uint32_t *word = slab->free, *end = word + (slab->nobjects + 31u) / 32;
    while (!*word)
        if (++word == end)
            return NULL;
    return word;
}

/* CLASS serves from WORD of SLAB from now on. */
static inline void serve_from(struct slab_class *class, struct slab *slab, uint32_t *word)
{
    slab->listed = SLAB_CURRENT;
    class->slab = slab;
    class->word = word;
    class->base = slab->origin + (size_t)(word - slab->free) * 32 * slab->size;
}

static inline void *malloc_slowly(struct slab_heap *heap, size_t class_index)
{
    struct slab_class *class = &heap->classes[class_index];
    struct slab *slab = class->slab;
    uint32_t *word = slab ? find_word(slab) : NULL;
    if (!word) {
        struct slab *full = slab;
        slab = heap->oldest[class_index];
        if (slab)
            unlink_slab(heap, slab);
        else if (!(slab = new_slab(heap, class_index)))
            return NULL;
        if (full)
            full->listed = SLAB_FULL;
        word = find_word(slab); /* it has a free object */
    }
    serve_from(class, slab, word);
    return slab_take(class);
}

void *slab_malloc_slowly(struct slab_heap *heap, size_t nbytes)
{
    return malloc_slowly(heap, heap->class_of[(nbytes - 1) / 8]);
}

struct slab *slab_new_structure(struct slab_heap *heap)
{
    struct slab_class *class = &heap->classes[SLAB_STRUCTURES];
    return *class->word ? slab_take(class) : malloc_slowly(heap, SLAB_STRUCTURES);
}

/* Gives the block of SLAB, which is empty, current nowhere and on no list, back. */
static void release(struct slab_heap *heap, struct slab *slab)
{
    uint8_t *block = slab_block(slab);
    *slab_entry(heap, block) = NULL;
    heap->blocks--;
    if (slab->class_index != SLAB_STRUCTURES)
        slab_put_structure(heap, slab);
    heap->source.put(heap->source.context, block, 1);
}

/* What becomes of SLAB, which has become empty and is not current. */
static void put_slab(struct slab_heap *heap, struct slab *slab)
{
    if (slab->listed == SLAB_PARTIAL)
        unlink_slab(heap, slab);
    if (slab->class_index == SLAB_STRUCTURES || heap->nspare == heap->spare_most) {
        release(heap, slab);
        return;
    }
    slab->listed = SLAB_SPARE;
    slab->next = heap->spare;
    heap->spare = slab;
    heap->nspare++;
}

void slab_put_full(struct slab_heap *heap, struct slab *slab, uint32_t *word)
{
    struct slab_class *class = &heap->classes[slab->class_index];
    if (*class->word || !class->slab || find_word(class->slab)) {
        link_slab(heap, slab);
        return;
    }
    class->slab->listed = SLAB_FULL;
    serve_from(class, slab, word);
}

/* Makes OBJECT of SLAB free: it may be listed then, or be empty. No slab has one object alone. */
static inline void put_object(struct slab_heap *heap, struct slab *slab, uint32_t object)
{
    uint32_t *word = &slab->free[object / 32];
    *word |= (uint32_t)1 << object % 32;
    if (slab->listed == SLAB_FULL)
        slab_put_full(heap, slab, word);
    else if (slab->listed == SLAB_PARTIAL && slab_is_empty(slab))
        put_slab(heap, slab);
}

void slab_put_structure(struct slab_heap *heap, struct slab *slab)
{
    struct slab *home = slab_of(heap, slab);
    put_object(heap, home, (uint32_t)((uint8_t *)slab - home->origin) / home->size);
}

/* What slab_judge() says, and the number of the object that begins at POINTER. */
static inline int judge(const struct slab *slab, const void *pointer, uint32_t *object)
{
    uint32_t offset = (uint32_t)((const uint8_t *)pointer - slab->origin);
    *object = offset * slab->inverse >> 16;
    if (slab->class_index == SLAB_STRUCTURES)
        return HEAP_RESERVED;
    if (*object * slab->size != offset)
        return HEAP_NOT_FIRST;
    return slab->free[*object / 32] >> *object % 32 & 1 ? HEAP_ALREADY_FREE : HEAP_FREED;
}

int slab_judge(const struct slab *slab, const void *pointer)
{
    uint32_t object;
    return judge(slab, pointer, &object);
}

int slab_free(struct slab_heap *heap, struct slab *slab, void *pointer)
{
    uint32_t object;
    int refusal = judge(slab, pointer, &object);
    if (!refusal)
        put_object(heap, slab, object);
    return refusal;
}

size_t slab_trim(struct slab_heap *heap)
{
    size_t before = heap->blocks;
    while (heap->spare) {
        struct slab *slab = heap->spare;
        heap->spare = slab->next;
        heap->nspare--;
        release(heap, slab);
    }
    /* The structures' own last: the others' going may empty another block of them. */
    for (size_t class_index = 0; class_index <= SLAB_NCLASSES; class_index++) {
        struct slab_class *class = &heap->classes[class_index];
        struct slab *slab = class->slab;
        if (!slab || !slab_is_empty(slab))
            continue;
        class->slab = NULL;
        class->word = &slab_nothing;
        release(heap, slab);
    }
    return before - heap->blocks;
}
