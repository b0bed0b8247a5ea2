/*
 * The block table as a picture of cells that follows it: what each cell should show, which of them
 * have changed since they were drawn, and since when each allocation has been there. Pure: somebody
 * else draws.
 *
 * A cell stands for 1, 2, 4, .. blocks. It has the colour of the owner that most of its taken
 * blocks have (of equals the first in enum heap_owner), the paler the fewer of its blocks are
 * taken.
 */
#ifndef PLAT_SHELL_LIVE_MAP_H
#define PLAT_SHELL_LIVE_MAP_H

#include "memory/heap/block_heap.h"

/* What a cell shows: an enum heap_owner, a level in the bits above, and perhaps the cursor. */
typedef uint8_t live_cell_t;

enum {
    LIVE_OWNER = 0x0f,
    LIVE_LEVEL = 0x70,
    LIVE_LEVEL_SHIFT = 4,
    LIVE_LEVELS = 4, /* 0: free; n: at most n / 4 of the blocks are taken */
    LIVE_CURSOR = 0x80,
    LIVE_BEHIND = 0x0f,  /* behind the table's end */
    LIVE_UNKNOWN = 0xff, /* nobody knows what is shown there: differs from all others */

    LIVE_CELLS_LEAST = 8 /* fewer cells than these are no picture: zooming out ends there */
};

enum live_move { LIVE_LEFT, LIVE_RIGHT, LIVE_UP, LIVE_DOWN, LIVE_HOME, LIVE_END };

struct live_map {
    const struct block_heap *heap;
    size_t total;         /* blocks */
    size_t columns, rows; /* of cells that there is room for */
    size_t tall;    /* cells, one above the other, that are drawn together; ROWS is a multiple */
    size_t room;    /* most cells that there is ever room for */
    unsigned shift; /* a cell is 1 << SHIFT blocks */
    block_t first;  /* what the left upper cell begins with */
    block_t cursor; /* what the cell under the cursor begins with */
    live_cell_t *wanted, *shown; /* by cell of the view, row after row */
    uint32_t *what;              /* by block: length and owner of what begins there; else 0 */
    uint32_t *since; /* .. and 1 more than the ticks from START until it was seen; 0: at once */
    uint32_t start;  /* tick of the first look */
    bool looked;     /* there has been one */
    uint32_t drawn;  /* cells, ever; it wraps */
    size_t counts[HEAP_OWNERS]; /* blocks, at the last look */
};

/* How many bytes live_map_init() wants beside a table of NBLOCKS, for ROOM cells. */
size_t live_map_bytes(size_t nblocks, size_t room);

/*
 * Makes MAP one of HEAP for ROOM cells, a block each, the cursor on block 0. MEMORY has
 * live_map_bytes(), is aligned for a uint32_t, and stays the caller's. live_map_arrange() is next.
 */
void live_map_init(struct live_map *map, const struct block_heap *heap, void *memory, size_t room);

/* How many cells the table has as they are. */
static inline size_t live_map_ncells(const struct live_map *map)
{
    return (map->total + ((size_t)1 << map->shift) - 1) >> map->shift;
}

/*
 * From now on there are COLUMNS by ROWS cells, none of which is drawn; ROWS, a multiple of TALL,
 * and COLUMNS are not 0, their product is at most the room. The cursor stays where it is, in the
 * view.
 */
void live_map_arrange(struct live_map *map, size_t columns, size_t rows, size_t tall);

/* Halves or doubles how many blocks a cell is; false, and nothing done, where that can't be.
 * live_map_arrange() is next. */
MUST_USE bool live_map_zoom(struct live_map *map, bool closer);

/* Moves the cursor, not beyond the table. True where the view had to follow it, and the next look
 * says what is there. */
bool live_map_move(struct live_map *map, enum live_move move);

/* Looks at the whole table at TICK. O(runs and cells), and a word for each block of what is new. */
void live_map_look(struct live_map *map, uint32_t tick);

/*
 * The next place from *PLACE on, of MAP->tall cells, with one that differs from what is shown; it
 * counts as shown from now on. Place p is column p % columns, and rows from p / columns * tall on.
 * False where there is none.
 */
MUST_USE bool live_map_change(struct live_map *map, size_t *place);

/* What the cell at COLUMN, ROW should show. */
static inline live_cell_t live_map_cell(const struct live_map *map, size_t column, size_t row)
{
    return map->wanted[row * map->columns + column];
}

/* All is to be drawn again. */
void live_map_forget(struct live_map *map);

/* A run of the table: an allocation, or free blocks. */
struct live_run {
    block_t first;
    size_t length;
    enum heap_owner owner;
};

/* The first taken run that has a block in the cell under the cursor, or the first run at all. */
struct live_run live_map_run(const struct live_map *map);

/* How many ticks ago, at TICK, RUN was first seen; 0 where no look has seen it yet. False where it
 * was there at the first look. */
MUST_USE bool live_map_age(const struct live_map *map, const struct live_run *run, uint32_t tick,
                           uint32_t *age);

#endif
