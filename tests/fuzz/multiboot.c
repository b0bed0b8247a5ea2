/*
 * The loader's words of both kinds: the first byte says which, the rest stands at START, where
 * memory ends behind it. Each read is handed out as a piece of its own: the sanitizer sees a byte
 * that is read beyond what was asked for.
 */
#include <string.h>

#include "boot/boot_info.h"
#include "fuzz.h"

enum { START = 0x9000, PIECES_MOST = 2000000 };

static const uint8_t *picture;
static size_t nbytes_there, npieces;

static struct piece {
    struct piece *next;
    uint8_t bytes[];
} * pieces;

static const void *read(uint32_t address, uint32_t nbytes)
{
    if (address < START || address - START > nbytes_there ||
        nbytes > nbytes_there - (address - START))
        return NULL;
    fuzz_require(++npieces < PIECES_MOST, "it reads without an end");
    struct piece *piece = malloc(sizeof *piece + nbytes);
    fuzz_require(piece != NULL, "there is no memory for a piece");
    memcpy(piece->bytes, picture + (address - START), nbytes);
    piece->next = pieces;
    pieces = piece;
    return piece->bytes;
}

static bool ends(const char *text, size_t nbytes)
{
    return memchr(text, 0, nbytes) != NULL;
}

static void judge(const struct boot_info *info)
{
    const struct boot_screen *screen = &info->screen;
    fuzz_require(info->nentries <= BOOT_ENTRIES_MAX, "more entries than there is room for");
    fuzz_require(info->nmodules <= BOOT_MODULES_MAX, "more modules than there is room for");
    fuzz_require(info->nloader_ranges <= BOOT_LOADER_RANGES, "more ranges than there is room for");
    fuzz_require(ends(info->command_line, sizeof info->command_line), "a line without an end");
    fuzz_require(ends(info->loader, sizeof info->loader), "a name without an end");
    for (size_t i = 0; i < info->nmodules; i++) {
        fuzz_require(ends(info->modules[i].string, sizeof info->modules[i].string),
                     "a string without an end");
        fuzz_require(info->modules[i].start <= info->modules[i].end, "a module backwards");
    }
    for (size_t i = 0; i < info->nentries; i++)
        fuzz_require(info->entries[i].length > 0, "an entry without a length");
    if (screen->described && !screen->refused && !screen->text) {
        fuzz_require(screen->nbytes == screen->pitch * screen->height, "a screen of another size");
        fuzz_require((uint64_t)screen->address + screen->nbytes <= (uint64_t)1 << 32,
                     "a screen beyond 4 GB");
        fuzz_require(screen->width * ((screen->bits_a_pixel + 7u) / 8) <= screen->pitch,
                     "lines that overlap");
    }
    fuzz_require(info->source != BOOT_MAP_NONE || info->nentries == 0, "entries from nobody");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    static struct boot_info info;
    if (nbytes == 0)
        return 0;
    memset(&info, 0, sizeof info);
    picture = data + 1;
    nbytes_there = nbytes - 1;
    npieces = 0;
    (data[0] % 2 ? multiboot_capture : multiboot2_capture)(&info, START, read);
    judge(&info);
    while (pieces) {
        struct piece *next = pieces->next;
        free(pieces);
        pieces = next;
    }
    return 0;
}
