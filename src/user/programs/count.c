/*
 * Counts primes, without asking the kernel for anything in between: two at a time show that the
 * timer takes the processor from one to give it to the other.
 *
 *     count [N]
 */
#include "user/plat.h"

enum { BELOW = 200000, STEPS = 10 };

static bool is_prime(uint32_t number)
{
    if (number < 4)
        return number > 1;
    if (number % 2 == 0)
        return false;
    for (uint32_t divisor = 3; divisor <= number / divisor; divisor += 2)
        if (number % divisor == 0)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    uint32_t below = BELOW, count = 0, number = 0;
    if (argc > 1 && !string_to_number(argv[1], false, &below)) {
        puts("count [N]");
        return 2;
    }
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t end = step < STEPS ? below / STEPS * step : below;
        for (; number < end; number++)
            count += is_prime(number);
        if (step < STEPS)
            printf("count: process %d: %u primes below %u\n", getpid(), count, end);
    }
    printf("count: process %d: done, %u primes below %u\n", getpid(), count, below);
    return 0;
}
