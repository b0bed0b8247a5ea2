#include "boot/options.h"

#include "arena.h"
#include "case.h"
#include "lib/format.h"
#include "lib/string.h"

static struct options options;

/* LINE as QEMU's loader hands it over. */
static void parse(const char *line)
{
    string_copy(shared->info.command_line, sizeof shared->info.command_line, line);
    string_copy(shared->info.loader, sizeof shared->info.loader, "qemu");
    shared->info.command_line_cut = false;
    options_parse(&options, &shared->info);
}

/* .. and GRUB's, which leaves out the kernel's name. */
static void parse_of_grub(const char *line)
{
    parse("");
    string_copy(shared->info.command_line, sizeof shared->info.command_line, line);
    string_copy(shared->info.loader, sizeof shared->info.loader, "GRUB 2.06-13+deb12u2");
    options_parse(&options, &shared->info);
}

CASE(options, an_empty_line_is_all_defaults)
{
    parse("");
    CHECK(!options.selftest && !options.heap_panic && options.shell);
    CHECK(options.large_pages && options.usb);
    CHECK_EQUAL(options.stop, STOP_NEVER);
    CHECK_EQUAL(options.map, BOOT_MAP_LOADER);
    CHECK_EQUAL(options.heap_size, 0);
    CHECK_EQUAL(options.nwrong, 0);
}

CASE(options, the_kernels_name_is_skipped)
{
    parse("/boot/plat.elf selftest=heap");
    CHECK(options.selftest);
    CHECK_TEXT(options.pattern, "heap");
    CHECK_EQUAL(options.nwrong, 0);
    parse("selftest");
    CHECK(options.selftest && !options.pages);
    CHECK_TEXT(options.pattern, "");
    parse("pages=2 pages=");
    CHECK(!options.pages);
    CHECK_EQUAL(options.nwrong, 2);
    parse("selftest pages");
    CHECK(options.selftest && options.pages);
    CHECK(!options.beep);
    parse("selftest beep");
    CHECK(options.selftest && options.beep);
}

CASE(options, k15_a_port_to_leave_by)
{
    parse("plat");
    CHECK_EQUAL(options.exit_port, 0);
    parse("plat exit=0xf4");
    CHECK_EQUAL(options.exit_port, 0xf4);
    parse("plat exit=65535");
    CHECK_EQUAL(options.exit_port, 65535);
    parse("plat exit exit= exit=0 exit=65536 exit=0x100000010 exit=no");
    CHECK_EQUAL(options.exit_port, 0);
    CHECK_EQUAL(options.nwrong, 6);
}

CASE(options, every_word)
{
    parse("plat stop=map heap=block heap_size=8M heap_panic map=e801 "
          "console=serial shell=no pse=no");
    CHECK_EQUAL(options.stop, STOP_AT_MAP);
    CHECK_EQUAL(options.heap_size, 8u << 20);
    CHECK(options.heap_panic && !options.shell && !options.large_pages);
    CHECK_EQUAL(options.map, BOOT_MAP_E801);
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_SERIAL);
    CHECK_EQUAL(options.nwrong, 0);
}

CASE(options, which_console)
{
    parse("plat");
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_ALL);
    parse("plat console=text");
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_TEXT);
    parse("plat console=serial console=all console=both console");
    CHECK_EQUAL(options.console, OPTIONS_CONSOLE_ALL);
    CHECK_EQUAL(options.nwrong, 2);
}

CASE(options, which_serial_port)
{
    static const struct {
        const char *word;
        enum options_serial_where where;
        uint16_t port;
        uint32_t baud;
    } right[] = {
        {"plat", OPTIONS_SERIAL_ANY, 0, 115200},
        {"serial=com1", OPTIONS_SERIAL_PORT, 0x3f8, 115200},
        {"serial=com2", OPTIONS_SERIAL_PORT, 0x2f8, 115200},
        {"serial=com3", OPTIONS_SERIAL_PORT, 0x3e8, 115200},
        {"serial=com4", OPTIONS_SERIAL_PORT, 0x2e8, 115200},
        {"serial=0x2f8,9600", OPTIONS_SERIAL_PORT, 0x2f8, 9600},
        {"serial=760,115200", OPTIONS_SERIAL_PORT, 0x2f8, 115200},
        {"serial=0x100", OPTIONS_SERIAL_PORT, 0x100, 115200},
        {"serial=0xfff8,50", OPTIONS_SERIAL_PORT, 0xfff8, 50},
        {"serial=com3,57600", OPTIONS_SERIAL_PORT, 0x3e8, 57600},
        {"serial=pci", OPTIONS_SERIAL_PCI, 0, 115200},
        {"serial=pci,38400", OPTIONS_SERIAL_PCI, 0, 38400},
        {"serial=no", OPTIONS_SERIAL_NONE, 0, 115200},
        {"serial=com4 serial=pci,75", OPTIONS_SERIAL_PCI, 0, 75},
    };
    static const char *const wrong[] = {
        "serial",
        "serial=",
        "serial=,",
        "serial=,9600",
        "serial=com0",
        "serial=com5",
        "serial=COM1",
        "serial=com10",
        "serial=0x2f9",
        "serial=0",
        "serial=0xf8",
        "serial=0x10000",
        "serial=0x1000003f8",
        "serial=yes",
        "serial=com1,",
        "serial=com1,0",
        "serial=com1,9601",
        "serial=com1,230400",
        "serial=com1,9600,8n1",
        "serial=no,9600",
        "serial=com1,45",
        "serial=com1,9K",
        "serial=2f8",
        "serial=a_very_long_name_of_a_port",
        "serial=com1;9600",
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        parse_of_grub(right[i].word);
        CHECK_EQUAL(options.nwrong, i == 0); /* plat */
        CHECK_EQUAL(options.serial.where, right[i].where);
        CHECK_EQUAL(options.serial.port, right[i].port);
        CHECK_EQUAL(options.serial.baud, right[i].baud);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        parse_of_grub(wrong[i]);
        CHECK_EQUAL(options.nwrong, 1);
        CHECK_EQUAL(options.serial.where, OPTIONS_SERIAL_ANY);
        CHECK_EQUAL(options.serial.baud, 115200);
    }
    /* What was right stays. */
    parse("plat serial=com2,9600 serial=com2,9601 serial=com9");
    CHECK_EQUAL(options.nwrong, 2);
    CHECK_EQUAL(options.serial.port, 0x2f8);
    CHECK_EQUAL(options.serial.baud, 9600);
}

CASE(options, unknown_words_and_values_are_named)
{
    parse("plat selftset stop=never heap_size=12Q heap_panic=1 stop shell=maybe");
    CHECK_EQUAL(options.nwrong, 6);
    CHECK_TEXT(options.wrong[0].word, "selftset");
    CHECK_TEXT(options.wrong[1].word, "stop=never");
    CHECK_TEXT(options.wrong[2].word, "heap_size=12Q");
    CHECK_TEXT(options.wrong[3].word, "heap_panic=1");
    CHECK_TEXT(options.wrong[4].word, "stop");
    CHECK_TEXT(options.wrong[5].word, "shell=maybe");
    CHECK(!options.selftest && !options.heap_panic && options.shell);
    CHECK_EQUAL(options.heap_size, 0);
}

CASE(options, which_heap)
{
    parse("plat.elf");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_BLOCK);
    parse("plat.elf heap=free_list");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_FREE_LIST);
    parse("plat.elf heap=best_fit");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_BEST_FIT);
    parse("plat.elf heap=best_fit heap=block heap=buddy heap heap=");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_BLOCK);
    CHECK_EQUAL(options.nwrong, 3);
}

CASE(options, how_many_allocations_are_guarded)
{
    parse("plat.elf heap_guard");
    CHECK_EQUAL(options.heap_guard, OPTIONS_GUARD_EVERY);
    parse("plat.elf heap_guard=7");
    CHECK_EQUAL(options.heap_guard, 7);
    parse("plat.elf heap_guard=0 heap_guard=4K heap_guard=");
    CHECK_EQUAL(options.heap_guard, 0);
    CHECK_EQUAL(options.nwrong, 3);
}

CASE(options, what_the_heap_is_watched_for)
{
    parse("plat.elf heap_watch");
    CHECK_EQUAL(options.heap_watch,
                OPTIONS_POISON | OPTIONS_RED_ZONES | OPTIONS_QUARANTINE | OPTIONS_RECORDS);
    parse("plat.elf heap_watch=records");
    CHECK_EQUAL(options.heap_watch, OPTIONS_RECORDS);
    parse("plat.elf heap_watch=quarantine,poison");
    CHECK_EQUAL(options.heap_watch, OPTIONS_QUARANTINE | OPTIONS_POISON | OPTIONS_RECORDS);
    static const char *const wrong[] = {"plat.elf heap_watch=poisons",
                                        "plat.elf heap_watch=poison,,",
                                        "plat.elf heap_watch=poison,averyveryverylongword"};
    for (size_t i = 0; i < 3; i++) {
        parse(wrong[i]);
        CHECK_EQUAL(options.heap_watch, 0);
        CHECK_EQUAL(options.nwrong, 1);
    }
}

/* Each word that a sentence names, as a value: all of them are obeyed, and nothing else is. */
CASE(options, what_is_expected_is_named_and_is_obeyed)
{
    static const struct {
        const char *wrong, *expected;
        const char *right[6];
    } words[] = {
        {"heap=foo",
         "block, free_list or best_fit",
         {"heap=block", "heap=free_list", "heap=best_fit"}},
        {"map=bios",
         "loader, e820, e801, 88, mem_upper or none",
         {"map=loader", "map=e820", "map=e801", "map=88", "map=mem_upper", "map=none"}},
        {"console=both", "all, text or serial", {"console=all", "console=text", "console=serial"}},
        {"serial=com5",
         "com1 to com4, a port like 0x2f8, pci or no; and, behind a comma, a speed that divides "
         "115200",
         {"serial=com1", "serial=com4", "serial=0x2f8", "serial=pci", "serial=no",
          "serial=com1,9600"}},
        {"stop=now", "map or prompt", {"stop=map", "stop=prompt"}},
        {"pse=off", "yes or no", {"pse=yes", "pse=no"}},
        {"shell=0", "yes or no", {"shell=yes", "shell=no"}},
        {"heap_size=5G", "a number like 64M, below 4G", {"heap_size=64M", "heap_size=4095M"}},
        {"heap_guard=none",
         "no value, or a number from 1 on",
         {"heap_guard", "heap_guard=1", "heap_guard=4294967295"}},
        {"heap_watch=all",
         "no value, or some of poison,red_zones,quarantine,records with commas between them",
         {"heap_watch", "heap_watch=poison,red_zones,quarantine,records", "heap_watch=records"}},
        {"run", "a program's name", {"run=hello"}},
        {"run=", "a program's name", {"run=a"}},
        {"pages=1", "no value", {"pages"}},
        {"beep=yes", "no value", {"beep"}},
        {"bench=kernel", "no value", {"bench"}},
        {"compare=all", "no value", {"compare"}},
        {"heap_panic=yes", "no value", {"heap_panic"}},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        parse_of_grub(words[i].wrong);
        CHECK_EQUAL(options.nwrong, 1);
        CHECK_TEXT(options.wrong[0].word, words[i].wrong);
        CHECK_TEXT(options.wrong[0].expected, words[i].expected);
        for (size_t j = 0; j < 6 && words[i].right[j]; j++) {
            parse_of_grub(words[i].right[j]);
            CHECK_EQUAL(options.nwrong, 0);
        }
    }
    parse("plat.elf sefltest");
    CHECK(options.nwrong == 1 && options.wrong[0].expected == NULL);
}

CASE(options, a_wrong_word_is_named_wherever_it_stands)
{
    static const char *const names[] = {"/boot/plat.elf", "plat.elf", "(cd)/plat", "../plat x"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        parse_of_grub(names[i]);
        CHECK_EQUAL(options.nwrong, i == 3); /* x */
    }
    parse_of_grub("heap=frelist selftest");
    CHECK_EQUAL(options.nwrong, 1);
    CHECK_TEXT(options.wrong[0].word, "heap=frelist");
    parse_of_grub("selftset");
    CHECK_EQUAL(options.nwrong, 1);
    parse_of_grub("foo=a.b");
    CHECK_EQUAL(options.nwrong, 1);
    parse("plat"); /* QEMU says the name, whatever it is */
    CHECK_EQUAL(options.nwrong, 0);
    parse("selftset stop=map");
    CHECK_EQUAL(options.nwrong, 0);
    parse("heap=frelist");
    CHECK_EQUAL(options.nwrong, 1);
    parse("haep=block");
    CHECK_EQUAL(options.nwrong, 1);
}

/* Wherever it stands, however words are kept apart, whoever the loader is. */
CASE(options, c15_a_wrong_word_is_named_wherever_it_stands)
{
    static const char *const wrong[] = {
        "heap=frelist",
        "heap",
        "heap=",
        "=",
        "=block",
        "heap==block",
        "Heap=block",
        "heap:block",
        "heap.size",
        "self.test",
        "stop.map",
        "heap/block",
        "\"heap=block\"",
        "'selftest'",
        "-selftest",
        "--",
        "heap.size=64M",
        "pse=No",
        "selftest,pages",
        "stop=map,",
        "heap_size=-1",
        "heap_size=0x",
        "map=E820",
        "?",
        "&",
    };
    static const char *const around[][2] = {{"", ""},
                                            {"", " pse=no"},
                                            {"pse=no ", ""},
                                            {"pse=no ", " shell=no"},
                                            {"\tpse=no\t", "\tshell=no\t"},
                                            {"  pse=no  ", "   shell=no  "}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (size_t j = 0; j < 2 * sizeof around / sizeof around[0]; j++) {
            char line[128];
            format_text(line, sizeof line, "%s%s%s%s", j % 2 ? "plat.elf " : "", around[j / 2][0],
                        wrong[i], around[j / 2][1]);
            if (j % 2)
                parse(line);
            else
                parse_of_grub(line);
            CHECK_EQUAL(options.nwrong, 1);
            CHECK_TEXT(options.wrong[0].word, wrong[i]);
            CHECK(options.heap == OPTIONS_HEAP_BLOCK && !options.heap_size && !options.selftest);
            CHECK_EQUAL(options.large_pages, !string_contains(line, "pse=no"));
            CHECK_EQUAL(options.shell, !string_contains(line, "shell=no"));
        }
    }
}

CASE(options, of_an_option_that_is_given_twice_the_last_one_counts)
{
    parse("plat heap=best_fit pse=no heap=free_list selftest=a selftest=b pse=yes");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_FREE_LIST);
    CHECK_TEXT(options.pattern, "b");
    CHECK(options.large_pages);
    CHECK_EQUAL(options.nwrong, 0);
    parse("plat heap=best_fit heap=frelist");
    CHECK_EQUAL(options.heap, OPTIONS_HEAP_BEST_FIT);
    CHECK_EQUAL(options.nwrong, 1);
}

/* The line ended within its last word; blanks behind that say that it did not. */
CASE(options, c16_a_cut_word_is_named_and_not_obeyed)
{
    for (int cut = 0; cut < 2; cut++) {
        parse("");
        string_copy(shared->info.command_line, sizeof shared->info.command_line,
                    "plat.elf heap_guard=2 heap_size=64");
        shared->info.command_line_cut = cut;
        options_parse(&options, &shared->info);
        CHECK_EQUAL(options.heap_guard, 2);
        CHECK_EQUAL(options.heap_size, cut ? 0 : 64);
        CHECK_EQUAL(options.nwrong, cut);
    }
    CHECK(options.wrong[0].cut && !options.wrong[0].expected);
    CHECK_TEXT(options.wrong[0].word, "heap_size=64");
    string_copy(shared->info.command_line, sizeof shared->info.command_line, "x heap_size=64M ");
    options_parse(&options, &shared->info);
    CHECK_EQUAL(options.heap_size, 64u << 20);
    CHECK_EQUAL(options.nwrong, 0);
}

CASE(options, a_long_line_is_read_to_its_end)
{
    char *line = shared->info.command_line;
    parse("");
    for (size_t i = 0; i + 1 < BOOT_COMMAND_LINE_BYTES; i++)
        line[i] = i % 2 ? 'x' : ' ';
    const char last[] = "shell=no";
    for (size_t i = 0; i < sizeof last; i++)
        line[BOOT_COMMAND_LINE_BYTES - sizeof last + i] = last[i];
    options_parse(&options, &shared->info);
    CHECK(!options.shell);
    CHECK_EQUAL(options.nwrong, (BOOT_COMMAND_LINE_BYTES - sizeof last) / 2 - 1);
    CHECK_TEXT(options.wrong[OPTIONS_WRONG_MAX - 1].word, "x");
}
