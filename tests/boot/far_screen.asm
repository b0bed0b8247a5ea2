; Enters the kernel as a loader would whose picture lies above 4 GB: 800x600x32 at 0x140c00000, in
; RAM, where a test can read it. With NARROW the map has no room for it, and for windows, but a hole
; of 4 MB below 0xfe000000, and what lies between 128 MB and 0xd0000000. Linked with the kernel's
; objects.

        bits    32
        extern  _start

HAS_MAP         equ 1 << 6
HAS_SCREEN      equ 1 << 12
MAP_LENGTH      equ 44                  ; where the words have the map's
MAP_ADDRESS     equ 48
WORDS_BYTES     equ 88                  ; of Multiboot 1's words, up to the screen

        section .data
        align   4
words:  times WORDS_BYTES db 0
        dd      0x40c00000, 1           ; its address
        dd      3200, 800, 600          ; pitch, width, height
        db      32, 1                   ; bits a pixel, which is no number of a palette
        dw      0
        db      16, 8, 8, 8, 0, 8       ; red, green, blue: position, bits

%ifdef NARROW
map:    dd      20, 0x00000000, 0, 0x0009f000, 0, 1
        dd      20, 0x00100000, 0, 0x07f00000, 0, 1
        dd      20, 0xd0000000, 0, 0x2dc00000, 0, 2
        dd      20, 0xfe000000, 0, 0x02000000, 0, 2
map_end:
%endif

        section .text
%ifdef NARROW
%define far_screen_start narrow_screen_start
%endif
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
%ifdef NARROW
        or      dword [ebx], HAS_MAP
        mov     dword [ebx + MAP_LENGTH], map_end - map
        mov     dword [ebx + MAP_ADDRESS], map
%endif
        jmp     _start
