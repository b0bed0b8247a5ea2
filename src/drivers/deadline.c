#include "drivers/deadline.h"

#include "drivers/clock.h"
#include "drivers/pit.h"

struct deadline deadline_in(uint32_t nmicroseconds)
{
    if (clock_runs())
        return (struct deadline){.by_clock = true, .at = clock_microseconds() + nmicroseconds};
    return (struct deadline){
        .counts_left = nmicroseconds + nmicroseconds / 5, /* 1.2, for 1.193182 */
        .looks_left = nmicroseconds,
        .looks_most = nmicroseconds,
        .last = pit_count(),
    };
}

bool deadline_passed(struct deadline *deadline)
{
    if (deadline->by_clock)
        return clock_microseconds() >= deadline->at;
    uint16_t now = pit_count();
    uint16_t passed = deadline->last > now ? (uint16_t)(deadline->last - now) : 0;
    if (now == deadline->last) {
        if (deadline->looks_left > 0)
            deadline->looks_left--;
    } else {
        deadline->looks_left = deadline->looks_most;
    }
    /* The count starts again from a number that the firmware may have chosen: that step is left
     * out. */
    deadline->last = now;
    deadline->counts_left -= passed < deadline->counts_left ? passed : deadline->counts_left;
    return deadline->counts_left == 0 || deadline->looks_left == 0;
}

void deadline_wait(uint32_t nmicroseconds)
{
    struct deadline deadline = deadline_in(nmicroseconds);
    while (!deadline_passed(&deadline))
        ;
}
