/*
 * Keys and answers of terminals, as their documentation has them: xterm's "Control Sequences",
 * console_codes(4), rxvt's reference, screen's and tmux's terminfo, the VT220's programmer
 * reference, PuTTY's manual.
 */
#include "case.h"
#include "drivers/console.h"
#include "lib/string.h"

static struct terminal_decoder decoder;

/* As long as the longest of them, and its end. */
enum { KEYS = 512 };
static struct {
    int keys[KEYS];
    size_t count;
} typed;

static void begin(void)
{
    decoder = (struct terminal_decoder){0};
    typed.count = 0;
}

static void send_bytes(const char *bytes, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++) {
        int key = terminal_decode(&decoder, (uint8_t)bytes[i]);
        if (key != KEY_NONE && typed.count < KEYS)
            typed.keys[typed.count++] = key;
    }
}

static void send(const char *bytes)
{
    send_bytes(bytes, string_length(bytes));
}

/* A silence, as the console has it. */
static void pause(void)
{
    terminal_give_up(&decoder);
    (void)!terminal_escape(&decoder);
}

/* Whether the keys from FIRST on are the characters of TEXT and no more. */
static bool typed_is(size_t first, const char *text)
{
    for (; *text; text++, first++)
        if (first >= typed.count || typed.keys[first] != (uint8_t)*text)
            return false;
    return first == typed.count;
}

#define UP    KEY_UP
#define DOWN  KEY_DOWN
#define RIGHT KEY_RIGHT
#define LEFT  KEY_LEFT
#define HOME  KEY_HOME
#define END   KEY_END
#define DEL   KEY_DELETE
#define NONE  KEY_NONE

static const struct {
    const char *bytes;
    int key;
} sequences[] = {
    /* xterm, normal and application mode; VT220; screen, tmux */
    {"\033[A", UP},
    {"\033[B", DOWN},
    {"\033[C", RIGHT},
    {"\033[D", LEFT},
    {"\033[H", HOME},
    {"\033[F", END},
    {"\033OA", UP},
    {"\033OB", DOWN},
    {"\033OC", RIGHT},
    {"\033OD", LEFT},
    {"\033OH", HOME},
    {"\033OF", END},
    {"\033[1~", HOME},
    {"\033[2~", NONE},
    {"\033[3~", DEL},
    {"\033[4~", END},
    {"\033[5~", NONE},
    {"\033[6~", NONE},
    {"\033OP", NONE},
    {"\033OQ", NONE},
    {"\033OR", NONE},
    {"\033OS", NONE},
    {"\033[11~", NONE},
    {"\033[12~", NONE},
    {"\033[13~", NONE},
    {"\033[14~", NONE},
    {"\033[15~", NONE},
    {"\033[17~", NONE},
    {"\033[18~", NONE},
    {"\033[19~", NONE},
    {"\033[20~", NONE},
    {"\033[21~", NONE},
    {"\033[23~", NONE},
    {"\033[24~", NONE},
    {"\033[25~", NONE},
    {"\033[26~", NONE},
    {"\033[28~", NONE},
    {"\033[29~", NONE},
    {"\033[31~", NONE},
    {"\033[34~", NONE},
    {"\033[E", NONE},
    {"\033OE", NONE},
    {"\033[Z", NONE},
    {"\033[I", NONE},
    {"\033[O", NONE},
    /* with Shift, Alt, Control and all of them */
    {"\033[1;2A", UP},
    {"\033[1;3B", DOWN},
    {"\033[1;5C", RIGHT},
    {"\033[1;8D", LEFT},
    {"\033[1;5H", HOME},
    {"\033[1;5F", END},
    {"\033[3;5~", DEL},
    {"\033[1;2P", NONE},
    {"\033[15;2~", NONE},
    {"\033[17;5~", NONE},
    {"\033O5C", RIGHT},
    {"\033[1:5A", UP},
    {"\033[27;5;9~", NONE},
    {"\033[97;5u", NONE},
    {"\033[57399;1u", NONE},
    {"\033[2;2~", NONE},
    /* with Alt, where that is ESC in front; Alt and a letter, Enter's byte left as it is */
    {"\033\033[A", UP},
    {"\033\033[D", LEFT},
    {"\033\033OB", DOWN},
    {"\033\033[3~", DEL},
    {"\033\033[15~", NONE},
    {"\033a", NONE},
    {"\033Z", NONE},
    {"\0335", NONE},
    {"\033.", NONE},
    {"\033 ", NONE},
    {"\033\177", NONE},
    {"\033\\", NONE},
    /* Linux's console */
    {"\033[[A", NONE},
    {"\033[[B", NONE},
    {"\033[[C", NONE},
    {"\033[[D", NONE},
    {"\033[[E", NONE},
    {"\033[G", NONE},
    {"\033[P", NONE},
    /* rxvt */
    {"\033[7~", HOME},
    {"\033[8~", END},
    {"\033[a", UP},
    {"\033[b", DOWN},
    {"\033[c", RIGHT},
    {"\033[d", LEFT},
    {"\033Oa", UP},
    {"\033Ob", DOWN},
    {"\033Oc", RIGHT},
    {"\033Od", LEFT},
    {"\033[7^", HOME},
    {"\033[8^", END},
    {"\033[3^", DEL},
    {"\033[3$", DEL},
    {"\033[7$", HOME},
    {"\033[3@", DEL},
    {"\033[11^", NONE},
    {"\033[23$", NONE},
    {"\033[23@", NONE},
    /* the keypad in application mode: what is printed on it */
    {"\033Op", '0'},
    {"\033Oq", '1'},
    {"\033Or", '2'},
    {"\033Os", '3'},
    {"\033Ot", '4'},
    {"\033Ou", '5'},
    {"\033Ov", '6'},
    {"\033Ow", '7'},
    {"\033Ox", '8'},
    {"\033Oy", '9'},
    {"\033Oj", '*'},
    {"\033Ok", '+'},
    {"\033Ol", ','},
    {"\033Om", '-'},
    {"\033On", '.'},
    {"\033Oo", '/'},
    {"\033OX", '='},
    {"\033OM", '\n'},
    {"\033OI", '\t'},
    /* a paste's ends */
    {"\033[200~", NONE},
    {"\033[201~", NONE},
    /* the mouse: X10's, SGR's, urxvt's */
    {"\033[M !!", NONE},
    {"\033[M#~\377", NONE},
    {"\033[<0;12;7M", NONE},
    {"\033[<35;1;1m", NONE},
    {"\033[32;12;7M", NONE},
    /* answers: attributes, states, places, sizes, modes, checksums */
    {"\033[?1;2c", NONE},
    {"\033[?62;1;6;22c", NONE},
    {"\033[>0;276;0c", NONE},
    {"\033[>41;370;0c", NONE},
    {"\033[=0c", NONE},
    {"\033[0n", NONE},
    {"\033[?13n", NONE},
    {"\033[24;80R", NONE},
    {"\033[?24;80;1R", NONE},
    {"\033[8;24;80t", NONE},
    {"\033[3;0;0t", NONE},
    {"\033[4;1$y", NONE},
    {"\033[?2026;2$y", NONE},
    {"\033[?1u", NONE},
    {"\033[2;1;1;112;112;1;0x", NONE},
    {"\033[>4;2m", NONE},
    {"\033[1 q", NONE},
    {"\033[99999999999999999999;3~", NONE},
    {"\033[?3~", NONE},
    {"\033[?1A", NONE},
    {"\033[3\177~", NONE},
    /* strings, up to BEL or ST */
    {"\033]10;rgb:ffff/ffff/ffff\007", NONE},
    {"\033]11;rgb:0000/0000/0000\033\\", NONE},
    {"\033]4;1;rgb:cdcd/0000/0000\033\\", NONE},
    {"\033]52;c;cG93ZXJvZmY=\007", NONE},
    {"\033]lroot@host: ~\033\\", NONE},
    {"\033]LIcon\033\\", NONE},
    {"\033]0;\303\244 \302\233\007", NONE},
    {"\033P1$r0m\033\\", NONE},
    {"\033P0$r\033\\", NONE},
    {"\033P!|00000000\033\\", NONE},
    {"\033P>|xterm(370)\033\\", NONE},
    {"\033P1+r544e=787465726d\033\\", NONE},
    {"\033P1!u%5\033\\", NONE},
    {"\033_Gi=31;OK\033\\", NONE},
    {"\033^private\033\\", NONE},
    {"\033Xstart\033\\", NONE},
    {"\033]broken off by an arrow\033[A", UP},
    {"\033Pand by another\033OD", LEFT},
    /* taken back */
    {"\033\030", NONE},
    {"\033[1;\030", NONE},
    {"\033]0;x\032", NONE},
    {"\033O\030", NONE},
    /* characters */
    {"x", 'x'},
    {"\r", '\n'},
    {"\n", '\n'},
    {"\177", '\b'},
    {"\b", '\b'},
    {"\t", '\t'},
    {"\003", 3},
    {"\033[1;\003", 3},
    {"\033]0;\003", 3},
};
enum { SEQUENCES = sizeof sequences / sizeof sequences[0] };

CASE(terminal, c1_c3_each_sequence_is_its_key_or_nothing)
{
    for (size_t i = 0; i < SEQUENCES; i++) {
        size_t is_key = sequences[i].key != NONE;
        begin();
        send("ab");
        send(sequences[i].bytes);
        send("cd");
        CHECK_EQUAL(typed.count, 4 + is_key);
        CHECK_EQUAL(typed.keys[0], 'a');
        CHECK_EQUAL(typed.keys[1], 'b');
        if (is_key)
            CHECK_EQUAL(typed.keys[2], sequences[i].key);
        CHECK(typed_is(2 + is_key, "cd"));
    }
}

/* Two behind each other, without a byte between. */
CASE(terminal, each_sequence_ends_where_the_next_begins)
{
    for (size_t i = 0; i < SEQUENCES; i++) {
        for (size_t j = 0; j < SEQUENCES; j++) {
            if (sequences[j].bytes[0] != '\033' || sequences[j].bytes[1] == '\\')
                continue;
            begin();
            send(sequences[i].bytes);
            size_t first = typed.count;
            send(sequences[j].bytes);
            CHECK_EQUAL(typed.count, first + (sequences[j].key != NONE));
            if (typed.count > first)
                CHECK_EQUAL(typed.keys[first], sequences[j].key);
        }
    }
}

/* Cut anywhere, then silence: the text behind it is whole; and so without silence behind CR. */
CASE(terminal, k13_a_sequence_that_breaks_off_takes_nothing_with_it)
{
    for (size_t i = 0; i < SEQUENCES; i++) {
        for (size_t cut = 0; cut < string_length(sequences[i].bytes); cut++) {
            begin();
            send_bytes(sequences[i].bytes, cut);
            pause();
            size_t first = typed.count;
            send("uptime\r");
            CHECK(typed_is(first, "uptime\n"));
            begin();
            send_bytes(sequences[i].bytes, cut);
            first = typed.count;
            send("\r");
            CHECK(typed_is(first, "\n"));
            send("uptime\r");
            CHECK(typed_is(first, "\nuptime\n"));
        }
    }
}

/* A short silence is the escape key where nothing else can be, and else nothing is lost by it. */
CASE(terminal, escape_alone_is_a_key_when_nothing_comes_behind_it)
{
    begin();
    CHECK(!terminal_escape(&decoder));
    send("\033");
    CHECK(terminal_escape(&decoder));
    CHECK(!terminal_escape(&decoder));
    send("[");
    CHECK(typed_is(0, "["));
    for (size_t i = 0; i < SEQUENCES; i++) {
        size_t length = string_length(sequences[i].bytes);
        begin();
        for (size_t n = 0; n < length; n++) {
            send_bytes(sequences[i].bytes + n, 1);
            if (n >= 2 || sequences[i].bytes[n] != '\033')
                CHECK(!terminal_escape(&decoder));
        }
        CHECK_EQUAL(typed.count, sequences[i].key != NONE);
        send("x");
        CHECK(typed_is(typed.count - 1, "x"));
    }
}

CASE(terminal, c5_one_enter_is_one)
{
    static const struct {
        const char *bytes;
        size_t nbytes, enters;
    } vectors[] = {
        {"\r", 1, 1},       {"\n", 1, 1},           {"\r\n", 2, 1},       {"\n\r", 2, 1},
        {"\r\0", 2, 1},     {"\r\0\n", 3, 1},       {"\r\r", 2, 2},       {"\n\n", 2, 2},
        {"\r\n\r\n", 4, 2}, {"\n\r\n\r", 4, 2},     {"\r\r\n", 3, 2},     {"\r\0\r\0", 4, 2},
        {"\033OM", 3, 1},   {"\033OM\033OM", 6, 2}, {"\r\n\033OM", 5, 2}, {"\r\033[A\n", 5, 2},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        size_t enters = 0;
        begin();
        send_bytes(vectors[i].bytes, vectors[i].nbytes);
        for (size_t k = 0; k < typed.count; k++)
            enters += typed.keys[k] == '\n';
        CHECK_EQUAL(enters, vectors[i].enters);
    }
    begin();
    send("\r");
    pause();
    send("\n"); /* somebody else's */
    CHECK(typed_is(0, "\n\n"));
}

/* Nothing that is sent types what is not a key; and Enter ends whatever went before. */
CASE(terminal, k13_random_bytes_are_keys_or_nothing)
{
    static const char frequent[] =
        "\033\033\033\033[[[OO]P^_X;;?$<>0123459~AMRacmpy\\\007\030 \177\r\n";
    uint32_t random = 1;
    for (int round = 0; round < 3000; round++) {
        begin();
        for (int i = 0; i < 24; i++) {
            random = random * 1664525 + 1013904223;
            uint32_t any = random >> 8;
            char byte = any & 0x800 ? (char)any : frequent[(any & 0x7ff) % (sizeof frequent - 1)];
            send_bytes(&byte, 1);
        }
        for (size_t i = 0; i < typed.count; i++) {
            int key = typed.keys[i];
            CHECK((key > 0 && key < 0x100 && key != '\r' && key != 0x1b && key != 0x7f) ||
                  (key >= KEY_UP && key <= KEY_DELETE));
        }
        size_t first = typed.count;
        send("x\rfree 0\r");
        CHECK(typed.count >= first + 7);
        CHECK(typed_is(typed.count - 8, "\nfree 0\n"));
    }
}
