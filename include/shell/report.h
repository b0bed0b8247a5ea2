/* What somebody has to know about this machine and what happened on it, as a QR code: from a
 * machine without a serial port a photograph carries it away. */
#ifndef PLAT_SHELL_REPORT_H
#define PLAT_SHELL_REPORT_H

#include "shell/machine.h"

/*
 * The screen shows it until a key is pressed: the build, the self-tests, processor, firmware,
 * loader, memory, devices; a line each, in the order in which they matter, for the end may have no
 * room. Says so where there is no screen for it.
 */
void report_show(const struct machine *machine);

/*
 * The same after self-tests: beside the text, where there is a framebuffer with room for it, and
 * nothing waits. Else, if somebody SITS in front of it, after a key or ten seconds, for half a
 * minute or until the next key.
 */
void report_show_verdict(const struct machine *machine, bool sits);

/* A panic begins: what is printed from now on is what a code is to say. */
void report_begin_panic(void);

/*
 * All of it has been printed: shows that beside it. Where there is no room, which a text screen
 * never has, text and code take turns of ten seconds, text first, for half an hour, with WAITING
 * called in between as often as can be; then the text stays. Nothing happens the second time.
 * Allocates nothing, and no wait needs an interrupt.
 */
void report_show_panic(void (*waiting)(void));

#endif
