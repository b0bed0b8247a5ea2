/*
 * Small objects over a source of blocks that fails when the input says so, freed rightly and in
 * every wrong way. What is whose stands in a map of the arena's bytes that knows nothing of slabs.
 */
#include "memory/heap/slab.h"

#include <sanitizer/asan_interface.h>
#include <string.h>

#include "fuzz.h"

enum { BLOCKS = 48, BYTES = BLOCKS * HEAP_BLOCK_SIZE, STRUCTURES = 64, MANY = 9 };

static uint8_t arena[BYTES] __attribute__((aligned(HEAP_BLOCK_SIZE)));
static struct slab_heap heap;

/* Of the arena's bytes: nobody's, the first of an object, one behind it, or a structure's. */
enum { NOBODY, FIRST, BEHIND, STRUCTURE };
static uint8_t map[BYTES];
static uint16_t lengths[BYTES / 8]; /* of the object that begins here */
static size_t live, live_bytes;
static struct slab *structures[STRUCTURES];

static bool is_all(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, nbytes - 1) == 0;
}

/* -- The source: any free block, unless the input says that there is none -- */

static struct {
    bool out[BLOCKS];
    size_t nout, next, refused;
    unsigned until_failure; /* 0: until the blocks are used up */
} source;

static void *get(void *context, size_t nblocks)
{
    fuzz_require(context == &source && nblocks == 1, "another source is asked, or for more");
    if (source.nout == BLOCKS || (source.until_failure && --source.until_failure == 0)) {
        source.refused++;
        return NULL;
    }
    while (source.out[source.next %= BLOCKS])
        source.next++;
    uint8_t *block = arena + source.next * HEAP_BLOCK_SIZE;
    source.out[source.next] = true;
    source.nout++;
    ASAN_UNPOISON_MEMORY_REGION(block, HEAP_BLOCK_SIZE);
    memset(block, 0xa5, HEAP_BLOCK_SIZE);
    return block;
}

static void put(void *context, void *blocks, size_t nblocks)
{
    size_t offset = (size_t)((uint8_t *)blocks - arena);
    fuzz_require(context == &source && nblocks == 1 && offset % HEAP_BLOCK_SIZE == 0 &&
                     offset < BYTES && source.out[offset / HEAP_BLOCK_SIZE],
                 "what is given back was never given");
    fuzz_require(is_all(map + offset, HEAP_BLOCK_SIZE, NOBODY),
                 "a block is given back that is in use");
    source.out[offset / HEAP_BLOCK_SIZE] = false;
    source.nout--;
    ASAN_POISON_MEMORY_REGION(blocks, HEAP_BLOCK_SIZE);
}

/* -- The map -- */

/* Marks NBYTES from POINTER on, which must be nobody's and in blocks that are out. */
static size_t claim(const void *pointer, size_t nbytes, uint8_t first, uint8_t behind)
{
    size_t at = (size_t)((const uint8_t *)pointer - arena);
    fuzz_require(at < BYTES && nbytes <= BYTES - at, "an object is not in the arena");
    fuzz_require(source.out[at / HEAP_BLOCK_SIZE] &&
                     source.out[(at + nbytes - 1) / HEAP_BLOCK_SIZE],
                 "an object is not in a block of the source");
    fuzz_require(is_all(map + at, nbytes, NOBODY), "an object lies over another");
    memset(map + at, behind, nbytes);
    map[at] = first;
    return at;
}

/* Each object has bytes of its own, by where it lies and how long it is. */
static uint8_t value_of(size_t at)
{
    return (uint8_t)(at / 8 * 7 + at / HEAP_BLOCK_SIZE + lengths[at / 8] + 1);
}

static void look(size_t at)
{
    fuzz_require(is_all(arena + at, lengths[at / 8], value_of(at)),
                 "an object's contents have changed");
}

/* The first object at or behind AT, in a circle; BYTES where there is none. */
static size_t object_from(size_t at)
{
    const uint8_t *found = memchr(map + at, FIRST, BYTES - at);
    if (!found)
        found = memchr(map, FIRST, at);
    return found ? (size_t)(found - map) : BYTES;
}

/* -- The calls -- */

static bool make(size_t nbytes)
{
    size_t refused = source.refused;
    void *pointer = slab_malloc_quickly(&heap, nbytes);
    if (!pointer)
        pointer = slab_malloc_slowly(&heap, nbytes);
    if (!pointer) {
        fuzz_require(source.refused > refused, "there is memory, and an object is not served");
        return false;
    }
    fuzz_require((uintptr_t)pointer % (nbytes > 8 ? 16 : 8) == 0, "an object is not aligned");
    size_t length = slab_size_for(&heap, nbytes);
    fuzz_require(length >= nbytes && length - nbytes < 16 + nbytes / 8, "a class does not fit");
    size_t at = claim(pointer, length, FIRST, BEHIND);
    lengths[at / 8] = (uint16_t)length;
    memset(pointer, value_of(at), length);
    live++;
    live_bytes += length;
    return true;
}

/* As block_heap_free() does it; HEAP_OUT_OF_RANGE where there is no slab. */
static int give(void *pointer)
{
    struct slab *slab = slab_of(&heap, pointer);
    if (!slab)
        return HEAP_OUT_OF_RANGE;
    int judged = slab_judge(slab, pointer);
    int refusal =
        slab_free_quickly(&heap, slab, pointer) ? HEAP_FREED : slab_free(&heap, slab, pointer);
    fuzz_require(refusal == judged, "a pointer is judged in another way than it is freed");
    return refusal;
}

/* Frees AT, whatever it is: the map knows what must come of it. */
static void free_at(size_t at)
{
    uint8_t was = map[at];
    size_t length = lengths[at / 8];
    if (was == FIRST) {
        look(at);
        memset(map + at, NOBODY, length); /* before its block goes back */
        live--;
        live_bytes -= length;
    }
    int refusal = give(arena + at);
    bool in_block = source.out[at / HEAP_BLOCK_SIZE];
    if (was == FIRST)
        fuzz_require(refusal == HEAP_FREED, "a right free is refused");
    else if (was == BEHIND)
        fuzz_require(refusal == HEAP_NOT_FIRST, "a pointer into an object is not refused as such");
    else if (was == STRUCTURE)
        fuzz_require(refusal == HEAP_RESERVED, "a pointer into a structure is not refused as such");
    else
        fuzz_require(refusal != HEAP_FREED && (refusal == HEAP_OUT_OF_RANGE) == !in_block,
                     "a pointer to nothing is not refused as such");
    if (was == FIRST)
        fuzz_require(give(arena + at) == (in_block ? HEAP_ALREADY_FREE : HEAP_OUT_OF_RANGE),
                     "a double free is not refused as such");
}

static void free_foreign(size_t distance)
{
    static uint8_t elsewhere[16] __attribute__((aligned(16)));
    uintptr_t start = (uintptr_t)arena;
    void *pointers[] = {elsewhere, NULL, &heap, (void *)(start - 1 - distance),
                        (void *)(start + BYTES + distance)};
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        fuzz_require(give(pointers[i]) == HEAP_OUT_OF_RANGE, "a foreign pointer is not refused");
}

static void put_structure(size_t i)
{
    const uint8_t *bytes = (const uint8_t *)structures[i];
    fuzz_require(is_all(bytes, sizeof *structures[i], (uint8_t)(0x80 + i)),
                 "a structure's contents have changed");
    memset(map + (bytes - arena), NOBODY, sizeof *structures[i]);
    slab_put_structure(&heap, structures[i]);
    structures[i] = NULL;
}

/* A structure from the heap, or back. */
static void change_structure(size_t i)
{
    if (structures[i]) {
        put_structure(i);
        return;
    }
    size_t refused = source.refused;
    structures[i] = slab_new_structure(&heap);
    fuzz_require(structures[i] || source.refused > refused,
                 "there is memory, and a structure is not served");
    if (!structures[i])
        return;
    fuzz_require((uintptr_t)structures[i] % _Alignof(struct slab) == 0, "a structure is crooked");
    (void)claim(structures[i], sizeof *structures[i], STRUCTURE, STRUCTURE);
    memset(structures[i], 0x80 + (int)i, sizeof *structures[i]);
}

static void trim(void)
{
    size_t before = source.nout;
    fuzz_require(slab_trim(&heap) == before - source.nout, "a trim counts wrongly");
}

static void look_at_heap(void)
{
    const char *broken = slab_check(&heap);
    fuzz_require(!broken, broken);
    struct slab_statistics is = slab_statistics(&heap);
    fuzz_require(is.objects == live && is.bytes == live_bytes, "the objects are counted wrongly");
    fuzz_require(is.blocks == source.nout, "the blocks are counted wrongly");
}

static void free_all(void)
{
    for (size_t at = object_from(0); at < BYTES; at = object_from(at))
        free_at(at);
    for (size_t i = 0; i < STRUCTURES; i++)
        if (structures[i])
            put_structure(i);
    look_at_heap();
    trim();
    look_at_heap();
    fuzz_require(source.nout == 0, "blocks are lost");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    static struct slab *by_block[BLOCKS];
    struct fuzz_input input = {data, nbytes};
    memset(map, NOBODY, sizeof map);
    memset(&source, 0, sizeof source);
    ASAN_POISON_MEMORY_REGION(arena, BYTES);
    slab_init(&heap, (struct slab_source){get, put, &source}, arena, BLOCKS, by_block);
    while (input.left > 0) {
        uint8_t operation = fuzz_byte(&input), how = fuzz_byte(&input);
        size_t where = ((size_t)fuzz_byte(&input) << 8 | how) * 3 % BYTES;
        size_t object = object_from(where), many = 1u << operation / 8 % MANY;
        switch (operation % 8) {
        case 0: /* all sizes, and for the large ones many of them */
        case 1:
            for (size_t i = 0; i < many && make(1 + where % SLAB_LARGEST); i++)
                ;
            break;
        case 2: /* some objects, one behind the other or far apart */
            for (size_t i = 0; i < many && object < BYTES; i++) {
                free_at(object);
                object = object_from((object + how * 8u) % BYTES);
            }
            break;
        case 3: /* into an object */
            if (object < BYTES)
                free_at(object + 1 + operation / 8 * 16u % (lengths[object / 8] - 1u));
            break;
        case 4: /* in front of a block's first object, or anywhere */
            free_at(operation & 8 ? where : where / HEAP_BLOCK_SIZE * HEAP_BLOCK_SIZE + how % 64);
            break;
        case 5:
            change_structure(how % STRUCTURES);
            break;
        case 6:
            trim();
            source.until_failure = operation / 8;
            source.next = how;
            break;
        default:
            free_foreign(where);
        }
        look_at_heap();
    }
    free_all();
    return 0;
}
