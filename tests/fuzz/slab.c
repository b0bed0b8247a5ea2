/*
 * Small objects and middle sizes, over blocks that run out when the input says so, freed rightly
 * and in every wrong way. What is whose stands in maps that know nothing of slabs and spans. There
 * is no memory behind the addresses: nothing is ever to touch it.
 */
#include "memory/heap/slab.h"

#include <string.h>

#include "fuzz.h"
#include "memory/heap/span.h"

enum {
    BLOCKS = 34, /* of each heap */
    BYTES = BLOCKS * HEAP_BLOCK_SIZE,
    GRANULES = BYTES / SLAB_STEP,
    UNITS = BYTES / SPAN_UNIT,
    MANY = 9,
    NOBODYS = 7, /* tags of blocks */
    OURS = 12
};

#define START ((uintptr_t)0x40000000)

/* -- The sources: blocks or spans from where the last one was on, unless there are none -- */

static struct source {
    uint8_t owners[BLOCKS];
    uint32_t length, next, nout, refused; /* in blocks; where to look first; how many are out */
    unsigned until_failure;               /* 0: until they are used up */
} small_source, middle_source;

static bool is_free(const struct source *source, uint32_t block)
{
    for (uint32_t i = 0; i < source->length; i++)
        if (block + i >= BLOCKS || source->owners[block + i] == OURS)
            return false;
    return true;
}

static uint32_t get(struct source *source)
{
    uint32_t start = source->next % BLOCKS;
    bool fails = source->until_failure && --source->until_failure == 0;
    for (uint32_t i = 0; i < BLOCKS && !fails; i++) {
        uint32_t block = (start + i) % BLOCKS;
        if (!is_free(source, block))
            continue;
        memset(source->owners + block, OURS, source->length);
        source->next = block + source->length;
        source->nout += source->length;
        return block;
    }
    source->refused++;
    return UINT32_MAX;
}

static void put(struct source *source, uint32_t block)
{
    for (uint32_t i = 0; i < source->length; i++)
        fuzz_require(block + i < BLOCKS && source->owners[block + i] == OURS,
                     "what is given back was never given");
    memset(source->owners + block, NOBODYS, source->length);
    source->nout -= source->length;
}

static void open_source(struct source *source, uint32_t length)
{
    *source = (struct source){.length = length};
    memset(source->owners, NOBODYS, BLOCKS);
}

/* -- Small objects -- */

static struct slab_heap slabs;
static struct slab page_map[BLOCKS];
static slab_bits_t bits[BLOCKS];
static struct heap_run runs[BLOCKS];

static struct {
    bool taken[GRANULES];
    uint16_t sizes[GRANULES]; /* of the object that begins here; 0 where none does */
    uint16_t of_block[BLOCKS], nlive[BLOCKS];
} small;

static uint32_t get_slab(void *context)
{
    fuzz_require(context == &small_source, "another source is asked");
    uint32_t block = get(&small_source);
    if (block != UINT32_MAX)
        small.of_block[block] = 0; /* not known yet */
    return block;
}

static void put_slab(void *context, uint32_t block)
{
    fuzz_require(context == &small_source, "another source gets a block");
    put(&small_source, block);
    fuzz_require(small.nlive[block] == 0, "a block is given back that is in use");
    memset(&page_map[block], 0xee, sizeof page_map[block]);
    memset(bits[block], 0xee, sizeof bits[block]);
    runs[block].newer = runs[block].older = 0xeeeeeeee;
}

static size_t smallest_size_for(size_t nbytes)
{
    if (nbytes <= 256)
        return (nbytes + 15) / 16 * 16;
    size_t count = 14;
    while (HEAP_BLOCK_SIZE / count / 16 * 16 < nbytes)
        count--;
    return HEAP_BLOCK_SIZE / count / 16 * 16;
}

static bool make_small(size_t nbytes)
{
    uint32_t refused = small_source.refused;
    struct slab_class *class = slab_class_for(&slabs, nbytes);
    void *pointer = *class->word ? slab_take(class) : slab_take_slowly(&slabs, class);
    if (!pointer) {
        fuzz_require(small_source.refused > refused, "there is memory, and nothing is served");
        return false;
    }
    size_t at = (uintptr_t)pointer - START, block = at / HEAP_BLOCK_SIZE;
    size_t size = smallest_size_for(nbytes);
    fuzz_require(at < BYTES && small_source.owners[block] == OURS, "an object is in no block");
    fuzz_require(at % SLAB_STEP == 0 && at % HEAP_BLOCK_SIZE + size <= HEAP_BLOCK_SIZE,
                 "an object is not aligned, or reaches over its block");
    fuzz_require(!small.of_block[block] || small.of_block[block] == size,
                 "a block has objects of two sizes");
    small.of_block[block] = (uint16_t)size;
    small.nlive[block]++;
    for (size_t i = at / SLAB_STEP; i < (at + size) / SLAB_STEP; i++) {
        fuzz_require(!small.taken[i], "an object lies over another");
        small.taken[i] = true;
    }
    small.sizes[at / SLAB_STEP] = (uint16_t)size;
    return true;
}

/* As block_heap_free() does it. */
static int give_small(size_t at)
{
    block_t block = at / HEAP_BLOCK_SIZE;
    int judged = slab_judge(&slabs, block, at);
    bool marked = slab_mark_free(&slabs, &page_map[block], at);
    fuzz_require(marked == (judged == HEAP_FREED), "a pointer is freed that should not, or is not");
    return marked ? slab_count_free(&slabs, &page_map[block]) : judged;
}

/* Frees the byte AT, whatever it is: the map knows what must come of it. */
static void free_small(size_t at)
{
    size_t block = at / HEAP_BLOCK_SIZE, first = at / SLAB_STEP;
    size_t size = small.of_block[block], length = at % SLAB_STEP ? 0 : small.sizes[first];
    if (small_source.owners[block] != OURS)
        return;
    bool begins = size && (HEAP_BLOCK_SIZE - at % HEAP_BLOCK_SIZE) % size == 0;
    int wanted = length ? HEAP_FREED : begins ? HEAP_ALREADY_FREE : HEAP_NOT_FIRST;
    if (length) { /* before its block goes back */
        memset(small.taken + first, false, length / SLAB_STEP);
        small.sizes[first] = 0;
        small.nlive[block]--;
    }
    fuzz_require(give_small(at) == wanted, "a pointer is freed or refused as what it is not");
    if (length && small_source.owners[block] == OURS)
        fuzz_require(give_small(at) == HEAP_ALREADY_FREE, "a double free is not refused as such");
}

/* The first object at or behind AT, in a circle; BYTES where there is none. */
static size_t small_from(size_t at)
{
    for (size_t i = 0; i < GRANULES; i++)
        if (small.sizes[(at / SLAB_STEP + i) % GRANULES])
            return (at / SLAB_STEP + i) % GRANULES * SLAB_STEP;
    return BYTES;
}

static void look_at_small(void)
{
    const char *broken = slab_check(&slabs, small_source.owners, OURS, BLOCKS);
    fuzz_require(!broken, broken);
    uint32_t nempty = 0;
    for (uint32_t block = 0; block < BLOCKS; block++)
        if (small_source.owners[block] == OURS) {
            nempty += small.nlive[block] == 0;
            fuzz_require(slab_count_live(&slabs, block) == small.nlive[block],
                         "a slab's objects are counted wrongly");
        }
    fuzz_require(slab_kept(&slabs) == nempty, "empty slabs are kept, or not");
}

/* -- Middle sizes -- */

static struct span_heap spans;
static uint16_t tags[UNITS];
static struct span_link links[UNITS / SPAN_GROUP];

static struct {
    bool taken[UNITS];
    uint8_t lengths[UNITS];   /* of the allocation that begins here; 0 where none does */
    uint32_t span_of[BLOCKS]; /* the first block of it */
    uint32_t spare;           /* a span that is empty, its first block, or SPAN_NONE */
} middle;

static uint32_t get_span(void *context)
{
    fuzz_require(context == &middle_source && middle.spare == SPAN_NONE,
                 "another source is asked, or while a span is spare");
    uint32_t first = get(&middle_source);
    for (uint32_t i = 0; first != UINT32_MAX && i < SPAN_BLOCKS; i++)
        middle.span_of[first + i] = first;
    return first;
}

static void put_span(void *context, uint32_t first)
{
    fuzz_require(context == &middle_source && middle.span_of[first] == first,
                 "another source gets a span, or a part of one");
    put(&middle_source, first);
    uint32_t unit = first * SPAN_UNITS_A_BLOCK;
    for (uint32_t i = 0; i < SPAN_UNITS; i++)
        fuzz_require(!middle.taken[unit + i], "a span is given back that is in use");
    memset(tags + unit, 0xff, SPAN_UNITS * sizeof *tags);
    memset(links + unit / SPAN_GROUP, 0xee, SPAN_UNITS / SPAN_GROUP * sizeof *links);
}

static uint32_t end_of_span(uint32_t unit)
{
    return (middle.span_of[unit / SPAN_UNITS_A_BLOCK] + SPAN_BLOCKS) * SPAN_UNITS_A_BLOCK;
}

/* How many free units of a span there are from UNIT on. */
static uint32_t count_free(uint32_t unit)
{
    uint32_t count = 0;
    if (middle_source.owners[unit / SPAN_UNITS_A_BLOCK] != OURS)
        return 0;
    for (uint32_t end = end_of_span(unit); unit + count < end && !middle.taken[unit + count];)
        count++;
    return count;
}

/* The shortest free run of LENGTH units or more; SPAN_UNITS where only an empty span has them, and
 * UINT32_MAX where none does. */
static uint32_t shortest_for(uint32_t length)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t unit = 0, have; unit < UNITS; unit += have ? have : 1) {
        have = count_free(unit);
        if (have >= length && have < best)
            best = have;
    }
    return best;
}

static uint32_t units_for(size_t nbytes)
{
    return (uint32_t)(nbytes / SPAN_UNIT + (nbytes % SPAN_UNIT != 0));
}

static bool make_middle(size_t nbytes)
{
    uint32_t length = units_for(nbytes) < SPAN_SHORTEST ? SPAN_SHORTEST : units_for(nbytes);
    uint32_t best = shortest_for(length), refused = middle_source.refused;
    void *pointer = span_malloc(&spans, nbytes);
    if (!pointer) {
        fuzz_require(best == UINT32_MAX && middle_source.refused > refused,
                     "there is memory, and nothing is served");
        return false;
    }
    size_t at = (uintptr_t)pointer - START;
    uint32_t unit = (uint32_t)(at / SPAN_UNIT);
    fuzz_require(at < BYTES && at % SPAN_UNIT == 0, "an allocation is not aligned");
    uint32_t have = count_free(unit);
    fuzz_require(have >= length, "an allocation lies over another, or in no span");
    fuzz_require(have == (best == UINT32_MAX ? SPAN_UNITS : best), "another run fits better");
    fuzz_require(unit == 0 || middle.taken[unit - 1] || end_of_span(unit) - have == unit ||
                     count_free(unit - 1) != have + 1,
                 "an allocation begins within a free run");
    memset(middle.taken + unit, true, length);
    middle.lengths[unit] = (uint8_t)length;
    if (middle.spare == unit / SPAN_UNITS_A_BLOCK)
        middle.spare = SPAN_NONE;
    return true;
}

/* The span of UNIT may have become empty. */
static void settle(uint32_t unit)
{
    uint32_t first = middle.span_of[unit / SPAN_UNITS_A_BLOCK];
    if (count_free(first * SPAN_UNITS_A_BLOCK) == SPAN_UNITS && middle.spare == SPAN_NONE)
        middle.spare = first;
}

static void free_middle(size_t at)
{
    uint32_t unit = (uint32_t)(at / SPAN_UNIT), nout = middle_source.nout;
    uint32_t length = at % SPAN_UNIT ? 0 : middle.lengths[unit];
    if (middle_source.owners[unit / SPAN_UNITS_A_BLOCK] != OURS)
        return;
    size_t nbytes;
    int wanted = length                                 ? HEAP_FREED
                 : at % SPAN_UNIT || middle.taken[unit] ? HEAP_NOT_FIRST
                                                        : HEAP_ALREADY_FREE;
    fuzz_require(span_judge(&spans, at, &nbytes) == wanted && nbytes == length * SPAN_UNIT,
                 "a pointer is misjudged");
    bool had_spare = middle.spare != SPAN_NONE;
    memset(middle.taken + unit, false, length);
    if (length)
        middle.lengths[unit] = 0;
    bool empty = length && count_free(middle.span_of[unit / SPAN_UNITS_A_BLOCK] *
                                      SPAN_UNITS_A_BLOCK) == SPAN_UNITS;
    if (length)
        settle(unit);
    fuzz_require(span_free(&spans, at) == wanted,
                 "a pointer is freed or refused as what it is not");
    fuzz_require(middle_source.nout + (empty && had_spare ? SPAN_BLOCKS : 0) == nout,
                 "a span is not given back, or it is and should not");
    if (length && !(empty && had_spare))
        fuzz_require(span_free(&spans, at) == HEAP_ALREADY_FREE,
                     "a double free is not refused as such");
}

/* The first allocation at or behind UNIT, in a circle; UNITS where there is none. */
static uint32_t middle_from(uint32_t unit)
{
    for (uint32_t i = 0; i < UNITS; i++)
        if (middle.lengths[(unit + i) % UNITS])
            return (unit + i) % UNITS;
    return UNITS;
}

static void resize_middle(uint32_t unit, size_t nbytes)
{
    uint32_t was = middle.lengths[unit], length = units_for(nbytes);
    uint32_t room = unit + was < end_of_span(unit) ? count_free(unit + was) : 0;
    bool fits = length >= SPAN_SHORTEST && nbytes <= SPAN_LARGEST && length <= was + room;
    fuzz_require(span_resize(&spans, (size_t)unit * SPAN_UNIT, nbytes) == fits,
                 "a resize fails for which there is room, or goes too far");
    if (!fits)
        return;
    memset(middle.taken + unit, false, was);
    memset(middle.taken + unit, true, length);
    middle.lengths[unit] = (uint8_t)length;
}

static void look_at_middle(void)
{
    const char *broken = span_check(&spans, middle_source.owners, OURS, BLOCKS);
    fuzz_require(!broken, broken);
    for (uint32_t unit = 0, length; unit < UNITS; unit += length) {
        size_t start, nbytes;
        uint32_t have = middle.lengths[unit] ? middle.lengths[unit] : count_free(unit);
        length = have ? have : 1;
        if (!have)
            continue;
        size_t at = (size_t)(unit + length / 2) * SPAN_UNIT;
        bool taken = span_run_at(&spans, at, &start, &nbytes);
        fuzz_require(taken == (middle.lengths[unit] > 0) && start == (size_t)unit * SPAN_UNIT &&
                         nbytes == (size_t)length * SPAN_UNIT,
                     "a run is not where the map has it");
    }
}

/* -- Both -- */

static void begin(void)
{
    memset(&small, 0, sizeof small);
    memset(&middle, 0, sizeof middle);
    middle.spare = SPAN_NONE;
    memset(page_map, 0xee, sizeof page_map);
    memset(bits, 0xee, sizeof bits);
    memset(runs, 0xee, sizeof runs);
    memset(tags, 0xff, sizeof tags);
    memset(links, 0xee, sizeof links);
    open_source(&small_source, 1);
    open_source(&middle_source, SPAN_BLOCKS);
    slab_init(&slabs, (void *)START, page_map, bits, runs,
              (struct slab_source){get_slab, put_slab, &small_source});
    span_init(&spans, (void *)START, tags, links,
              (struct span_source){get_span, put_span, &middle_source});
}

static void trim(void)
{
    size_t kept = slab_kept(&slabs), nout = small_source.nout;
    slab_trim(&slabs);
    fuzz_require(nout - small_source.nout == kept, "a trim gives back other slabs than are kept");
    nout = middle_source.nout;
    span_trim(&spans);
    fuzz_require(nout - middle_source.nout == (middle.spare == SPAN_NONE ? 0 : SPAN_BLOCKS),
                 "a trim gives back other spans than the spare one");
    middle.spare = SPAN_NONE;
}

static void free_all(void)
{
    for (size_t at = small_from(0); at < BYTES; at = small_from(at))
        free_small(at);
    for (uint32_t unit = middle_from(0); unit < UNITS; unit = middle_from(unit))
        free_middle((size_t)unit * SPAN_UNIT);
    trim();
    look_at_small();
    look_at_middle();
    fuzz_require(small_source.nout == 0 && middle_source.nout == 0, "blocks are lost");
}

static void work_on_small(uint8_t operation, uint8_t how, size_t where)
{
    size_t object = small_from(where % BYTES), many = (size_t)1 << operation / 16 % MANY;
    switch (operation % 4) {
    case 0: /* all sizes, and of the large ones many */
        for (size_t i = 0; i < many && make_small(1 + where % SLAB_LARGEST); i++)
            ;
        break;
    case 1: /* some objects, one behind the other or far apart */
        for (size_t i = 0; i < many && object < BYTES; i++) {
            free_small(object);
            object = small_from((object + how * (size_t)SLAB_STEP) % BYTES);
        }
        break;
    case 2: /* in an object, or right in front of one */
        if (object < BYTES)
            free_small((object + (how & 1 ? how : BYTES - SLAB_STEP)) % BYTES);
        break;
    default: /* in front of a block's first object, or anywhere */
        free_small(how & 1 ? where % BYTES : where % BLOCKS * HEAP_BLOCK_SIZE + how);
    }
    look_at_small();
}

static void work_on_middle(uint8_t operation, uint8_t how, size_t where)
{
    uint32_t unit = middle_from((uint32_t)(where % UNITS));
    size_t many = (size_t)1 << operation / 16 % 5;
    switch (operation % 4) {
    case 0:
        for (size_t i = 0; i < many && make_middle(1 + where % SPAN_LARGEST); i++)
            ;
        break;
    case 1:
        for (size_t i = 0; i < many && unit < UNITS; i++) {
            free_middle((size_t)unit * SPAN_UNIT);
            unit = middle_from((unit + how) % UNITS);
        }
        break;
    case 2:
        if (unit < UNITS)
            resize_middle(unit, 1 + (size_t)how * 40);
        break;
    default:
        free_middle(where * 64 % BYTES);
    }
    look_at_middle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    struct fuzz_input input = {data, nbytes};
    begin();
    while (input.left > 0) {
        uint8_t operation = fuzz_byte(&input), how = fuzz_byte(&input);
        size_t where = ((size_t)fuzz_byte(&input) << 8 | how) * 5;
        if (operation >= 0xf8) {
            trim();
            struct source *source = operation & 1 ? &small_source : &middle_source;
            source->until_failure = operation / 2 % 4;
            source->next = how;
        } else if (operation & 8) {
            work_on_middle(operation, how, where);
        } else {
            work_on_small(operation, how, where);
        }
    }
    free_all();
    return 0;
}
