/* The text screen, read back from video memory. */
#include "case.h"
#include "drivers/vga_text.h"
#include "lib/print.h"

enum { ROWS = 25, COLUMNS = 80 };

static volatile const uint16_t *const video = (volatile const uint16_t *)0xb8000;

static char shown(unsigned row, unsigned column)
{
    return (char)video[row * COLUMNS + column];
}

CASE(console, t3_the_screen_scrolls_and_ends_where_it_ends)
{
    SKIP_UNLESS(vga_text_present(), "no text screen");
    uint16_t behind = video[ROWS * COLUMNS];
    for (unsigned i = 0; i < 2 * ROWS; i++)
        kprintf("# scrolling %u\n", i);
    kprintf("# %0120d\n", 7); /* longer than a line: goes on in the next one */
    CHECK_EQUAL(video[ROWS * COLUMNS], behind);
    CHECK_EQUAL(shown(ROWS - 3, 0), '#');
    CHECK_EQUAL(shown(ROWS - 3, COLUMNS - 1), '0');
    CHECK_EQUAL(shown(ROWS - 2, 122 - COLUMNS - 1), '7');
    CHECK_EQUAL(shown(ROWS - 2, 122 - COLUMNS), ' ');
    CHECK_EQUAL(shown(ROWS - 1, 0), ' ');
    CHECK_EQUAL(shown(ROWS - 4, 12), '4');
    CHECK_EQUAL(shown(ROWS - 4, 13), '9');
    CHECK_EQUAL(shown(ROWS - 5, 13), '8');
}
