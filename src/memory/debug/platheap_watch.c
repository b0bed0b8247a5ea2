/* The library's watch: watch.c in front of a user's heap, and what it finds in the user's words. */
#include "platheap_watch.h"

#include "lib/checked.h"
#include "memory/debug/watch.h"
#include "memory/heap/platheap_private.h"
#include "memory/heap/told.h"
#include "memory/memory.h"

#define CALLER __builtin_return_address(0)

_Static_assert((int)PLATHEAP_WATCH_POISON == (int)WATCH_POISON &&
                   (int)PLATHEAP_WATCH_RED_ZONES == (int)WATCH_RED_ZONES &&
                   (int)PLATHEAP_WATCH_QUARANTINE == (int)WATCH_QUARANTINE &&
                   (int)PLATHEAP_WATCH_CALLERS == (int)WATCH_FRAMES &&
                   (int)PLATHEAP_WATCH_BLOCKS_MOST == (int)GUARDED_BLOCKS_MOST,
               "the library's flags and limits are the watch's");
_Static_assert((int)PLATHEAP_WROTE_BEHIND == (int)WATCH_WROTE_BEHIND &&
                   (int)PLATHEAP_WROTE_BEFORE == (int)WATCH_WROTE_BEFORE &&
                   (int)PLATHEAP_WROTE_AFTER_FREE == (int)WATCH_WROTE_AFTER_FREE &&
                   (int)PLATHEAP_TOUCHED_BEYOND == (int)WATCH_TOUCHED_BEYOND &&
                   (int)PLATHEAP_TOUCHED_FREED == (int)WATCH_TOUCHED_FREED &&
                   (int)PLATHEAP_WRONG_POINTER == (int)WATCH_WRONG_POINTER,
               "the library's findings are the watch's");

/* In the heap's own blocks. */
struct watched {
    struct heap_watch watch;
    struct allocator objects;
    struct platheap_watch_options options;
    const void *caller; /* of what is going on */
    struct watch_site sites[PLATHEAP_WATCH_SITES_MOST];
};

/* -- What was found -- */

static void copy_callers(const void **to, const uintptr_t *from)
{
    for (size_t i = 0; i < WATCH_FRAMES; i++)
        to[i] = (const void *)from[i];
}

static const void *address_of(const struct watch_finding *finding)
{
    const struct watch_record *record = finding->record;
    if (finding->pointer || !record)
        return finding->pointer;
    return finding->kind == WATCH_WROTE_BEFORE ? record->address - finding->offset
                                               : record->address + finding->offset;
}

static void found(void *context, const struct watch_finding *finding)
{
    const struct watched *watched = context;
    const struct watch_record *record = finding->record;
    struct platheap_allocation allocation = {.address = NULL};
    if (!watched->options.found)
        return;
    if (record) {
        allocation.address = record->address;
        allocation.nbytes = record->nbytes;
        allocation.serial = record->serial;
        allocation.freed = record->freed;
        copy_callers(allocation.allocated_by, record->allocated_by);
        copy_callers(allocation.freed_by, record->freed_by);
    }
    struct platheap_finding told = {.kind = (enum platheap_finding_kind)finding->kind,
                                    .allocation = record ? &allocation : NULL,
                                    .address = address_of(finding),
                                    .offset = finding->offset,
                                    .byte = finding->byte,
                                    .write = finding->write,
                                    .refusal = finding->refusal,
                                    .caller = watched->caller};
    watched->options.found(watched->options.context, &told);
}

const char *platheap_finding_text(const struct platheap_finding *finding)
{
    switch (finding->kind) {
    case PLATHEAP_WROTE_BEHIND:
        return "was written, behind an allocation's end";
    case PLATHEAP_WROTE_BEFORE:
        return "was written, in front of an allocation";
    case PLATHEAP_WROTE_AFTER_FREE:
        return "was written after the free";
    case PLATHEAP_TOUCHED_BEYOND:
        return "was touched, outside of an allocation";
    case PLATHEAP_TOUCHED_FREED:
        return "was touched after the free";
    case PLATHEAP_WRONG_POINTER:
        break;
    }
    switch (finding->refusal) {
    case PLATHEAP_OUT_OF_RANGE:
        return "was refused: out of range";
    case PLATHEAP_ALREADY_FREE:
        return "was refused: already free";
    case PLATHEAP_RESERVED:
        return "was refused: the heap's own";
    default:
        return "was refused: no allocation begins there";
    }
}

/* -- In front of the heap -- */

/* Notes CALLER, and writes the chain of calls that it ends. */
static void note_callers(struct watched *watched, const void *caller, uintptr_t *chain)
{
    const void *callers[WATCH_FRAMES] = {caller};
    watched->caller = caller;
    if (watched->options.backtrace)
        watched->options.backtrace(watched->options.context, callers, WATCH_FRAMES);
    for (size_t i = 0; i < WATCH_FRAMES; i++)
        chain[i] = (uintptr_t)callers[i];
}

static void tell_allocated(const struct platheap *heap, void *pointer, size_t nbytes)
{
    if (pointer && heap->options.allocated)
        heap->options.allocated(heap->options.context, pointer, nbytes);
}

static void tell_freed(const struct platheap *heap, void *pointer)
{
    if (heap->options.freed)
        heap->options.freed(heap->options.context, pointer);
}

static void *serve(struct platheap *heap, size_t nbytes, size_t alignment, const void *caller)
{
    size_t *failed = &blocks_of(heap)->heap.statistics.failed, before;
    uintptr_t chain[WATCH_FRAMES];
    /* What platheap_malloc() promises, also of what lies in a page of its own. */
    if (alignment == 1)
        alignment = nbytes % HEAP_BLOCK_SIZE == 0 ? HEAP_BLOCK_SIZE : SLAB_STEP;
    if (nbytes == 0 || alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    platheap_lock(heap);
    before = *failed;
    note_callers(heap->watched, caller, chain);
    void *pointer = watch_malloc(&heap->watched->watch, OWNER_KERNEL, nbytes, alignment, chain);
    *failed = before; /* however often it was tried, it was one request */
    if (!pointer)
        checked_count(failed);
    tell_allocated(heap, pointer, nbytes);
    platheap_unlock(heap);
    return pointer;
}

static int take_back(struct platheap *heap, const char *function, void *pointer, const void *caller)
{
    uintptr_t chain[WATCH_FRAMES];
    platheap_lock(heap);
    note_callers(heap->watched, caller, chain);
    int refusal = watch_free(&heap->watched->watch, pointer, chain);
    if (!refusal)
        tell_freed(heap, pointer);
    platheap_unlock(heap);
    platheap_report(heap, function, pointer, refusal);
    return refusal;
}

/* How many bytes were asked for; 0, and a finding, for a wrong pointer. */
static size_t size_of(struct platheap *heap, const char *function, const void *pointer,
                      const void *caller)
{
    int refusal = HEAP_FREED;
    platheap_lock(heap);
    heap->watched->caller = caller;
    size_t nbytes = watch_size(&heap->watched->watch, pointer);
    if (nbytes == 0)
        refusal = watch_wrong(&heap->watched->watch, pointer);
    platheap_unlock(heap);
    platheap_report(heap, function, pointer, refusal);
    return nbytes;
}

/* Where serve(NBYTES), not more than it has, has failed for it: it keeps its record and its zone,
 * and the request has not failed. */
static void *stay(struct platheap *heap, void *pointer, size_t nbytes)
{
    platheap_lock(heap);
    blocks_of(heap)->heap.statistics.failed--;
    tell_freed(heap, pointer);
    tell_allocated(heap, pointer, nbytes);
    platheap_unlock(heap);
    return pointer;
}

/* All moves that can: who still uses the old address is found. */
static void *resize(struct platheap *heap, const char *function, void *pointer, size_t alignment,
                    size_t nbytes, const void *caller)
{
    if (!pointer)
        return serve(heap, nbytes, alignment, caller);
    if (nbytes == 0) {
        (void)take_back(heap, function, pointer, caller);
        return NULL;
    }
    size_t was = size_of(heap, function, pointer, caller);
    if (was == 0)
        return NULL;
    void *moved = serve(heap, nbytes, alignment, caller);
    if (!moved && nbytes <= was && is_multiple((uintptr_t)pointer, alignment))
        return stay(heap, pointer, nbytes);
    if (!moved)
        return NULL;
    memcpy(moved, pointer, nbytes < was ? nbytes : was);
    (void)take_back(heap, function, pointer, caller);
    return moved;
}

static void release(struct platheap *heap, const void *caller)
{
    platheap_lock(heap);
    heap->watched->caller = caller;
    watch_release(&heap->watched->watch);
    platheap_unlock(heap);
}

static const struct platheap_watcher watcher = {serve, take_back, resize, size_of, release};

/* -- The beginning -- */

static bool are_right(const struct platheap_watch_options *options)
{
    return !(options->flags & ~(unsigned)PLATHEAP_WATCH_ALL) &&
           (options->guard_blocks == 0 || (options->guard_blocks >= PLATHEAP_WATCH_BLOCKS_LEAST &&
                                           options->guard_blocks <= PLATHEAP_WATCH_BLOCKS_MOST &&
                                           options->guard_every > 0 && options->set));
}

static void give_back(struct block_heap *blocks, void *pointer)
{
    if (block_heap_free(blocks, pointer))
        blocks->broken = "what the watch has taken can't be freed";
}

/* Begins in the new heap BLOCKS; NULL, and the heap is as it was, without memory. */
static struct watched *begin(struct block_heap *blocks,
                             const struct platheap_watch_options *options)
{
    struct watched *watched = block_heap_malloc_for(blocks, OWNER_KERNEL, sizeof *watched);
    if (!watched)
        return NULL;
    struct heap_watch *watch = &watched->watch;
    watched->objects = block_heap_allocator(blocks);
    watched->options = *options;
    watched->caller = NULL;
    if (watch_init(watch, blocks, &watched->objects, options->flags | WATCH_RECORDS, found,
                   watched)) {
        if (options->guard_blocks == 0 || watch_guard(watch, options->guard_blocks, options->set,
                                                      options->context, options->guard_every))
            return watched;
        give_back(blocks, watch->records);
    }
    give_back(blocks, watched);
    (void)block_heap_trim(blocks);
    return NULL;
}

bool platheap_watch(struct platheap *heap, const struct platheap_watch_options *options)
{
    struct heap_statistics *statistics = &blocks_of(heap)->heap.statistics;
    struct watched *watched = NULL;
    if (TOLD || !are_right(options))
        return false;
    platheap_lock(heap);
    size_t failed = statistics->failed;
    if (statistics->taken == 0)
        watched = begin(blocks_of(heap), options);
    statistics->failed = failed;
    if (watched) {
        heap->quick = false;
        heap->quick_most = heap->quick_blocks = 0;
        heap->watched = watched;
        heap->watcher = &watcher;
    }
    platheap_unlock(heap);
    return watched != NULL;
}

/* -- Questions -- */

/* The watch of HEAP, whose lock is held, for a question from CALLER; or NULL. */
static struct watched *watched_by(const struct platheap *heap, const void *caller)
{
    struct watched *watched = heap->watched;
    if (watched)
        watched->caller = caller;
    return watched;
}

bool platheap_watch_touched(struct platheap *heap, const void *address, bool write)
{
    platheap_lock(heap);
    struct watched *watched = watched_by(heap, NULL);
    bool is_ours = watched && watch_touched(&watched->watch, address, write);
    platheap_unlock(heap);
    return is_ours;
}

size_t platheap_watch_check(struct platheap *heap)
{
    platheap_lock(heap);
    struct watched *watched = watched_by(heap, CALLER);
    size_t nbroken = watched ? watch_check(&watched->watch) : 0;
    platheap_unlock(heap);
    return nbroken;
}

unsigned long platheap_watch_serial(struct platheap *heap)
{
    platheap_lock(heap);
    const struct watched *watched = watched_by(heap, CALLER);
    unsigned long serial = watched ? watched->watch.serial : 0;
    platheap_unlock(heap);
    return serial;
}

size_t platheap_watch_sites(struct platheap *heap, unsigned long since, struct platheap_site *sites,
                            size_t most)
{
    size_t count = 0;
    if (most > PLATHEAP_WATCH_SITES_MOST)
        most = PLATHEAP_WATCH_SITES_MOST;
    platheap_lock(heap);
    struct watched *watched = watched_by(heap, CALLER);
    if (watched && since <= UINT32_MAX)
        count = watch_sites(&watched->watch, (uint32_t)since, watched->sites, most);
    for (size_t i = 0; i < count; i++)
        sites[i] = (struct platheap_site){.caller = (const void *)watched->sites[i].caller,
                                          .count = watched->sites[i].count,
                                          .nbytes = watched->sites[i].nbytes};
    platheap_unlock(heap);
    return count;
}
