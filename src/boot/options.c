#include "boot/options.h"

#include "lib/string.h"

enum { WORDS_MAX = 64 };

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

static bool set_large_pages(struct options *options, const char *value)
{
    return set_switch(&options->large_pages, value);
}

static const struct {
    const char *name;
    bool (*set)(struct options *options, const char *value); /* value NULL: none was given */
} table[] = {
    {"compare", set_compare},
    {"bench", set_bench},
    {"selftest", set_selftest},
    {"pages", set_pages},
    {"stop", set_stop},
    {"heap", set_heap},
    {"heap_size", set_heap_size},
    {"map", set_map},
    {"console", set_console},
    {"heap_panic", set_heap_panic},
    {"heap_watch", set_heap_watch},
    {"pse", set_large_pages},
    {"run", set_run},
    {"shell", set_shell},
    {"heap_guard", set_heap_guard},
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

/* Whether WORD is a known name with a value that goes with it. WORD is as it was afterwards. */
static bool apply(struct options *options, char *word)
{
    char *value = cut_value(word);
    bool known = false;
    for (size_t i = 0; i < sizeof table / sizeof table[0] && !known; i++)
        known = string_equal(table[i].name, word) && table[i].set(options, value);
    if (value)
        value[-1] = known ? '\0' : '=';
    return known;
}

void options_parse(struct options *options, const char *line)
{
    *options =
        (struct options){.pattern = "", .map = BOOT_MAP_LOADER, .shell = true, .large_pages = true};
    string_copy(options->words, sizeof options->words, line);
    char *words[WORDS_MAX];
    size_t nwords = string_split(options->words, words, WORDS_MAX);
    for (size_t i = 0; i < nwords; i++) {
        if (apply(options, words[i]) || i == 0)
            continue;
        if (options->nunknown < OPTIONS_UNKNOWN_MAX)
            options->unknown[options->nunknown] = words[i];
        options->nunknown++;
    }
}
