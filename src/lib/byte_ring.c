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

bool byte_ring_put(struct byte_ring *ring, const void *bytes, uint32_t nbytes)
{
    if (nbytes > byte_ring_room(ring))
        return false;
    for (uint32_t i = 0; i < nbytes; i++)
        ring->bytes[ring->nput++ % ring->size] = ((const uint8_t *)bytes)[i];
    return true;
}

int byte_ring_take(struct byte_ring *ring)
{
    if (byte_ring_used(ring) == 0)
        return -1;
    return ring->bytes[ring->ntaken++ % ring->size];
}
