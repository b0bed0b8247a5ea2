/* Intel MultiProcessor Specification 1.4, chapter 4.1, "MP Floating Pointer Structure". */
#include "drivers/mp_table.h"

enum {
    KB = 1024,
    PARAGRAPHS_MOST = 16, /* there has been no version with more than one */
    ROM_START = 0xf0000,
    ROM_END = 0x100000,
    FEATURE_IMCR = 0x80 /* of the second byte */
};

struct pointer {
    char signature[4]; /* "_MP_" */
    uint32_t table;
    uint8_t nparagraphs;
    uint8_t revision;
    uint8_t sum; /* makes all of it add up to 0 */
    uint8_t features[5];
};
_Static_assert(sizeof(struct pointer) == BOOT_PARAGRAPH, "the specification fixes this size");

static bool adds_up(boot_reader read, uint32_t address, uint32_t nbytes)
{
    const uint8_t *bytes = read(address, nbytes);
    uint8_t sum = 0;
    for (uint32_t i = 0; bytes && i < nbytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return bytes && sum == 0;
}

/* The first one from START to END. */
static const struct pointer *find_in(boot_reader read, uint32_t start, uint32_t end)
{
    uint64_t at = start;
    while ((at = boot_find_word(at, end, "_MP_", read)) < end) {
        const struct pointer *pointer = read((uint32_t)at, sizeof *pointer);
        if (pointer && pointer->nparagraphs >= 1 && pointer->nparagraphs <= PARAGRAPHS_MOST &&
            adds_up(read, (uint32_t)at, pointer->nparagraphs * (uint32_t)BOOT_PARAGRAPH))
            return pointer;
        at += BOOT_PARAGRAPH;
    }
    return NULL;
}

bool mp_table_has_imcr(const struct firmware *firmware, boot_reader read)
{
    const struct pointer *pointer = NULL;
    if (firmware->ebda)
        pointer = find_in(read, firmware->ebda, firmware->ebda + KB);
    for (uint32_t top = 640; !firmware->ebda && !pointer && top >= 512; top -= 128)
        pointer = find_in(read, (top - 1) * KB, top * KB);
    if (!pointer)
        pointer = find_in(read, ROM_START, ROM_END);
    return pointer && (pointer->features[1] & FEATURE_IMCR);
}
