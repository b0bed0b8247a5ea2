#include "boot/bios_map.h"

#define SMAP 0x534d4150u /* "SMAP" */

enum {
    ANSWERS_MAX = 1024, /* some BIOS never says that it is done */
    RECORD_BYTES_LEAST = 20
};

struct record {
    uint64_t base, length;
    uint32_t type, attributes;
};
_Static_assert(sizeof(struct record) == 24, "ACPI fixes this size");

/* Adds the BIOS's records to INFO; false where it broke off and none can be believed. */
static bool walk_e820(struct boot_info *info, bios_call call)
{
    uint32_t continuation = 0;
    for (int answers = 0; answers < ANSWERS_MAX; answers++) {
        struct bios_registers r = {
            .eax = 0xe820, .ebx = continuation, .ecx = sizeof r.record, .edx = SMAP};
        r.record[20] = 1; /* "on", for a BIOS that writes 20 bytes and says 24 */
        call(&r);
        if (r.carry)
            return answers > 0; /* the end, said in the second way there is */
        uint32_t nbytes = r.ecx & 0xff;
        if (r.eax != SMAP || nbytes < RECORD_BYTES_LEAST)
            return false;
        struct record record;
        __builtin_memcpy(&record, r.record, sizeof record);
        boot_info_add_entry(info,
                            (struct boot_entry){record.base, record.length, record.type,
                                                nbytes < sizeof record
                                                    ? BOOT_ENTRY_PLAIN
                                                    : boot_entry_state_of(record.attributes)});
        continuation = r.ebx;
        if (continuation == 0)
            return true;
    }
    return true; /* what it said a thousand times holds; the map sorts out the repetitions */
}

static void collect_e820(struct boot_info *info, bios_call call)
{
    boot_info_clear_entries(info);
    if (walk_e820(info, call) && info->nentries > 0)
        info->source = BOOT_MAP_E820;
    boot_info_drop_entries_off(info);
}

static void add_ram(struct boot_info *info, uint64_t base, uint64_t length)
{
    boot_info_add_entry(info,
                        (struct boot_entry){.base = base, .length = length, .type = BOOT_TYPE_RAM});
}

static void collect_e801(struct boot_info *info, bios_call call)
{
    struct bios_registers r = {.eax = 0xe801};
    boot_info_clear_entries(info);
    call(&r);
    if (r.carry)
        return;
    /* Some answer in AX and BX, some in CX and DX. */
    uint32_t kb_to_16mb = r.eax & 0xffff, blocks_above = r.ebx & 0xffff;
    if (kb_to_16mb == 0 && blocks_above == 0) {
        kb_to_16mb = r.ecx & 0xffff;
        blocks_above = r.edx & 0xffff;
    }
    if (kb_to_16mb == 0 || kb_to_16mb > 15 * 1024)
        return;
    add_ram(info, 0x100000, (uint64_t)kb_to_16mb << 10);
    add_ram(info, 0x1000000, (uint64_t)blocks_above << 16);
    info->source = BOOT_MAP_E801;
}

static void collect_88(struct boot_info *info, bios_call call)
{
    struct bios_registers r = {.eax = 0x8800};
    boot_info_clear_entries(info);
    call(&r);
    if (r.carry || (r.eax & 0xffff) == 0 || (r.eax & 0xffff) == 0x8800)
        return; /* no answer, or the question */
    add_ram(info, 0x100000, (uint64_t)(r.eax & 0xffff) << 10);
    info->source = BOOT_MAP_88;
}

void bios_map_collect(struct boot_info *info, enum boot_map_source newest, bios_call call)
{
    boot_info_clear_entries(info);
    if (newest <= BOOT_MAP_E820)
        collect_e820(info, call);
    if (info->source == BOOT_MAP_NONE && newest <= BOOT_MAP_E801)
        collect_e801(info, call);
    if (info->source == BOOT_MAP_NONE)
        collect_88(info, call);
    if (info->source == BOOT_MAP_NONE)
        boot_info_clear_entries(info);
}
