#include "trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* LINE has its end with it, unless it is the file's LAST. */
static const char *read_line(struct trace *trace, char *line, size_t number, bool last, bool *live)
{
    size_t length = strcspn(line, "\r\n");
    if (line[length] == '\0' && !last)
        return "the line is too long, or not text";
    line[length] = '\0';
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

bool trace_read(struct trace *trace, const char *path)
{
    static bool live[TRACE_MOST];
    char line[256];
    size_t number = 0;
    const char *wrong = NULL;
    FILE *file = fopen(path, "r");
    if (!file) {
        (void)fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        return false;
    }
    memset(live, false, sizeof live);
    while (!wrong && fgets(line, sizeof line, file))
        wrong = read_line(trace, line, ++number, feof(file) != 0, live);
    if (!wrong && ferror(file))
        wrong = "can't be read";
    if (!wrong && trace->count == 0)
        wrong = "the file holds no operation";
    (void)fclose(file);
    if (wrong)
        (void)fprintf(stderr, "bench: %s:%zu: %s\n", path, number ? number : 1, wrong);
    return !wrong;
}
