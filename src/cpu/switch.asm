; From one kernel stack to another (cpu/switch.h).
; Mode: 32-bit protected, ring 0, flat segments, interrupts off.

        bits    32
        section .text

; void switch_stacks(uint32_t *save, uint32_t esp)
; In: [esp + 4] where this stack's pointer goes, [esp + 8] the other's, left by this routine or by
; switch_prepare(). Returns on the other stack. Clobbers EAX, EDX.
        global  switch_stacks
switch_stacks:
        mov     eax, [esp + 4]
        mov     edx, [esp + 8]
        push    ebp
        push    ebx
        push    esi
        push    edi
        mov     [eax], esp
        mov     esp, edx
        pop     edi
        pop     esi
        pop     ebx
        pop     ebp
        ret
