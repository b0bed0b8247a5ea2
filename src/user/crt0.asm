; Where every program with a main() begins.
; Mode: 32-bit protected, ring 3, flat segments.

        bits    32
        extern  main

SYSTEM_ARGUMENTS equ 8
SYSTEM_EXIT     equ 9

        section .text

; void _start(void)
; In: ESP on a multiple of 16; nothing else. Does not return: exits with what main() returns.
; The frame: [esp] and [esp + 4] arguments of calls, [esp + 16] struct program_arguments.
        global  _start
_start:
        cld
        xor     ebp, ebp                ; the last frame of a chain of calls
        sub     esp, 32
        mov     [esp + 16], ebp
        mov     [esp + 20], ebp         ; where the kernel fills in none, argc is 0
        lea     eax, [esp + 16]
        mov     [esp], eax
        mov     eax, SYSTEM_ARGUMENTS
        int     0x80
        mov     eax, [esp + 16]
        mov     [esp], eax
        mov     eax, [esp + 20]
        mov     [esp + 4], eax
        call    main
        mov     [esp], eax
        mov     eax, SYSTEM_EXIT
        int     0x80
        ud2                             ; not reached
