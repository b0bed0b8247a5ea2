#include "drivers/acpi.h"

#include "drivers/acpi_private.h"
#include "lib/string.h"

enum {
    ROOT_BYTES_1 = 20, /* of ACPI 1.0 */
    ROOT_BYTES_MOST = 4096,
    EBDA_BYTES = 1024,
    ROM_START = 0xe0000,
    ROM_END = 0x100000,
    PORT_LAST = 0xffff
};

static uint8_t sum_of(const void *start, size_t nbytes)
{
    const uint8_t *bytes = start;
    uint8_t sum = 0;
    for (size_t i = 0; i < nbytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum;
}

static bool same(const char *a, const char *b, size_t nbytes)
{
    return __builtin_memcmp(a, b, nbytes) == 0;
}

static void refuse(struct acpi *acpi, const char *signature, paddr_t address, const char *why)
{
    if (acpi->refused)
        return;
    acpi->refused = why;
    acpi->refused_at = address;
    string_copy(acpi->refused_table, sizeof acpi->refused_table, signature);
}

/* Whether a root pointer of at most MOST bytes, 20 or more, stands at ADDRESS. */
static bool is_root(struct acpi *acpi, paddr_t address, uint32_t most)
{
    const struct acpi_root_pointer *root = acpi->read(address, ROOT_BYTES_1);
    if (!root || !same(root->signature, "RSD PTR ", sizeof root->signature))
        return false;
    const char *why = NULL;
    if (sum_of(root, ROOT_BYTES_1))
        why = "its bytes do not add up to 0";
    else if (root->revision >= 2) {
        root = most < sizeof *root ? NULL : acpi->read(address, sizeof *root);
        if (!root || root->length < sizeof *root || root->length > most)
            why = "its length makes no sense";
        else if (!(root = acpi->read(address, root->length)))
            why = "it reaches beyond what is mapped";
        else if (sum_of(root, root->length))
            why = "its bytes do not add up to 0";
    }
    if (why)
        refuse(acpi, "RSD", address, why);
    return !why;
}

/* The first root pointer from START to END (exclusive); 0 without one. */
static paddr_t find_root_in(struct acpi *acpi, uint64_t start, uint64_t end)
{
    uint64_t at = start;
    while ((at = boot_find_word(at, end, "RSD ", acpi->read)) < end) {
        if (end - at >= ROOT_BYTES_1 && is_root(acpi, (paddr_t)at, ROOT_BYTES_MOST))
            return (paddr_t)at;
        at += BOOT_PARAGRAPH;
    }
    return 0;
}

static paddr_t find_root(struct acpi *acpi, const struct boot_info *info, paddr_t ebda)
{
    if (info->acpi_root && info->acpi_bytes >= ROOT_BYTES_1 &&
        is_root(acpi, info->acpi_root, info->acpi_bytes))
        return info->acpi_root;
    paddr_t root = ebda ? find_root_in(acpi, ebda, ebda + EBDA_BYTES) : 0;
    if (!root)
        root = find_root_in(acpi, ROM_START, ROM_END);
    for (size_t i = 0; i < info->nentries && !root; i++) {
        const struct boot_entry *entry = &info->entries[i];
        const uint64_t top = (uint64_t)1 << 32;
        if ((entry->type != BOOT_TYPE_ACPI && entry->type != BOOT_TYPE_NVS) || entry->base >= top)
            continue;
        uint64_t room = top - entry->base;
        uint64_t nbytes = entry->length < room ? entry->length : room;
        root = find_root_in(acpi, entry->base, entry->base + nbytes);
    }
    return root;
}

const struct acpi_header *acpi_read_table(struct acpi *acpi, const char *signature, paddr_t address)
{
    const char *why = NULL;
    const struct acpi_header *table = acpi->read(address, sizeof *table);
    if (!table)
        why = "nothing is mapped there";
    else if (!same(table->signature, signature, sizeof table->signature))
        why = "another table, or none, stands there";
    else if (table->length < sizeof *table || table->length > ACPI_TABLE_BYTES_MOST)
        why = "its length makes no sense";
    else if (!(table = acpi->read(address, table->length)))
        why = "it reaches beyond what is mapped";
    else if (sum_of(table, table->length))
        why = "its bytes do not add up to 0";
    if (why)
        refuse(acpi, signature, address, why);
    return why ? NULL : table;
}

static bool use_list(struct acpi *acpi, const char *signature, paddr_t address, size_t entry_bytes)
{
    const struct acpi_header *list = acpi_read_table(acpi, signature, address);
    if (!list)
        return false;
    acpi->list = address;
    acpi->entry_bytes = entry_bytes;
    acpi->nentries = (list->length - sizeof *list) / entry_bytes;
    return true;
}

/* Where entry INDEX of the list leads; 0 where that's above 4 GB. */
static paddr_t entry_at(const struct acpi *acpi, size_t index)
{
    uint32_t words[2] = {0, 0};
    uint32_t where =
        acpi->list + (uint32_t)(sizeof(struct acpi_header) + index * acpi->entry_bytes);
    const void *entry = acpi->read(where, (uint32_t)acpi->entry_bytes);
    if (entry)
        __builtin_memcpy(words, entry, acpi->entry_bytes);
    return words[1] ? 0 : words[0];
}

const struct acpi_header *acpi_next_table(struct acpi *acpi, const char *signature, size_t *index)
{
    while (*index < acpi->nentries) {
        paddr_t address = entry_at(acpi, (*index)++);
        const char *begin = address ? acpi->read(address, 4) : NULL;
        if (!begin || !same(begin, signature, 4))
            continue;
        const struct acpi_header *table = acpi_read_table(acpi, signature, address);
        if (table)
            return table;
    }
    return NULL;
}

/* A register by its full address if there is one, else by PORT; neither: nowhere. */
static struct acpi_register register_of(const struct acpi_address *full, uint32_t port)
{
    const struct acpi_register nowhere = {ACPI_NOWHERE, 0};
    if (full->low == 0 && full->high == 0)
        return port && port <= PORT_LAST ? (struct acpi_register){ACPI_PORT, port} : nowhere;
    if (full->high)
        return nowhere;
    if (full->space == ACPI_SPACE_MEMORY)
        return (struct acpi_register){ACPI_MEMORY, full->low};
    if (full->space == ACPI_SPACE_PORT && full->low <= PORT_LAST)
        return (struct acpi_register){ACPI_PORT, full->low};
    return nowhere;
}

/* How much of a fixed description of NBYTES bytes to believe: as much as some version has. */
static size_t known_bytes(size_t nbytes)
{
    static const uint16_t versions[] = {268, 244, 129, 116}; /* 5.0, 2.0, 1.0 with a reset, 1.0 */
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        if (nbytes >= versions[i])
            return versions[i];
    return 0;
}

static void read_fixed(struct acpi *acpi)
{
    size_t index = 0;
    const struct acpi_header *table = acpi_next_table(acpi, "FACP", &index);
    if (!table)
        return;
    struct acpi_fixed fixed = {0}; /* what an older one does not have is 0 */
    size_t nbytes = known_bytes(table->length);
    if (!nbytes) {
        refuse(acpi, "FACP", entry_at(acpi, index - 1), "it is shorter than ACPI 1.0's");
        return;
    }
    __builtin_memcpy(&fixed, table, nbytes);
    acpi->fixed = true;
    acpi->dsdt = fixed.x_dsdt_low && !fixed.x_dsdt_high ? fixed.x_dsdt_low : fixed.dsdt;
    if (fixed.flags & ACPI_REDUCED) {
        acpi->sleep_control = register_of(&fixed.sleep_control, 0);
    } else {
        acpi->control[0] = register_of(&fixed.x_pm1a_control, fixed.pm1a_control);
        acpi->control[1] = register_of(&fixed.x_pm1b_control, fixed.pm1b_control);
        acpi->status[0] = register_of(&fixed.x_pm1a_event, fixed.pm1a_event);
        acpi->status[1] = register_of(&fixed.x_pm1b_event, fixed.pm1b_event);
        acpi->events[0].at = register_of(&fixed.x_gpe0, fixed.gpe0);
        acpi->events[0].nbytes = fixed.gpe0_nbytes;
        acpi->events[1].at = register_of(&fixed.x_gpe1, fixed.gpe1);
        acpi->events[1].nbytes = fixed.gpe1_nbytes;
        if (fixed.pm_timer_nbytes == 4 || fixed.x_pm_timer.low)
            acpi->pm_timer = register_of(&fixed.x_pm_timer, fixed.pm_timer);
        acpi->pm_timer_wide = (fixed.flags & ACPI_WIDE_TIMER) != 0;
        if (fixed.smi_command <= PORT_LAST && fixed.acpi_enable) {
            acpi->smi_port = (uint16_t)fixed.smi_command;
            acpi->acpi_enable = fixed.acpi_enable;
        }
    }
    if (fixed.flags & ACPI_HAS_RESET)
        acpi->reset = register_of(&fixed.reset, 0);
    acpi->reset_value = fixed.reset_value;
    acpi->century = fixed.century;
}

static void read_hpet(struct acpi *acpi)
{
    size_t index = 0;
    const struct acpi_header *table = acpi_next_table(acpi, "HPET", &index);
    if (!table)
        return;
    if (table->length < sizeof(struct acpi_hpet)) {
        refuse(acpi, "HPET", entry_at(acpi, index - 1), "it is shorter than Intel's");
        return;
    }
    const struct acpi_address *at = &((const struct acpi_hpet *)(const void *)table)->registers;
    if (at->space == ACPI_SPACE_MEMORY && !at->high)
        acpi->hpet = at->low;
}

void acpi_find(struct acpi *acpi, const struct boot_info *info, const struct firmware *firmware,
               boot_reader read)
{
    *acpi = (struct acpi){.read = read};
    acpi->root = find_root(acpi, info, firmware->ebda);
    if (!acpi->root)
        return;
    const struct acpi_root_pointer *root = read(acpi->root, ROOT_BYTES_1);
    acpi->revision = root->revision;
    __builtin_memcpy(acpi->oem, root->oem, sizeof root->oem);
    if (root->revision >= 2) {
        const struct acpi_root_pointer *long_root = read(acpi->root, sizeof *long_root);
        if (long_root->xsdt_low && !long_root->xsdt_high)
            (void)use_list(acpi, "XSDT", long_root->xsdt_low, 8);
    }
    if (acpi->list || use_list(acpi, "RSDT", root->rsdt, 4)) {
        read_fixed(acpi);
        read_hpet(acpi);
    }
}
