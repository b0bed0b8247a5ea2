#include "shell/inspect.h"

#include "drivers/timer.h"
#include "lib/format.h"
#include "lib/string.h"
#include "lib/symbols.h"
#include "memory/debug/watch.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap_look.h"
#include "memory/layout.h"
#include "process/process.h"
#include "shell/owners.h"

/* Whose the run was that was looked at last: to find out again costs much. */
static struct {
    block_t first;
    uint32_t what, since;
    bool known;
    char text[INSPECT_BYTES];
} last;

/* What was said of a page of a growing heap's window, and when. */
static struct {
    paddr_t frame; /* 0: of none */
    uint32_t tick;
    char text[INSPECT_BYTES];
} looked_at;

void inspect_forget(void)
{
    last.known = false;
    looked_at.frame = 0;
}

static void say_objects(const void *block, enum heap_owner owner, char *text)
{
    struct heap_description is;
    if (!block_heap_describe(kheap_all(), block, &is))
        return;
    if (owner == OWNER_SLAB)
        format_text(text, INSPECT_BYTES, "slab of objects of %zu bytes, %zu of %zu live", is.nbytes,
                    is.live_here, is.room_here);
    else
        format_text(text, INSPECT_BYTES, "span of middle sizes, %zu of %zu units taken",
                    is.live_here, is.room_here);
}

struct search {
    paddr_t page;
    bool found;
};

static void compare(void *context, vaddr_t virt, paddr_t physical)
{
    struct search *search = context;
    (void)virt;
    if (physical == search->page)
        search->found = true;
}

/* Whether PROCESS has PAGE mapped for itself. What it allocated lies where the page says. */
static bool has(const struct process *process, paddr_t page)
{
    vaddr_t address = LAYOUT_USER_END + (page - (paddr_t)kheap()->saddr);
    struct paging_walk walk = paging_walk(process->directory, address);
    if (walk.own && walk.physical == page)
        return true;
    struct search search = {.page = page};
    paging_each_own(process->directory, compare, &search);
    return search.found;
}

static bool say_process(paddr_t page, enum heap_owner owner, char *text)
{
    LIST_EACH(at, process_all())
    {
        const struct process *process = LIST_ENTRY(at, struct process, all);
        if (!process->directory)
            continue;
        bool directory = (paddr_t)process->directory->directory_entry == page;
        if (!directory && (owner != OWNER_PROCESS || !has(process, page)))
            continue;
        format_text(text, INSPECT_BYTES, "%s process %s (%u)",
                    directory ? "directory of" : "memory of", process->name, process->pid);
        return true;
    }
    return false;
}

/* As far as there is a record. */
static bool say_callers(const void *address, char *text)
{
    const struct heap_watch *watch = kheap_watched();
    const struct watch_record *record = watch ? watch_find(watch, address) : NULL;
    if (!record)
        return false;
    size_t length = format_text(text, INSPECT_BYTES, "allocation %u, %zu bytes%s, by",
                                record->serial, record->nbytes, record->freed ? ", freed" : "");
    for (size_t i = 0; i < WATCH_FRAMES && record->allocated_by[i]; i++) {
        uint32_t offset = 0;
        const char *name = symbols_find(&symbols_kernel, record->allocated_by[i], &offset);
        if (length < INSPECT_BYTES)
            length += format_text(text + length, INSPECT_BYTES - length, "%s %s+0x%x",
                                  i ? " <" : "", name ? name : "?", offset);
    }
    return true;
}

/* What lies in a page of a growing heap's window. */
struct tally {
    const uint8_t *page;
    size_t nlive, npieces, nfree; /* bytes */
};

static bool add_piece(void *context, const struct growing_piece *piece, enum growing_verdict none)
{
    (void)none;
    struct tally *tally = context;
    const uint8_t *from = piece->start, *end = piece->start + piece->nbytes;
    const uint8_t *page_end = tally->page + HEAP_BLOCK_SIZE;
    from = from > tally->page ? from : tally->page;
    if (end > tally->page && from < page_end) {
        tally->nlive += piece->live;
        tally->npieces += !piece->live;
        tally->nfree += piece->live ? 0 : (size_t)((end < page_end ? end : page_end) - from);
    }
    return end < page_end;
}

/* At most twice a second: all pages, and all pieces below this one, are looked at. */
static bool say_window(paddr_t frame, uint32_t tick, char *text)
{
    if (looked_at.frame == frame && tick - looked_at.tick < TIMER_TICKS_A_SECOND / 2) {
        string_copy(text, INSPECT_BYTES, looked_at.text);
        return looked_at.text[0] != '\0';
    }
    looked_at.frame = frame;
    looked_at.tick = tick;
    looked_at.text[0] = '\0';
    const struct growing_heap *heap = kheap_growing();
    if (!heap)
        return false;
    struct tally tally = {.page = heap->window->start};
    while (tally.page < heap->window->brk &&
           paging_walk(paging_kernel(), (vaddr_t)tally.page).physical != frame)
        tally.page += HEAP_BLOCK_SIZE;
    if (tally.page >= heap->window->brk)
        return false; /* of the array of free pieces, or a page table */
    bool whole =
        heap->kind->each(heap, (struct growing_visitor){.visit = add_piece, .context = &tally});
    format_text(looked_at.text, INSPECT_BYTES,
                "page %p of the window: %zu live, %zu free pieces of %zu bytes%s",
                (const void *)tally.page, tally.nlive, tally.npieces, tally.nfree,
                whole ? "" : "; a header was overwritten");
    string_copy(text, INSPECT_BYTES, looked_at.text);
    return true;
}

static void say_who(const struct live_map *map, const struct live_run *run, uint32_t tick,
                    char *text)
{
    const void *address = heap_address_of(block_heap_table(map->heap), run->first);
    text[0] = '\0';
    if (run->owner == OWNER_SLAB || run->owner == OWNER_SPAN) {
        say_objects((const uint8_t *)address + HEAP_BLOCK_SIZE - 1, (enum heap_owner)run->owner,
                    text);
        return;
    }
    if (run->owner <= OWNER_KEPT ||
        (run->owner == OWNER_WINDOW && say_window((paddr_t)address, tick, text)))
        return;
    if (!last.known || last.first != run->first || last.what != map->what[run->first] ||
        last.since != map->since[run->first]) {
        last.known = true;
        last.first = run->first;
        last.what = map->what[run->first];
        last.since = map->since[run->first];
        last.text[0] = '\0';
        bool said = (run->owner == OWNER_PROCESS || run->owner == OWNER_PAGING) &&
                    say_process((paddr_t)address, run->owner, last.text);
        if (!said)
            (void)say_callers(address, last.text);
    }
    string_copy(text, INSPECT_BYTES, last.text);
}

void inspect(const struct live_map *map, uint32_t tick, struct inspection *inspection)
{
    const struct heap *table = block_heap_table(map->heap);
    struct live_run run = live_map_run(map);
    block_t block = run.first > map->cursor ? run.first : map->cursor;
    uint32_t age;
    char since[INSPECT_BYTES / 4] = "before watch";
    if (live_map_age(map, &run, tick, &age))
        format_text(since, sizeof since, "%u.%u s ago", age / TIMER_TICKS_A_SECOND,
                    age % TIMER_TICKS_A_SECOND * 10 / TIMER_TICKS_A_SECOND);
    format_text(inspection->lines[0], INSPECT_BYTES, "block %zu at %p, byte 0x%02x: %s", block,
                heap_address_of(table, block), table->table->entries[block],
                owner_looks[run.owner].name);
    format_text(inspection->lines[1], INSPECT_BYTES,
                "%zu block%s, %zu bytes, from block %zu on, since %s", run.length,
                run.length == 1 ? "" : "s", run.length * HEAP_BLOCK_SIZE, run.first, since);
    say_who(map, &run, tick, inspection->lines[2]);
}
