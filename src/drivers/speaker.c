#include "drivers/speaker.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/deadline.h"

/* Channel 2 of the interval timer (Intel 8254) makes the tone; two bits of the system's control
 * port let it count and through to the speaker (IBM, "Personal System/2 Hardware Interface
 * Technical Reference", 1992: "System Control Port B"). */
enum {
    CHANNEL_2 = 0x42,
    COMMAND = 0x43,
    SQUARE_WAVE = 0xb6, /* channel 2, low byte then high byte, mode 3 */
    CONTROL = 0x61,
    SPEAKER_ON = 0x03,
    KEPT = 0x0f, /* the bits that may be written back; those above are only read */
    INPUT_HZ = 1193182,
    PASS_HZ = 1760,
    LONG_MICROSECONDS = 700000,
    SHORT_MICROSECONDS = 200000
};

static const uint16_t fail_hz[] = {440, 330, 220};

static bool asked;

void speaker_ask(bool on)
{
    asked = on;
}

static void beep(uint32_t hz, uint32_t nmicroseconds)
{
    uint32_t divisor = INPUT_HZ / hz, flags = cpu_save_flags();
    io_write8(COMMAND, SQUARE_WAVE);
    io_write8(CHANNEL_2, (uint8_t)divisor);
    io_write8(CHANNEL_2, (uint8_t)(divisor >> 8));
    cpu_restore_flags(flags);
    uint8_t before = io_read8(CONTROL) & KEPT & (uint8_t)~SPEAKER_ON;
    io_write8(CONTROL, before | SPEAKER_ON);
    deadline_wait(nmicroseconds);
    io_write8(CONTROL, before);
}

void speaker_beep(bool passed)
{
    if (!asked)
        return;
    if (passed) {
        beep(PASS_HZ, LONG_MICROSECONDS);
        return;
    }
    for (size_t i = 0; i < sizeof fail_hz / sizeof fail_hz[0]; i++) {
        beep(fail_hz[i], SHORT_MICROSECONDS);
        deadline_wait(SHORT_MICROSECONDS);
    }
}
