/*
 * The library's watch as its user meets it: each kind of finding is made on purpose and found once,
 * and in long work that is right nothing is.
 */
#define _GNU_SOURCE /* for REG_ERR */
#include "platheap_watch.h"

#include <signal.h>
#include <ucontext.h>

#include "platheaps.h"

enum { FOUND_MOST = 8, LIVE = 150, STEPS = 5000, CLOSABLE = PAGE % 4096 == 0 };

static struct {
    struct platheap_finding findings[FOUND_MOST];
    struct platheap_allocation allocations[FOUND_MOST];
    size_t count, sets;
} seen;

static struct platheap *heap; /* that faults are about */

static void found(void *context, const struct platheap_finding *finding)
{
    user.wrong |= context != &user || user.depth != 1;
    if (seen.count < FOUND_MOST) {
        seen.findings[seen.count] = *finding;
        if (finding->allocation)
            seen.allocations[seen.count] = *finding->allocation;
    }
    seen.count++;
}

static void set(void *context, void *page, bool open)
{
    user.wrong |= context != &user || user.depth != 1 || (uintptr_t)page % PAGE != 0;
    seen.sets++;
    if (CLOSABLE)
        user.wrong |= mprotect(page, PAGE, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0;
}

static void chain(void *context, const void **callers, size_t count)
{
    user.wrong |= context != &user || user.depth != 1 || count != PLATHEAP_WATCH_CALLERS;
    callers[2] = callers[0];
}

static void on_fault(int number, siginfo_t *info, void *machine)
{
    const ucontext_t *state = machine;
    if (!platheap_watch_touched(heap, info->si_addr, state->uc_mcontext.gregs[REG_ERR] & 2))
        signal(number, SIG_DFL); /* it is a fault of the test's */
}

static struct platheap_watch_options options_with(unsigned flags, size_t guard_blocks)
{
    return (struct platheap_watch_options){.flags = flags,
                                           .found = found,
                                           .guard_blocks = guard_blocks,
                                           .guard_every = 1,
                                           .set = set,
                                           .context = &user};
}

static void open_all(void)
{
    memset(&seen, 0, sizeof seen);
    if (CLOSABLE && mprotect(memory, sizeof memory, PROT_READ | PROT_WRITE) != 0)
        abort();
}

static bool begin(unsigned flags, size_t guard_blocks)
{
    struct platheap_watch_options options = options_with(flags, guard_blocks);
    open_all();
    heap = make(REGION);
    bool begun = heap && platheap_watch(heap, &options);
    memset(&options, 0xee, sizeof options); /* they are copied */
    return begun;
}

/* Exactly one finding, of KIND, in the memory of OBJECT, of NBYTES; and all was right about it. */
static bool one_is(enum platheap_finding_kind kind, const void *object, size_t nbytes)
{
    return seen.count == 1 && seen.findings[0].kind == kind && seen.findings[0].allocation &&
           seen.allocations[0].address == object && seen.allocations[0].nbytes == nbytes &&
           seen.allocations[0].allocated_by[0] && !user.wrong && user.depth == 0;
}

/* -- Each kind of finding -- */

CASE(platheap_watch, writes_behind_the_end_are_found)
{
    static const size_t sizes[] = {1, 16, 100, 1024, 3000, PAGE, 5000, 3 * PAGE + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (size_t behind = 0; behind < 16; behind += 5) {
            CHECK(begin(PLATHEAP_WATCH_RED_ZONES, 0));
            uint8_t *object = platheap_malloc(heap, sizes[i]);
            object[sizes[i] + behind] = 0x77;
            CHECK_EQUAL(platheap_free(heap, object), 0);
            CHECK(one_is(PLATHEAP_WROTE_BEHIND, object, sizes[i]));
            CHECK_EQUAL(seen.findings[0].offset, sizes[i] + behind);
            CHECK_EQUAL(seen.findings[0].byte, 0x77);
            CHECK(seen.findings[0].address == object + sizes[i] + behind);
            CHECK(seen.findings[0].caller != NULL && !seen.allocations[0].freed);
            CHECK_EQUAL(user.reports, 0);
        }
}

CASE(platheap_watch, writes_after_the_free_are_found)
{
    CHECK(begin(PLATHEAP_WATCH_POISON | PLATHEAP_WATCH_QUARANTINE, 0));
    uint8_t *object = platheap_malloc(heap, 40);
    CHECK(is_all(object, 40, 0xa5));
    CHECK_EQUAL(platheap_free(heap, object), 0);
    CHECK(is_all(object, 40, 0xde));
    object[39] = 1;
    CHECK(platheap_malloc(heap, 40) != object);
    CHECK_EQUAL(seen.count, 0);
    (void)platheap_trim(heap);
    CHECK(one_is(PLATHEAP_WROTE_AFTER_FREE, object, 40));
    CHECK(seen.findings[0].address == object + 39 && seen.findings[0].offset == 39);
    CHECK(seen.findings[0].caller && seen.allocations[0].freed && seen.allocations[0].freed_by[0]);
    CHECK_HOLDS(platheap_check(heap));
}

CASE(platheap_watch, the_check_finds_and_mends)
{
    CHECK(begin(PLATHEAP_WATCH_ALL, 0));
    uint8_t *a = platheap_malloc(heap, 30), *b = platheap_malloc(heap, 30);
    CHECK_EQUAL(platheap_free(heap, b), 0);
    CHECK_EQUAL(platheap_watch_check(heap), 0);
    a[30] = b[0] = 0;
    CHECK_EQUAL(platheap_watch_check(heap), 2);
    CHECK_EQUAL(seen.count, 2);
    CHECK(seen.findings[0].caller && seen.findings[1].caller);
    CHECK_EQUAL(platheap_watch_check(heap), 0);
    CHECK_EQUAL(seen.count, 2);
}

/* By each function that takes a pointer: found once, reported once, and nothing changes. */
CASE(platheap_watch, wrong_pointers_are_found)
{
    for (int function = 0; function < 5; function++) {
        CHECK(begin(PLATHEAP_WATCH_ALL, 0));
        uint8_t *object = platheap_malloc(heap, 100), *freed = platheap_malloc(heap, 60);
        uint8_t *blocks = NULL;
        size_t count;
        fill(object, 100, 1);
        CHECK_EQUAL(platheap_free(heap, freed), 0);
        (void)platheap_table(heap, (void **)(void *)&blocks, &count);
        const struct {
            uint8_t *pointer, *whose;
            int refusal;
        } wrong[] = {{object + 16, object, PLATHEAP_NOT_FIRST},
                     {freed, freed, PLATHEAP_ALREADY_FREE},
                     {memory, NULL, PLATHEAP_OUT_OF_RANGE},
                     {blocks, NULL, PLATHEAP_RESERVED}}; /* the watch's own */
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            uint8_t *pointer = wrong[i].pointer;
            memset(&seen, 0, sizeof seen);
            user.reports = 0;
            if (function == 0)
                CHECK_EQUAL(platheap_free(heap, pointer), wrong[i].refusal);
            else if (function == 1)
                CHECK_EQUAL(platheap_usable_size(heap, pointer), 0);
            else if (function == 2)
                CHECK(platheap_realloc(heap, pointer, 10) == NULL);
            else if (function == 3)
                CHECK(platheap_realloc(heap, pointer, 0) == NULL);
            else
                CHECK(platheap_aligned_realloc(heap, pointer, 64, 10) == NULL);
            CHECK_EQUAL(seen.count, 1);
            CHECK_EQUAL(seen.findings[0].kind, PLATHEAP_WRONG_POINTER);
            CHECK_EQUAL(seen.findings[0].refusal, wrong[i].refusal);
            CHECK(seen.findings[0].address == pointer && seen.findings[0].caller);
            CHECK(seen.findings[0].allocation ? seen.allocations[0].address == wrong[i].whose
                                              : !wrong[i].whose);
            CHECK_EQUAL(user.reports, 1);
            CHECK(user.refusal == wrong[i].refusal && user.pointer == pointer && !user.wrong);
        }
        CHECK_EQUAL(statistics_of(heap).refused, function == 0 || function == 3 ? 4 : 0);
        CHECK(is_filled(object, 100, 1) && platheap_usable_size(heap, object) == 100);
        CHECK_HOLDS(platheap_check(heap));
    }
}

/* -- Guarded pages, closed by the host's own -- */

/* The fault handler changes what the compiler can't see: all is in memory before and behind. */
static __attribute__((noinline)) uint8_t touch(volatile uint8_t *byte, bool write)
{
    __asm__ volatile("" ::: "memory");
    if (write)
        *byte = 2;
    uint8_t value = write ? 0 : *byte;
    __asm__ volatile("" ::: "memory");
    return value;
}

CASE(platheap_watch, touching_guarded_pages_faults_and_goes_on)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, was;
    SKIP_UNLESS(CLOSABLE, "a block is no multiple of the host's pages");
    CHECK(begin(0, 7));
    CHECK_EQUAL(sigaction(SIGSEGV, &action, &was), 0);
    uint8_t *object = platheap_malloc(heap, 96);
    object[95] = 1;
    (void)touch(&object[96], true); /* behind it */
    bool beyond = one_is(PLATHEAP_TOUCHED_BEYOND, object, 96) && seen.findings[0].write &&
                  seen.findings[0].address == &object[96] && !seen.findings[0].caller &&
                  object[96] == 2;
    memset(&seen, 0, sizeof seen);
    int refusal = platheap_free(heap, object);
    size_t at_free = seen.count;
    (void)touch(&object[7], false);
    bool freed = one_is(PLATHEAP_TOUCHED_FREED, object, 96) && !seen.findings[0].write &&
                 seen.findings[0].address == &object[7] && seen.allocations[0].freed &&
                 seen.allocations[0].freed_by[0];
    memset(&seen, 0, sizeof seen);
    (void)touch(&object[4 * PAGE], false); /* beside no object */
    bool nobodys = seen.count == 1 && seen.findings[0].kind == PLATHEAP_TOUCHED_BEYOND &&
                   !seen.findings[0].allocation;
    (void)sigaction(SIGSEGV, &was, NULL);
    CHECK(beyond);
    CHECK(refusal == 0 && at_free == 0);
    CHECK(freed);
    CHECK(nobodys);
    CHECK(!platheap_watch_touched(heap, memory, true));
    CHECK(!user.wrong && user.depth == 0);
}

CASE(platheap_watch, writes_beside_a_guarded_object_are_found_at_its_free)
{
    CHECK(begin(0, 7));
    uint8_t *at_end = platheap_malloc(heap, 97), *at_start = platheap_malloc(heap, 100);
    at_end[-3] = 5;
    CHECK_EQUAL(platheap_free(heap, at_end), 0);
    CHECK(one_is(PLATHEAP_WROTE_BEFORE, at_end, 97));
    CHECK(seen.findings[0].offset == 3 && seen.findings[0].address == at_end - 3);
    memset(&seen, 0, sizeof seen);
    at_start[PAGE - 1] = 5;
    CHECK_EQUAL(platheap_free(heap, at_start), 0);
    CHECK(one_is(PLATHEAP_WROTE_BEHIND, at_start, 100));
    CHECK_EQUAL(seen.findings[0].offset, PAGE - 1);
}

CASE(platheap_watch, one_allocation_of_so_many_is_guarded)
{
    struct platheap_watch_options options = options_with(0, 11);
    options.guard_every = 3;
    open_all();
    heap = make(REGION);
    CHECK(heap && platheap_watch(heap, &options));
    for (size_t i = 1; i <= 12; i++) {
        size_t sets = seen.sets;
        CHECK(platheap_malloc(heap, i) != NULL);
        CHECK((seen.sets != sets) == (i % 3 == 0));
    }
}

/* -- Who did it -- */

typedef void *maker(void);

static __attribute__((noinline)) void *by_malloc(void)
{
    void *volatile made = platheap_malloc(heap, 20);
    return made;
}

static __attribute__((noinline)) void *by_zalloc(void)
{
    void *volatile made = platheap_zalloc(heap, 20);
    return made;
}

static __attribute__((noinline)) void *by_calloc(void)
{
    void *volatile made = platheap_calloc(heap, 4, 5);
    return made;
}

static __attribute__((noinline)) void *by_aligned_alloc(void)
{
    void *volatile made = platheap_aligned_alloc(heap, 64, 20);
    return made;
}

static __attribute__((noinline)) void *by_realloc(void)
{
    void *volatile made = platheap_realloc(heap, NULL, 20);
    return made;
}

static __attribute__((noinline)) void *by_aligned_realloc(void)
{
    void *volatile made = platheap_aligned_realloc(heap, NULL, 32, 20);
    return made;
}

static __attribute__((noinline)) void *by_moving(void)
{
    void *volatile made = platheap_realloc(heap, platheap_malloc(heap, 7), 20);
    return made;
}

static __attribute__((noinline)) void *by_moving_aligned(void)
{
    void *volatile made = platheap_aligned_realloc(heap, platheap_malloc(heap, 7), 128, 20);
    return made;
}

static maker *const makers[] = {by_malloc,  by_zalloc,          by_calloc, by_aligned_alloc,
                                by_realloc, by_aligned_realloc, by_moving, by_moving_aligned};

enum { MAKERS = sizeof makers / sizeof makers[0] };

static bool is_in(const void *caller, maker *function)
{
    return (uintptr_t)caller - (uintptr_t)function < 512;
}

CASE(platheap_watch, leaks_are_listed_by_who_called)
{
    struct platheap_site sites[PLATHEAP_WATCH_SITES_MOST];
    CHECK(begin(0, 0));
    CHECK(platheap_malloc(heap, 5000) != NULL);
    CHECK_EQUAL(platheap_watch_sites(heap, 0, sites, 4), 1);
    CHECK_EQUAL(sites[0].nbytes, 5000);
    for (size_t i = 0; i < MAKERS; i++) {
        unsigned long mark = platheap_watch_serial(heap);
        CHECK_EQUAL(platheap_watch_sites(heap, mark, sites, 4), 0);
        void *one = makers[i](), *two = makers[i]();
        CHECK(one && two && one != two);
        CHECK_EQUAL(platheap_watch_sites(heap, mark, sites, 4), 1);
        CHECK(is_in(sites[0].caller, makers[i]));
        CHECK_EQUAL(sites[0].count, 2);
        CHECK_EQUAL(sites[0].nbytes, 40);
        CHECK_EQUAL(platheap_free(heap, one), 0);
        CHECK_EQUAL(platheap_watch_sites(heap, mark, sites, 4), 1);
        CHECK_EQUAL(sites[0].count, 1);
    }
    CHECK_EQUAL(platheap_watch_sites(heap, 0, sites, 1000), 1 + MAKERS);
    CHECK_EQUAL(sites[0].nbytes, 5000);
    CHECK_EQUAL(platheap_watch_sites(heap, 0, sites, 3), 3);
    CHECK_EQUAL(platheap_watch_sites(heap, 0, sites, 0), 0);
    CHECK(!user.wrong);
}

#define FIVE_TIMES(what) what what what what what

CASE(platheap_watch, call_sites_are_told_apart_up_to_a_limit)
{
    struct platheap_site sites[PLATHEAP_WATCH_SITES_MOST + 1] = {0};
    CHECK(begin(0, 0));
    FIVE_TIMES(FIVE_TIMES(FIVE_TIMES(CHECK(platheap_malloc(heap, 1));)))
    CHECK_EQUAL(platheap_watch_sites(heap, 0, sites, PLATHEAP_WATCH_SITES_MOST + 1),
                PLATHEAP_WATCH_SITES_MOST);
    for (size_t i = 0; i < PLATHEAP_WATCH_SITES_MOST; i++)
        CHECK(sites[i].count == 1 && sites[i].nbytes == 1);
    CHECK(sites[PLATHEAP_WATCH_SITES_MOST].count == 0);
}

CASE(platheap_watch, the_chain_of_calls_is_the_users)
{
    struct platheap_watch_options options = options_with(PLATHEAP_WATCH_QUARANTINE, 0);
    options.backtrace = chain;
    open_all();
    heap = make(REGION);
    CHECK(heap && platheap_watch(heap, &options));
    void *object = by_moving();
    CHECK_EQUAL(platheap_free(heap, object), 0);
    CHECK_EQUAL(platheap_free(heap, object), PLATHEAP_ALREADY_FREE);
    const struct platheap_allocation *allocation = &seen.allocations[0];
    CHECK(one_is(PLATHEAP_WRONG_POINTER, object, 20));
    CHECK_EQUAL(allocation->serial, 2);
    CHECK(is_in(allocation->allocated_by[0], by_moving) && !allocation->allocated_by[1]);
    CHECK(allocation->allocated_by[2] == allocation->allocated_by[0]);
    CHECK(allocation->freed_by[0] && allocation->freed_by[2] == allocation->freed_by[0]);
    CHECK(seen.findings[0].caller && !is_in(seen.findings[0].caller, by_moving));
}

/* -- Nothing is found where nothing is wrong -- */

static uint32_t random_state;

static uint32_t pick(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

static struct {
    uint8_t *bytes;
    size_t nbytes;
} live[LIVE];

static uint8_t *ask(size_t i, size_t nbytes, size_t *alignment)
{
    *alignment = nbytes % PAGE == 0 || nbytes > 2 * PAGE ? PAGE : 16;
    if (live[i].bytes && pick(2))
        return platheap_realloc(heap, live[i].bytes, nbytes);
    if (!live[i].bytes && pick(2))
        return pick(2) ? platheap_zalloc(heap, nbytes) : platheap_malloc(heap, nbytes);
    *alignment = (size_t)1 << pick(13);
    return live[i].bytes ? platheap_aligned_realloc(heap, live[i].bytes, *alignment, nbytes)
                         : platheap_aligned_alloc(heap, *alignment, nbytes);
}

/* NULL, or what is wrong; in *FAILED how many requests got no memory. */
static const char *work(size_t *failed)
{
    memset(live, 0, sizeof live);
    *failed = 0;
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = pick(LIVE), nbytes = 1 + pick(pick(4) ? 600 : 20000), alignment;
        if (pick(16) == 0)
            nbytes = (1 + pick(3)) * PAGE;
        if (live[i].bytes && pick(2)) {
            if (!is_filled(live[i].bytes, live[i].nbytes, i))
                return "it has what was written there";
            if (platheap_free(heap, live[i].bytes) != 0)
                return "what was given can be freed";
            live[i].bytes = NULL;
            continue;
        }
        uint8_t *bytes = ask(i, nbytes, &alignment);
        if (!bytes) {
            ++*failed;
            continue;
        }
        size_t common = !live[i].bytes ? 0 : nbytes < live[i].nbytes ? nbytes : live[i].nbytes;
        if (!is_filled(bytes, common, i))
            return "what moves takes its contents along";
        if ((uintptr_t)bytes % alignment != 0 && bytes != live[i].bytes)
            return "it lies on the alignment";
        if (platheap_usable_size(heap, bytes) < nbytes)
            return "it has room for what was asked for";
        fill(bytes, nbytes, i);
        live[i].bytes = bytes;
        live[i].nbytes = nbytes;
        if (step % 512 == 0 && (platheap_watch_check(heap) > 0 || platheap_check(heap)))
            return "the heap is sound";
    }
    for (size_t i = 0; i < LIVE; i++)
        if (platheap_free(heap, live[i].bytes) != 0)
            return "all can be freed";
    (void)platheap_trim(heap);
    struct platheap_site site;
    if (platheap_watch_sites(heap, 0, &site, 1) != 0)
        return "nothing is live in the end";
    return platheap_check(heap);
}

/* With each choice of flags, with guarded pages and without, and where memory is short. */
CASE(platheap_watch, long_work_that_is_right_has_no_findings)
{
    random_state = 5;
    for (unsigned way = 0; way < 32; way++) {
        struct platheap_watch_options options =
            options_with(way % 8, way & 8 ? PLATHEAP_WATCH_BLOCKS_MOST : 0);
        bool is_short = way & 16;
        size_t failed;
        options.guard_every = 1 + way % 3;
        open_all();
        heap = make(is_short ? 120 * PAGE + 65536 : REGION);
        CHECK(heap && platheap_watch(heap, &options));
        CHECK_HOLDS(work(&failed));
        if (PAGE == 4096)
            CHECK(is_short ? failed > 0 : failed == 0);
        CHECK_EQUAL(statistics_of(heap).failed, failed);
        CHECK_EQUAL(seen.count, 0);
        CHECK_EQUAL(user.reports, 0);
        CHECK(!user.wrong && user.depth == 0 && user.locks == user.unlocks);
    }
}

/* What was never committed, or is released, can't be touched: patterns stay off it. */
CASE(platheap_watch, the_watch_keeps_to_committed_memory)
{
    struct platheap_watch_options options = options_with(PLATHEAP_WATCH_ALL, 0);
    size_t failed;
    SKIP_UNLESS(CLOSABLE, "a block is no multiple of the host's pages");
    random_state = 6;
    open_all();
    heap = make_reserved(memory, REGION, 200, true);
    CHECK(heap && platheap_watch(heap, &options));
    CHECK_HOLDS(work(&failed));
    CHECK(commits_match_the_table(heap));
    CHECK_EQUAL(seen.count, 0);
    open_all();
}

/* -- Its limits -- */

CASE(platheap_watch, wrong_options_are_refused)
{
    struct platheap_watch_options wrong[7];
    for (size_t i = 0; i < 7; i++)
        wrong[i] = options_with(0, 7);
    wrong[0].flags = 8;
    wrong[1].guard_blocks = 2;
    wrong[2].guard_blocks = 128;
    wrong[3].guard_every = 0;
    wrong[4].set = NULL;
    open_all();
    heap = make(REGION);
    for (size_t i = 0; i < 5; i++)
        CHECK(!platheap_watch(heap, &wrong[i]));
    void *object = platheap_malloc(heap, 10);
    CHECK(!platheap_watch(heap, &wrong[5])); /* not new */
    CHECK_EQUAL(platheap_free(heap, object), 0);
    (void)platheap_trim(heap);
    CHECK(platheap_watch(heap, &wrong[5])); /* as new */
    CHECK(!platheap_watch(heap, &wrong[6]));
    CHECK_EQUAL(user.reports, 0);
    CHECK_EQUAL(statistics_of(heap).failed, 0);
}

CASE(platheap_watch, nothing_is_known_of_a_heap_that_is_not_watched)
{
    struct platheap_site site;
    heap = make(REGION);
    CHECK(platheap_malloc(heap, 10) != NULL);
    CHECK(!platheap_watch_touched(heap, memory, false));
    CHECK_EQUAL(platheap_watch_check(heap), 0);
    CHECK_EQUAL(platheap_watch_serial(heap), 0);
    CHECK_EQUAL(platheap_watch_sites(heap, 0, &site, 1), 0);
    CHECK(!user.wrong && user.depth == 0);
}

/* A heap without options, and a user who wants to hear nothing. */
CASE(platheap_watch, all_functions_may_be_missing)
{
    struct platheap_watch_options options = {.flags = PLATHEAP_WATCH_ALL};
    open_all();
    heap = platheap_create(memory, REGION, NULL);
    CHECK(heap && platheap_watch(heap, &options));
    uint8_t *object = platheap_malloc(heap, 10);
    object[10] = 1;
    CHECK_EQUAL(platheap_watch_check(heap), 1);
    CHECK_EQUAL(platheap_free(heap, object), 0);
    CHECK(is_all(object, 10, 0xde));
    CHECK_EQUAL(platheap_free(heap, object), PLATHEAP_ALREADY_FREE);
    CHECK(platheap_malloc(heap, 0) == NULL && platheap_zalloc(heap, 0) == NULL);
    CHECK_EQUAL(statistics_of(heap).failed, 0);
    CHECK(platheap_malloc(heap, SIZE_MAX) == NULL);
    CHECK_EQUAL(statistics_of(heap).failed, 1);
    CHECK(platheap_aligned_alloc(heap, 0, 10) == NULL);
    CHECK(platheap_aligned_alloc(heap, 24, 10) == NULL);
    CHECK_EQUAL(platheap_free(heap, NULL), 0);
    CHECK_EQUAL(platheap_usable_size(heap, NULL), 0);
}

/* Regions from too small for the watch on: it works, or the heap is as new. */
CASE(platheap_watch, without_memory_for_its_records_the_heap_is_as_new)
{
    size_t refused = 0, begun = 0;
    for (size_t nbytes = 8 * 1024; nbytes < 40 * PAGE + 65536; nbytes += PAGE) {
        struct platheap_watch_options options = options_with(PLATHEAP_WATCH_ALL, 9);
        open_all();
        heap = make(nbytes);
        if (!heap)
            continue;
        if (platheap_watch(heap, &options)) {
            size_t n = 0;
            for (uint8_t *object; (object = platheap_malloc(heap, 24)) != NULL; n++)
                memset(object, 1, 24);
            CHECK_EQUAL(statistics_of(heap).failed, 1);
            begun++;
        } else {
            struct platheap_statistics statistics = statistics_of(heap);
            CHECK_EQUAL(statistics.taken, 0);
            CHECK_EQUAL(statistics.failed, 0);
            void *all = platheap_malloc(heap, statistics.blocks * PAGE);
            CHECK(all != NULL && platheap_free(heap, all) == 0);
            refused++;
        }
        CHECK_HOLDS(platheap_check(heap));
        CHECK_EQUAL(seen.count, 0);
        CHECK(!user.wrong && user.depth == 0);
    }
    CHECK(begun > 5 && (refused > 0 || PAGE > 16384));
    open_all();
}

/* The same where there are blocks, but nothing behind them: nothing is kept for later. */
CASE(platheap_watch, without_committed_memory_the_heap_is_as_new)
{
    struct platheap_watch_options options = options_with(0, 9);
    size_t budget = 0;
    open_all();
    for (bool begun = false; !begun; budget++) {
        heap = make_reserved(memory, REGION, budget, false);
        begun = platheap_watch(heap, &options);
        CHECK(begun || statistics_of(heap).taken == 0);
        CHECK(commits_match_the_table(heap));
        CHECK_HOLDS(platheap_check(heap));
        open_all();
    }
    CHECK(budget > 4);
}

/* What can't be made smaller elsewhere stays where it is. */
CASE(platheap_watch, a_shrinking_realloc_never_fails)
{
    CHECK(begin(PLATHEAP_WATCH_ALL, 0));
    uint8_t *object = platheap_malloc(heap, 5000);
    fill(object, 5000, 3);
    for (size_t nbytes = REGION; nbytes > 0; nbytes /= 2)
        while (platheap_malloc(heap, nbytes))
            continue;
    CHECK(platheap_realloc(heap, object, 6000) == NULL);
    CHECK(platheap_realloc(heap, object, 4000) == object && is_filled(object, 4000, 3));
    CHECK_EQUAL(platheap_free(heap, object), 0);
    CHECK_EQUAL(seen.count, 0);
    CHECK_HOLDS(platheap_check(heap));
}

CASE(platheap_watch, each_finding_has_words)
{
    const char *texts[9];
    for (size_t i = 0; i < 9; i++) {
        struct platheap_finding finding = {.kind = PLATHEAP_WRONG_POINTER,
                                           .refusal = PLATHEAP_OUT_OF_RANGE - (int)(i - 5)};
        if (i < 5)
            finding.kind = (enum platheap_finding_kind)i;
        texts[i] = platheap_finding_text(&finding);
        for (size_t j = 0; j < i; j++) /* misaligned and not first are both no beginnings */
            CHECK(i == 7 || !string_equal(texts[i], texts[j]));
    }
}
