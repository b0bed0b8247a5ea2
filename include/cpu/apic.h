/*
 * The processor's own interrupt controller: as far as it stands between us and the PIC, and its
 * timer, for machines whose other one does not tick.
 */
#ifndef PLAT_CPU_APIC_H
#define PLAT_CPU_APIC_H

#include "cpu/cpu.h"

/*
 * Lets what the PIC raises through to the processor, where the firmware has left that closed (as
 * UEFI may), and nothing else: the controller's own timer is stopped, and so is what the processor
 * would interrupt for by itself (errors, counters, heat), unless it is the firmware's own business.
 * What these, or an I/O APIC that the firmware has set up, still have to say has no gate and waits
 * for ever. Returns whether the way was closed or the timer ran; a processor without a local APIC,
 * or with its APIC off, passes the PIC on by itself. Its registers must be mapped, or nothing is
 * done. Call with interrupts off, before the PIC's lines are opened.
 */
bool apic_pass_interrupts(const struct cpu_features *features);

/*
 * For tests: has it raise VECTOR, as a device behind an I/O APIC would. False where there is none
 * that can be reached.
 */
MUST_USE bool apic_raise(const struct cpu_features *features, uint8_t vector);

/*
 * Has the timer count down from UINT32_MAX, at a pace that nobody knows, without interrupts: for
 * who measures it. False where there is none that can be reached.
 */
MUST_USE bool apic_timer_begin(const struct cpu_features *features);

/* What it has left; behind apic_timer_begin(). */
uint32_t apic_timer_left(void);

/*
 * From now on it counts down from COUNTS again and again, and HANDLER runs each time, in the
 * interrupt. Only the vectors of the local APIC's own class come through: those of an I/O APIC that
 * a firmware has set up wait for ever, as before.
 */
void apic_timer_start(uint32_t counts, void (*handler)(void));

#endif
