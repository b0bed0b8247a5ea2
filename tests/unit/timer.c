/* What the clock says after so many ticks, in numbers that are wide enough. */
#include "drivers/timer.h"

#include "abi/system_calls.h"
#include "case.h"

CASE(pit, k15_milliseconds_are_never_negative)
{
    static const uint32_t ticks[] = {0,          1,          100,        214748363, 214748364,
                                     214748365,  214748366,  429496728,  429496729, 429496730,
                                     0x7fffffff, 0x80000000, 0xfffffffe, UINT32_MAX};
    for (size_t i = 0; i < sizeof ticks / sizeof ticks[0]; i++) {
        uint64_t wanted = (uint64_t)ticks[i] * 10 % (UINT64_C(1) << 31);
        CHECK(timer_milliseconds(ticks[i]) >= 0);
        CHECK_EQUAL(timer_milliseconds(ticks[i]), wanted);
        /* A second later, also where it has begun again and where the ticks have. */
        uint32_t later = (uint32_t)timer_milliseconds(ticks[i] + 100);
        CHECK_EQUAL((later - (uint32_t)timer_milliseconds(ticks[i])) & SYSTEM_TIME_MOST, 1000);
    }
    CHECK_EQUAL(timer_milliseconds(214748364), 2147483640);
    CHECK_EQUAL(timer_milliseconds(214748365), 2);
}
