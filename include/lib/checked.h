/*
 * Arithmetic that says when it overflows. Every size that comes from outside a module passes
 * through here; the functions return false on overflow and leave *RESULT unspecified.
 */
#ifndef PLAT_LIB_CHECKED_H
#define PLAT_LIB_CHECKED_H

#include "lib/types.h"

/*@ requires \valid(result);
    assigns *result;
    ensures \result <==> a + b <= SIZE_MAX;
    ensures \result ==> *result == a + b; */
MUST_USE static inline bool checked_add(size_t a, size_t b, size_t *result)
{
    return !__builtin_add_overflow(a, b, result);
}

/*@ requires \valid(result);
    assigns *result;
    ensures \result <==> a * b <= SIZE_MAX;
    ensures \result ==> *result == a * b; */
MUST_USE static inline bool checked_multiply(size_t a, size_t b, size_t *result)
{
    return !__builtin_mul_overflow(a, b, result);
}

/* VALUE rounded up to a multiple of STEP, a power of two. */
/*@ requires \valid(result) && step > 0;
    assigns *result;
    ensures \result <==> value + step - 1 <= SIZE_MAX;
    ensures \result ==> *result == ((value + step - 1) & (size_t)~(step - 1)); */
MUST_USE static inline bool checked_round_up(size_t value, size_t step, size_t *result)
{
    size_t raised;
    if (!checked_add(value, step - 1, &raised))
        return false;
    /*@ assert step - 1 == (size_t)(step - 1) && raised == value + step - 1; */
    *result = raised & ~(step - 1);
    return true;
}

/* How many units of STEP bytes, a power of two, hold NBYTES. Can't overflow, 0 for 0. */
/*@ requires step > 0;
    assigns \nothing;
    ensures nbytes <= \result * step < nbytes + step; */
static inline size_t units_to_hold(size_t nbytes, size_t step)
{
    return nbytes / step + (nbytes % step != 0);
}

/*@ requires step > 0;
    assigns \nothing;
    ensures \result <==> (value & (step - 1)) == 0; */
static inline bool is_multiple(size_t value, size_t step)
{
    return (value & (step - 1)) == 0;
}

/* BASE + LENGTH, or the largest value where the sum does not fit. */
/*@ assigns \nothing;
    ensures \result == \min(base + length, UINT64_MAX); */
static inline uint64_t saturating_end(uint64_t base, uint64_t length)
{
    uint64_t end;
    return __builtin_add_overflow(base, length, &end) ? UINT64_MAX : end;
}

/* Counts one more; at the most that there is it stays. */
/*@ requires \valid(count);
    assigns *count;
    ensures *count == \min(\old(*count) + 1, SIZE_MAX); */
static inline void checked_count(size_t *count)
{
    *count += *count != SIZE_MAX;
}

#endif
