#include "lib/checked.h"

#include "case.h"

CASE(checked, sums_and_products_say_when_they_overflow)
{
    size_t result;
    CHECK(checked_add(SIZE_MAX - 1, 1, &result) && result == SIZE_MAX);
    CHECK(!checked_add(SIZE_MAX, 1, &result));
    CHECK(checked_multiply(SIZE_MAX / 2, 2, &result) && result == SIZE_MAX - 1);
    CHECK(!checked_multiply(SIZE_MAX / 2 + 1, 2, &result));
    /* Pintos's calloc lets its like through: the product is small again. */
    const size_t root = (size_t)1 << (sizeof(size_t) * 4);
    CHECK(!checked_multiply(root + 1, root + 1, &result));
    CHECK(checked_multiply(0, SIZE_MAX, &result) && result == 0);
}

CASE(checked, rounding)
{
    size_t result;
    CHECK(checked_round_up(0, 4096, &result) && result == 0);
    CHECK(checked_round_up(1, 4096, &result) && result == 4096);
    CHECK(checked_round_up(4096, 4096, &result) && result == 4096);
    CHECK(checked_round_up(SIZE_MAX - 4095, 4096, &result) && result == SIZE_MAX - 4095);
    CHECK(!checked_round_up(SIZE_MAX - 4094, 4096, &result));
    CHECK_EQUAL(units_to_hold(0, 4096), 0);
    CHECK_EQUAL(units_to_hold(1, 4096), 1);
    CHECK_EQUAL(units_to_hold(4096, 4096), 1);
    CHECK_EQUAL(units_to_hold(4097, 4096), 2);
    CHECK_EQUAL(units_to_hold(SIZE_MAX, 4096), SIZE_MAX / 4096 + 1);
    CHECK_EQUAL(saturating_end(UINT64_MAX, 1), UINT64_MAX);
    CHECK_EQUAL(saturating_end(1, 2), 3);
}
