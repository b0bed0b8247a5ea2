/*
 * What ring 3 prints, made harmless. The engine is pure; user_text_print() is the kernel's own.
 *
 * Of the control bytes only \n \t \b \r are passed on. The others are shown: ^A, ^? for 0x7f, \x9b
 * for 0x80 to 0x9f. A byte of 0x80 to 0x9f inside of a valid UTF-8 sequence is passed on, but for
 * the controls among the characters (U+0080 to U+009F). Terminals are taken to speak UTF-8.
 *
 * Where a line would begin like one of the kernel's own, as "panic:" does, a '|' goes in front of
 * the byte that completes the word: "panic|:". It does not matter how the word comes about: in
 * pieces, by several processes, or by going back in the line.
 */
#ifndef PLAT_PROCESS_USER_TEXT_H
#define PLAT_PROCESS_USER_TEXT_H

#include "lib/types.h"

enum { USER_TEXT_CELLS = 9, USER_TEXT_READINGS = 6 };

/* The beginning of a line, as one reader sees it. */
struct user_text_reading {
    bool terminal;   /* \b and \r move; a tab passes cells. Else each byte follows the last */
    bool characters; /* one of UTF-8 is one cell */
    bool indented;   /* blanks in front do not count */
    size_t width;    /* of a row; 0: endless */
    size_t at;       /* where the next byte goes */
    char cells[USER_TEXT_CELLS];  /* '\0': nothing yet */
    bool passed[USER_TEXT_CELLS]; /* by a tab, which may or may not leave a blank there */
};

struct user_text {
    struct user_text_reading readings[USER_TEXT_READINGS];
    uint8_t expected;  /* bytes that the UTF-8 sequence lacks */
    uint8_t low, high; /* bounds of the next one */
    void (*emit)(const char *text, size_t nbytes);
};

/* A fresh line on a screen of COLUMNS, 0 without one. EMIT receives what is to be shown. */
void user_text_init(struct user_text *text, size_t columns,
                    void (*emit)(const char *text, size_t nbytes));

/* Emits BYTES of ring 3's, with what makes them harmless: at most four bytes for one. */
void user_text_write(struct user_text *text, const char *bytes, size_t nbytes);

/* Somebody else has printed BYTES. */
void user_text_follow(struct user_text *text, const char *bytes, size_t nbytes);

/* The kernel's console: COLUMNS as above. Prints BYTES of ring 3's. */
void user_text_start(size_t columns);
void user_text_print(const char *bytes, size_t nbytes);

#endif
