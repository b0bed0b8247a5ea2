/* Pointers that a call must not follow; text that does not end; names that are none. */
#include "user/programs/hostile/attack.h"

enum { BLOCK_BYTES = 4096, FILL = 0x5a };

ATTACK(text_there)
{
    const char *text = (const char *)argument;
    MUST(system_print(text) == -EFAULT);
    MUST(system_load(text) == -EFAULT);
    MUST(system_run(text, RUN_QUIET) == -EFAULT);
    return REFUSED;
}

ATTACK(struct_there)
{
    MUST(system_arguments((void *)argument) == -EFAULT);
    MUST(system_memory((void *)argument) == -EFAULT);
    return REFUSED;
}

/* A bad place for the end's description loses no child: it can be waited for again. */
static int wait_into(struct process_end *bad)
{
    int pid = attack_start("nothing", 0, 0);
    MUST(pid > 0);
    MUST(system_wait(pid, bad) == -EFAULT);
    MUST(system_wait(0, bad) == -EFAULT);
    MUST(attack_refused(pid));
    MUST(system_wait(pid, NULL) == -ECHILD);
    return REFUSED;
}

ATTACK(wait_there)
{
    return argument ? wait_into((struct process_end *)argument) : REFUSED; /* 0 is allowed */
}

/* May be read, not written: by the kernel for a program no more than by the program. */
ATTACK(struct_in_text)
{
    static const uint32_t constants[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t before = *(uint32_t *)own_text();
    uint32_t places[] = {(uint32_t)own_text(), (uint32_t)constants};
    for (size_t i = 0; i < LENGTH(places); i++) {
        MUST(system_arguments((void *)places[i]) == -EFAULT);
        MUST(system_memory((void *)places[i]) == -EFAULT);
        MUST(wait_into((void *)places[i]) == REFUSED);
    }
    MUST(*(uint32_t *)own_text() == before);
    for (volatile uint32_t i = 0; i < LENGTH(constants); i++)
        MUST(constants[i] == i + 1);
    return REFUSED;
}

/* Begins in its own memory and ends outside: refused before the first byte is written. */
ATTACK(struct_over_edge)
{
    struct {
        size_t nbytes;
        int32_t (*call)(void *);
    } calls[] = {
        {sizeof(struct program_arguments), (int32_t(*)(void *))system_arguments},
        {sizeof(struct memory_information), (int32_t(*)(void *))system_memory},
        {sizeof(struct process_end), (int32_t(*)(void *))wait_into},
    };
    memset(edge, FILL, EDGE_BYTES);
    for (size_t i = 0; i < LENGTH(calls); i++) {
        for (size_t inside = 1; inside < calls[i].nbytes; inside++) {
            int32_t answer = calls[i].call(edge + EDGE_BYTES - inside);
            MUST(answer == (i == 2 ? REFUSED : -EFAULT));
        }
        for (size_t k = 0; k < EDGE_BYTES; k++)
            MUST(edge[k] == FILL);
    }
    /* Its last bytes may be written. */
    MUST(system_memory((void *)(edge + EDGE_BYTES - sizeof(struct memory_information))) == 0);
    return REFUSED;
}

/* From the guard below the stack into the stack. */
ATTACK(struct_over_guard)
{
    for (uint32_t outside = 1; outside < sizeof(struct program_arguments); outside++) {
        MUST(system_arguments((void *)(0x003fb000 - outside)) == -EFAULT);
        MUST(system_memory((void *)(0x003fb000 - outside)) == -EFAULT);
    }
    return REFUSED;
}

/* Text up to the last byte of its memory, without an end. */
ATTACK(text_over_edge)
{
    memset(edge, 'x', EDGE_BYTES);
    for (size_t length = 1; length < EDGE_BYTES; length += length < 300 ? 1 : 111) {
        const char *text = (const char *)edge + EDGE_BYTES - length;
        MUST(system_print(text) == -EFAULT);
        int32_t loaded = system_load(text), started = system_run(text, RUN_QUIET);
        MUST(loaded == -EFAULT || (length >= SYSTEM_LINE_MOST && loaded == -EINVARG));
        MUST(started == -EFAULT || (length >= SYSTEM_LINE_MOST && started == -EINVARG));
    }
    /* A block that is full to its end: too long, or without an end, before it is anything else. */
    int32_t answer = system_print((const char *)edge);
    MUST(answer == -EFAULT || answer == -EINVARG);
    /* With its end in the last byte of all it is good: the shortest text, and a name of nobody. */
    edge[EDGE_BYTES - 1] = '\0';
    MUST(system_print((const char *)edge + EDGE_BYTES - 1) == 0);
    MUST(system_load((const char *)edge + EDGE_BYTES - 9) == -ENOENT);
    return REFUSED;
}

/* Two blocks of text: too long, wherever it ends. */
ATTACK(text_too_long)
{
    char *text = malloc(3 * BLOCK_BYTES);
    MUST(text);
    memset(text, 'x', 3 * BLOCK_BYTES);
    MUST(system_print(text) == -EINVARG);
    text[SYSTEM_TEXT_MOST] = '\0'; /* one too many */
    MUST(system_print(text) == -EINVARG);
    MUST(system_run(text, RUN_QUIET) == -EINVARG);
    text[SYSTEM_LINE_MOST] = '\0';
    MUST(system_run(text, RUN_QUIET) == -EINVARG);
    text[SYSTEM_LINE_MOST - 1] = '\0';
    int32_t answer = system_run(text, RUN_QUIET);
    MUST(answer == -ENOENT || answer == -EINVARG);
    free(text);
    return REFUSED;
}

/* No program has such a name. */
ATTACK(unknown_names)
{
    static const char *const names[] = {
        "no-such-program", "hell",     "helloo",  "HELLO",    "/hello",
        "../hello",        "%s%s%s%n", "hello\n", "\x80\xff", "hello;hello",
    };
    for (size_t i = 0; i < LENGTH(names); i++) {
        MUST(system_load(names[i]) == -ENOENT);
        MUST(system_run(names[i], RUN_QUIET) == -ENOENT);
    }
    for (const char *empty = "   "; *empty; empty++) {
        MUST(system_load(empty + 1) < 0);
        MUST(system_run(empty + 1, RUN_QUIET) < 0);
    }
    MUST(system_run("", RUN_QUIET) < 0);
    return REFUSED;
}

/* As many words as fit in a line, and flags that nobody has defined. */
ATTACK(many_words)
{
    struct process_end end;
    char line[SYSTEM_LINE_MOST] = "hostile nothing 1 2";
    size_t length = string_length(line);
    for (; length + 2 < sizeof line; length += 2)
        memcpy(line + length, " 3", 2);
    line[length] = '\0';
    for (uint32_t flags = 1; flags; flags = flags << 1 | RUN_QUIET) {
        int pid = system_run(line, flags);
        MUST(pid == -EINVARG || pid == -ENOMEM || pid > 0);
        MUST(pid < 0 || (wait(pid, &end) == pid && exited_with(&end, REFUSED)));
        if (flags == 0xffffffff)
            break;
    }
    return REFUSED;
}

static const uint32_t text_places[] = {
    0,          1,          0xfff,      0x1000,     0xb8000,    0x100000,   0x003fafff, 0x00a00000,
    0x00ffffff, 0x01000000, 0x7fffffff, 0x80000000, 0xd0000000, 0xfee00000, 0xfffff000, 0xffffffff,
};
static const uint32_t struct_places[] = {
    0,          1,          0xffe,      0x1000,     0xb8000,    0x100000,   0x003faff9,
    0x00a00000, 0x00fffffc, 0x01000000, 0x7ffffffe, 0x80000000, 0xd0000000, 0xfee00000,
    0xfffff000, 0xfffffff8, 0xfffffff9, 0xfffffffc, 0xffffffff,
};

static const struct attack attacks[] = {
    EACH(text_there, SURVIVES, text_places),
    EACH(struct_there, SURVIVES, struct_places),
    EACH(wait_there, SURVIVES, struct_places),
    ONCE(struct_in_text, SURVIVES),
    ONCE(struct_over_edge, SURVIVES),
    ONCE(struct_over_guard, SURVIVES),
    ONCE(text_over_edge, SURVIVES),
    ONCE(text_too_long, SURVIVES),
    ONCE(unknown_names, SURVIVES),
    ONCE(many_words, SURVIVES),
};
THEME(hostile_pointers, attacks);
