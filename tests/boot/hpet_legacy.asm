; Enters the kernel as a loader would behind a system that has used the HPET: it counts, lines 0 and
; 8 are its own (legacy replacement), and its first timer interrupts a thousand times a second.
; Linked with the kernel's objects; for QEMU, whose HPET counts 100 times a microsecond.

        bits    32
        extern  _start

CONFIGURATION   equ 0xfed00010
COUNT           equ 0xfed000f0
TIMER_0         equ 0xfed00100
COMPARATOR_0    equ 0xfed00108
COUNTS          equ 1 << 0
LEGACY          equ 1 << 1
INTERRUPTS      equ 1 << 2
PERIODIC        equ 1 << 3
SET_PERIOD      equ 1 << 6
PERIOD          equ 100000

        section .text
        global  hpet_legacy_start

; void hpet_legacy_start(void)
; On entry as _start: EAX and EBX are the loader's words, and are handed on. Mode: 32-bit protected,
; paging off, interrupts off, flat segments. Clobbers nothing.
hpet_legacy_start:
        mov     dword [CONFIGURATION], 0
        mov     dword [COUNT], 0
        mov     dword [COUNT + 4], 0
        mov     dword [TIMER_0], INTERRUPTS | PERIODIC | SET_PERIOD
        mov     dword [COMPARATOR_0], PERIOD
        mov     dword [CONFIGURATION], COUNTS | LEGACY
        jmp     _start
