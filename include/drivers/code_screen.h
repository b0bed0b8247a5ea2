/*
 * A text as a QR code on the screen, of either kind. Allocates nothing and waits for nothing: a
 * panic may call it. Text that does not fit is cut.
 */
#ifndef PLAT_DRIVERS_CODE_SCREEN_H
#define PLAT_DRIVERS_CODE_SCREEN_H

#include "lib/qr.h"

/*
 * Draws it beside the text of a framebuffer, where there is room that no text needs, until text
 * does: no byte of what can be read is lost. False, and nothing drawn, where there is none, or no
 * framebuffer. A module has 2 to 4 pixels for each of a pixel of the text's glyphs.
 */
MUST_USE bool code_screen_beside(const char *text, size_t nbytes);

/* Ends that, if it is still there. */
void code_screen_end(void);

/*
 * Borrows the screen and draws it on all of that, as large as it gets; screen_give_back() shows the
 * text again. On a text screen 718 bytes have room. False without a screen, or where it shows no
 * squares.
 */
MUST_USE bool code_screen_fill(const char *text, size_t nbytes);

#endif
