/*
 * One line of input, edited with cursor keys, and the lines before it. Pure: keys come in, text for
 * a terminal goes out. Only characters, blanks and backspaces go out, and all within one row, so
 * any console will do. A longer line is seen through a window: '<' and '>' stand where it goes on.
 */
#ifndef PLAT_SHELL_LINE_H
#define PLAT_SHELL_LINE_H

#include "lib/types.h"

enum {
    LINE_BYTES = 256, /* with the end */
    LINE_CELLS = 72,  /* with the prompt, a row of a screen: a backspace goes back no further */
    LINE_HISTORY = 16
};

struct line {
    char text[LINE_BYTES];
    size_t length, cursor;
    bool too_long;                          /* a key had no room: a '!' in the last cell says so */
    size_t first;                           /* what stands in the first cell */
    char cells[LINE_CELLS];                 /* what the terminal shows, */
    size_t column;                          /* and where its cursor is */
    char history[LINE_HISTORY][LINE_BYTES]; /* a ring */
    size_t nhistory;                        /* lines ever kept */
    size_t shown;                           /* how far back the line shown is; 0: the new one */
    char draft[LINE_BYTES];                 /* the new one, while an old one is shown */
    bool draft_too_long;
    void (*echo)(const char *text, size_t nbytes);
};

/* An empty line, no history; ECHO receives what the terminal is to show. */
void line_init(struct line *line, void (*echo)(const char *text, size_t nbytes));

/*
 * Obeys KEY (drivers/keyboard.h). Returns true when it ended the line: LINE->text then holds it,
 * until line_next(). Where LINE->too_long, it is not what was typed, and must not be obeyed.
 */
bool line_key(struct line *line, int key);

/* Begins an empty line; the one before goes into the history unless it is empty, repeated, or too
 * long. */
void line_next(struct line *line);

#endif
