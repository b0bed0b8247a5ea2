/* Words that must not change: every flip of a bit is found, by a check and within a round of steps.
 */
#include "cpu/seal.h"

#include "case.h"
#include "lib/string.h"

enum { FIRST = 21, SECOND = 1, THIRD = 9, ROUND = 3 + 1 + 2 };

static struct seal seal;
static uint32_t first[FIRST], second[SECOND], third[THIRD];

static void begin(void)
{
    seal.nranges = seal.nwords = seal.range = seal.word = 0;
    seal.full = false;
    for (uint32_t i = 0; i < FIRST; i++)
        first[i] = i * 0x01234567;
    second[0] = 0;
    for (uint32_t i = 0; i < THIRD; i++)
        third[i] = ~i;
    seal_add(&seal, (struct seal_range){"first", first, FIRST, 0, 2, 0});
    seal_add(&seal, (struct seal_range){"second", second, SECOND, 5, 1, 0});
    seal_add(&seal, (struct seal_range){"third", third, THIRD, 100, 1, 0x60});
}

/* How many steps it takes until one says something; 0 where a round says nothing. */
static size_t steps_to_find(void)
{
    for (size_t i = 1; i <= ROUND; i++)
        if (seal_step(&seal))
            return i;
    return 0;
}

CASE(seal, nothing_is_said_while_nothing_changes)
{
    begin();
    CHECK_HOLDS(seal_check(&seal));
    for (int round = 0; round < 3; round++)
        CHECK_EQUAL(steps_to_find(), 0);
    CHECK_HOLDS(seal_mend(&seal));
}

static bool finds(uint32_t *word, int bit)
{
    *word ^= 1u << bit;
    bool found = seal_check(&seal) != NULL && steps_to_find() > 0 && seal_mend(&seal) != NULL &&
                 !seal_check(&seal);
    return found;
}

CASE(seal, every_flip_is_found_and_put_back)
{
    begin();
    for (int bit = 0; bit < 32; bit++) {
        for (size_t i = 0; i < FIRST; i++)
            CHECK(finds(&first[i], bit) && first[i] == i * 0x01234567);
        CHECK(finds(&second[0], bit) && second[0] == 0);
        for (size_t i = 0; i < THIRD; i++)
            CHECK(finds(&third[i], bit) == (bit != 5 && bit != 6));
    }
}

CASE(seal, what_may_change_is_neither_said_nor_put_back)
{
    begin();
    third[4] ^= 0x60;
    CHECK_HOLDS(seal_check(&seal));
    third[4] ^= 0x61;
    CHECK(seal_mend(&seal));
    CHECK_EQUAL(third[4], ~4u);
    third[4] ^= 0x21;
    CHECK(seal_mend(&seal));
    CHECK_EQUAL(third[4], ~4u ^ 0x20);
    seal_open(&seal, first);
    first[7] = 77;
    CHECK_HOLDS(seal_check(&seal));
    CHECK_EQUAL(steps_to_find(), 0);
    second[0] = 1;
    CHECK(seal_mend(&seal));
    CHECK(first[7] == 77 && second[0] == 0);
}

CASE(seal, a_flip_of_the_copy_is_found)
{
    begin();
    seal.copies[FIRST] ^= 4;
    CHECK(seal_check(&seal));
    CHECK(steps_to_find() > 0);
}

CASE(seal, the_sentence_says_entry_place_and_both_values)
{
    begin();
    first[13] ^= 0x100;
    CHECK(string_contains(seal_check(&seal), "first 6 was changed: "));
    CHECK(string_contains(seal_check(&seal), " holds 0eca873b, and held 0eca863b"));
    first[13] ^= 0x100;
    third[2] ^= 1;
    CHECK(string_contains(seal_check(&seal), "third 102 was changed: "));
}

CASE(seal, what_finds_no_room_is_said)
{
    static uint32_t many[SEAL_WORDS];
    begin();
    seal_add(&seal, (struct seal_range){"many", many, SEAL_WORDS, 0, 1, 0});
    CHECK(seal_check(&seal));
}

CASE(seal, an_empty_one_has_nothing_to_say)
{
    begin();
    seal.nranges = 0;
    CHECK_EQUAL(steps_to_find(), 0);
    CHECK_HOLDS(seal_check(&seal));
}
