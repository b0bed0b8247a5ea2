#include "shell/shell.h"

#include "drivers/code_screen.h"
#include "drivers/console.h"
#include "lib/print.h"
#include "lib/string.h"
#include "shell/command.h"
#include "shell/commands_process.h"
#include "shell/line.h"

enum { WORDS_MAX = LINE_BYTES / 2 };

static void command_help(const struct shell_context *context, unsigned nwords, char **words);

static const struct command commands[] = {
    {"help", "", "this list", 0, 0, command_help},
    {"map", "", "memory: what the loader and the BIOS say, and what is true", 0, 0, command_map},
    {"heap", "", "the kernel heap: where it lies, who holds it, whether it is sound", 0, 0,
     command_heap},
    {"blocks", "[FIRST | window [ADDRESS]]",
     "the block table as a picture; from block FIRST on; the window of a heap that grows", 0, 2,
     command_blocks},
    {"watch", "[SECONDS] [WHERE]", "the block table, live; on the screen or the terminal", 0, 2,
     command_watch},
    {"alloc", "BYTES [COUNT]", "kmalloc, COUNT times; 4096, 64K, 2M", 1, 2, command_alloc},
    {"step", "BYTES [all]", "how a heap that grows looks for BYTES, one free piece at a time", 1, 2,
     command_step},
    {"free", "ADDRESS", "kfree", 1, 1, command_free},
    {"stats", "", "the heap's counters", 0, 0, command_stats},
    {"leaks", "[mark|check]", "who holds memory since the mark; look at every red zone", 0, 1,
     command_leaks},
    {"misuse", "KIND", "use the heap wrongly: behind, after, twice, inside, beyond, lose", 1, 1,
     command_misuse},
    {"trace", "start|dump|stop", "record the heap's calls, for a replay elsewhere", 1, 1,
     command_trace},
    {"translate", "ADDRESS", "the page walk of an address", 1, 1, command_translate},
    {"programs", "", "what the loader brought to run", 0, 0, command_programs},
    {"run", "NAME [ARGUMENTS] [&]", "run a program; with & in the background", 1, WORDS_MAX,
     command_run},
    {"ps", "", "the processes", 0, 0, command_ps},
    {"kill", "[-tree] PID | all", "end a process, all that came of its command, or all of them", 1,
     2, command_kill},
    {"wait", "[PID]", "until that process, or all in the background, have ended", 0, 1,
     command_wait},
    {"check", "", "whether the kernel is sound: tables, text, directories, heap, processes", 0, 0,
     command_check},
    {"fault", "[NAME]", "make the processor fault; without a name, the list", 0, 1, command_fault},
    {"selftest", "[PATTERN]", "run the self-tests whose name contains PATTERN", 0, 1,
     command_selftest},
    {"bench", "", "what the heap's calls cost", 0, 0, command_bench},
    {"compare", "", "the three designs of a heap doing the same work", 0, 0, command_compare},
    {"lspci", "", "what is on the PCI bus", 0, 0, command_lspci},
    {"lsusb", "", "what is on USB", 0, 0, command_lsusb},
    {"sysinfo", "[qr]", "what this machine is: the form for a report; as a QR code", 0, 1,
     command_sysinfo},
    {"dmesg", "[N]", "what was printed, line by line with its time; the last N lines", 0, 1,
     command_dmesg},
    {"uptime", "", "time since the start", 0, 0, command_uptime},
    {"date", "", "the date and the time, by the clock that runs on a battery", 0, 0, command_date},
    {"reboot", "", "restart the machine", 0, 0, command_reboot},
    {"poweroff", "", "switch the machine off", 0, 0, command_poweroff},
};

enum { NCOMMANDS = sizeof commands / sizeof commands[0] };

static void command_help(const struct shell_context *context, unsigned nwords, char **words)
{
    (void)context, (void)nwords, (void)words;
    for (size_t i = 0; i < NCOMMANDS; i++)
        kprintf("  %-10s %-20s %s\n", commands[i].name, commands[i].arguments, commands[i].purpose);
}

static void obey(const struct shell_context *context, char *text)
{
    char *words[WORDS_MAX];
    size_t nwords = string_split(text, words, WORDS_MAX);
    if (nwords == 0)
        return;
    unsigned narguments = (unsigned)nwords - 1;
    for (size_t i = 0; i < NCOMMANDS; i++) {
        const struct command *command = &commands[i];
        if (!string_equal(words[0], command->name))
            continue;
        if (narguments < command->least || narguments > command->most)
            kprintf("%s: %u arguments given; expected: %s %s\n", command->name, narguments,
                    command->name, command->arguments);
        else
            command->run(context, narguments, words + 1);
        return;
    }
    kprintf("%s: no such command; expected: one that help lists\n", words[0]);
}

void shell_run(const struct machine *machine)
{
    static struct line line;
    const struct shell_context context = {machine};
    line_init(&line, print_text);
    kprintf("Type help for the list of commands.\n");
    for (;;) {
        commands_process_report();
        print_style(PRINT_TITLE);
        kprintf("plat> ");
        print_style(PRINT_PLAIN);
        while (!line_key(&line, console_read_key()))
            ;
        char text[LINE_BYTES];
        bool whole = !line.too_long;
        code_screen_end();
        string_copy(text, sizeof text, line.text);
        line_next(&line);
        if (whole)
            obey(&context, text);
        else
            kprintf("line: longer than %d characters; nothing of it is obeyed\n", LINE_BYTES - 1);
    }
}
