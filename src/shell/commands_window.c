/* What lies in the window of a heap that grows, and how it looks for a place. */
#include "drivers/console.h"
#include "lib/print.h"
#include "lib/string.h"
#include "memory/growing/growing.h"
#include "memory/kheap/kheap_look.h"
#include "shell/command.h"

enum { COLUMNS = 64, CELLS = 16 * COLUMNS, ESCAPE = 27, CTRL_C = 3 };

static bool has_heap(const struct growing_heap *heap, const char *command)
{
    if (!heap)
        kprintf("%s: kmalloc is the block table; expected: a start with heap=free_list or "
                "heap=best_fit\n",
                command);
    return heap != NULL;
}

/* -- blocks window -- */

/* CELL_BYTES, a power of two from 16 on, are a character. */
struct drawing {
    const uint8_t *start, *end, *at; /* AT: what is drawn up to */
    size_t cell_bytes;
    size_t live, headers; /* bytes of the cell at AT, so far */
};

static char character_of(const struct drawing *drawing, size_t nbytes)
{
    if (drawing->headers == nbytes)
        return drawing->live ? 'H' : 'F';
    if (drawing->live == 0)
        return '.';
    return drawing->live == nbytes ? '=' : '+';
}

/* The cell that ends at AT is known. */
static void draw_cell(struct drawing *drawing, size_t nbytes)
{
    size_t cell = (size_t)(drawing->at - drawing->start - 1) / drawing->cell_bytes;
    if (cell % COLUMNS == 0)
        kprintf("%s  %p  ", cell ? "\n" : "",
                (const void *)(drawing->start + cell * drawing->cell_bytes));
    kprintf("%c", character_of(drawing, nbytes));
    drawing->live = drawing->headers = 0;
}

/* The next NBYTES, live or free, of a header or not. */
static void draw_bytes(struct drawing *drawing, size_t nbytes, bool live, bool header)
{
    while (nbytes > 0 && drawing->at < drawing->end) {
        size_t in = (size_t)(drawing->at - drawing->start) % drawing->cell_bytes;
        size_t left = drawing->cell_bytes - in, part = nbytes < left ? nbytes : left;
        drawing->live += live ? part : 0;
        drawing->headers += header ? part : 0;
        drawing->at += part;
        nbytes -= part;
        if (part == left || drawing->at == drawing->end)
            draw_cell(drawing, in + part);
    }
}

static bool draw_piece(void *context, const struct growing_piece *piece, enum growing_verdict none)
{
    (void)none;
    struct drawing *drawing = context;
    const uint8_t *end = piece->start + piece->nbytes;
    size_t header = piece->has_header ? kheap_growing()->kind->header : 0;
    if (end <= drawing->start)
        return true;
    const uint8_t *from = piece->start > drawing->start ? piece->start : drawing->start;
    size_t gone = (size_t)(from - piece->start);
    header = gone < header ? header - gone : 0;
    draw_bytes(drawing, header, piece->live, true);
    draw_bytes(drawing, (size_t)(end - from) - header, piece->live, false);
    return drawing->at < drawing->end;
}

void window_draw(const struct growing_heap *heap, uint32_t address)
{
    if (!has_heap(heap, "blocks"))
        return;
    const uint8_t *start = heap->window->start, *end = heap->window->brk;
    if (start == end) {
        kprintf("  nothing was allocated yet: the break is at %p\n", (const void *)end);
        return;
    }
    struct drawing drawing = {.cell_bytes = GROWING_ALIGNMENT};
    if (address && (address < (uintptr_t)start || address >= (uintptr_t)end)) {
        kprintf("blocks: 0x%08x is not in the window; expected: %p to %p\n", address,
                (const void *)start, (const void *)(end - 1));
        return;
    }
    if (address)
        start = (const uint8_t *)(address & ~(uint32_t)(GROWING_ALIGNMENT - 1));
    while (!address && (size_t)(end - start) / drawing.cell_bytes > CELLS)
        drawing.cell_bytes *= 2;
    if ((size_t)(end - start) > CELLS * drawing.cell_bytes)
        end = start + CELLS * drawing.cell_bytes;
    drawing.start = drawing.at = start;
    drawing.end = end;
    bool whole =
        heap->kind->each(heap, (struct growing_visitor){.visit = draw_piece, .context = &drawing});
    kprintf("\n  a character is %zu bytes: = live  . free  + some of both", drawing.cell_bytes);
    kprintf("  H header of what is live  F of what is free\n");
    if (!whole)
        kprintf("  here a header was overwritten: what is behind it is not known\n");
}

/* -- step -- */

enum { BATCH = 32 };

/* Some pieces of a search, as they were at one moment: while somebody is waited for, others may
 * allocate and free. */
struct batch {
    size_t skip, count; /* how many are left out; how many there are behind them */
    struct growing_piece pieces[BATCH];
    enum growing_verdict verdicts[BATCH];
};

static bool gather(void *context, const struct growing_piece *piece, enum growing_verdict verdict)
{
    struct batch *batch = context;
    if (batch->skip > 0) {
        batch->skip--;
        return true;
    }
    batch->pieces[batch->count] = *piece;
    batch->verdicts[batch->count++] = verdict;
    return batch->count < BATCH;
}

static void say(const struct growing_piece *piece, enum growing_verdict verdict, size_t number,
                size_t size)
{
    kprintf("  %3zu  %p  %8zu bytes free: ", number, (const void *)piece->start, piece->nbytes);
    if (verdict == GROWING_TOO_SMALL)
        kprintf("%zu too few\n", size - piece->nbytes);
    else if (verdict == GROWING_LARGE_ENOUGH)
        kprintf("large enough; is there a smaller one?\n");
    else
        kprintf("taken, %zu are left\n", piece->nbytes - size);
}

/* Waits for a key, unless ALL are wanted; false where it is to be the last. */
static bool go_on(bool *all)
{
    int key = *all ? '\n' : console_read_key();
    *all = *all || key == 'a';
    return key != 'q' && key != ESCAPE && key != CTRL_C;
}

static void show_search(const struct growing_heap *heap, size_t size, bool all)
{
    struct batch batch;
    size_t nshown = 0;
    do {
        batch.skip = nshown;
        batch.count = 0;
        bool whole = heap->kind->search(heap, size, (struct growing_visitor){gather, &batch});
        for (size_t i = 0; i < batch.count; i++) {
            say(&batch.pieces[i], batch.verdicts[i], ++nshown, size);
            if (batch.verdicts[i] == GROWING_CHOSEN || !go_on(&all))
                return;
        }
        if (!whole) {
            kprintf("  here a header was overwritten: the search ends\n");
            return;
        }
    } while (batch.count == BATCH);
    kprintf("  none has room: the break moves up\n");
}

void command_step(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context;
    const struct growing_heap *heap = kheap_growing();
    bool all = nwords > 1;
    uint32_t nbytes;
    size_t size;
    bool right = string_to_number(words[0], true, &nbytes) && nbytes > 0;
    if (!right || (all && !string_equal(words[1], "all"))) {
        kprintf("step: %s is unknown; expected: 1 byte or more, like 100 or 64K, and perhaps all\n",
                words[right ? 1 : 0]);
        return;
    }
    if (!has_heap(heap, "step"))
        return;
    if (!growing_block_size(nbytes, heap->kind->header, &size)) {
        kprintf("step: %u bytes are more than any window has\n", nbytes);
        return;
    }
    kprintf("  %s looks for %zu bytes: %u, a header of %zu, and up to a multiple of %d\n",
            heap->kind->allocator.name, size, nbytes, heap->kind->header, GROWING_ALIGNMENT);
    if (!all)
        kprintf("  any key: the next piece   a: all of them   q: no more\n");
    show_search(heap, size, all);
}
