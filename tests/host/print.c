/* The stream of text itself: what a console that comes late is told, and what is kept. */
#include "lib/print.h"

#include <string.h>

#include "case.h"
#include "lib/string.h"

static union {
    struct log_memory header;
    char bytes[PRINT_KEPT_BYTES];
} memory;

struct recorder {
    struct print_sink sink;
    bool on; /* sinks live for ever */
    size_t nbytes;
    char text[1000];
};

static struct recorder early, late;

static void record(struct recorder *to, const char *text, size_t nbytes)
{
    if (to->on && nbytes < sizeof to->text - to->nbytes) {
        memcpy(to->text + to->nbytes, text, nbytes);
        to->nbytes += nbytes;
        to->text[to->nbytes] = '\0';
    }
}

static void record_early(const char *text, size_t nbytes)
{
    record(&early, text, nbytes);
}

static void record_late(const char *text, size_t nbytes)
{
    record(&late, text, nbytes);
}

static uint32_t now;

static uint32_t clock(void)
{
    return now;
}

static void gather(void *context, const char *text, size_t nbytes)
{
    record(context, text, nbytes);
}

CASE(print, a_late_sink_is_told_of_this_boot_alone)
{
    static struct log earlier;
    static struct recorder shown = {.on = true};
    memset(&memory, 0, sizeof memory);
    log_open(&earlier, &memory.header, PRINT_RING_BYTES);
    log_write(&earlier, "earlier\n", 8, 7);
    print_keep_in(&memory);
    print_set_clock(clock);
    early = (struct recorder){.sink = {.write = record_early}, .on = true};
    late = (struct recorder){.sink = {.write = record_late}, .on = true};
    print_add_sink(&early.sink);
    now = 1;
    kprintf("# one %d", 2);
    uint32_t since = print_written();
    now = 2;
    kprintf(" three\n# four\n");
    print_add_sink(&late.sink);
    bool at_start = print_at_line_start();
    print_show("# shown", 7);
    bool in_line = !print_at_line_start();
    print_show("\n", 1);
    early.on = late.on = false;
    CHECK(at_start && in_line);
    CHECK_TEXT(early.text, "# one 2 three\n# four\n# shown\n");
    CHECK_TEXT(late.text, "# one 2 three\n# four\n# shown\n");
    log_show(print_log(), UINT32_MAX, gather, &shown);
    CHECK_TEXT(shown.text, "-1 [    0.07] earlier\n-- a new boot begins --\n"
                           "[    0.01] # one 2 three\n[    0.02] # four\n");
    late.nbytes = 0;
    late.on = true;
    print_again(&late.sink, since);
    late.on = false;
    CHECK_TEXT(late.text, " three\n# four\n");
    late.nbytes = 0;
    late.on = true;
    print_again(&late.sink, since - 1000);
    late.on = false;
    CHECK_TEXT(late.text, "# one 2 three\n# four\n");
}
