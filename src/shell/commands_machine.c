#include "drivers/pic.h"
#include "drivers/pit.h"
#include "drivers/power.h"
#include "lib/print.h"
#include "selftest/selftest.h"
#include "shell/command.h"

bool command_fault(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    if (nwords == 0) {
        fault_list();
        return true;
    }
    if (fault_provoke(words[0]))
        return true;
    kprintf("%s: no such fault; fault without a name lists them\n", words[0]);
    return false;
}

bool command_selftest(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    if (!selftest_run(nwords ? words[0] : ""))
        kprintf("selftest: not passed\n");
    return true;
}

bool command_uptime(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    uint32_t ticks = pit_ticks();
    kprintf("  %u.%02u s, %u ticks, %u spurious interrupts\n", ticks / PIT_TICKS_A_SECOND,
            ticks % PIT_TICKS_A_SECOND, ticks, pic_spurious());
    return true;
}

bool command_reboot(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    power_restart();
}

bool command_poweroff(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    power_off();
    kprintf("  this machine does not go off that way; please use its switch\n");
    return true;
}
