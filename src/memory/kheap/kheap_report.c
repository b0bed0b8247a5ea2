#include "memory/kheap/kheap_report.h"

#include "cpu/panic.h"
#include "lib/format.h"
#include "lib/print.h"
#include "lib/symbols.h"
#include "memory/debug/watch.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap_look.h"
#include "memory/kheap/kheap_setup.h"

static struct {
    bool panics;
    const char *function;
    uintptr_t caller;
} state;

void kheap_panic_on_misuse(bool panics)
{
    state.panics = panics;
}

/* A return address as name+offset. */
static void print_caller(uintptr_t caller)
{
    uint32_t offset = 0;
    const char *name = symbols_find(&symbols_kernel, caller, &offset);
    kprintf("%s+0x%x", name ? name : "?", offset);
}

static void end(void)
{
    print_style(PRINT_PLAIN);
    if (state.panics)
        panic("heap misuse, and heap_panic is on");
}

static void say_refused(const char *function, const void *pointer, int refusal, uintptr_t caller)
{
    char block[64] = "";
    const struct heap *heap = kheap();
    if (heap_contains(heap, pointer)) {
        block_t index = heap_block_of(heap, pointer);
        format_text(block, sizeof block, ", block %zu, byte 0x%02x%s", index,
                    heap->table->entries[index],
                    kheap_owner_of(index) == OWNER_KEPT ? " (kept for reuse)" : "");
    }
    print_style(PRINT_BAD);
    kprintf("heap: %s(%p) refused: %s%s, called from ", function, pointer,
            heap_refusal_text(refusal), block);
    print_caller(caller);
    kprintf("\n");
    if (refusal == HEAP_BROKEN)
        kprintf("  the header at %p and what it says of its neighbour %p contradict each other\n",
                kheap_growing()->damage.block, kheap_growing()->damage.neighbour);
}

void kheap_say_refused(const char *function, const void *pointer, int refusal, uintptr_t caller)
{
    say_refused(function, pointer, refusal, caller);
    end();
}

void kheap_say_where(const char *function, uintptr_t caller)
{
    state.function = function;
    state.caller = caller;
}

static void print_chain(const char *what, const uintptr_t *callers)
{
    kprintf("  %s", what);
    for (int i = 0; i < WATCH_FRAMES && callers[i]; i++) {
        kprintf(i ? " < " : " ");
        print_caller(callers[i]);
    }
    kprintf("\n");
}

/* Up to where the record's lines begin. */
static void say_touched(const struct watch_finding *finding)
{
    uintptr_t address = (uintptr_t)finding->pointer;
    kprintf("heap: %s 0x%08x by ", finding->write ? "write to" : "read of", address);
    print_caller(state.caller);
    if (!finding->record) {
        kprintf(", a guarded page that has held nothing\n");
        return;
    }
    uintptr_t start = (uintptr_t)finding->record->address;
    if (finding->kind == WATCH_TOUCHED_FREED)
        kprintf(", after the free, of\n");
    else if (address < start)
        kprintf(", %u bytes in front of\n", start - address);
    else
        kprintf(", %u bytes behind the end of\n", address - start - finding->record->nbytes + 1);
}

void kheap_say_finding(void *context, const struct watch_finding *finding)
{
    (void)context;
    const struct watch_record *record = finding->record;
    print_style(PRINT_BAD);
    if (finding->kind == WATCH_WRONG_POINTER)
        say_refused(state.function, finding->pointer, finding->refusal, state.caller);
    else if (finding->kind == WATCH_TOUCHED_BEYOND || finding->kind == WATCH_TOUCHED_FREED)
        say_touched(finding);
    else if (finding->kind == WATCH_WROTE_BEFORE)
        kprintf("heap: byte 0x%02x was written %zu bytes in front of\n", finding->byte,
                finding->offset);
    else if (finding->kind == WATCH_WROTE_BEHIND)
        kprintf("heap: byte 0x%02x was written %zu bytes behind the end of\n", finding->byte,
                finding->offset - record->nbytes + 1);
    else
        kprintf("heap: byte 0x%02x was written at byte %zu, after the free, of\n", finding->byte,
                finding->offset);
    if (record) {
        kprintf("  %zu bytes at %p, allocation %u\n", record->nbytes, (void *)record->address,
                record->serial);
        print_chain("allocated by", record->allocated_by);
        if (record->freed)
            print_chain("freed by", record->freed_by);
    }
    end();
}
