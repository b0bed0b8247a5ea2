/* What printing costs. */
#ifndef PLAT_SELFTEST_BENCH_SCREEN_H
#define PLAT_SELFTEST_BENCH_SCREEN_H

/* Prints 10,000 lines on the screen, if there is one, and says how long that took. */
void bench_screen_run(void);

#endif
