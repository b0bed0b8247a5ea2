/* A process from an order: all that it needs, or nothing. */
#include "cpu/cpu.h"
#include "cpu/gdt.h"
#include "cpu/switch.h"
#include "lib/string.h"
#include "memory/kheap/kheap.h"
#include "memory/layout.h"
#include "memory/memory.h"
#include "process/kernel_stack.h"
#include "process/process_memory.h"
#include "process/process_private.h"
#include "process/scheduler.h"

enum {
    STACK_PAGES = (LAYOUT_USER_STACK_TOP - LAYOUT_USER_STACK) / PAGE_SIZE,
    STACK_ALIGNMENT = 16
};

_Static_assert(SYSTEM_LINE_MOST * 8 <= PAGE_SIZE, "arguments leave most of the stack free");

/*
 * The user stack with the arguments at its top: strings, above an array of their addresses that
 * ends in a null pointer. Returns where ring 3 begins on it, or 0 without memory.
 */
static vaddr_t make_stack(struct process *process, const struct process_order *order)
{
    uint8_t *stack = process_map(process, LAYOUT_USER_STACK, STACK_PAGES, true);
    if (!stack)
        return 0;
    const uint32_t seen_at = LAYOUT_USER_STACK - (uint32_t)stack; /* from here to there */
    uint8_t *text = stack + STACK_PAGES * PAGE_SIZE;
    for (size_t i = 0; i < order->nwords; i++)
        text -= string_length(order->words[i]) + 1;
    uint32_t *array = (uint32_t *)((uint32_t)text & ~(uint32_t)(STACK_ALIGNMENT - 1));
    array -= order->nwords + 1;
    process->arguments = (vaddr_t)array + seen_at;
    process->narguments = (int32_t)order->nwords;
    for (size_t i = 0; i < order->nwords; i++) {
        size_t nbytes = string_length(order->words[i]) + 1;
        memcpy(text, order->words[i], nbytes);
        array[i] = (uint32_t)text + seen_at;
        text += nbytes;
    }
    return process->arguments & ~(uint32_t)(STACK_ALIGNMENT - 1);
}

static void make_frame(struct process *process, vaddr_t entry, vaddr_t user_esp)
{
    vaddr_t top = process->stack + KERNEL_STACK_BYTES;
    *frame_on(top) = (struct trap_frame){
        .ds = GDT_USER_DATA,
        .es = GDT_USER_DATA,
        .fs = GDT_USER_DATA,
        .gs = GDT_USER_DATA,
        .eip = entry,
        .cs = GDT_USER_CODE,
        .eflags = EFLAGS_INTERRUPT | 2, /* bit 1 is always set */
        .user_esp = user_esp,
        .user_ss = GDT_USER_DATA,
    };
    process->esp = switch_prepare((uint32_t *)frame_on(top), user_trap_begin);
}

/* All of PROCESS but its place among the others. */
static int build(struct process *process, const struct process_order *order, const char **why)
{
    vaddr_t entry = 0;
    process->directory = paging_new_4gb(PAGING_IS_PRESENT | PAGING_ACCESS_FROM_ALL);
    if (!process->directory)
        return -ENOMEM;
    int status = image_load(process, order->program, &entry, why);
    if (status)
        return status;
    vaddr_t user_esp = make_stack(process, order);
    process->stack = user_esp ? kernel_stack_create() : 0;
    if (!process->stack)
        return -ENOMEM;
    fpu_begin(process);
    make_frame(process, entry, user_esp);
    return 0;
}

/* Gives back what build() has got. */
static void abandon(struct process *process)
{
    if (process->stack)
        kernel_stack_destroy(process->stack);
    if (process->directory)
        process_release_memory(process);
    if (process->tree)
        tree_leave(process);
    kfree(process);
}

/* Whether the words fit where a line of SYSTEM_LINE_MOST bytes does. */
static bool judge_words(const struct process_order *order)
{
    size_t nbytes = 0;
    for (size_t i = 0; i < order->nwords; i++)
        nbytes += string_length(order->words[i]) + 1;
    return nbytes <= SYSTEM_LINE_MOST;
}

int process_create(const struct process_order *order, struct process **created, const char **why)
{
    *why = judge_words(order) ? NULL : "its arguments are too long";
    if (*why)
        return -EINVARG;
    struct process *process = kzalloc(sizeof *process);
    if (!process)
        return -ENOMEM;
    string_copy(process->name, sizeof process->name, order->program->name);
    process->parent = order->parent;
    process->foreground = order->foreground;
    process->quiet = order->quiet;
    list_init(&process->children);
    list_init(&process->siblings);
    int status = tree_join(process);
    if (!status)
        status = build(process, order, why);
    if (!status && process_current()->killed)
        status = -ENOMEM; /* nothing new comes of a tree that is to end */
    if (status) {
        abandon(process);
        return status;
    }
    if (order->parent)
        list_insert(&order->parent->children, &process->siblings);
    scheduler_add(process);
    tree_name(process);
    process_seal(process);
    *created = process;
    return 0;
}
