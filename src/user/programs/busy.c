/*
 * What keeps a machine busy, and what suffers by it.
 *
 *     busy spin              computes for ever
 *     busy print             prints 4,000 bytes at a time, for ever
 *     busy churn [BYTES]     allocates (16 MB) and frees, for ever
 *     busy start             starts programs and ends them, for ever
 *     busy fault             starts programs that the kernel says a fault of, for ever
 *     busy crowd [COUNT]     starts COUNT (1000) in the background, and ends; then they all spin
 *     busy bomb              as many as it can get, and again whenever one is ended
 *     busy chain             starts itself in the background and ends, for ever
 *     busy pages [COUNT]     takes COUNT (100000) pages one by one, and ends
 *     busy nap [COUNT]       sleeps COUNT (100) times for 10 ms; by how much it was late at most
 */
#include "user/plat.h"

enum {
    TEXT_BYTES = 4000,
    LINE_BYTES = 80,
    CHURN_BYTES = 16 << 20,
    CROWD = 1000,
    PAGES = 100000,
    NAPS = 100,
    NAP = 10,
    MS_TO_START_ONE = 5
};

static void spin(void)
{
    for (;;)
        __asm__ volatile("pause");
}

static void print_much(void)
{
    static char text[TEXT_BYTES + 1];
    for (size_t i = 0; i < TEXT_BYTES; i++)
        text[i] = i % LINE_BYTES == LINE_BYTES - 1 ? '\n' : '.';
    for (;;)
        system_print(text);
}

static void churn(uint32_t nbytes)
{
    for (;;)
        system_free(system_malloc(nbytes));
}

static void start_and_end(void)
{
    for (;;) {
        int pid = run("busy spin");
        if (pid > 0 && system_kill(pid) == 0)
            wait(pid, NULL);
    }
}

static void fault_again_and_again(void)
{
    for (;;) {
        int pid = system_run("busy ud2", 0);
        if (pid > 0)
            wait(pid, NULL);
    }
}

/* How many of LINE, up to COUNT, were started. */
static uint32_t start(const char *line, uint32_t count)
{
    uint32_t started = 0;
    while (started < count && system_run(line, RUN_QUIET | RUN_BACKGROUND) > 0)
        started++;
    return started;
}

/* Before the last one is started the first ones would take all turns, so they sleep until then. */
static uint32_t crowd(uint32_t count)
{
    char line[LINE_BYTES];
    format_text(line, sizeof line, "busy after %u", time() + count * MS_TO_START_ONE);
    return start(line, count);
}

static void spin_after(uint32_t when)
{
    uint32_t now = time();
    sleep(when > now ? when - now : 0);
    spin();
}

static void bomb(void)
{
    for (;;) {
        start("busy spin", UINT32_MAX);
        wait(0, NULL);
    }
}

static void go_on_in_another(void)
{
    while (system_run("busy chain", RUN_QUIET | RUN_BACKGROUND) < 0)
        ;
}

/* How many there were. */
static uint32_t take_pages(uint32_t count)
{
    uint32_t taken = 0;
    while (taken < count && system_malloc(1))
        taken++;
    return taken;
}

static void nap(uint32_t count)
{
    uint32_t worst = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t start = time();
        sleep(NAP);
        uint32_t late = time() - start - NAP;
        worst = late > worst ? late : worst;
    }
    printf("busy: %u naps of %u ms, late by %u ms at most\n", count, NAP, worst);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    uint32_t number = 0;
    if (argc > 3 || (argc > 2 && (!string_to_number(argv[2], false, &number) || number == 0)))
        what = "";
    if (string_equal(what, "spin"))
        spin();
    else if (string_equal(what, "print"))
        print_much();
    else if (string_equal(what, "churn"))
        churn(number ? number : CHURN_BYTES);
    else if (string_equal(what, "start"))
        start_and_end();
    else if (string_equal(what, "fault"))
        fault_again_and_again();
    else if (string_equal(what, "ud2"))
        __asm__ volatile("ud2");
    else if (string_equal(what, "crowd"))
        printf("busy: %u were started\n", crowd(number ? number : CROWD));
    else if (string_equal(what, "after"))
        spin_after(number);
    else if (string_equal(what, "bomb"))
        bomb();
    else if (string_equal(what, "chain"))
        go_on_in_another();
    else if (string_equal(what, "pages"))
        printf("busy: %u pages were taken\n", take_pages(number ? number : PAGES));
    else if (string_equal(what, "nap"))
        nap(number ? number : NAPS);
    else {
        puts("busy spin, print, churn [BYTES], start, fault, crowd [COUNT], bomb, chain or nap "
             "[COUNT]");
        return 2;
    }
    return 0;
}
