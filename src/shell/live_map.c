/*
 * Theory. The table is walked run by run, by the lengths of its index. Blocks of a run that are in
 * the view are added up cell by cell, in their order.
 *
 * Invariant, after a look: WHAT is not 0 exactly where a run begins, and says which; SINCE says
 * when it was first seen there without a change. So a run that is new has only to clear what is
 * said about its other blocks.
 */
#include "shell/live_map.h"

#include "memory/memory.h"

enum { WHAT_OWNER_BITS = 4 };
_Static_assert((int)HEAP_OWNERS < (int)LIVE_BEHIND, "a cell has four bits for an owner");
_Static_assert(HEAP_BLOCKS_MOST <= UINT32_MAX >> WHAT_OWNER_BITS, "a word says length and owner");

size_t live_map_bytes(size_t nblocks, size_t room)
{
    return 2 * nblocks * sizeof(uint32_t) + 2 * room * sizeof(live_cell_t);
}

void live_map_init(struct live_map *map, const struct block_heap *heap, void *memory, size_t room)
{
    size_t total = block_heap_table(heap)->table->total;
    uint32_t *words = memory;
    memset(words, 0, 2 * total * sizeof *words);
    *map = (struct live_map){
        .heap = heap,
        .total = total,
        .room = room,
        .what = words,
        .since = words + total,
        .wanted = (live_cell_t *)(words + 2 * total),
        .shown = (live_cell_t *)(words + 2 * total) + room,
    };
}

void live_map_forget(struct live_map *map)
{
    memset(map->shown, LIVE_UNKNOWN, map->columns * map->rows);
}

/* The view follows the cursor by whole rows, and shows no more behind the table than it must. */
static void follow(struct live_map *map)
{
    size_t columns = map->columns, nrows = (live_map_ncells(map) + columns - 1) / columns;
    size_t row = (map->cursor >> map->shift) / columns, top = (map->first >> map->shift) / columns;
    size_t top_most = nrows > map->rows ? nrows - map->rows : 0;
    if (row < top)
        top = row;
    if (row >= top + map->rows)
        top = row - map->rows + 1;
    if (top > top_most)
        top = top_most;
    map->first = top * columns << map->shift;
}

void live_map_arrange(struct live_map *map, size_t columns, size_t rows, size_t tall)
{
    map->columns = columns;
    map->rows = rows;
    map->tall = tall;
    map->cursor = map->cursor >> map->shift << map->shift;
    follow(map);
    live_map_forget(map);
}

bool live_map_zoom(struct live_map *map, bool closer)
{
    if (closer ? map->shift == 0 : live_map_ncells(map) <= LIVE_CELLS_LEAST)
        return false;
    map->shift = closer ? map->shift - 1 : map->shift + 1;
    return true;
}

static live_cell_t *under_cursor(const struct live_map *map)
{
    return &map->wanted[(map->cursor - map->first) >> map->shift];
}

bool live_map_move(struct live_map *map, enum live_move move)
{
    block_t first = map->first;
    size_t cell = map->cursor >> map->shift, last = live_map_ncells(map) - 1;
    size_t columns = map->columns;
    *under_cursor(map) &= (live_cell_t)~LIVE_CURSOR;
    switch (move) {
    case LIVE_LEFT:
        cell -= cell > 0;
        break;
    case LIVE_RIGHT:
        cell += cell < last;
        break;
    case LIVE_UP:
        cell -= cell >= columns ? columns : 0;
        break;
    case LIVE_DOWN:
        cell += last - cell >= columns ? columns : 0;
        break;
    case LIVE_HOME:
        cell = 0;
        break;
    case LIVE_END:
        cell = last;
        break;
    }
    map->cursor = cell << map->shift;
    follow(map);
    *under_cursor(map) |= LIVE_CURSOR;
    return map->first != first;
}

/* The run that begins at BLOCK. Whatever the table says, it ends with it. */
static struct live_run run_at(const struct live_map *map, block_t block)
{
    const struct heap_table *table = block_heap_table(map->heap)->table;
    size_t length = table->runs[block].length;
    bool taken = table->entries[block] & HEAP_BLOCK_TABLE_ENTRY_TAKEN;
    unsigned owner = taken ? block_heap_owners(map->heap)[block] : OWNER_FREE;
    return (struct live_run){
        .first = block,
        .length = length == 0 || length > map->total - block ? 1 : length,
        .owner = owner < HEAP_OWNERS ? owner : OWNER_HOLE,
    };
}

static uint32_t what_of(const struct live_run *run)
{
    return (uint32_t)run->length << WHAT_OWNER_BITS | (uint32_t)run->owner;
}

static void note(struct live_map *map, const struct live_run *run, uint32_t tick)
{
    uint32_t what = what_of(run);
    if (map->what[run->first] == what)
        return;
    map->what[run->first] = what;
    map->since[run->first] = map->looked ? tick - map->start + 1 : 0;
    memset(&map->what[run->first + 1], 0, (run->length - 1) * sizeof *map->what);
}

static live_cell_t cell_of(enum heap_owner owner, size_t taken, size_t size)
{
    size_t level = owner == OWNER_FREE ? 0 : (taken * LIVE_LEVELS + size - 1) / size;
    return (live_cell_t)(owner | level << LIVE_LEVEL_SHIFT);
}

/* The cell that is being added up. */
struct tally {
    size_t cell;       /* its number in the view */
    size_t size, left; /* its blocks, and those that are still to come */
    size_t counts[HEAP_OWNERS];
};

static live_cell_t result(const struct tally *tally)
{
    enum heap_owner most = OWNER_FREE + 1;
    for (enum heap_owner owner = most; owner < HEAP_OWNERS; owner++)
        if (tally->counts[owner] > tally->counts[most])
            most = owner;
    size_t taken = tally->size - tally->counts[OWNER_FREE];
    return cell_of(taken ? most : OWNER_FREE, taken, tally->size);
}

static void begin(const struct live_map *map, struct tally *tally, size_t cell)
{
    size_t size = (size_t)1 << map->shift, behind = map->first + (cell << map->shift);
    size_t left = map->total > behind ? map->total - behind : 0; /* the last cell may be smaller */
    tally->cell = cell;
    tally->size = tally->left = size < left ? size : left;
}

/* LENGTH more blocks of the view, OWNER's. */
static void add(struct live_map *map, struct tally *tally, enum heap_owner owner, size_t length)
{
    while (length > 0) {
        size_t whole = tally->left == tally->size ? length >> map->shift : 0; /* cells */
        if (whole > 0) {
            memset(&map->wanted[tally->cell], cell_of(owner, tally->size, tally->size), whole);
            length -= whole << map->shift;
            begin(map, tally, tally->cell + whole);
            continue;
        }
        size_t part = length < tally->left ? length : tally->left;
        tally->counts[owner] += part;
        tally->left -= part;
        length -= part;
        if (tally->left == 0) {
            map->wanted[tally->cell] = result(tally);
            memset(tally->counts, 0, sizeof tally->counts);
            begin(map, tally, tally->cell + 1);
        }
    }
}

void live_map_look(struct live_map *map, uint32_t tick)
{
    size_t ncells = map->columns * map->rows, shown = ncells << map->shift;
    block_t end = map->total - map->first > shown ? map->first + shown : map->total;
    struct tally tally = {0};
    if (!map->looked)
        map->start = tick;
    memset(map->counts, 0, sizeof map->counts);
    memset(map->wanted, LIVE_BEHIND, ncells);
    begin(map, &tally, 0);
    struct live_run run;
    for (block_t block = 0; block < map->total; block += run.length) {
        run = run_at(map, block);
        note(map, &run, tick);
        map->counts[run.owner] += run.length;
        block_t from = block > map->first ? block : map->first;
        block_t to = block + run.length < end ? block + run.length : end;
        if (from < to)
            add(map, &tally, run.owner, to - from);
    }
    *under_cursor(map) |= LIVE_CURSOR;
    map->looked = true;
}

/* Whether the places of the row that begins with CELL all show what they should. */
static bool row_is_shown(const struct live_map *map, size_t cell)
{
    return memcmp(&map->wanted[cell], &map->shown[cell], map->tall * map->columns) == 0;
}

bool live_map_change(struct live_map *map, size_t *place)
{
    size_t columns = map->columns, tall = map->tall, nplaces = columns * (map->rows / tall);
    size_t column = *place % columns, row = *place / columns * tall * columns; /* its first cell */
    for (; *place < nplaces; row += tall * columns, column = 0) {
        if (column == 0 && row_is_shown(map, row)) {
            *place += columns;
            continue;
        }
        for (; column < columns; column++, ++*place) {
            uint32_t changed = 0;
            for (size_t i = 0, cell = row + column; i < tall; i++, cell += columns) {
                changed += map->wanted[cell] != map->shown[cell];
                map->shown[cell] = map->wanted[cell];
            }
            map->drawn += changed;
            if (changed)
                return true;
        }
    }
    return false;
}

struct live_run live_map_run(const struct live_map *map)
{
    block_t end = map->cursor + ((size_t)1 << map->shift), first = map->cursor;
    const HEAP_BLOCK_TABLE_ENTRY *entries = block_heap_table(map->heap)->table->entries;
    if (end > map->total)
        end = map->total;
    while (first < end && entries[first] == HEAP_BLOCK_TABLE_ENTRY_FREE)
        first++;
    if (first == end)
        first = map->cursor;
    bool taken = entries[first] & HEAP_BLOCK_TABLE_ENTRY_TAKEN;
    while (first > 0 && (taken ? !(entries[first] & HEAP_BLOCK_IS_FIRST)
                               : entries[first - 1] == HEAP_BLOCK_TABLE_ENTRY_FREE))
        first--;
    return run_at(map, first);
}

bool live_map_age(const struct live_map *map, const struct live_run *run, uint32_t tick,
                  uint32_t *age)
{
    bool seen = map->what[run->first] == what_of(run);
    uint32_t since = map->since[run->first];
    *age = seen ? tick - map->start - (since - 1) : 0;
    return !seen || since != 0;
}
