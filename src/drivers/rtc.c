#include "drivers/rtc.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/deadline.h"

enum {
    INDEX = 0x70, /* bit 7 holds NMIs back: it is always written as 0 */
    DATA = 0x71,
    INDEX_MASK = 0x7f,
    SECOND = 0,
    MINUTE = 2,
    HOUR = 4,
    DAY = 7,
    MONTH = 8,
    YEAR = 9,
    REGISTER_A = 10,
    A_COUNTS_ON = 1 << 7,
    A_RATE = 0x2a, /* a base of 32,768 Hz, and 64 periods a second */
    PERIODS_MOST = 256,
    A_WRITABLE = 0x7f,
    REGISTER_B = 11,
    B_STOPPED = 1 << 7,
    B_PERIODIC = 1 << 6,
    B_INTERRUPTS = 7 << 4,
    REGISTER_C = 12,
    C_PERIODIC = 1 << 6, /* one has ended; reading clears it */
    REGISTER_D = 13,
    D_VALID = 1 << 7, /* its battery has lasted */
    NOBODY = 0xff,    /* what a port without a chip reads as */
    PATIENCE_MICROSECONDS = 100000,
    LOOKS_MOST = 10000,
    STAMPS_A_LOOK = 1 << 16 /* some 30 us */
};

static struct {
    uint8_t a, b; /* as they were before the periods */
} rtc;

static uint8_t read(uint8_t index)
{
    uint32_t flags = cpu_save_flags(); /* both accesses belong together */
    io_write8(INDEX, index & INDEX_MASK);
    uint8_t value = io_read8(DATA);
    cpu_restore_flags(flags);
    return value;
}

static void write(uint8_t index, uint8_t value)
{
    uint32_t flags = cpu_save_flags();
    io_write8(INDEX, index & INDEX_MASK);
    io_write8(DATA, value);
    cpu_restore_flags(flags);
}

/* In the middle of a moment at which it counts on, some may be old and some new. */
static struct date_registers read_once(uint8_t century)
{
    return (struct date_registers){
        .second = read(SECOND),
        .minute = read(MINUTE),
        .hour = read(HOUR),
        .day = read(DAY),
        .month = read(MONTH),
        .year = read(YEAR),
        .century = century > REGISTER_D && century <= INDEX_MASK ? read(century) : 0,
        .format = read(REGISTER_B),
    };
}

static bool same(const struct date_registers *a, const struct date_registers *b)
{
    return __builtin_memcmp(a, b, sizeof *a) == 0;
}

const char *rtc_read(struct date_registers *registers, uint8_t century)
{
    if (read(REGISTER_A) == NOBODY && read(REGISTER_B) == NOBODY && read(REGISTER_D) == NOBODY)
        return "no real-time clock answers";
    if (!(read(REGISTER_D) & D_VALID))
        return "the real-time clock's battery is empty";
    if (read(REGISTER_B) & B_STOPPED)
        return "the real-time clock is stopped";
    struct deadline deadline = deadline_in(PATIENCE_MICROSECONDS);
    while (!deadline_passed(&deadline)) {
        if (read(REGISTER_A) & A_COUNTS_ON)
            continue;
        *registers = read_once(century);
        struct date_registers again = read_once(century);
        if (!(read(REGISTER_A) & A_COUNTS_ON) && same(registers, &again))
            return NULL;
    }
    return "the real-time clock does not stand still to be read";
}

/* Has the chip's periods begin; their flag tells whether it counts at all. */
static void begin_periods(void)
{
    rtc.a = read(REGISTER_A);
    rtc.b = read(REGISTER_B);
    write(REGISTER_A, A_RATE);
    write(REGISTER_B, (rtc.b & (uint8_t)~B_INTERRUPTS) | B_PERIODIC);
    (void)read(REGISTER_C);
}

/* As it was, but without the interrupts that the firmware had: nobody would end them. */
static void end_periods(void)
{
    write(REGISTER_A, rtc.a & A_WRITABLE);
    write(REGISTER_B, rtc.b & (uint8_t)~B_INTERRUPTS);
    (void)read(REGISTER_C);
}

/* An emulator whose processor does nothing but look at a chip lets the chip wait. And time stamps
 * may stand still. */
static void look_away(void)
{
    uint64_t start = cpu_tsc();
    for (uint32_t i = 0; i < STAMPS_A_LOOK && cpu_tsc() - start < STAMPS_A_LOOK; i++)
        ;
}

static uint8_t wait_for_second(void)
{
    for (int i = 0; i < LOOKS_MOST && read(REGISTER_A) & A_COUNTS_ON; i++)
        ;
    return read(SECOND);
}

/* Whether the next second begins: not where no period ends for 10,000 looks, or too many do. */
static bool await_second(void)
{
    uint8_t before = wait_for_second();
    uint32_t looks = 0, periods = 0;
    while (looks < LOOKS_MOST && periods < PERIODS_MOST) {
        uint8_t flags = read(REGISTER_C);
        looks++;
        if (flags != NOBODY && flags & C_PERIODIC) {
            periods++;
            looks = 0;
        }
        if (!(read(REGISTER_A) & A_COUNTS_ON) && read(SECOND) != before)
            return true;
        look_away();
    }
    return false;
}

uint64_t rtc_measure_second(void)
{
    uint64_t start = 0, end = 0;
    begin_periods();
    if (await_second()) {
        start = cpu_tsc();
        end = await_second() ? cpu_tsc() : start;
    }
    end_periods();
    return end - start;
}
