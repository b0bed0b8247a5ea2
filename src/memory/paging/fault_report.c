#include "memory/paging/fault_report.h"

#include "lib/print.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "memory/paging/paging.h"

/* Bits of a page fault's error code (Intel SDM, volume 3, section 4.7). */
#define ERROR_PROTECTION 1u
#define ERROR_WRITE      2u
#define ERROR_FETCH      16u

static const char *(*more_places)(vaddr_t address);

void fault_report_set_places(const char *(*where)(vaddr_t address))
{
    more_places = where;
}

static bool within(vaddr_t address, const uint8_t *start, const uint8_t *end)
{
    return address >= (vaddr_t)start && address < (vaddr_t)end;
}

const char *fault_report_place(vaddr_t address)
{
    if (address < PAGE_SIZE)
        return "page 0";
    if (within(address, kernel_stack_guard, kernel_stack))
        return "the stack guard";
    const struct growing_heap *growing = kheap_growing();
    if (growing && address - (vaddr_t)growing->window->start < growing->window->nbytes)
        return "the growing heap's window";
    const char *more = more_places ? more_places(address) : NULL;
    if (more)
        return more;
    if (within(address, kernel_start, kernel_text_end))
        return "kernel text";
    if (within(address, kernel_text_end, kernel_rodata_end))
        return "kernel constants";
    if (within(address, kernel_stack, kernel_stack_top))
        return "the kernel stack";
    if (within(address, kernel_rodata_end, kernel_end))
        return "kernel data";
    return "memory";
}

const char *fault_report_verb(uint32_t error)
{
    if (error & ERROR_FETCH)
        return "jump to";
    return error & ERROR_WRITE ? "write to" : "read of";
}

void fault_report_walk(const struct paging_4gb_chunk *chunk, vaddr_t address)
{
    if (!chunk) {
        kprintf("  walk: paging is not set up yet\n");
        return;
    }
    struct paging_walk walk = paging_walk(chunk, address);
    kprintf("  walk: directory[%u] = %08x", address >> 22, walk.directory_entry);
    if ((walk.directory_entry & PAGING_IS_PRESENT) && !walk.large)
        kprintf(", table[%u] = %08x", (address >> PAGE_SHIFT) % PAGING_TOTAL_ENTRIES_PER_TABLE,
                walk.table_entry);
    if (!walk.mapped) {
        kprintf(": not mapped\n");
        return;
    }
    kprintf(": physical ");
    if (walk.far)
        kprintf("%x", walk.far);
    kprintf("%08x, %s%s%s\n", walk.physical,
            walk.flags & PAGING_IS_WRITEABLE ? "writable" : "read-only",
            walk.flags & PAGING_ACCESS_FROM_ALL ? ", for all" : ", kernel only",
            walk.large ? ", 4 MB page" : "");
}

void fault_report_print(const struct trap_frame *frame, vaddr_t address, uint32_t esp)
{
    if (frame->vector == TRAP_DOUBLE_FAULT) {
        /* A push into the guard faults, and so does the push of that fault. */
        if (within(address, kernel_stack_guard, kernel_stack) ||
            within(esp, kernel_stack_guard, kernel_stack + 1))
            kprintf("  the kernel stack is full: stack guard hit at %08x, esp %08x\n", address,
                    esp);
        else
            kprintf("  a fault while delivering a fault, esp %08x\n", esp);
        fault_report_walk(paging_current(), address);
        return;
    }
    bool forbidden_write = (frame->error & ERROR_PROTECTION) && (frame->error & ERROR_WRITE);
    kprintf("  %s %s%s at %08x%s\n", fault_report_verb(frame->error),
            forbidden_write ? "read-only " : "", fault_report_place(address), address,
            frame->error & ERROR_PROTECTION ? "" : ", which is not mapped");
    fault_report_walk(paging_current(), address);
}
