#include "selftest/bench_screen.h"

#include "cpu/cpu.h"
#include "drivers/screen.h"
#include "lib/print.h"
#include "lib/string.h"

enum { LINES = 10000 };

/* To the screen alone: the serial line takes a thousand times as long. */
void bench_screen_run(void)
{
    static const char *const pieces[] = {"bench: a line", " of text, as long as most of them are, ",
                                         "in pieces\n"};
    const struct print_sink *sink = screen_sink();
    if (!sink)
        return;
    uint64_t start = cpu_tsc();
    for (int i = 0; i < LINES; i++)
        for (size_t piece = 0; piece < sizeof pieces / sizeof pieces[0]; piece++)
            sink->write(pieces[piece], string_length(pieces[piece]));
    print_flush();
    uint64_t ticks = cpu_tsc() - start;
    kprintf("bench: %d lines on the %s take %llu ticks\n", LINES,
            screen_framebuffer() ? "framebuffer" : "text screen", (unsigned long long)ticks);
}
