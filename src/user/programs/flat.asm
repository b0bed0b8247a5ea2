; A program without a header: the file is what comes to lie at 0x00400000, and its first byte is
; where it begins. Prints a line with its process id and exits with 0.
; Mode: 32-bit protected, ring 3, flat segments.

        bits    32
        org     0x00400000

SYSTEM_PRINT    equ 1
SYSTEM_EXIT     equ 9
SYSTEM_GETPID   equ 12
TEXT_BYTES      equ 64

; void start(void)
; In: ESP on a multiple of 16. Does not return.
; The frame: [esp] a call's argument, from [esp + 16] on the line that is printed.
start:
        cld
        sub     esp, 16 + TEXT_BYTES
        lea     edi, [esp + 16]
        mov     esi, greeting
        mov     ecx, greeting_end - greeting
        rep movsb

        mov     eax, SYSTEM_GETPID
        int     0x80
        xor     ebx, ebx                ; how many digits wait on the stack, the first one on top
        mov     ecx, 10
.digit: xor     edx, edx
        div     ecx
        push    edx
        inc     ebx
        test    eax, eax
        jnz     .digit
.write: pop     eax
        add     al, '0'
        stosb
        dec     ebx
        jnz     .write
        mov     word [edi], 10          ; a new line, and the end

        lea     eax, [esp + 16]
        mov     [esp], eax
        mov     eax, SYSTEM_PRINT
        int     0x80
        mov     dword [esp], 0
        mov     eax, SYSTEM_EXIT
        int     0x80
        ud2                             ; not reached

greeting:
        db      "Hello from a flat binary, process "
greeting_end:
