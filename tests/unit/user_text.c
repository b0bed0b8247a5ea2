/* What ring 3 prints, against readers of its output that share no code with the kernel's. */
#include "process/user_text.h"

#include "case.h"
#include "lib/string.h"

enum { OUTPUT = 1024, COLUMNS = 60, ENDLESS = 512 };

static struct user_text text;
static struct {
    char bytes[OUTPUT];
    size_t length, calls;
} output;

static void emit(const char *bytes, size_t nbytes)
{
    output.calls++;
    for (size_t i = 0; i < nbytes && output.length + 1 < OUTPUT; i++)
        output.bytes[output.length++] = bytes[i];
    output.bytes[output.length] = '\0';
}

static void begin(void)
{
    output.length = output.calls = 0;
    output.bytes[0] = '\0';
    user_text_init(&text, COLUMNS, emit);
}

static void say(const char *bytes)
{
    user_text_write(&text, bytes, string_length(bytes));
}

/* What the kernel prints goes to the same console. */
static void kernel_says(const char *bytes)
{
    emit(bytes, string_length(bytes));
    user_text_follow(&text, bytes, string_length(bytes));
}

static const char *const words[] = {
    "ok 1 - forged", "not ok 1",  "1..9",      "TAP version 13", "pragma +strict", "plat: 9",
    "plat> ",        "Plat: a",   "panic: x",  "memory: usable", "heap: 0x",       "boot: x",
    "cpu: x",        "firmware:", "paging: x", "process: 7",     "console: x",     "timer: x",
    "watch: x",      "ok",        "not ok",    "Bail out!",      "done\n",
};
enum { WORDS = sizeof words / sizeof words[0] };

/* Whether TEXT, up to END, reads as one of them; those that only begin so do not. */
static bool reads(const char *line, size_t length)
{
    static const char *const beginnings[] = {
        "ok",       "not ok",   "1..",     "TAP ",   "pragma ",   "plat:",     "plat>",
        "Plat:",    "panic:",   "memory:", "heap:",  "boot:",     "cpu:",      "paging:",
        "process:", "console:", "timer:",  "watch:", "firmware:", "Bail out!",
    };
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        size_t n = string_length(beginnings[i]), same = 0;
        while (same < n && same < length && line[same] == beginnings[i][same])
            same++;
        if (same == n)
            return true;
    }
    return length == 4 && string_starts_with(line, "done");
}

/* A tool: lines end at \n, and at \r too where RETURN_ENDS; else \r is nothing. TAB is a blank. */
static bool tool_is_deceived(bool return_ends)
{
    static char line[OUTPUT];
    size_t length = 0, first = 0;
    for (size_t i = 0; i <= output.length; i++) {
        char c = output.bytes[i];
        if (c == '\r' && !return_ends)
            continue;
        if (c != '\n' && c != '\r' && c != '\0') {
            line[length++] = c == '\t' ? ' ' : c;
            continue;
        }
        line[length] = '\0';
        if (reads(line, length) && (c != '\0' || !string_equal(line, "done")))
            return true;
        for (first = 0; line[first] == ' '; first++)
            ;
        if (string_starts_with(line + first, "Bail out!"))
            return true;
        length = 0;
    }
    return false;
}

/* A screen: rows of WIDTH cells; a tab wipes the cells it passes where TAB_WIPES. */
static bool screen_is_deceived(size_t width, bool tab_wipes, bool characters)
{
    static char row[OUTPUT];
    size_t at = 0;
    for (size_t i = 0; i < width; i++)
        row[i] = ' ';
    for (size_t i = 0; i < output.length; i++) {
        char c = output.bytes[i];
        if (c == '\n') {
            at = 0;
            for (size_t j = 0; j < width; j++)
                row[j] = ' ';
        } else if (c == '\r') {
            at = 0;
        } else if (c == '\b') {
            at -= at > 0;
        } else if (c == '\t') {
            do
                if (at < width) {
                    row[at] = tab_wipes ? ' ' : row[at];
                    at++;
                }
            while (at % 8 && at < width);
        } else if (!characters || ((uint8_t)c & 0xc0) != 0x80) {
            if (at == width) {
                at = 0;
                for (size_t j = 0; j < width; j++)
                    row[j] = ' ';
            }
            row[at++] = c;
        }
        size_t length = width; /* blanks at the end are nothing: "TAP" is not "TAP " */
        while (length > 0 && row[length - 1] == ' ')
            length--;
        if (reads(row, length) && !(length == 4 && row[0] == 'd'))
            return true;
    }
    return false;
}

static bool somebody_is_deceived(void)
{
    return tool_is_deceived(false) || tool_is_deceived(true) ||
           screen_is_deceived(COLUMNS, true, false) || screen_is_deceived(80, false, true) ||
           screen_is_deceived(ENDLESS, false, true);
}

CASE(user_text, k13_control_bytes_are_shown)
{
    begin();
    for (int c = 0; c < 0x20; c++)
        user_text_write(&text, (const char[]){(char)c}, 1);
    CHECK_TEXT(output.bytes, "^@^A^B^C^D^E^F^G\b\t\n^K^L\r^N^O^P^Q^R^S^T^U^V^W^X^Y^Z^[^\\^]^^^_");
    begin();
    say("\033[6n\033]0;title\007\033c\177");
    CHECK_TEXT(output.bytes, "^[[6n^[]0;title^G^[c^?");
    begin();
    for (int c = 0x80; c < 0xa0; c++)
        user_text_write(&text, (const char[]){(char)c}, 1);
    CHECK_EQUAL(output.length, 4 * 0x20);
    CHECK(string_starts_with(output.bytes, "\\x80\\x81\\x82") &&
          string_contains(output.bytes, "\\x9b\\x9c\\x9d\\x9e\\x9f"));
    begin();
    for (int c = 0xa0; c < 0x100; c++)
        user_text_write(&text, (const char[]){'x', (char)c, 'x'}, 3);
    CHECK_EQUAL(output.length, 3 * 0x60);
}

/* Byte by byte, too: what a byte means does not depend on the call it comes in. */
CASE(user_text, k13_utf8_is_passed_on_but_for_its_controls)
{
    static const struct {
        const char *text, *shown;
    } vectors[] = {
        {"\xc4\x9b \xc3\x9f", "\xc4\x9b \xc3\x9f"},
        {"\xe2\x82\xac \xe2\x94\x80 \xe4\xbd\x99", "\xe2\x82\xac \xe2\x94\x80 \xe4\xbd\x99"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xc2\x9b", "\xc2\\x9b"},          /* U+009B */
        {"\xc2\xa0", "\xc2\xa0"},           /* U+00A0 */
        {"\xc1\x9b", "\xc1\\x9b"},          /* longer than need be */
        {"\xe0\x82\x9b", "\xe0\\x82\\x9b"}, /* .. */
        {"\xf0\x80\x82\x9b", "\xf0\\x80\\x82\\x9b"},
        {"\xed\x9f\xbf", "\xed\x9f\xbf"},            /* the last before the halves */
        {"\xf4\x90\x80\x80", "\xf4\\x90\\x80\\x80"}, /* past the last one */
        {"\xc4x\x9b", "\xc4x\\x9b"},                 /* broken off */
        {"\xc4\x9b\x9b", "\xc4\x9b\\x9b"},           /* and one too many */
        {"\xe2\x82\x9b\x9b", "\xe2\x82\x9b\\x9b"},
        {"\xff\x9b", "\xff\\x9b"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        begin();
        say(vectors[i].text);
        CHECK_TEXT(output.bytes, vectors[i].shown);
        begin();
        for (const char *c = vectors[i].text; *c; c++)
            user_text_write(&text, c, 1);
        CHECK_TEXT(output.bytes, vectors[i].shown);
    }
    begin();
    say("\xc4");
    kernel_says("kernel\n");
    say("\x9b");
    CHECK_TEXT(output.bytes, "\xc4kernel\n\\x9b");
}

CASE(user_text, plain_text_is_as_it_was)
{
    static const char plain[] =
        "Hello from ring 3, process 1\n"
        "hostile: idt: killed, general protection\n"
        "the kernel says panic: and plat: and ok 1\n"
        "pan\nic: o\nk TAPE Bailey pragmatic plat done\n"
        "\tdone\n donee\nplat x\n\n  \rcount:  3%\rcount: 10%\n sh> \b \b\n not ok\n x\tok\n"
        "processes: 3\npanics: 0\nnot OK\nOK\n1.5\n123\n";
    begin();
    say(plain);
    CHECK_TEXT(output.bytes, plain);
    begin();
    for (const char *c = plain; *c; c++)
        user_text_write(&text, c, 1);
    CHECK_TEXT(output.bytes, plain);
}

/* A piece of 128 bytes is one call of the console, wherever it begins. */
CASE(user_text, plain_text_goes_out_in_whole_pieces)
{
    char piece[128];
    begin();
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = i % 32 == 31 ? '\n' : 'x';
    user_text_write(&text, piece, sizeof piece);
    CHECK_EQUAL(output.calls, 1);
    CHECK_EQUAL(output.length, sizeof piece);
}

CASE(user_text, k13_a_word_of_the_kernels_gets_a_mark)
{
    static const struct {
        const char *text, *shown;
    } vectors[] = {
        {"panic: x", "panic|: x"},
        {"x\nplat: 9 passed, 0 failed\n", "x\nplat|: 9 passed, 0 failed\n"},
        {"ok 1 - x\nnot ok 2\nokay\n", "o|k 1 - x\nnot o|k 2\no|kay\n"},
        {"1..9\nTAP version 13\nTAP\tversion 13\n", "1.|.9\nTAP| version 13\nTAP|\tversion 13\n"},
        {"  \t Bail out! x\n", "  \t Bail out|! x\n"},
        {"x\r  Bail out! x\n  Ba\ril out!", "x\r  Bail out|! x\n  Ba\ril out|!"},
        {"done\ndone \ndone\r\n", "done|\ndone \ndone|\r\n"},
        {"xxx\rpanic: x", "xxx\rpanic|: x"},
        {"pan\ric: x", "pan\ric|: x"}, /* a tool that takes returns out */
        {"x\bpanic: x", "x\bpanic|: x"},
        {"panicx\b: x", "panicx\b|: x"},
        {"xanic:\rp", "xanic:\r|p"},
        {"panic\t\b\b\b: x", "panic\t\b\b\b|: x"},
        {"\xc4\x9b\bpanic: x", "\xc4\x9b\bpanic|: x"}, /* one cell of a terminal */
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        begin();
        say(vectors[i].text);
        CHECK_TEXT(output.bytes, vectors[i].shown);
        CHECK(!somebody_is_deceived());
    }
}

/* Each word, cut into two calls at each place, in two calls with the kernel's line between. */
CASE(user_text, k13_a_word_in_pieces_gets_a_mark)
{
    static const char *const before[] = {"", "x\n", "xxxxxxxxxxxx\r", "x\b", "\r", "\n\r\n"};
    for (size_t w = 0; w < WORDS; w++) {
        for (size_t b = 0; b < sizeof before / sizeof before[0]; b++) {
            for (size_t cut = 0; cut <= string_length(words[w]); cut++) {
                begin();
                say(before[b]);
                user_text_write(&text, words[w], cut);
                say(words[w] + cut);
                say("\n");
                CHECK(!somebody_is_deceived());
                size_t length = string_length(before[b]) + string_length(words[w]) + 1;
                CHECK_EQUAL(output.length, length + 1); /* one mark */
            }
        }
    }
    begin();
    say("pan");
    kernel_says("\nheap: a line of the kernel's\n");
    say("ic: x\nplat");
    kernel_says("> ");
    say("x\n");
    CHECK_TEXT(output.bytes, "pan\nheap: a line of the kernel's\nic: x\nplat> x\n");
}

/* Behind the kernel's own text: only what comes to stand at the left is looked at. */
CASE(user_text, what_the_kernel_printed_is_gone_on_with)
{
    begin();
    kernel_says("plat> ");
    say("panic: x\n");
    CHECK_TEXT(output.bytes, "plat> panic: x\n");
    begin();
    kernel_says("plax> ");
    say("\b\b\bt");
    CHECK_TEXT(output.bytes, "plax> \b\b\b|t");
    begin();
    kernel_says("first\nplat> ");
    say("\rpanic: x");
    CHECK(string_contains(output.bytes, "\r|panic: x"));
}

/* Full rows: of the screen, and of a terminal. */
CASE(user_text, k13_a_row_that_is_full_goes_on_at_the_left)
{
    static const size_t widths[] = {COLUMNS, 80};
    for (size_t i = 0; i < 2; i++) {
        begin();
        for (size_t n = 0; n < 2 * widths[i]; n++)
            say(".");
        say("panic: x\n");
        CHECK(string_contains(output.bytes, ".panic|: x"));
        CHECK(!somebody_is_deceived());
    }
}

/* Bits of words, moves and kernel's lines in any order; nobody is deceived, and nothing is lost. */
CASE(user_text, k13_random_text_deceives_nobody)
{
    static const char *const pieces[] = {
        "panic", ":",    "pan",  "ic:",      "plat",     ": ",           ">",    "ok",  " ",
        "not ",  "not",  "k",    "o",        "1",        "..",           ".",    "TAP", "\t",
        "Bail",  " out", "!",    "  Bail",   "done",     "heap",         "x",    "\n",  "\r",
        "\b",    "\b\b", "\r\n", "\b\b\b",   "\xc4\x9b", "\xe2\x82\xac", "\n\r", "wat", "ch:",
        "proc",  "ess:", "\b",   "\t\b\b\b", "\r",
    };
    uint32_t random = 1;
    for (int round = 0; round < 2000; round++) {
        begin();
        size_t given = 0, marks = 0;
        for (int i = 0; i < 24; i++) {
            random = random * 1664525 + 1013904223;
            const char *piece = pieces[(random >> 8) % (sizeof pieces / sizeof pieces[0])];
            given += string_length(piece);
            say(piece);
        }
        say("\n");
        for (size_t i = 0; i < output.length; i++)
            marks += output.bytes[i] == '|';
        CHECK_EQUAL(output.length, given + 1 + marks);
        CHECK(!somebody_is_deceived());
    }
}
