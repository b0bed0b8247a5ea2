/* What processes cost: system calls, switches, memory, a life. */
#ifndef PLAT_SELFTEST_BENCH_PROCESS_H
#define PLAT_SELFTEST_BENCH_PROCESS_H

/* Measures and prints; the processor must have a time stamp counter. */
void bench_process_run(void);

#endif
