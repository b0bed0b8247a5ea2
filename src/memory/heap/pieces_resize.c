/* How large an allocation of pieces is, and making it larger or smaller where it is. */
#include "lib/bits.h"
#include "memory/heap/pieces_private.h"

size_t pieces_size(const struct slab *group, const void *pointer, int *refusal)
{
    size_t place;
    int reason = pieces_find(group, pointer, &place);
    if (refusal)
        *refusal = reason;
    return reason ? 0 : pieces_bytes(group->pieces.bins[place / 8]);
}

bool pieces_resize(struct pieces_heap *heap, struct slab *group, void *pointer, size_t nbytes)
{
    size_t place, tier = tier_of(group);
    if (nbytes <= SLAB_LARGEST || nbytes > PIECES_LARGEST ||
        pieces_tier(pieces_bin_for(nbytes)) != tier || pieces_find(group, pointer, &place))
        return false;
    unsigned at = (unsigned)place, length = pieces_length(pieces_bin_for(nbytes));
    uint64_t was = bits_run(at, pieces_length(group->pieces.bins[at / 8]));
    uint64_t run = bits_run(at, length);
    if (at + length > PIECES_A_GROUP || (run & ~group->pieces.free & ~was))
        return false;
    group->pieces.free = (group->pieces.free | was) & ~run;
    group->pieces.bins[at / 8] = (uint8_t)pieces_bin_for(nbytes);
    unsigned list = list_for(bits_longest_run(group->pieces.free));
    if (list > group->listed) {
        unlink_group(&heap->tiers[tier], group);
        link_group(&heap->tiers[tier], group, list);
    }
    return true;
}
