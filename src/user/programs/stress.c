/*
 * Takes, resizes and frees memory at random, and knows of each byte what it should be.
 *
 *     stress [ROUNDS [SEED]]
 */
#include "user/plat.h"

enum { OBJECTS = 256, BLOCK_BYTES = 4096, ROUNDS = 50000, SEED = 2463534242 };

/* What should be in memory. Byte i of an object is pattern_byte(its pattern, i). */
static struct object {
    uint8_t *bytes; /* NULL where there is none */
    size_t nbytes;
    uint32_t pattern;
    bool direct; /* from the kernel, not from malloc */
} objects[OBJECTS];

static uint32_t state;

/* Marsaglia's xorshift. */
static uint32_t pick(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static uint8_t pattern_byte(uint32_t pattern, size_t i)
{
    return (uint8_t)(pattern + i * 13 + (i >> 8));
}

/* Mostly small, now and then of many blocks. */
static size_t pick_size(void)
{
    uint32_t kind = pick(100);
    if (kind < 60)
        return 1 + pick(128);
    if (kind < 90)
        return 1 + pick(2100);
    return 1 + pick(kind < 98 ? 20000 : 200000);
}

static void fill(struct object *object)
{
    object->pattern = pick(256);
    for (size_t i = 0; i < object->nbytes; i++)
        object->bytes[i] = pattern_byte(object->pattern, i);
}

static bool wrong(const char *what, const struct object *object, size_t i, uint8_t wanted)
{
    printf("stress: %s: byte %zu of %zu at %p is 0x%02x, should be 0x%02x\n", what, i,
           object->nbytes, (void *)object->bytes, object->bytes[i], wanted);
    return false;
}

/* Whether the first NBYTES of OBJECT are as they were written. */
static bool check(const char *when, const struct object *object, size_t nbytes)
{
    for (size_t i = 0; i < nbytes; i++)
        if (object->bytes[i] != pattern_byte(object->pattern, i))
            return wrong(when, object, i, pattern_byte(object->pattern, i));
    return true;
}

/* A new object, or none where there is no memory. */
static bool take(struct object *object)
{
    size_t nbytes = pick_size();
    bool zeroed = pick(4) == 0;
    object->direct = pick(16) == 0;
    object->nbytes = nbytes;
    if (object->direct)
        object->bytes = system_malloc(nbytes);
    else
        object->bytes = zeroed ? calloc(1, nbytes) : malloc(nbytes);
    if (!object->bytes)
        return true;
    if ((uint32_t)object->bytes % (object->direct ? BLOCK_BYTES : 16) != 0) {
        printf("stress: an object at %p\n", (void *)object->bytes);
        return false;
    }
    if (object->direct)
        object->nbytes = units_to_hold(nbytes, BLOCK_BYTES) * BLOCK_BYTES;
    for (size_t i = 0; (object->direct || zeroed) && i < object->nbytes; i++)
        if (object->bytes[i])
            return wrong("fresh", object, i, 0);
    fill(object);
    return true;
}

static bool give_back(struct object *object)
{
    if (!check("before free", object, object->nbytes))
        return false;
    if (!object->direct)
        free(object->bytes);
    else if (system_free(object->bytes) != 0) {
        printf("stress: the kernel does not take %p back\n", (void *)object->bytes);
        return false;
    }
    object->bytes = NULL;
    return true;
}

static bool resize(struct object *object)
{
    size_t nbytes = pick_size();
    if (object->direct || !check("before realloc", object, object->nbytes))
        return object->direct;
    uint8_t *moved = realloc(object->bytes, nbytes);
    if (!moved)
        return check("after a realloc without memory", object, object->nbytes);
    size_t kept = nbytes < object->nbytes ? nbytes : object->nbytes;
    object->bytes = moved;
    object->nbytes = nbytes;
    if (!check("after realloc", object, kept))
        return false;
    fill(object);
    return true;
}

static bool operate(void)
{
    struct object *object = &objects[pick(OBJECTS)];
    if (!object->bytes)
        return take(object);
    return pick(3) == 0 ? resize(object) : give_back(object);
}

static uint32_t own_blocks(void)
{
    struct memory_information information = {0, 0, 0};
    system_memory(&information);
    return information.own;
}

int main(int argc, char **argv)
{
    uint32_t rounds = ROUNDS, seed = SEED, before = own_blocks();
    if ((argc > 1 && !string_to_number(argv[1], false, &rounds)) ||
        (argc > 2 && !string_to_number(argv[2], false, &seed))) {
        puts("stress [ROUNDS [SEED]]");
        return 2;
    }
    state = seed ? seed : 1;
    for (uint32_t round = 0; round < rounds; round++)
        if (!operate())
            return 1;
    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i].bytes && !give_back(&objects[i]))
            return 1;
    if (own_blocks() != before) {
        printf("stress: %u blocks at first, %u when all is free\n", before, own_blocks());
        return 1;
    }
    printf("stress: %u operations, all bytes as written\n", rounds);
    return 0;
}
