/*
 * AML, ACPI's bytecode (ACPI 6.5, chapter 20.2), is read just as far as this one object needs:
 *
 *     Name (_S5_, Package (count) {value, value, ..})
 *     08  [5c]  5f 53 35 5f  12  length of the package  count  element  element ..
 *
 * That it stands anywhere is no proof that the firmware would define it; but no compiler emits
 * these bytes for anything else, and all that hangs on it is which number is written to turn off.
 */
#include "drivers/acpi_private.h"

enum {
    AML_ZERO = 0x00,
    AML_ONE = 0x01,
    AML_NAME = 0x08,
    AML_BYTE = 0x0a,
    AML_WORD = 0x0b,
    AML_DWORD = 0x0c,
    AML_PACKAGE = 0x12,
    AML_ROOT = 0x5c,
    SLEEP_TYPE_MOST = 7
};

struct cursor {
    const uint8_t *at, *end;
};

static bool take(struct cursor *cursor, uint8_t *byte)
{
    if (cursor->at >= cursor->end)
        return false;
    *byte = *cursor->at++;
    return true;
}

/* The length of what follows, its own bytes included; ends CURSOR there. */
static bool take_package_length(struct cursor *cursor)
{
    const uint8_t *start = cursor->at;
    uint8_t lead, byte;
    if (!take(cursor, &lead))
        return false;
    unsigned nmore = lead >> 6;
    size_t length = nmore ? lead & 0x0f : lead & 0x3f;
    for (unsigned i = 0; i < nmore; i++) {
        if (!take(cursor, &byte))
            return false;
        length |= (size_t)byte << (4 + 8 * i);
    }
    if (length < (size_t)(cursor->at - start) || length > (size_t)(cursor->end - start))
        return false;
    cursor->end = start + length;
    return true;
}

static bool take_number(struct cursor *cursor, uint32_t *number)
{
    uint8_t kind, byte;
    if (!take(cursor, &kind))
        return false;
    *number = kind;
    if (kind == AML_ZERO || kind == AML_ONE)
        return true;
    unsigned nbytes = kind == AML_BYTE ? 1 : kind == AML_WORD ? 2 : kind == AML_DWORD ? 4 : 0;
    *number = 0;
    for (unsigned i = 0; i < nbytes; i++) {
        if (!take(cursor, &byte))
            return false;
        *number |= (uint32_t)byte << (8 * i);
    }
    return nbytes > 0;
}

/* The package behind the name: two numbers, or one that has both in its bytes. */
static bool take_types(struct cursor cursor, uint8_t types[2])
{
    uint8_t opcode, count;
    uint32_t first, second;
    if (!take(&cursor, &opcode) || opcode != AML_PACKAGE || !take_package_length(&cursor) ||
        !take(&cursor, &count) || count == 0 || !take_number(&cursor, &first))
        return false;
    if (count == 1) {
        second = first >> 8 & 0xff;
        first &= 0xff;
    } else if (!take_number(&cursor, &second)) {
        return false;
    }
    if (first > SLEEP_TYPE_MOST || second > SLEEP_TYPE_MOST)
        return false;
    types[0] = (uint8_t)first;
    types[1] = (uint8_t)second;
    return true;
}

static bool find_in(const struct acpi_header *table, uint8_t types[2])
{
    static const uint8_t name[] = {'_', 'S', '5', '_'};
    const uint8_t *code = (const uint8_t *)(table + 1);
    size_t nbytes = table->length - sizeof *table;
    for (size_t i = 1; i + sizeof name < nbytes; i++) {
        if (code[i] != name[0] || __builtin_memcmp(code + i, name, sizeof name) != 0)
            continue;
        bool named = code[i - 1] == AML_NAME ||
                     (code[i - 1] == AML_ROOT && i >= 2 && code[i - 2] == AML_NAME);
        struct cursor behind = {code + i + sizeof name, code + nbytes};
        if (named && take_types(behind, types))
            return true;
    }
    return false;
}

bool acpi_find_off(struct acpi *acpi, uint8_t types[2])
{
    const struct acpi_header *table = acpi->dsdt ? acpi_read_table(acpi, "DSDT", acpi->dsdt) : NULL;
    if (table && find_in(table, types))
        return true;
    for (size_t index = 0; (table = acpi_next_table(acpi, "SSDT", &index));)
        if (find_in(table, types))
            return true;
    return false;
}
