#include "lib/string.h"

#include "case.h"

CASE(string, comparing_and_searching)
{
    CHECK(string_equal("", "") && string_equal("heap", "heap"));
    CHECK(!string_equal("heap", "hea") && !string_equal("hea", "heap"));
    CHECK(string_starts_with("heap", "") && string_starts_with("heap", "he"));
    CHECK(!string_starts_with("he", "heap"));
    CHECK(string_contains("heap.b1_last", "b1") && string_contains("x", ""));
    CHECK(string_contains("aab", "ab") && !string_contains("", "a") &&
          !string_contains("ba", "ab"));
    CHECK_EQUAL(string_length(""), 0);
    CHECK_EQUAL(string_length("four"), 4);
}

CASE(string, copying_always_ends_the_text)
{
    char buffer[5] = "####";
    CHECK(string_copy(buffer, sizeof buffer, "four"));
    CHECK_TEXT(buffer, "four");
    CHECK(!string_copy(buffer, sizeof buffer, "fives"));
    CHECK_TEXT(buffer, "five");
    CHECK(!string_copy(buffer, 1, "x"));
    CHECK_TEXT(buffer, "");
}

CASE(string, numbers)
{
    static const struct {
        const char *text;
        bool suffix, right;
        uint32_t number;
    } vectors[] = {
        {"0", false, true, 0},
        {"4294967295", false, true, UINT32_MAX},
        {"4294967296", false, false, 0},
        {"42949672950", false, false, 0},
        {"0x0", false, true, 0},
        {"0xFFFFffff", false, true, UINT32_MAX},
        {"0x100000000", false, false, 0},
        {"0x", false, false, 0},
        {"", false, false, 0},
        {" 1", false, false, 0},
        {"1 ", false, false, 0},
        {"-1", false, false, 0},
        {"12a", false, false, 0},
        {"4K", false, false, 0},
        {"4K", true, true, 4096},
        {"3g", true, true, 3u << 30},
        {"4G", true, false, 0},
        {"4095M", true, true, 4095u << 20},
        {"4096M", true, false, 0},
        {"0x10M", true, true, 16u << 20},
        {"1KK", true, false, 0},
        {"K", true, false, 0},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint32_t number = 77;
        CHECK_EQUAL(string_to_number(vectors[i].text, vectors[i].suffix, &number),
                    vectors[i].right);
        CHECK_EQUAL(number, vectors[i].right ? vectors[i].number : 77);
    }
}

CASE(string, splitting)
{
    char text[] = "  alloc \t 4K  7 ", *words[4];
    CHECK_EQUAL(string_split(text, words, 4), 3);
    CHECK_TEXT(words[0], "alloc");
    CHECK_TEXT(words[1], "4K");
    CHECK_TEXT(words[2], "7");
    char many[] = "a b c d";
    CHECK_EQUAL(string_split(many, words, 2), 2);
    CHECK_TEXT(words[1], "b c d");
    char blank[] = "   ", empty[] = "";
    CHECK_EQUAL(string_split(blank, words, 4), 0);
    CHECK_EQUAL(string_split(empty, words, 4), 0);
}
