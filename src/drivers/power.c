#include "drivers/power.h"

#include "cpu/cpu.h"
#include "cpu/io.h"
#include "drivers/keyboard.h"
#include "drivers/serial.h"
#include "lib/print.h"

enum {
    DEBUG_EXIT = 0xf4,
    PM_CONTROL_PIIX4 = 0x604, /* where QEMU's pc and q35 put ACPI's PM1a control */
    SLEEP_S5 = 0x2000,        /* sleep enable, type 0 */
    BOCHS_SHUTDOWN = 0x8900,
    PCI_RESET = 0xcf9
};

/* What was printed has reached those whom it is for. */
static void show_all(void)
{
    print_flush();
    serial_drain();
}

/* About a tenth of a second. */
static void wait_a_little(void)
{
    for (int i = 0; i < 100000; i++)
        io_pause();
}

void power_leave(enum power_verdict verdict)
{
    show_all();
    if (io_read8(DEBUG_EXIT) != 0xff)
        io_write8(DEBUG_EXIT, (uint8_t)verdict);
}

void power_off(void)
{
    show_all();
    for (const char *c = "Shutdown"; *c; c++)
        io_write8(BOCHS_SHUTDOWN, (uint8_t)*c);
    io_write16(PM_CONTROL_PIIX4, SLEEP_S5);
    wait_a_little(); /* it does not go off at once */
}

void power_restart(void)
{
    show_all();
    cpu_disable_interrupts();
    keyboard_pulse_reset();
    wait_a_little();
    io_write8(PCI_RESET, 0x06);
    wait_a_little();
    const struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) nothing = {0, 0};
    __asm__ volatile("lidt %0; int3" ::"m"(nothing));
    cpu_halt();
}
