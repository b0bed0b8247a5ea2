/*
 * ACPI's tables: the input is the page at 0xf0000, with its sums made right, so that what lies
 * behind them is reached. Each piece of memory is handed out as one of its own: the sanitizer sees
 * a byte that is read beyond what was asked for.
 */
#include "drivers/acpi.h"

#include <string.h>

#include "fuzz.h"

enum { START = 0xf0000, BYTES = 4096, PIECES_MOST = 100000 };

static uint8_t picture[BYTES];
static void *pieces[PIECES_MOST];
static size_t npieces;

static const void *read(uint32_t address, uint32_t nbytes)
{
    if (address < START || address - START > BYTES || nbytes > BYTES - (address - START))
        return NULL;
    fuzz_require(npieces < PIECES_MOST, "it reads without an end");
    uint8_t *piece = malloc(nbytes);
    fuzz_require(piece != NULL, "there is no memory for a piece");
    memcpy(piece, picture + (address - START), nbytes);
    pieces[npieces++] = piece;
    return piece;
}

/* Makes NBYTES from AT on add up to 0, by the byte at PLACE. */
static void add_up(size_t at, size_t nbytes, size_t place)
{
    if (at + nbytes > BYTES || place >= nbytes)
        return;
    uint8_t sum = 0;
    for (size_t i = 0; i < nbytes; i++)
        sum = (uint8_t)(sum + picture[at + i]);
    picture[at + place] = (uint8_t)(picture[at + place] - sum);
}

static void make_sums_right(void)
{
    static const char *const signatures[] = {"RSDT", "XSDT", "FACP", "DSDT", "SSDT"};
    for (size_t at = 0; at + 36 <= BYTES; at += 4) {
        uint32_t length;
        memcpy(&length, picture + at + 4, sizeof length);
        for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
            if (memcmp(picture + at, signatures[i], 4) == 0)
                add_up(at, length, 9);
        if (memcmp(picture + at, "RSD PTR ", 8) == 0) {
            memcpy(&length, picture + at + 20, sizeof length);
            add_up(at, 20, 8);
            add_up(at, length, 32);
        }
    }
}

static void check_register(struct acpi_register at)
{
    fuzz_require(at.place != ACPI_PORT || at.address <= 0xffff, "a port beyond the last");
    fuzz_require(at.place != ACPI_NOWHERE || at.address == 0, "nowhere has an address");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    static const struct boot_info info;
    const struct firmware firmware = {.sign = FIRMWARE_VECTORS};
    struct acpi acpi;
    uint8_t types[2] = {0, 0};
    memset(picture, 0, sizeof picture);
    if (nbytes > 0)
        memcpy(picture, data, nbytes < BYTES ? nbytes : BYTES);
    make_sums_right();
    acpi_find(&acpi, &info, &firmware, read);
    for (int i = 0; i < 2; i++)
        check_register(acpi.control[i]);
    check_register(acpi.sleep_control);
    check_register(acpi.reset);
    fuzz_require(acpi.fixed || !acpi.dsdt, "a DSDT from nowhere");
    fuzz_require(acpi.root || !acpi.list, "a list without a root");
    bool off = acpi.list && acpi_find_off(&acpi, types);
    fuzz_require(types[0] <= 7 && types[1] <= 7, "no such type of sleep");
    fuzz_require(off || (types[0] == 0 && types[1] == 0), "types from nowhere");
    while (npieces > 0)
        free(pieces[--npieces]);
    return 0;
}
