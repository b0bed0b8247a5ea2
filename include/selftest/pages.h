/* Results that stay on the screen until they have been read. */
#ifndef PLAT_SELFTEST_PAGES_H
#define PLAT_SELFTEST_PAGES_H

#include "lib/types.h"

/*
 * From the next line printed on, counts how many lines of the screen are new. Nothing happens where
 * there is no screen.
 */
void pages_start(void);

/*
 * Between two things that are printed, each at most PAGES_LINES_MOST lines long: if another one
 * might push the first new line out, waits for a key, or for ten seconds. After q nothing waits any
 * more. Interrupts must be on.
 */
enum { PAGES_LINES_MOST = 12 };
void pages_turn(void);

/* Waits in the same way for the last page, before other things follow. */
void pages_end(void);

/* Shows NOTICE in the screen's line for ten seconds or until a key is pressed, which it returns;
 * else KEY_NONE. */
int pages_wait(const char *notice);

#endif
