/* Rings of bytes, against a queue that moves all of its bytes up. */
#include "lib/byte_ring.h"

#include "case.h"

enum { SIZE = 8 };

struct queue {
    uint8_t bytes[SIZE];
    uint32_t used;
};

static int queue_take(struct queue *queue)
{
    if (queue->used == 0)
        return -1;
    int byte = queue->bytes[0];
    queue->used--;
    for (uint32_t i = 0; i < queue->used; i++)
        queue->bytes[i] = queue->bytes[i + 1];
    return byte;
}

/* From each place in the ring, and over the end of the counters: every fill, every length. */
CASE(byte_ring, its_ends_wrap)
{
    uint8_t bytes[SIZE + 2] = {[0] = 0xee, [SIZE + 1] = 0xee}, next = 0;
    struct byte_ring ring = {bytes + 1, SIZE, UINT32_MAX - 1000, UINT32_MAX - 1000};
    struct queue queue = {.used = 0};
    for (uint32_t step = 0; step < 4000; step++) {
        uint32_t nbytes = step * 7 % 11 % (SIZE + 2), room = SIZE - queue.used;
        uint8_t piece[SIZE + 1];
        for (uint32_t i = 0; i < nbytes; i++)
            piece[i] = next++;
        CHECK_EQUAL(byte_ring_put(&ring, piece, nbytes), nbytes <= room);
        for (uint32_t i = 0; i < nbytes && nbytes <= room; i++)
            queue.bytes[queue.used++] = piece[i];
        CHECK_EQUAL(byte_ring_used(&ring), queue.used);
        CHECK_EQUAL(byte_ring_room(&ring), SIZE - queue.used);
        uint32_t most = step * 5 % 13 % (SIZE + 2), used = queue.used;
        if (step % 2) {
            CHECK_EQUAL(byte_ring_next(&ring, piece, most), most < used ? most : used);
            CHECK_EQUAL(byte_ring_used(&ring), used);
            byte_ring_drop(&ring, most < used ? most : used);
            for (uint32_t i = 0; i < most && i < used; i++)
                CHECK_EQUAL(piece[i], queue_take(&queue));
            continue;
        }
        for (uint32_t i = 0; i < most; i++)
            CHECK_EQUAL(byte_ring_take(&ring), queue_take(&queue));
    }
    CHECK(bytes[0] == 0xee && bytes[SIZE + 1] == 0xee);
    CHECK(ring.nput < UINT32_MAX / 2); /* they did wrap */
}

CASE(byte_ring, what_does_not_fit_is_not_cut)
{
    uint8_t bytes[4] = "";
    struct byte_ring ring = {bytes, sizeof bytes, 0, 0};
    CHECK(byte_ring_put(&ring, "abc", 3));
    CHECK(!byte_ring_put(&ring, "de", 2));
    CHECK_EQUAL(byte_ring_used(&ring), 3);
    CHECK(byte_ring_put(&ring, "f", 1));
    CHECK(byte_ring_put(&ring, "", 0));
    CHECK(!byte_ring_put(&ring, "g", 1));
    static const char wanted[] = "abcf";
    for (int i = 0; i < 4; i++)
        CHECK_EQUAL(byte_ring_take(&ring), wanted[i]);
    CHECK_EQUAL(byte_ring_take(&ring), -1);
}
