; Enters the kernel as a loader would whose picture lies above 4 GB: 800x600x32 at 0x140c00000, in
; RAM, where a test can read it. Linked with the kernel's objects.

        bits    32
        extern  _start

HAS_SCREEN      equ 1 << 12
WORDS_BYTES     equ 88                  ; of Multiboot 1's words, up to the screen

        section .data
        align   4
words:  times WORDS_BYTES db 0
        dd      0x40c00000, 1           ; its address
        dd      3200, 800, 600          ; pitch, width, height
        db      32, 1                   ; bits a pixel, which is no number of a palette
        dw      0
        db      16, 8, 8, 8, 0, 8       ; red, green, blue: position, bits

        section .text
        global  far_screen_start

; void far_screen_start(void)
; On entry as _start: EAX and EBX are the loader's words, and are handed on. Mode: 32-bit protected,
; paging off, interrupts off, flat segments. Clobbers ECX, ESI, EDI.
far_screen_start:
        cld
        mov     esi, ebx
        mov     edi, words
        mov     ecx, WORDS_BYTES / 4
        rep movsd
        mov     ebx, words
        or      dword [ebx], HAS_SCREEN
        jmp     _start
