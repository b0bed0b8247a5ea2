/*
 * Whether block_heap_check() sees damage: every bit of all that a block heap knows is flipped, one
 * at a time. It must answer a sentence, and never fault, but for the bits that are listed here: for
 * those it must hold. So the list is no longer than it has to be.
 */
#include "arena.h"
#include "case.h"
#include "lib/string.h"
#include "memory/heap/block_private.h"
#include "memory/memory.h"

enum { MOST = 63, PAGE = HEAP_BLOCK_SIZE, BYTES = 12 * 1024, EVERY_BIT = 0xff };

#define beside ((size_t *)(void *)shared->pointers)
#define exempt ((uint8_t *)shared->table) /* a bit for each of BESIDE's */
_Static_assert(BYTES <= POINTERS_MOST * sizeof(void *) && (int)BYTES <= (int)TABLE_BYTES,
               "there is room for all of them");
static struct block_heap *heap;

static bool commit(void *context, void *start, size_t nblocks)
{
    return context == &heap && start && nblocks > 0;
}

static void decommit(void *context, void *start, size_t nblocks)
{
    (void)context, (void)start, (void)nblocks;
}

/* A heap of NBLOCKS blocks, where anything stood before. */
static bool begin(size_t nblocks)
{
    memset(beside, 0xee, BYTES);
    if (nblocks > MOST || block_heap_bytes_beside(nblocks) > BYTES)
        return false;
    heap = block_heap_create(arena[0], arena[nblocks], beside,
                             &(struct block_pages){commit, decommit, &heap});
    return heap != NULL;
}

static size_t nblocks(void)
{
    return heap->table.total;
}

/* The objects that states are made of. */
static void *objects[600];

static bool make(size_t first, size_t count, size_t nbytes)
{
    for (size_t i = first; i < first + count; i++)
        if (!(objects[i] = block_heap_malloc(heap, nbytes)))
            return false;
    return true;
}

static bool drop(size_t i)
{
    return block_heap_free(heap, objects[i]) == HEAP_FREED;
}

static block_t block_of(const void *pointer)
{
    return heap_block_of(&heap->heap, pointer);
}

static const struct slab *slab_of(size_t i)
{
    return &heap->slabs.slabs[block_of(objects[i])];
}

/* -- Two states -- */

/*
 * Holes at both ends; slabs of all states, of one word and of more; a span; whole blocks for some;
 * two runs that are kept; and in the table two free runs of a block, one of two and a long one.
 */
enum {
    A_BLOCKS = 63,
    A_OF_512 = 0,  /* objects: of four slabs, which are full, listed, listed and current */
    A_OF_80 = 40,  /* of the current slab's second word */
    A_OF_16 = 100, /* its slab is empty */
    A_MIDDLE = 110,
    A_WHOLE = 200,
    A_SHELL = A_WHOLE + 6 /* of a block */
};

static bool make_middles(void)
{
    static const size_t lengths[] = {20, 5, 8, 5, 8, 5, 8, 5, 6, 8, 31, 19}; /* units: a span */
    for (size_t i = 0; i < 12; i++)
        if (!make(A_MIDDLE + i, 1, lengths[i] * SPAN_UNIT - 1))
            return false;
    /* Runs of 20, of 8 three times and of 19, which are listed; and of 1 and 3, which are not. */
    return drop(A_MIDDLE) && drop(A_MIDDLE + 2) && drop(A_MIDDLE + 4) && drop(A_MIDDLE + 6) &&
           drop(A_MIDDLE + 11) && block_heap_resize(heap, objects[A_MIDDLE + 8], 5 * SPAN_UNIT) &&
           block_heap_resize(heap, objects[A_MIDDLE + 9], 5 * SPAN_UNIT);
}

static bool make_wholes(void)
{
    void **w = objects + A_WHOLE; /* 0 to 4 are freed, and 5 to 7 stand between them */
    return make(A_WHOLE, 1, PAGE) && make(A_WHOLE + 5, 1, 3 * PAGE) && make(A_WHOLE + 1, 1, PAGE) &&
           (w[6] = block_heap_malloc_for(heap, OWNER_SHELL, 1)) && make(A_WHOLE + 2, 1, 2 * PAGE) &&
           (w[7] = block_heap_malloc_for(heap, OWNER_PAGING, PAGE + 1)) &&
           make(A_WHOLE + 3, 2, PAGE) && drop(A_WHOLE + 3) && drop(A_WHOLE + 4) && drop(A_WHOLE) &&
           drop(A_WHOLE + 1) && drop(A_WHOLE + 2);
}

static bool make_state_a(void)
{
    if (!begin(A_BLOCKS) || block_heap_take(heap, 0, 1) || block_heap_take(heap, 60, 63) ||
        !make(A_OF_512, 3 * 8 + 2, 512) || !drop(A_OF_512 + 8) || !drop(A_OF_512 + 16) ||
        !drop(A_OF_512 + 17) || !make(A_OF_80, 40, 80) || !make(A_OF_16, 1, 16) || !drop(A_OF_16) ||
        !make_middles() || !make_wholes())
        return false;
    return slab_of(A_OF_512)->state == SLAB_FULL && slab_of(A_OF_512 + 8)->state == SLAB_LISTED &&
           slab_of(A_OF_512 + 16)->state == SLAB_LISTED &&
           slab_of(A_OF_512 + 24)->state == SLAB_CURRENT && heap->kept.count == 2 &&
           !block_heap_check(heap);
}

/*
 * All blocks but one were slabs before, and the page map still says so. A spare span, one that is
 * full, a slab, a hole, and whole blocks of those owners that are left.
 */
enum { B_BLOCKS = 30, B_SMALL = 0, B_MIDDLE = 500, B_WHOLE = 520 };

static bool make_state_b(void)
{
    bool made = begin(B_BLOCKS) && make(0, (B_BLOCKS - 1) * 8, 512);
    for (size_t i = 0; made && i < (B_BLOCKS - 1) * 8; i++)
        made = drop(i);
    if (!made || block_heap_trim(heap) == 0 || heap->heap.statistics.taken > 0 ||
        block_heap_take(heap, B_BLOCKS - 2, B_BLOCKS - 1) || !make(B_MIDDLE, 5, SPAN_LARGEST - 1) ||
        !drop(B_MIDDLE + 4) || !make(B_SMALL, 1, 1000))
        return false;
    static const enum heap_owner owners[] = {OWNER_SHELL, OWNER_GUARDED, OWNER_WINDOW,
                                             OWNER_PROCESS};
    for (size_t i = 0; i < 4; i++)
        if (!(objects[B_WHOLE + i] = block_heap_malloc_for(heap, owners[i], (1 + i / 2) * PAGE)))
            return false;
    /* The slab took the block that was none. */
    return heap->spans.spare != SPAN_NONE && block_of(objects[B_SMALL]) == B_BLOCKS - 1 &&
           !block_heap_check(heap);
}

/* -- The bits that may be anything, or as good as -- */

static void spare_bits(const void *byte, unsigned bits)
{
    exempt[(const uint8_t *)byte - (const uint8_t *)beside] |= (uint8_t)bits;
}

static void spare(const void *start, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        spare_bits((const uint8_t *)start + i, EVERY_BIT);
}

#define SPARE(lvalue) spare(&(lvalue), sizeof(lvalue))

static size_t slack(size_t nbytes)
{
    return (16 - nbytes % 16) % 16;
}

/* What the compiler or block_heap_bytes_beside() rounds up. */
static void spare_padding(void)
{
    const struct {
        size_t start, nbytes;
    } members[] = {
        {offsetof(struct block_heap, slabs), sizeof heap->slabs},
        {offsetof(struct block_heap, spans), sizeof heap->spans},
        {offsetof(struct block_heap, kept), sizeof heap->kept},
        {offsetof(struct block_heap, heap), offsetof(struct heap, words) + sizeof heap->heap.words},
        {offsetof(struct block_heap, heap) + offsetof(struct heap, statistics),
         sizeof heap->heap.statistics},
        {offsetof(struct block_heap, table), sizeof heap->table},
        {offsetof(struct block_heap, owners), sizeof heap->owners},
        {offsetof(struct block_heap, pages), sizeof heap->pages},
        {offsetof(struct block_heap, broken), sizeof heap->broken},
    };
    size_t end = 0;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        spare((uint8_t *)heap + end, members[i].start - end);
        end = members[i].start + members[i].nbytes;
    }
    spare((uint8_t *)heap + end, sizeof *heap - end + slack(sizeof *heap));
    spare(heap->owners + nblocks(), slack(2 * nblocks()));
}

/* What only counts; the peak has to lie between what is taken and what there is. The source of
 * pages is its owner's. */
static void spare_statistics_and_pages(void)
{
    struct heap_statistics *statistics = &heap->heap.statistics;
    SPARE(statistics->served);
    SPARE(statistics->failed);
    SPARE(statistics->refused);
    for (unsigned bit = 0; bit < sizeof statistics->peak * 8; bit++) {
        size_t peak = statistics->peak ^ (size_t)1 << bit;
        if (peak >= statistics->taken && peak <= statistics->total)
            spare_bits((uint8_t *)&statistics->peak + bit / 8, 1u << bit % 8);
    }
    SPARE(heap->pages);
}

/* An owner that nothing else depends on. */
static bool is_anybody(unsigned tag)
{
    return tag == OWNER_HOLE || (tag >= OWNER_KERNEL && tag < HEAP_OWNERS);
}

/* For whom whole blocks serve nobody else knows, nor whether they are a hole. */
static void spare_tags(void)
{
    for (block_t block = 0; block < nblocks(); block++) {
        unsigned tag = heap->owners[block];
        for (unsigned bit = 0; bit < 8; bit++)
            if (is_anybody(tag) && is_anybody(tag ^ 1u << bit))
                spare_bits(&heap->owners[block], 1u << bit);
    }
}

static bool is_listed_slab(block_t block)
{
    return block < nblocks() && heap->owners[block] == OWNER_SLAB &&
           heap->slabs.slabs[block].state == SLAB_LISTED;
}

/* Where no free run and no allocation begins or ends, what stands in runs[] is unspecified. So are
 * the links of an allocation, but that listed slabs are a ring, and those that are kept a list; and
 * of a run's end. */
static void spare_runs(void)
{
    const HEAP_BLOCK_TABLE_ENTRY *entries = heap->table.entries;
    for (block_t block = 0; block < nblocks();) {
        struct heap_run *run = &heap->table.runs[block];
        size_t length = run->length;
        bool free_run = entries[block] == HEAP_BLOCK_TABLE_ENTRY_FREE;
        if (!free_run && !is_listed_slab(block)) {
            SPARE(run->newer);
            if (heap->owners[block] != OWNER_KEPT)
                SPARE(run->older);
        }
        for (size_t i = 1; i < length; i++) {
            if (!free_run || i + 1 < length)
                SPARE(run[i].length);
            SPARE(run[i].newer);
            SPARE(run[i].older);
        }
        block += length;
    }
}

/* A class without a current slab has no first object. A ring has no end: which of the listed slabs
 * is the newest only the class knows. */
static void spare_classes(void)
{
    for (uint32_t i = 0; i < SLAB_CLASSES; i++) {
        struct slab_class *class = &heap->slabs.classes[i];
        if (class->current == SLAB_NONE)
            SPARE(class->first);
        for (unsigned bit = 0; bit < 32; bit++) {
            uint32_t block = class->newest ^ (uint32_t)1 << bit;
            if (is_listed_slab(block) && heap->slabs.slabs[block].class == i)
                spare_bits((uint8_t *)&class->newest + bit / 8, 1u << bit % 8);
        }
    }
}

/* Of a current slab nobody knows how many objects are live, and so neither which ones nor how often
 * some were freed. The words without objects are of no use. */
static void spare_slab(block_t block)
{
    struct slab *slab = &heap->slabs.slabs[block];
    uint32_t *words = heap->slabs.free[block], count = PAGE / slab->size,
             nwords = (count + 31) / 32;
    spare(words + nwords, (SLAB_WORDS - nwords) * sizeof *words);
    if (slab->state != SLAB_CURRENT)
        return;
    SPARE(slab->until);
    for (uint32_t i = 0; i < count; i++)
        spare_bits((uint8_t *)words + i / 8, 1u << i % 8);
}

static size_t length_of_listed(size_t unit)
{
    size_t start, nbytes;
    bool taken = span_run_at(&heap->spans, unit * SPAN_UNIT, &start, &nbytes);
    size_t length = nbytes / SPAN_UNIT;
    return taken || start != unit * SPAN_UNIT || length < SPAN_SHORTEST || length == SPAN_UNITS
               ? 0
               : length;
}

/* Links are of use where a listed run begins. Of the newer one only its group is ever used, where
 * there is one. */
static void spare_links(size_t group)
{
    struct span_link *link = &heap->spans.links[group];
    bool listed = false;
    for (size_t i = 0; i < SPAN_GROUP; i++)
        listed |= length_of_listed(group * SPAN_GROUP + i) > 0;
    if (!listed)
        SPARE(*link);
}

/* The page map is of use where a slab is, or a span. */
static void spare_page_map(void)
{
    enum { GROUPS = SPAN_UNITS_A_BLOCK / SPAN_GROUP };
    for (block_t block = 0; block < nblocks(); block++) {
        if (heap->owners[block] == OWNER_SLAB) {
            spare_slab(block);
        } else if (heap->owners[block] == OWNER_SPAN) {
            for (size_t i = 0; i < GROUPS; i++)
                spare_links(block * GROUPS + i);
        } else {
            SPARE(heap->slabs.slabs[block]);
            SPARE(heap->slabs.free[block]);
        }
    }
}

static void list_exempt_bits(void)
{
    memset(exempt, 0, BYTES);
    spare_padding();
    spare_statistics_and_pages();
    spare_tags();
    spare_runs();
    spare_classes();
    spare_page_map();
}

/* -- Flips -- */

enum { NO_BIT = -1 };

/* The first bit from START to END whose flip is seen and should not be, or the other way round. */
static long first_wrong_bit(const void *start, const void *end)
{
    uint8_t *bytes = (uint8_t *)beside;
    size_t at = (size_t)((const uint8_t *)start - bytes),
           last = (size_t)((const uint8_t *)end - bytes);
    for (; at < last; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            bool is_seen = block_heap_check(heap) != NULL;
            bytes[at] ^= (uint8_t)(1u << bit);
            if (is_seen == (exempt[at] >> bit & 1))
                return (long)(at * 8 + bit);
        }
    return NO_BIT;
}

static const void *end_of_heap(void)
{
    return (const uint8_t *)beside + block_heap_bytes_beside(nblocks());
}

CASE(heap_flips, every_bit_of_the_heap_itself)
{
    CHECK(make_state_a());
    list_exempt_bits();
    CHECK_EQUAL(first_wrong_bit(heap, heap->table.entries), NO_BIT);
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(heap_flips, every_bit_of_table_and_tags)
{
    CHECK(make_state_a());
    list_exempt_bits();
    CHECK_EQUAL(first_wrong_bit(heap->table.entries, heap->slabs.slabs), NO_BIT);
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(heap_flips, every_bit_of_the_page_map)
{
    CHECK(make_state_a());
    list_exempt_bits();
    CHECK_EQUAL(first_wrong_bit(heap->slabs.slabs, heap->table.runs), NO_BIT);
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(heap_flips, every_bit_of_runs)
{
    CHECK(make_state_a());
    list_exempt_bits();
    CHECK_EQUAL(first_wrong_bit(heap->table.runs, end_of_heap()), NO_BIT);
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(heap_flips, every_bit_where_slabs_once_were)
{
    CHECK(make_state_b());
    list_exempt_bits();
    CHECK_EQUAL(first_wrong_bit(heap, end_of_heap()), NO_BIT);
    CHECK_HOLDS(block_heap_check(heap));
}

static size_t count_exempt(void)
{
    size_t count = 0;
    for (size_t i = 0; i < BYTES; i++)
        for (unsigned byte = exempt[i]; byte; byte &= byte - 1)
            count++;
    return count;
}

/* How many there are is a matter of what there is, counted in another way. */
struct counts {
    size_t nblocks, slabs, listed_slabs, current_slabs;
    size_t words_without_objects; /* in all slabs */
    size_t objects_of_current;    /* free ones and live ones */
    size_t span_blocks, listed_runs, runs_with_newer;
    size_t allocations, kept, free_runs, longer_free_runs;
    size_t tags, peaks, newest; /* flips of them that make another one */
};

static size_t expected_exempt(const struct counts *is)
{
    size_t members = sizeof(struct slab_heap) + sizeof(struct span_heap) +
                     sizeof(struct kept_runs) + sizeof heap->heap.table + sizeof heap->heap.saddr +
                     sizeof heap->heap.newest + sizeof heap->heap.bins + sizeof heap->heap.words +
                     sizeof(struct heap_statistics) + sizeof(struct heap_table) +
                     sizeof heap->owners + sizeof(struct block_pages) + sizeof heap->broken;
    size_t padding = (sizeof *heap + 15) / 16 * 16 - members + (2 * is->nblocks + 15) / 16 * 16 -
                     2 * is->nblocks;
    size_t statistics = 3 * sizeof(size_t), pages = 3 * sizeof(void *);
    size_t classes = (SLAB_CLASSES - is->current_slabs) * sizeof(uintptr_t);
    size_t others = is->nblocks - is->slabs - is->span_blocks;
    size_t map = others * (16 + 32) + is->current_slabs * 2 + is->words_without_objects * 4 +
                 (is->span_blocks * 2 - is->listed_runs) * 8;
    size_t runs = is->nblocks * 12 - is->allocations * 4 - is->kept * 4 - is->listed_slabs * 8 -
                  is->free_runs * 12 - is->longer_free_runs * 4;
    return 8 * (padding + statistics + pages + classes + map + runs) + is->objects_of_current +
           is->tags + is->peaks + is->newest;
}

CASE(heap_flips, no_more_is_exempt_than_follows_from_the_state)
{
    static const struct counts a = {
        .nblocks = A_BLOCKS,
        .slabs = 6,
        .listed_slabs = 2,
        .current_slabs = 3,
        .words_without_objects = 4 * 7 + 6 + 0,
        .objects_of_current = 8 + 51 + 256,
        .span_blocks = SPAN_BLOCKS,
        .listed_runs = 5,
        .runs_with_newer = 2,
        .allocations = 14, /* two holes, six slabs, a span, three whole ones.. */
        .kept = 2,         /* .. and these */
        .free_runs = 4,
        .longer_free_runs = 2,
        .tags = 2 * 2 + 2 + 2 + 1, /* holes, KERNEL, SHELL, PAGING */
        .peaks = 4,                /* 31, 28, 26 and 62 */
        .newest = 1                /* listed are blocks 2 and 3 */
    };
    static const struct counts b = {
        .nblocks = B_BLOCKS,
        .slabs = 1,
        .current_slabs = 1,
        .words_without_objects = 7,
        .objects_of_current = 4,
        .span_blocks = 2 * SPAN_BLOCKS,
        .allocations = 8, /* two spans, a slab, a hole, four whole ones */
        .free_runs = 1,
        .longer_free_runs = 1,
        .tags = 2 + 2 + 2 + 3 + 2, /* a hole, SHELL, GUARDED, WINDOW, PROCESS */
        .peaks = 2                 /* 28 and 25 */
    };
    CHECK(make_state_a());
    list_exempt_bits();
    CHECK_EQUAL(heap->heap.statistics.taken, 26);
    CHECK_EQUAL(heap->heap.statistics.peak, 30);
    CHECK_EQUAL(heap->heap.statistics.allocations, a.allocations);
    CHECK_EQUAL(count_exempt(), expected_exempt(&a));
    CHECK(make_state_b());
    list_exempt_bits();
    CHECK_EQUAL(heap->heap.statistics.taken, 24);
    CHECK_EQUAL(heap->heap.statistics.peak, 29);
    CHECK_EQUAL(heap->heap.statistics.allocations, b.allocations);
    CHECK_EQUAL(count_exempt(), expected_exempt(&b));
}

/* -- D12: damage that a check once did not see, K1 to K4 -- */

static const char *verdict(void)
{
    const char *broken = block_heap_check(heap);
    return broken ? broken : "all is sound";
}

CASE(block_heap, k1_a_run_twice_in_a_quick_list_is_found)
{
    static const char *const twice = "a quick list has what is not its own, or has it twice";
    CHECK(make_state_a());
    struct heap_run *runs = heap->table.runs;
    uint32_t *list = &heap->kept.newest[kept_bin(1)], first = *list, last = runs[first].older;
    CHECK(first != NO_BLOCK && last != NO_BLOCK && runs[last].older == NO_BLOCK);
    runs[last].older = first;
    CHECK_TEXT(verdict(), twice);
    runs[last].older = last;
    CHECK_TEXT(verdict(), twice);
    runs[last].older = NO_BLOCK;
    runs[first].older = first;
    CHECK_TEXT(verdict(), twice);
    runs[first].older = last;
    /* In another list besides; and once too few, so that both are there as often as is counted. */
    heap->kept.newest[kept_bin(2)] = first;
    CHECK_TEXT(verdict(), twice);
    heap->kept.newest[kept_bin(2)] = NO_BLOCK;
    *list = last;
    heap->kept.newest[0] = last;
    CHECK_TEXT(verdict(), twice);
    heap->kept.newest[0] = NO_BLOCK;
    CHECK_TEXT(verdict(), "the count of kept runs is wrong");
    *list = first;
    /* A live one instead, as long as the others. */
    block_t live = block_of(objects[A_SHELL]);
    runs[live].older = NO_BLOCK;
    CHECK_HOLDS(block_heap_check(heap));
    runs[first].older = (uint32_t)live;
    CHECK_TEXT(verdict(), twice);
    runs[first].older = last;
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(block_heap, k2_a_live_slab_marked_free_is_found)
{
    static const size_t slabs[] = {A_OF_512, A_OF_512 + 9, A_OF_512 + 18, A_OF_512 + 24, A_OF_80};
    CHECK(make_state_a());
    for (size_t i = 0; i < sizeof slabs / sizeof slabs[0]; i++) {
        block_t block = block_of(objects[slabs[i]]);
        uint8_t *owner = &heap->owners[block];
        HEAP_BLOCK_TABLE_ENTRY *entry = &heap->table.entries[block];
        CHECK(*owner == OWNER_SLAB && *entry != HEAP_BLOCK_TABLE_ENTRY_FREE);
        *owner = OWNER_FREE;
        CHECK_TEXT(verdict(), "a tag is missing where an allocation begins, or stands elsewhere");
        *entry = HEAP_BLOCK_TABLE_ENTRY_FREE; /* both */
        CHECK(block_heap_check(heap) != NULL);
        *owner = OWNER_SLAB; /* the table's only */
        CHECK(block_heap_check(heap) != NULL);
        *entry = HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST;
        *owner = OWNER_KEPT;
        CHECK_TEXT(verdict(), "the count of kept runs is wrong");
        *owner = OWNER_SLAB;
        CHECK_HOLDS(block_heap_check(heap));
    }
}

/* All of the table knows that it is free: its class remembers, unless the slab is full. */
CASE(block_heap, k2_a_live_slab_that_was_freed_as_a_block_is_found)
{
    static const size_t slabs[] = {A_OF_512 + 9, A_OF_512 + 18, A_OF_512 + 24, A_OF_80};
    for (size_t i = 0; i < sizeof slabs / sizeof slabs[0]; i++) {
        CHECK(make_state_a());
        block_t block = block_of(objects[slabs[i]]);
        heap->owners[block] = OWNER_FREE;
        heap_free_at(&heap->heap, block);
        CHECK_HOLDS(heap_check(&heap->heap));
        CHECK_TEXT(verdict(), i < 2
                                  ? "the list of a class is not that of its slabs with free objects"
                                  : "a class's current slab is none of its slabs");
    }
}

/* Whole blocks for which the page map has a full slab that is right by itself. */
CASE(block_heap, k2_a_slab_of_many_blocks_is_found)
{
    CHECK(make_state_a());
    block_t full = block_of(objects[A_OF_512]), whole = block_of(objects[A_WHOLE + 5]);
    memcpy(&heap->slabs.slabs[whole], &heap->slabs.slabs[full], sizeof(struct slab));
    memcpy(heap->slabs.free[whole], heap->slabs.free[full], sizeof(slab_bits_t));
    CHECK_HOLDS(block_heap_check(heap));
    heap->owners[whole] = OWNER_SLAB;
    CHECK_TEXT(verdict(), "a slab or a span has another length");
}

CASE(block_heap, k3_a_stray_bit_in_the_bins_is_found)
{
    CHECK(make_state_a());
    for (uint32_t bit = 0; bit < sizeof heap->heap.bins * 8; bit++) {
        heap->heap.bins[bit / 32] ^= (uint32_t)1 << bit % 32;
        CHECK(block_heap_check(heap) != NULL);
        heap->heap.bins[bit / 32] ^= (uint32_t)1 << bit % 32;
    }
    for (uint32_t bit = 0; bit < 32; bit++) {
        heap->heap.words ^= (uint32_t)1 << bit;
        CHECK_TEXT(verdict(), "the bit of a word of bins is wrong");
        heap->heap.words ^= (uint32_t)1 << bit;
    }
    for (uint32_t bit = 0; bit < sizeof heap->spans.bins * 8; bit++) {
        heap->spans.bins[bit / 32] ^= (uint32_t)1 << bit % 32;
        CHECK_TEXT(verdict(),
                   "a bit says that there are free runs of a length, or that there are none");
        heap->spans.bins[bit / 32] ^= (uint32_t)1 << bit % 32;
    }
    CHECK_HOLDS(block_heap_check(heap));
}

/* Any other class, for each size: also one whose objects would be large enough. */
CASE(block_heap, k4_a_wrong_class_of_a_size_is_found)
{
    CHECK(make_state_a());
    for (size_t i = 0; i < SLAB_LARGEST / SLAB_STEP; i++) {
        uint16_t was = heap->slabs.offsets[i];
        for (size_t c = 0; c < SLAB_CLASSES; c++) {
            size_t offset = (size_t)((char *)&heap->slabs.classes[c] - (char *)&heap->slabs);
            heap->slabs.offsets[i] = (uint16_t)offset;
            CHECK_TEXT(verdict(), offset == was
                                      ? "all is sound"
                                      : "a size has another class than the smallest that holds it");
        }
        heap->slabs.offsets[i] = was;
    }
    CHECK_HOLDS(block_heap_check(heap));
}
