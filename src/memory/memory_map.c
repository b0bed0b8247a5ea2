/*
 * Theory. A claim is a half-open range of bytes. Claims of RAM are joined where they touch or
 * overlap, at byte precision, and only then rounded inward to pages, so that two ranges that meet
 * inside a page make it whole. All other claims are rounded outward one by one. Each rounded range
 * gives two edges. A sweep over the sorted edges keeps, for each kind, how many ranges of it are
 * open; between two edges the highest kind that is open is the truth, and where none is, a hole.
 *
 * Invariant of a settled map: ranges[0].first is 0, each range begins where the one before ends and
 * has another kind, and the last ends at PAGES_IN_4GB. So lengths are conserved by construction:
 * usable and not usable pages sum to 4 GB.
 *
 * Cost: insertion sorts, because firmware's maps are almost always sorted already; at worst 600
 * claims cost some hundred thousand steps, once.
 */
#include "memory/memory_map.h"

#include "lib/checked.h"
#include "lib/status.h"
#include "memory/layout.h"

#define END_OF_4GB (1ULL << 32)

void memory_map_clear(struct memory_map *map)
{
    map->nclaims = 1;
    map->claims[0] = (struct memory_claim){0, LAYOUT_1MB, MEMORY_LOW};
    map->nranges = 0;
}

int memory_map_claim(struct memory_map *map, uint64_t base, uint64_t length, enum memory_kind kind)
{
    uint64_t end = saturating_end(base, length);
    if (end > END_OF_4GB)
        end = END_OF_4GB;
    if (base >= end)
        return 0;
    if (map->nclaims == MEMORY_CLAIMS_MAX)
        return -ENOMEM;
    map->claims[map->nclaims++] = (struct memory_claim){base, end, kind};
    return 0;
}

static enum memory_kind kind_of_type(uint32_t type)
{
    switch (type) {
    case BOOT_TYPE_RAM:
        return MEMORY_USABLE;
    case BOOT_TYPE_ACPI:
        return MEMORY_ACPI;
    case BOOT_TYPE_NVS:
        return MEMORY_NVS;
    case BOOT_TYPE_BAD:
        return MEMORY_BAD;
    default:
        return MEMORY_RESERVED;
    }
}

static int claim_range(struct memory_map *map, uint64_t start, uint64_t end, enum memory_kind kind)
{
    return memory_map_claim(map, start, end - start, kind);
}

int memory_map_claim_boot(struct memory_map *map, const struct boot_info *info)
{
    int status = 0;
    for (size_t i = 0; i < info->nentries && !status; i++) {
        const struct boot_entry *entry = &info->entries[i];
        status = memory_map_claim(map, entry->base, entry->length, kind_of_type(entry->type));
    }
    if (!status && info->nentries_dropped)
        status =
            claim_range(map, info->dropped_range.start, info->dropped_range.end, MEMORY_RESERVED);
    for (size_t i = 0; i < info->nmodules && !status; i++)
        status = claim_range(map, info->modules[i].start, info->modules[i].end, MEMORY_MODULE);
    if (!status && info->nmodules_dropped)
        status =
            claim_range(map, info->dropped_modules.start, info->dropped_modules.end, MEMORY_MODULE);
    for (size_t i = 0; i < info->nloader_ranges && !status; i++)
        status = claim_range(map, info->loader_ranges[i].start, info->loader_ranges[i].end,
                             MEMORY_LOADER);
    return status;
}

static void sort_claims(struct memory_claim *claims, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct memory_claim moving = claims[i];
        size_t j = i;
        for (; j > 0 && claims[j - 1].start > moving.start; j--)
            claims[j] = claims[j - 1];
        claims[j] = moving;
    }
}

static void sort_edges(struct memory_edge *edges, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct memory_edge moving = edges[i];
        size_t j = i;
        for (; j > 0 && edges[j - 1].page > moving.page; j--)
            edges[j] = edges[j - 1];
        edges[j] = moving;
    }
}

/* Adds the two edges of FIRST to END, if there is anything between them. */
static size_t add_edges(struct memory_edge *edges, size_t nedges, page_t first, page_t end,
                        enum memory_kind kind)
{
    if (first >= end)
        return nedges;
    edges[nedges++] = (struct memory_edge){first, (uint8_t)kind, true};
    edges[nedges++] = (struct memory_edge){end, (uint8_t)kind, false};
    return nedges;
}

static page_t page_up(uint64_t address)
{
    return (page_t)((address + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static page_t page_down(uint64_t address)
{
    return (page_t)(address >> PAGE_SHIFT);
}

/* Rounds the sorted claims to pages, as the theory says; returns the number of edges. */
static size_t make_edges(struct memory_map *map)
{
    size_t nedges = 0;
    uint64_t start = 0, end = 0; /* the RAM joined so far and not yet rounded */
    for (size_t i = 0; i < map->nclaims; i++) {
        const struct memory_claim *claim = &map->claims[i];
        if (claim->kind != MEMORY_USABLE) {
            nedges = add_edges(map->edges, nedges, page_down(claim->start), page_up(claim->end),
                               claim->kind);
        } else if (claim->start <= end) {
            end = claim->end > end ? claim->end : end;
        } else {
            nedges = add_edges(map->edges, nedges, page_up(start), page_down(end), MEMORY_USABLE);
            start = claim->start;
            end = claim->end;
        }
    }
    return add_edges(map->edges, nedges, page_up(start), page_down(end), MEMORY_USABLE);
}

static void add_range(struct memory_map *map, page_t first, page_t end, enum memory_kind kind)
{
    if (first == end)
        return;
    if (map->nranges && map->ranges[map->nranges - 1].kind == kind)
        map->ranges[map->nranges - 1].end = end;
    else
        map->ranges[map->nranges++] = (struct memory_range){first, end, kind};
}

static enum memory_kind highest_open(const unsigned *nopen)
{
    for (unsigned kind = MEMORY_KINDS - 1; kind > MEMORY_HOLE; kind--)
        if (nopen[kind])
            return (enum memory_kind)kind;
    return MEMORY_HOLE;
}

void memory_map_settle(struct memory_map *map)
{
    sort_claims(map->claims, map->nclaims);
    size_t nedges = make_edges(map);
    sort_edges(map->edges, nedges);
    unsigned nopen[MEMORY_KINDS] = {0};
    page_t done = 0;
    map->nranges = 0;
    for (size_t i = 0; i < nedges; i++) {
        const struct memory_edge *edge = &map->edges[i];
        add_range(map, done, edge->page, highest_open(nopen));
        done = edge->page;
        if (edge->begins)
            nopen[edge->kind]++;
        else
            nopen[edge->kind]--;
    }
    add_range(map, done, PAGES_IN_4GB, MEMORY_HOLE);
}

/* The part of RANGE that lies in FIRST to END; empty where *FROM is not below *TO. */
static void clip(const struct memory_range *range, page_t first, page_t end, page_t *from,
                 page_t *to)
{
    *from = range->first > first ? range->first : first;
    *to = range->end < end ? range->end : end;
}

bool memory_map_find(const struct memory_map *map, page_t npages, page_t first, page_t end,
                     page_t *found)
{
    for (size_t i = 0; i < map->nranges; i++) {
        page_t from, to;
        clip(&map->ranges[i], first, end, &from, &to);
        if (map->ranges[i].kind == MEMORY_USABLE && from < to && to - from >= npages) {
            *found = from;
            return true;
        }
    }
    return false;
}

page_t memory_map_count(const struct memory_map *map, enum memory_kind kind, page_t first,
                        page_t end)
{
    page_t count = 0;
    for (size_t i = 0; i < map->nranges; i++) {
        page_t from, to;
        clip(&map->ranges[i], first, end, &from, &to);
        if (map->ranges[i].kind == kind && from < to)
            count += to - from;
    }
    return count;
}

bool memory_map_take(struct memory_map *map, page_t first, page_t end, enum memory_kind kind)
{
    if (memory_map_count(map, MEMORY_USABLE, first, end) != end - first ||
        memory_map_claim(map, page_address(first), (uint64_t)(end - first) << PAGE_SHIFT, kind))
        return false;
    memory_map_settle(map);
    return true;
}

page_t memory_map_top(const struct memory_map *map, page_t end)
{
    page_t top = 0;
    for (size_t i = 0; i < map->nranges; i++) {
        page_t from, to;
        clip(&map->ranges[i], 0, end, &from, &to);
        if (map->ranges[i].kind == MEMORY_USABLE && from < to)
            top = to;
    }
    return top;
}

const char *memory_map_check(const struct memory_map *map)
{
    page_t done = 0;
    for (size_t i = 0; i < map->nranges; i++) {
        const struct memory_range *range = &map->ranges[i];
        if (range->first != done)
            return "a range does not begin where the one before ends";
        if (range->end <= range->first)
            return "a range is empty";
        if (i > 0 && range->kind == map->ranges[i - 1].kind)
            return "two neighbours of one kind are not joined";
        if (range->kind == MEMORY_USABLE && range->first < page_of(LAYOUT_1MB))
            return "memory below 1 MB is called usable";
        done = range->end;
    }
    return done == PAGES_IN_4GB ? NULL : "the ranges do not cover 4 GB";
}
