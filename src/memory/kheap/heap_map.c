/* Filled in once; what it points to changes as the heap does, and is nobody's copy. */
#include "memory/kheap/heap_map.h"

#include "memory/growing/best_fit_private.h"
#include "memory/growing/free_list_private.h"
#include "memory/heap/block_private.h"

#define IS_WORD(kind, member)      (sizeof(((struct kind *)0)->member) == 4)
#define HAS_WORD(kind, member, at) (IS_WORD(kind, member) && offsetof(struct kind, member) == (at))

HEAP_MAP_PROMISE(sizeof(HEAP_BLOCK_TABLE_ENTRY) == 1 && HEAP_BLOCK_TABLE_ENTRY_FREE == 0 &&
                 HEAP_BLOCK_TABLE_ENTRY_TAKEN == 0x01 && HEAP_BLOCK_IS_FIRST == 0x40 &&
                 HEAP_BLOCK_HAS_NEXT == 0x80);
HEAP_MAP_PROMISE(HAS_WORD(slab, size, 0) && sizeof(struct slab) == 16);
HEAP_MAP_PROMISE(sizeof(slab_bits_t) == 32 && SPAN_TAG_BYTES == 32 && SPAN_UNITS_A_BLOCK == 16 &&
                 !TAGS_APART);
HEAP_MAP_PROMISE(TAG_LENGTH == 0xff && TAG_FREE == 0x100 && TAG_TAKEN == 0x400);
HEAP_MAP_PROMISE(HAS_WORD(memory_block, free, 0) && HAS_WORD(memory_block, size, 4) &&
                 HAS_WORD(memory_block, next, 8) && sizeof(struct memory_block) == 16 &&
                 LIST_FREE == 0x66726565 && LIST_TAKEN == 0x74616b6e);
HEAP_MAP_PROMISE(HAS_WORD(best_fit_block, seal, 0) && HAS_WORD(best_fit_block, size, 4) &&
                 HAS_WORD(best_fit_block, previous, 8) && HAS_WORD(best_fit_block, next, 12) &&
                 sizeof(struct best_fit_block) == 16);
HEAP_MAP_PROMISE(HAS_WORD(free_piece, nbytes, 0) && HAS_WORD(free_piece, start, 4) &&
                 HAS_WORD(free_piece, before, 8) && sizeof(struct free_piece) == 12);
HEAP_MAP_PROMISE(IS_WORD(window, brk) && IS_WORD(free_list, first) && IS_WORD(best_fit, first) &&
                 IS_WORD(ordered_array, pieces) && IS_WORD(ordered_array, count));

struct heap_map heap_map = {
    .magic = HEAP_MAP_MAGIC,
    .version = HEAP_MAP_VERSION,
    .block_bytes = HEAP_BLOCK_SIZE,
    .nowners = HEAP_OWNERS,
    .unit_bytes = SPAN_UNIT,
    .span_blocks = SPAN_BLOCKS,
    .header_bytes = LIST_HEADER,
};

void heap_map_publish(const struct block_heap *heap)
{
    heap_map.start = (paddr_t)heap->heap.saddr;
    heap_map.entries = (paddr_t)heap->table.entries;
    heap_map.owners = (paddr_t)heap->owners;
    heap_map.small = (paddr_t)heap->slabs.slabs;
    heap_map.bits = (paddr_t)heap->slabs.free;
    heap_map.nblocks = heap->table.total;
}

void heap_map_publish_directory(const uint32_t *directory)
{
    heap_map.directory = (paddr_t)directory;
}

static void publish_window(enum heap_map_design design, const struct window *window,
                           const void *first)
{
    heap_map.window_start = (vaddr_t)window->start;
    heap_map.window_break = (paddr_t)&window->brk;
    heap_map.first = (paddr_t)first;
    heap_map.design = design;
}

void heap_map_publish_free_list(const struct free_list *heap)
{
    publish_window(HEAP_MAP_FREE_LIST, heap->growing.window, &heap->first);
}

void heap_map_publish_best_fit(const struct best_fit *heap)
{
    heap_map.pieces = (paddr_t)&heap->free.pieces;
    heap_map.npieces = (paddr_t)&heap->free.count;
    publish_window(HEAP_MAP_BEST_FIT, &heap->window, &heap->first);
}
