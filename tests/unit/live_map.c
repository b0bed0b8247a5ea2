/*
 * The live map against a picture of blocks: for each block one byte says whose it is, read off the
 * table entry by entry, and every cell is counted out of those.
 */
#include "shell/live_map.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"
#include "memory/heap/block_private.h"
#include "shell/live_colours.h"
#include "shell/owners.h"

enum { BLOCKS = ARENA_BLOCKS, ROOM = 128, GUARD = 0x5a };

static struct {
    size_t total; /* blocks */
    size_t beside[BLOCK_HEAP_BESIDE(BLOCKS) / sizeof(size_t)];
    struct block_heap *heap;
    struct live_map map;
    uint32_t memory[2 * BLOCKS + 2 * ROOM / 4 + 4];
    live_cell_t screen[ROOM]; /* what has been drawn */
    size_t columns, rows, tall;
    /* The oracle's: of each block, as it was at the last look. */
    block_t firsts[BLOCKS];
    size_t lengths[BLOCKS]; /* of the run */
    uint8_t owners[BLOCKS];
    uint32_t seen[BLOCKS]; /* tick; by the run's first block */
    bool before[BLOCKS];   /* .. which was that of the first look */
    void *pointers[BLOCKS];
} it;

/* With a table of TOTAL blocks. */
static bool begin_with(size_t total)
{
    static const size_t bytes = sizeof it.memory;
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)it.memory)[i] = GUARD;
    for (size_t i = 0; i < BLOCKS; i++) {
        it.firsts[i] = BLOCKS; /* nothing yet */
        it.pointers[i] = NULL;
    }
    it.total = total;
    if (sizeof it.beside < block_heap_bytes_beside(total) ||
        live_map_bytes(total, ROOM) > bytes - 4 ||
        !(it.heap = block_heap_create(arena, arena + total, it.beside, NULL)))
        return false;
    live_map_init(&it.map, it.heap, it.memory, ROOM);
    return true;
}

static bool begin(void)
{
    return begin_with(BLOCKS);
}

static void arrange(size_t columns, size_t rows, size_t tall)
{
    it.columns = columns;
    it.rows = rows;
    it.tall = tall;
    live_map_arrange(&it.map, columns, rows, tall);
    for (size_t i = 0; i < ROOM; i++)
        it.screen[i] = LIVE_UNKNOWN;
}

static bool in_memory(void)
{
    const uint8_t *end = (const uint8_t *)it.memory + live_map_bytes(it.total, ROOM);
    for (const uint8_t *at = end; at < (const uint8_t *)it.memory + sizeof it.memory; at++)
        if (*at != GUARD)
            return false;
    return true;
}

/* Reads the table again. What is the same run as before has been there since before. */
static void read_table(uint32_t tick, bool first_look)
{
    for (size_t block = 0, length; block < it.total; block += length) {
        const uint8_t *entry = it.heap->table.entries + block;
        uint8_t owner = entry[0] == 0 ? OWNER_FREE : it.heap->owners[block];
        length = 1;
        if (entry[0] == 0)
            while (block + length < it.total && entry[length] == 0)
                length++;
        else
            while (entry[length - 1] & 0x80)
                length++;
        bool same =
            it.firsts[block] == block && it.lengths[block] == length && it.owners[block] == owner;
        for (size_t i = 0; i < length; i++) {
            it.firsts[block + i] = block;
            it.lengths[block + i] = length;
            it.owners[block + i] = owner;
        }
        if (!same) {
            it.seen[block] = tick;
            it.before[block] = first_look;
        }
    }
}

static live_cell_t wanted(size_t place)
{
    size_t size = (size_t)1 << it.map.shift, first = it.map.first + place * size;
    size_t counts[HEAP_OWNERS] = {0}, all = 0, taken = 0, best = 0;
    unsigned owner = OWNER_FREE;
    for (size_t block = first; block < first + size && block < it.total; block++) {
        counts[it.owners[block]]++;
        all++;
        taken += it.owners[block] != OWNER_FREE;
    }
    if (all == 0)
        return LIVE_BEHIND;
    for (unsigned i = HEAP_OWNERS - 1; i > OWNER_FREE; i--)
        if (counts[i] >= best && counts[i] > 0) {
            best = counts[i];
            owner = i;
        }
    unsigned level = 0;
    while (level * all < 4 * taken)
        level++;
    bool cursor = it.map.cursor >= first && it.map.cursor < first + size;
    return (live_cell_t)(owner + level * 16 + (cursor ? 128 : 0));
}

/* Draws what changed; whether the screen then shows all as it should, by as few cells as can be. */
static bool draws(void)
{
    uint32_t before = it.map.drawn, differ = 0;
    for (size_t i = 0; i < it.columns * it.rows; i++)
        differ += wanted(i) != it.screen[i];
    size_t last = SIZE_MAX;
    for (size_t place = 0; live_map_change(&it.map, &place); place++) {
        size_t column = place % it.columns, row = place / it.columns * it.tall;
        if (place == last || row + it.tall > it.rows)
            return false;
        last = place;
        for (size_t i = 0; i < it.tall; i++)
            it.screen[(row + i) * it.columns + column] = live_map_cell(&it.map, column, row + i);
    }
    for (size_t i = 0; i < it.columns * it.rows; i++)
        if (it.screen[i] != wanted(i))
            return false;
    return it.map.drawn - before == differ && in_memory();
}

static bool look(uint32_t tick)
{
    bool first = !it.map.looked;
    live_map_look(&it.map, tick);
    read_table(tick, first);
    size_t counts[HEAP_OWNERS] = {0};
    for (size_t block = 0; block < it.total; block++)
        counts[it.owners[block]]++;
    for (unsigned owner = 0; owner < HEAP_OWNERS; owner++)
        if (counts[owner] != it.map.counts[owner])
            return false;
    return draws();
}

/* Whether each run is as old as it should be, at TICK. */
static bool ages(uint32_t tick)
{
    for (size_t block = 0; block < it.total; block += it.lengths[block]) {
        uint32_t age = 0;
        struct live_run run = {block, it.lengths[block], it.owners[block]};
        bool known = live_map_age(&it.map, &run, tick, &age);
        if (known == it.before[block] || (known && age != tick - it.seen[block]))
            return false;
    }
    return true;
}

static uint32_t state = 1;
static uint32_t pick(uint32_t below)
{
    state = state * 1664525 + 1013904223;
    return (state >> 16) % below;
}

/* Takes or frees something. */
static bool operate(void)
{
    void **pointer = &it.pointers[pick(BLOCKS)];
    if (*pointer) {
        bool freed = block_heap_free(it.heap, *pointer) == HEAP_FREED;
        *pointer = NULL;
        return freed;
    }
    static const enum heap_owner owners[] = {OWNER_KERNEL, OWNER_PAGING, OWNER_SHELL, OWNER_WINDOW,
                                             OWNER_PROCESS};
    *pointer = pick(4) ? block_heap_malloc_for(it.heap, owners[pick(5)], 1 + pick(5 * 4096))
                       : block_heap_malloc(it.heap, 1 + pick(9000));
    return true;
}

CASE(live_map, cells_are_the_owners_of_their_blocks)
{
    static const size_t grids[][3] = {{8, 8, 1}, {16, 4, 2}, {5, 7, 1}, {3, 4, 2},
                                      {1, 1, 1}, {64, 2, 2}, {7, 2, 1}};
    for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++)
        for (unsigned shift = 0; shift < 4; shift++) {
            CHECK(begin_with(i % 2 ? BLOCKS : BLOCKS - 3)); /* the last cell may be smaller */
            for (unsigned zooms = 0; zooms < shift; zooms++)
                CHECK(live_map_zoom(&it.map, false));
            arrange(grids[i][0], grids[i][1], grids[i][2]);
            for (uint32_t tick = 100; tick < 160; tick++) {
                CHECK(look(tick));
                CHECK(draws()); /* nothing more */
                CHECK(operate() && operate());
                live_map_move(&it.map, (enum live_move)pick(6));
            }
            CHECK_HOLDS(block_heap_check(it.heap));
        }
}

CASE(live_map, holes_and_kept_blocks_are_shown)
{
    CHECK(begin());
    CHECK_EQUAL(block_heap_take(it.heap, 10, 20), 0);
    void *run = block_heap_malloc_for(it.heap, OWNER_SHELL, 2 * 4096);
    CHECK(run != NULL);
    CHECK_EQUAL(block_heap_free(it.heap, run), HEAP_FREED);
    arrange(8, 8, 1);
    CHECK(look(0));
    CHECK_EQUAL(it.map.counts[OWNER_HOLE], 10);
    CHECK_EQUAL(it.map.counts[OWNER_KEPT], 2);
    CHECK_EQUAL(live_map_cell(&it.map, 2, 1), OWNER_HOLE | LIVE_LEVELS << LIVE_LEVEL_SHIFT);
    CHECK_EQUAL(live_map_cell(&it.map, 4, 2), OWNER_FREE);
}

CASE(live_map, runs_are_as_old_as_they_have_been_seen)
{
    CHECK(begin());
    arrange(8, 8, 1);
    for (int i = 0; i < 20; i++)
        CHECK(operate());
    CHECK(look(UINT32_MAX - 5)); /* ticks wrap */
    CHECK(ages(UINT32_MAX - 5));
    CHECK(operate() && operate());
    CHECK(look(UINT32_MAX - 5));
    CHECK(ages(UINT32_MAX - 5));
    for (uint32_t tick = UINT32_MAX - 4; tick != 300; tick++) {
        CHECK(operate() && operate());
        CHECK(look(tick));
        CHECK(ages(tick + pick(3)));
    }
}

/* A block whose run becomes a part of another one, and a run again, is a new one. */
CASE(live_map, what_is_the_same_again_is_new)
{
    CHECK(begin());
    arrange(8, 8, 1);
    void *a = block_heap_malloc_for(it.heap, OWNER_SHELL, 4096);
    void *b = block_heap_malloc_for(it.heap, OWNER_SHELL, 4096);
    struct live_run run = {heap_block_of(&it.heap->heap, b), 1, OWNER_SHELL};
    uint32_t age;
    CHECK(a && b && look(10));
    CHECK(!live_map_age(&it.map, &run, 11, &age));
    CHECK_EQUAL(block_heap_free(it.heap, a), HEAP_FREED);
    CHECK_EQUAL(block_heap_free(it.heap, b), HEAP_FREED);
    (void)block_heap_trim(it.heap);
    CHECK(look(20));
    a = block_heap_malloc_for(it.heap, OWNER_SHELL, 4096);
    b = block_heap_malloc_for(it.heap, OWNER_SHELL, 4096);
    CHECK_EQUAL(heap_block_of(&it.heap->heap, b), run.first);
    CHECK(live_map_age(&it.map, &run, 25, &age)); /* nobody has looked yet */
    CHECK_EQUAL(age, 0);
    CHECK(look(30));
    CHECK(live_map_age(&it.map, &run, 31, &age));
    CHECK_EQUAL(age, 1);
}

CASE(live_map, the_cursor_stays_in_table_and_view)
{
    CHECK(begin());
    static const struct {
        size_t columns, rows;
        unsigned zooms;
    } grids[] = {{8, 8, 0}, {5, 3, 0}, {7, 2, 0}, {7, 2, 1}, {3, 20, 0}, {64, 1, 0}, {1, 3, 0}};
    for (int i = 0; i < 3; i++)
        CHECK(live_map_zoom(&it.map, false));
    CHECK_EQUAL(live_map_ncells(&it.map), LIVE_CELLS_LEAST);
    CHECK(!live_map_zoom(&it.map, false));
    for (int i = 0; i < 3; i++)
        CHECK(live_map_zoom(&it.map, true));
    CHECK(!live_map_zoom(&it.map, true));
    for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++) {
        CHECK(begin());
        CHECK(grids[i].zooms == 0 || live_map_zoom(&it.map, false));
        arrange(grids[i].columns, grids[i].rows, 1);
        CHECK(look(0));
        size_t columns = grids[i].columns, size = (size_t)1 << grids[i].zooms,
               ncells = BLOCKS / size;
        size_t at = 0;
        for (int step = 0; step < 300; step++) {
            enum live_move move = (enum live_move)pick(step % 50 ? 4 : 6);
            block_t first = it.map.first;
            bool moved = live_map_move(&it.map, move);
            if (move == LIVE_LEFT && at > 0)
                at--;
            else if (move == LIVE_RIGHT && at < ncells - 1)
                at++;
            else if (move == LIVE_UP && at >= columns)
                at -= columns;
            else if (move == LIVE_DOWN && at + columns < ncells)
                at += columns;
            else if (move == LIVE_HOME)
                at = 0;
            else if (move == LIVE_END)
                at = ncells - 1;
            CHECK_EQUAL(it.map.cursor, at * size);
            CHECK(it.map.first <= at * size);
            CHECK(at * size < it.map.first + columns * grids[i].rows * size);
            CHECK_EQUAL(it.map.first % (columns * size), 0);
            CHECK_EQUAL(moved, it.map.first != first);
            CHECK(moved ? look(1) : draws()); /* the cursor moves without a look */
        }
    }
}

CASE(live_map, zooming_keeps_the_cursor)
{
    CHECK(begin());
    for (int i = 0; i < 30; i++)
        CHECK(operate());
    arrange(8, 2, 2);
    CHECK(look(0));
    for (int i = 0; i < 37; i++)
        live_map_move(&it.map, LIVE_RIGHT);
    CHECK(look(1));
    CHECK(live_map_zoom(&it.map, false));
    arrange(8, 2, 2);
    CHECK_EQUAL(it.map.cursor, 36);
    CHECK(look(2));
    CHECK(live_map_zoom(&it.map, true));
    arrange(4, 2, 1);
    CHECK_EQUAL(it.map.cursor, 36);
    CHECK(look(3));
}

/* A view that was scrolled shows no more behind the table than it must when a row holds more. */
CASE(live_map, a_view_that_grows_stays_full)
{
    CHECK(begin());
    arrange(8, 2, 1);
    CHECK(look(0));
    CHECK(live_map_move(&it.map, LIVE_END));
    CHECK(look(1));
    CHECK_EQUAL(it.map.first, 48);
    arrange(8, 4, 1);
    CHECK_EQUAL(it.map.first, 32);
    CHECK(look(2));
    arrange(8, 16, 1);
    CHECK_EQUAL(it.map.first, 0);
    CHECK(look(3));
}

/* The run under the cursor: the first that is taken in its cell, or else the free one. */
CASE(live_map, the_run_under_the_cursor_is_found_from_any_block)
{
    for (unsigned zooms = 0; zooms < 4; zooms++) {
        CHECK(begin_with(BLOCKS - 3));
        for (int i = 0; i < 9; i++) /* the end stays free */
            CHECK(operate());
        for (unsigned i = 0; i < zooms; i++)
            CHECK(live_map_zoom(&it.map, false));
        arrange(8, 8, 1);
        CHECK(look(0));
        for (size_t cell = 0; cell < live_map_ncells(&it.map); cell++) {
            block_t block = it.map.cursor, end = block + ((size_t)1 << zooms);
            while (block < end && block < it.total && it.owners[block] == OWNER_FREE)
                block++;
            block = block == end || block == it.total ? it.map.cursor : block;
            struct live_run run = live_map_run(&it.map);
            CHECK_EQUAL(run.first, it.firsts[block]);
            CHECK_EQUAL(run.length, it.lengths[block]);
            CHECK_EQUAL(run.owner, it.owners[block]);
            live_map_move(&it.map, LIVE_RIGHT);
        }
    }
}

/* A broken index or tag shows something, and nothing beyond the table is read or written. */
CASE(live_map, a_broken_table_is_shown_too)
{
    CHECK(begin());
    for (int i = 0; i < 20; i++)
        CHECK(operate());
    arrange(8, 8, 1);
    for (int i = 0; i < 200; i++) {
        it.heap->table.runs[pick(BLOCKS)].length = pick(3) ? pick(2 * BLOCKS) : UINT32_MAX;
        it.heap->owners[pick(BLOCKS)] = (uint8_t)pick(256);
        live_map_look(&it.map, (uint32_t)i);
        size_t sum = 0;
        for (unsigned owner = 0; owner < HEAP_OWNERS; owner++)
            sum += it.map.counts[owner];
        CHECK_EQUAL(sum, BLOCKS);
        CHECK(in_memory());
    }
}

static int part(rgb_t colour, unsigned i)
{
    return (int)(colour >> 8 * i & 0xff);
}

static int apart(rgb_t a, rgb_t b)
{
    int sum = 0;
    for (unsigned i = 0; i < 3; i++)
        sum += (part(a, i) - part(b, i)) * (part(a, i) - part(b, i));
    return sum;
}

CASE(live_map, colours_go_from_free_to_the_owners_own)
{
    for (unsigned owner = 0; owner < HEAP_OWNERS; owner++) {
        rgb_t whole = owner_looks[owner].colour, none = owner_looks[OWNER_FREE].colour;
        CHECK_EQUAL(live_colour((live_cell_t)(owner | 4 << 4)), whole);
        for (unsigned level = 1; level < 4; level++) {
            rgb_t paler = live_colour((live_cell_t)(owner | level << 4));
            rgb_t fuller = live_colour((live_cell_t)(owner | (level + 1) << 4));
            for (unsigned i = 0; i < 3; i++) {
                int a = part(none, i), b = part(whole, i), p = part(paler, i), f = part(fuller, i);
                CHECK(a <= b ? a <= p && p <= f && f <= b : a >= p && p >= f && f >= b);
            }
            CHECK(owner == OWNER_FREE || paler != fuller);
            CHECK_EQUAL(live_colour((live_cell_t)(owner | level << 4 | LIVE_CURSOR)), paler);
        }
    }
    CHECK_EQUAL(live_colour(LIVE_BEHIND), 0);
}

/* xterm's palette, in its own words: 6 shades 0, 95, 135, .. 255, then greys 8, 18, .. 238. */
static rgb_t xterm(unsigned number)
{
    unsigned cube = number - 16, grey = 8 + (number - 232) * 10;
    if (number >= 232)
        return grey << 16 | grey << 8 | grey;
    rgb_t colour = 0;
    for (unsigned i = 0; i < 3; i++, cube /= 6)
        colour |= (cube % 6 ? 55 + cube % 6 * 40 : 0) << 8 * i;
    return colour;
}

CASE(live_map, few_colours_are_near_and_apart)
{
    for (unsigned owner = 0; owner < HEAP_OWNERS; owner++) {
        rgb_t colour = owner_looks[owner].colour;
        unsigned got = live_colour_of_256(colour);
        for (unsigned number = 16; number < 256; number++)
            CHECK(apart(xterm(got), colour) <= apart(xterm(number), colour));
        CHECK(live_colour_of_16(owner) < 15);
        for (unsigned other = 0; other < owner; other++) {
            CHECK(live_colour_of_256(owner_looks[other].colour) != got);
            CHECK(live_colour_of_16(owner) != live_colour_of_16(other));
        }
    }
    for (unsigned number = 16; number < 256; number++)
        CHECK_EQUAL(apart(xterm(live_colour_of_256(xterm(number))), xterm(number)), 0);
    /* Those that people would choose. */
    CHECK_EQUAL(live_colour_of_16(OWNER_FREE), 0);
    CHECK_EQUAL(live_colour_of_16(OWNER_HOLE), 8);
    CHECK_EQUAL(live_colour_of_16(OWNER_KERNEL), 6);
    CHECK_EQUAL(live_colour_of_16(OWNER_SHELL), 14);
    CHECK_EQUAL(live_colour_of_16(OWNER_PROCESS), 2);
}
