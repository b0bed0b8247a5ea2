/* What gcc says of its functions, for the prover, which doesn't know them: assumed. */
#ifndef PLAT_TESTS_PROOF_BUILTINS_H
#define PLAT_TESTS_PROOF_BUILTINS_H

/*@ requires \valid(result);
    assigns *result, \result \from a, b;
    ensures \result == (a + b > 0xffffffff);
    ensures !\result ==> *result == a + b; */
_Bool add_overflows(unsigned a, unsigned b, unsigned *result);

/*@ requires \valid(result);
    assigns *result, \result \from a, b;
    ensures \result == (a * b > 0xffffffff);
    ensures !\result ==> *result == a * b; */
_Bool multiply_overflows(unsigned a, unsigned b, unsigned *result);

/*@ requires \valid(result);
    assigns *result, \result \from a, b;
    ensures \result == (a + b > 0xffffffffffffffff);
    ensures !\result ==> *result == a + b; */
_Bool add_long_overflows(unsigned long long a, unsigned long long b, unsigned long long *result);

#define __builtin_add_overflow(a, b, result)                                                       \
    (sizeof *(result) == 8 ? add_long_overflows(a, b, (unsigned long long *)(result))              \
                           : add_overflows(a, b, (unsigned *)(result)))
#define __builtin_mul_overflow multiply_overflows

#endif
