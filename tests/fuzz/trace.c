/*
 * The readers of traces over anything. What they take obeys the grammar in trace.h. What that of
 * text takes is what the text says; what it refuses, it refuses at the first line that is wrong.
 */
#include "bench/trace.h"

#include <string.h>

#include "fuzz.h"

static struct trace trace, again;
static char buffer[1 << 19]; /* an operation is printed in five times its shortest text, or less */

static const char *read_text(struct trace *into, const char *text, size_t nbytes, size_t *line)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, nbytes, "r");
    fuzz_require(stream != NULL, "no stream");
    const char *wrong = trace_read_stream(into, stream, line);
    (void)fclose(stream);
    return wrong;
}

static void look_at_grammar(void)
{
    static bool live[TRACE_MOST]; /* all false between two calls */
    fuzz_require(trace.count > 0 && trace.count <= TRACE_MOST, "a count is impossible");
    for (size_t i = 0; i < trace.count; i++) {
        const struct trace_operation *operation = &trace.operations[i];
        fuzz_require(operation->verb && strchr("mrf", operation->verb), "an unknown verb is taken");
        fuzz_require(operation->id < trace.ids && operation->id < TRACE_MOST,
                     "an ID is out of range");
        fuzz_require(live[operation->id] == (operation->verb != 'm'),
                     "an ID is used that is not live, or given to a second object");
        fuzz_require(operation->verb == 'f'
                         ? operation->nbytes == 0
                         : operation->nbytes > 0 && operation->nbytes <= TRACE_BYTES_MOST,
                     "bytes are out of range");
        live[operation->id] = operation->verb != 'f';
    }
    for (size_t i = 0; i < trace.count; i++)
        live[trace.operations[i].id] = false;
}

/* TRACE into the buffer: as plainly as can be, or with all that a reader must put up with. */
static size_t print(bool plainly)
{
    size_t at = 0;
    const char *end = plainly ? "\n" : " \t# f 0\r\n\r\n \t#\n";
    at += (size_t)sprintf(buffer, plainly ? "plat-trace 1\n" : "plat-trace 1\r\n#\n\n");
    for (size_t i = 0; i < trace.count; i++) {
        const struct trace_operation *operation = &trace.operations[i];
        at += (size_t)sprintf(buffer + at, plainly ? "%c %u" : "\t %c\t000%u", operation->verb,
                              (unsigned)operation->id);
        if (operation->verb != 'f')
            at += (size_t)sprintf(buffer + at, plainly ? " %u" : " \t00%u",
                                  (unsigned)operation->nbytes);
        at += (size_t)sprintf(buffer + at, "%s", plainly || i + 1 < trace.count ? end : "");
    }
    return at;
}

static void look_at_round_trip(size_t nbytes)
{
    size_t line;
    fuzz_require(!read_text(&again, buffer, nbytes, &line), "what is printed is refused");
    fuzz_require(
        again.count == trace.count && again.ids == trace.ids &&
            memcmp(again.operations, trace.operations, trace.count * sizeof *trace.operations) == 0,
        "what is printed is read as something else");
}

static void look_at_number(const char *token, uint32_t number)
{
    fuzz_require(token && token[strspn(token, "0123456789")] == '\0' &&
                     strtoull(token, NULL, 10) == number,
                 "a number is not the text's");
}

/* Each line of the text but the first is nothing, or says the next operation and no more. */
static void look_at_text(const char *text, size_t nbytes)
{
    const char *end = text + nbytes, *next = text;
    size_t i = 0;
    for (bool first = true; next < end; first = false) {
        const char *line = next, *newline = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((newline ? newline : end) - line);
        next = newline ? newline + 1 : end;
        memcpy(buffer, line, length);
        buffer[length] = '\0';
        fuzz_require(strlen(buffer) == length, "a byte that is no text is taken");
        if (length > 0 && buffer[length - 1] == '\r')
            buffer[length - 1] = '\0';
        if (first) {
            fuzz_require(strcmp(buffer, "plat-trace 1") == 0, "another first line is taken");
            continue;
        }
        buffer[strcspn(buffer, "#")] = '\0';
        const char *verb = strtok(buffer, " \t");
        if (!verb)
            continue;
        fuzz_require(i < trace.count, "an operation is left out");
        const struct trace_operation *operation = &trace.operations[i++];
        fuzz_require(verb[0] == (char)operation->verb && !verb[1], "a verb is not the text's");
        look_at_number(strtok(NULL, " \t"), operation->id);
        if (operation->verb != 'f')
            look_at_number(strtok(NULL, " \t"), operation->nbytes);
        fuzz_require(!strtok(NULL, " \t"), "more than an operation is taken");
    }
    fuzz_require(i == trace.count, "there are more operations than in the text");
}

static bool is_live(uint32_t id)
{
    for (size_t i = trace.count; i-- > 0;)
        if (trace.operations[i].id == id)
            return trace.operations[i].verb != 'f';
    return false;
}

/* Whether LINE is an operation as print() would have it, and one that may come next. */
static bool is_right(const char *line)
{
    char verb, plain[64];
    unsigned id;
    unsigned long long bytes = 1;
    int fields = sscanf(line, "%c %7u %10llu", &verb, &id, &bytes);
    if (fields < 2 || fields != (verb == 'f' ? 2 : 3) || !strchr("mrf", verb))
        return false;
    (void)sprintf(plain, verb == 'f' ? "%c %u\n" : "%c %u %llu\n", verb, id, bytes);
    return strcmp(line, plain) == 0 && id < TRACE_MOST && bytes > 0 && bytes <= TRACE_BYTES_MOST &&
           is_live(id) == (verb != 'm');
}

/* The line is there, and not right; what stands before it is, or says nothing. */
static void look_at_refusal(const char *text, size_t nbytes, const char *wrong, size_t line)
{
    const char *end = text + nbytes, *at = text;
    size_t before;
    fuzz_require(*wrong && !strchr(wrong, '\n'), "a refusal is not one line");
    fuzz_require(line > 0, "a refusal is of no line");
    for (size_t i = 1; i < line; i++) {
        at = memchr(at, '\n', (size_t)(end - at));
        fuzz_require(at != NULL, "a refusal is of a line behind the last");
        at++;
    }
    const char *behind = memchr(at, '\n', (size_t)(end - at));
    size_t length = behind ? (size_t)(behind + 1 - at) : 0;
    memcpy(buffer, at, length);
    buffer[length] = '\0';
    fuzz_require(line == 1 || !is_right(buffer), "a line that is right is refused");
    wrong = read_text(&again, text, (size_t)(at - text), &before);
    fuzz_require(again.count == trace.count && !wrong == (again.count > 0),
                 "a refusal is not of the first line that is wrong");
}

/* A packed trace that is taken is one, and as text the same. */
static void look_at_packed(const uint8_t *data, size_t nbytes)
{
    if (nbytes > sizeof buffer / 32)
        return;
    FILE *stream = fmemopen((void *)(uintptr_t)data, nbytes, "r");
    fuzz_require(stream != NULL, "no stream");
    const char *wrong = trace_read_packed_stream(&trace, stream);
    (void)fclose(stream);
    if (wrong)
        return;
    look_at_grammar();
    look_at_round_trip(print(true));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    const char *text = (const char *)data;
    size_t line;
    if (!trace.operations) {
        trace = trace_new();
        again = trace_new();
    }
    if (nbytes > 4 && memcmp(data, "PLAT", 4) == 0)
        look_at_packed(data, nbytes);
    const char *wrong = read_text(&trace, text, nbytes, &line);
    if (wrong) {
        look_at_refusal(text, nbytes, wrong, line);
        return 0;
    }
    look_at_grammar();
    look_at_text(text, nbytes);
    look_at_round_trip(print(true));
    look_at_round_trip(print(false));
    return 0;
}
