; The system calls as C functions (user/plat.h). A C caller leaves the arguments just where the
; kernel looks for them, but for the return address on top: that waits in EDX meanwhile.
; Mode: 32-bit protected, ring 3, flat segments.

        bits    32

%macro CALL_KERNEL 2
        global  %1
%1:
        pop     edx
        mov     eax, %2
        int     0x80
        push    edx
        ret
%endmacro

        section .text

; int32_t system_NAME(arguments)
; In: [esp + 4] on, the command's arguments. Out: EAX, the answer. Clobbers EDX, and the place of
; the return address, which the caller no longer needs.
        CALL_KERNEL system_sum, 0
        CALL_KERNEL system_print, 1
        CALL_KERNEL system_get_key, 2
        CALL_KERNEL system_put_char, 3
        CALL_KERNEL system_malloc, 4
        CALL_KERNEL system_free, 5
        CALL_KERNEL system_load, 6
        CALL_KERNEL system_run, 7
        CALL_KERNEL system_arguments, 8
        CALL_KERNEL system_exit, 9
        CALL_KERNEL system_yield, 10
        CALL_KERNEL system_sleep, 11
        CALL_KERNEL system_getpid, 12
        CALL_KERNEL system_wait, 13
        CALL_KERNEL system_time, 14
        CALL_KERNEL system_memory, 15
        CALL_KERNEL system_kill, 16

; int32_t system_call(uint32_t command, uint32_t a, uint32_t b)
; In: [esp + 4] the command, [esp + 8] and [esp + 12] its arguments. Out: EAX, the answer.
; Clobbers ECX, EDX.
        global  system_call
system_call:
        pop     edx
        pop     eax
        int     0x80
        push    eax                     ; the caller removes three words
        push    edx
        ret
