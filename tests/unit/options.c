#include "boot/options.h"

#include "case.h"
#include "lib/string.h"

static struct options options;

CASE(options, an_empty_line_is_all_defaults)
{
    options_parse(&options, "");
    CHECK(!options.selftest && !options.heap_panic && options.shell);
    CHECK(options.large_pages);
    CHECK_EQUAL(options.stop, STOP_NEVER);
    CHECK_EQUAL(options.map, BOOT_MAP_LOADER);
    CHECK_EQUAL(options.heap_size, 0);
    CHECK_EQUAL(options.nunknown, 0);
}

CASE(options, the_kernels_name_is_skipped)
{
    options_parse(&options, "/boot/plat.elf selftest=heap");
    CHECK(options.selftest);
    CHECK_TEXT(options.pattern, "heap");
    CHECK_EQUAL(options.nunknown, 0);
    options_parse(&options, "selftest");
    CHECK(options.selftest && !options.pages);
    CHECK_TEXT(options.pattern, "");
    options_parse(&options, "pages=2 pages=");
    CHECK(!options.pages);
    CHECK_EQUAL(options.nunknown, 1);
    options_parse(&options, "selftest pages");
    CHECK(options.selftest && options.pages);
}

CASE(options, every_word)
{
    options_parse(&options, "plat stop=map heap=block heap_size=8M heap_panic map=e801 "
                            "console=serial shell=no pse=no");
    CHECK_EQUAL(options.stop, STOP_AT_MAP);
    CHECK_EQUAL(options.heap_size, 8u << 20);
    CHECK(options.heap_panic && !options.shell && !options.large_pages);
    CHECK_EQUAL(options.map, BOOT_MAP_E801);
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_SERIAL);
    CHECK_EQUAL(options.nunknown, 0);
}

CASE(options, which_console)
{
    options_parse(&options, "plat");
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_ALL);
    options_parse(&options, "plat console=text");
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_TEXT);
    options_parse(&options, "plat console=serial console=all console=both console");
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_ALL);
    CHECK_EQUAL(options.nunknown, 2);
}

CASE(options, unknown_words_and_values_are_named)
{
    options_parse(&options, "plat selftset stop=never heap_size=12Q heap_panic=1 stop shell=maybe");
    CHECK_EQUAL(options.nunknown, 6);
    CHECK_TEXT(options.unknown[0], "selftset");
    CHECK_TEXT(options.unknown[1], "stop=never");
    CHECK_TEXT(options.unknown[2], "heap_size=12Q");
    CHECK_TEXT(options.unknown[3], "heap_panic=1");
    CHECK(!options.selftest && !options.heap_panic && options.shell);
    CHECK_EQUAL(options.heap_size, 0);
}

CASE(options, which_heap)
{
    options_parse(&options, "plat.elf");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_BLOCK);
    options_parse(&options, "plat.elf heap=free_list");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_FREE_LIST);
    options_parse(&options, "plat.elf heap=best_fit");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_BEST_FIT);
    options_parse(&options, "plat.elf heap=best_fit heap=block heap=buddy heap heap=");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_BLOCK);
    CHECK_EQUAL(options.nunknown, 3);
}

CASE(options, how_many_allocations_are_guarded)
{
    options_parse(&options, "plat.elf heap_guard");
    CHECK_EQUAL(options.heap_guard, OPTIONS_GUARD_EVERY);
    options_parse(&options, "plat.elf heap_guard=7");
    CHECK_EQUAL(options.heap_guard, 7);
    options_parse(&options, "plat.elf heap_guard=0 heap_guard=4K heap_guard=");
    CHECK_EQUAL(options.heap_guard, 0);
    CHECK_EQUAL(options.nunknown, 3);
}

CASE(options, what_the_heap_is_watched_for)
{
    options_parse(&options, "plat.elf heap_watch");
    CHECK_EQUAL(options.heap_watch,
                OPTIONS_POISON | OPTIONS_RED_ZONES | OPTIONS_QUARANTINE | OPTIONS_RECORDS);
    options_parse(&options, "plat.elf heap_watch=records");
    CHECK_EQUAL(options.heap_watch, OPTIONS_RECORDS);
    options_parse(&options, "plat.elf heap_watch=quarantine,poison");
    CHECK_EQUAL(options.heap_watch, OPTIONS_QUARANTINE | OPTIONS_POISON | OPTIONS_RECORDS);
    static const char *const wrong[] = {"plat.elf heap_watch=poisons",
                                        "plat.elf heap_watch=poison,,",
                                        "plat.elf heap_watch=poison,averyveryverylongword"};
    for (size_t i = 0; i < 3; i++) {
        options_parse(&options, wrong[i]);
        CHECK_EQUAL(options.heap_watch, 0);
        CHECK_EQUAL(options.nunknown, 1);
    }
}
