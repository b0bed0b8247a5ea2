/*
 * The screen that the loader left: text, or a picture with text drawn on it. The only one who knows
 * which. What is printed on a picture appears at the next tick of the timer, a part of it if there
 * is much, and at print_flush(); until the timer's first tick it appears at once.
 */
#ifndef PLAT_DRIVERS_SCREEN_H
#define PLAT_DRIVERS_SCREEN_H

#include "boot/options.h"
#include "drivers/framebuffer.h"

/*
 * Makes the screen GIVEN a print sink, if WANTED has it so. Memory from LOWEST on may be drawn on,
 * the pages up to MAPPED (exclusive) at once. A screen beyond them waits for screen_mapped().
 */
void screen_init(const struct boot_screen *given, enum options_console wanted, paddr_t lowest,
                 page_t mapped);

/* The pages that the picture lies in, used already or waiting, perhaps above 4 GB; false where
 * there is none. */
bool screen_pages(page_t *first, page_t *npages);

/*
 * The first of those pages has been mapped at START, and the others behind it, with COMBINING so
 * that writes are combined; or START is NULL, and WHY says why they could not be.
 */
void screen_mapped(void *start, const char *why, bool combining);

/* Where they are mapped; NULL before. */
const void *screen_start(void);

/* A line if the loader's screen is not used, for a reason of its own. */
void screen_say_refused(void);

/* Prints "text screen yes", or "text screen no, framebuffer 1024x768x32 ..". */
void screen_say(void);

/* How many characters have room on the screen; false where there is none. */
MUST_USE bool screen_size(uint32_t *columns, uint32_t *rows);

/* What is written to the screen alone, without the serial line; NULL without a screen. */
const struct print_sink *screen_sink(void);

/* The picture's text, for tests and for who borrows it; NULL without one. */
const struct framebuffer *screen_framebuffer(void);

/*
 * Lends the screen to the caller, who draws on it: on screen_framebuffer()'s pixels, or with
 * vga_text_draw(). Text that is printed meanwhile appears when the screen is given back; so a panic
 * takes it back by print_flush(). False without a screen.
 */
MUST_USE bool screen_borrow(void);

/* Whether it still is the borrower's. */
bool screen_borrowed(void);

/* framebuffer_lend() and framebuffer_take_back(), where the screen is a picture that is not lent.
 */
MUST_USE bool screen_lend_place(uint32_t columns, uint32_t rows, struct framebuffer_place *place);
void screen_take_back_place(void);

/* Shows the text again, all of it. Nothing to do where the screen has been taken back. */
void screen_give_back(void);

#endif
