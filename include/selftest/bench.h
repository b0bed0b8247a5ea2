/* The heap's cost, measured in the kernel. */
#ifndef PLAT_SELFTEST_BENCH_H
#define PLAT_SELFTEST_BENCH_H

/*
 * Runs each stream of requests over the kernel's heap and prints a line for it: ticks of the time
 * stamp counter an operation, and those of the slowest one. Under QEMU's -icount a tick is an
 * instruction. Says so where the processor has no counter. All that was allocated is freed.
 */
void bench_run(void);

#endif
