; Enters the kernel as a loader would whose picture lies above 4 GB: 800x600x32 at 0x140c00000, in
; RAM, where a test can read it. With NARROW the map has no room for it, and for windows, but a hole
; of 4 MB below 0xfe000000, and what lies between 128 MB and 0xd0000000. Of Multiboot 2's words, the
; tag about the screen is changed where it is. Linked with the kernel's objects.

        bits    32
        extern  _start

HAS_MAP         equ 1 << 6
HAS_SCREEN      equ 1 << 12
MAP_LENGTH      equ 44                  ; where the words have the map's
MAP_ADDRESS     equ 48
WORDS_BYTES     equ 88                  ; of Multiboot 1's words, up to the screen

MULTIBOOT2      equ 0x36d76289
TAGS            equ 8                   ; Multiboot 2's, behind two words
TAG_BYTES       equ 4                   ; offset of a tag's length
TAG_END         equ 0
TAG_SCREEN      equ 8

        section .data
        align   4
words:  times WORDS_BYTES db 0
screen: dd      0x40c00000, 1           ; its address
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
%ifndef NARROW
        cmp     eax, MULTIBOOT2
        je      .tags
%endif
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
%ifndef NARROW
.tags:  lea     edi, [ebx + TAGS]
.tag:   cmp     dword [edi], TAG_END
        je      _start
        cmp     dword [edi], TAG_SCREEN
        je      .screen
        mov     ecx, [edi + TAG_BYTES]
        add     ecx, 7
        and     ecx, -8
        add     edi, ecx
        jmp     .tag
.screen:
        add     edi, 8                  ; behind its number and its length
        mov     esi, screen
        movsd                           ; address
        movsd
        movsd                           ; pitch, width, height
        movsd
        movsd
        movsw                           ; bits a pixel, kind
        add     edi, 2
        add     esi, 2
        movsd                           ; colours
        movsw
        jmp     _start
%endif
