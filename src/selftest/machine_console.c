/* The screen, read back from video memory. */
#include "case.h"
#include "cpu/cpu.h"
#include "drivers/font.h"
#include "drivers/screen.h"
#include "drivers/timer.h"
#include "drivers/vga_text.h"
#include "lib/print.h"
#include "memory/paging/paging.h"

enum { ROWS = VGA_TEXT_ROWS, COLUMNS = VGA_TEXT_COLUMNS };

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

/* Whether the framebuffer shows C at a cell in the colour of its first pixel that is not black. */
static bool framebuffer_shows(uint32_t row, uint32_t column, char c)
{
    const struct framebuffer *text = screen_framebuffer();
    const struct pixels *pixels = &text->pixels;
    for (uint32_t y = 0; y < 16; y++)
        for (uint32_t x = 0; x < 8; x++) {
            const volatile uint8_t *at = pixels->start +
                                         (row * 16 + y) * text->scale * pixels->pitch +
                                         (size_t)(column * 8 + x) * text->scale * pixels->nbytes;
            uint32_t sum = 0;
            for (uint32_t i = 0; i < pixels->nbytes; i++)
                sum += at[i];
            if ((sum != 0) != ((font_glyphs[(uint8_t)c][y] & 0x80 >> x) != 0))
                return false;
        }
    return true;
}

CASE(console, the_framebuffer_shows_the_last_lines)
{
    const struct framebuffer *text = screen_framebuffer();
    SKIP_UNLESS(text, "no framebuffer");
    for (unsigned i = 0; i < text->rows; i++)
        kprintf("# line %u\n", i);
    kprintf("# the last line of all\n");
    print_flush();
    static const char last[] = "# the last line of all ";
    for (uint32_t i = 0; i < sizeof last - 1; i++)
        CHECK(framebuffer_shows(text->rows - 2, i, last[i]));
    CHECK(framebuffer_shows(text->rows - 3, 2, 'l'));
    CHECK(framebuffer_shows(0, 2, 'l'));
}

CASE(console, the_timer_draws_what_was_printed)
{
    const struct framebuffer *text = screen_framebuffer();
    SKIP_UNLESS(text, "no framebuffer");
    SKIP_UNLESS(timer_works(), "the timer does not tick");
    kprintf("# a line\n");
    uint32_t row = text->row - 1;
    for (uint32_t start = timer_ticks(); timer_ticks() - start < 20;)
        cpu_wait();
    CHECK(framebuffer_shows(row, 2, 'a'));
    CHECK(framebuffer_shows(row, 4, 'l'));
}

CASE(console, the_framebuffer_is_mapped_for_devices)
{
    page_t first, npages;
    SKIP_UNLESS(screen_pages(&first, &npages), "no framebuffer");
    for (page_t i = 0; i < npages; i++) {
        vaddr_t virt = (vaddr_t)screen_start() + i * PAGE_SIZE;
        struct paging_walk walk = paging_walk(paging_kernel(), virt);
        uint64_t phys = (uint64_t)(first + i) * PAGE_SIZE;
        CHECK(walk.mapped && walk.large == (first >= PAGES_IN_4GB));
        CHECK_EQUAL(walk.physical | (uint64_t)walk.far << 32, phys);
        CHECK_EQUAL(walk.flags, PAGING_IS_PRESENT | PAGING_IS_WRITEABLE | PAGING_WRITE_THROUGH);
    }
}

static bool started_a_line;

static void look_where_the_line_is(const char *text, size_t nbytes)
{
    (void)text, (void)nbytes;
    started_a_line = print_at_line_start();
}

/* A machine check comes at any moment, and its words want a line of their own. */
CASE(console, no_line_has_ended_before_it_is_out)
{
    static struct print_sink sink = {.write = look_where_the_line_is};
    print_add_sink(&sink);
    started_a_line = true;
    kprintf("# a line\n");
    CHECK(!started_a_line);
    CHECK(print_at_line_start());
}
