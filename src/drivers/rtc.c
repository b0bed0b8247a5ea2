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
    A_RATE = 0x26, /* a base of 32,768 Hz, and 1,024 periods a second */
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
    LOOKS_MOST = 1000000
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

void rtc_begin_periods(void)
{
    rtc.a = read(REGISTER_A);
    rtc.b = read(REGISTER_B);
    write(REGISTER_A, A_RATE);
    write(REGISTER_B, (rtc.b & (uint8_t)~B_INTERRUPTS) | B_PERIODIC);
    (void)read(REGISTER_C);
}

/* Without the interrupts that the firmware had: nobody would end them. */
void rtc_end_periods(void)
{
    write(REGISTER_A, rtc.a & A_WRITABLE);
    write(REGISTER_B, rtc.b & (uint8_t)~B_INTERRUPTS);
    (void)read(REGISTER_C);
}

bool rtc_await_periods(uint32_t n)
{
    uint32_t looks = 0;
    while (n > 0 && looks < LOOKS_MOST) {
        uint8_t flags = read(REGISTER_C);
        if (flags == NOBODY)
            return false;
        looks++;
        if (flags & C_PERIODIC) {
            n--;
            looks = 0;
        }
    }
    return n == 0;
}
