/*
 * Both heaps that grow: the first byte says which, and how large the window is. Frames run out when
 * the input says so; what is freed is freed rightly, wrongly, and with its header overwritten. What
 * is whose stands in a map of the arena's bytes that knows nothing of headers.
 */
#include <sanitizer/asan_interface.h>
#include <string.h>

#include "fuzz.h"
#include "memory/growing/best_fit.h"
#include "memory/growing/free_list.h"

enum { PAGE = 4096, PAGES = 64, BYTES = PAGES * PAGE };

static uint8_t arena[BYTES] __attribute__((aligned(PAGE)));
static struct window window;
static struct free_list list;
static struct best_fit fit;
static struct allocator heap;
static struct growing_heap *growing;
static size_t header;

/* Of the arena's bytes: nobody's, the first of an object, or one behind it. */
enum { NOBODY, FIRST, BEHIND };
static uint8_t map[BYTES];
static uint32_t lengths[BYTES / 16]; /* of the object that begins here */
static size_t live;

static bool is_all(const uint8_t *bytes, size_t nbytes, uint8_t value)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, nbytes - 1) == 0;
}

/* -- The source -- */

static struct {
    bool out[PAGES];
    size_t nout, refused;
    unsigned until_failure; /* 0: never */
} source;

static bool give_frame(void *context, void *page)
{
    size_t offset = (size_t)((uint8_t *)page - arena);
    fuzz_require(context == &source && offset % PAGE == 0 && offset < BYTES &&
                     !source.out[offset / PAGE],
                 "a frame is asked for where there is one, or for no page");
    if (source.until_failure && --source.until_failure == 0) {
        source.refused++;
        return false;
    }
    source.out[offset / PAGE] = true;
    source.nout++;
    ASAN_UNPOISON_MEMORY_REGION(page, PAGE); /* with what stood there when it went */
    return true;
}

static size_t give_frames(void *context, void *start, size_t npages)
{
    size_t done = 0;
    while (done < npages && give_frame(context, (uint8_t *)start + done * PAGE))
        done++;
    return done;
}

static void take_frame(void *context, void *page)
{
    size_t offset = (size_t)((uint8_t *)page - arena);
    fuzz_require(context == &source && offset % PAGE == 0 && offset < BYTES &&
                     source.out[offset / PAGE],
                 "a frame is given back that was never given");
    fuzz_require(is_all(map + offset, PAGE, NOBODY), "a page is given back that is in use");
    source.out[offset / PAGE] = false;
    source.nout--;
    ASAN_POISON_MEMORY_REGION(page, PAGE);
}

/* -- The map -- */

static uint8_t value_of(size_t at)
{
    return (uint8_t)(at / 16 * 7 + at / PAGE + lengths[at / 16] + 1);
}

/* Marks the object at AT, whose bytes must be nobody's, as NBYTES long, and fills it. */
static void claim(size_t at, size_t nbytes)
{
    fuzz_require(at < BYTES && at % 16 == 0 && nbytes > 0 && nbytes <= BYTES - at,
                 "an object is not in the arena");
    for (size_t page = at / PAGE; page * PAGE < at + nbytes; page++)
        fuzz_require(source.out[page], "an object has a page without a frame");
    fuzz_require(is_all(map + at, nbytes, NOBODY), "an object lies over another");
    memset(map + at, BEHIND, nbytes);
    map[at] = FIRST;
    lengths[at / 16] = (uint32_t)nbytes;
    memset(arena + at, value_of(at), nbytes);
}

static void look(size_t at)
{
    fuzz_require(is_all(arena + at, lengths[at / 16], value_of(at)),
                 "an object's contents have changed");
}

/* The first object at or behind AT, in a circle; BYTES where there is none. */
static size_t object_from(size_t at)
{
    const uint8_t *found = memchr(map + at, FIRST, BYTES - at);
    if (!found)
        found = memchr(map, FIRST, at);
    return found ? (size_t)(found - map) : BYTES;
}

/* -- The calls -- */

static void make(size_t nbytes, size_t alignment)
{
    struct allocator_statistics was = allocator_statistics(&heap);
    size_t refused = source.refused;
    uint8_t *pointer = allocator_malloc(&heap, nbytes, alignment);
    if (!pointer) {
        fuzz_require(nbytes == 0 || source.refused > refused ||
                         nbytes + 2 * alignment + 64 > was.largest,
                     "there is memory, and an object is not served");
        fuzz_require(allocator_statistics(&heap).largest == was.largest,
                     "a request that failed has changed the heap");
        return;
    }
    fuzz_require(nbytes > 0 && nbytes <= was.largest, "more is served than there is");
    size_t size = allocator_size(&heap, pointer, NULL);
    fuzz_require((uintptr_t)pointer % (alignment < 16 ? 16 : alignment) == 0 && size >= nbytes,
                 "an object is crooked or short");
    claim((size_t)(pointer - arena), size);
    live++;
}

static int give(void *pointer)
{
    int judged = 0;
    size_t size = allocator_size(&heap, pointer, &judged), refused = growing->refused;
    int refusal = allocator_free(&heap, pointer);
    fuzz_require(refusal == judged && (size == 0) == (refusal != 0),
                 "a pointer is judged in another way than it is freed");
    fuzz_require(growing->refused == refused + (refusal != 0), "refusals are not counted");
    return refusal;
}

/* Frees AT, whatever it is: the map knows what must come of it. */
static void free_at(size_t at)
{
    uint8_t was = map[at];
    bool below = arena + at >= growing->window->start && arena + at < growing->window->brk;
    if (was == FIRST) {
        look(at);
        memset(map + at, NOBODY, lengths[at / 16]); /* before its pages go */
        live--;
    }
    int refusal = give(arena + at);
    if (was == FIRST) {
        fuzz_require(refusal == HEAP_FREED, "a right free is refused");
        refusal = give(arena + at);
        below = arena + at < growing->window->brk;
        fuzz_require(refusal == (below ? HEAP_ALREADY_FREE : HEAP_OUT_OF_RANGE),
                     "a double free is not refused as such");
    } else if (!below) {
        fuzz_require(refusal == HEAP_OUT_OF_RANGE, "a foreign pointer is not refused as such");
    } else if (at % 16) {
        fuzz_require(refusal == HEAP_MISALIGNED, "a crooked pointer is not refused as such");
    } else if (was == BEHIND) {
        fuzz_require(refusal == HEAP_NOT_FIRST, "a pointer into an object is not refused as such");
    } else {
        fuzz_require(refusal == HEAP_ALREADY_FREE || refusal == HEAP_NOT_FIRST,
                     "a pointer to nothing, or to a header, is not refused as such");
    }
}

static void free_foreign(size_t distance)
{
    static uint8_t elsewhere[16] __attribute__((aligned(16)));
    uintptr_t start = (uintptr_t)growing->window->start;
    void *pointers[] = {elsewhere, NULL, &heap, (void *)(start - 1 - distance),
                        (void *)((uintptr_t)growing->window->brk + distance)};
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        fuzz_require(give(pointers[i]) == HEAP_OUT_OF_RANGE, "a foreign pointer is not refused");
}

static void resize_at(size_t at, size_t nbytes)
{
    size_t was = lengths[at / 16], refused = source.refused;
    uint8_t value = value_of(at);
    look(at);
    if (nbytes < was) /* before its pages go */
        memset(map + at + (nbytes ? nbytes : 1), NOBODY, was - (nbytes ? nbytes : 1));
    bool done = allocator_resize(&heap, arena + at, nbytes);
    size_t size = allocator_size(&heap, arena + at, NULL);
    fuzz_require(done ? size >= nbytes : size == was, "a length is another than was asked for");
    fuzz_require(done || nbytes == 0 || nbytes > was || source.refused > refused,
                 "an object can't be made shorter");
    fuzz_require(is_all(arena + at, size < was ? size : was, value),
                 "an object's contents have changed");
    memset(map + at, NOBODY, nbytes < was ? (nbytes ? nbytes : 1) : was);
    claim(at, size);
}

static void resize_heap(size_t nbytes)
{
    size_t was = (size_t)(growing->window->brk - growing->window->start), refused = source.refused;
    int status = growing_heap_resize(growing, nbytes);
    size_t is = (size_t)(growing->window->brk - growing->window->start);
    fuzz_require(status ? is == was : is >= nbytes && is - nbytes < PAGE,
                 "the heap has another length than was asked for");
    fuzz_require((status == -ENOMEM) == (source.refused > refused), "memory is there, or is not");
}

/* With a word of its header overwritten an object can't be freed. */
static void spoil(size_t at, size_t word, uint8_t bits)
{
    uint8_t *place = arena + at - header + word % 24 / 8 * 8;
    size_t bit = word / 24 % (word % 24 < 8 ? 4 : 8);
    place[bit] ^= bits;
    fuzz_require(give(arena + at) == HEAP_BROKEN, "a header is overwritten, and that is not seen");
    fuzz_require(allocator_check(&heap) != NULL, "a check does not see what is overwritten");
    fuzz_require(growing->damage.block == arena + at - header, "another block is blamed");
    place[bit] ^= bits;
}

static void trim(void)
{
    size_t had = source.nout;
    fuzz_require(heap.kind->trim(heap.heap) == had - source.nout, "a trim counts wrongly");
}

static void look_at_heap(void)
{
    const char *broken = allocator_check(&heap);
    fuzz_require(!broken, broken);
    struct allocator_statistics is = allocator_statistics(&heap);
    fuzz_require(is.pages == source.nout && is.peak >= is.pages && growing->nlive == live,
                 "pages or objects are counted wrongly");
}

static void create(uint8_t how)
{
    struct window_source frames = {give_frames, take_frame, &source};
    size_t nbytes = (size_t)(how / 2 % (PAGES - 1) + 2) * PAGE;
    bool made;
    if (how % 2) {
        made = best_fit_create(&fit, arena, nbytes, frames) == 0;
        heap = best_fit_allocator(&fit);
        growing = &fit.growing;
        header = sizeof(struct best_fit_block);
    } else {
        made = window_create(&window, arena, nbytes, frames) == 0;
        free_list_create(&list, &window);
        heap = free_list_allocator(&list);
        growing = &list.growing;
        header = sizeof(struct memory_block);
    }
    fuzz_require(made, "a heap can't be made");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    struct fuzz_input input = {data, nbytes};
    memset(map, NOBODY, sizeof map);
    memset(&source, 0, sizeof source);
    live = 0;
    ASAN_POISON_MEMORY_REGION(arena, BYTES);
    create(fuzz_byte(&input));
    while (input.left > 0) {
        uint8_t operation = fuzz_byte(&input), how = fuzz_byte(&input);
        size_t where = ((size_t)fuzz_byte(&input) << 8 | how) * 16 % BYTES;
        size_t length = operation & 8 ? where / 4 : where / 64, object = object_from(where);
        switch (operation % 8) {
        case 0:
            make(length, 0);
            break;
        case 1:
            make(length, (size_t)1 << operation / 8 % 16);
            break;
        case 2:
            if (object < BYTES)
                free_at(object);
            break;
        case 3:
            if (object < BYTES && operation & 16)
                free_at(object + 1 + (operation & 32 ? how : 15) % (lengths[object / 16] - 1u));
            else
                free_at(operation & 8 ? where : where + how % 16);
            break;
        case 4:
            if (object < BYTES)
                resize_at(object, operation & 16 ? length : lengths[object / 16] + how % 64 - 32u);
            break;
        case 5:
            if (operation & 8)
                resize_heap(where + how % 2);
            else
                free_foreign(where);
            break;
        case 6:
            if (operation & 8)
                trim();
            source.until_failure = operation / 16;
            break;
        default:
            if (object < BYTES && how)
                spoil(object, operation / 8u + where, how);
        }
        look_at_heap();
    }
    for (size_t at = object_from(0); at < BYTES; at = object_from(at))
        free_at(at);
    look_at_heap();
    trim();
    look_at_heap();
    fuzz_require(source.nout == (heap.heap == &fit ? fit.free.window.pages : 0), "pages are lost");
    ASAN_UNPOISON_MEMORY_REGION(arena, BYTES);
    return 0;
}
