; The processor's paging registers (memory/paging/paging.h).
; Mode: 32-bit protected, ring 0, flat segments; any stack that stays mapped where it is.

        bits    32
        section .text

; void paging_load_directory(paddr_t directory)
; In: [esp + 4] a directory's physical address. Forgets the whole TLB. Clobbers EAX.
        global  paging_load_directory
paging_load_directory:
        mov     eax, [esp + 4]
        mov     cr3, eax
        ret

; void enable_paging(void)
; Sets PG, and WP: without it ring 0 writes to read-only pages. Clobbers EAX.
        global  enable_paging
enable_paging:
        mov     eax, cr0
        or      eax, 0x80010000
        mov     cr0, eax
        jmp     .fetch                  ; a 486 wants the prefetched code dropped
.fetch: ret

; void paging_flush(vaddr_t page)
; In: [esp + 4] an address in the page whose TLB entry goes; of 4 KB or of 4 MB. Clobbers EAX.
        global  paging_flush
paging_flush:
        mov     eax, [esp + 4]
        invlpg  [eax]                   ; the page's own address is the operand
        ret
