/*
 * Theory. Each allocation has a record in a hash table by its address (linear probing; the table is
 * whole blocks of the heap's own, doubled when three quarters are used). A freed allocation that is
 * held back keeps its record, marked freed; one that is gone leaves it in a ring, so that a late
 * double free can still be told whose it was.
 *
 * Invariant:
 *   - every allocation has exactly one record, in the run of used entries from its hash on;
 *   - nused is the number of used entries, nlive that of those not freed; nused * 4 < nrecords * 3;
 *   - the held addresses are exactly those of the freed records that are not guarded, in the order
 *     of their freeing; the record of a guarded one stays as long as its page rests;
 *   - with WATCH_RED_ZONES the bytes from nbytes to room of a live one are WATCH_ZONE, with
 *     WATCH_POISON all bytes of a freed one are WATCH_FREED: unless somebody wrote there. All of a
 *     guarded one's page is WATCH_ZONE, itself aside.
 */
#include "memory/debug/watch.h"

#include "lib/checked.h"
#include "memory/memory.h"

static size_t hash_of(const struct heap_watch *watch, const void *address)
{
    uint32_t bits = (uint32_t)((uintptr_t)address >> 3);
    return (size_t)(bits * 2654435769u >> 7) & (watch->nrecords - 1);
}

/* The record of the allocation that begins at ADDRESS, or NULL. */
static struct watch_record *record_of(const struct heap_watch *watch, const void *address)
{
    size_t i = hash_of(watch, address);
    while (watch->records[i].address && watch->records[i].address != address)
        i = (i + 1) & (watch->nrecords - 1);
    return watch->records[i].address ? &watch->records[i] : NULL;
}

static struct watch_record *insert(struct heap_watch *watch, const struct watch_record *record)
{
    size_t i = hash_of(watch, record->address);
    while (watch->records[i].address)
        i = (i + 1) & (watch->nrecords - 1);
    watch->records[i] = *record;
    watch->nused++;
    return &watch->records[i];
}

/* Takes RECORD out and moves back those behind it that would no longer be found. */
static void remove_record(struct heap_watch *watch, struct watch_record *record)
{
    size_t mask = watch->nrecords - 1, hole = (size_t)(record - watch->records);
    watch->gone[watch->ngone++ % WATCH_GONE] = *record;
    watch->nused--;
    for (size_t i = (hole + 1) & mask; watch->records[i].address; i = (i + 1) & mask) {
        size_t home = hash_of(watch, watch->records[i].address);
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* its home lies behind the hole */
        watch->records[hole] = watch->records[i];
        hole = i;
    }
    watch->records[hole].address = NULL;
}

/* Makes room for one more record; false without memory. */
static bool grow(struct heap_watch *watch)
{
    if ((watch->nused + 1) * 4 < watch->nrecords * 3)
        return true;
    size_t count = watch->nrecords ? watch->nrecords * 2 : 64, nbytes;
    struct watch_record *old = watch->records;
    size_t nold = watch->nrecords;
    if (!checked_multiply(count, sizeof *old, &nbytes))
        return false;
    struct watch_record *records = block_heap_malloc_for(watch->heap, OWNER_KERNEL, nbytes);
    if (!records)
        return false;
    memset(records, 0, nbytes);
    watch->records = records;
    watch->nrecords = count;
    watch->nused = 0;
    for (size_t i = 0; i < nold; i++)
        if (old[i].address)
            (void)insert(watch, &old[i]);
    return !old || block_heap_free(watch->heap, old) == HEAP_FREED;
}

bool watch_init(struct heap_watch *watch, struct block_heap *heap, const struct allocator *objects,
                unsigned flags, void (*found)(void *context, const struct watch_finding *finding),
                void *context)
{
    memset(watch, 0, sizeof *watch);
    watch->heap = heap;
    watch->objects = objects;
    watch->found = found;
    watch->context = context;
    if (!grow(watch))
        return false;
    watch->flags = flags;
    return true;
}

bool watch_guard(struct heap_watch *watch, size_t nblocks,
                 void (*set)(void *context, void *page, bool open), void *context, size_t every)
{
    for (; nblocks >= 3; nblocks /= 2) {
        void *start = block_heap_malloc_for(watch->heap, OWNER_GUARDED, nblocks * HEAP_BLOCK_SIZE);
        if (!start)
            continue;
        guarded_init(&watch->guard.pages, start, nblocks, set, context);
        watch->guard.every = every;
        return true;
    }
    return false;
}

/* An object in a page of its own, where its turn has come; otherwise NULL. */
static uint8_t *sample(struct heap_watch *watch, size_t nbytes, size_t alignment)
{
    if (watch->guard.every == 0 || ++watch->guard.turn < watch->guard.every)
        return NULL;
    uint8_t *gone = guarded_next(&watch->guard.pages);
    uint8_t *address = guarded_malloc(&watch->guard.pages, nbytes, alignment);
    if (!address)
        return NULL;
    watch->guard.turn = 0;
    if (gone)
        remove_record(watch, record_of(watch, gone));
    memset(guarded_page(address), WATCH_ZONE, GUARDED_PAGE);
    return address;
}

void *watch_malloc(struct heap_watch *watch, enum heap_owner owner, size_t nbytes, size_t alignment,
                   const uintptr_t *callers)
{
    size_t zone = watch->flags & WATCH_RED_ZONES && owner == OWNER_KERNEL ? WATCH_RED_ZONE : 0;
    size_t total;
    if (nbytes == 0 || !checked_add(nbytes, zone, &total))
        return NULL;
    if (zone && alignment == 0 && is_multiple(nbytes, HEAP_BLOCK_SIZE))
        alignment = HEAP_BLOCK_SIZE; /* as without the zone */
    bool has_record = grow(watch);
    uint8_t *guarded =
        has_record && owner == OWNER_KERNEL ? sample(watch, nbytes, alignment) : NULL;
    uint8_t *address = guarded                 ? guarded
                       : !has_record           ? NULL
                       : owner != OWNER_KERNEL ? block_heap_malloc_for(watch->heap, owner, total)
                                               : allocator_malloc(watch->objects, total, alignment);
    if (!address && watch->held.count > 0) {
        watch_release(watch);
        return watch_malloc(watch, owner, nbytes, alignment, callers);
    }
    if (!address)
        return NULL;
    struct watch_record record = {
        .address = address, .nbytes = nbytes, .serial = ++watch->serial, .guarded = guarded};
    record.room = guarded ? (size_t)(guarded_page(address) + GUARDED_PAGE - address)
                          : allocator_size(watch->objects, address, NULL);
    memcpy(record.allocated_by, callers, sizeof record.allocated_by);
    (void)insert(watch, &record);
    watch->nlive++;
    if (watch->flags & WATCH_POISON)
        memset(address, WATCH_FRESH, nbytes);
    if (watch->flags & WATCH_RED_ZONES)
        memset(address + nbytes, WATCH_ZONE, record.room - nbytes);
    return address;
}

/* Looks whether the bytes FROM .. TO, in or beside RECORD's, are still PATTERN; mends them. */
static bool look(struct heap_watch *watch, const struct watch_record *record, uint8_t *from,
                 const uint8_t *to, uint8_t pattern, enum watch_kind kind)
{
    for (const uint8_t *at = from; at < to; at++) {
        if (*at == pattern)
            continue;
        ptrdiff_t offset = at - record->address;
        struct watch_finding finding = {.kind = kind,
                                        .record = record,
                                        .offset = (size_t)(offset < 0 ? -offset : offset),
                                        .byte = *at};
        watch->found(watch->context, &finding);
        memset(from, pattern, (size_t)(to - from));
        return false;
    }
    return true;
}

/* True where all is as it should be. */
static bool look_at(struct heap_watch *watch, const struct watch_record *record)
{
    uint8_t *address = record->address, *end = address + record->room;
    if (record->freed)
        return record->guarded || !(watch->flags & WATCH_POISON) ||
               look(watch, record, address, end, WATCH_FREED, WATCH_WROTE_AFTER_FREE);
    if (record->guarded &&
        !look(watch, record, guarded_page(address), address, WATCH_ZONE, WATCH_WROTE_BEFORE))
        return false;
    return !(record->guarded || watch->flags & WATCH_RED_ZONES) ||
           look(watch, record, address + record->nbytes, end, WATCH_ZONE, WATCH_WROTE_BEHIND);
}

/* Why POINTER can't be freed; or HEAP_FREED. */
static int refusal_of(const struct heap_watch *watch, const void *pointer)
{
    const struct watch_record *record = record_of(watch, pointer);
    int refusal = HEAP_FREED;
    if (record && record->freed)
        return HEAP_ALREADY_FREE;
    if (record && record->guarded)
        return HEAP_FREED;
    if (!record && guarded_holds(&watch->guard.pages, pointer))
        return HEAP_NOT_FIRST;
    if (!allocator_size(watch->objects, pointer, &refusal))
        return refusal;
    return record ? HEAP_FREED : HEAP_RESERVED; /* the records themselves */
}

static int tell_wrong(struct heap_watch *watch, const void *pointer, int refusal)
{
    struct watch_finding finding = {.kind = WATCH_WRONG_POINTER,
                                    .record = watch_find(watch, pointer),
                                    .refusal = refusal,
                                    .pointer = pointer};
    watch->found(watch->context, &finding);
    return refusal;
}

static int refuse(struct heap_watch *watch, const void *pointer, int refusal)
{
    block_heap_count_refused(watch->heap);
    return tell_wrong(watch, pointer, refusal);
}

int watch_wrong(struct heap_watch *watch, const void *pointer)
{
    return tell_wrong(watch, pointer, refusal_of(watch, pointer));
}

/* Gives the allocation that has been held longest back to the heap. */
static int release_oldest(struct heap_watch *watch)
{
    uint8_t *address = watch->held.addresses[watch->held.first];
    struct watch_record *record = record_of(watch, address);
    (void)look_at(watch, record);
    watch->held.first = (watch->held.first + 1) % WATCH_HELD;
    watch->held.count--;
    watch->held.nbytes -= record->room;
    int refusal = allocator_free(watch->objects, address);
    if (refusal)
        (void)refuse(watch, address, refusal);
    remove_record(watch, record);
    return refusal;
}

void watch_release(struct heap_watch *watch)
{
    while (watch->held.count > 0)
        (void)release_oldest(watch);
}

int watch_free(struct heap_watch *watch, void *pointer, const uintptr_t *callers)
{
    int refusal = refusal_of(watch, pointer);
    if (refusal)
        return refuse(watch, pointer, refusal);
    struct watch_record *record = record_of(watch, pointer);
    (void)look_at(watch, record);
    record->freed = true;
    memcpy(record->freed_by, callers, sizeof record->freed_by);
    watch->nlive--;
    if (record->guarded) {
        guarded_free(&watch->guard.pages, pointer);
        return HEAP_FREED;
    }
    if (watch->flags & WATCH_POISON)
        memset(pointer, WATCH_FREED, record->room);
    if (!(watch->flags & WATCH_QUARANTINE)) {
        remove_record(watch, record);
        return allocator_free(watch->objects, pointer);
    }
    size_t last = (watch->held.first + watch->held.count) % WATCH_HELD;
    watch->held.addresses[last] = pointer;
    watch->held.count++;
    watch->held.nbytes += record->room;
    while (watch->held.count == WATCH_HELD || watch->held.nbytes > WATCH_HELD_BYTES)
        if (release_oldest(watch))
            return HEAP_FREED; /* the heap itself is broken: its check says how */
    return HEAP_FREED;
}

size_t watch_size(const struct heap_watch *watch, const void *pointer)
{
    const struct watch_record *record = record_of(watch, pointer);
    return record && !record->freed ? record->nbytes : 0;
}

size_t watch_check(struct heap_watch *watch)
{
    size_t nbroken = 0;
    for (size_t i = 0; i < watch->nrecords; i++)
        if (watch->records[i].address && !look_at(watch, &watch->records[i]))
            nbroken++;
    return nbroken;
}
