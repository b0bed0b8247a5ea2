#include "trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 255 };

struct trace trace_new(void)
{
    struct trace trace = {.operations = calloc(TRACE_MOST, sizeof(struct trace_operation))};
    if (!trace.operations) {
        perror("bench: a trace");
        exit(1);
    }
    return trace;
}

/*
 * A decimal number below LIMIT at *TEXT, behind blanks; *TEXT is moved behind it. NULL, or what is
 * wrong.
 */
static const char *read_number(char **text, uint32_t limit, uint32_t *number)
{
    uint64_t value = 0;
    *text += strspn(*text, " \t");
    size_t digits = strspn(*text, "0123456789");
    if (**text == '\0')
        return "a number is missing";
    if (digits == 0)
        return "not a decimal number";
    for (size_t i = 0; i < digits; i++)
        if (value < limit)
            value = value * 10 + (uint64_t)((*text)[i] - '0');
    *text += digits;
    if (**text != '\0' && !strchr(" \t", **text))
        return "not a decimal number";
    if (value >= limit)
        return "a number is out of range";
    *number = (uint32_t)value;
    return NULL;
}

/* One line, without its end, into *OPERATION. NULL, or what is wrong. */
static const char *read_operation(char *line, const bool *live, struct trace_operation *operation)
{
    uint32_t id, nbytes = 0;
    char verb = *line++;
    if (!strchr("mrf", verb) || !strchr(" \t", *line))
        return "unknown verb";
    const char *wrong = read_number(&line, TRACE_MOST, &id);
    if (!wrong && verb != 'f')
        wrong = read_number(&line, TRACE_BYTES_MOST + 1u, &nbytes);
    if (wrong)
        return wrong;
    if (verb != 'f' && nbytes == 0)
        return "a number is out of range";
    if (line[strspn(line, " \t")] != '\0')
        return "more than an operation";
    if (verb == 'm' && live[id])
        return "the ID is in use already";
    if (verb != 'm' && !live[id])
        return "unknown ID";
    operation->id = id & 0xffffff;
    operation->verb = (uint8_t)verb;
    operation->nbytes = nbytes;
    return NULL;
}

/*
 * The next line of STREAM into LINE, without its end, which is "\n", "\r\n" or the stream's; *WRONG
 * is set where that is not one line of text. False where there is none.
 */
static bool next_line(FILE *stream, char line[LINE_MOST + 1], const char **wrong)
{
    size_t length = 0;
    int byte = getc(stream);
    if (byte == EOF)
        return false;
    for (; byte != '\n' && byte != EOF; byte = getc(stream)) {
        if (byte == '\0' || length == LINE_MOST) {
            *wrong = "the line is too long, or not text";
            break;
        }
        line[length++] = (char)byte;
    }
    if (length > 0 && line[length - 1] == '\r')
        length--;
    line[length] = '\0';
    return !ferror(stream);
}

static const char *read_line(struct trace *trace, char *line, size_t number, bool *live)
{
    if (number == 1)
        return strcmp(line, "plat-trace 1") == 0 ? NULL : "not 'plat-trace 1'";
    line[strcspn(line, "#")] = '\0';
    line += strspn(line, " \t");
    if (!*line)
        return NULL;
    if (trace->count == TRACE_MOST)
        return "more than 1000000 operations";
    struct trace_operation *operation = &trace->operations[trace->count];
    const char *wrong = read_operation(line, live, operation);
    if (wrong)
        return wrong;
    live[operation->id] = operation->verb != 'f';
    if (operation->id >= trace->ids)
        trace->ids = operation->id + 1u;
    trace->count++;
    return NULL;
}

const char *trace_read_stream(struct trace *trace, FILE *stream, size_t *line)
{
    static bool live[TRACE_MOST]; /* all false between two calls */
    char text[LINE_MOST + 1];
    const char *wrong = NULL;
    size_t number = 0;
    trace->count = trace->ids = 0;
    while (!wrong && next_line(stream, text, &wrong)) {
        number++;
        if (!wrong)
            wrong = read_line(trace, text, number, live);
    }
    if (!wrong && ferror(stream))
        wrong = "can't be read";
    if (!wrong && trace->count == 0)
        wrong = "the file holds no operation";
    for (size_t i = 0; i < trace->count; i++)
        live[trace->operations[i].id] = false;
    *line = number ? number : 1;
    return wrong;
}

bool trace_read(struct trace *trace, const char *path)
{
    size_t line;
    FILE *file = fopen(path, "r");
    if (!file) {
        (void)fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        return false;
    }
    const char *wrong = trace_read_stream(trace, file, &line);
    (void)fclose(file);
    if (wrong)
        (void)fprintf(stderr, "bench: %s:%zu: %s\n", path, line, wrong);
    return !wrong;
}

/* The next number of a packed trace; EOF, or what is wrong, is not one: false. */
static bool next_number(FILE *file, uint32_t *number)
{
    uint64_t value = 0;
    int byte = 0x80;
    for (unsigned shift = 0; byte & 0x80; shift += 7) {
        byte = getc(file);
        if (byte == EOF || shift > 28)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
    }
    *number = (uint32_t)value;
    return value <= UINT32_MAX;
}

/* One operation, NEXT being the ID of the next object. NULL, or what is wrong. */
static const char *unpack(FILE *file, uint32_t number, uint32_t *next, bool *live,
                          struct trace_operation *operation)
{
    uint32_t what = number & 3, id = *next, nbytes = 0;
    if (what == 0) {
        nbytes = number >> 2;
        ++*next;
    } else if (number >> 2 > *next || !live[id -= number >> 2]) {
        return "an object that is not live";
    } else if (what == 3 || (what == 2 && !next_number(file, &nbytes))) {
        return "no operation";
    }
    if (id >= TRACE_MOST || (what != 1 && (nbytes == 0 || nbytes > TRACE_BYTES_MOST)))
        return "a number is out of range";
    live[id] = what != 1;
    *operation = (struct trace_operation){
        .id = id & 0xffffff, .verb = (uint8_t) "mfr"[what], .nbytes = nbytes};
    return NULL;
}

const char *trace_read_packed_stream(struct trace *trace, FILE *file)
{
    static bool live[TRACE_MOST + 1]; /* all false between two calls */
    char magic[4];
    const char *wrong = NULL;
    uint32_t number;
    trace->count = trace->ids = 0;
    if (fread(magic, sizeof magic, 1, file) != 1 || memcmp(magic, "PLAT", sizeof magic) != 0)
        return "not a packed trace";
    while (!wrong && next_number(file, &number)) {
        if (trace->count == TRACE_MOST)
            wrong = "more than 1000000 operations";
        else
            wrong = unpack(file, number, &trace->ids, live, &trace->operations[trace->count]);
        trace->count += !wrong;
    }
    for (size_t i = 0; i < trace->count; i++)
        live[trace->operations[i].id] = false;
    if (!wrong && (ferror(file) || !feof(file) || trace->count == 0))
        wrong = "it ends in the middle, or is empty";
    return wrong;
}

bool trace_read_packed(struct trace *trace, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        (void)fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        return false;
    }
    const char *wrong = trace_read_packed_stream(trace, file);
    (void)fclose(file);
    if (wrong)
        (void)fprintf(stderr, "bench: %s: operation %zu: %s\n", path, trace->count + 1, wrong);
    return !wrong;
}
