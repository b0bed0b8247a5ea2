/*
 * Theory. A range is WORDS and their copy. A word is right while it equals its copy in all bits
 * that are not IGNORED; those are the processor's (accessed, dirty). A range that is open is
 * skipped: the state of a task, once the processor has switched to another one.
 *
 * A flip of the copy itself is found like a flip of the word: which of both has changed is not
 * known, but that memory is not what it was.
 *
 * A step looks at words of one range, so that all have been looked at after NWORDS /
 * SEAL_STEP_WORDS steps, and at most one more for each range.
 *
 * Limits. A word that the processor uses between the flip and the next look at it is not saved.
 */
#include "cpu/seal.h"

#include "lib/format.h"

struct seal seal_kernel;

void seal_add(struct seal *seal, struct seal_range range)
{
    if (seal->nranges == SEAL_RANGES || range.nwords > SEAL_WORDS - seal->nwords) {
        seal->full = true;
        return;
    }
    uint32_t *copy = &seal->copies[seal->nwords];
    for (size_t i = 0; i < range.nwords; i++)
        copy[i] = range.words[i];
    seal->ranges[seal->nranges].range = range;
    seal->ranges[seal->nranges].copy = copy;
    seal->ranges[seal->nranges].open = false;
    seal->nranges++;
    seal->nwords += range.nwords;
}

void seal_open(struct seal *seal, const uint32_t *words)
{
    for (size_t i = 0; i < seal->nranges; i++)
        seal->ranges[i].open |= seal->ranges[i].range.words == words;
}

/* The words FIRST to END of a range; the place of one that has changed, or END. */
static size_t compare(const struct seal_range *range, const uint32_t *copy, size_t first,
                      size_t end)
{
    const volatile uint32_t *words = range->words;
    const uint32_t counts = ~range->ignored;
    while (first < end && ((words[first] ^ copy[first]) & counts) == 0)
        first++;
    return first;
}

static const char *say(struct seal *seal, size_t number, size_t word)
{
    const struct seal_range *range = &seal->ranges[number].range;
    format_text(seal->text, sizeof seal->text, "%s %zu was changed: %p holds %08x, and held %08x",
                range->what, range->first_entry + word / range->entry_words,
                (void *)&range->words[word], range->words[word], seal->ranges[number].copy[word]);
    return seal->text;
}

const char *seal_check(struct seal *seal)
{
    if (seal->full)
        return "the seal has no room for all that must not change";
    for (size_t i = 0; i < seal->nranges; i++) {
        const struct seal_range *range = &seal->ranges[i].range;
        size_t word = seal->ranges[i].open ? range->nwords
                                           : compare(range, seal->ranges[i].copy, 0, range->nwords);
        if (word < range->nwords)
            return say(seal, i, word);
    }
    return NULL;
}

const char *seal_step(struct seal *seal)
{
    if (seal->range >= seal->nranges)
        seal->range = seal->word = 0;
    if (seal->nranges == 0)
        return NULL;
    size_t number = seal->range, first = seal->word;
    const struct seal_range *range = &seal->ranges[number].range;
    size_t end = range->nwords;
    if (end - first > SEAL_STEP_WORDS) {
        end = first + SEAL_STEP_WORDS;
        seal->word = end;
    } else {
        seal->word = 0;
        seal->range++;
    }
    if (seal->ranges[number].open)
        return NULL;
    size_t word = compare(range, seal->ranges[number].copy, first, end);
    return word < end ? say(seal, number, word) : NULL;
}

const char *seal_mend(struct seal *seal)
{
    const char *broken = seal_check(seal);
    for (size_t i = 0; broken && i < seal->nranges; i++) {
        const struct seal_range *range = &seal->ranges[i].range;
        if (seal->ranges[i].open)
            continue;
        for (size_t word = 0; word < range->nwords; word++)
            range->words[word] = (seal->ranges[i].copy[word] & ~range->ignored) |
                                 (range->words[word] & range->ignored);
    }
    return broken;
}
