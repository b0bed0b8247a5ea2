/* What the block heap says of itself: what an address lies in, what there is in all, and whether it
 * is sound. */
#include "block_heaps.h"

static uint8_t *tiny, *small, *middle, *large, *whole, *tables;
static void *kept, *one;

/* A heap with something of each kind. */
static bool begin_with_all(void)
{
    if (!begin_many(256, NULL))
        return false;
    tiny = block_heap_malloc(heap, 8);
    small = block_heap_malloc(heap, 100);
    middle = block_heap_malloc(heap, 1300);
    large = block_heap_malloc(heap, 3000);
    whole = block_heap_malloc(heap, 3 * PAGE);
    kept = block_heap_malloc(heap, 2 * PAGE);
    tables = block_heap_malloc_for(heap, OWNER_PAGING, PAGE);
    one = block_heap_malloc(heap, PAGE);
    return tiny && small && middle && large && whole && kept && tables && one &&
           block_heap_free(heap, kept) == HEAP_FREED && block_heap_free(heap, one) == HEAP_FREED &&
           block_heap_take(heap, 250, 253) == 0 && heap->kept.blocks == 3;
}

/* NULL where each address of the NBYTES from START on is described as WANTED. */
static const char *describes(const uint8_t *start, size_t nbytes, struct heap_description wanted)
{
    struct heap_description got;
    for (size_t i = 0; i < nbytes; i += i + 16 < nbytes ? 15 : 1) {
        memset(&got, 0xff, sizeof got);
        if (!block_heap_describe(heap, start + i, &got))
            return "an address of the heap is not known";
        if (got.owner != wanted.owner || got.live != wanted.live)
            return "whose it is, or whether it is live, is wrong";
        if (got.start != wanted.start || got.nbytes != wanted.nbytes)
            return "where it begins, or how long it is, is wrong";
        if (got.live_here != wanted.live_here || got.room_here != wanted.room_here)
            return "how many are live in the block, or could be, is wrong";
    }
    return NULL;
}

CASE(block_heap_look, each_address_is_described)
{
    CHECK(begin_with_all());
    struct heap_description is = {OWNER_SLAB, true, small, 112, 1, 36};
    CHECK_HOLDS(describes(small, 112, is));
    is = (struct heap_description){OWNER_SLAB, true, tiny, 16, 1, 256};
    CHECK_HOLDS(describes(tiny, 16, is));
    is = (struct heap_description){OWNER_SLAB, false, small - 112, 112, 1, 36};
    CHECK_HOLDS(describes(small - 112, 112, is));
    /* In front of the first object lies what is left of the block. */
    uint8_t *gap = at(block_of(small));
    is = (struct heap_description){OWNER_SLAB, false, gap, PAGE, 1, 36};
    CHECK_HOLDS(describes(gap, PAGE % 112, is));
    is.start = gap + PAGE % 112;
    is.nbytes = 112;
    CHECK_HOLDS(describes(gap + PAGE % 112, 112, is));
    /* 6 units, 12, and those that are free. */
    is = (struct heap_description){OWNER_SPAN, true, middle, 1536, 18, 128};
    CHECK_HOLDS(describes(middle, 1536, is));
    is = (struct heap_description){OWNER_SPAN, true, large, 3072, 18, 128};
    CHECK_HOLDS(describes(large, 3072, is));
    is = (struct heap_description){OWNER_SPAN, false, large + 3072, 110 * 256, 18, 128};
    CHECK(large == middle + 1536);
    CHECK_HOLDS(describes(large + 3072, 110 * 256, is));
    is = (struct heap_description){OWNER_KERNEL, true, whole, 3 * PAGE, 0, 0};
    CHECK_HOLDS(describes(whole, 3 * PAGE, is));
    is = (struct heap_description){OWNER_PAGING, true, tables, PAGE, 0, 0};
    CHECK_HOLDS(describes(tables, PAGE, is));
    is = (struct heap_description){OWNER_KEPT, false, kept, 2 * PAGE, 0, 0};
    CHECK_HOLDS(describes(kept, 2 * PAGE, is));
    is = (struct heap_description){OWNER_HOLE, false, at(250), 3 * PAGE, 0, 0};
    CHECK_HOLDS(describes(at(250), 3 * PAGE, is));
    for (size_t block = 253; block < 256; block++) {
        is = (struct heap_description){OWNER_FREE, false, at(block), PAGE, 0, 0};
        CHECK_HOLDS(describes(at(block), PAGE, is));
    }
    CHECK(!block_heap_describe(heap, at(256), &is));
    CHECK(!block_heap_describe(heap, at(0) - 1, &is));
    CHECK(!block_heap_describe(heap, NULL, &is));
    CHECK(!block_heap_describe(heap, (void *)UINTPTR_MAX, &is));
}

CASE(block_heap_look, an_empty_slab_and_an_empty_span_are_room)
{
    CHECK(begin_with_all());
    CHECK_EQUAL(block_heap_free(heap, small), HEAP_FREED);
    struct heap_description is = {OWNER_SLAB, false, small, 112, 0, 36};
    CHECK_HOLDS(describes(small, 112, is));
    CHECK_EQUAL(block_heap_free(heap, middle), HEAP_FREED);
    is = (struct heap_description){OWNER_SPAN, false, middle, 1536, 12, 128};
    CHECK_HOLDS(describes(middle, 1536, is));
    CHECK_EQUAL(block_heap_free(heap, large), HEAP_FREED);
    is = (struct heap_description){OWNER_SPAN, false, middle, SPAN_BLOCKS * PAGE, 0, 128};
    CHECK_HOLDS(describes(middle, SPAN_BLOCKS * PAGE, is));
    CHECK_EQUAL(block_heap_kept(heap), 3 + 1 + SPAN_BLOCKS);
}

/* The first block's owner, for all blocks. */
CASE(block_heap_look, the_owner_of_a_block_is_its_allocations)
{
    CHECK(begin_with_all());
    for (size_t i = 0; i < 3; i++) {
        CHECK_EQUAL(block_heap_owner_of(heap, block_of(whole) + i), OWNER_KERNEL);
        CHECK_EQUAL(block_heap_owner_of(heap, 250 + i), OWNER_HOLE);
        CHECK_EQUAL(block_heap_owner_of(heap, 253 + i), OWNER_FREE);
        CHECK_EQUAL(block_heap_owners(heap)[block_of(whole) + i], i ? OWNER_FREE : OWNER_KERNEL);
    }
    for (size_t i = 0; i < SPAN_BLOCKS; i++) {
        CHECK_EQUAL(block_heap_owner_of(heap, block_of(middle) + i), OWNER_SPAN);
        CHECK_EQUAL(block_heap_owners(heap)[block_of(middle) + i], OWNER_SPAN);
    }
    CHECK_EQUAL(block_heap_owner_of(heap, block_of(small)), OWNER_SLAB);
    CHECK_EQUAL(block_heap_owner_of(heap, block_of(kept) + 1), OWNER_KEPT);
    CHECK_EQUAL(block_heap_owner_of(heap, block_of(tables)), OWNER_PAGING);
}

CASE(block_heap_look, statistics_count_what_is_live)
{
    CHECK(begin_many(256, NULL));
    struct block_heap_statistics is = block_heap_statistics(heap);
    CHECK(!is.objects && !is.object_bytes && !is.slabs);
    CHECK(!is.middles && !is.middle_bytes && !is.spans);
    CHECK(begin_with_all());
    is = block_heap_statistics(heap);
    CHECK_EQUAL(is.objects, 2);
    CHECK_EQUAL(is.object_bytes, 16 + 112);
    CHECK_EQUAL(is.slabs, 2);
    CHECK_EQUAL(is.middles, 2);
    CHECK_EQUAL(is.middle_bytes, 1536 + 3072);
    CHECK_EQUAL(is.spans, SPAN_BLOCKS);
    static void *objects[300], *middles[30];
    for (size_t i = 0; i < 300; i++)
        CHECK((objects[i] = block_heap_malloc(heap, 30)) != NULL);
    for (size_t i = 0; i < 30; i++)
        CHECK((middles[i] = block_heap_malloc(heap, 8000)) != NULL);
    is = block_heap_statistics(heap);
    CHECK_EQUAL(is.objects, 302);
    CHECK_EQUAL(is.object_bytes, 16 + 112 + 300 * 32);
    CHECK_EQUAL(is.slabs, 2 + 3);
    CHECK_EQUAL(is.middles, 32);
    CHECK_EQUAL(is.middle_bytes, 1536 + 3072 + 30 * 8192);
    for (size_t i = 0; i < 300; i++)
        CHECK_EQUAL(block_heap_free(heap, objects[i]), HEAP_FREED);
    for (size_t i = 0; i < 30; i++)
        CHECK_EQUAL(block_heap_free(heap, middles[i]), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(heap, middle), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(heap, large), HEAP_FREED);
    is = block_heap_statistics(heap);
    CHECK_EQUAL(is.objects, 2);
    CHECK_EQUAL(is.middles, 0);
    CHECK_EQUAL(is.middle_bytes, 0);
    CHECK_EQUAL(is.spans, SPAN_BLOCKS); /* the spare one */
}

/* -- Damage -- */

/* What the heap knows, and stands in none of its parts, is copied here. */
static struct block_heap good;

#define CHECK_SEES(damage)                                                                         \
    do {                                                                                           \
        damage;                                                                                    \
        const char *verdict = block_heap_check(heap);                                              \
        *heap = good;                                                                              \
        CHECK(verdict != NULL);                                                                    \
        CHECK_HOLDS(block_heap_check(heap));                                                       \
    } while (0)

CASE(block_heap_look, check_sees_damage_of_the_table)
{
    CHECK(begin_with_all());
    CHECK_HOLDS(block_heap_check(heap));
    for (size_t b = 0; b < 30; b++)
        for (unsigned value = 0; value < 256; value++) {
            HEAP_BLOCK_TABLE_ENTRY was = heap->table.entries[b];
            heap->table.entries[b] = (HEAP_BLOCK_TABLE_ENTRY)value;
            const char *verdict = value == was ? "" : block_heap_check(heap);
            heap->table.entries[b] = was;
            CHECK(verdict != NULL);
        }
    good = *heap;
    CHECK_SEES(heap->heap.statistics.taken++);
    CHECK_SEES(heap->heap.statistics.allocations--);
    CHECK_SEES(heap->heap.statistics.total--);
    CHECK_SEES(heap->heap.statistics.peak = taken() - 1);
}

/* Of each block each tag. */
CASE(block_heap_look, check_sees_each_wrong_tag)
{
    CHECK(begin_with_all());
    size_t beyond = block_of(one) + 2; /* what is behind looks the same */
    for (size_t b = 0; b < 256; b += b == beyond ? 250 - beyond : 1)
        for (unsigned tag = 0; tag < 256; tag += tag == HEAP_OWNERS ? 255u - HEAP_OWNERS : 1) {
            uint8_t was = heap->owners[b];
            bool live = was > OWNER_SPAN && tag > OWNER_SPAN && tag < HEAP_OWNERS;
            heap->owners[b] = (uint8_t)tag;
            const char *verdict = block_heap_check(heap);
            heap->owners[b] = was;
            bool same = tag == was || live || (tag == OWNER_HOLE && was > OWNER_SPAN) ||
                        (was == OWNER_HOLE && tag > OWNER_SPAN && tag < HEAP_OWNERS);
            CHECK_EQUAL(verdict == NULL, same);
        }
    CHECK_HOLDS(block_heap_check(heap));
}

CASE(block_heap_look, check_sees_damage_of_what_is_kept)
{
    CHECK(begin_with_all());
    uint32_t two = (uint32_t)block_of(kept), single = (uint32_t)block_of(one);
    struct heap_run *runs = heap->table.runs;
    CHECK(heap->kept.newest[2] == two && heap->kept.newest[1] == single);
    good = *heap;
    CHECK_SEES(heap->kept.blocks++);
    CHECK_SEES(heap->kept.blocks--);
    CHECK_SEES(heap->kept.count++);
    CHECK_SEES(heap->kept.count--);
    CHECK_SEES(heap->kept.most++);
    CHECK_SEES(heap->kept.most--);
    CHECK_SEES(heap->kept.newest[2] = NO_BLOCK);
    CHECK_SEES((heap->kept.newest[2] = NO_BLOCK, heap->kept.count--, heap->kept.blocks -= 2));
    CHECK_SEES(heap->kept.newest[2]++);
    CHECK_SEES(heap->kept.newest[2] = 256);
    CHECK_SEES(heap->kept.newest[2] = UINT32_MAX - 1);
    CHECK_SEES(heap->kept.newest[2] = single);
    CHECK_SEES(heap->kept.newest[2] = (uint32_t)block_of(whole));
    CHECK_SEES(heap->kept.newest[3] = (uint32_t)block_of(whole));
    CHECK_SEES(heap->kept.newest[3] = two);
    CHECK_SEES(heap->kept.newest[KEPT_BINS - 1] = two);
    CHECK_SEES((heap->kept.newest[2] = NO_BLOCK, heap->kept.newest[3] = two));
    /* The same run twice, also where it is counted twice. */
    CHECK_SEES((heap->kept.newest[3] = two, heap->kept.count++, heap->kept.blocks += 2));
    const uint32_t wrong[] = {two, single, 256, (uint32_t)block_of(whole), UINT32_MAX - 1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint32_t was = runs[two].older;
        runs[two].older = wrong[i];
        const char *verdict = block_heap_check(heap);
        heap->kept.count++;
        heap->kept.blocks += 2;
        const char *counted = block_heap_check(heap);
        *heap = good;
        runs[two].older = was;
        CHECK(verdict != NULL && counted != NULL);
    }
    /* One that is live in the place of one that is kept. */
    void *others[] = {block_heap_malloc(heap, 4 * PAGE), block_heap_malloc(heap, 4 * PAGE)};
    CHECK(others[0] && others[1]);
    CHECK_EQUAL(block_heap_free(heap, others[0]), HEAP_FREED);
    CHECK(heap->kept.newest[4] == block_of(others[0]));
    heap->kept.newest[4] = (uint32_t)block_of(others[1]);
    runs[block_of(others[1])].older = NO_BLOCK;
    CHECK(block_heap_check(heap) != NULL);
    heap->kept.newest[4] = (uint32_t)block_of(others[0]);
    CHECK_HOLDS(block_heap_check(heap));
    /* Twice in one list, and another one lost: their number and sum are right. */
    void *other = block_heap_malloc(heap, 2 * PAGE), *another = block_heap_malloc(heap, 2 * PAGE);
    CHECK(other == kept && another != NULL);
    CHECK_EQUAL(block_heap_free(heap, other), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(heap, another), HEAP_FREED);
    uint32_t newest = heap->kept.newest[2];
    CHECK(newest == block_of(another) && runs[newest].older == two);
    runs[newest].older = newest;
    CHECK(block_heap_check(heap) != NULL);
    runs[newest].older = two;
    CHECK_HOLDS(block_heap_check(heap));
}

/* More runs than may be kept, or longer ones, though all lists and sums agree. */
CASE(block_heap_look, check_sees_that_too_much_is_kept)
{
    uint8_t *extra[KEPT_MOST + 1];
    CHECK(begin_many(MANY, NULL) && block_heap_take(heap, 1024, MANY) == 0);
    for (size_t i = 0; i < KEPT_MOST + 1; i++)
        CHECK((extra[i] = block_heap_malloc(heap, PAGE)) != NULL);
    for (size_t i = 0; i < KEPT_MOST; i++)
        CHECK_EQUAL(block_heap_free(heap, extra[i]), HEAP_FREED);
    CHECK_EQUAL(heap->kept.count, KEPT_MOST);
    CHECK_HOLDS(block_heap_check(heap));
    uint32_t first = (uint32_t)block_of(extra[KEPT_MOST]);
    heap->owners[first] = OWNER_KEPT;
    heap->table.runs[first].older = heap->kept.newest[1];
    heap->kept.newest[1] = first;
    heap->kept.count++;
    heap->kept.blocks++;
    CHECK(block_heap_check(heap) != NULL);
    CHECK(begin_many(MANY, NULL) && block_heap_take(heap, 1024, MANY) == 0);
    first = (uint32_t)block_of(block_heap_malloc(heap, 65 * PAGE));
    heap->owners[first] = OWNER_KEPT;
    heap->table.runs[first].older = NO_BLOCK;
    heap->kept.count = 1;
    heap->kept.blocks = 65;
    for (size_t bin = 0; bin < KEPT_BINS; bin++) {
        heap->kept.newest[bin] = first;
        CHECK(block_heap_check(heap) != NULL);
        heap->kept.newest[bin] = NO_BLOCK;
    }
}

/* Two allocations of the table that have become one. */
static void join(size_t first, size_t nblocks)
{
    HEAP_BLOCK_TABLE_ENTRY *entries = heap->table.entries + first;
    for (size_t i = 0; i < 2 * nblocks; i++)
        entries[i] = i == 0 ? 0xc1 : i == 2 * nblocks - 1 ? 0x01 : 0x81;
    heap->table.runs[first].length = (uint32_t)(2 * nblocks);
    counts()->allocations--;
}

/* Though each of both would be sound, and nobody else misses them. */
CASE(block_heap_look, check_sees_a_slab_or_span_of_another_length)
{
    void *objects[9], *middles[32];
    CHECK(begin_many(256, NULL));
    for (size_t i = 0; i < 9; i++)
        CHECK((objects[i] = block_heap_malloc(heap, 1024)) != NULL);
    size_t first = block_of(objects[0]);
    CHECK(block_of(objects[4]) == first + 1 && block_of(objects[8]) == first + 2);
    join(first, 1);
    heap->owners[first + 1] = OWNER_FREE;
    CHECK(block_heap_check(heap) != NULL);
    CHECK(begin_many(256, NULL));
    for (size_t i = 0; i < 32; i++)
        CHECK((middles[i] = block_heap_malloc(heap, 8191 - PAGE * (i % 2))) != NULL);
    first = block_of(middles[0]);
    CHECK(heap->owners[first + 15] == OWNER_SPAN && heap->table.runs[first + 8].length == 8);
    CHECK_HOLDS(block_heap_check(heap));
    join(first, SPAN_BLOCKS);
    CHECK(block_heap_check(heap) != NULL);
}

/* Addresses of its own are looked at before they are followed. */
CASE(block_heap_look, check_sees_wrong_addresses)
{
    CHECK(begin_with_all());
    good = *heap;
    void *elsewhere = (void *)16;
    CHECK_SEES(heap->table.entries++);
    CHECK_SEES(heap->table.entries = elsewhere);
    CHECK_SEES(heap->table.runs = elsewhere);
    CHECK_SEES(heap->table.total = 255);
    CHECK_SEES(heap->table.total = (size_t)1 << 30);
    CHECK_SEES((heap->table.total = heap->heap.statistics.total = 255));
    CHECK_SEES(heap->heap.table = elsewhere);
    CHECK_SEES(heap->heap.saddr = elsewhere);
    CHECK_SEES(heap->owners = elsewhere);
    CHECK_SEES(heap->slabs.slabs = elsewhere);
    CHECK_SEES(heap->slabs.start += PAGE);
    CHECK_SEES(heap->slabs.source.get = NULL);
    CHECK_SEES(heap->slabs.source.put = NULL);
    CHECK_SEES(heap->slabs.source.context = NULL);
    CHECK_SEES(heap->spans.tags = elsewhere);
    CHECK_SEES(heap->spans.links = elsewhere);
    CHECK_SEES(heap->spans.start += PAGE);
    CHECK_SEES(heap->spans.source.get = NULL);
    CHECK_SEES(heap->spans.source.put = NULL);
    CHECK_SEES(heap->spans.source.context = NULL);
    CHECK_SEES(heap->spans.spare = 300);
    CHECK_SEES(heap->broken = "a sentence");
}
