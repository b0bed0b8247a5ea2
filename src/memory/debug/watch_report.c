/* Questions to the records of a watched heap. */
#include "memory/debug/watch.h"

static bool holds(const struct watch_record *record, const void *address)
{
    return record->address && (uintptr_t)address - (uintptr_t)record->address < record->room;
}

const struct watch_record *watch_find(const struct heap_watch *watch, const void *address)
{
    for (size_t i = 0; i < watch->nrecords; i++)
        if (holds(&watch->records[i], address))
            return &watch->records[i];
    for (size_t i = watch->ngone; i > 0 && watch->ngone - i < WATCH_GONE; i--)
        if (holds(&watch->gone[(i - 1) % WATCH_GONE], address))
            return &watch->gone[(i - 1) % WATCH_GONE];
    return NULL;
}

bool watch_touched(struct heap_watch *watch, const void *address, bool write)
{
    struct guarded_pages *pages = &watch->guard.pages;
    if (!guarded_holds(pages, address))
        return false;
    const uint8_t *object = guarded_near(pages, address);
    bool inside = object && guarded_page(object) == guarded_page(address);
    struct watch_finding finding = {.kind = inside ? WATCH_TOUCHED_FREED : WATCH_TOUCHED_BEYOND,
                                    .record = object ? watch_find(watch, object) : NULL,
                                    .write = write,
                                    .pointer = address};
    guarded_open(pages, address);
    watch->found(watch->context, &finding);
    return true;
}

size_t watch_sites(const struct heap_watch *watch, uint32_t since, struct watch_site *sites,
                   size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < watch->nrecords; i++) {
        const struct watch_record *record = &watch->records[i];
        if (!record->address || record->freed || record->serial <= since)
            continue;
        size_t site = 0;
        while (site < count && sites[site].caller != record->allocated_by[0])
            site++;
        if (site == count && count == most)
            continue;
        if (site == count)
            sites[count++] = (struct watch_site){.caller = record->allocated_by[0]};
        sites[site].count++;
        sites[site].nbytes += record->nbytes;
    }
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && sites[j].nbytes > sites[j - 1].nbytes; j--) {
            struct watch_site site = sites[j];
            sites[j] = sites[j - 1];
            sites[j - 1] = site;
        }
    return count;
}
