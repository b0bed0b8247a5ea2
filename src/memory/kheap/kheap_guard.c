/* Guarded pages in the kernel's own directory, and the page faults that they cause. */
#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "memory/debug/watch.h"
#include "memory/kheap/kheap_look.h"
#include "memory/kheap/kheap_report.h"
#include "memory/kheap/kheap_setup.h"
#include "memory/paging/paging.h"

#define ERROR_WRITE 2u /* of a page fault's error code (Intel SDM, volume 3, section 4.7) */

static void set_page(void *context, void *page, bool open)
{
    (void)context;
    vaddr_t address = (vaddr_t)page;
    int status = open ? paging_map(paging_kernel(), address, address,
                                   PAGING_IS_PRESENT | PAGING_IS_WRITEABLE)
                      : paging_unmap(paging_kernel(), address);
    if (status && status != -EFAULT) /* which is: closed already */
        panic("heap: can't %s the guarded page %p (%d)", open ? "open" : "close", page, status);
}

static void on_page_fault(struct trap_frame *frame)
{
    kheap_say_where("", frame->eip);
    if (!watch_touched(kheap_watched(), (const void *)cpu_cr2(), frame->error & ERROR_WRITE))
        panic_trap(frame, trap_esp(frame));
}

bool kheap_guard(size_t every)
{
    trap_set_handler(TRAP_PAGE_FAULT, on_page_fault);
    return watch_guard(kheap_watched(), GUARDED_BLOCKS_MOST, set_page, NULL, every);
}
