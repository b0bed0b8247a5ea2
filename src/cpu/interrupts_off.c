/*
 * Theory. Whether interrupts are on is the processor's state and not a process's, so that a section
 * may begin in one process and end in another. It begins where they go off, or where a gate turns
 * them off, and ends where they go on, or where the way back turns them on. What is written here is
 * written while they are off.
 */
#include "cpu/interrupts_off.h"

#ifdef PLAT_DEBUG

#include "cpu/cpu.h"
#include "lib/print.h"
#include "lib/symbols.h"

static struct {
    bool watching, off;
    uintptr_t by, longest_by;
    uint64_t since, longest;
} section;

void interrupts_off_begin_at(uintptr_t at)
{
    if (!section.watching || section.off)
        return;
    section.off = true;
    section.by = at;
    section.since = cpu_tsc();
}

void interrupts_off_begin(void)
{
    interrupts_off_begin_at((uintptr_t)__builtin_return_address(0));
}

void interrupts_off_end(void)
{
    if (!section.off)
        return;
    uint64_t length = cpu_tsc() - section.since;
    if (length > section.longest) {
        section.longest = length;
        section.longest_by = section.by;
    }
    section.off = false;
}

void interrupts_off_watch(void)
{
    section.watching = cpu_identify().tsc;
}

void interrupts_off_say(void)
{
    uint32_t offset = 0, flags = cpu_save_flags();
    uint64_t longest = section.longest;
    const char *name = symbols_find(&symbols_kernel, (uint32_t)section.longest_by, &offset);
    section.longest = 0;
    cpu_restore_flags(flags);
    kprintf("  interrupts: off for %llu ticks of the time stamp counter at most, by %s+0x%x\n",
            (unsigned long long)longest, name ? name : "nobody", offset);
}

#endif
