/* Bytes that wait in the order they came, in memory that the caller brings. Pure. */
#ifndef PLAT_LIB_BYTE_RING_H
#define PLAT_LIB_BYTE_RING_H

#include "lib/types.h"

/* All zero but for BYTES and SIZE, a power of two, it is empty. */
struct byte_ring {
    uint8_t *bytes;
    uint32_t size;
    uint32_t nput, ntaken; /* ever; both wrap */
};

/* How many bytes wait, and for how many there is room. */
uint32_t byte_ring_used(const struct byte_ring *ring);
uint32_t byte_ring_room(const struct byte_ring *ring);

/* Puts NBYTES of BYTES at the end; where there is no room for all of them, none, and false. */
MUST_USE bool byte_ring_put(struct byte_ring *ring, const void *bytes, uint32_t nbytes);

/* Copies the oldest bytes to BYTES, up to MOST of them; how many that were. They wait on. */
uint32_t byte_ring_next(const struct byte_ring *ring, void *bytes, uint32_t most);

/* Takes the oldest NBYTES, which wait. */
void byte_ring_drop(struct byte_ring *ring, uint32_t nbytes);

/* The oldest byte, which is then taken; -1 where none waits. */
int byte_ring_take(struct byte_ring *ring);

#endif
