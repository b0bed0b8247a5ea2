; One INT 15h of the BIOS, from protected mode.

        bits    32

LOW             equ 0x7000              ; where the real-mode part runs; its stack ends here too
CODE32          equ 0x08
DATA32          equ 0x10
CODE16          equ 0x18
DATA16          equ 0x20
REGISTERS_BYTES equ 44                  ; struct bios_registers

; The address that a label of the real-mode part has after it was copied down.
%define low(label) (LOW + (label) - real_mode_start)

        section .bss align=4
saved_esp:      resd 1
saved_gdt:      resb 8
saved_idt:      resb 8

        section .text

; void bios_int15(struct bios_registers *registers)
; In: [esp + 4] the registers for the BIOS; they are replaced by what it left in them.
; Mode: 32-bit protected, paging off, flat segments 8 and 16, interrupts off, on entry and on exit.
; Clobbers EAX, ECX, EDX, and memory from 0x6000 to 0x7fff.
        global  bios_int15
bios_int15:
        push    ebx
        push    esi
        push    edi
        push    ebp
        mov     [saved_esp], esp
        sgdt    [saved_gdt]
        sidt    [saved_idt]

        mov     esi, real_mode_start
        mov     edi, LOW
        mov     ecx, real_mode_end - real_mode_start
        rep movsb
        mov     esi, [esp + 20]
        mov     edi, low(registers)
        mov     ecx, REGISTERS_BYTES
        rep movsb

        lgdt    [low(gdt_register)]
        jmp     CODE16:low(to_real_mode)

back_in_protected_mode:
        mov     eax, DATA32
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        mov     esp, [saved_esp]
        lgdt    [saved_gdt]
        lidt    [saved_idt]
        cld
        mov     esi, low(registers)
        mov     edi, [esp + 20]
        mov     ecx, REGISTERS_BYTES
        rep movsb
        pop     ebp
        pop     edi
        pop     esi
        pop     ebx
        ret

; From here on, copied to LOW before it runs; all addresses in it go through low().
real_mode_start:
        bits    16
to_real_mode:
        mov     ax, DATA16              ; a segment limit of 64 KB, as real mode expects
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        lidt    [low(real_mode_idt)]
        mov     eax, cr0
        and     al, 0xfe
        mov     cr0, eax
        jmp     0:low(in_real_mode)

in_real_mode:
        xor     ax, ax
        mov     ds, ax
        mov     es, ax
        mov     fs, ax
        mov     gs, ax
        mov     ss, ax
        mov     esp, LOW                ; a BIOS may address by all of it
        mov     eax, [low(registers.eax)]
        mov     ebx, [low(registers.ebx)]
        mov     ecx, [low(registers.ecx)]
        mov     edx, [low(registers.edx)]
        mov     di, low(registers.record)
        stc                             ; for a BIOS that does not know the call and returns
        int     0x15                    ; may clobber anything but SS:SP
        cli
        cld
        push    ax
        mov     ax, 0                   ; leaves the carry flag alone
        mov     ds, ax
        pop     ax
        mov     [low(registers.eax)], eax
        mov     [low(registers.ebx)], ebx
        mov     [low(registers.ecx)], ecx
        mov     [low(registers.edx)], edx
        setc    [low(registers.carry)]

        o32 lgdt [low(gdt_register)]    ; the BIOS may have loaded its own
        mov     eax, cr0
        or      al, 1
        mov     cr0, eax
        jmp     dword CODE32:back_in_protected_mode

        align   8
gdt:    dq      0
        dq      0x00cf9a000000ffff      ; CODE32
        dq      0x00cf92000000ffff      ; DATA32
        dq      0x00009a000000ffff      ; CODE16: base 0, 64 KB
        dq      0x000092000000ffff      ; DATA16
gdt_register:
        dw      gdt_register - gdt - 1
        dd      low(gdt)
real_mode_idt:                          ; the interrupt vectors at address 0
        dw      0x3ff
        dd      0

        align   4
registers:                              ; struct bios_registers
.eax:   dd      0
.ebx:   dd      0
.ecx:   dd      0
.edx:   dd      0
.carry: dd      0
.record: times 24 db 0
real_mode_end:
