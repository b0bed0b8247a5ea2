/* What all fuzz targets have: bytes to read from, and a way to say that something is wrong. */
#ifndef PLAT_TESTS_FUZZ_H
#define PLAT_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/types.h"

/* Called by libFuzzer with each input it makes up, and by replay.c with each file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes);

struct fuzz_input {
    const uint8_t *data;
    size_t left;
};

/* The next byte; 0 when there is none left. */
static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->data++;
}

static inline void fuzz_require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}

#endif
