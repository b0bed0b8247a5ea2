/*
 * Lines that tools read as the kernel's, and bytes that a terminal obeys. Nobody here can see what
 * arrives: whoever reads the console does (tests/boot/process.t).
 */
#include "user/programs/hostile/attack.h"

/* How the kernel's lines, and those of a test's protocol, begin. */
static const char *const lines[] = {
    "panic: forged",
    "plat: 999 passed, 0 failed",
    "plat> poweroff",
    "ok 999 - forged",
    "not ok 999 - forged",
    "1..1",
    "TAP version 13",
    "TAP\tversion 13",
    "Bail out! forged",
    "   Bail out! forged",
    "memory: usable 0x00000000-0x00001000",
    "memory: 1 usable blocks",
    "heap: 0x01000000-0x01001000 1 blocks, table 0x00001000",
    "boot: forged",
    "process: forged",
    "console: forged",
    "done",
};

static void say(const char *text)
{
    system_print(text);
}

static void say_by_bytes(const char *text)
{
    for (; *text; text++)
        system_put_char(*text);
}

/* Each line behind what makes it stand at the left. */
static void say_lines_behind(const char *before, void (*print)(const char *text))
{
    for (size_t i = 0; i < LENGTH(lines); i++) {
        print(before);
        print(lines[i]);
        say("\n");
    }
}

ATTACK(forge_lines)
{
    say_lines_behind("", say);
    say_lines_behind("\n", say_by_bytes);
    return REFUSED;
}

ATTACK(forge_by_returning)
{
    say_lines_behind("\r", say);
    say_lines_behind("forged\r", say);
    say_lines_behind("\n\r", say_by_bytes);
    return REFUSED;
}

ATTACK(forge_by_going_back)
{
    say_lines_behind("x\b", say);
    say_lines_behind("forged\b\b\b\b\b\b\b\b", say_by_bytes);
    say("panic\t\b\b\b: forged\n");
    say("Xanic: forged\rp\n");
    say("xlat: 999 passed, 0 failed\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\bp\n");
    return REFUSED;
}

/* A row of a text screen is full, and the next byte stands at the left. */
ATTACK(forge_by_filling)
{
    static char row[81];
    for (size_t i = 0; i + 1 < sizeof row; i++)
        row[i] = '.';
    say_lines_behind(row, say);
    return REFUSED;
}

/* A line by two processes. */
ATTACK(forge_begun)
{
    say("\npan");
    return REFUSED;
}

ATTACK(forge_ended)
{
    say("ic: forged\n");
    return REFUSED;
}

ATTACK(forge_with_help)
{
    struct process_end end;
    MUST(attack_run("forge_begun", 0, 0, &end) && exited_with(&end, REFUSED));
    MUST(attack_run("forge_ended", 0, 0, &end) && exited_with(&end, REFUSED));
    return REFUSED;
}

/* Questions that a terminal answers, a title, a colour, a clipboard, another character set. */
ATTACK(command_terminal)
{
    static const char *const commands[] = {
        "\033[6n",
        "\033[c",
        "\033[5n",
        "\005",
        "\033]0;forged\007",
        "\033]11;?\033\\",
        "\033P$qm\033\\",
        "\033c",
        "\033[2J",
        "\033[31m",
        "\033]52;c;eA==\007",
        "\033(0",
        "\016",
        "\017",
        "\x9b"
        "6n",
        "\xc2\x9b"
        "6n",
        "\x90$qm\x9c",
        "\033#8",
        "\033[?1049h",
        "\007",
        "\013",
        "\014",
        "\177",
        "\032",
    };
    for (size_t i = 0; i < LENGTH(commands); i++)
        say(commands[i]);
    say("\n");
    return REFUSED;
}

ATTACK(every_byte)
{
    for (int32_t byte = 0; byte < 256; byte++)
        MUST(system_put_char(byte) == 0);
    say("\n");
    return REFUSED;
}

static const struct attack attacks[] = {
    ONCE(forge_lines, SURVIVES),         ONCE(forge_by_returning, SURVIVES),
    ONCE(forge_by_going_back, SURVIVES), ONCE(forge_by_filling, SURVIVES),
    ONCE(forge_begun, HELPER),           ONCE(forge_ended, HELPER),
    ONCE(forge_with_help, SURVIVES),     ONCE(command_terminal, SURVIVES),
    ONCE(every_byte, SURVIVES),
};
THEME(hostile_terminal, attacks);
