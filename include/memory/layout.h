/*
 * Who lives where. Physical and virtual addresses are the same but inside a process.
 *
 *     0x00000000  page 0           absent: a NULL pointer faults
 *     0x00001000  below 1 MB       BIOS, video memory, the loader's words; never handed out
 *     0x00100000  kernel image     linker.ld; ends below the user window
 *     0x003ea000  log              64 KB and its header, where that is RAM: outlives a restart
 *     0x003fb000  user window      stack of 16 KB up to 0x003ff000, program from 0x00400000: in a
 *                                  process's own directory something else than the identity
 *     0x01000000  kernel heap      to the top of usable RAM below the growing window; lower on a
 *                                  machine that has little above 16 MB
 *     0xd0000000  growing window   never RAM of the heap's
 *     0xfe000000  far end          a screen that lies above 4 GB is mapped at the highest addresses
 *                                  below, behind which nothing is known to be
 *
 * What is only found at run time (tables, modules) is placed by the memory map, outside the user
 * window wherever there is room, so that it can be reached while any process's directory is loaded.
 *
 * The log's place is one that neither firmware nor loader writes to, so that its text is still
 * there after a warm restart. SeaBIOS clears 0x7000 to 0x90000, and has its own data from 0x9f000
 * on; OVMF unpacks itself from 0x800000 on; GRUB and QEMU put modules behind the kernel.
 */
#ifndef PLAT_MEMORY_LAYOUT_H
#define PLAT_MEMORY_LAYOUT_H

#include "lib/types.h"

#define LAYOUT_1MB            0x00100000u
#define LAYOUT_LOG            0x003ea000u
#define LAYOUT_USER_STACK     0x003fb000u
#define LAYOUT_USER_STACK_TOP 0x003ff000u
#define LAYOUT_USER_PROGRAM   0x00400000u
#define LAYOUT_USER_END       0x01000000u
#define LAYOUT_HEAP           0x01000000u
#define LAYOUT_GROWING_WINDOW 0xd0000000u
#define LAYOUT_FAR_END        0xfe000000u

/* linker.ld defines these; only their addresses mean anything. All on page boundaries. */
extern const uint8_t kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];
extern const uint8_t kernel_stack_guard[], kernel_stack[], kernel_stack_top[];

#endif
