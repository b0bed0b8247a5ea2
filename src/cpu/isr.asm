; The gates of all exceptions and interrupt lines, and what stands behind each of them.
; Mode: 32-bit protected, ring 0, flat segments, on the stack that was interrupted.

        bits    32
        extern  trap_dispatch
        extern  trap_double_fault

KERNEL_DATA     equ 0x10
FIRST_LINE      equ 32
VECTORS         equ 48
APIC_BASE       equ 0xf0
APIC_VECTORS    equ 16
SYSTEM_CALL     equ 0x80

; The exceptions for which the processor pushes an error code: 8, 10 to 14, 17, 21, 29 and 30.
%define HAS_ERROR_CODE(v) ((v) == 8 || ((v) >= 10 && (v) <= 14) || (v) == 17 || (v) == 21 || \
                           (v) == 29 || (v) == 30)

        section .text

%assign vector 0
%rep VECTORS
isr_%+vector:
    %if !HAS_ERROR_CODE(vector)
        push    dword 0
    %endif
        push    dword vector
        jmp     isr_common
    %assign vector vector + 1
%endrep

%assign vector APIC_BASE
%rep APIC_VECTORS
isr_%+vector:
        push    dword 0
        push    dword vector
        jmp     isr_common
    %assign vector vector + 1
%endrep

; The one gate that is open to ring 3 (abi/system_calls.h).
        global  isr_system_call
isr_system_call:
        push    dword 0
        push    dword SYSTEM_CALL
        jmp     isr_common

; Builds the rest of struct trap_frame (cpu/trap.h), calls trap_dispatch(frame) and goes back to
; what was interrupted, with every register as it was unless the handler changed the frame.
isr_common:
        push    ds
        push    es
        push    fs
        push    gs
        pusha
        mov     eax, KERNEL_DATA
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        push    dword 2                 ; bit 1 is always set
        popf                            ; no DF for C; no AC, with which ring 3 turns SMAP off
        push    esp
        call    trap_dispatch
        add     esp, 4
isr_return:
        popa
        pop     gs
        pop     fs
        pop     es
        pop     ds
        add     esp, 8                  ; vector and error code
        iret

; void trap_resume(const struct trap_frame *frame)
; In: [esp + 4] a frame at the top of a stack. Goes where it says, with its registers; that stack's
; memory below the frame is free. Does not return.
        global  trap_resume
trap_resume:
        mov     esp, [esp + 4]
        jmp     isr_return

; void isr_double_fault(void)
; The double-fault task starts here on its own stack, interrupts off, an error code of 0 pushed.
; Does not return: what led here can't be resumed.
        global  isr_double_fault
isr_double_fault:
        cld
        call    trap_double_fault
.stop:  cli
        hlt
        jmp     .stop

; void trap_deliver(uint32_t vector)
; In: [esp + 4] a vector below VECTORS. Builds what the processor would push and enters the gate's
; routine; returns when the handler does. Clobbers EAX, ECX, EDX.
        global  trap_deliver
trap_deliver:
        mov     eax, [esp + 4]
        pushf
        push    cs
        push    dword .back
        bt      [isr_error_codes], eax
        jnc     .enter
        push    dword 0
.enter: jmp     [isr_table + eax * 4]
.back:  ret

        section .rodata align=4

; void (*const isr_table[VECTORS])(void), void (*const isr_apic_table[APIC_VECTORS])(void)
        global  isr_table, isr_apic_table
isr_table:
%assign vector 0
%rep VECTORS
        dd      isr_%+vector
    %assign vector vector + 1
%endrep
isr_apic_table:
%assign vector APIC_BASE
%rep APIC_VECTORS
        dd      isr_%+vector
    %assign vector vector + 1
%endrep

; One bit a vector: whether its routine expects an error code.
isr_error_codes:
        dd      (1 << 8) | (0x1f << 10) | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30), 0
