/* The text screen of a VGA, 80 by 25 characters. */
#ifndef PLAT_DRIVERS_VGA_TEXT_H
#define PLAT_DRIVERS_VGA_TEXT_H

#include "lib/print.h"

enum { VGA_TEXT_COLUMNS = 80, VGA_TEXT_ROWS = 25, VGA_TEXT_FINE_ROWS = 100 };

/* Finds out whether there is text memory, clears it and makes it a print sink. */
bool vga_text_init(void);

/* Whether it is one. */
bool vga_text_present(void);

/* The sink; NULL where it is none. */
const struct print_sink *vga_text_sink(void);

/*
 * screen_borrow() and its like, for this screen. To a borrower all 16 colours are good for a cell's
 * background, and there is no cursor.
 */
MUST_USE bool vga_text_borrow(void);
bool vga_text_borrowed(void);
void vga_text_give_back(void);

/*
 * From now on a borrowed screen shows the upper quarter of each character, and has
 * VGA_TEXT_FINE_ROWS: halves of 0xdd, left half black, are nearly squares. Ends with the loan.
 * False where the rows were not 16 lines high.
 */
MUST_USE bool vga_text_make_fine(void);

/* Draws CHARACTER of code page 437 at a cell of a borrowed screen. INK and PAPER: 0 to 15. */
void vga_text_draw(size_t row, size_t column, uint8_t character, uint8_t ink, uint8_t paper);

#endif
