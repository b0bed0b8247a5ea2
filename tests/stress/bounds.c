/*
 * What block_heap.h promises of each call, counted: the processor traps behind every instruction,
 * and the signal's handler counts. An instruction that repeats itself to fill or move bytes counts
 * once. Nothing here looks at a clock.
 */
#define _GNU_SOURCE /* names for the registers */
#include <signal.h>
#include <ucontext.h>

#include "case.h"
#include "memory/heap/block_private.h"

#ifdef __x86_64__
#define PROGRAM_COUNTER REG_RIP
#define read_flags      __builtin_ia32_readeflags_u64
#define write_flags     __builtin_ia32_writeeflags_u64
#else
#define PROGRAM_COUNTER REG_EIP
#define read_flags      __builtin_ia32_readeflags_u32
#define write_flags     __builtin_ia32_writeeflags_u32
#endif

enum {
    TRAP_FLAG = 0x100,
    BLOCKS = 25600,
    MANY = 900000, /* as many as 32 bits have room for beside the program */
    LIVE = 60000,
    ENTRIES_AN_INSTRUCTION = 2 /* at least, where entries are written */
};

/* Nothing is behind these blocks: the heap does not touch them. The program lies below. */
#define START ((void *)0x10000000)

static struct block_heap *heap;
static void *live[LIVE];
static size_t nlive;
static uint32_t seed;

/* -- Counting -- */

static volatile long count;
static volatile greg_t last;

static void behind_instruction(int number, siginfo_t *info, void *context)
{
    greg_t at = ((ucontext_t *)context)->uc_mcontext.gregs[PROGRAM_COUNTER];
    (void)number, (void)info;
    count += at != last;
    last = at;
}

/* A call: what is asked, and what it answered. */
struct call {
    enum { MALLOC, FREE, ALIGNED, RESIZE } what;
    void *pointer;
    size_t nbytes, alignment;
    bool served;
    long instructions;
};

static __attribute__((noinline)) void perform(struct call *call)
{
    if (call->what == MALLOC)
        call->pointer = block_heap_malloc(heap, call->nbytes);
    else if (call->what == ALIGNED)
        call->pointer = block_heap_malloc_aligned(heap, call->nbytes, call->alignment);
    else if (call->what == FREE)
        call->served = block_heap_free(heap, call->pointer) == HEAP_FREED;
    else
        call->served = block_heap_resize(heap, call->pointer, call->nbytes);
    if (call->what == MALLOC || call->what == ALIGNED)
        call->served = call->pointer != NULL;
}

static __attribute__((noinline)) void nothing(struct call *call)
{
    __asm__ volatile("" : : "r"(call) : "memory");
}

static long instructions_of(void (*function)(struct call *), struct call *call)
{
    count = 0;
    last = 0;
    write_flags(read_flags() | TRAP_FLAG);
    function(call);
    write_flags(read_flags() & ~(unsigned)TRAP_FLAG);
    return count;
}

static void count_call(struct call *call)
{
    struct call empty = {0};
    long own = instructions_of(nothing, &empty);
    call->instructions = instructions_of(perform, call) - own;
}

static void start_counting(void)
{
    struct sigaction action = {.sa_sigaction = behind_instruction, .sa_flags = SA_SIGINFO};
    (void)sigaction(SIGTRAP, &action, NULL);
}

/* -- The bound -- */

static struct {
    long usual, shortest_of_memory; /* the most instructions of a call of either kind */
    struct call worst;
} most;

/* Whether the table has a run for CALL, and so has it without giving anything back. */
static bool has_room(const struct call *call)
{
    size_t nblocks = (call->nbytes + HEAP_BLOCK_SIZE - 1) / HEAP_BLOCK_SIZE;
    size_t slack = call->alignment > HEAP_BLOCK_SIZE ? call->alignment / HEAP_BLOCK_SIZE - 1 : 0;
    size_t wanted = nblocks + slack > SPAN_BLOCKS ? nblocks + slack : SPAN_BLOCKS;
    return heap_largest_free(&heap->heap) >= wanted;
}

/* Performs CALL and returns whether it kept its bound. */
static bool keeps_bound(struct call *call)
{
    bool asks = call->what == MALLOC || call->what == ALIGNED, room = !asks || has_room(call);
    size_t was = asks ? 0 : block_heap_size(heap, call->pointer, NULL);
    count_call(call);
    size_t nbytes = call->nbytes > was ? call->nbytes : was;
    long entries = (long)(call->served ? nbytes / HEAP_BLOCK_SIZE : 0);
    long instructions = call->instructions - entries / ENTRIES_AN_INSTRUCTION;
    long *seen = room ? &most.usual : &most.shortest_of_memory;
    if (instructions > *seen) {
        *seen = instructions;
        if (room)
            most.worst = *call;
    }
    return instructions <= (room ? (long)BLOCK_HEAP_BOUND : (long)BLOCK_HEAP_BOUND_SHORT);
}

static bool begin(size_t nblocks)
{
    static size_t beside[BLOCK_HEAP_BESIDE(MANY) / sizeof(size_t)];
    nlive = 0;
    seed = 2463534242u;
    start_counting();
    heap = block_heap_create(START, (uint8_t *)START + nblocks * HEAP_BLOCK_SIZE, beside, NULL);
    return heap != NULL;
}

static uint32_t pick(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (uint32_t)((uint64_t)seed * below >> 32);
}

/* -- Calls that keep it -- */

static bool get(size_t nbytes)
{
    struct call call = {.what = MALLOC, .nbytes = nbytes, .alignment = 1};
    if (!keeps_bound(&call))
        return false;
    if (call.pointer)
        live[nlive++] = call.pointer;
    return true;
}

static bool put(size_t i)
{
    struct call call = {.what = FREE, .pointer = live[i]};
    live[i] = live[--nlive];
    return keeps_bound(&call) && call.served;
}

/* The same, uncounted. */
static bool get_unseen(size_t nbytes)
{
    void *pointer = nlive < LIVE ? block_heap_malloc(heap, nbytes) : NULL;
    if (pointer)
        live[nlive++] = pointer;
    return pointer != NULL;
}

static void put_unseen(size_t i)
{
    if (block_heap_free(heap, live[i]) == HEAP_FREED)
        live[i] = live[--nlive];
}

/* All that is free, in the longest runs that there are. */
static void take_the_rest(void)
{
    for (size_t nblocks = heap->table.total; nblocks > 0; nblocks /= 2)
        while (get_unseen(nblocks * HEAP_BLOCK_SIZE))
            ;
}

static bool get_aligned(size_t nbytes, size_t alignment)
{
    struct call call = {.what = ALIGNED, .nbytes = nbytes, .alignment = alignment};
    if (!keeps_bound(&call))
        return false;
    if (call.pointer)
        live[nlive++] = call.pointer;
    return true;
}

static bool resize(size_t i, size_t nbytes)
{
    struct call call = {.what = RESIZE, .pointer = live[i], .nbytes = nbytes};
    return keeps_bound(&call);
}

/* -- Random work -- */

static size_t random_size(void)
{
    switch (pick(8)) {
    case 0:
        return 1 + pick(64 * HEAP_BLOCK_SIZE);
    case 1:
        return (1 + pick(70)) * HEAP_BLOCK_SIZE;
    case 2:
    case 3:
        return 1 + pick(SPAN_LARGEST);
    default:
        return 1 + pick(SLAB_LARGEST);
    }
}

static bool step(uint32_t percent)
{
    bool grow = heap->heap.statistics.taken * 100 < (size_t)percent * heap->table.total;
    if (nlive > 0 && pick(10) == 0)
        return resize(pick((uint32_t)nlive), random_size());
    if (nlive < LIVE && (nlive == 0 || pick(16) < (grow ? 10u : 6u)))
        return pick(8) ? get(random_size()) : get_aligned(random_size(), (size_t)1 << pick(15));
    return put(pick((uint32_t)nlive));
}

CASE(bounds, d2_each_call_of_random_work_keeps_its_bound)
{
    static const uint8_t fullness[] = {10, 50, 90, 100};
    for (size_t i = 0; i < sizeof fullness; i++) {
        CHECK(begin(2000));
        for (int operation = 0; operation < 1000; operation++)
            CHECK(step(fullness[i]));
        CHECK_HOLDS(block_heap_check(heap));
    }
    CHECK(most.usual > 100); /* it was counted */
    CHECK(most.shortest_of_memory > 500);
}

/* -- Adversaries -- */

/* As much as there can be to give back: a slab of each class, a span, as many runs as are kept. The
 * first object stays: how much is kept goes by what is taken. */
static bool keep_all_that_can_be(void)
{
    bool served = get_unseen((heap->table.total / 2) * HEAP_BLOCK_SIZE);
    for (size_t nbytes = SLAB_STEP; nbytes <= SLAB_LARGEST; nbytes += SLAB_STEP)
        served = served && get_unseen(nbytes);
    served = served && get_unseen(SPAN_LARGEST - 1);
    for (size_t nblocks = 1; nblocks <= KEPT_LONGEST; nblocks++)
        served = served && get_unseen(nblocks * HEAP_BLOCK_SIZE);
    while (nlive > 1)
        put_unseen(1);
    return served && heap->kept.count == KEPT_MOST && slab_kept(&heap->slabs) == SLAB_CLASSES;
}

CASE(bounds, d2_giving_back_all_that_is_kept_is_bounded)
{
    static const size_t totals[] = {BLOCKS, MANY};
    for (size_t i = 0; i < 2; i++) {
        CHECK(begin(totals[i]));
        CHECK(keep_all_that_can_be());
        CHECK(get(heap->table.total * HEAP_BLOCK_SIZE));
        CHECK(nlive == 1 && block_heap_kept(heap) == 0);
        CHECK_HOLDS(block_heap_check(heap));
    }
}

CASE(bounds, d2_what_the_heap_has_not_is_refused_at_once)
{
    CHECK(begin(BLOCKS));
    CHECK(keep_all_that_can_be());
    size_t kept = block_heap_kept(heap);
    struct call call = {.what = MALLOC, .nbytes = (BLOCKS + 1) * (size_t)HEAP_BLOCK_SIZE};
    count_call(&call);
    CHECK(!call.pointer && call.instructions < BLOCK_HEAP_BOUND);
    CHECK_EQUAL(block_heap_kept(heap), kept);
}

/* Slabs that were full, and are freed to the last object: each of these frees gives one back. */
CASE(bounds, d2_many_slabs_are_given_back_one_at_a_time)
{
    CHECK(begin(BLOCKS));
    while (nlive < 7000)
        CHECK(get_unseen(512));
    while (nlive > 0) {
        CHECK(put(pick((uint32_t)nlive)));
        for (int i = 0; i < 9 && nlive > 20; i++)
            put_unseen(pick((uint32_t)nlive));
    }
    CHECK(get((BLOCKS - 100) * (size_t)HEAP_BLOCK_SIZE));
    CHECK(get(4 * HEAP_BLOCK_SIZE));
}

/* Every second run of NBLOCKS blocks is free, and nothing else. */
static void comb(size_t nblocks)
{
    while (get_unseen(nblocks * HEAP_BLOCK_SIZE))
        ;
    size_t all = nlive;
    take_the_rest();
    for (size_t i = all / 2; i-- > 0;)
        put_unseen(2 * i);
}

CASE(bounds, d2_runs_that_are_too_short_are_not_searched)
{
    static const size_t totals[] = {BLOCKS, MANY};
    for (size_t i = 0; i < 2; i++) {
        CHECK(begin(totals[i]));
        comb(65);
        CHECK(get(79 * HEAP_BLOCK_SIZE));
        CHECK(get(66 * HEAP_BLOCK_SIZE));
        CHECK(get(64 * HEAP_BLOCK_SIZE));
    }
}

CASE(bounds, d2_runs_that_lie_wrong_are_not_searched)
{
    CHECK(begin(BLOCKS));
    comb(1);
    for (size_t alignment = 2; alignment <= 64; alignment *= 2)
        CHECK(get_aligned(2 * HEAP_BLOCK_SIZE, alignment * HEAP_BLOCK_SIZE));
    for (int i = 0; i < 100; i++)
        CHECK(put(pick((uint32_t)nlive)));
}

CASE(bounds, d2_a_full_heap_says_so_in_time)
{
    CHECK(begin(BLOCKS));
    take_the_rest();
    for (size_t nbytes = 1; nbytes <= 8 * HEAP_BLOCK_SIZE; nbytes += nbytes / 2 + 1) {
        CHECK(get(nbytes));
        CHECK(get_aligned(nbytes, 4 * HEAP_BLOCK_SIZE));
        CHECK(get_aligned(nbytes, 64));
    }
}

CASE(bounds, d2_the_worst_call_does_not_grow_with_the_heap)
{
    static const size_t totals[] = {BLOCKS, MANY};
    long worst[2];
    for (size_t i = 0; i < 2; i++) {
        CHECK(begin(totals[i]));
        most.usual = 0;
        for (int operation = 0; operation < 800; operation++)
            CHECK(step(50));
        worst[i] = most.usual;
    }
    CHECK(worst[1] <= worst[0] + 50);
}
