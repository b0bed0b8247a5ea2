; Enters the kernel as the worst loader would that still obeys Multiboot: every register of the
; processor that the specification is silent about holds what would hurt. Linked with the kernel's
; objects.

        bits    32
        extern  _start
        extern  kernel_prepare
        extern  kernel_stack_top

CODE            equ 0x08
DATA            equ 0x10
LDT             equ 0x18

; %1: the bit of CR4 to set in EBP; %2: the register of CPUID's answer; %3: its bit there.
%macro cr4_bit 3
        bt      %2, %3
        jnc     %%not
        or      ebp, 1 << %1
%%not:
%endmacro

        section .text
        global  hostile_entry_start

; void hostile_entry_start(void)
; On entry as _start: EAX and EBX are the loader's words, and are handed on. Needs a processor with
; CPUID. Mode: 32-bit protected, paging off, interrupts off.
hostile_entry_start:
        cli
        mov     esp, stack_top
        push    eax
        push    ebx
        lgdt    [gdt_register]
        jmp     CODE:.flat
.flat:  mov     eax, DATA
        mov     ds, eax
        mov     es, eax
        mov     fs, eax
        mov     gs, eax
        mov     ss, eax
        mov     eax, LDT                ; a table from address 0 on, 64 KB long
        lldt    ax

        ; The FPU: exceptions let through, one of them pending; and registers in use.
        fninit
        push    dword 0x0340
        fldcw   [esp]
        fldz
        fld1
        fdiv    st0, st1
        pop     eax

        ; CR4: every bit that the processor has.
        xor     ebp, ebp
        xor     eax, eax
        cpuid
        mov     esi, eax                ; the last leaf
        mov     eax, 1
        cpuid
        mov     [features], edx
        mov     edi, eax                ; the signature
        cr4_bit 0, edx, 1               ; VME, PVI
        cr4_bit 1, edx, 1
        cr4_bit 2, edx, 4               ; TSD
        cr4_bit 3, edx, 2               ; DE
        cr4_bit 4, edx, 3               ; PSE
        cr4_bit 5, edx, 6               ; PAE
        cr4_bit 6, edx, 7               ; MCE
        cr4_bit 7, edx, 13              ; PGE
        cr4_bit 8, edx, 23              ; PCE, here with MMX
        cr4_bit 9, edx, 24              ; OSFXSR
        cr4_bit 10, edx, 25             ; OSXMMEXCPT
        cr4_bit 14, ecx, 6              ; SMXE
        cr4_bit 18, ecx, 26             ; OSXSAVE
        cmp     esi, 7
        jb      .cr4
        mov     eax, 7
        xor     ecx, ecx
        cpuid
        cr4_bit 11, ecx, 2              ; UMIP
        cr4_bit 12, ecx, 16             ; LA57
        cr4_bit 16, ebx, 0              ; FSGSBASE
        cr4_bit 20, ebx, 7              ; SMEP
        cr4_bit 21, ebx, 20             ; SMAP
        cr4_bit 22, ecx, 3              ; PKE
        cr4_bit 24, ecx, 31             ; PKS
.cr4:   test    ebp, ebp
        jz      .msrs
        mov     cr4, ebp
        bt      ebp, 9                  ; OSFXSR: registers with something in them, and MXCSR
        jnc     .msrs
        bt      dword [features], 25
        jnc     .msrs
        push    dword 0                 ; no exception masked
        ldmxcsr [esp]
        pop     eax
        movups  xmm5, [garbage]

        ; Ways into ring 0 without a gate.
.msrs:  bt      dword [features], 5
        jnc     .debug
        bt      dword [features], 11
        jnc     .efer
        mov     eax, CODE
        xor     edx, edx
        mov     ecx, 0x174              ; SYSENTER_CS, ESP, EIP
        wrmsr
        inc     ecx
        wrmsr
        inc     ecx
        wrmsr
.efer:  mov     eax, 0x80000000
        cpuid
        cmp     eax, 0x80000001
        jb      .banks
        mov     eax, 0x80000001
        cpuid
        xor     eax, eax
        bt      edx, 11
        jnc     .nx
        or      eax, 1                  ; SCE
.nx:    bt      edx, 20
        jnc     .long
        or      eax, 1 << 11            ; NXE
.long:  bt      edx, 29
        jnc     .set
        or      eax, 1 << 8             ; LME: then PG without PAE is a fault
.set:   test    eax, eax
        jz      .banks
        xor     edx, edx
        mov     ecx, 0xc0000080
        wrmsr

        ; Machine checks that nobody would be told of.
.banks: bt      dword [features], 14
        jnc     .debug
        mov     ecx, 0x179
        rdmsr
        movzx   esi, al
        bt      eax, 8
        jnc     .each
        xor     eax, eax
        xor     edx, edx
        mov     ecx, 0x17b
        wrmsr
.each:  mov     ecx, 0x400
        xor     eax, eax
        xor     edx, edx
.bank:  test    esi, esi
        jz      .debug
        wrmsr                           ; the bank's control
        add     ecx, 4
        dec     esi
        jmp     .bank

        ; A breakpoint on what the kernel is going to run, one on what it will write.
.debug: mov     eax, kernel_prepare
        mov     dr0, eax
        mov     dr1, eax
        mov     eax, kernel_stack_top - 4
        mov     dr2, eax
        mov     dr3, eax
        mov     eax, 0xdd0007aa         ; 2 and 3: writes of 4 bytes; all of them on
        mov     dr7, eax

        ; CR0: no caches, alignment checked, tasks switched, errors of the FPU by the PIC.
        mov     eax, cr0
        and     eax, ~0x22
        or      eax, 0x6004000c
        mov     cr0, eax

        pop     ebx
        pop     eax
        push    dword 0x00047000        ; AC, NT, and ring 3 may use ports
        popf
        std
        jmp     _start

        section .data align=8
gdt:    dq      0
        dq      0x00cf9a000000ffff      ; CODE
        dq      0x00cf92000000ffff      ; DATA
        dq      0x000082000000ffff      ; LDT
gdt_register:
        dw      gdt_register - gdt - 1
        dd      gdt
garbage: times 16 db 0x5e

        section .bss nobits align=16
features: resd  1
        resb    256
stack_top:
