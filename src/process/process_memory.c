/*
 * Theory. Every page of a process is one of a block that the heap gave for it, for
 * OWNER_PROCESS, and cleared: mapped once, in this directory, marked as its own there. Image and
 * stack lie in the user window; what process_malloc() gives lies above it, each block as far from
 * the window's end as it is from the heap's start. So block and address are functions of each
 * other, two allocations never get the same address, and on a machine whose heap begins where it
 * should, the address is the block's own.
 *
 * An allocation is known by its first block: the heap's table says how long it is. A watched heap's
 * may be longer than what was mapped, by its red zone.
 */
#include "process/process_memory.h"

#include "cpu/cpu.h"
#include "cpu/panic.h"
#include "lib/checked.h"
#include "memory/heap/kheap.h"
#include "memory/layout.h"
#include "memory/memory.h"

enum { AT_ONCE = 64 }; /* pages, without an interrupt */

#define USER_FLAGS (PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL)

/* Where ring 3 sees the block at BLOCK; and which block it sees at ADDRESS, if it is a block's. */
static vaddr_t address_of(const void *block)
{
    return LAYOUT_USER_END + ((vaddr_t)block - (vaddr_t)kheap()->saddr);
}

static void *block_at(vaddr_t address)
{
    return (void *)((vaddr_t)kheap()->saddr + (address - LAYOUT_USER_END));
}

/* Whether the page that ring 3 has at ADDRESS is one of process_malloc()'s. */
static bool is_its_own(const struct process *process, vaddr_t address)
{
    struct paging_walk walk = paging_walk(process->directory, address);
    return walk.own && walk.physical == (paddr_t)block_at(address);
}

/* All of NPAGES at BLOCKS; the clock goes on. */
static void clear(void *blocks, size_t npages)
{
    uint8_t *at = blocks;
    for (size_t done = 0, part; done < npages; done += part, at += part * PAGE_SIZE) {
        part = npages - done < AT_ONCE ? npages - done : AT_ONCE;
        memset(at, 0, part * PAGE_SIZE);
        cpu_admit_interrupts();
    }
}

void *process_malloc(struct process *process, size_t nbytes)
{
    size_t npages = units_to_hold(nbytes, PAGE_SIZE), whole;
    if (npages == 0 || !checked_multiply(npages, PAGE_SIZE, &whole))
        return NULL;
    void *blocks = kmalloc_for(OWNER_PROCESS, whole);
    if (!blocks)
        return NULL;
    clear(blocks, npages);
    vaddr_t address = address_of(blocks);
    if (paging_map_range(process->directory, address, (paddr_t)blocks, npages,
                         USER_FLAGS | PAGING_IS_WRITEABLE)) {
        kfree(blocks);
        return NULL;
    }
    process->nblocks += npages;
    return (void *)address;
}

int process_free(struct process *process, void *pointer)
{
    vaddr_t address = (vaddr_t)pointer;
    if (!pointer)
        return 0;
    if (address < LAYOUT_USER_END || !paging_is_aligned(address) || !is_its_own(process, address))
        return -EINVARG;
    void *blocks = block_at(address);
    size_t nblocks = heap_allocation_blocks(kheap(), blocks, NULL);
    if (nblocks == 0)
        return -EINVARG; /* inside of an allocation */
    for (size_t i = 0; i < nblocks && is_its_own(process, address + i * PAGE_SIZE); i++) {
        if (paging_unmap(process->directory, address + i * PAGE_SIZE))
            panic("process: can't unmap its page at %08x", address + i * PAGE_SIZE);
        process->nblocks--;
        if (i % AT_ONCE == 0)
            cpu_admit_interrupts();
    }
    kfree(blocks);
    return 0;
}

uint8_t *process_map(struct process *process, vaddr_t virt, size_t npages, bool writable)
{
    uint8_t *pages = kzalloc_for(OWNER_PROCESS, npages * PAGE_SIZE);
    if (!pages)
        return NULL;
    if (paging_map_range(process->directory, virt, (paddr_t)pages, npages,
                         USER_FLAGS | (writable ? PAGING_IS_WRITEABLE : 0))) {
        kfree(pages);
        return NULL;
    }
    process->nblocks += npages;
    return pages;
}

/* The first page of an allocation is its lowest, and comes before the others. */
static void free_first(void *context, vaddr_t virt, paddr_t physical)
{
    (void)context, (void)virt;
    if (heap_allocation_blocks(kheap(), (const void *)physical, NULL))
        kfree((void *)physical);
}

void process_release_memory(struct process *process)
{
    paging_each_own(process->directory, free_first, NULL);
    if (paging_free_4gb(process->directory))
        panic("process: %s (%u) has no directory", process->name, process->pid);
    process->directory = NULL;
    process->nblocks = 0;
}
