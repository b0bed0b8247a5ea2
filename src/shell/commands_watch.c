/* A watched heap: who has what, and misuse on request. */
#include "lib/print.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "memory/debug/watch.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "shell/command.h"

enum { SITES_MOST = 32, BYTES = 100 };

static uint32_t mark; /* leaks are counted behind this allocation */

static void list_leaks(struct heap_watch *watch)
{
    static struct watch_site sites[SITES_MOST];
    size_t nsites = watch_sites(watch, mark, sites, SITES_MOST);
    kprintf("  live allocations behind the mark, by who called:\n");
    for (size_t i = 0; i < nsites; i++) {
        uint32_t offset = 0;
        const char *name = symbols_find(&symbols_kernel, sites[i].caller, &offset);
        kprintf("  %8zu bytes in %6zu  %s+0x%x\n", sites[i].nbytes, sites[i].count,
                name ? name : "?", offset);
    }
    if (nsites == 0)
        kprintf("  none\n");
}

void command_leaks(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    struct heap_watch *watch = kheap_watched();
    if (!watch) {
        kprintf("the heap keeps no records; expected: heap_watch on the kernel's command line\n");
    } else if (nwords == 0) {
        list_leaks(watch);
    } else if (string_equal(words[0], "mark")) {
        mark = watch->serial;
        kprintf("  marked behind allocation %u\n", mark);
    } else if (string_equal(words[0], "check")) {
        kprintf("  %zu of %zu allocations have been written where nobody should\n",
                watch_check(watch), watch->nlive);
    } else {
        kprintf("leaks: %s is unknown; expected: nothing, mark or check\n", words[0]);
    }
}

/* Each leaves the heap as it was, but for what it is about. */
static void write_behind(uint8_t *object)
{
    object[BYTES + 2] = 0x41;
    kfree(object);
}

static void write_after_free(uint8_t *object)
{
    kfree(object);
    object[7] = 0x42;
}

static void free_twice(uint8_t *object)
{
    kfree(object);
    kfree(object);
}

static void free_inside(uint8_t *object)
{
    kfree(object + 32);
    kfree(object);
}

/* Beyond what any alignment adds, on both sides: harmless, but in a page of its own. */
static void read_beyond(uint8_t *object)
{
    (void)*(volatile uint8_t *)(object - 1);
    (void)*(volatile uint8_t *)(object + BYTES + 12);
    kfree(object);
}

static void lose(uint8_t *object)
{
    (void)object;
}

void command_misuse(const struct shell_context *context, unsigned nwords, char **words)
{
    static const struct {
        const char *name;
        void (*run)(uint8_t *object);
    } kinds[] = {{"behind", write_behind}, {"after", write_after_free}, {"twice", free_twice},
                 {"inside", free_inside},  {"beyond", read_beyond},     {"lose", lose}};
    (void)context, (void)nwords;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!string_equal(words[0], kinds[i].name))
            continue;
        uint8_t *object = kmalloc(BYTES);
        if (object)
            kinds[i].run(object);
        else
            kprintf("  no memory for %d bytes\n", BYTES);
        return;
    }
    kprintf("misuse: %s is unknown; expected: behind, after, twice, inside, beyond or lose\n",
            words[0]);
}
