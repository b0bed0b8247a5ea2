/*
 * One table: number, how many words of arguments, handler. Every handler gets words that it can't
 * trust; what they point to is read and written by user_memory.h alone.
 */
#include "syscall/system_calls.h"

#include "drivers/console.h"
#include "drivers/screen.h"
#include "drivers/timer.h"
#include "lib/checked.h"
#include "lib/string.h"
#include "memory/kheap/kheap_look.h"
#include "process/process_memory.h"
#include "process/user_memory.h"
#include "process/user_text.h"
#include "process/user_trap.h"

enum {
    ARGUMENTS_MOST = 2,
    WORDS_MOST = SYSTEM_LINE_MOST / 2,
    MS_A_TICK = 1000 / TIMER_TICKS_A_SECOND,
    PRINT_PART = 128 /* a line that is no longer is printed in one piece */
};

typedef int32_t (*handler)(struct process *self, const uint32_t *words);

static int32_t sum(struct process *self, const uint32_t *words)
{
    (void)self;
    return (int32_t)(words[0] + words[1]);
}

/* How much of TEXT goes out at once: whole lines, if it ends one. */
static size_t whole_lines(const char *text, size_t nbytes)
{
    size_t end = nbytes;
    while (end > 0 && text[end - 1] != '\n')
        end--;
    return end ? end : nbytes;
}

static int32_t print(struct process *self, const uint32_t *words)
{
    int length = user_text_length(self->directory, words[0], SYSTEM_TEXT_MOST);
    if (length < 0)
        return length;
    vaddr_t from = words[0];
    for (size_t left = (size_t)length, part; left > 0 && process_may_print(); left -= part) {
        char text[PRINT_PART];
        part = left < sizeof text ? left : sizeof text;
        if (user_read(self->directory, text, from, part))
            return -EFAULT;
        if (part < left)
            part = whole_lines(text, part);
        user_text_print(text, part);
        from += part;
        process_breathe();
    }
    return 0;
}

static int32_t get_key(struct process *self, const uint32_t *words)
{
    (void)words;
    int key = process_in_foreground(self) ? console_poll_key() : KEY_NONE;
    return key == KEY_NONE ? 0 : key;
}

static int32_t put_char(struct process *self, const uint32_t *words)
{
    (void)self;
    char character = (char)words[0];
    if (process_may_print())
        user_text_print(&character, 1);
    return 0;
}

static int32_t allocate(struct process *self, const uint32_t *words)
{
    return (int32_t)process_malloc(self, words[0]);
}

static int32_t release(struct process *self, const uint32_t *words)
{
    return process_free(self, (void *)words[0]);
}

/* Starts the program that LINE begins with; LINE is cut into words. */
static int32_t start(struct process *self, char *line, uint32_t flags)
{
    char *words[WORDS_MOST];
    struct program program;
    struct process *child;
    const char *why;
    size_t nwords = string_split(line, words, WORDS_MOST);
    if (nwords == 0 || (flags & ~(uint32_t)(RUN_QUIET | RUN_BACKGROUND)))
        return -EINVARG;
    if (!program_find(words[0], &program))
        return -ENOENT;
    const struct process_order order = {
        .program = &program,
        .nwords = nwords,
        .words = words,
        .parent = self,
        .foreground = !(flags & RUN_BACKGROUND),
        .quiet = (flags & RUN_QUIET) != 0,
    };
    int status = process_create(&order, &child, &why);
    return status ? status : (int32_t)child->pid;
}

static int32_t load(struct process *self, const uint32_t *words)
{
    char text[SYSTEM_LINE_MOST];
    int length = user_read_text(self->directory, text, sizeof text, words[0]);
    if (length < 0)
        return length;
    for (int i = 0; i < length; i++)
        if (text[i] == ' ' || text[i] == '\t')
            return -ENOENT; /* a name, and no more */
    return start(self, text, 0);
}

static int32_t run(struct process *self, const uint32_t *words)
{
    char text[SYSTEM_LINE_MOST];
    int length = user_read_text(self->directory, text, sizeof text, words[0]);
    return length < 0 ? length : start(self, text, words[1]);
}

static int32_t get_arguments(struct process *self, const uint32_t *words)
{
    const struct {
        int32_t argc;
        uint32_t argv;
    } arguments = {self->narguments, self->arguments};
    _Static_assert(sizeof arguments == sizeof(struct program_arguments), "as ring 3 reads it");
    return user_write(self->directory, words[0], &arguments, sizeof arguments);
}

static int32_t leave(struct process *self, const uint32_t *words)
{
    (void)self;
    process_exit(PROCESS_EXITED, (int32_t)words[0]);
}

static int32_t yield(struct process *self, const uint32_t *words)
{
    (void)self, (void)words;
    process_yield();
    return 0;
}

static int32_t sleep(struct process *self, const uint32_t *words)
{
    (void)self;
    process_sleep((uint32_t)units_to_hold(words[0], MS_A_TICK));
    return 0;
}

static int32_t get_pid(struct process *self, const uint32_t *words)
{
    (void)words;
    return (int32_t)self->pid;
}

static int32_t wait(struct process *self, const uint32_t *words)
{
    struct process_end end;
    uint32_t ended;
    /* Before a child is forgotten it must be sure that somebody will know. */
    int status = words[1] ? user_may_write(self->directory, words[1], sizeof end) : 0;
    if (!status)
        status = process_wait(words[0], &ended, &end);
    if (!status && words[1])
        status = user_write(self->directory, words[1], &end, sizeof end);
    return status ? status : (int32_t)ended;
}

static int32_t get_time(struct process *self, const uint32_t *words)
{
    (void)self, (void)words;
    return timer_milliseconds(timer_ticks());
}

static int32_t get_memory(struct process *self, const uint32_t *words)
{
    kheap_trim(); /* what the heap holds back would be served, too */
    const struct memory_information information = {
        .total = kheap()->statistics.total,
        .free = kheap_free_blocks(),
        .own = self->nblocks,
    };
    return user_write(self->directory, words[0], &information, sizeof information);
}

static int32_t kill(struct process *self, const uint32_t *words)
{
    struct process *victim = process_find(words[0]);
    if (!victim || (victim != self && victim->parent != self))
        return -ECHILD;
    process_kill(victim);
    return 0;
}

static const struct {
    handler handle;
    size_t nwords;
} calls[] = {
    [SYSTEM_SUM] = {sum, 2},         [SYSTEM_PRINT] = {print, 1},
    [SYSTEM_GET_KEY] = {get_key, 0}, [SYSTEM_PUT_CHAR] = {put_char, 1},
    [SYSTEM_MALLOC] = {allocate, 1}, [SYSTEM_FREE] = {release, 1},
    [SYSTEM_LOAD] = {load, 1},       [SYSTEM_RUN] = {run, 2},
    [SYSTEM_EXIT] = {leave, 1},      [SYSTEM_ARGUMENTS] = {get_arguments, 1},
    [SYSTEM_YIELD] = {yield, 0},     [SYSTEM_SLEEP] = {sleep, 1},
    [SYSTEM_GETPID] = {get_pid, 0},  [SYSTEM_WAIT] = {wait, 2},
    [SYSTEM_TIME] = {get_time, 0},   [SYSTEM_MEMORY] = {get_memory, 1},
    [SYSTEM_KILL] = {kill, 1},
};
_Static_assert(sizeof calls / sizeof calls[0] == SYSTEM_CALLS, "every command has a handler");

static void answer(struct trap_frame *frame)
{
    struct process *self = process_current();
    uint32_t words[ARGUMENTS_MOST], number = frame->eax;
    if (number >= SYSTEM_CALLS) {
        frame->eax = (uint32_t)-EINVARG;
        return;
    }
    size_t nwords = calls[number].nwords;
    int status = nwords ? user_read(self->directory, words, frame->user_esp, 4 * nwords) : 0;
    frame->eax = (uint32_t)(status ? status : calls[number].handle(self, words));
}

void system_calls_init(void)
{
    uint32_t columns, rows;
    user_text_start(screen_size(&columns, &rows) ? columns : 0);
    user_trap_set_system_call(answer);
}
