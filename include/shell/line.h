/*
 * One line of input, edited with cursor keys, and the lines before it. Pure: keys come in, text for
 * a terminal goes out. Only characters, blanks and backspaces go out, so any console will do.
 */
#ifndef PLAT_SHELL_LINE_H
#define PLAT_SHELL_LINE_H

#include "lib/types.h"

enum {
    LINE_BYTES = 73, /* with the prompt, a row of a screen: a backspace goes back no further */
    LINE_HISTORY = 16
};

struct line {
    char text[LINE_BYTES];
    size_t length, cursor;
    char history[LINE_HISTORY][LINE_BYTES]; /* a ring */
    size_t nhistory;                        /* lines ever kept */
    size_t shown;                           /* how far back the line shown is; 0: the new one */
    char draft[LINE_BYTES];                 /* the new one, while an old one is shown */
    void (*echo)(const char *text, size_t nbytes);
};

/* An empty line, no history; ECHO receives what the terminal is to show. */
void line_init(struct line *line, void (*echo)(const char *text, size_t nbytes));

/*
 * Obeys KEY (drivers/keyboard.h). Returns true when it ended the line: LINE->text then holds it,
 * until line_next().
 */
bool line_key(struct line *line, int key);

/* Begins an empty line; the one before goes into the history unless it is empty or repeated. */
void line_next(struct line *line);

#endif
