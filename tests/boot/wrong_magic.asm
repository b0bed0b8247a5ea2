; Enters the kernel as a loader would that is not Multiboot's. Linked with the kernel's objects.

        bits    32
        extern  _start
        section .text
        global  wrong_magic_start
wrong_magic_start:
        mov     eax, 0x2badb003
        jmp     _start
