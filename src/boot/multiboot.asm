; Where a Multiboot loader hands over (Multiboot specification 0.6.96, sections 3.1 and 3.2;
; Multiboot 2 specification 2.0, sections 3.1 and 3.3). The image has both headers.
;
; On entry: 32-bit protected mode, paging off, interrupts off, flat segments of the loader's, EAX
; the magic number, EBX the address of the loader's words. Everything else is undefined.

        bits    32
        extern  gdt_register
        extern  kernel_prepare
        extern  kernel_main
        extern  paging_load_directory
        extern  enable_paging

HEADER_MAGIC    equ 0x1badb002
HEADER_FLAGS    equ 3                   ; modules on page boundaries; tell about memory
LOADER_MAGIC    equ 0x2badb002
HEADER2_MAGIC   equ 0xe85250d6
HEADER2_I386    equ 0
LOADER2_MAGIC   equ 0x36d76289
TAG_END         equ 0
TAG_SCREEN      equ 5
TAG_ALIGN       equ 6
OPTIONAL        equ 1                   ; a loader that knows nothing of it may go on
KERNEL_CODE     equ 0x08
KERNEL_DATA     equ 0x10
STACK_BYTES     equ 16384
PAGE_BYTES      equ 4096

        section .multiboot align=8
        dd      HEADER_MAGIC
        dd      HEADER_FLAGS
        dd      -(HEADER_MAGIC + HEADER_FLAGS)

        align   8
header2:
        dd      HEADER2_MAGIC
        dd      HEADER2_I386
        dd      header2_end - header2
        dd      -(HEADER2_MAGIC + HEADER2_I386 + (header2_end - header2))
        dw      TAG_SCREEN, OPTIONAL    ; a picture will do; of any size and depth
        dd      20
        dd      0, 0, 0
        align   8
        dw      TAG_ALIGN, OPTIONAL     ; modules on page boundaries
        dd      8
        dw      TAG_END, 0
        dd      8
header2_end:

        section .stack nobits align=4096
        global  kernel_stack_guard, kernel_stack, kernel_stack_top
kernel_stack_guard:                     ; made absent by kernel_space_protect()
        resb    PAGE_BYTES
kernel_stack:
        resb    STACK_BYTES
kernel_stack_top:

        section .text

; void _start(void)
; Does not return. Nothing but the kernel's own .bss is written before the loader's words have been
; copied there: they may lie anywhere below.
        global  _start
_start:
        cli
        cld
        mov     esp, kernel_stack_top
        xor     ebp, ebp                ; the call chain ends here
        mov     dr7, ebp                ; a breakpoint of the loader's would find no gate
        push    dword 0
        popf                            ; no flag of the loader's survives
        xor     edi, edi                ; whether the words are Multiboot 2's
        cmp     eax, LOADER_MAGIC
        je      .ours
        inc     edi
        cmp     eax, LOADER2_MAGIC
        jne     wrong_magic

.ours:  lgdt    [gdt_register]
        jmp     KERNEL_CODE:.flat
.flat:  mov     eax, KERNEL_DATA
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        xor     eax, eax
        lldt    ax                      ; what loaders leave in LDTR is no table

        push    edi
        push    ebx
        call    kernel_prepare          ; EAX: the directory
        push    eax
        call    paging_load_directory
        call    enable_paging
        mov     esp, kernel_stack_top
        push    dword 0                 ; a return address that ends the call chain
        jmp     kernel_main

; Says on the serial port and on the text screen that the loader is not a Multiboot loader, and
; stands still. Needs no segment but the loader's own.
wrong_magic:
        mov     esi, message
        mov     edi, 0xb8000
        mov     ah, 0x4f                ; white on red
.next:  lodsb
        test    al, al
        jz      .stop
        stosw
        mov     bl, al
        mov     ecx, 20000              ; about as many microseconds, if there is no port
.wait:  mov     dx, 0x3fd
        in      al, dx
        test    al, 0x20
        loopz   .wait
        mov     dx, 0x3f8
        mov     al, bl
        out     dx, al
        jmp     .next
.stop:  mov     dx, 0x511               ; QEMU's own device, if this is QEMU
        in      al, dx
        cmp     al, 0xff
        je      .halt
        dec     edx
        xor     eax, eax
        out     dx, ax                  ; its signature, please
        inc     edx
        mov     ecx, 4
.sign:  shl     ebx, 8
        in      al, dx
        mov     bl, al
        loop    .sign
        cmp     ebx, 'UMEQ'             ; the first one is the highest byte
        jne     .halt
        mov     dx, 0xf4                ; isa-debug-exit, if a test harness is there
        in      al, dx
        cmp     al, 0xff
        je      .halt
        mov     al, 0x20
        out     dx, al
.halt:  hlt
        jmp     .halt

        section .rodata
message: db     "plat: EAX holds neither 0x2BADB002 nor 0x36D76289: "
        db      "start me with a Multiboot loader", 0
