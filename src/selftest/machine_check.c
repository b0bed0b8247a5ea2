/*
 * Flips of single bits, each seen by the check and flipped back, with interrupts off: neither the
 * processor nor the timer's look may come upon them. Those that a gate or a link lead to while the
 * kernel runs are tests/boot/flips.t's.
 */
#include "case.h"
#include "cpu/cpu.h"
#include "cpu/gdt.h"
#include "cpu/probe.h"
#include "cpu/seal.h"
#include "memory/layout.h"
#include "selftest/check.h"
#include "selftest/ring3.h"

typedef uint32_t __attribute__((may_alias)) any_word;

/* Whether CHECK says something while BIT of the word at PLACE is flipped, and nothing afterwards.
 */
static bool flip_is_seen(const char *(*check)(void), void *place, int bit)
{
    volatile any_word *word = place;
    uint32_t flags = cpu_save_flags();
    *word ^= 1u << bit;
    bool seen = check() != NULL;
    *word ^= 1u << bit;
    seen = seen && !check();
    cpu_restore_flags(flags);
    return seen;
}

static const char *check_seal(void)
{
    return seal_check(&seal_kernel);
}

struct table {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

CASE(check, the_kernel_is_sound)
{
    CHECK_HOLDS(check_kernel());
}

CASE(check, every_bit_of_gates_and_segments)
{
    struct table idt, gdt;
    __asm__ volatile("sidt %0" : "=m"(idt));
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    for (uint32_t bit = 0; bit < 8u * (idt.limit + 1u); bit += 7) /* all places in an entry */
        CHECK(flip_is_seen(check_seal, (void *)(idt.base + bit / 32 * 4), bit % 32));
    for (uint32_t bit = 0; bit < 8u * (gdt.limit + 1u); bit++)
        CHECK(flip_is_seen(check_seal, (void *)(gdt.base + bit / 32 * 4), bit % 32));
}

CASE(check, every_bit_of_the_tss_but_the_kernel_stack)
{
    const struct tss *tss = gdt_interrupted_task();
    for (size_t i = 0; i < sizeof *tss / 4; i++)
        for (int bit = 0; bit < 32; bit++)
            CHECK(flip_is_seen(check_seal, (any_word *)tss + i, bit) !=
                  (i == offsetof(struct tss, esp0) / 4));
}

CASE(check, the_kernels_directory_and_tables)
{
    uint32_t *directory = paging_kernel()->directory_entry;
    uint32_t *table = (uint32_t *)(directory[0] & ~(PAGE_SIZE - 1));
    for (int bit = 0; bit < 32; bit++) {
        bool counts = bit != 5 && bit != 6; /* those are the processor's */
        CHECK_EQUAL(flip_is_seen(paging_check, &directory[800], bit), counts);
        CHECK_EQUAL(flip_is_seen(paging_check, &table[3], bit), counts);
    }
}

/* What a process's directory has of the kernel; one that says it is the process's own is foreign.
 */
static const char *check_directories(void)
{
    const char *broken = paging_check();
    return broken ? broken : process_check();
}

CASE(check, a_processs_directory)
{
    struct process *process = RING3_START(ring3_spins);
    CHECK(process);
    struct paging_4gb_chunk *chunk = process->directory;
    uint32_t *table = (uint32_t *)(chunk->directory_entry[0] & ~(PAGE_SIZE - 1));
    size_t seen = 0;
    for (int bit = 0; bit < 32; bit++) {
        seen += flip_is_seen(check_directories, &chunk->directory_entry[800], bit);
        seen += flip_is_seen(check_directories, &chunk->directory_entry[0], bit);
        seen += flip_is_seen(check_directories, &table[256], bit);
        seen += flip_is_seen(check_directories, &chunk->next, bit);
        seen += flip_is_seen(check_directories, &chunk->self, bit);
        seen += flip_is_seen(check_directories, &chunk->directory_entry, bit);
    }
    ring3_stop(process);
    CHECK_EQUAL(seen, 3 * 30 + 3 * 32);
    CHECK_HOLDS(check_kernel());
}

enum { NPROCESSES = 3 };

/* PROCESSES that are asleep; how many there are. */
static size_t start_sleepers(struct process **processes)
{
    size_t count = 0;
    while (count < NPROCESSES && (processes[count] = RING3_START(ring3_sleeps)))
        count++;
    for (int i = 0; i < 10 * NPROCESSES; i++) {
        cpu_disable_interrupts();
        process_yield();
        cpu_enable_interrupts();
    }
    return count;
}

CASE(check, every_bit_of_a_sleepers_links_and_of_what_it_is)
{
    struct process *sleepers[NPROCESSES];
    size_t count = start_sleepers(sleepers), seen = 0, flips = 0;
    const char *before = process_check();
    struct process *one = count > 1 ? sleepers[1] : process_current();
    bool asleep = one->state == PROCESS_SLEEPING;
    struct list_link *const links[] = {&one->all, &one->queue, &one->siblings, &one->children};
    for (int bit = 0; bit < 32; bit++) {
        for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
            seen += flip_is_seen(process_check, &links[i]->next, bit);
            seen += flip_is_seen(process_check, &links[i]->previous, bit);
        }
        seen += flip_is_seen(process_check, &one->pid, bit);
        seen += flip_is_seen(process_check, &one->name[4 * (bit % 8)], bit);
        seen += flip_is_seen(process_check, &one->directory, bit);
        seen += flip_is_seen(process_check, &one->stack, bit);
        seen += flip_is_seen(process_check, &one->state, bit);
        seen += flip_is_seen(process_check, &one->parent, bit);
        flips += 8 + 6;
    }
    for (size_t i = 0; i < count; i++)
        ring3_stop(sleepers[i]);
    CHECK(count == NPROCESSES && asleep);
    CHECK_HOLDS(before);
    CHECK_EQUAL(seen, flips);
    CHECK_HOLDS(process_check());
}

static struct process *queued(struct list_link *link)
{
    return LIST_ENTRY(link, struct process, queue);
}

/* Whichever fell asleep first. */
CASE(check, sleepers_out_of_order)
{
    struct process *sleepers[NPROCESSES], *second = NULL;
    size_t count = start_sleepers(sleepers);
    uint32_t flags = cpu_save_flags();
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            for (size_t k = 0; k < count; k++)
                if (sleepers[i]->queue.next == &sleepers[j]->queue &&
                    sleepers[j]->queue.next == &sleepers[k]->queue)
                    second = sleepers[j];
    const char *before = process_check(), *late = NULL, *early = NULL;
    if (second) {
        uint32_t was = second->wake_at;
        second->wake_at = queued(second->queue.next)->wake_at + 1;
        late = process_check();
        second->wake_at = queued(second->queue.previous)->wake_at - 1;
        early = process_check();
        second->wake_at = was;
    }
    cpu_restore_flags(flags);
    for (size_t i = 0; i < count; i++)
        ring3_stop(sleepers[i]);
    CHECK_EQUAL(count, NPROCESSES);
    CHECK_HOLDS(before);
    CHECK(late && early);
}
