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

#include "cpu/panic.h"
#include "lib/checked.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "memory/memory.h"
#include "process/process_private.h"

enum { AT_ONCE = 64 }; /* pages, without a breath: 65,536 instructions to clear them */

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

static size_t part_of(size_t npages)
{
    return npages < AT_ONCE ? npages : AT_ONCE;
}

static void unmap(struct process *process, vaddr_t address)
{
    if (paging_unmap(process->directory, address))
        panic("process: can't unmap its page at %08x", address);
    tree_count(process, 0, 1);
}

/*
 * Clears NPAGES at BLOCKS and maps them at ADDRESS. 0; -ENOMEM, and nothing is mapped, without
 * memory for tables, or where nobody needs them any more.
 */
static int give(struct process *process, vaddr_t address, uint8_t *blocks, size_t npages,
                uint32_t flags)
{
    for (size_t done = 0, part; done < npages; done += part) {
        part = part_of(npages - done);
        memset(blocks + done * PAGE_SIZE, 0, part * PAGE_SIZE);
        if (process_current()->killed ||
            paging_map_range(process->directory, address + done * PAGE_SIZE,
                             (paddr_t)blocks + done * PAGE_SIZE, part, flags)) {
            while (done > 0)
                unmap(process, address + --done * PAGE_SIZE);
            return -ENOMEM;
        }
        tree_count(process, part, 0);
        process_breathe();
    }
    return 0;
}

/* NPAGES that ring 3 has at ADDRESS, or for 0 where process_malloc() has them. Returns where the
 * kernel reaches them; NULL without memory, and beyond the tree's share. */
static uint8_t *take(struct process *process, vaddr_t address, size_t npages, uint32_t flags)
{
    uint8_t *blocks =
        tree_may_take(process, npages) ? kmalloc_for(OWNER_PROCESS, npages * PAGE_SIZE) : NULL;
    if (blocks && give(process, address ? address : address_of(blocks), blocks, npages, flags)) {
        kfree(blocks);
        return NULL;
    }
    return blocks;
}

void *process_malloc(struct process *process, size_t nbytes)
{
    size_t npages = units_to_hold(nbytes, PAGE_SIZE), whole;
    if (npages == 0 || !checked_multiply(npages, PAGE_SIZE, &whole))
        return NULL;
    uint8_t *blocks = take(process, 0, npages, USER_FLAGS | PAGING_IS_WRITEABLE);
    return blocks ? (void *)address_of(blocks) : NULL;
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
        unmap(process, address + i * PAGE_SIZE);
        if (i % AT_ONCE == 0)
            process_breathe();
    }
    kfree(blocks);
    return 0;
}

uint8_t *process_map(struct process *process, vaddr_t virt, size_t npages, bool writable)
{
    return take(process, virt, npages, USER_FLAGS | (writable ? PAGING_IS_WRITEABLE : 0));
}

/* The first page of an allocation is its lowest, and comes before the others. */
static void free_first(void *context, vaddr_t virt, paddr_t physical)
{
    size_t *count = context;
    (void)virt;
    if (heap_allocation_blocks(kheap(), (const void *)physical, NULL))
        kfree((void *)physical);
    if (++*count % AT_ONCE == 0)
        process_breathe();
}

void process_release_memory(struct process *process)
{
    size_t count = 0;
    paging_each_own(process->directory, free_first, &count);
    if (paging_free_4gb(process->directory))
        panic("process: %s (%u) has no directory", process->name, process->pid);
    process->directory = NULL;
    tree_count(process, 0, process->nblocks);
}
