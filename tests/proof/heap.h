/*
 * What is proved of the block table's entries and of what writes them (src/memory/heap/heap.c):
 * scripts/prove has Frama-C read this in front of it.
 */
#ifndef PLAT_TESTS_PROOF_HEAP_H
#define PLAT_TESTS_PROOF_HEAP_H

#include "memory/heap/block_entry.h"

#define TOTAL   heap->table->total
#define ENTRIES heap->table->entries
#define RUNS    heap->table->runs

/*@ predicate first_value(integer entry) = entry == 0x41 || entry == 0xc1;
    predicate next_value(integer entry) = entry == 0xc1 || entry == 0x81;
    predicate rest_value(integer entry) = entry == 0x81 || entry == 0x01;
    predicate legal(integer entry) = entry == 0 || first_value(entry) || rest_value(entry);

    // By address, so that a prover finds the entry that it looks for.
    predicate filled{L}(HEAP_BLOCK_TABLE_ENTRY *entry, integer count, integer value) =
        \forall HEAP_BLOCK_TABLE_ENTRY *at; at == entry + (at - entry) &&
            0 <= at - entry < count ==> *at == value;

    predicate laid_out{L}(struct heap *heap) =
        \valid(heap) && \valid(heap->table) && 1 <= TOTAL <= HEAP_BLOCKS_MOST &&
        \valid(ENTRIES + (0 .. TOTAL - 1)) && \valid(RUNS + (0 .. TOTAL - 1)) &&
        \separated(heap, heap->table, ENTRIES + (0 .. TOTAL - 1), RUNS + (0 .. TOTAL - 1));

    predicate is_allocation{L}(struct heap *heap, integer first, integer length) =
        0 <= first < first + length <= TOTAL && first_value(ENTRIES[first]) &&
        (\forall integer i; first < i < first + length ==> rest_value(ENTRIES[i])) &&
        (\forall integer i; first <= i < first + length - 1 ==> next_value(ENTRIES[i])) &&
        !next_value(ENTRIES[first + length - 1]);
*/

/* -- Entries -- */

/*@ assigns \nothing;
    ensures \result <==> entry == 0; */
static inline bool is_free(HEAP_BLOCK_TABLE_ENTRY entry);

/*@ assigns \nothing;
    ensures entry == 0x41 ==> \result;
    ensures entry == 0xc1 ==> \result;
    ensures entry == 0 ==> !\result;
    ensures entry == 0x81 ==> !\result;
    ensures entry == 0x01 ==> !\result; */
static inline bool is_first(HEAP_BLOCK_TABLE_ENTRY entry);

/*@ assigns \nothing;
    ensures entry == 0xc1 ==> \result;
    ensures entry == 0x81 ==> \result;
    ensures entry == 0 ==> !\result;
    ensures entry == 0x41 ==> !\result;
    ensures entry == 0x01 ==> !\result; */
static inline bool has_next(HEAP_BLOCK_TABLE_ENTRY entry);

/*@ assigns \nothing;
    ensures first && next ==> \result == 0xc1;
    ensures first && !next ==> \result == 0x41;
    ensures !first && next ==> \result == 0x81;
    ensures !first && !next ==> \result == 0x01; */
static inline HEAP_BLOCK_TABLE_ENTRY make_taken(bool first, bool next);

/* -- Trusted: one store of four entries -- */

/*@ requires \valid(entry + (0 .. 3));
    assigns entry[0 .. 3];
    ensures filled(entry, 4, value); */
static inline void put_four(HEAP_BLOCK_TABLE_ENTRY *entry, HEAP_BLOCK_TABLE_ENTRY value);

/* -- Writers -- */

/*@ requires count > 0 && \valid(entry + (0 .. count - 1));
    assigns entry[0 .. count - 1];
    ensures filled(entry, count, value); */
static inline void fill(HEAP_BLOCK_TABLE_ENTRY *entry, size_t count, HEAP_BLOCK_TABLE_ENTRY value);

/*@ requires laid_out(heap) && 1 <= length && first + length <= TOTAL;
    assigns ENTRIES[first .. first + length - 1], RUNS[first].length;
    ensures is_allocation(heap, first, length) && RUNS[first].length == length; */
static inline void write_allocation(struct heap *heap, block_t first, size_t length);

/*@ requires laid_out(heap);
    assigns heap->statistics.taken, heap->statistics.peak; */
static inline void count_taken(struct heap *heap, size_t nblocks);

/* -- Frees that are refused -- */

/*@ requires laid_out(heap);
    assigns \nothing;
    ensures \result == (size_t)((uintptr_t)address - (uintptr_t)heap->saddr) / HEAP_BLOCK_SIZE; */
static inline block_t heap_block_of(const struct heap *heap, const void *address);

/*@ requires laid_out(heap);
    assigns \nothing;
    ensures \result ==>
        (size_t)((uintptr_t)address - (uintptr_t)heap->saddr) / HEAP_BLOCK_SIZE < TOTAL; */
static inline bool heap_contains(const struct heap *heap, const void *address);

/*@ requires laid_out(heap);
    requires \forall integer i; 0 <= i < TOTAL ==> legal(ENTRIES[i]);
    assigns \nothing;
    ensures \let block = (size_t)((uintptr_t)pointer - (uintptr_t)heap->saddr) / HEAP_BLOCK_SIZE;
        \result == HEAP_FREED ==> block < TOTAL && first_value(ENTRIES[block]);
    ensures \result == HEAP_FREED || \result == HEAP_OUT_OF_RANGE || \result == HEAP_MISALIGNED ||
        \result == HEAP_ALREADY_FREE || \result == HEAP_NOT_FIRST; */
static inline int heap_judge(const struct heap *heap, const void *pointer);

/* Trusted: frees that are not refused are still to be proved. */
/*@ requires laid_out(heap) && first < TOTAL && first_value(ENTRIES[first]);
    assigns heap->newest[0 .. HEAP_BINS - 1], heap->bins[0 .. HEAP_BINS / 32], heap->words,
        RUNS[0 .. TOTAL - 1], heap->statistics.taken, heap->statistics.peak,
        heap->statistics.allocations, ENTRIES[0 .. TOTAL - 1]; */
IN_REGISTERS void heap_free_at(struct heap *heap, block_t first);

/*@ requires laid_out(heap);
    requires \forall integer i; 0 <= i < TOTAL ==> legal(ENTRIES[i]);
    assigns heap->newest[0 .. HEAP_BINS - 1], heap->bins[0 .. HEAP_BINS / 32], heap->words,
        RUNS[0 .. TOTAL - 1], heap->statistics.taken, heap->statistics.peak,
        heap->statistics.allocations, heap->statistics.refused, ENTRIES[0 .. TOTAL - 1];
    ensures \result != HEAP_FREED ==> heap->words == \old(heap->words) &&
        heap->statistics.taken == \old(heap->statistics.taken) &&
        heap->statistics.allocations == \old(heap->statistics.allocations);
    ensures \result != HEAP_FREED ==>
        \forall integer i; 0 <= i < HEAP_BINS ==> heap->newest[i] == \old(heap->newest[i]);
    ensures \result != HEAP_FREED ==>
        \forall integer i; 0 <= i <= HEAP_BINS / 32 ==> heap->bins[i] == \old(heap->bins[i]);
    ensures \result != HEAP_FREED ==> \forall integer i; 0 <= i < TOTAL ==>
        ENTRIES[i] == \old(ENTRIES[i]) && RUNS[i].length == \old(RUNS[i].length) &&
        RUNS[i].newer == \old(RUNS[i].newer) && RUNS[i].older == \old(RUNS[i].older); */
int heap_free(struct heap *heap, void *pointer);

#endif
