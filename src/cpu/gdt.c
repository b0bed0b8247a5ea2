#include "cpu/gdt.h"

#include "cpu/seal.h"

/* Descriptor fields (Intel SDM, volume 3, section 3.4.5). */
#define PRESENT     0x80u
#define RING3       0x60u
#define CODE        0x1bu /* readable; accessed, so that the processor never writes it */
#define DATA        0x13u /* writable; the same */
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

static uint64_t table[] __attribute__((aligned(8))) = {
    [GDT_KERNEL_CODE / 8] = FLAT(PRESENT | CODE),
    [GDT_KERNEL_DATA / 8] = FLAT(PRESENT | DATA),
    [GDT_USER_CODE / 8] = FLAT(PRESENT | RING3 | CODE),
    [GDT_USER_DATA / 8] = FLAT(PRESENT | RING3 | DATA),
    [GDT_TSS / 8] = 0,
    [GDT_DOUBLE_FAULT / 8] = 0,
    [GDT_NOT_PRESENT / 8] = FLAT(DATA),
    [GDT_SPARE_CODE / 8] = FLAT(PRESENT | CODE),
    [GDT_SPARE_DATA / 8] = FLAT(PRESENT | DATA),
};
_Static_assert(sizeof table == 10 * 8, "a descriptor has eight bytes");

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

/* The words FIRST to END of what begins at PLACE. */
static void seal_words(const char *what, void *place, size_t first, size_t end)
{
    seal_add(&seal_kernel, (struct seal_range){.what = what,
                                               .words = (uint32_t *)place + first,
                                               .nwords = end - first,
                                               .first_entry = first,
                                               .entry_words = 1});
}

#define WORD(member) (offsetof(struct tss, member) / 4)

enum {
    TSS_WORDS = sizeof(struct tss) / 4,
    BUSY_WORD = GDT_DOUBLE_FAULT / 4 + 1 /* whether the double-fault task runs */
};

/* All but ESP0, which is another one for each process. What the processor writes when a double
 * fault switches tasks is a range of its own. */
static void seal_tables(void)
{
    seal_words("the GDT's word", table, 0, BUSY_WORD);
    seal_words("the GDT's word", table, BUSY_WORD, BUSY_WORD + 1);
    seal_words("the GDT's word", table, BUSY_WORD + 1, sizeof table / 4);
    seal_words("the TSS's word", &gdt.main, 0, WORD(esp0));
    seal_words("the TSS's word", &gdt.main, WORD(ss0), WORD(eip));
    seal_words("the TSS's word", &gdt.main, WORD(eip), WORD(ldt));
    seal_words("the TSS's word", &gdt.main, WORD(ldt), TSS_WORDS);
    seal_words("the double fault's TSS's word", &gdt.double_fault, 0, 1);
    seal_words("the double fault's TSS's word", &gdt.double_fault, 1, TSS_WORDS);
}

void gdt_double_fault_began(void)
{
    seal_open(&seal_kernel, (uint32_t *)table + BUSY_WORD);
    seal_open(&seal_kernel, &gdt.main.eip);
    seal_open(&seal_kernel, &gdt.double_fault.previous_task);
}

const char *gdt_check(void)
{
    struct descriptor_register gdtr;
    uint32_t task, local;
    __asm__("sgdt %0" : "=m"(gdtr));
    __asm__("str %0" : "=r"(task));
    __asm__("sldt %0" : "=r"(local));
    if (gdtr.base != gdt_register.base || gdtr.limit != gdt_register.limit)
        return "the processor's GDT is not the kernel's";
    if ((task & 0xffff) != GDT_TSS && (task & 0xffff) != GDT_DOUBLE_FAULT)
        return "the processor's task is not the kernel's";
    return local & 0xffff ? "the processor has an LDT" : NULL;
}

void gdt_init(void (*double_fault_entry)(void), paddr_t cr3)
{
    gdt.main = (struct tss){.ss0 = GDT_KERNEL_DATA, .io_map_offset = sizeof(struct tss)};
    gdt.double_fault = (struct tss){
        .ss0 = GDT_SPARE_DATA,
        .cr3 = cr3,
        .eip = (uint32_t)double_fault_entry,
        .eflags = 2, /* bit 1 is always set; interrupts off */
        .esp = (uint32_t)(gdt.double_fault_stack + DOUBLE_FAULT_STACK_BYTES),
        .es = GDT_SPARE_DATA,
        .cs = GDT_SPARE_CODE,
        .ss = GDT_SPARE_DATA,
        .ds = GDT_SPARE_DATA,
        .fs = GDT_SPARE_DATA,
        .gs = GDT_SPARE_DATA,
        .io_map_offset = sizeof(struct tss),
    };
    table[GDT_TSS / 8] = tss_descriptor(&gdt.main);
    table[GDT_DOUBLE_FAULT / 8] = tss_descriptor(&gdt.double_fault);
    __asm__ volatile("ltr %w0" ::"r"(GDT_TSS) : "memory");
    seal_tables();
}

void gdt_set_kernel_stack(uint32_t top)
{
    gdt.main.esp0 = top;
}

const struct tss *gdt_interrupted_task(void)
{
    return &gdt.main;
}
