/*
 * Theory. A window is 4 MB of reserved addresses cut into lots of three pages: a guard that is
 * never mapped, and the two pages of a stack. A bit a lot says which are in use; only those have
 * frames. A window is opened when all others are full, and stays.
 */
#include "process/kernel_stack.h"

#include "memory/growing/window.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"

enum {
    LOT_PAGES = KERNEL_STACK_PAGES + 1,
    WINDOW_BYTES = 4 << 20,
    LOTS = WINDOW_BYTES / PAGE_SIZE / LOT_PAGES
};

struct stack_window {
    vaddr_t start;
    struct window_source source;
    struct stack_window *next;
    size_t nused;
    bool used[LOTS];
};

static struct stack_window first, *windows;

/* Makes WINDOW one; false without memory or addresses. */
static bool open_window(struct stack_window *window)
{
    size_t nbytes = WINDOW_BYTES;
    window->start = (vaddr_t)kheap_window(&nbytes, &window->source);
    if (!window->start)
        return false;
    window->next = windows;
    windows = window;
    return true;
}

bool kernel_stack_init(void)
{
    return open_window(&first);
}

/* A window with a free lot, opened if need be. */
static struct stack_window *window_with_room(void)
{
    for (struct stack_window *window = windows; window; window = window->next)
        if (window->nused < LOTS)
            return window;
    struct stack_window *window = kzalloc(sizeof *window);
    if (window && open_window(window))
        return window;
    kfree(window);
    return NULL;
}

static void unmap(const struct stack_window *window, vaddr_t stack, size_t npages)
{
    for (size_t i = 0; i < npages; i++)
        window->source.unmap(window->source.context, (void *)(stack + i * PAGE_SIZE));
}

vaddr_t kernel_stack_create(void)
{
    struct stack_window *window = window_with_room();
    if (!window)
        return 0;
    size_t lot = 0;
    while (window->used[lot])
        lot++;
    vaddr_t stack = window->start + (lot * LOT_PAGES + 1) * PAGE_SIZE;
    size_t mapped = window->source.map(window->source.context, (void *)stack, KERNEL_STACK_PAGES);
    if (mapped < KERNEL_STACK_PAGES) {
        unmap(window, stack, mapped);
        return 0;
    }
    window->used[lot] = true;
    window->nused++;
    return stack;
}

/* The window that holds ADDRESS, and in *PAGE which of its pages it is; or NULL. */
static struct stack_window *window_of(vaddr_t address, size_t *page)
{
    for (struct stack_window *window = windows; window; window = window->next) {
        *page = page_of(address - window->start);
        if (*page < LOTS * LOT_PAGES)
            return window;
    }
    return NULL;
}

void kernel_stack_destroy(vaddr_t stack)
{
    size_t page = 0;
    struct stack_window *window = window_of(stack, &page);
    window->used[page / LOT_PAGES] = false;
    window->nused--;
    unmap(window, stack, KERNEL_STACK_PAGES);
}

bool kernel_stack_is_guard(vaddr_t address)
{
    size_t page;
    return window_of(address, &page) && page % LOT_PAGES == 0;
}

bool kernel_stack_is_one(vaddr_t stack)
{
    size_t page;
    const struct stack_window *window = window_of(stack, &page);
    return window && stack % PAGE_SIZE == 0 && page % LOT_PAGES == 1 &&
           window->used[page / LOT_PAGES];
}

bool kernel_stack_count_is(size_t nstacks)
{
    size_t total = 0;
    for (const struct stack_window *window = windows; window; window = window->next) {
        if (window != &first && kheap_size_of(window) < sizeof *window)
            return false;
        size_t nused = 0;
        for (size_t lot = 0; lot < LOTS; lot++)
            nused += window->used[lot];
        if (nused != window->nused || nused > nstacks - total)
            return false;
        total += nused;
        if (window == &first)
            return window->next == NULL && total == nstacks; /* the oldest is the last */
    }
    return false;
}
