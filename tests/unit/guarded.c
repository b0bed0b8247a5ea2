/* Objects in pages of their own, over pages that only remember whether they are open. */
#include "memory/debug/guarded.h"

#include "arena.h"
#include "case.h"
#include "memory/memory.h"

enum { PAGES = 3, BLOCKS = 2 * PAGES + 1 };

static struct guarded_pages guarded;
static bool is_open[BLOCKS];

static void set(void *context, void *page, bool open)
{
    bool *open_pages = context;
    open_pages[(size_t)((uint8_t *)page - arena[0]) / GUARDED_PAGE] = open;
}

static void begin(void)
{
    memset(is_open, true, sizeof is_open);
    guarded_init(&guarded, arena, BLOCKS, set, is_open);
}

/* Whether exactly the pages whose bits are set in MASK are open. */
static bool open_are(unsigned mask)
{
    for (size_t i = 0; i < BLOCKS; i++)
        if (is_open[i] != (mask >> i & 1))
            return false;
    return true;
}

CASE(guarded, pages_are_open_while_their_objects_live)
{
    begin();
    CHECK(open_are(0));
    uint8_t *a = guarded_malloc(&guarded, 100, 0), *b = guarded_malloc(&guarded, 100, 0);
    CHECK(a == &arena[1][ARENA_BLOCK_SIZE - 112]);
    CHECK(b == arena[3]);
    CHECK(open_are(0x0a));
    guarded_free(&guarded, a);
    CHECK(open_are(0x08));
    CHECK(guarded_malloc(&guarded, 1, 0) == &arena[5][ARENA_BLOCK_SIZE - 8]);
    CHECK(open_are(0x28));
}

CASE(guarded, the_page_that_rested_longest_is_next)
{
    begin();
    uint8_t *objects[PAGES];
    for (size_t i = 0; i < PAGES; i++) {
        CHECK(guarded_next(&guarded) == NULL);
        CHECK((objects[i] = guarded_malloc(&guarded, 4096, 0)) == arena[2 * i + 1]);
    }
    CHECK(guarded_next(&guarded) == NULL);
    CHECK(guarded_malloc(&guarded, 1, 0) == NULL); /* all live */
    guarded_free(&guarded, objects[1]);
    guarded_free(&guarded, objects[0]);
    CHECK(guarded_next(&guarded) == objects[1]);
    CHECK(guarded_malloc(&guarded, 4096, 0) == objects[1]);
    CHECK(guarded_next(&guarded) == objects[0]);
}

CASE(guarded, sizes_and_alignments)
{
    static const struct {
        size_t nbytes, alignment, from_end; /* 0: refused */
    } requests[] = {{1, 0, 8},         {8, 0, 8},       {9, 0, 16},       {17, 1, 32},
                    {100, 64, 128},    {1, 4096, 4096}, {4096, 0, 4096},  {4081, 0, 4096},
                    {4097, 0, 0},      {1, 8192, 0},    {SIZE_MAX, 0, 0}, {SIZE_MAX - 14, 0, 0},
                    {2049, 2048, 4096}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        begin();
        uint8_t *object = guarded_malloc(&guarded, requests[i].nbytes, requests[i].alignment);
        CHECK(object ==
              (requests[i].from_end ? &arena[1][ARENA_BLOCK_SIZE - requests[i].from_end] : NULL));
        if (!object)
            CHECK(open_are(0)); /* nothing has changed */
    }
}

CASE(guarded, an_address_belongs_to_the_nearer_object)
{
    begin();
    CHECK(guarded_near(&guarded, arena[0] + 5) == NULL);
    CHECK(guarded_near(&guarded, arena[6] + 5) == NULL);
    uint8_t *a = guarded_malloc(&guarded, 16, 0);
    CHECK(guarded_near(&guarded, arena[0]) == a);
    CHECK(guarded_near(&guarded, arena[2] + 4095) == a); /* there is no other */
    CHECK(guarded_near(&guarded, arena[3]) == NULL);
    uint8_t *b = guarded_malloc(&guarded, 16, 0);
    CHECK(guarded_near(&guarded, arena[2] + 2047) == a);
    CHECK(guarded_near(&guarded, arena[2] + 2048) == b);
    guarded_free(&guarded, a);
    CHECK(guarded_near(&guarded, arena[1]) == a); /* as long as its page rests */
    CHECK(guarded_holds(&guarded, arena[0]) &&
          guarded_holds(&guarded, arena[BLOCKS - 1] + ARENA_BLOCK_SIZE - 1));
    CHECK(!guarded_holds(&guarded, arena[BLOCKS]) &&
          !guarded_holds(&guarded, (uint8_t *)((uintptr_t)arena - 1)));
}

CASE(guarded, what_was_opened_closes_with_the_next_change)
{
    begin();
    uint8_t *a = guarded_malloc(&guarded, 16, 0);
    guarded_open(&guarded, arena[2] + 3);
    CHECK(open_are(0x06));
    guarded_free(&guarded, a);
    CHECK(open_are(0));
    guarded_open(&guarded, a);
    CHECK(open_are(0x02));
}

CASE(guarded, without_pages_nothing_is_held)
{
    struct guarded_pages none = {0};
    CHECK(!guarded_holds(&none, NULL) && !guarded_holds(&none, arena));
}
