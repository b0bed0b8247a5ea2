#include "cpu/cpu.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/paging/fault_report.h"
#include "memory/paging/paging.h"
#include "shell/command.h"
#include "shell/owners.h"

enum {
    PICTURE_CELLS = 64 * 16,
    ALLOC_MOST = 100000 /* allocations in one command */
};

/* Reads WORD as a number, or says what was expected. */
static bool read_number(const char *word, const char *what, uint32_t *number)
{
    if (string_to_number(word, true, number))
        return true;
    kprintf("%s is no %s; expected: a number like 4096, 0x1000 or 4K, below 4G\n", word, what);
    return false;
}

void command_map(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)nwords, (void)words;
    memory_map_print(context->machine->map);
}

static void show_window(const struct growing_heap *heap)
{
    const struct window *window = heap->window;
    struct growing_picture picture;
    heap->kind->picture(heap, &picture);
    kprintf("  window %p-%p, %s: break %p, %zu pages with frames, at most %zu\n",
            (void *)window->start, (void *)(window->start + window->nbytes),
            heap->kind->allocator.name, (void *)window->brk, window->pages, window->peak);
    kprintf("  %zu allocations, %zu bytes free in %zu pieces", heap->nlive, picture.nbytes,
            picture.npieces);
    if (picture.array_room)
        kprintf("; array: %zu of %zu entries", picture.array_count, picture.array_room);
    kprintf("\n");
    for (size_t i = 0; i < sizeof picture.by_size / sizeof picture.by_size[0]; i++)
        if (picture.by_size[i])
            kprintf("  %10zu bytes and more: %zu pieces\n", (size_t)1 << i, picture.by_size[i]);
}

void command_heap(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    const struct heap *heap = kheap();
    size_t counts[HEAP_OWNERS] = {0};
    for (block_t block = 0; block < heap->table->total; block++)
        counts[kheap_owner_of(block)]++;
    kprintf("  %p-%p, blocks of %u bytes, table %p\n", heap->saddr,
            heap_address_of(heap, heap->table->total), HEAP_BLOCK_SIZE,
            (void *)heap->table->entries);
    for (unsigned owner = 0; owner < HEAP_OWNERS; owner++)
        kprintf("  %-10s %8zu blocks  %8zu K\n", owner_looks[owner].name, counts[owner],
                counts[owner] * (HEAP_BLOCK_SIZE / 1024));
    if (kheap_growing())
        show_window(kheap_growing());
    const char *broken = kheap_check();
    print_style(broken ? PRINT_BAD : PRINT_GOOD);
    kprintf("  check: %s\n", broken ? broken : "sound");
    print_style(PRINT_PLAIN);
}

void command_stats(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    const struct heap_statistics *s = &kheap()->statistics;
    kprintf("  blocks: %zu total, %zu taken, %zu free, peak %zu, largest free run %zu\n", s->total,
            s->taken, s->total - s->taken, s->peak, heap_largest_free(kheap()));
    kprintf("  block requests: %zu served, %zu failed; %zu allocations live; %zu frees refused\n",
            s->served, s->failed, s->allocations, kheap_refused());
    struct block_heap_statistics objects = block_heap_statistics(kheap_all());
    kprintf("  small objects: %zu live, %zu bytes, in %zu blocks\n", objects.objects,
            objects.object_bytes, objects.slabs);
    kprintf("  middle sizes: %zu live, %zu bytes, in %zu blocks\n", objects.middles,
            objects.middle_bytes, objects.spans);
    kprintf("  kept for reuse: %zu blocks\n", block_heap_kept(kheap_all()));
    interrupts_off_say();
}

void command_blocks(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    size_t total = kheap()->table->total;
    if (nwords == 0) {
        block_map_draw(0, PICTURE_CELLS, (total + PICTURE_CELLS - 1) / PICTURE_CELLS);
        return;
    }
    uint32_t first = 0;
    if (string_equal(words[0], "window")) {
        if (nwords == 1 || read_number(words[1], "address", &first))
            window_draw(kheap_growing(), first);
        return;
    }
    if (nwords > 1) {
        kprintf("blocks: %s is too much; expected: blocks [FIRST | window [ADDRESS]]\n", words[1]);
        return;
    }
    if (!read_number(words[0], "block", &first))
        return;
    if (first >= total) {
        kprintf("block %u is past the end; expected: 0 to %zu\n", first, total - 1);
        return;
    }
    block_map_draw(first, PICTURE_CELLS, 1);
}

void command_alloc(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    uint32_t nbytes, count = 1;
    if (!read_number(words[0], "size", &nbytes))
        return;
    if (nwords > 1 && !read_number(words[1], "count", &count))
        return;
    if (count == 0 || count > ALLOC_MOST) {
        kprintf("count %u is too many or none; expected: 1 to %d\n", count, ALLOC_MOST);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        void *pointer = nbytes <= BLOCK_HEAP_MIDDLE && nbytes % HEAP_BLOCK_SIZE
                            ? kmalloc(nbytes)
                            : kmalloc_for(OWNER_SHELL, nbytes);
        if (!pointer) {
            kprintf("  no memory for %u bytes (number %u)\n", nbytes, i + 1);
            return;
        }
        if (i != 0 && i + 1 != count)
            continue;
        if (i > 1)
            kprintf("  (%u more between)\n", i - 1);
        if (heap_contains(kheap(), pointer))
            kprintf("  %p  block %zu\n", pointer, heap_block_of(kheap(), pointer));
        else
            kprintf("  %p\n", pointer);
    }
}

void command_free(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords;
    uint32_t address;
    if (!read_number(words[0], "address", &address))
        return;
    size_t refused = kheap_refused();
    kfree((void *)address);
    if (address && kheap_refused() == refused)
        kprintf("  freed\n");
}

void command_translate(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords;
    uint32_t address;
    if (!read_number(words[0], "address", &address))
        return;
    kprintf("  0x%08x is in %s\n", address, fault_report_place(address));
    fault_report_walk(paging_current(), address);
}
