/*
 * Resizing objects of all kinds in a heap so small that it often fails: contents go along, an
 * object that can't be resized is whole and still valid, and a wrong pointer changes nothing.
 */
#include "platheap.h"

#include <stdint.h>
#include <string.h>

#include "fuzz.h"

enum { REGION = 160 * 1024, OBJECTS = 12, BLOCK = 4096, MOST_IN_PIECES = 32768 };

static uint8_t region[REGION] __attribute__((aligned(BLOCK)));
static struct platheap *heap;

/* What an object should hold: its bytes are NOISE from its seed on, so that any shift shows. */
static uint8_t noise[REGION + 256];
static struct {
    uint8_t *bytes;
    size_t nbytes; /* that it may use */
    uint8_t seed;
} objects[OBJECTS];
static uint8_t *gone[OBJECTS]; /* where an object was last freed, or moved away from */

/* What the heap asked of its user. */
static struct {
    int depth, reports, refusal;
    const char *function;
    void *pointer;
    unsigned until_failure; /* of commit; 0: it does not fail */
    bool failed;
} user;

static void lock(void *context)
{
    fuzz_require(context == &user && user.depth++ == 0, "locked twice");
}

static void unlock(void *context)
{
    fuzz_require(context == &user && --user.depth == 0, "unlocked twice");
}

static bool commit(void *context, void *start, size_t nbytes)
{
    fuzz_require(context == &user && nbytes > 0, "a commit of nothing");
    if (user.until_failure && --user.until_failure == 0) {
        user.failed = true;
        return false;
    }
    memset(start, 0xa5, nbytes);
    return true;
}

static void release(void *context, void *start, size_t nbytes)
{
    fuzz_require(context == &user && nbytes > 0, "a release of nothing");
    memset(start, 0x5a, nbytes);
}

static void report(void *context, const char *function, void *pointer, int refusal)
{
    fuzz_require(context == &user && user.depth == 0, "a report under the lock");
    user.reports++;
    user.function = function;
    user.pointer = pointer;
    user.refusal = refusal;
}

static void make_noise(void)
{
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof noise; i++) {
        state = state * 1664525 + 1013904223;
        noise[i] = (uint8_t)(state >> 24);
    }
}

/* Near the borders of the kinds, near SIZE_MAX, or anything up to more than there is. */
static size_t next_size(struct fuzz_input *input)
{
    static const size_t borders[] = {
        0,    1,     9,     17,    512,    513,      4096,         8192,
        5000, 32768, 32769, 36864, REGION, SIZE_MAX, SIZE_MAX / 2, 0 - (size_t)BLOCK};
    size_t value = fuzz_byte(input), how = fuzz_byte(input);
    if (how % 4 < 2)
        return borders[value % (sizeof borders / sizeof borders[0])] + how / 4 % 3 - 1;
    return how % 4 == 2 ? value % 48 * BLOCK : (value << how / 4 % 11) + how / 44;
}

static struct platheap_statistics statistics(void)
{
    struct platheap_statistics is;
    platheap_statistics(heap, &is);
    return is;
}

/* -- What must be true of an object -- */

static void look(size_t i, size_t nbytes)
{
    fuzz_require(memcmp(objects[i].bytes, noise + objects[i].seed, nbytes) == 0,
                 "an object's contents have changed");
}

static void look_at_place(size_t i, size_t nbytes)
{
    const uint8_t *bytes = objects[i].bytes, *end = bytes + objects[i].nbytes;
    fuzz_require(objects[i].nbytes >= nbytes, "an object is smaller than what was asked for");
    fuzz_require(bytes >= region && end <= region + REGION, "an object is not in the region");
    fuzz_require((uintptr_t)bytes % (nbytes > MOST_IN_PIECES ? BLOCK
                                     : nbytes > 8            ? 16
                                                             : 8) ==
                     0,
                 "an object is not aligned");
    for (size_t j = 0; j < OBJECTS; j++)
        fuzz_require(j == i || !objects[j].bytes || end <= objects[j].bytes ||
                         objects[j].bytes + objects[j].nbytes <= bytes,
                     "an object lies over another");
}

/* Object I now has NBYTES or more at BYTES, of which KEPT are there already. */
static void hold(size_t i, uint8_t *bytes, size_t nbytes, size_t kept)
{
    objects[i].bytes = bytes;
    objects[i].nbytes = platheap_usable_size(heap, bytes);
    look_at_place(i, nbytes);
    look(i, kept);
    memcpy(bytes + kept, noise + objects[i].seed + kept, objects[i].nbytes - kept);
}

/* A request for NBYTES has failed: rightly, if no run of blocks is as long. */
static void look_at_failure(size_t nbytes)
{
    fuzz_require(user.failed || nbytes == 0 || statistics().largest_free < nbytes / BLOCK + 1,
                 "there is memory, and a request is not served");
}

/* Object I is no more: its pointer is a wrong one from now on. */
static void let_go(size_t i)
{
    gone[i] = objects[i].bytes;
    objects[i].bytes = NULL;
    fuzz_require(user.reports == 0, "a right pointer is reported");
    fuzz_require(platheap_usable_size(heap, gone[i]) == 0, "an object is live that was freed");
}

/* -- The calls -- */

static void make(size_t i, size_t nbytes, uint8_t how)
{
    size_t alignment = (size_t)1 << how / 4 % 14;
    uint8_t *bytes = how % 4 == 0   ? platheap_malloc(heap, nbytes)
                     : how % 4 == 1 ? platheap_aligned_alloc(heap, alignment, nbytes)
                     : how % 4 == 2 ? platheap_calloc(heap, 1, nbytes)
                                    : platheap_realloc(heap, NULL, nbytes);
    objects[i].seed = how;
    if (bytes)
        hold(i, bytes, nbytes, 0);
    else if (how % 4 != 1)
        look_at_failure(nbytes);
}

static void change(size_t i, size_t nbytes)
{
    uint8_t *was = objects[i].bytes, *is = platheap_realloc(heap, was, nbytes);
    size_t kept = nbytes < objects[i].nbytes ? nbytes : objects[i].nbytes;
    fuzz_require(user.reports == 0, "a right pointer is reported");
    if (nbytes == 0) {
        fuzz_require(!is, "an object of 0 bytes");
        let_go(i);
    } else if (!is) {
        look_at_failure(nbytes);
        fuzz_require(platheap_usable_size(heap, was) == objects[i].nbytes,
                     "a failed change has changed a size");
        look(i, objects[i].nbytes);
    } else {
        if (is != was)
            let_go(i);
        hold(i, is, nbytes, kept);
    }
}

static void drop(size_t i)
{
    look(i, objects[i].nbytes);
    fuzz_require(platheap_free(heap, objects[i].bytes) == 0, "a right free is refused");
    let_go(i);
}

/* POINTER is no object's: one report, and nothing else. */
static void misuse(void *pointer, size_t nbytes)
{
    struct platheap_statistics was = statistics();
    fuzz_require(!platheap_realloc(heap, pointer, nbytes), "a wrong pointer is resized");
    fuzz_require(user.reports == 1 && strcmp(user.function, "platheap_realloc") == 0 &&
                     user.pointer == pointer && user.refusal != 0,
                 "a wrong pointer is not reported, or more than once");
    struct platheap_statistics is = statistics();
    fuzz_require(is.taken == was.taken && is.failed == was.failed && is.kept == was.kept,
                 "a wrong pointer has changed something");
}

static void misuse_near(size_t i, size_t where, size_t nbytes)
{
    uint8_t *wrong[] = {gone[i], noise, region, region + REGION, region + REGION - 1 - where};
    uint8_t *pointer = wrong[where % 5];
    if (objects[i].bytes && where % 2)
        pointer = objects[i].bytes + 1 + where * 16 % (objects[i].nbytes - 1);
    for (size_t j = 0; j < OBJECTS; j++)
        if (!pointer || objects[j].bytes == pointer)
            return; /* not wrong after all */
    misuse(pointer, nbytes);
}

static void create(uint8_t how)
{
    struct platheap_options options = {.report = report, .context = &user};
    if (how & 1) {
        options.lock = lock;
        options.unlock = unlock;
    }
    if (how & 2) {
        options.commit = commit;
        options.release = release;
    }
    size_t nbytes = REGION - how / 4 % 32u * BLOCK;
    heap = platheap_create(region + REGION - nbytes, nbytes, &options);
    fuzz_require(heap != NULL, "no heap");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    struct fuzz_input input = {data, nbytes};
    memset(&user, 0, sizeof user);
    memset(objects, 0, sizeof objects);
    memset(gone, 0, sizeof gone);
    if (!noise[0])
        make_noise();
    create(fuzz_byte(&input));
    while (input.left > 0) {
        uint8_t operation = fuzz_byte(&input), how = fuzz_byte(&input);
        size_t i = operation % OBJECTS;
        user.reports = 0;
        user.failed = false;
        if (operation / OBJECTS == 0)
            user.until_failure = how;
        else if (operation / OBJECTS < 4)
            misuse_near(i, how, next_size(&input));
        else if (!objects[i].bytes)
            make(i, next_size(&input), how);
        else if (how % 8)
            change(i, next_size(&input));
        else
            drop(i);
        const char *broken = platheap_check(heap);
        fuzz_require(!broken, broken);
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        user.reports = 0;
        if (objects[i].bytes)
            drop(i);
    }
    (void)platheap_trim(heap);
    fuzz_require(statistics().taken == 0, "blocks are lost");
    return 0;
}
