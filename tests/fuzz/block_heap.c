/* All kinds of allocations, reallocated, freed rightly and wrongly: contents stay, and all returns.
 */
#include <string.h>

#include "fuzz.h"
#include "memory/heap/block_private.h"

enum { BLOCKS = 96, OBJECTS = 32 };

static uint8_t arena[BLOCKS][HEAP_BLOCK_SIZE] __attribute__((aligned(HEAP_BLOCK_SIZE)));
static size_t beside[BLOCK_HEAP_BESIDE(BLOCKS) / sizeof(size_t)];
static struct block_heap *heap;

static struct {
    uint8_t *bytes;
    size_t nbytes;
    uint8_t value;
} objects[OBJECTS];

/* Small sizes in detail, large ones up to half a megabyte. */
static size_t next_size(struct fuzz_input *input)
{
    size_t value = fuzz_byte(input), shift = fuzz_byte(input);
    return (value << shift % 12) + shift / 12;
}

static void fill(size_t i, size_t nbytes, uint8_t value)
{
    objects[i].nbytes = nbytes;
    objects[i].value = value;
    memset(objects[i].bytes, value, nbytes);
}

static void look(size_t i, size_t nbytes)
{
    for (size_t at = 0; at < nbytes; at++)
        fuzz_require(objects[i].bytes[at] == objects[i].value, "an object's contents have changed");
}

static void drop(size_t i)
{
    look(i, objects[i].nbytes);
    fuzz_require(block_heap_free(heap, objects[i].bytes) == HEAP_FREED, "a right free is refused");
    fuzz_require(block_heap_free(heap, objects[i].bytes) != HEAP_FREED, "a double free is not");
    objects[i].bytes = NULL;
}

static void make(size_t i, size_t nbytes, uint8_t how, uint8_t value)
{
    objects[i].bytes = how & 1 ? block_heap_malloc_aligned(heap, nbytes, (size_t)1 << how / 2 % 14)
                       : how & 2 ? block_heap_malloc_for(heap, OWNER_SHELL, nbytes)
                                 : block_heap_malloc(heap, nbytes);
    if (objects[i].bytes)
        fill(i, nbytes, value);
}

static void change(size_t i, size_t nbytes)
{
    size_t kept = nbytes < objects[i].nbytes ? nbytes : objects[i].nbytes;
    if (!block_heap_resize(heap, objects[i].bytes, nbytes))
        return;
    look(i, kept);
    fill(i, nbytes, objects[i].value);
}

static void free_inside(size_t i, size_t where)
{
    size_t size = block_heap_size(heap, objects[i].bytes, NULL);
    fuzz_require(size >= objects[i].nbytes, "an object is smaller than what was asked for");
    fuzz_require(block_heap_free(heap, objects[i].bytes + 1 + where % (size - 1)) != HEAP_FREED,
                 "a pointer into an object is freed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    struct fuzz_input input = {data, nbytes};
    fuzz_require(block_heap_bytes_beside(BLOCKS) <= sizeof beside &&
                     (heap = block_heap_create(arena, arena + BLOCKS, beside, NULL)) != NULL,
                 "no heap");
    for (size_t i = 0; i < OBJECTS; i++)
        objects[i].bytes = NULL;
    while (input.left > 0) {
        uint8_t operation = fuzz_byte(&input), how = fuzz_byte(&input);
        size_t i = operation % OBJECTS;
        if (operation / OBJECTS == 7)
            fuzz_require(block_heap_free(heap, NULL) == HEAP_OUT_OF_RANGE, "NULL is freed");
        else if (!objects[i].bytes)
            make(i, next_size(&input), how, operation);
        else if (operation / OBJECTS < 3)
            drop(i);
        else if (operation / OBJECTS < 5)
            change(i, next_size(&input));
        else
            free_inside(i, how);
        const char *broken = block_heap_check(heap);
        fuzz_require(!broken, broken);
    }
    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i].bytes)
            drop(i);
    (void)block_heap_trim(heap);
    fuzz_require(heap->heap.statistics.taken == 0, "blocks are lost");
    return 0;
}
