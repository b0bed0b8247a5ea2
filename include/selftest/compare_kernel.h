/* The designs of a heap compared in the kernel. */
#ifndef PLAT_SELFTEST_COMPARE_KERNEL_H
#define PLAT_SELFTEST_COMPARE_KERNEL_H

/*
 * Does each workload of compare.h over a heap of each design, all with the same memory, and prints
 * a table; the last workload is what the running trace holds, if one is. Says so where there is no
 * clock, or too little memory. All that was allocated is freed, but for a window's page tables.
 */
void compare_kernel_run(void);

#endif
