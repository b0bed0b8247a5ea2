#include "boot/options.h"

#include "lib/print.h"
#include "lib/string.h"

struct choice {
    const char *text;
    int value;
};

/* The value that TEXT names among COUNT choices, or -1. */
static int choose(const struct choice *choices, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (string_equal(choices[i].text, text))
            return choices[i].value;
    return -1;
}

#define CHOOSE(choices, text) choose(choices, sizeof(choices) / sizeof(choices)[0], text)

static bool set_selftest(struct options *options, const char *value)
{
    options->selftest = true;
    options->pattern = value ? value : "";
    return true;
}

static bool set_pages(struct options *options, const char *value)
{
    options->pages = !value;
    return !value;
}

static bool set_beep(struct options *options, const char *value)
{
    options->beep = !value;
    return !value;
}

static bool set_bench(struct options *options, const char *value)
{
    options->bench = !value;
    return !value;
}

static bool set_compare(struct options *options, const char *value)
{
    options->compare = !value;
    return !value;
}

static bool set_stop(struct options *options, const char *value)
{
    static const struct choice choices[] = {{"map", STOP_AT_MAP}, {"prompt", STOP_AT_PROMPT}};
    int choice = value ? CHOOSE(choices, value) : -1;
    if (choice >= 0)
        options->stop = (enum options_stop)choice;
    return choice >= 0;
}

static bool set_heap(struct options *options, const char *value)
{
    static const struct choice choices[] = {{"block", OPTIONS_HEAP_BLOCK},
                                            {"free_list", OPTIONS_HEAP_FREE_LIST},
                                            {"best_fit", OPTIONS_HEAP_BEST_FIT}};
    int choice = value ? CHOOSE(choices, value) : -1;
    if (choice >= 0)
        options->heap = (enum options_heap)choice;
    return choice >= 0;
}

static bool set_heap_size(struct options *options, const char *value)
{
    return value && string_to_number(value, true, &options->heap_size);
}

static bool set_heap_panic(struct options *options, const char *value)
{
    options->heap_panic = !value;
    return !value;
}

/* Words with commas between them; VALUE is whole again afterwards. */
static bool set_heap_watch(struct options *options, const char *value)
{
    static const struct choice choices[] = {{"poison", OPTIONS_POISON},
                                            {"red_zones", OPTIONS_RED_ZONES},
                                            {"quarantine", OPTIONS_QUARANTINE},
                                            {"records", OPTIONS_RECORDS}};
    unsigned all = OPTIONS_POISON | OPTIONS_RED_ZONES | OPTIONS_QUARANTINE, flags = 0;
    char word[16];
    while (value && *value) {
        size_t length = 0;
        while (value[length] && value[length] != ',')
            length++;
        if (length >= sizeof word)
            return false;
        string_copy(word, length + 1, value);
        int choice = CHOOSE(choices, word);
        if (choice < 0)
            return false;
        flags |= (unsigned)choice;
        value += length + (value[length] == ',');
    }
    options->heap_watch = (flags ? flags : all) | OPTIONS_RECORDS;
    return true;
}

static bool set_heap_guard(struct options *options, const char *value)
{
    uint32_t every = OPTIONS_GUARD_EVERY;
    if (value && (!string_to_number(value, false, &every) || every == 0))
        return false;
    options->heap_guard = every;
    return true;
}

static bool set_exit(struct options *options, const char *value)
{
    uint32_t port;
    if (!value || !string_to_number(value, false, &port) || port == 0 || port > UINT16_MAX)
        return false;
    options->exit_port = (uint16_t)port;
    return true;
}

static bool set_map(struct options *options, const char *value)
{
    static const struct choice choices[] = {
        {"loader", BOOT_MAP_LOADER}, {"e820", BOOT_MAP_E820},           {"e801", BOOT_MAP_E801},
        {"88", BOOT_MAP_88},         {"mem_upper", BOOT_MAP_MEM_UPPER}, {"none", BOOT_MAP_NONE},
    };
    int choice = value ? CHOOSE(choices, value) : -1;
    if (choice >= 0)
        options->map = (enum boot_map_source)choice;
    return choice >= 0;
}

static bool set_console(struct options *options, const char *value)
{
    static const struct choice choices[] = {{"all", OPTIONS_CONSOLE_ALL},
                                            {"serial", OPTIONS_CONSOLE_SERIAL},
                                            {"text", OPTIONS_CONSOLE_TEXT}};
    int choice = value ? CHOOSE(choices, value) : -1;
    if (choice >= 0)
        options->console = (enum options_console)choice;
    return choice >= 0;
}

/* A UART has 8 ports; below 0x100 the board has its own devices. */
static bool set_serial_place(struct options_serial *serial, const char *word)
{
    static const struct choice choices[] = {
        {"com1", 0x3f8}, {"com2", 0x2f8}, {"com3", 0x3e8}, {"com4", 0x2e8}, {"pci", 0}, {"no", 1},
    };
    int choice = CHOOSE(choices, word);
    uint32_t port = choice > 1 ? (uint32_t)choice : 0;
    if (choice == 0 || choice == 1) {
        serial->where = choice ? OPTIONS_SERIAL_NONE : OPTIONS_SERIAL_PCI;
        return true;
    }
    if (choice < 0 && !string_to_number(word, false, &port))
        return false;
    serial->where = OPTIONS_SERIAL_PORT;
    serial->port = (uint16_t)port;
    return port >= 0x100 && port <= UINT16_MAX && port % 8 == 0;
}

static bool set_serial(struct options *options, const char *value)
{
    struct options_serial serial = {.baud = OPTIONS_BAUD_MOST};
    char word[16];
    size_t length = 0;
    while (value && value[length] && value[length] != ',')
        length++;
    if (length == 0 || length >= sizeof word)
        return false;
    string_copy(word, length + 1, value);
    if (!set_serial_place(&serial, word))
        return false;
    if (value[length] && (serial.where == OPTIONS_SERIAL_NONE ||
                          !string_to_number(value + length + 1, false, &serial.baud) ||
                          serial.baud < OPTIONS_BAUD_LEAST || OPTIONS_BAUD_MOST % serial.baud != 0))
        return false;
    options->serial = serial;
    return true;
}

/* Clears *SWITCH for "no", sets it for "yes". */
static bool set_switch(bool *setting, const char *value)
{
    static const struct choice choices[] = {{"yes", true}, {"no", false}};
    int choice = value ? CHOOSE(choices, value) : -1;
    if (choice >= 0)
        *setting = choice;
    return choice >= 0;
}

static bool set_run(struct options *options, const char *value)
{
    options->run = value;
    return value && *value;
}

static bool set_shell(struct options *options, const char *value)
{
    return set_switch(&options->shell, value);
}

static bool set_usb(struct options *options, const char *value)
{
    return set_switch(&options->usb, value);
}

static bool set_large_pages(struct options *options, const char *value)
{
    return set_switch(&options->large_pages, value);
}

static const char no_value[] = "no value";

static const struct option {
    const char *name;
    bool (*set)(struct options *options, const char *value); /* value NULL: none was given */
    const char *expected;
} table[] = {
    {"compare", set_compare, no_value},
    {"bench", set_bench, no_value},
    {"selftest", set_selftest, "any value, or none"},
    {"pages", set_pages, no_value},
    {"beep", set_beep, no_value},
    {"stop", set_stop, "map or prompt"},
    {"heap", set_heap, "block, free_list or best_fit"},
    {"heap_size", set_heap_size, "a number like 64M, below 4G"},
    {"map", set_map, "loader, e820, e801, 88, mem_upper or none"},
    {"console", set_console, "all, text or serial"},
    {"serial", set_serial,
     "com1 to com4, a port like 0x2f8, pci or no; and, behind a comma, a speed that divides "
     "115200"},
    {"heap_panic", set_heap_panic, no_value},
    {"heap_watch", set_heap_watch,
     "no value, or some of poison,red_zones,quarantine,records with commas between them"},
    {"pse", set_large_pages, "yes or no"},
    {"usb", set_usb, "yes or no"},
    {"run", set_run, "a program's name"},
    {"shell", set_shell, "yes or no"},
    {"heap_guard", set_heap_guard, "no value, or a number from 1 on"},
    {"exit", set_exit, "a port, from 1 to 0xffff"},
};

/* Cuts WORD at its '='; the part behind it, or NULL. */
static char *cut_value(char *word)
{
    for (; *word; word++)
        if (*word == '=') {
            *word = '\0';
            return word + 1;
        }
    return NULL;
}

/* The option that WORD names, or NULL. Where its value does not do, *OBEYED is false and WORD as it
 * was. */
static const struct option *apply(struct options *options, char *word, bool *obeyed)
{
    char *value = cut_value(word);
    const struct option *option = NULL;
    for (size_t i = 0; i < sizeof table / sizeof table[0] && !option; i++)
        if (string_equal(table[i].name, word))
            option = &table[i];
    *obeyed = option && option->set(options, value);
    if (value && !*obeyed)
        value[-1] = '=';
    return option;
}

static bool is_path(const char *word)
{
    size_t length = string_length(word);
    return word[0] == '/' || word[0] == '(' || string_starts_with(word, "./") ||
           string_starts_with(word, "../") ||
           (length > 4 && string_equal(word + length - 4, ".elf"));
}

/* Whether WORD, the first one, is no wrong option but the kernel's own name. */
static bool is_own_name(const char *word, const char *loader)
{
    return string_contains(loader, "GRUB 2") ? is_path(word) : !string_contains(word, "=");
}

static void note_wrong(struct options *options, struct options_wrong wrong)
{
    if (options->nwrong < OPTIONS_WRONG_MAX)
        options->wrong[options->nwrong] = wrong;
    options->nwrong++;
}

void options_parse(struct options *options, const struct boot_info *info)
{
    *options = (struct options){.pattern = "",
                                .map = BOOT_MAP_LOADER,
                                .shell = true,
                                .large_pages = true,
                                .usb = true,
                                .serial.baud = OPTIONS_BAUD_MOST};
    string_copy(options->words, sizeof options->words, info->command_line);
    char *end = options->words + string_length(options->words);
    char *words[2] = {NULL, options->words}; /* a word, and the rest of the line */
    bool first = true;
    for (size_t n; (n = string_split(words[1], words, 2)) > 0; first = false) {
        const struct option *option = NULL;
        bool obeyed = false, cut = false;
        if (n == 1) { /* the last one */
            words[1] = end;
            cut = info->command_line_cut && words[0] + string_length(words[0]) == end;
        }
        if (!cut)
            option = apply(options, words[0], &obeyed);
        if (!obeyed && !(first && !option && is_own_name(words[0], info->loader)))
            note_wrong(options,
                       (struct options_wrong){words[0], option ? option->expected : NULL, cut});
    }
}

void options_say_wrong(const struct options *options)
{
    size_t named = options->nwrong < OPTIONS_WRONG_MAX ? options->nwrong : OPTIONS_WRONG_MAX;
    for (size_t i = 0; i < named; i++) {
        const struct options_wrong *wrong = &options->wrong[i];
        if (wrong->cut)
            kprintf("boot: %s is ignored: the command line was cut there\n", wrong->word);
        else if (wrong->expected)
            kprintf("boot: %s is ignored; expected: %s\n", wrong->word, wrong->expected);
        else
            kprintf("boot: unknown word \"%s\" on the command line, ignored\n", wrong->word);
    }
    if (options->nwrong > named)
        kprintf("boot: %zu more words of the command line are ignored\n", options->nwrong - named);
}
