/*
 * What version 2 of heap_map promises, once more and in numbers. Who has to change one here changes
 * what tools read that are not in this tree: it is another version then.
 */
#include "memory/kheap/heap_map.h"

#include "case.h"
#include "memory/growing/best_fit_private.h"
#include "memory/growing/free_list_private.h"
#include "memory/heap/block_private.h"

struct promise {
    bool has_pointers;       /* and so is laid out otherwise where they have 64 bits */
    size_t at, nbytes;       /* as it was promised; or 0 and a number */
    size_t found_at, nfound; /* as it is here */
    const char *name;
};

#define MEMBER(kind, member, at, nbytes, has_pointers)                                             \
    {                                                                                              \
        has_pointers, at, nbytes, offsetof(struct kind, member),                                   \
            sizeof(((struct kind *)0)->member), #kind "." #member                                  \
    }
#define WHOLE(kind, nbytes, has_pointers)                                                          \
    {                                                                                              \
        has_pointers, 0, nbytes, 0, sizeof(struct kind), #kind                                     \
    }
#define NUMBER(name, number)                                                                       \
    {                                                                                              \
        false, 0, number, 0, (size_t)(name), #name                                                 \
    }

static const struct promise promises[] = {
    NUMBER(HEAP_MAP_MAGIC, 0x70616d68),
    MEMBER(heap_map, magic, 0, 4, false),
    MEMBER(heap_map, version, 4, 4, false),
    MEMBER(heap_map, block_bytes, 8, 4, false),
    MEMBER(heap_map, nowners, 12, 4, false),
    MEMBER(heap_map, nblocks, 16, 4, false),
    MEMBER(heap_map, start, 20, 4, false),
    MEMBER(heap_map, entries, 24, 4, false),
    MEMBER(heap_map, owners, 28, 4, false),
    MEMBER(heap_map, directory, 32, 4, false),
    MEMBER(heap_map, small, 36, 4, false),
    MEMBER(heap_map, bits, 40, 4, false),
    MEMBER(heap_map, unit_bytes, 44, 4, false),
    MEMBER(heap_map, span_blocks, 48, 4, false),
    MEMBER(heap_map, design, 52, 4, false),
    MEMBER(heap_map, window_start, 56, 4, false),
    MEMBER(heap_map, window_break, 60, 4, false),
    MEMBER(heap_map, first, 64, 4, false),
    MEMBER(heap_map, pieces, 68, 4, false),
    MEMBER(heap_map, npieces, 72, 4, false),
    MEMBER(heap_map, header_bytes, 76, 4, false),
    WHOLE(heap_map, 80, false),
    NUMBER(HEAP_MAP_BLOCKS, 0),
    NUMBER(HEAP_MAP_FREE_LIST, 1),
    NUMBER(HEAP_MAP_BEST_FIT, 2),
    NUMBER(HEAP_BLOCK_SIZE, 4096),
    NUMBER(sizeof(HEAP_BLOCK_TABLE_ENTRY), 1),
    NUMBER(HEAP_BLOCK_TABLE_ENTRY_FREE, 0),
    NUMBER(HEAP_BLOCK_TABLE_ENTRY_TAKEN, 1),
    NUMBER(HEAP_BLOCK_IS_FIRST, 0x40),
    NUMBER(HEAP_BLOCK_HAS_NEXT, 0x80),
    MEMBER(slab, size, 0, 4, false),
    WHOLE(slab, 16, false),
    NUMBER(sizeof(union page_info), 16),
    NUMBER(sizeof(slab_bits_t), 32),
    NUMBER(PAGE_BITS_BYTES, 32),
    NUMBER(SPAN_TAG_BYTES, 32),
    NUMBER(SPAN_UNIT, 256),
    NUMBER(SPAN_UNITS_A_BLOCK, 16),
    NUMBER(SPAN_BLOCKS, 8),
    NUMBER(TAG_LENGTH, 0xff),
    NUMBER(TAG_FREE, 0x100),
    NUMBER(TAG_TAKEN, 0x400),
    MEMBER(memory_block, free, 0, 4, true),
    MEMBER(memory_block, size, 4, 4, true),
    MEMBER(memory_block, next, 8, 4, true),
    WHOLE(memory_block, 16, true),
    NUMBER(LIST_FREE, 0x66726565),
    NUMBER(LIST_TAKEN, 0x74616b6e),
    MEMBER(best_fit_block, seal, 0, 4, true),
    MEMBER(best_fit_block, size, 4, 4, true),
    MEMBER(best_fit_block, previous, 8, 4, true),
    MEMBER(best_fit_block, next, 12, 4, true),
    WHOLE(best_fit_block, 16, true),
    MEMBER(free_piece, nbytes, 0, 4, true),
    MEMBER(free_piece, start, 4, 4, true),
    MEMBER(free_piece, before, 8, 4, true),
    WHOLE(free_piece, 12, true),
};

CASE(heap_map, version_2_is_laid_out_as_tools_know_it)
{
    CHECK_EQUAL(HEAP_MAP_VERSION, 2);
    for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++) {
        const struct promise *promise = &promises[i];
        if (promise->has_pointers && sizeof(void *) != 4)
            continue;
        if (promise->at != promise->found_at || promise->nbytes != promise->nfound) {
            case_fail(run_, __FILE__, __LINE__,
                      "%s: version 2 has %zu at %zu, here it is %zu at %zu: give heap_map another "
                      "version",
                      promise->name, promise->nbytes, promise->at, promise->nfound,
                      promise->found_at);
            return;
        }
    }
}

CASE(heap_map, version_2_seals_headers_of_the_free_list_as_tools_know_it)
{
    SKIP_UNLESS(sizeof(void *) == 4, "addresses have more than 32 bits");
    static struct memory_block next;
    static struct memory_block block = {.size = 0x12340, .next = &next};
    uint32_t mixed = (uint32_t)(uintptr_t)&block ^ 0x12340u * 0x9e3779b1u ^
                     (uint32_t)(uintptr_t)&next * 0x85ebca6bu;
    block.free = 0x66726565 ^ mixed;
    CHECK(list_is(&block, LIST_FREE) && !list_is(&block, LIST_TAKEN));
    block.free = 0x74616b6e ^ mixed;
    CHECK(list_is(&block, LIST_TAKEN) && !list_is(&block, LIST_FREE));
}
