/* A log as a person reads it. */
#include "lib/log.h"
#include "lib/string.h"

enum { HUNDREDTHS = 100, STAMP_TEXT_BYTES = 40 };

struct output {
    format_sink sink;
    void *context;
};

static void show(const struct output *out, const char *text)
{
    out->sink(out->context, text, string_length(text));
}

static bool is_control(char c)
{
    return ((uint8_t)c < ' ' && c != '\t') || c == 0x7f;
}

/* Text as it stands, but for control bytes. */
static void show_clean(void *context, const char *text, size_t nbytes)
{
    const struct output *out = context;
    for (size_t i = 0; i < nbytes;) {
        size_t start = i;
        while (i < nbytes && !is_control(text[i]))
            i++;
        if (i > start)
            out->sink(out->context, text + start, i - start);
        if (i < nbytes) {
            show(out, ".");
            i++;
        }
    }
}

/* BOOTS: how many began behind this line. */
static void show_line(const struct log *log, const struct log_line *line, uint32_t boots,
                      struct output *out)
{
    char text[STAMP_TEXT_BYTES];
    if (line->begins_boot) {
        show(out, "-- ");
    } else {
        if (boots) {
            format_text(text, sizeof text, "-%u ", boots);
            show(out, text);
        }
        format_text(text, sizeof text, line->stamped ? "[%5u.%02u] " : "[       ?] ",
                    line->time / HUNDREDTHS, line->time % HUNDREDTHS);
        show(out, text);
    }
    log_text(log, line->at, line->nbytes, show_clean, out);
    show(out, line->begins_boot ? " --\n" : "\n");
}

void log_show(const struct log *log, uint32_t nlines, format_sink sink, void *context)
{
    const struct log_reader start = log_read_all(log);
    struct output out = {sink, context};
    struct log_line line;
    uint32_t count = 0, boots = 0;
    for (struct log_reader reader = start; log_read_line(&reader, &line); count++)
        boots += line.begins_boot;
    uint32_t skipped = count > nlines ? count - nlines : 0;
    struct log_reader reader = start;
    for (uint32_t i = 0; log_read_line(&reader, &line); i++) {
        boots -= line.begins_boot;
        if (i >= skipped)
            show_line(log, &line, boots, &out);
    }
}
