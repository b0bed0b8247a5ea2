/*
 * Yardsticks: the block table alone, without an index, searched from its beginning. They say what a
 * rule for the place is worth, in requests that fail, and what the search costs.
 */
#ifndef PLAT_TESTS_BENCH_SCANS_H
#define PLAT_TESTS_BENCH_SCANS_H

#include <stddef.h>

struct scans;

/* Best fit; the lowest run that is long enough; one of the length, or else that. */
extern struct scans best_scan, first_scan, exact_scan;

void scans_reset(void *heap, size_t nblocks);
void *scans_malloc(void *heap, size_t nbytes);
int scans_free(void *heap, void *pointer);
double scans_footprint(void *heap);

#endif
