/* A block's header, and what is true of one. */
#ifndef PLAT_MEMORY_GROWING_FREE_LIST_PRIVATE_H
#define PLAT_MEMORY_GROWING_FREE_LIST_PRIVATE_H

#include "memory/growing/free_list.h"

enum { LIST_HEADER = sizeof(struct memory_block) };

#define LIST_FREE  0x66726565u
#define LIST_TAKEN 0x74616b6eu

_Static_assert(LIST_HEADER % GROWING_ALIGNMENT == 0, "what follows a header is aligned");

static inline struct free_list *list_of(const void *heap)
{
    return (struct free_list *)(uintptr_t)heap;
}

/* Where the header of an allocation at POINTER would be; it may be any pointer. */
static inline struct memory_block *list_header_of(const void *pointer)
{
    return (struct memory_block *)((uintptr_t)pointer - LIST_HEADER);
}

static inline uint8_t *list_end_of(const struct memory_block *block)
{
    return (uint8_t *)(uintptr_t)block + block->size;
}

/* The multipliers are odd: whichever one word is another, the seal is another. */
static inline uint32_t list_seal(const struct memory_block *block, uint32_t state)
{
    return state ^ growing_fold((uintptr_t)block) ^ growing_fold(block->size) * 0x9e3779b1u ^
           growing_fold((uintptr_t)block->next) * 0x85ebca6bu;
}

static inline bool list_is(const struct memory_block *block, uint32_t state)
{
    return block->free == list_seal(block, state);
}

/* Notes that BLOCK and its NEIGHBOUR contradict each other; HEAP_BROKEN. */
int free_list_damage(struct free_list *heap, const void *block, const void *neighbour);

/* Why POINTER can't be freed, or HEAP_FREED. O(1) where it can be, else O(blocks). */
int free_list_judge(struct free_list *heap, const void *pointer);

/* Of struct allocator_kind. */
const char *free_list_check(const void *heap);
void free_list_statistics(const void *heap, struct allocator_statistics *statistics);

/* Of struct growing_kind. */
void free_list_picture(const struct growing_heap *heap, struct growing_picture *picture);
bool free_list_each(const struct growing_heap *heap, struct growing_visitor visitor);
bool free_list_search(const struct growing_heap *heap, size_t size, struct growing_visitor visitor);

#endif
