/* Whether all processes are what the theory says, page by page. */
#include "memory/kheap/kheap_look.h"
#include "process/process_private.h"

struct count {
    size_t pages;
    bool foreign; /* a page that is no process's block */
};

static void count_page(void *context, vaddr_t virt, paddr_t physical)
{
    struct count *count = context;
    const struct heap *heap = kheap();
    size_t block = (physical - (paddr_t)heap->saddr) / HEAP_BLOCK_SIZE;
    (void)virt;
    count->pages++;
    if (block >= heap->table->total) {
        count->foreign = true;
        return;
    }
    while (heap->table->entries[block] == (HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_HAS_NEXT) ||
           heap->table->entries[block] == HEAP_BLOCK_TABLE_ENTRY_TAKEN)
        block--; /* to where its allocation begins */
    count->foreign |= kheap_owner_of(block) != OWNER_PROCESS;
}

const char *process_check(void)
{
    const char *broken = process_links_check();
    if (broken)
        return broken;
    LIST_EACH(at, process_all())
    {
        const struct process *process = LIST_ENTRY(at, struct process, all);
        if (!process->directory || process->exiting)
            continue;
        struct count count = {0};
        paging_each_own(process->directory, count_page, &count);
        if (count.foreign)
            return "a process has a page that is not a block of a process";
        if (count.pages != process->nblocks)
            return "a process has more or fewer pages than were counted";
    }
    return NULL;
}
