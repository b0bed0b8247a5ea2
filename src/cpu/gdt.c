#include "cpu/gdt.h"

/* Descriptor fields (Intel SDM, volume 3, section 3.4.5). */
#define PRESENT     0x80u
#define RING3       0x60u
#define CODE        0x1au /* readable */
#define DATA        0x12u /* writable */
#define TSS_32      0x09u /* available */
#define FLAT_32_BIT 0xcu  /* limit in pages, 32-bit operands */

/* A descriptor for the 4 GB from address 0; its limit is 0xfffff pages. */
#define FLAT(access)                                                                               \
    (0xffffULL | (uint64_t)(access) << 40 | 0xfULL << 48 | (uint64_t)FLAT_32_BIT << 52)

enum { DOUBLE_FAULT_STACK_BYTES = 4096 };

struct descriptor_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static uint64_t table[] = {
    [GDT_KERNEL_CODE / 8] = FLAT(PRESENT | CODE),
    [GDT_KERNEL_DATA / 8] = FLAT(PRESENT | DATA),
    [GDT_USER_CODE / 8] = FLAT(PRESENT | RING3 | CODE),
    [GDT_USER_DATA / 8] = FLAT(PRESENT | RING3 | DATA),
    [GDT_TSS / 8] = 0,
    [GDT_DOUBLE_FAULT / 8] = 0,
    [GDT_NOT_PRESENT / 8] = FLAT(DATA),
};
_Static_assert(sizeof table == 8 * 8, "a descriptor has eight bytes");

/* What lgdt reads; the boot stub uses it too. */
const struct descriptor_register gdt_register = {sizeof table - 1, (uint32_t)table};
_Static_assert(sizeof(struct descriptor_register) == 6, "lgdt reads six bytes");

static struct {
    struct tss main;
    struct tss double_fault;
    uint8_t double_fault_stack[DOUBLE_FAULT_STACK_BYTES] __attribute__((aligned(16)));
} gdt;

static uint64_t tss_descriptor(const struct tss *tss)
{
    uint64_t base = (uint32_t)tss;
    return (sizeof *tss - 1) | (base & 0xffffff) << 16 | (uint64_t)(PRESENT | TSS_32) << 40 |
           (base >> 24) << 56;
}

void gdt_init(void (*double_fault_entry)(void), paddr_t cr3)
{
    gdt.main = (struct tss){.ss0 = GDT_KERNEL_DATA, .io_map_offset = sizeof(struct tss)};
    gdt.double_fault = (struct tss){
        .ss0 = GDT_KERNEL_DATA,
        .cr3 = cr3,
        .eip = (uint32_t)double_fault_entry,
        .eflags = 2, /* bit 1 is always set; interrupts off */
        .esp = (uint32_t)(gdt.double_fault_stack + DOUBLE_FAULT_STACK_BYTES),
        .es = GDT_KERNEL_DATA,
        .cs = GDT_KERNEL_CODE,
        .ss = GDT_KERNEL_DATA,
        .ds = GDT_KERNEL_DATA,
        .fs = GDT_KERNEL_DATA,
        .gs = GDT_KERNEL_DATA,
        .io_map_offset = sizeof(struct tss),
    };
    table[GDT_TSS / 8] = tss_descriptor(&gdt.main);
    table[GDT_DOUBLE_FAULT / 8] = tss_descriptor(&gdt.double_fault);
    __asm__ volatile("ltr %w0" ::"r"(GDT_TSS) : "memory");
}

void gdt_set_kernel_stack(uint32_t top)
{
    gdt.main.esp0 = top;
}

const struct tss *gdt_interrupted_task(void)
{
    return &gdt.main;
}
