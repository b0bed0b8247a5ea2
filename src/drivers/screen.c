#include "drivers/screen.h"

#include "cpu/cpu.h"
#include "drivers/font.h"
#include "drivers/timer.h"
#include "drivers/vga_text.h"

enum {
    /* Drawn in one tick: half a millisecond on a slow machine, a sixth of 1024x768. */
    CELLS_A_TICK = 1024,
    /* The text is being printed, its fault, and the fault of saying so: not once more. */
    DEPTH_MOST = 2
};

static struct {
    struct boot_screen picture;
    bool wanted; /* the picture, and nothing speaks against it yet */
    bool drawing, combining;
    bool ticking;      /* the timer works: it will draw */
    bool in_tick;      /* and draws */
    bool lent;         /* the picture: somebody else draws on it */
    const void *place; /* where its first page is mapped the fast way */
    const char *refused;
    unsigned depth;
    struct framebuffer framebuffer;
    struct print_sink sink;
} screen;

static void write(const char *text, size_t nbytes)
{
    uint32_t flags = cpu_save_flags();
    if (++screen.depth <= DEPTH_MOST) {
        framebuffer_write(&screen.framebuffer, text, nbytes);
        if (!screen.ticking && !screen.lent)
            framebuffer_draw(&screen.framebuffer, SIZE_MAX);
    }
    screen.depth--;
    cpu_restore_flags(flags);
}

static void set_style(enum print_style style)
{
    framebuffer_set_style(&screen.framebuffer, style);
}

static void take_back(void)
{
    if (screen.lent)
        framebuffer_redraw(&screen.framebuffer);
    screen.lent = false;
}

static void flush(void)
{
    uint32_t flags = cpu_save_flags();
    if (++screen.depth <= DEPTH_MOST) {
        take_back();
        framebuffer_draw(&screen.framebuffer, SIZE_MAX);
    }
    screen.depth--;
    cpu_restore_flags(flags);
}

/*
 * In the interrupt, which comes only while nothing is being written: that is with interrupts off.
 * Drawing is done with interrupts on, for it takes long; only further interrupts come between.
 */
static void tick(void)
{
    screen.ticking = true;
    if (screen.lent || screen.in_tick)
        return;
    screen.in_tick = true;
    cpu_enable_interrupts();
    framebuffer_draw(&screen.framebuffer, CELLS_A_TICK);
    cpu_disable_interrupts();
    screen.in_tick = false;
}

/* Draws from now on, the picture's first page being at PLACE. */
static void start(void *place)
{
    uint8_t *first = (uint8_t *)place + screen.picture.address % PAGE_SIZE;
    struct pixels pixels = pixels_of(&screen.picture, first);
    if (!framebuffer_create(&screen.framebuffer, &pixels, font_glyphs)) {
        screen.refused = "no character has room on it";
        return;
    }
    screen.drawing = true;
    screen.sink = (struct print_sink){.write = write, .style = set_style, .flush = flush};
    print_add_sink(&screen.sink);
    timer_on_tick(tick);
}

static page_t first_page(void)
{
    return (page_t)(screen.picture.address / PAGE_SIZE);
}

static page_t last_page(void)
{
    return (page_t)((screen.picture.address + screen.picture.nbytes - 1) / PAGE_SIZE);
}

void screen_init(const struct boot_screen *given, enum options_console wanted, paddr_t lowest,
                 page_t mapped)
{
    if (wanted == OPTIONS_CONSOLE_SERIAL)
        return;
    if (given->described && given->refused && (given->text || wanted == OPTIONS_CONSOLE_ALL)) {
        screen.refused = given->refused;
        return;
    }
    if (!given->described || given->text) {
        vga_text_init();
        return;
    }
    if (wanted == OPTIONS_CONSOLE_TEXT)
        return;
    if (given->address < lowest)
        screen.refused = "it lies where the kernel or programs do";
    else if (!font_present)
        screen.refused = "this kernel was built without a font (make setup installs one)";
    if (screen.refused)
        return;
    screen.picture = *given;
    screen.wanted = true;
    if (last_page() < mapped)
        start((void *)page_address(first_page()));
}

bool screen_pages(page_t *first, page_t *npages)
{
    if (!screen.wanted)
        return false;
    *first = first_page();
    *npages = last_page() - *first + 1;
    return true;
}

void screen_mapped(void *place, const char *why, bool combining)
{
    screen.combining = combining && place;
    screen.place = place;
    if (screen.drawing)
        return; /* slowly, if it could not be mapped anew */
    if (!place)
        screen.refused = why;
    else
        start(place);
}

const void *screen_start(void)
{
    return screen.place;
}

void screen_say_refused(void)
{
    if (screen.refused)
        kprintf("console: the loader's screen is not used: %s\n", screen.refused);
}

void screen_say(void)
{
    kprintf("text screen %s", vga_text_present() ? "yes" : "no");
    const struct boot_screen *picture = &screen.picture;
    const struct framebuffer *text = &screen.framebuffer;
    if (screen.drawing)
        kprintf(", framebuffer %ux%ux%u, %ux%u characters%s", picture->width, picture->height,
                picture->bits_a_pixel, text->columns, text->rows,
                screen.combining ? ", writes combined" : "");
}

bool screen_size(uint32_t *columns, uint32_t *rows)
{
    *columns = screen.drawing ? screen.framebuffer.columns : (uint32_t)VGA_TEXT_COLUMNS;
    *rows = screen.drawing ? screen.framebuffer.rows : (uint32_t)VGA_TEXT_ROWS;
    return screen.drawing || vga_text_present();
}

const struct print_sink *screen_sink(void)
{
    return screen.drawing ? &screen.sink : vga_text_sink();
}

const struct framebuffer *screen_framebuffer(void)
{
    return screen.drawing ? &screen.framebuffer : NULL;
}

bool screen_borrow(void)
{
    if (!screen.drawing)
        return vga_text_borrow();
    screen.lent = true;
    return true;
}

bool screen_lend_place(uint32_t columns, uint32_t rows, struct framebuffer_place *place)
{
    if (!screen.drawing || screen.lent)
        return false;
    uint32_t flags = cpu_save_flags();
    bool found = framebuffer_lend(&screen.framebuffer, columns, rows, place);
    cpu_restore_flags(flags);
    return found;
}

void screen_take_back_place(void)
{
    if (!screen.drawing)
        return;
    uint32_t flags = cpu_save_flags();
    framebuffer_take_back(&screen.framebuffer);
    cpu_restore_flags(flags);
}

bool screen_borrowed(void)
{
    return screen.drawing ? screen.lent : vga_text_borrowed();
}

void screen_give_back(void)
{
    if (!screen.drawing)
        vga_text_give_back();
    else if (screen.lent)
        flush();
}
