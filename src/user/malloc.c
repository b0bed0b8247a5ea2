/*
 * Theory. The kernel hands out whole blocks of 4096 bytes, anywhere, and takes back only what it
 * gave. An object of more than LARGE bytes is such a gift of its own and begins on a block's
 * boundary. Smaller ones are rounded up to a class's size, a multiple of 16, and lie in a block of
 * that class: its head, then objects of one size up to the end. So the place of a pointer in its
 * block tells which of both it is, and the table in blocks.c whether there is such a block at all.
 *
 * Invariant:
 *   - blocks.c has an entry for each block of small objects and each large object, and no other;
 *   - a block's bit i is set exactly if its object i is free; nfree counts them;
 *   - a block is on its class's list exactly if it has a free object; an empty one goes back to
 *     the kernel at once.
 *
 * Nothing of the heap's lies in free objects or between objects. Pointers that malloc did not give,
 * or that were freed before, end the program with one line.
 *
 * Cost: malloc and free of small objects look at up to 20 sizes and 8 words, O(1), and call the
 * kernel only when a block comes or goes. Space: a block for each class in use; up to half of
 * a large object's blocks is lost (2017 bytes take 4096).
 */
#include "user/malloc_private.h"

enum { BLOCK_BYTES = 4096, UNIT = 16, BITMAP_WORDS = 8 };

struct small_block {
    struct small_block *next, *previous; /* on its class's list */
    uint16_t class_index, nfree;
    uint32_t free[BITMAP_WORDS];
};

/* In multiples of UNIT that leave little of the block unused. */
static const uint16_t sizes[] = {16,  32,  48,  64,  80,  96,  112, 128,  160,  192,
                                 224, 256, 320, 400, 496, 672, 800, 1008, 1344, 2016};

enum {
    CLASSES = sizeof sizes / sizeof *sizes,
    LARGE = 2016, /* the largest that is a small object */
    HEAD = (sizeof(struct small_block) + UNIT - 1) / UNIT * UNIT
};
_Static_assert((BLOCK_BYTES - HEAD) / UNIT <= BITMAP_WORDS * 32, "each object has a bit");
_Static_assert(HEAD + 2 * LARGE <= BLOCK_BYTES, "two of the largest small objects fit");

static struct small_block *lists[CLASSES];

static _Noreturn void misused(const char *what, const void *pointer)
{
    char line[80];
    format_text(line, sizeof line, "process %d: %s(%p): not an object in use\n", getpid(), what,
                pointer);
    system_print(line);
    exit(EXIT_MISUSE);
}

/* NBYTES is at most LARGE. */
static size_t class_of(size_t nbytes)
{
    size_t i = 0;
    while (sizes[i] < nbytes)
        i++;
    return i;
}

static uint32_t objects_in(size_t class_index)
{
    return (uint32_t)(BLOCK_BYTES - HEAD) / sizes[class_index];
}

static void link_block(struct small_block *block)
{
    struct small_block **list = &lists[block->class_index];
    block->previous = NULL;
    block->next = *list;
    if (*list)
        (*list)->previous = block;
    *list = block;
}

static void unlink_block(struct small_block *block)
{
    if (block->previous)
        block->previous->next = block->next;
    else
        lists[block->class_index] = block->next;
    if (block->next)
        block->next->previous = block->previous;
}

/* A new block of the class, on its list; NULL without memory. */
static struct small_block *new_block(size_t class_index)
{
    uint32_t count = objects_in(class_index);
    struct small_block *block = blocks_get(BLOCK_BYTES, count);
    if (!block)
        return NULL;
    block->class_index = (uint16_t)class_index;
    block->nfree = (uint16_t)count;
    for (uint32_t i = 0; i < count; i++)
        block->free[i / 32] |= 1u << i % 32;
    link_block(block);
    return block;
}

static void *malloc_small(size_t class_index)
{
    struct small_block *block = lists[class_index];
    if (!block && !(block = new_block(class_index)))
        return NULL;
    uint32_t word = 0;
    while (!block->free[word])
        word++;
    uint32_t object = word * 32 + (uint32_t)__builtin_ctz(block->free[word]);
    block->free[word] &= block->free[word] - 1;
    if (--block->nfree == 0)
        unlink_block(block);
    return (uint8_t *)block + HEAD + object * sizes[class_index];
}

void *malloc(size_t nbytes)
{
    if (nbytes == 0)
        return NULL;
    return nbytes <= LARGE ? malloc_small(class_of(nbytes)) : blocks_get(nbytes, 0);
}

/* The entry of the block that holds POINTER, which WHAT was called with; *OBJECT its number. */
static struct kernel_blocks *find(const char *what, void *pointer, uint32_t *object)
{
    size_t offset = (uintptr_t)pointer % BLOCK_BYTES;
    void *start = (void *)((uintptr_t)pointer - offset);
    struct kernel_blocks *entry = start ? blocks_find(start) : NULL;
    *object = 0;
    if (!entry || (offset == 0) != (entry->nsmall == 0))
        misused(what, pointer);
    if (entry->nsmall == 0)
        return entry;
    const struct small_block *block = start;
    uint32_t size = sizes[block->class_index], distance = (uint32_t)(offset - HEAD);
    *object = distance / size;
    /* For a place in the head, the distance is below 0 and the number far too large. */
    if (distance % size != 0 || *object >= entry->nsmall ||
        block->free[*object / 32] >> *object % 32 & 1)
        misused(what, pointer);
    return entry;
}

void free(void *pointer)
{
    uint32_t object;
    if (!pointer)
        return;
    struct kernel_blocks *entry = find("free", pointer, &object);
    struct small_block *block = (struct small_block *)(void *)entry->start;
    if (entry->nsmall == 0) {
        blocks_put(block);
        return;
    }
    block->free[object / 32] |= 1u << object % 32;
    if (block->nfree++ == 0)
        link_block(block);
    if (block->nfree == entry->nsmall) {
        unlink_block(block);
        blocks_put(block);
    }
}

void *calloc(size_t count, size_t nbytes)
{
    size_t all;
    if (!checked_multiply(count, nbytes, &all))
        return NULL;
    void *object = malloc(all);
    if (object && all <= LARGE) /* what comes from the kernel is zeroed */
        memset(object, 0, all);
    return object;
}

void *realloc(void *pointer, size_t nbytes)
{
    uint32_t object;
    if (!pointer)
        return malloc(nbytes);
    struct kernel_blocks *entry = find("realloc", pointer, &object);
    if (nbytes == 0) {
        free(pointer);
        return NULL;
    }
    bool small = entry->nsmall > 0;
    size_t has = small ? sizes[((struct small_block *)(void *)entry->start)->class_index]
                       : entry->nblocks * BLOCK_BYTES;
    bool stays = small ? nbytes <= LARGE && sizes[class_of(nbytes)] == has
                       : nbytes > LARGE && units_to_hold(nbytes, BLOCK_BYTES) == entry->nblocks;
    if (stays)
        return pointer;
    void *moved = malloc(nbytes);
    if (!moved)
        return NULL;
    memcpy(moved, pointer, has < nbytes ? has : nbytes);
    free(pointer);
    return moved;
}
