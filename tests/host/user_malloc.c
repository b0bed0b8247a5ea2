/*
 * The malloc of programs in ring 3, over a kernel that is made up: it hands out blocks here and
 * there, fails when it is told to, and takes back only what it gave.
 */
#include <setjmp.h>

#include "case.h"
#include "user/plat.h"

enum { BLOCK_BYTES = 4096, POOL_BLOCKS = 2048, OBJECTS = 300, NEVER = 0x7fffffff };

static uint8_t pool[POOL_BLOCKS][BLOCK_BYTES] __attribute__((aligned(BLOCK_BYTES)));

static struct {
    uint16_t lengths[POOL_BLOCKS]; /* of what begins there, or 0 */
    bool taken[POOL_BLOCKS];
    uint32_t random;
    int until_failure; /* requests that still succeed */
    size_t blocks, requests, refused_frees;
    char text[160];
    int code;
    jmp_buf ended;
} kernel;

static uint32_t pick(uint32_t below)
{
    kernel.random ^= kernel.random << 13;
    kernel.random ^= kernel.random >> 17;
    kernel.random ^= kernel.random << 5;
    return kernel.random % below;
}

static void begin(void)
{
    memset(&kernel, 0, sizeof kernel);
    kernel.random = 0x2545f491;
    kernel.until_failure = NEVER;
}

/* Whether blocks START to START + LENGTH are there and free. */
static bool fits(size_t start, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (start + i >= POOL_BLOCKS || kernel.taken[start + i])
            return false;
    return true;
}

void *system_malloc(size_t nbytes)
{
    size_t length = units_to_hold(nbytes, BLOCK_BYTES), start = pick(POOL_BLOCKS);
    kernel.requests++;
    if (length == 0 || length > POOL_BLOCKS || kernel.until_failure-- <= 0)
        return NULL;
    for (size_t tries = 0; !fits(start, length); start = (start + 1) % POOL_BLOCKS)
        if (tries++ == POOL_BLOCKS)
            return NULL;
    memset(pool[start], 0, length * BLOCK_BYTES);
    memset(&kernel.taken[start], true, length);
    kernel.lengths[start] = (uint16_t)length;
    kernel.blocks += length;
    return pool[start];
}

int32_t system_free(void *address)
{
    size_t start = (size_t)((uint8_t *)address - pool[0]) / BLOCK_BYTES;
    if (start >= POOL_BLOCKS || address != pool[start] || !kernel.lengths[start]) {
        kernel.refused_frees++;
        return -EINVARG;
    }
    memset(pool[start], 0xdd, kernel.lengths[start] * (size_t)BLOCK_BYTES);
    memset(&kernel.taken[start], false, kernel.lengths[start]);
    kernel.blocks -= kernel.lengths[start];
    kernel.lengths[start] = 0;
    return 0;
}

int32_t system_print(const char *text)
{
    string_copy(kernel.text, sizeof kernel.text, text);
    return 0;
}

int32_t system_getpid(void)
{
    return 7;
}

_Noreturn void system_exit(int32_t code)
{
    kernel.code = code;
    longjmp(kernel.ended, 1);
}

/* What should be in an object. */
static struct object {
    uint8_t *bytes;
    size_t nbytes;
    uint8_t pattern;
} objects[OBJECTS];

static void fill(struct object *object, uint8_t *bytes, size_t nbytes)
{
    *object = (struct object){bytes, nbytes, (uint8_t)pick(256)};
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (uint8_t)(object->pattern + i);
}

static bool is_whole(const struct object *object, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        if (object->bytes[i] != (uint8_t)(object->pattern + i))
            return false;
    return true;
}

static size_t pick_size(void)
{
    uint32_t kind = pick(10);
    return 1 + pick(kind < 6 ? 200 : kind < 9 ? 2100 : 20000);
}

/* One random operation; false where a byte is not what it should be. */
static bool operate(struct object *object)
{
    size_t nbytes = pick_size();
    if (!object->bytes) {
        uint8_t *bytes = malloc(nbytes);
        if (bytes)
            fill(object, bytes, nbytes);
        return (uintptr_t)bytes % 16 == 0;
    }
    if (!is_whole(object, object->nbytes))
        return false;
    if (pick(2)) {
        free(object->bytes);
        object->bytes = NULL;
        return true;
    }
    uint8_t *moved = realloc(object->bytes, nbytes);
    if (!moved)
        return is_whole(object, object->nbytes);
    object->bytes = moved;
    bool whole = is_whole(object, nbytes < object->nbytes ? nbytes : object->nbytes);
    fill(object, moved, nbytes);
    return whole;
}

static bool free_all(void)
{
    bool whole = true;
    for (size_t i = 0; i < OBJECTS; i++) {
        whole = whole && (!objects[i].bytes || is_whole(&objects[i], objects[i].nbytes));
        free(objects[i].bytes);
        objects[i].bytes = NULL;
    }
    return whole;
}

CASE(user_malloc, small_objects_share_a_block)
{
    void *kept[200];
    begin();
    for (size_t i = 0; i < 200; i++) {
        kept[i] = malloc(16);
        CHECK((uintptr_t)kept[i] % 16 == 0);
        for (size_t k = 0; k < i; k++)
            CHECK(kept[k] != kept[i]);
    }
    CHECK_EQUAL(kernel.blocks, 1);
    for (size_t i = 0; i < 200; i++)
        free(kept[i]);
    CHECK_EQUAL(kernel.blocks, 0);
    CHECK_EQUAL(kernel.refused_frees, 0);
}

CASE(user_malloc, a_full_block_serves_again)
{
    void *kept[300];
    size_t count = 0;
    begin();
    while (kernel.blocks < 2)
        kept[count++] = malloc(16);
    CHECK(count > 250); /* all of a block but its head */
    free(kept[3]);
    free(kept[--count]);
    CHECK_EQUAL(kernel.blocks, 1);
    CHECK(malloc(16) == kept[3]);
    while (count > 0)
        free(kept[--count]);
    CHECK_EQUAL(kernel.blocks, 0);
}

CASE(user_malloc, every_size_fits_and_goes)
{
    begin();
    for (size_t nbytes = 1; nbytes <= 3 * BLOCK_BYTES; nbytes += nbytes < 2100 ? 1 : 61) {
        uint8_t *object = malloc(nbytes), *beside = malloc(nbytes);
        CHECK(object && beside && object != beside);
        memset(object, 1, nbytes);
        memset(beside, 2, nbytes);
        CHECK(object[0] == 1 && object[nbytes - 1] == 1);
        free(object);
        free(beside);
        CHECK_EQUAL(kernel.blocks, 0);
    }
    CHECK_EQUAL(kernel.refused_frees, 0);
}

CASE(user_malloc, nothing_and_too_much)
{
    begin();
    CHECK(malloc(0) == NULL);
    CHECK(calloc(0, 5) == NULL && calloc(5, 0) == NULL);
    CHECK(calloc(SIZE_MAX / 2, 3) == NULL);
    CHECK(malloc(SIZE_MAX) == NULL && malloc(SIZE_MAX - 4095) == NULL);
    free(NULL);
    void *object = realloc(NULL, 10);
    CHECK(object);
    CHECK(realloc(object, SIZE_MAX) == NULL);
    CHECK(realloc(object, 0) == NULL);
    CHECK_EQUAL(kernel.blocks, 0);
}

CASE(user_malloc, calloc_clears_what_was_used)
{
    static const size_t sizes[] = {1, 24, 2016, 2017, 9000};
    begin();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *neighbour = malloc(sizes[i]), *used = malloc(sizes[i]);
        memset(used, 0xff, sizes[i]);
        free(used);
        uint8_t *fresh = calloc(1, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            CHECK(fresh[k] == 0);
        free(fresh);
        free(neighbour);
    }
    CHECK_EQUAL(kernel.blocks, 0);
}

CASE(user_malloc, realloc_stays_where_it_fits)
{
    begin();
    void *small = malloc(100), *large = malloc(5000);
    size_t requests = kernel.requests;
    CHECK(realloc(small, 112) == small && realloc(small, 97) == small);
    CHECK(realloc(large, 8192) == large && realloc(large, 4097) == large);
    CHECK_EQUAL(kernel.requests, requests);
    large = realloc(large, 4096);
    CHECK_EQUAL(kernel.blocks, 2);
    free(small);
    free(large);
    CHECK_EQUAL(kernel.blocks, 0);
}

CASE(user_malloc, more_large_objects_than_the_first_table_holds)
{
    static uint8_t *large[1000];
    begin();
    for (size_t i = 0; i < 1000; i++) {
        large[i] = malloc(BLOCK_BYTES);
        CHECK(large[i]);
        *large[i] = (uint8_t)i;
    }
    for (size_t i = 0; i < 1000; i++) {
        size_t other = i * 7 % 1000; /* each once, in no order */
        CHECK(*large[other] == (uint8_t)other);
        free(large[other]);
    }
    CHECK_EQUAL(kernel.blocks, 0);
    CHECK_EQUAL(kernel.refused_frees, 0);
}

CASE(user_malloc, against_a_shadow)
{
    begin();
    for (uint32_t i = 0; i < 60000; i++) {
        if (i % 64 == 0)
            kernel.until_failure = pick(4) ? NEVER : (int)pick(3);
        CHECK(operate(&objects[pick(OBJECTS)]));
    }
    CHECK(free_all());
    CHECK_EQUAL(kernel.blocks, 0);
    CHECK_EQUAL(kernel.refused_frees, 0);
}

CASE(user_malloc, each_request_of_the_kernel_may_fail)
{
    size_t requests = 1;
    for (size_t nth = 0; nth <= requests; nth++) {
        begin();
        bool failed = false;
        for (uint32_t i = 0; i < 600; i++) {
            if (kernel.requests == nth && !failed) {
                kernel.until_failure = 0;
                failed = true;
            } else if (failed && kernel.requests > nth) {
                kernel.until_failure = NEVER;
            }
            CHECK(operate(&objects[pick(OBJECTS)]));
        }
        requests = kernel.requests;
        CHECK(free_all());
        CHECK_EQUAL(kernel.blocks, 0);
        CHECK_EQUAL(kernel.refused_frees, 0);
    }
    CHECK(requests > 50);
}

/* Whether CALL of POINTER ends the program, with one line that says so. */
static bool is_caught(void (*call)(void *), void *pointer)
{
    kernel.code = 0;
    kernel.text[0] = '\0';
    if (setjmp(kernel.ended) == 0) {
        call(pointer);
        return false;
    }
    return kernel.code == EXIT_MISUSE && string_contains(kernel.text, "not an object in use\n") &&
           string_starts_with(kernel.text, "process 7: ");
}

static void realloc_it(void *pointer)
{
    pointer = realloc(pointer, 50);
}

CASE(user_malloc, misuse_ends_the_program)
{
    static uint8_t wild[2 * BLOCK_BYTES];
    begin();
    uint8_t *small = malloc(100), *gone = malloc(100), *large = malloc(3 * BLOCK_BYTES),
            *large_gone = malloc(BLOCK_BYTES), *last = malloc(2016), *six = malloc(672);
    free(gone);
    free(large_gone);
    uint8_t *bad[] = {small + 16,
                      small + 1,
                      small - 16,
                      gone,
                      large + 16,
                      large + BLOCK_BYTES,
                      large - 16,
                      large_gone,
                      last + 2016,
                      last + 1008,
                      wild,
                      wild + BLOCK_BYTES,
                      six + (size_t)6 * 672, /* behind the last that fits */
                      small - (uintptr_t)small % BLOCK_BYTES,
                      (uint8_t *)16};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(is_caught(free, bad[i]));
        CHECK(is_caught(realloc_it, bad[i]));
    }
    free(small);
    CHECK(is_caught(free, small)); /* its block is gone too */
    free(large);
    CHECK(is_caught(free, large));
    free(last);
    free(six);
    CHECK_EQUAL(kernel.blocks, 0);
    CHECK_EQUAL(kernel.refused_frees, 0);
}
