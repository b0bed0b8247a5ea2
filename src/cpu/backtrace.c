#include "cpu/backtrace.h"

#include "cpu/probe.h"
#include "lib/print.h"
#include "lib/symbols.h"

enum { FRAMES_MAX = 16 };

/* A call may be its function's last instruction: look up the byte before the return address. */
static void print_line(uint32_t eip, uint32_t back)
{
    uint32_t offset;
    const char *name = symbols_find(&symbols_kernel, eip - back, &offset);
    if (name)
        kprintf("  at %08x %s+0x%x\n", eip, name, offset + back);
    else
        kprintf("  at %08x\n", eip);
}

/*
 * Whether the function that holds EIP has made its frame: push ebp; mov ebp, esp. The compiler
 * leaves that out where a function needs nothing of the stack, and so do routines in assembly.
 */
static bool has_frame(uint32_t eip)
{
    const uint32_t prologue = 0xe58955; /* the bytes 55 89 e5 */
    uint32_t offset, code;
    return symbols_find(&symbols_kernel, eip, &offset) && offset >= 3 &&
           probe_read(eip - offset, &code) && (code & 0xffffff) == prologue;
}

/* The return address that a function without a frame still has on top of the stack. */
static void print_frameless_caller(uint32_t eip, uint32_t esp)
{
    uint32_t caller, offset;
    if (esp && !has_frame(eip) && probe_read(esp, &caller) &&
        symbols_find(&symbols_kernel, caller, &offset))
        print_line(caller, 1);
}

void backtrace_capture(uintptr_t *frames, size_t count, uintptr_t from)
{
    uint32_t ebp = (uint32_t)__builtin_frame_address(0), above, caller;
    size_t found = 0;
    for (int i = 0; i < FRAMES_MAX && found < count; i++) {
        if (!probe_read(ebp, &above) || !probe_read(ebp + 4, &caller) || !caller)
            break;
        if (found > 0 || caller == from)
            frames[found++] = caller;
        if (above <= ebp)
            break;
        ebp = above;
    }
    if (found == 0)
        frames[found++] = from;
    while (found < count)
        frames[found++] = 0;
}

void backtrace_print(uint32_t eip, uint32_t ebp, uint32_t esp)
{
    print_line(eip, esp ? 0 : 1);
    print_frameless_caller(eip, esp);
    for (int i = 1; i < FRAMES_MAX; i++) {
        uint32_t above, caller;
        if (ebp > UINT32_MAX - 8 || !probe_read(ebp, &above) || !probe_read(ebp + 4, &caller))
            return;
        if (!caller)
            return;
        print_line(caller, 1);
        if (above <= ebp)
            return;
        ebp = above;
    }
}
