/* The processor's own interrupt controller, as far as it stands between us and the PIC. */
#ifndef PLAT_CPU_APIC_H
#define PLAT_CPU_APIC_H

#include "cpu/cpu.h"

/*
 * Lets what the PIC raises through to the processor, where the firmware has left that closed (as
 * UEFI may), and stops the controller's own timer. Returns whether anything had to be changed; a
 * processor without a local APIC, or with its APIC off, passes the PIC on by itself. Its registers
 * must be mapped, or nothing is done. Call with interrupts off, before the PIC's lines are opened.
 */
bool apic_pass_interrupts(const struct cpu_features *features);

#endif
