#include "selftest/ring3.h"

#include "cpu/cpu.h"
#include "drivers/timer.h"
#include "lib/string.h"
#include "memory/layout.h"

enum { SECONDS = 10, WORDS = 8, LINE = 64 };

const uint8_t ring3_exits_with_7[] = {0x6a, 7, RING3_CALL(SYSTEM_EXIT)}; /* push 7 */
const uint8_t ring3_spins[] = {0xeb, 0xfe};                              /* jmp $ */
const uint8_t ring3_sleeps[] = {0x68, 0,    0,
                                0,    0x7f, RING3_CALL(SYSTEM_SLEEP)}; /* push 0x7f000000 */

static int start(const struct program *program, size_t nwords, char **words,
                 struct process **process, const char **why)
{
    const struct process_order order = {.program = program,
                                        .nwords = nwords,
                                        .words = words,
                                        .parent = process_current(),
                                        .quiet = true};
    return process_create(&order, process, why);
}

static int start_flat(const void *code, size_t nbytes, struct process **process, const char **why)
{
    const struct program program = {.name = "case", .bytes = code, .nbytes = nbytes};
    return start(&program, 0, NULL, process, why);
}

struct process *ring3_start(const void *code, size_t nbytes)
{
    struct process *process;
    const char *why;
    return start_flat(code, nbytes, &process, &why) ? NULL : process;
}

int ring3_try(const void *code, size_t nbytes, const char **why)
{
    struct process *process;
    int status = start_flat(code, nbytes, &process, why);
    if (!status)
        ring3_stop(process);
    return status;
}

void ring3_stop(struct process *process)
{
    process_kill(process);
    process_forget(process);
}

static struct process_end await(struct process *process, uint32_t seconds)
{
    uint32_t begun = timer_ticks();
    while (process->state != PROCESS_ENDED) {
        if (timer_ticks() - begun > seconds * TIMER_TICKS_A_SECOND)
            process_kill(process);
        cpu_disable_interrupts();
        process_idle();
        cpu_enable_interrupts();
    }
    struct process_end end = process->end;
    process_forget(process);
    return end;
}

struct process_end ring3_run(const void *code, size_t nbytes)
{
    struct process *process = ring3_start(code, nbytes);
    return process ? await(process, SECONDS) : (struct process_end){PROCESS_KILLED, -ENOMEM};
}

bool ring3_run_program(const char *line, uint32_t seconds, struct process_end *end)
{
    char text[LINE], *words[WORDS];
    struct program program;
    struct process *process;
    const char *why;
    string_copy(text, sizeof text, line);
    size_t nwords = string_split(text, words, WORDS);
    if (!program_find(words[0], &program))
        return false;
    *end = start(&program, nwords, words, &process, &why)
               ? (struct process_end){PROCESS_KILLED, -ENOMEM}
               : await(process, seconds);
    return true;
}

/* FNV-1a. */
static uint32_t hash_word(uint32_t hash, uint32_t word)
{
    for (int i = 0; i < 4; i++, word >>= 8)
        hash = (hash ^ (word & 0xff)) * 16777619u;
    return hash;
}

static uint32_t hash_words(uint32_t hash, const void *start, size_t nbytes, uint32_t mask)
{
    const uint32_t *words = start;
    for (size_t i = 0; i < nbytes / 4; i++)
        hash = hash_word(hash, words[i] & mask);
    return hash;
}

struct descriptor_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

#define ACCESSED_AND_DIRTY 0x60u  /* of a page's entry */
#define ACCESSED           0x100u /* of a segment, in its second word; for a TSS: busy is 0x200 */

uint32_t ring3_hash_kernel(void)
{
    struct descriptor_register gdt, idt;
    __asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
    uint32_t hash = hash_words(2166136261u, kernel_start,
                               (size_t)(kernel_rodata_end - kernel_start), UINT32_MAX);
    hash = hash_words(hash, (const void *)gdt.base, gdt.limit + 1u, ~ACCESSED);
    hash = hash_words(hash, (const void *)idt.base, idt.limit + 1u, UINT32_MAX);
    const uint32_t *directory = paging_kernel()->directory_entry;
    for (uint32_t slot = 0; slot < PAGING_TOTAL_ENTRIES_PER_TABLE; slot++) {
        uint32_t entry = directory[slot] & ~ACCESSED_AND_DIRTY;
        hash = hash_word(hash, entry);
        if ((entry & PAGING_IS_PRESENT) && !(entry & PAGING_IS_LARGE) && !paging_is_reserved(slot))
            hash = hash_words(hash, (const void *)(entry & ~(PAGE_SIZE - 1)), PAGE_SIZE,
                              ~ACCESSED_AND_DIRTY);
    }
    return hash;
}
