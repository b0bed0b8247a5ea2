/* The rest of the kernel's heap interface: sizes that change, arrays, alignment, copies. */
#include "case.h"
#include "lib/string.h"
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "memory/memory.h"

/* One in each kind of place, at its borders. */
static const size_t sizes[] = {1,    8,    9,    512,   513,   2047,  2048,  2049,   4095,
                               4096, 4097, 8192, 32767, 32768, 32769, 65536, 200000, 1 << 20};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static void fill(uint8_t *bytes, size_t nbytes, uint32_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (uint8_t)(seed + i * 7);
}

static bool is_filled(const uint8_t *bytes, size_t nbytes, uint32_t seed)
{
    for (size_t i = 0; i < nbytes; i++)
        if (bytes[i] != (uint8_t)(seed + i * 7))
            return false;
    return true;
}

CASE(krealloc, keeps_contents_from_every_size_to_every_size)
{
    for (size_t from = 0; from < SIZES; from++)
        for (size_t to = 0; to < SIZES; to++) {
            uint8_t *bytes = kmalloc(sizes[from]);
            SKIP_UNLESS(bytes != NULL, "too little memory");
            fill(bytes, sizes[from], from);
            kheap_trim();
            bool has_room = heap_largest_free(kheap()) >= sizes[to] / HEAP_BLOCK_SIZE + 1;
            uint8_t *after = krealloc(bytes, sizes[to]);
            size_t kept = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
            bool right = after ? is_filled(after, kept, from) && ksize(after) >= sizes[to]
                               : !has_room && is_filled(bytes, sizes[from], from);
            kfree(after ? after : bytes);
            CHECK(right);
        }
    CHECK_HOLDS(kheap_check());
}

CASE(krealloc, grows_in_place_into_what_is_free)
{
    SKIP_UNLESS(!kheap_growing(), "a growing heap gives back what is cut off");
    SKIP_UNLESS(!kheap_watched(), "a watched heap changes no size in place");
    uint8_t *bytes = kmalloc(64 * 4096);
    SKIP_UNLESS(bytes != NULL, "too little memory");
    uint8_t *smaller = krealloc(bytes, 40 * 4096);
    uint8_t *larger = krealloc(smaller, 64 * 4096);
    kfree(larger);
    CHECK(smaller == bytes && larger == bytes);
}

CASE(krealloc, corners_are_as_in_c)
{
    size_t refused = kheap_refused();
    uint8_t *bytes = krealloc(NULL, 100);
    CHECK(bytes != NULL);
    fill(bytes, 100, 5);
    uint8_t *too_large = krealloc(bytes, SIZE_MAX);
    bool kept = is_filled(bytes, 100, 5);
    void *inside = krealloc(bytes + 16, 200);
    size_t size = ksize(bytes), size_inside = ksize(bytes + 16);
    void *nothing = krealloc(bytes, 0);
    void *freed = krealloc(bytes, 10);
    CHECK(too_large == NULL && kept);
    CHECK(inside == NULL && nothing == NULL && freed == NULL);
    CHECK(size >= 100 && size_inside == 0 && ksize(NULL) == 0);
    CHECK_EQUAL(kheap_refused(), refused); /* refusals of frees only */
    CHECK(krealloc(NULL, 0) == NULL);
}

CASE(kcalloc, products_that_overflow_are_refused)
{
    CHECK(kmalloc_array(0x10000, 0x10000) == NULL && kcalloc(0x10000, 0x10000) == NULL);
    CHECK(kmalloc_array(SIZE_MAX, 2) == NULL && kcalloc(3, 0x55555556) == NULL);
    CHECK(kmalloc_array(0, 8) == NULL && kcalloc(8, 0) == NULL);
}

CASE(kmalloc_aligned, lies_on_every_power_of_two)
{
    for (size_t alignment = 1; alignment <= KMALLOC_ALIGNMENT_MOST; alignment *= 2) {
        size_t asked[] = {1, 100, 5000, 3 * 4096};
        for (size_t i = 0; i < 4; i++) {
            void *pointer = kmalloc_aligned(asked[i], alignment);
            SKIP_UNLESS(pointer != NULL || alignment < 1 << 20, "too little memory");
            bool right =
                pointer && (uintptr_t)pointer % alignment == 0 && ksize(pointer) >= asked[i];
            kfree(pointer);
            CHECK(right);
        }
    }
    CHECK(kmalloc_aligned(16, 0) == NULL && kmalloc_aligned(16, 24) == NULL);
    CHECK(kmalloc_aligned(16, 2 * KMALLOC_ALIGNMENT_MOST) == NULL);
    CHECK(kmalloc_aligned(0, 16) == NULL && kmalloc_aligned(SIZE_MAX, 4096) == NULL);
}

CASE(kstrdup, copies_text)
{
    char *copy = kstrdup("a plat is a map");
    CHECK(copy != NULL);
    bool same = string_equal(copy, "a plat is a map");
    kfree(copy);
    CHECK(same && kstrdup(NULL) == NULL);
}
