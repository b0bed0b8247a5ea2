#include "user/programs/hostile/attack.h"

uint8_t edge[EDGE_BYTES] __attribute__((aligned(EDGE_BYTES), section(".bss.edge")));

/* Kernel, devices, nobody's; see memory/layout.h. Pages next to each other are not the program's.
 */
const uint32_t bad_addresses[] = {
    0,          1,          0xffc,      0xfff,      0x1000,     0x7e00,     0xb8000,    0xffffe,
    0x100000,   0x200000,   0x3faffc,   0x3fafff,   0x00fffffc, 0x01000000, 0x7fffffff, 0x80000000,
    0xcffffffe, 0xd0000000, 0xfee00000, 0xfffff000, 0xfffffff0, 0xfffffffc, 0xfffffffe, 0xffffffff,
};
const size_t nbad_addresses = LENGTH(bad_addresses);

int attack_got_through(const char *file, int line, const char *condition)
{
    printf("hostile: %s:%d: not so: %s\n", file, line, condition);
    return GOT_THROUGH;
}

int attack_start(const char *name, uint32_t argument, uint32_t second)
{
    char line[96];
    format_text(line, sizeof line, "hostile %s 0x%x 0x%x", name, argument, second);
    return run(line);
}

bool attack_run(const char *name, uint32_t argument, uint32_t second, struct process_end *end)
{
    int pid = attack_start(name, argument, second);
    return pid > 0 && wait(pid, end) == pid;
}

bool attack_refused(int pid)
{
    struct process_end end;
    return wait(pid, &end) == pid && exited_with(&end, REFUSED);
}

/* CPUID is there where the flag ID can be changed, which every ring may do. */
static bool has_cpuid(void)
{
    const uint32_t flag = 1u << 21;
    uint32_t before, after;
    __asm__ volatile("pushfl; popl %0; movl %0, %1; xorl %2, %1; pushl %1; popfl; pushfl; popl %1;"
                     "pushl %0; popfl"
                     : "=&r"(before), "=&r"(after)
                     : "i"(flag)
                     : "cc");
    return ((before ^ after) & flag) != 0;
}

bool processor_is_emulated(void)
{
    const uint32_t hypervisor = 1u << 31, leaf = 0x40000000u;
    uint32_t eax = 1, ebx, ecx = 0, edx;
    if (!has_cpuid())
        return false;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    if (!(ecx & hypervisor))
        return false;
    eax = leaf;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    char name[13] = "";
    const uint32_t words[] = {ebx, ecx, edx};
    memcpy(name, words, sizeof words);
    return string_equal(name, "TCGTCGTCGTCG");
}

uint32_t free_blocks(void)
{
    struct memory_information information = {0, 0, 0};
    system_memory(&information);
    return information.free;
}

/* Marsaglia's xorshift; *STATE is never 0. */
uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}
