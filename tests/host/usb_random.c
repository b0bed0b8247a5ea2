/* Anything that may happen to USB, at random: nothing gets stuck, and nothing is lost. */
#include "usb_walk.h"

#include "case.h"

enum { WALKS = 600, STEPS = 200 };

static uint8_t any(void *context)
{
    uint64_t *state = context;
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return (uint8_t)(*state >> 56);
}

CASE(usb_random, whatever_happens_it_goes_on)
{
    for (uint32_t seed = 0; seed < WALKS; seed++) {
        uint64_t state = seed;
        walk_begin(seed % 4 == 3 ? 2 : 1, seed % 3 ? seed * 0x01234567 : UINT32_MAX - 5000);
        int step = 0;
        for (; step < STEPS && !bus.broken; step++)
            walk_step(any, &state);
        walk_calm_down();
        if (!bus.controllers[1].dead) /* that has some devices for ever */
            walk_end();
        if (bus.broken) {
            case_fail(run_, __FILE__, __LINE__, "walk %u, step %d: %s", (unsigned)seed, step,
                      bus.broken);
            return;
        }
    }
}
