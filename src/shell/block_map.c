/* The block table as characters. */
#include "lib/print.h"
#include "memory/kheap/kheap_look.h"
#include "shell/command.h"
#include "shell/owners.h"

enum { COLUMNS = 64 };

/* One block: its byte can be read from the character. */
static char entry_character(HEAP_BLOCK_TABLE_ENTRY entry)
{
    switch (entry) {
    case HEAP_BLOCK_TABLE_ENTRY_FREE:
        return '.';
    case HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST:
        return 'o';
    case HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_IS_FIRST | HEAP_BLOCK_HAS_NEXT:
        return '<';
    case HEAP_BLOCK_TABLE_ENTRY_TAKEN | HEAP_BLOCK_HAS_NEXT:
        return '=';
    case HEAP_BLOCK_TABLE_ENTRY_TAKEN:
        return '>';
    default:
        return '?';
    }
}

/* .. but where it is kept for reuse. */
static char block_character(block_t block)
{
    char c = entry_character(kheap()->table->entries[block]);
    bool kept = c != '.' && c != '?' && kheap_owner_of(block) == OWNER_KEPT;
    return kept ? owner_looks[OWNER_KEPT].letter : c;
}

/* The owner that most of the taken blocks from FIRST to END have, in small if some are free. */
static char cell_character(block_t first, block_t end)
{
    size_t counts[HEAP_OWNERS] = {0};
    for (block_t block = first; block < end; block++)
        counts[kheap_owner_of(block)]++;
    if (counts[OWNER_FREE] == end - first)
        return owner_looks[OWNER_FREE].letter;
    unsigned most = OWNER_FREE + 1;
    for (unsigned owner = most; owner < HEAP_OWNERS; owner++)
        if (counts[owner] > counts[most])
            most = owner;
    char letter = owner_looks[most].letter;
    bool partly = counts[OWNER_FREE] > 0 && letter != '#' && letter != '-';
    return partly ? (char)(letter | 0x20) : letter;
}

void block_map_draw(size_t first, size_t cells, size_t per_cell)
{
    const struct heap_table *table = kheap()->table;
    block_t block = first;
    bool kept = false;
    for (size_t cell = 0; cell < cells && block < table->total; cell++) {
        if (cell % COLUMNS == 0)
            kprintf("%s  %8zu %p  ", cell ? "\n" : "", block, heap_address_of(kheap(), block));
        block_t end = block + per_cell < table->total ? block + per_cell : table->total;
        char c = per_cell == 1 ? block_character(block) : cell_character(block, end);
        kept = kept || c == owner_looks[OWNER_KEPT].letter;
        print_style(c == '.' ? PRINT_GOOD : c == '#' ? PRINT_DIM : PRINT_PLAIN);
        kprintf("%c", c);
        block = end;
    }
    print_style(PRINT_PLAIN);
    if (per_cell == 1) {
        kprintf("\n  . free  o one block  < first  = inside  > last of several%s\n",
                kept ? "  - kept for reuse" : "");
        return;
    }
    kprintf("\n  a character is %zu blocks, in lower case where some are free:\n ", per_cell);
    for (unsigned owner = 0; owner < HEAP_OWNERS; owner++)
        kprintf(" %c %s%s", owner_looks[owner].letter, owner_looks[owner].name,
                owner + 1 < HEAP_OWNERS ? " " : "\n");
}
