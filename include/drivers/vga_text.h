/* The text screen of a VGA, 80 by 25 characters. */
#ifndef PLAT_DRIVERS_VGA_TEXT_H
#define PLAT_DRIVERS_VGA_TEXT_H

#include "lib/print.h"

enum { VGA_TEXT_COLUMNS = 80, VGA_TEXT_ROWS = 25 };

/* Finds out whether there is text memory, clears it and makes it a print sink. */
bool vga_text_init(void);

/* Whether it is one. */
bool vga_text_present(void);

/* The sink; NULL where it is none. */
const struct print_sink *vga_text_sink(void);

#endif
