; Memory accesses that may fault (cpu/probe.h).
; Mode: 32-bit protected, ring 0, flat segments; any stack.

        bits    32
        section .text

KERNEL_DATA     equ 0x10

; bool probe_read(vaddr_t address, uint32_t *value)
; In: [esp + 4] address, [esp + 8] where the word goes. Out: EAX 1, or 0 after a fault.
; Clobbers ECX, EDX.
        global  probe_read
probe_read:
        mov     edx, [esp + 4]
        mov     ecx, [esp + 8]
.try:   mov     edx, [edx]
        mov     [ecx], edx
        mov     eax, 1
        ret

; bool probe_write(vaddr_t address, uint32_t value)
; In: [esp + 4] address, [esp + 8] the word. Out: EAX 1, or 0 after a fault. Clobbers ECX, EDX.
        global  probe_write
probe_write:
        mov     edx, [esp + 4]
        mov     ecx, [esp + 8]
.try:   mov     [edx], ecx
        mov     eax, 1
        ret

; bool probe_selector(uint32_t selector)
; In: [esp + 4] a selector. Out: EAX 1, or 0 after a fault; FS is the kernel's data again.
; Clobbers ECX, EDX.
        global  probe_selector
probe_selector:
        mov     edx, [esp + 4]
        mov     ecx, KERNEL_DATA
.try:   mov     fs, edx
        mov     fs, ecx
        mov     eax, 1
        ret

; Where all of them go on after a fault; the stack is as at their entry.
probe_failed:
        xor     eax, eax
        ret

; uint32_t probe_fixup(uint32_t eip)
; In: [esp + 4] where a fault happened. Out: EAX where to go on, or 0. Clobbers ECX, EDX.
        global  probe_fixup
probe_fixup:
        mov     edx, [esp + 4]
        mov     eax, probe_failed
        cmp     edx, probe_read.try
        je      .found
        cmp     edx, probe_write.try
        je      .found
        cmp     edx, probe_selector.try
        je      .found
        xor     eax, eax
.found: ret
