/*
 * The worst single operation, in instructions. The stream is done several times with the clock read
 * around each operation; those that always took longest are done once more, counted: the processor
 * traps behind each instruction, and the signal's handler counts. (A trap takes so long that not
 * all operations can be counted.) All instructions are counted, also those that write table
 * entries; of one that repeats itself to move or fill bytes only the first time.
 */
#define _GNU_SOURCE /* names for the registers */
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

#include "bench.h"

enum { OPERATIONS = 100000, TURNS = 5, COUNTED = 40 };

#define TRAP_FLAG 0x100u /* of the flags */

#ifdef __x86_64__
#define PROGRAM_COUNTER REG_RIP
#define read_flags      __builtin_ia32_readeflags_u64
#define write_flags     __builtin_ia32_writeeflags_u64
#else
#define PROGRAM_COUNTER REG_EIP
#define read_flags      __builtin_ia32_readeflags_u32
#define write_flags     __builtin_ia32_writeeflags_u32
#endif

/* -- The clock: for each operation the shortest time of all turns -- */

static uint32_t shortest[OPERATIONS], threshold;
static size_t operation; /* the next one's number */
static bool counting;
static uint64_t begun;

static int compare(const void *a, const void *b)
{
    uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    return (first < second) - (first > second);
}

/* Of the longest COUNTED operations the shortest time. */
static uint32_t find_threshold(void)
{
    static uint32_t sorted[OPERATIONS];
    for (size_t i = 0; i < OPERATIONS; i++)
        sorted[i] = i < operation ? shortest[i] : 0;
    qsort(sorted, OPERATIONS, sizeof sorted[0], compare);
    return sorted[COUNTED - 1];
}

/* -- Steps -- */

static volatile long count, most, empty;
static volatile greg_t last;

static void behind_instruction(int signal_number, siginfo_t *info, void *context)
{
    greg_t at = ((ucontext_t *)context)->uc_mcontext.gregs[PROGRAM_COUNTER];
    (void)signal_number;
    (void)info;
    count += at != last;
    last = at;
}

static void begin(void)
{
    if (!counting) {
        begun = __builtin_ia32_rdtsc();
    } else if (operation < OPERATIONS && shortest[operation] >= threshold) {
        count = 0;
        write_flags(read_flags() | TRAP_FLAG);
    }
}

static void end(void)
{
    if (counting) {
        write_flags(read_flags() & ~(size_t)TRAP_FLAG);
        if (count > most)
            most = count;
    } else if (operation < OPERATIONS) {
        uint64_t took = __builtin_ia32_rdtsc() - begun;
        if (took < shortest[operation])
            shortest[operation] = (uint32_t)took;
    }
    operation++;
}

static const struct allocator *stepped, *measured;
static struct allocator stepping;

static void *step_get(void *heap, size_t nbytes)
{
    begin();
    void *pointer = stepped->get_in(heap, nbytes);
    end();
    return pointer;
}

static int step_put(void *heap, void *pointer)
{
    begin();
    int refusal = stepped->put_in(heap, pointer);
    end();
    return refusal;
}

static void *step_resize(void *heap, void *pointer, size_t nbytes)
{
    begin();
    void *moved = stepped->resize_in(heap, pointer, nbytes);
    end();
    return moved;
}

static void *step_get_aligned(void *heap, size_t alignment, size_t nbytes)
{
    begin();
    void *pointer = stepped->get_aligned_in(heap, alignment, nbytes);
    end();
    return pointer;
}

static void *get_nothing(void *heap, size_t nbytes)
{
    (void)nbytes;
    return heap;
}

/* What an empty call takes, to be taken off all the others. */
static long count_nothing(void)
{
    const struct allocator nobody = {.get_in = get_nothing};
    uint32_t was = shortest[0];
    stepped = &nobody;
    most = 0;
    operation = 0;
    shortest[0] = threshold;
    (void)step_get(NULL, 1);
    shortest[0] = was;
    return most;
}

static void step_from_here(void)
{
    empty = counting ? count_nothing() : 0;
    stepped = measured;
    most = 0;
    operation = 0;
    stepping.get_in = step_get;
    stepping.put_in = step_put;
    stepping.resize_in = step_resize;
    stepping.get_aligned_in = step_get_aligned;
}

static void step_no_more(void)
{
    stepping = *measured;
}

static void turn(const struct stream *stream)
{
    struct run run = {.allocator = &stepping, .stream = stream, .limit = OPERATIONS};
    stepping = *measured;
    run_once(&run, step_from_here, step_no_more);
}

void measure_worst(const struct stream *stream, const struct allocator *allocator,
                   struct result *result)
{
    struct sigaction action = {.sa_sigaction = behind_instruction, .sa_flags = SA_SIGINFO};
    measured = allocator;
    counting = false;
    for (size_t i = 0; i < OPERATIONS; i++)
        shortest[i] = UINT32_MAX;
    for (int i = 0; i < TURNS; i++)
        turn(stream);
    threshold = find_threshold();
    counting = true;
    (void)sigaction(SIGTRAP, &action, NULL);
    turn(stream);
    (void)signal(SIGTRAP, SIG_DFL);
    result->worst = (double)(most - empty);
}
