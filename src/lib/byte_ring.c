/*
 * Theory. The counters tell how many bytes were ever put and taken. Their difference is what waits,
 * even after they have wrapped, since SIZE divides 2^32; modulo SIZE they are places.
 */
#include "lib/byte_ring.h"

uint32_t byte_ring_used(const struct byte_ring *ring)
{
    return ring->nput - ring->ntaken;
}

uint32_t byte_ring_room(const struct byte_ring *ring)
{
    return ring->size - byte_ring_used(ring);
}

/* How many of NBYTES bytes stand from PLACE on; the others stand at the beginning. */
static uint32_t until_end(const struct byte_ring *ring, uint32_t place, uint32_t nbytes)
{
    return nbytes < ring->size - place ? nbytes : ring->size - place;
}

bool byte_ring_put(struct byte_ring *ring, const void *bytes, uint32_t nbytes)
{
    if (nbytes > byte_ring_room(ring))
        return false;
    uint32_t place = ring->nput % ring->size, first = until_end(ring, place, nbytes);
    __builtin_memcpy(ring->bytes + place, bytes, first);
    __builtin_memcpy(ring->bytes, (const uint8_t *)bytes + first, nbytes - first);
    ring->nput += nbytes;
    return true;
}

uint32_t byte_ring_next(const struct byte_ring *ring, void *bytes, uint32_t most)
{
    uint32_t used = byte_ring_used(ring), nbytes = used < most ? used : most;
    uint32_t place = ring->ntaken % ring->size, first = until_end(ring, place, nbytes);
    __builtin_memcpy(bytes, ring->bytes + place, first);
    __builtin_memcpy((uint8_t *)bytes + first, ring->bytes, nbytes - first);
    return nbytes;
}

void byte_ring_drop(struct byte_ring *ring, uint32_t nbytes)
{
    ring->ntaken += nbytes;
}

int byte_ring_take(struct byte_ring *ring)
{
    if (byte_ring_used(ring) == 0)
        return -1;
    return ring->bytes[ring->ntaken++ % ring->size];
}
