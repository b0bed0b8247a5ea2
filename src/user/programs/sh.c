/* A prompt that runs programs, waits for them, and says how they ended. */
#include "user/plat.h"

enum { WORDS = 3 };

static struct {
    bool done;
    int code;
} shell;

static void say_how(int pid, const struct process_end *end)
{
    if (end->cause == PROCESS_EXITED)
        printf("[%d] exited with %d\n", pid, end->code);
    else if (end->cause == PROCESS_KILLED)
        printf("[%d] killed\n", pid);
    else
        printf("[%d] died: %s\n", pid, exception_name((uint32_t)end->code));
}

static void help(void)
{
    puts("NAME [ARGUMENTS]    runs a program and waits for it\n"
         "NAME [ARGUMENTS] &  runs it in the background\n"
         "wait                waits for all that run there\n"
         "kill PID            ends one of them\n"
         "memory              blocks of 4096 bytes: all, free, this program's own\n"
         "exit [CODE]         ends this program");
}

static void memory(void)
{
    struct memory_information information;
    if (system_memory(&information) == 0)
        printf("%u blocks, %u free, %u own\n", information.total, information.free,
               information.own);
}

static void wait_for_all(void)
{
    struct process_end end;
    int pid;
    while ((pid = wait(0, &end)) > 0)
        say_how(pid, &end);
}

static void kill_one(const char *number)
{
    uint32_t pid;
    if (!string_to_number(number, false, &pid) || (int32_t)pid == getpid() ||
        system_kill((int32_t)pid) != 0)
        printf("%s is none of its programs\n", number);
}

static void leave(const char *number)
{
    uint32_t code = 0;
    if (*number && !string_to_number(number, false, &code))
        printf("%s is not a number\n", number);
    shell.done = true;
    shell.code = (int)code;
}

/* Cuts a '&' at the end off; whether there was one. */
static bool cut_background(char *line)
{
    size_t length = string_length(line);
    while (length > 0 && line[length - 1] == ' ')
        length--;
    if (length == 0 || line[length - 1] != '&')
        return false;
    line[length - 1] = '\0';
    return true;
}

static void run_program(char *line)
{
    bool background = cut_background(line);
    struct process_end end;
    int pid = system_run(line, RUN_QUIET | (background ? RUN_BACKGROUND : 0));
    if (pid == -ENOENT)
        puts("no such program");
    else if (pid < 0)
        puts(pid == -ENOMEM   ? "no memory for it"
             : pid == -EAGAIN ? "there are as many programs as there may be"
                              : "it can't be run");
    else if (background)
        printf("[%d] started\n", pid);
    else if (wait(pid, &end) == pid)
        say_how(pid, &end);
}

static void obey(char *line)
{
    char copy[SYSTEM_LINE_MOST], *words[WORDS] = {NULL, NULL, NULL};
    string_copy(copy, sizeof copy, line);
    size_t nwords = string_split(copy, words, WORDS);
    if (nwords == 0)
        return;
    const char *argument = nwords > 1 ? words[1] : "";
    if (string_equal(words[0], "help"))
        help();
    else if (string_equal(words[0], "memory"))
        memory();
    else if (string_equal(words[0], "wait"))
        wait_for_all();
    else if (string_equal(words[0], "kill"))
        kill_one(argument);
    else if (string_equal(words[0], "exit"))
        leave(argument);
    else
        run_program(line);
}

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    while (!shell.done) {
        char line[SYSTEM_LINE_MOST];
        printf("sh> ");
        read_line(line, sizeof line);
        obey(line);
    }
    return shell.code;
}
