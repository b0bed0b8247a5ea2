#include "cpu/machine_check.h"

#include "cpu/cpu.h"
#include "lib/print.h"

/* Intel SDM, volume 3, chapter 16: "Machine-Check Architecture". */
enum {
    MSR_CAPABILITIES = 0x179, /* in the lowest byte how many banks */
    MSR_STATUS = 0x17a,
    MSR_CONTROL = 0x17b,
    MSR_BANKS = 0x400,
    CAPABLE_OF_CONTROL = 1 << 8,
    BANK_CONTROL = 0, /* of the four MSRs of a bank */
    BANK_STATUS = 1,
    BANK_ADDRESS = 2,
    BANK_MSRS = 4
};

#define STATUS_VALID   (1ull << 63)
#define STATUS_ADDRESS (1ull << 58)

static struct {
    uint32_t nbanks;
} machine_check;

static uint32_t msr_of(uint32_t bank, uint32_t which)
{
    return MSR_BANKS + bank * BANK_MSRS + which;
}

/* In family 6 before model 26 the first bank's control is the firmware's (section 16.5). */
static bool is_firmwares(const struct cpu_features *features, uint32_t bank)
{
    uint32_t family = features->signature >> 8 & 0xf;
    uint32_t model = (features->signature >> 4 & 0xf) | (features->signature >> 12 & 0xf0);
    return bank == 0 && family == 6 && model < 26;
}

void machine_check_init(const struct cpu_features *features)
{
    if (!features->mca)
        return;
    uint64_t capabilities = cpu_read_msr(MSR_CAPABILITIES);
    machine_check.nbanks = (uint32_t)capabilities & 0xff;
    if (capabilities & CAPABLE_OF_CONTROL)
        cpu_write_msr(MSR_CONTROL, UINT64_MAX);
    for (uint32_t bank = 0; bank < machine_check.nbanks; bank++) {
        if (!is_firmwares(features, bank))
            cpu_write_msr(msr_of(bank, BANK_CONTROL), UINT64_MAX);
        cpu_write_msr(msr_of(bank, BANK_STATUS), 0);
    }
    cpu_write_msr(MSR_STATUS, 0);
}

void machine_check_print(void)
{
    for (uint32_t bank = 0; bank < machine_check.nbanks; bank++) {
        uint64_t status = cpu_read_msr(msr_of(bank, BANK_STATUS));
        if (!(status & STATUS_VALID))
            continue;
        kprintf("  bank %u: status %016llx", bank, (unsigned long long)status);
        if (status & STATUS_ADDRESS)
            kprintf(", address %016llx",
                    (unsigned long long)cpu_read_msr(msr_of(bank, BANK_ADDRESS)));
        kprintf("\n");
    }
    if (machine_check.nbanks)
        cpu_write_msr(MSR_STATUS, 0); /* else another one is a reset, and no words */
}
