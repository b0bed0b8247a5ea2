; A Multiboot header that asks for a picture, linked in front of the kernel's own: GRUB on a BIOS
; gives a framebuffer only to who asks for one. Which mode is the test's to say, in gfxpayload.

        bits    32
        extern  _start

MAGIC   equ     0x1badb002
FLAGS   equ     7                       ; modules on pages, memory, video

        section .multiboot progbits alloc noexec nowrite align=4
        dd      MAGIC, FLAGS, -(MAGIC + FLAGS)
        dd      0, 0, 0, 0, 0           ; an ELF file needs no addresses
        dd      0, 1024, 768, 32        ; linear, width, height, bits a pixel
