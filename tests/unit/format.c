#include "lib/format.h"

#include "case.h"
#include "lib/string.h"

#define CHECK_FORMAT(wanted, ...)                                                                  \
    do {                                                                                           \
        char text_[128];                                                                           \
        size_t length_ = format_text(text_, sizeof text_, __VA_ARGS__);                            \
        CHECK_TEXT(text_, wanted);                                                                 \
        CHECK_EQUAL(length_, string_length(wanted));                                               \
    } while (0)

CASE(format, numbers)
{
    CHECK_FORMAT("0 -1 2147483647 -2147483648", "%d %d %d %i", 0, -1, INT32_MAX, INT32_MIN);
    CHECK_FORMAT("4294967295 ffffffff BEEF", "%u %x %X", UINT32_MAX, UINT32_MAX, 0xbeefu);
    CHECK_FORMAT("18446744073709551615", "%llu", (unsigned long long)UINT64_MAX);
    CHECK_FORMAT("-9223372036854775808", "%lld", (long long)INT64_MIN);
    CHECK_FORMAT("ffffffffffffffff 100000000", "%llx %llx", (unsigned long long)UINT64_MAX,
                 1ULL << 32);
    CHECK_FORMAT("10000000000000000000", "%llu", 10000000000000000000ULL);
    CHECK_FORMAT("7 8", "%zu %lu", (size_t)7, 8ul);
    const char *narrow = "%hhd %hd %hhu %hu"; /* compilers warn where they see that it cuts */
    CHECK_FORMAT("44 -44 44 4464", narrow, 300, -44, 300, 70000);
}

CASE(format, fields)
{
    CHECK_FORMAT("[  42][42  ][0042][-042][ -42]", "[%4d][%-4d][%04d][%04d][%4d]", 42, 42, 42, -42,
                 -42);
    static char both[] = "[%-05d]";
    char text[16];
    format_text(text, sizeof text, both, 42);
    CHECK_TEXT(text, "[42   ]");
    CHECK_FORMAT("[  ab][ab  ][abc]", "[%4s][%-4s][%2s]", "ab", "ab", "abc");
    CHECK_FORMAT("0x00100000", "0x%08x", 0x100000u);
    CHECK_FORMAT("0x100000000", "0x%08llx", 1ULL << 32);
    const char *volatile nothing = NULL;
    CHECK_FORMAT("c%(null)", "%c%%%s", 'c', nothing);
    CHECK_FORMAT("0x00001234", "%p", (void *)0x1234);
}

CASE(format, mistakes_show)
{
    /* Through variables: the compiler would warn of these. */
    static char unknown[] = "a %q b %", open[] = "%5";
    char text[32];
    format_text(text, sizeof text, unknown, 0);
    CHECK_TEXT(text, "a %q b %");
    format_text(text, sizeof text, open, 0);
    CHECK_TEXT(text, "%5");
}

CASE(format, long_text_is_cut_and_ended)
{
    char text[6] = "#####";
    CHECK_EQUAL(format_text(text, sizeof text, "%s", "0123456789"), 10);
    CHECK_TEXT(text, "01234");
    CHECK_EQUAL(format_text(text, 1, "%d", 12345), 5);
    CHECK_TEXT(text, "");
}
