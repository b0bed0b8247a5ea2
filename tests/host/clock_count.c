/* Scales against long division by hand, and two counters against a machine whose time is known. */
#include "drivers/clock_count.h"

#include "case.h"

/* N * MICROSECONDS / COUNTS, bit by bit and in 128 bits, as one learns it at school. */
static uint64_t by_hand(uint64_t n, uint64_t counts, uint64_t microseconds)
{
    uint64_t high = 0, low = 0, rest = 0, answer = 0;
    for (int i = 63; i >= 0; i--) {
        high = high << 1 | low >> 63;
        low <<= 1;
        if (n >> i & 1) {
            low += microseconds;
            high += low < microseconds;
        }
    }
    for (int i = 127; i >= 0; i--) {
        rest = rest << 1 | ((i >= 64 ? high >> (i - 64) : low >> i) & 1);
        answer <<= 1;
        if (rest >= counts) {
            rest -= counts;
            answer |= 1;
        }
    }
    return answer;
}

CASE(clock_count, scales_are_right_to_a_part_in_two_thousand_million)
{
    static const uint64_t paces[][2] = {
        {3579545, 1000000},
        {1193182, 1000000},
        {14318180, 1000000},
        {25000000, 1000000},
        {100000000, 1000000},
        {2400, 1},
        {60, 1},
        {131071, 1},
        {1, 1},
        {1024, 1000000},
        {1000000, 3},
        {23999871, 10007},
    };
    static const uint64_t counts[] = {
        0,         1,          2,           999,           1000,          0xffffff,
        0x1000000, UINT32_MAX, 0x100000000, 0x123456789ab, 0xffffffffffff};
    for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++) {
        struct clock_scale scale = {0, 0};
        CHECK(clock_scale_of(&scale, paces[i][0], paces[i][1]));
        for (size_t j = 0; j < sizeof counts / sizeof counts[0]; j++) {
            uint64_t wanted = by_hand(counts[j], paces[i][0], paces[i][1]);
            uint64_t got = clock_scaled(scale, counts[j]);
            CHECK(got <= wanted);
            CHECK(wanted - got <= (wanted >> 31) + 1);
        }
    }
}

CASE(clock_count, scales_that_make_no_sense_are_refused)
{
    static const uint64_t wrong[][2] = {
        {0, 1},
        {1, 0},
        {0, 0},
        {(uint64_t)1 << 62, 1},
        {1, (uint64_t)1 << 62},
        {3, (uint64_t)1 << 40},
        {(uint64_t)1 << 40, 3},
        {UINT64_MAX, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct clock_scale scale = {77, 7};
        CHECK(!clock_scale_of(&scale, wrong[i][0], wrong[i][1]));
        CHECK(scale.multiplier == 77 && scale.shift == 7);
    }
}

/* A machine: its time in microseconds, and what both counters show then. */
static struct {
    uint64_t time;
    uint32_t mhz;
    uint64_t stamps, extra; /* since the pace changed; what they jumped by */
    uint32_t jump;          /* of the reference's */
    bool still;             /* .. stands still */
    struct clock_reference reference;
    struct clock_count count;
} machine;

enum { HZ = 3579545, BEGUN = 123456 };

static struct clock_reading read_both(void)
{
    uint32_t counts = (uint32_t)by_hand(machine.time, 1000000, HZ) + machine.jump;
    return (struct clock_reading){machine.stamps + machine.extra,
                                  (machine.still ? 1234 : counts) & machine.reference.mask};
}

static void pass(uint32_t microseconds)
{
    machine.time += microseconds;
    machine.stamps += (uint64_t)microseconds * machine.mhz;
}

static uint64_t ask(void)
{
    struct clock_reading reading = read_both();
    return machine.count.by_stamps ? clock_count_at(&machine.count, reading.stamp)
                                   : clock_count_read(&machine.count, reading);
}

static bool begin(uint32_t mhz, uint32_t mask, bool has_stamps)
{
    __builtin_memset(&machine, 0, sizeof machine);
    machine.mhz = mhz;
    machine.time = BEGUN;
    machine.stamps = 987654321;
    machine.reference = (struct clock_reference){.mask = mask, .half = 5000, .tries = 4};
    bool known = clock_scale_of(&machine.reference.scale, HZ, 1000000);
    clock_count_begin(&machine.count, &machine.reference, has_stamps, read_both(), 0);
    return known;
}

/* Whether the clock is BEHIND what has passed since it began, to one part in PARTS and 2 us. */
static bool right(uint64_t behind, uint64_t parts)
{
    uint64_t passed = machine.time - BEGUN - behind, now = ask();
    uint64_t off = now > passed ? now - passed : passed - now;
    return off <= 2 || (off - 2) * parts <= passed;
}

CASE(clock_count, the_reference_alone_is_a_clock)
{
    for (int wide = 0; wide < 2; wide++) {
        CHECK(begin(0, wide ? UINT32_MAX : 0xffffff, false));
        for (uint32_t i = 0; i < 230; i++) { /* 24 bits go round each 4.69 s, 32 in 20 minutes */
            pass(i * 10000);
            CHECK(right(0, 1000000));
        }
        CHECK(!machine.count.by_stamps && !machine.count.refused);
    }
}

CASE(clock_count, time_stamps_take_over_and_are_measured_better)
{
    static const uint32_t paces[] = {1, 60, 166, 1000, 2400, 5999, 100000};
    for (size_t i = 0; i < sizeof paces / sizeof paces[0]; i++) {
        CHECK(begin(paces[i], 0xffffff, true));
        for (uint32_t j = 0; j < 9; j++) {
            pass(1000);
            CHECK(right(0, 1000000));
            CHECK(!machine.count.by_stamps);
        }
        for (uint32_t j = 0; j < 4; j++) {
            pass(1000);
            (void)ask();
        }
        CHECK(machine.count.by_stamps);
        for (uint32_t j = 0; j < 100; j++) {
            pass(1280000);
            CHECK(right(0, j ? 200000 : 5000));
            clock_count_compare(&machine.count, read_both());
        }
        /* Nobody looks for an hour, in which the reference goes round again and again. */
        pass(3600000000u);
        CHECK(right(0, 200000));
        clock_count_compare(&machine.count, read_both());
        CHECK(right(0, 200000));
    }
}

CASE(clock_count, what_stands_still_or_jumps_is_refused)
{
    for (int kind = 0; kind < 4; kind++) {
        CHECK(begin(kind == 0 ? 0 : 2400, 0xffffff, true));
        uint64_t before = 0;
        int i;
        for (i = 0; i < 1000 && !machine.count.refused; i++) {
            pass(1000);
            if (i % 10 == 7 && kind == 1)
                machine.extra += 100000000;
            if (i % 10 == 7 && kind == 2)
                machine.jump += 50000;
            if (kind == 3)
                machine.extra -= 2300 * 1000; /* they go at 100 MHz, but now and then do not */
            if (kind == 3 && i % 7 == 0)
                machine.extra += 2300 * 1000;
            uint64_t now = ask();
            CHECK(now >= before);
            before = now;
            CHECK(!machine.count.by_stamps);
        }
        CHECK(i < 100);
        pass(1000);
        CHECK(ask() >= before + 999);
    }
    CHECK(begin(2400, 0xffffff, true));
    machine.still = true;
    for (int i = 0; i < 1000; i++) {
        pass(1000);
        CHECK(ask() < 5000000); /* at most one round, by the step to where it stands */
    }
    CHECK(!machine.count.by_stamps);
}

CASE(clock_count, a_processor_that_changes_its_pace_is_followed)
{
    CHECK(begin(2400, 0xffffff, true));
    for (int i = 0; i < 200; i++) {
        pass(100000);
        (void)ask();
        if (i % 10 == 0 && machine.count.by_stamps)
            clock_count_compare(&machine.count, read_both());
    }
    CHECK(right(0, 100000));
    machine.mhz = 800;
    uint64_t before = ask();
    for (int i = 0; i < 40; i++) {
        pass(100000);
        uint64_t now = ask();
        CHECK(now >= before);
        before = now;
        if (i % 10 == 0)
            clock_count_compare(&machine.count, read_both());
    }
    uint64_t behind = machine.time - BEGUN - ask();
    for (int i = 0; i < 100; i++) {
        pass(100000);
        CHECK(right(behind, 10000));
        if (i % 10 == 0)
            clock_count_compare(&machine.count, read_both());
    }
}

CASE(clock_count, one_jump_does_not_change_its_pace)
{
    CHECK(begin(2400, 0xffffff, true));
    for (int i = 0; i < 30; i++) {
        pass(1280000);
        (void)ask();
        pass(6000);
        (void)ask();
        if (machine.count.by_stamps)
            clock_count_compare(&machine.count, read_both());
    }
    CHECK(machine.count.by_stamps);
    pass(600000);
    machine.jump += 1000000;
    pass(600000);
    clock_count_compare(&machine.count, read_both());
    CHECK(right(0, 100000));
    pass(1200000);
    clock_count_compare(&machine.count, read_both());
    CHECK(right(0, 100000));
    /* Set back, and to nothing: it goes on from where it was. */
    for (int i = 0; i < 2; i++) {
        uint64_t before = ask();
        machine.extra = i ? 0 - machine.stamps : 0 - (uint64_t)1000000;
        CHECK_EQUAL(ask(), before);
        pass(1000000);
        uint64_t now = ask();
        CHECK(now >= before + 999000 && now <= before + 1001000);
        clock_count_compare(&machine.count, read_both());
    }
}

/* Between two looks the reference may have gone round: nobody knows how often. */
CASE(clock_count, comparisons_that_are_too_long_prove_nothing)
{
    CHECK(begin(2400, 0xffffff, true));
    for (int i = 0; i < 40; i++) {
        pass(i < 20 ? 1000 : 1280000);
        (void)ask();
        if (machine.count.by_stamps)
            clock_count_compare(&machine.count, read_both());
    }
    CHECK(machine.count.confirmed);
    for (int i = 0; i < 10; i++) {
        pass(6000000);
        clock_count_compare(&machine.count, read_both());
        CHECK(right(0, 100000));
    }
}

/* The first comparison came out by chance: the longer ones do not, each in its own way. */
CASE(clock_count, what_was_believed_too_early_is_refused)
{
    CHECK(begin(2400, 0xffffff, true));
    for (int i = 0; i < 20; i++) {
        pass(1000);
        (void)ask();
    }
    CHECK(machine.count.by_stamps);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(!machine.count.refused);
        pass(1280000);
        machine.jump += 100000 * (i + 1) * (i + 1);
        clock_count_compare(&machine.count, read_both());
    }
    CHECK(machine.count.refused);
}

CASE(clock_count, neither_goes_back)
{
    CHECK(begin(0, 0xffffff, false));
    pass(10000);
    uint64_t before = ask();
    machine.jump -= 1000;
    CHECK_EQUAL(ask(), before);
    pass(1000);
    uint64_t now = ask();
    CHECK(now >= before + 990 && now <= before + 1010);
    CHECK(begin(2400, 0xffffff, true));
    for (int i = 0; i < 20; i++) {
        pass(1000);
        before = ask();
    }
    CHECK(machine.count.by_stamps);
    machine.extra -= 1200000; /* still behind where all is counted from */
    CHECK_EQUAL(ask(), before);
    pass(1000);
    now = ask();
    CHECK(now >= before + 999 && now <= before + 1001);
}

CASE(clock_count, a_counter_of_each_tick_is_widened)
{
    enum { COUNTS = 11932 };
    uint64_t last = 0;
    uint32_t told = 0;
    /* Ticks are told of up to two late, and three are lost in the middle. */
    for (uint32_t real = 0; real < 3000000; real += 777) {
        uint32_t ticks = real / COUNTS, late = real % COUNTS;
        uint32_t lost = real > 1500000 ? 3 : 0;
        if (ticks % 3 == 0)
            told = ticks - (ticks >= lost ? lost : 0);
        uint64_t now = clock_widen(last, told, COUNTS, late);
        CHECK(now >= last);
        CHECK_EQUAL(now, real);
        last = now;
    }
    CHECK_EQUAL(clock_widen(5, 0, COUNTS, 5), 5);
    CHECK_EQUAL(clock_widen(5, 0, COUNTS, 4), COUNTS + 4);
    CHECK_EQUAL(clock_widen(COUNTS + 5, 0, COUNTS, 5), COUNTS + 5);
    CHECK_EQUAL(clock_widen((uint64_t)1 << 40, 0, COUNTS, 4), (uint64_t)1 << 40);
    CHECK_EQUAL(clock_widen(0, UINT32_MAX, COUNTS, 7), (uint64_t)UINT32_MAX * COUNTS + 7);
}
