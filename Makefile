# Plat. `make help` lists what can be made; the lists below are the map of the sources.
#
# Variables:  CROSS=i686-elf-  another compiler     WERROR=yes  warnings are errors
#             SETUP=no  install nothing             V=1  show the commands
#             APPEND="selftest"  the kernel's command line for `make run`
#             MEM=128  megabytes for `make run`     FILTER=heap  only these in `make test-host`
#             ACCEL=kvm  for `make run`             JOBS=4  tests at once in `make test`
#             PREFIX=/usr/local  for `make install-lib`; DESTDIR=DIR  stands in front of it
#             UEFI=ia32  for `make run-uefi`        UEFI=x64  for `make run-usb`: not a BIOS
#             USB=ehci  for `make run-usb`          SCREEN=gtk  a window for `make run` and its like
#             DEVICE=/dev/sdb  for `make usb`, or a file, DEVICE=plat.img
#             HOST_CC=arm-none-eabi-gcc  for `make lib`: a compiler for another machine
#             O=DIR  builds in DIR: all that is made lies in DIR/build

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

ifeq ($(origin O)$(if $(O),, empty),command line)

# DIR gets links to the sources (scripts/elsewhere), and make runs there.
.PHONY: elsewhere $(MAKECMDGOALS)
$(or $(MAKECMDGOALS),all): elsewhere
	@:
elsewhere:
	@scripts/elsewhere "$$O"
	@$(MAKE) --no-print-directory -C "$$O" O= $(MAKECMDGOALS)

else

# A tree of somebody else's, or on a disk that can only be read.
unwritable := $(shell if ! [ -e build ]; then [ -w . ] || echo build; exit; fi; \
    for f in build build/kernel build/user build/host; do \
    ! [ -e $$f ] || [ -w $$f ] || { echo $$f; exit; }; done)
ifneq ($(and $(unwritable),$(filter-out help doctor setup check,$(or $(MAKECMDGOALS),all))),)
$(error $(unwritable) can not be written by $(shell id -un); expected: make O=DIR, with a folder \
    where it may write)
endif

# -- Tools ----------------------------------------------------------------------------------------

ifeq ($(origin CROSS),undefined)
CROSS := $(shell scripts/cross)
endif
NASM ?= nasm
HOST_CC ?= gcc
# Of the compiler's own machine, which may be another than this one.
ifneq ($(filter default undefined,$(origin AR)),)
AR = $(or $(shell $(HOST_CC) -print-prog-name=ar 2>/dev/null),ar)
endif
ifeq ($(origin OBJCOPY),undefined)
OBJCOPY = $(or $(shell $(HOST_CC) -print-prog-name=objcopy 2>/dev/null),objcopy)
endif
PREFIX ?= /usr/local
FONT ?= /usr/share/consolefonts/spleen-8x16.psfu.gz

# What people say to the scripts reaches them through the environment, so that it may be any text.
export CROSS MEM APPEND UEFI USB SCREEN ACCEL PORT DEVICE PREFIX DESTDIR FONT FILTER

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
    -Wundef -Wvla $(if $(filter yes,$(WERROR)),-Werror)
# Those that NASM has not turned on by itself and all of 2.16 to 3 know; -w+all also finds, since
# 2.16.03, each reference from one section to another.
NASM_WARNINGS := -w+float -w+label-redef -w+pragma -w+unknown-warning \
    $(if $(filter yes,$(WERROR)),-w+error)
INCLUDES := -Iinclude -Isrc -Itests

# Distributions have their compilers protect programs; that asks for a C library, or for
# instructions of newer processors.
PLAIN := -fcf-protection=none -fno-stack-protector -fno-stack-clash-protection -U_FORTIFY_SOURCE

# i386, because a compiler's default of i686 means CMOV, which a 486 does not have. No libgcc is
# linked: Debian's has CMOV in it. i686-elf's uint32_t is a long, i686-linux-gnu's an int; it is an
# int here with both, so that printf's formats fit.
#
# -fno-omit-frame-pointer and -fno-optimize-sibling-calls let a panic name all callers. In the heap
# (src/memory/heap) they cost 4 to 15 % of the instructions: with FAST_CFLAGS and with these, a call
# of a pair takes 35 and 37.5, of 4 KB 70 and 80, of 64 KB 280 and 318, of churn 57 and 62, of the
# trace of cc1 51 and 55; the longest call 436 and 481. They stay: without them 37 of its 80
# functions have something else in EBP, and a fault in one would name nobody. -fno-partial-inlining
# and -march=i386 cost the heap less than 1 %, the others nothing.
KERNEL_CFLAGS := -std=gnu11 -ffreestanding -march=i386 -mtune=generic -mgeneral-regs-only -O2 -g \
    -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-partial-inlining -fno-pic -fno-pie \
    $(PLAIN) -fno-asynchronous-unwind-tables -U__UINT32_TYPE__ -D__UINT32_TYPE__=unsigned \
    -U__INT32_TYPE__ -D__INT32_TYPE__=int $(WARNINGS) $(INCLUDES)
USER_CFLAGS := $(KERNEL_CFLAGS) -Os
ifeq ($(DEBUG),yes)
KERNEL_CFLAGS += -DPLAT_DEBUG
endif
USER_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack \
    -Wl,-z,max-page-size=4096,--strip-debug,-T,src/user/user.ld
KERNEL_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack,-T,linker.ld
HOST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
    -fno-sanitize-recover=all $(WARNINGS) $(INCLUDES)
FAST_CFLAGS := -std=gnu11 -O2 -g $(WARNINGS) $(INCLUDES)

# A compiler for a machine without a system knows no -m32, and protects and relocates nothing.
HOST_32 := $(shell $(HOST_CC) -m32 -nostdlib -r -x c /dev/null -o /dev/null 2>/dev/null && echo yes)
HOST_MACHINE := $(shell $(HOST_CC) -dumpmachine 2>/dev/null)
LIB_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fvisibility=hidden \
    $(if $(filter %-elf %-eabi %-eabihf,$(HOST_MACHINE)),,-fPIC $(PLAIN)) \
    -fno-asynchronous-unwind-tables $(WARNINGS) $(INCLUDES)

# -- Sources --------------------------------------------------------------------------------------

# The kernel that is pure: no hardware, no policy; compiled unchanged for the host.
PURE := \
    src/lib/string.c              strings and numbers \
    src/lib/format.c              printf's language \
    src/lib/log.c                 lines and their times, in memory that is kept \
    src/lib/log_show.c            .. as a person reads them \
    src/lib/byte_ring.c           bytes in the order they came \
    src/lib/print.c               one stream of text, many sinks \
    src/lib/symbols.c             which function holds an address \
    src/lib/crc.c                 the sum that cksum prints \
    src/lib/qr.c                  a text as a square that telephones read \
    src/cpu/control.c             what CR0 and CR4 are to be \
    src/cpu/seal.c                words that must not change \
    src/boot/boot_info.c          what the loader or the BIOS said \
    src/boot/boot_screen.c        .. and which of the loader's screens can be used \
    src/boot/multiboot.c          the loader's words, untrusted, into boot_info \
    src/boot/multiboot2.c         .. of the second kind: tags \
    src/boot/bios_map.c           the BIOS's map, by three calls \
    src/boot/options.c            the command line \
    src/boot/firmware.c           which firmware it was, by what is in memory \
    src/drivers/scancodes.c       keyboard bytes into keys \
    src/drivers/terminal.c        terminal bytes into keys \
    src/drivers/tick_count.c      ticks, also those that were lost \
    src/drivers/clock_count.c     the time, by two counters \
    src/drivers/date.c            .. and what a battery's clock means by it \
    src/drivers/mp_table.c        how old boards connect the PIC \
    src/drivers/acpi.c            ACPI's tables, untrusted \
    src/drivers/acpi_off.c        .. and the number that switches off \
    src/drivers/pci.c             what is on the PCI bus, untrusted \
    src/drivers/usb/usb_descriptors.c what a USB device says of itself, untrusted \
    src/drivers/usb/usb_keyboard.c .. a keyboard's reports into keys \
    src/drivers/usb/usb.c         USB devices, as they come and go \
    src/drivers/usb/usb_up.c      .. from plugged in to listened to \
    src/drivers/usb/usb_hub.c     .. the ports of hubs \
    src/drivers/usb/usb_look.c    .. as they are listed \
    src/drivers/usb/xhci_ring.c   what USB 3's controller says has ended, untrusted \
    src/drivers/serial_place.c    where serial ports are \
    src/drivers/pixels.c          glyphs onto a picture \
    src/drivers/framebuffer.c     text on it, scrolled in RAM \
    src/memory/memory.c           memset and its like \
    src/memory/memory_map.c       claims in, truth out \
    src/memory/memory_map_print.c the map as text \
    src/memory/heap/heap.c        the block table \
    src/memory/heap/heap_check.c  .. whether the table is sound \
    src/memory/heap/slab.c        small objects packed in blocks \
    src/memory/heap/slab_check.c  .. and whether they are sound \
    src/memory/heap/span.c        middle sizes, as runs of units \
    src/memory/heap/span_check.c  .. and whether they are sound \
    src/memory/heap/block_heap.c  one malloc over table, middle sizes and small objects \
    src/memory/heap/block_resize.c .. sizes, and changing them in place \
    src/memory/heap/block_check.c .. whether all of it is sound, and what there is \
    src/memory/heap/block_allocator.c the block heap behind the common interface \
    src/memory/kheap/heap_plan.c  where the heap will lie \
    src/memory/growing/window.c   virtual memory with a break \
    src/memory/growing/growing.c  .. rules of both heaps that grow in one \
    src/memory/growing/free_list.c first fit over a free list \
    src/memory/growing/free_list_check.c .. and whether it is sound \
    src/memory/growing/free_list_walk.c .. and what lies in it \
    src/memory/growing/ordered_array.c free pieces by size \
    src/memory/growing/best_fit.c best fit over them \
    src/memory/growing/best_fit_check.c .. and whether it is sound \
    src/memory/growing/best_fit_walk.c .. and what lies in it \
    src/memory/debug/guarded.c    objects in pages of their own \
    src/memory/debug/trace_walk.c recorded calls, by the objects they are about \
    src/memory/debug/watch.c      records, red zones, poison, quarantine \
    src/memory/debug/watch_report.c .. and who has what \
    src/memory/paging/paging.c    directories: making, mapping, sharing \
    src/memory/paging/reserved.c  .. pages of everybody's tables \
    src/memory/paging/walk.c      directories: reading \
    src/memory/paging/paging_check.c .. and whether they are what was written \
    src/process/elf.c             a program file, checked and planned \
    src/process/program.c         Multiboot modules by name \
    src/process/user_text.c       what ring 3 prints, made harmless \
    src/selftest/runner.c         TAP \
    src/selftest/compare.c        the same work over any heap \
    src/shell/line.c              line editing \
    src/shell/owners.c            how the blocks of each owner look \
    src/shell/live_map.c          the block table as cells that change \
    src/shell/live_colours.c      .. and their colours

# The kernel that knows the machine.
MACHINE := \
    src/boot/multiboot.asm        header and entry \
    src/boot/e820.asm             one BIOS call from protected mode \
    src/boot/kernel.c             the boot story \
    src/cpu/cpu.c                 CPUID, and the processor's state \
    src/cpu/machine_check.c       errors of the hardware \
    src/cpu/interrupts_off.c      for how long interrupts are off, in a debug build \
    src/cpu/apic.c                the local APIC, out of the way \
    src/cpu/gdt.c                 segments and tasks \
    src/cpu/isr.asm               the gates' routines \
    src/cpu/trap.c                the IDT, and who handles what \
    src/cpu/probe.asm             memory that may not be there \
    src/cpu/probe.c               .. more than a word of it \
    src/cpu/panic.c               the end, in words \
    src/cpu/backtrace.c           the chain of calls \
    src/drivers/serial.c          16550 \
    src/drivers/serial_find.c     .. which port has it \
    src/drivers/serial_out.c      .. what waits to be sent \
    src/drivers/vga_text.c        80 by 25 \
    src/drivers/screen.c          whichever the loader left \
    src/drivers/code_screen.c     .. and a QR code on it \
    src/drivers/keyboard.c        i8042 \
    src/drivers/pic.c             8259 \
    src/drivers/pci_ports.c       PCI's configuration space \
    src/drivers/usb/usb_controllers.c which USB controllers there are \
    src/drivers/usb/xhci.c        .. USB 3's \
    src/drivers/usb/xhci_device.c .. and its devices \
    src/drivers/usb/usb_pipes.c   .. what older ones share \
    src/drivers/usb/ehci.c        .. USB 2's \
    src/drivers/usb/uhci.c        .. USB 1's, by ports \
    src/drivers/usb/ohci.c        .. USB 1's, by memory \
    src/drivers/pit.c             8254 \
    src/drivers/timer.c           ticks \
    src/drivers/clock.c           microseconds since the start \
    src/drivers/hpet.c            .. by a chip that ACPI names \
    src/drivers/rtc.c             the clock that runs on a battery \
    src/drivers/deadline.c        .. for who waits awake \
    src/drivers/speaker.c         a verdict that is heard \
    src/drivers/console.c         keys from both \
    src/drivers/acpi_power.c      ACPI's registers \
    src/drivers/power.c           ways out \
    src/memory/paging/paging.asm  CR3, CR0, TLB \
    src/memory/paging/kernel_space.c  the kernel's own directory \
    src/memory/paging/fault_report.c  a page fault in words \
    src/memory/kheap/kheap.c      kmalloc and its like \
    src/memory/kheap/kheap_place.c .. where it lies \
    src/memory/kheap/heap_map.c   .. said to who looks from outside \
    src/memory/kheap/kernel_window.c addresses and frames for a growing heap \
    src/memory/kheap/kheap_growing.c .. over a growing heap \
    src/memory/kheap/kheap_guard.c .. pages that open and close \
    src/memory/kheap/kheap_report.c .. and what is said when they are misused \
    src/cpu/switch.asm            from one kernel stack to another \
    src/process/process.c         who there is, and how they end \
    src/process/process_create.c  .. making one \
    src/process/process_tree.c    .. and what its tree may have \
    src/process/process_check.c   .. and whether all of them are sound \
    src/process/links_check.c     .. their lists, queues and stacks \
    src/process/process_memory.c  .. what they allocate \
    src/process/scheduler.c       who runs \
    src/process/kernel_stack.c    where the kernel works for them \
    src/process/image.c           .. into memory \
    src/process/user_memory.c     ring 3's memory as the kernel reaches it \
    src/process/user_trap.c       from ring 3 and back \
    src/process/user_fault.c      .. and what goes wrong there \
    src/process/fpu.c             the FPU, from one to another \
    src/syscall/system_calls.c    what ring 3 may ask for \
    src/shell/commands_process.c  ps, run, kill, wait, programs \
    src/selftest/check.c          whether the kernel is sound \
    src/selftest/selftest.c       the runner over the kernel's cases \
    src/selftest/pages.c          .. a screenful at a time \
    src/selftest/verdict.c        .. and how they ended, in large letters \
    src/selftest/compare_kernel.c the designs of a heap side by side \
    src/selftest/bench.c          what the heap's calls cost \
    src/selftest/bench_process.c  what processes cost \
    src/selftest/bench_screen.c   .. and printing \
    src/selftest/machine_cpu.c    .. the processor's state \
    src/selftest/machine_heap.c   cases that need the machine: the live heap \
    src/selftest/machine_realloc.c .. krealloc and its like \
    src/selftest/machine_growing.c .. a growing heap behind kmalloc \
    src/selftest/machine_paging.c .. the live directory and the TLB \
    src/selftest/ring3.c          .. what those about processes share \
    src/selftest/machine_process.c .. processes \
    src/selftest/machine_process_memory.c .. and their memory \
    src/selftest/machine_timer.c  .. the clock \
    src/selftest/machine_trap.c   .. gates, timer, probes, what the loader brought \
    src/selftest/machine_serial.c .. the serial line \
    src/selftest/machine_console.c .. the text screen \
    src/selftest/machine_check.c  .. flips of bits, and whether they are seen \
    src/shell/shell.c             the prompt \
    src/shell/machine.c           what the kernel runs on, in words \
    src/shell/report.c            .. and as a QR code, after self-tests and panics, too \
    src/shell/commands_memory.c   map, heap, blocks, alloc, free, stats, translate \
    src/shell/commands_window.c   step, and the window of blocks \
    src/shell/commands_watch.c    leaks, misuse \
    src/shell/commands_trace.c    trace \
    src/shell/commands_machine.c  fault, selftest, sysinfo, dmesg, uptime, reboot, poweroff \
    src/shell/block_map.c         the table as characters \
    src/shell/live.c              watch: the table live, and its keys \
    src/shell/live_text.c         .. the text below it \
    src/shell/panel.c             .. drawn where it changes \
    src/shell/inspect.c           .. a block in words \
    src/shell/canvas_picture.c    .. in pixels \
    src/shell/canvas_text.c       .. in half characters, on the text screen \
    src/shell/canvas_terminal.c   .. the same on the serial line \
    src/shell/faults.c            faults on request

# What every program in ring 3 may use; crt0.asm is linked in front of each.
USER_LIBRARY := \
    src/user/system_calls.asm     the calls as C functions \
    src/user/blocks.c             what malloc has from the kernel \
    src/user/malloc.c             small and large objects \
    src/user/print.c              printf and its like \
    src/user/keys.c               keys and lines \
    src/user/exceptions.c         their names \
    src/lib/string.c              the kernel's own \
    src/lib/format.c \
    src/memory/memory.c

# Programs: src/user/programs/NAME.c, and NAME/*.c where there is a folder of that name.
PROGRAMS := \
    hello                         says so \
    count                         computes, and is interrupted \
    stress                        memory, every byte of it known \
    sh                            a prompt \
    busy                          keeps the machine busy, and measures what that costs others \
    many                          starts others, and counts what is left \
    hostile                       attacks the kernel from ring 3

PROGRAM_NAMES := $(foreach n,$(PROGRAMS),$(if $(wildcard src/user/programs/$n.c),$n))
PROGRAM_FILES := $(PROGRAM_NAMES:%=build/user/%.elf) build/user/flat.bin

# Cases that run on the host, in 32 and 64 bits, and inside the kernel.
UNIT := $(sort $(wildcard tests/unit/*.c))

# Cases that need the host: exhaustive, random, or with a machine that is made up.
HOST_ONLY := $(sort $(wildcard tests/host/*.c))

# Cases that take millions of operations, and so are compiled for speed, without sanitizers.
STRESS := $(sort $(wildcard tests/stress/*.c)) tests/host/main.c

# The heap as a library, for the host or for anybody's kernel; and the heaps that grow, an object of
# their own in it.
LIB_HEAP := $(filter src/memory/heap/%,$(PURE)) src/memory/heap/platheap.c
LIB_GROWING := $(filter src/memory/growing/%,$(PURE)) src/memory/growing/platheap_growing.c
LIB := $(LIB_HEAP) $(LIB_GROWING)

# Its watch, which only programs link that call it; and what that asks of the heap.
LIB_WATCH := $(filter src/memory/debug/guarded.c src/memory/debug/watch%,$(PURE)) \
    src/memory/debug/platheap_watch.c
LIB_SHARED := $(addprefix block_heap_,allocator count_refused free malloc_for trim)

# The benchmark on the host: this heap against others.
BENCH := $(filter-out tests/bench/recorder.c,$(sort $(wildcard tests/bench/*.c)))

# The designs of a heap compared on the host.
COMPARE := $(filter src/memory/heap/% src/memory/growing/% src/memory/debug/% src/lib/% src/selftest/compare.c,$(PURE)) tests/compare/compare.c \
    tests/bench/trace.c

# Fuzz targets, and what they are linked with: make test replays the corpus that is kept, make fuzz
# looks for more.
FUZZ_TARGETS := heap slab block_heap realloc trace growing elf acpi multiboot usb
FUZZED := $(LIB) $(filter src/process/elf.c src/drivers/acpi% \
    src/boot/multiboot% src/boot/boot_% src/drivers/usb/% src/drivers/scancodes.c \
    src/lib/print.c src/lib/format.c src/lib/log.c,$(PURE)) tests/bench/trace.c src/lib/string.c

sources = $(filter %.c %.asm,$(1))
objects = $(addprefix $(2)/,$(addsuffix .o,$(call sources,$(1))))

KERNEL_OBJECTS := $(call objects,$(PURE) $(MACHINE) $(UNIT),build/kernel) build/font.o
HOST_USER := src/user/blocks.c src/user/malloc.c
HOST_SOURCES := $(sort $(PURE) $(LIB) $(LIB_WATCH)) $(HOST_USER) $(UNIT) $(HOST_ONLY)
HOST_OBJECTS_32 := $(call objects,$(HOST_SOURCES),build/host/32)
HOST_OBJECTS_64 := $(call objects,$(HOST_SOURCES),build/host/64)
STRESS_OBJECTS_32 := $(call objects,$(PURE) $(STRESS),build/fast/32)
STRESS_OBJECTS_64 := $(call objects,$(PURE) $(STRESS),build/fast/64)

KERNEL := build/plat.elf
ISO := build/plat.iso
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)')

# -- What people make -----------------------------------------------------------------------------

.PHONY: all programs run run-iso run-uefi run-usb run-bochs iso usb web lib amalgamation install-lib test test-host test-boot check bench compare bench-boot bench-kernel bench-latency fuzz mutants prove try-releases toolchain setup doctor gdb heapview screenshots \
    help clean

all: $(KERNEL) $(PROGRAM_FILES) ## the kernel, build/plat.elf, and the programs

programs: $(PROGRAM_FILES) ## the programs for ring 3, build/user/*

run: ## install what is missing, build, boot in QEMU on this terminal (Ctrl-A X ends it)
	@scripts/setup run
	@$(MAKE) --no-print-directory all
	@scripts/run kernel $(KERNEL) $(PROGRAM_FILES)

run-iso: ## the same, from the ISO as a CD through GRUB and its menu (without APPEND)
	@scripts/setup iso
	@$(MAKE) --no-print-directory $(ISO)
	@scripts/run iso $(ISO)

run-uefi: ## .. on UEFI x64, or UEFI=ia32, instead of a BIOS
	@scripts/setup uefi
	@$(MAKE) --no-print-directory $(ISO)
	@UEFI="$${UEFI:-x64}" scripts/run iso $(ISO)

run-usb: ## .. as a USB stick (USB=ehci: an older controller; UEFI=x64 or ia32: not on a BIOS)
	@scripts/setup $(if $(UEFI),uefi,iso)
	@$(MAKE) --no-print-directory $(ISO)
	@scripts/run usb $(ISO)

run-bochs: ## .. in Bochs, where it is installed
	@scripts/setup iso
	@$(MAKE) --no-print-directory $(ISO)
	@scripts/bochs $(ISO)

iso: ## build/plat.iso, for PCs with a BIOS or UEFI, as a CD or on a USB stick
	@scripts/setup iso
	@$(MAKE) --no-print-directory $(ISO)

web: ## build/plat.html: the kernel in a browser's tab, its memory drawn live; one file, no server
	@scripts/setup web
	@$(MAKE) --no-print-directory build/plat.html

usb: ## write the ISO to a USB stick, DEVICE=/dev/sdX, and ask before; or to a file, DEVICE=FILE.img
	@scripts/setup iso
	@$(MAKE) --no-print-directory $(ISO)
	@scripts/usb $(ISO) "$$DEVICE"

lib: build/host/libplatheap.a $(if $(HOST_32),build/host/libplatheap32.a) ## the heap as a library, 64 and 32 bits, or HOST_CC's
ifeq ($(HOST_32),)
	@rm -f build/host/libplatheap32.a
	@echo 'lib: libplatheap.a is for $(HOST_MACHINE); no libplatheap32.a: $(HOST_CC) has no -m32'
endif

amalgamation: ## the same as files to copy: build/platheap.[ch], platheap_watch.[ch] and platheap_growing.[ch]
	$(Q)mkdir -p build
	$(Q)scripts/amalgamate build platheap $(LIB_HEAP)
	$(Q)scripts/amalgamate build platheap_watch $(LIB_WATCH)
	$(Q)scripts/amalgamate build platheap_growing $(LIB_GROWING)

install-lib: lib ## library, headers, manual page, for pkg-config, CMake and Meson, under PREFIX=/usr/local
	$(Q)scripts/install-lib "$$PREFIX"

# The longest first, so that none of them is left to run alone at the end.
LONG_TESTS := $(patsubst %,tests/boot/%.t,processors grub memory_sizes watched multiboot2 screens usb process dmesg) \
    $(patsubst %,tests/web/%.t,page selftest)
TESTS := $(LONG_TESTS) $(filter-out $(LONG_TESTS),$(sort $(wildcard tests/checks/*.t tests/boot/*.t \
    tests/web/*.t)))

test: ## install what is missing, then every check and test; ends in Result: PASS
	@scripts/setup
	@$(MAKE) --no-print-directory test-programs
	@prove --timer $(if $(JOBS),-j$(JOBS),-j2) --exec '' $(TESTS)

test-host: build/host/32/cases build/host/64/cases ## only the cases on the host (FILTER=heap)
	@prove --exec '' build/host/32/cases build/host/64/cases $${FILTER:+:: "$$FILTER"}

test-boot: $(KERNEL) $(PROGRAM_FILES) $(ISO) ## only the boots in QEMU
	@prove --timer -j2 --exec '' $(filter tests/boot/%,$(TESTS))

check: ## the rules of the house: include directions, format, file lengths
	@prove --exec '' tests/checks/house.t

bench: build/bench/32/bench build/bench/64/bench ## this heap against glibc's and others, 5 minutes
	@scripts/bench-host $(BENCH_ARGUMENTS)

compare: $(KERNEL) build/compare/32/compare build/compare/64/compare ## the designs of a heap doing the same work
	@scripts/compare $(KERNEL) $(COMPARE_ARGUMENTS)

bench-boot: $(KERNEL) ## instructions from the entry to the prompt, at 128 MB and at 3.5 GB
	@scripts/bench-boot $(KERNEL)

bench-latency: $(KERNEL) build/user/busy.elf $(ISO) ## how late a sleeper is, and the prompt, beside busy programs
	@scripts/bench-latency $(KERNEL) build/user/busy.elf $(ISO)

bench-kernel: $(KERNEL) ## instructions a call of kmalloc and kfree, counted in QEMU
	@scripts/bench-kernel $(KERNEL)

fuzz: ## a minute of libFuzzer for each target, with clang; what is found stays in build/fuzz
	@scripts/fuzz $(FUZZ_TARGETS)

try-releases: ## the README's commands on each release, in a new root of it (root, debootstrap, 2 hours)
	@scripts/try-release --all

prove: ## prove what the contracts in the sources say, with Frama-C; then each of some faults is seen
	@scripts/setup prove
	@scripts/prove
	@scripts/prove --seeded

mutants: ## break the heap, the ELF reader or USB in one line at a time; a case must notice (20 minutes)
	@scripts/mutants

toolchain: ## build a real i686-elf compiler into build/toolchain (about 30 minutes)
	@scripts/toolchain

setup: ## install what is missing
	@scripts/setup

doctor: ## each tool, its version, and what it is needed for
	@scripts/doctor

gdb: ## QEMU stopped at kernel_main, with gdb attached; `help plat` lists the kernel's own commands
	@scripts/setup gdb
	@$(MAKE) --no-print-directory all
	@scripts/run gdb $(KERNEL) $(PROGRAM_FILES)

heapview: ## the heap of the `make run` in another terminal as a picture, build/heap.png
	@perl -MCompress::Zlib -MJSON::PP -e 1 2>/dev/null || scripts/setup --packages perl
	@scripts/heapview --png build/heap.png && echo 'The heap is drawn in build/heap.png.'

screenshots: web ## the pictures in the README, taken in QEMU and, of the page, in Chromium
	@scripts/setup uefi
	@$(MAKE) --no-print-directory $(ISO)
	@scripts/screenshots
	@mkdir -p tests/web/pictures
	@node tests/web/pictures.mjs build/plat.html tests/web/pictures

compile_commands.json: Makefile ## for editors: how each file is compiled
	$(Q){ echo '['; for f in $(sort $(call sources,$(PURE) $(MACHINE) $(USER_LIBRARY) $(UNIT)) \
	    $(foreach n,$(PROGRAM_NAMES),$(call program_sources,$n))); do case $$f in *.c) \
	    printf '%s{"directory": "%s", "file": "%s", "command": "$(CROSS)gcc $(KERNEL_CFLAGS) -c %s"}' \
	    "$$comma" "$$PWD" "$$f" "$$f"; comma=','; echo;; esac; done; echo ']'; } >$@

help: ## this list
	@sed -n 's/^\([a-z_.-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 30
	@sed -n '/^# Variables:/,/^$$/s/^#/ /p' Makefile

clean: ## remove all that was built, but the toolchain
	rm -rf build/debug build/kernel build/user build/host build/fast build/lib build/fuzz build/bench build/compare build/mutants* \
    build/tests build/iso build/stage1.elf build/symbols* build/font.* \
	    build/*.flags build/serial.txt build/heap.png build/plat.html build/qmp.*.sock \
	    $(KERNEL) $(ISO) compile_commands.json

# -- The kernel -----------------------------------------------------------------------------------

# Objects depend on the flags they were made with.
keep = @mkdir -p $(@D); echo "$(1)" | cmp -s - $@ || echo "$(1)" >$@
build/kernel.flags: export FLAGS = $(CROSS) $(KERNEL_CFLAGS)
build/kernel.flags: FORCE
	$(call keep,$$FLAGS)
build/host.flags: export FLAGS = $(HOST_CC) $(HOST_CFLAGS) $(FAST_CFLAGS) $(LIB_CFLAGS)
build/host.flags: FORCE
	$(call keep,$$FLAGS)
.PHONY: FORCE test-programs

build/kernel/%.c.o: %.c build/kernel.flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(KERNEL_CFLAGS) -MMD -MP -c $< -o $@

# The cases are most of the code, and what talks to people is not in a hurry: small, not fast.
build/kernel/tests/%.c.o build/kernel/src/selftest/%.c.o build/kernel/src/shell/%.c.o \
    build/kernel/src/drivers/%.c.o: private KERNEL_CFLAGS += -Os

# But a screenful of glyphs is drawn at once, and a table of a million blocks looked at.
build/kernel/src/drivers/pixels.c.o build/kernel/src/drivers/framebuffer.c.o \
    build/kernel/src/shell/live_map.c.o: private KERNEL_CFLAGS += -O2

# Glyphs, if the font is there; it may come later, with a date in the past.
build/font.asm: FORCE
	@mkdir -p $(@D)
	@scripts/font "$$FONT" $@

build/font.o: build/font.asm
	$(Q)$(NASM) -f elf32 $< -o $@

build/kernel/%.asm.o: %.asm build/kernel.flags
	$(call say,NASM,$<)
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 -g -F dwarf $(NASM_WARNINGS) -MD $(@:.o=.d) -MP $< -o $@

# Linked twice, so that the kernel knows the names of its own functions (scripts/symbols), and a third
# time, so that it knows the sum of its text and constants (src/selftest/check.c).
build/symbols0.asm: scripts/symbols
	@mkdir -p $(@D)
	$(Q)scripts/symbols $(CROSS)nm - >$@

build/stage1.elf: $(KERNEL_OBJECTS) build/symbols0.asm linker.ld
	$(call say,LINK,$@)
	$(Q)$(NASM) -f elf32 build/symbols0.asm -o build/symbols0.o
	$(Q)$(CROSS)gcc $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJECTS) build/symbols0.o

build/symbols.asm: build/stage1.elf scripts/symbols
	$(Q)scripts/symbols $(CROSS)nm $< >$@

$(KERNEL): build/symbols.asm
	$(call say,LINK,$@)
	$(Q)$(NASM) -f elf32 build/symbols.asm -o build/symbols.o
	$(Q)$(CROSS)gcc $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJECTS) build/symbols.o
	$(Q)sum=$$($(CROSS)objcopy -O binary -j .text -j .rodata $@ build/symbols.image && \
	    cksum <build/symbols.image) && $(CROSS)gcc $(KERNEL_LDFLAGS) \
	    -Wl,--defsym=kernel_image_sum=$${sum%% *} -o $@ $(KERNEL_OBJECTS) build/symbols.o
	$(Q)scripts/symbols $(CROSS)nm $@ | cmp -s - build/symbols.asm || \
	    { echo 'the second link moved a function: the symbol table is wrong' >&2; rm $@; exit 1; }

# -- Programs for ring 3 --------------------------------------------------------------------------

build/user/%.c.o: %.c build/kernel.flags
	$(call say,CC,$< (ring 3))
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(USER_CFLAGS) -MMD -MP -c $< -o $@

build/user/%.asm.o: %.asm build/kernel.flags
	$(call say,NASM,$< (ring 3))
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 $(NASM_WARNINGS) -MD $(@:.o=.d) -MP $< -o $@

build/user/libuser.a: $(call objects,$(USER_LIBRARY),build/user)
	$(call say,AR,$@)
	$(Q)rm -f $@; $(CROSS)ar rcs $@ $^

# $(1): the program's name.
program_sources = src/user/programs/$(1).c $(sort $(wildcard src/user/programs/$(1)/*.c))
define program
build/user/$(1).elf: build/user/src/user/crt0.asm.o $(call objects,$(call program_sources,$(1)),build/user) \
    build/user/libuser.a src/user/user.ld
	$$(call say,LINK,$$@)
	$$(Q)$(CROSS)gcc $$(USER_LDFLAGS) -o $$@ $$(filter-out %.ld,$$^)
endef
$(foreach n,$(PROGRAM_NAMES),$(eval $(call program,$n)))

build/user/flat.bin: src/user/programs/flat.asm
	$(call say,NASM,$<)
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin $(NASM_WARNINGS) $< -o $@

# -- The ISO --------------------------------------------------------------------------------------

# What GRUB is installed for: with another platform comes another ISO.
build/iso.flags: FORCE
	$(call keep,$(wildcard /usr/lib/grub/*))

# The same bytes each time.
$(ISO): $(KERNEL) $(PROGRAM_FILES) $(wildcard iso/boot/grub/*) scripts/make-iso build/iso.flags
	$(call say,ISO,$@)
	$(Q)scripts/make-iso $@ $(KERNEL) iso/boot/grub/grub.cfg $(PROGRAM_FILES)

# -- The page -------------------------------------------------------------------------------------

# Where the emulator and its BIOS come from: with another one comes another page.
WEB_V86 := $(or $(V86),build/v86)
WEB_BIOS := $(or $(SEABIOS),/usr/share/seabios)
build/web.flags: export FLAGS = $(WEB_V86) $(WEB_BIOS) $(COMMON_LICENSES)
build/web.flags: FORCE
	$(call keep,$$FLAGS)

# The same bytes each time. v86 is fetched once, into build/v86.
build/plat.html: $(KERNEL) $(PROGRAM_FILES) $(wildcard src/web/*.*) scripts/make-web build/web.flags \
    $(wildcard scripts/v86/*.json $(WEB_V86)/*) \
    $(wildcard $(WEB_BIOS)/bios.bin $(WEB_BIOS)/vgabios-stdvga.bin) LICENSE
	$(Q)scripts/make-web $@ $(KERNEL) $(PROGRAM_FILES)

# -- The host's tests -----------------------------------------------------------------------------

# Headers of libc that ask for asm/*.h find them where Debian keeps those of the 64-bit machine.
HOST_M32 := -m32 -idirafter /usr/include/$(shell $(HOST_CC) -print-multiarch 2>/dev/null)

# memory.c and its cases under other names: the host's libc has functions of these.
RENAMED := $(foreach f,memset memcpy memmove memcmp,-D$(f)=plat_$(f)) -fno-builtin
build/host/%/src/memory/memory.c.o build/host/%/tests/unit/memory.c.o \
    build/fast/%/src/memory/memory.c.o: private EXTRA = $(RENAMED)

# The programs' malloc and its like, too.
USER_RENAMED := $(foreach f,malloc calloc realloc free,-D$(f)=plat_user_$(f)) -fno-builtin
build/host/%/src/user/blocks.c.o build/host/%/src/user/malloc.c.o \
    build/host/%/tests/host/user_malloc.c.o: private EXTRA = $(USER_RENAMED)

# $(1): folder; $(2): the compiler and its flags; $(3): what is said.
define host_objects
build/$(1)/%.c.o: %.c build/host.flags
	$$(call say,HOSTCC,$$< ($(3)))
	@mkdir -p $$(@D)
	$$(Q)$(2) $$(EXTRA) -MMD -MP -c $$< -o $$@
endef
$(eval $(call host_objects,host/32,$(HOST_CC) $(HOST_M32) $(HOST_CFLAGS),32 bits))
$(eval $(call host_objects,host/64,$(HOST_CC) $(HOST_CFLAGS),64 bits))
$(eval $(call host_objects,fast/32,$(HOST_CC) $(HOST_M32) -fno-pie $(FAST_CFLAGS),32 bits, for speed))
$(eval $(call host_objects,fast/64,$(HOST_CC) -fno-pie $(FAST_CFLAGS),64 bits, for speed))

$(eval $(call host_objects,lib/32,$(HOST_CC) $(HOST_M32) $(LIB_CFLAGS),32 bits, library))
$(eval $(call host_objects,lib/64,$(HOST_CC) $(LIB_CFLAGS),64 bits, library))

# Objects in which only the interface has names: heap_create and the like stay the user's to use.
# What one object asks of another gets a name of the library's, too. The linker takes those into a
# program that it calls.
# $(1): the object; $(2): its sources; $(3): 32 or 64; $(4): flags
define library_object
build/lib/$(3)/$(1).o: $(call objects,$(2),build/lib/$(3))
	$$(Q)$(HOST_CC) $(4) -nostdlib -r $$(addprefix -Wl$$(comma),$$(shell $(HOST_CC) $(4) \
	    -nostdlib -Wl,--help 2>/dev/null | grep -o -m1 -e --force-group-allocation)) -o $$@ $$^
	$$(Q)$$(OBJCOPY) $(foreach f,$(LIB_SHARED),--redefine-sym $(f)=platheap_$(f)) $$@ && \
	    $$(OBJCOPY) --wildcard --keep-global-symbol='platheap_*' $$@ || \
	    { echo '$$@: $$(OBJCOPY) is not for $(HOST_MACHINE); expected: OBJCOPY= and AR= of' \
	    'that machine, or LLVM'"'"'s' >&2; exit 1; }
endef

# $(1): the library; $(2): 32 or 64; $(3): flags
define library
$(call library_object,platheap,$(LIB_HEAP),$(2),$(3))
$(call library_object,platheap_growing,$(LIB_GROWING),$(2),$(3))
$(call library_object,platheap_watch,$(LIB_WATCH),$(2),$(3))
build/host/$(1): $(foreach part,platheap platheap_growing platheap_watch,build/lib/$(2)/$(part).o)
	$$(call say,AR,$$@)
	@mkdir -p $$(@D)
	$$(Q)rm -f $$@; $$(AR) rcs $$@ $$^
endef
comma := ,
$(eval $(call library,libplatheap.a,64,))
ifneq ($(HOST_32),)
$(eval $(call library,libplatheap32.a,32,-m32))
else
build/host/libplatheap32.a: FORCE
	@echo '$@: $(HOST_CC) has no -m32; expected: one that has, or make lib, for its machine' >&2
	@exit 1
endif

build/host/32/cases: $(HOST_OBJECTS_32)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) $(HOST_M32) $(HOST_CFLAGS) -o $@ $^

build/host/64/cases: $(HOST_OBJECTS_64)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^

build/fast/32/stress: $(STRESS_OBJECTS_32)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) $(HOST_M32) -no-pie $(FAST_CFLAGS) -o $@ $^

build/fast/64/stress: $(STRESS_OBJECTS_64)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) -no-pie $(FAST_CFLAGS) -o $@ $^

$(eval $(call host_objects,bench/32,$(HOST_CC) $(HOST_M32) -fno-pie $(FAST_CFLAGS),32 bits, bench))
$(eval $(call host_objects,bench/64,$(HOST_CC) -fno-pie $(FAST_CFLAGS),64 bits, bench))

# Not relocatable, so that a table of a million blocks finds room in 32 bits.
build/bench/32/bench: $(call objects,$(LIB) $(BENCH),build/bench/32)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) $(HOST_M32) $(FAST_CFLAGS) -no-pie -o $@ $^ -ldl -lm

build/compare/32/compare: $(call objects,$(COMPARE),build/bench/32)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_M32) $(FAST_CFLAGS) -no-pie -o $@ $^

build/compare/64/compare: $(call objects,$(COMPARE),build/bench/64)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(FAST_CFLAGS) -no-pie -o $@ $^

build/bench/64/bench: $(call objects,$(LIB) $(BENCH),build/bench/64)
	$(call say,HOSTLD,$@)
	$(Q)$(HOST_CC) $(FAST_CFLAGS) -no-pie -o $@ $^ -ldl -lm

$(FUZZ_TARGETS:%=build/fuzz/%-replay): build/fuzz/%-replay: build/host/64/tests/fuzz/%.c.o \
    $(call objects,tests/fuzz/replay.c $(FUZZED),build/host/64)
	$(call say,HOSTLD,$@)
	@mkdir -p $(@D)
	$(Q)$(HOST_CC) $(HOST_CFLAGS) -o $@ $^

# Kernels that are entered by code of the tests: with a wrong number in EAX, as by a loader that is not
# Multiboot's; with hostile values in all that Multiboot is silent about; with a picture above 4 GB; with an HPET
# that has the 8254's line.
ENTRIES := $(patsubst %,build/tests/%.elf,wrong-magic hostile-entry far-screen narrow-screen hpet-legacy)
$(ENTRIES): build/tests/%.elf: $(KERNEL) $(wildcard tests/boot/*.asm)
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 tests/boot/$(subst -,_,$*).asm -o build/tests/$*.o
	$(Q)$(CROSS)gcc $(KERNEL_LDFLAGS) -Wl,-e,$(subst -,_,$*)_start -o $@ $(KERNEL_OBJECTS) \
	    build/symbols.o build/tests/$*.o

# A debug build, in a place of its own.
build/tests/debug.elf: $(KERNEL)
	@mkdir -p $(@D)
	$(Q)$(MAKE) --no-print-directory O=build/debug DEBUG=yes build/plat.elf
	$(Q)cp build/debug/build/plat.elf $@

# A kernel that asks its loader for a framebuffer. The header moves its functions.
build/tests/video.elf: $(KERNEL) tests/boot/video_header.asm
	@mkdir -p $(@D)
	$(Q)$(NASM) -f elf32 tests/boot/video_header.asm -o build/tests/video_header.o
	$(Q)$(CROSS)gcc $(KERNEL_LDFLAGS) -o $@ build/tests/video_header.o $(KERNEL_OBJECTS) build/symbols.o
	$(Q)scripts/symbols $(CROSS)nm $@ >build/tests/video_symbols.asm
	$(Q)$(NASM) -f elf32 build/tests/video_symbols.asm -o build/tests/video_symbols.o
	$(Q)$(CROSS)gcc $(KERNEL_LDFLAGS) -o $@ build/tests/video_header.o $(KERNEL_OBJECTS) \
	    build/tests/video_symbols.o

test-programs: lib $(PROGRAM_FILES) build/compare/32/compare build/compare/64/compare $(FUZZ_TARGETS:%=build/fuzz/%-replay) $(KERNEL) $(ISO) build/host/32/cases build/host/64/cases build/fast/32/stress \
    build/fast/64/stress $(ENTRIES) build/tests/video.elf \
    build/tests/debug.elf

-include $(patsubst %,build/user/%.d,$(call sources,$(USER_LIBRARY)) src/user/crt0.asm \
    $(foreach n,$(PROGRAM_NAMES),$(call program_sources,$n)))
-include $(KERNEL_OBJECTS:.o=.d) $(HOST_OBJECTS_32:.o=.d) $(HOST_OBJECTS_64:.o=.d) \
    $(patsubst %,build/host/64/%.d,$(FUZZED) $(wildcard tests/fuzz/*.c)) \
    $(STRESS_OBJECTS_32:.o=.d) $(STRESS_OBJECTS_64:.o=.d) \
    $(patsubst %,build/bench/32/%.d,$(LIB) $(BENCH) $(COMPARE)) \
    $(patsubst %,build/bench/64/%.d,$(LIB) $(BENCH) $(COMPARE)) \
    $(patsubst %,build/lib/32/%.d,$(LIB) $(LIB_WATCH)) $(patsubst %,build/lib/64/%.d,$(LIB) $(LIB_WATCH))

endif # O
