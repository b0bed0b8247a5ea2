/* A device's descriptors and reports, and what happens on the bus that is made up. */
#include "fuzz.h"
#include "usb_walk.h"

static uint8_t next(void *context)
{
    return fuzz_byte(context);
}

static void press(int key)
{
    fuzz_require(key != KEY_NONE && key <= KEY_DELETE, "a key that is none");
}

/* A copy of the next bytes that ends where its memory does: as many as the next one says. */
static uint8_t *copy_of(struct fuzz_input *input, size_t *nbytes)
{
    *nbytes = fuzz_byte(input);
    *nbytes = *nbytes < input->left ? *nbytes : input->left;
    uint8_t *copy = malloc(*nbytes + 1);
    fuzz_require(copy != NULL, "there is no memory for a copy");
    for (size_t i = 0; i < *nbytes; i++)
        copy[i] = fuzz_byte(input);
    return copy;
}

static void look_at(const uint8_t *configuration, size_t nbytes)
{
    uint8_t *exact = malloc(nbytes ? nbytes : 1);
    fuzz_require(exact != NULL, "there is no memory for a copy");
    memcpy(exact, configuration, nbytes);
    struct usb_function found = usb_find_function(exact, nbytes);
    free(exact);
    fuzz_require(found.kind == USB_OTHER ||
                     (found.endpoint >= 1 && found.endpoint <= 15 && found.interval > 0 &&
                      found.packet_bytes >= 1 && found.packet_bytes <= USB_PACKET_MOST),
                 "what is found can't be listened to");
}

static void type(const uint8_t *reports, size_t nbytes)
{
    struct usb_keyboard keyboard = {.repeated = 0};
    for (size_t at = 0; at < nbytes; at += 5) {
        size_t length = nbytes - at < 10 ? nbytes - at : 10;
        usb_keyboard_report(&keyboard, reports + at, length, (uint32_t)at * 100, press);
        usb_keyboard_repeat(&keyboard, (uint32_t)at * 200, press);
        fuzz_require(usb_keyboard_lights(&keyboard) < 4, "a light that there is not");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    struct fuzz_input input = {data, nbytes};
    uint8_t first = fuzz_byte(&input);
    walk_begin(first & 1 ? 2 : 1, first & 2 ? UINT32_MAX - 1000 : 0);
    size_t count;
    uint8_t *own = copy_of(&input, &count);
    look_at(own, count);
    type(own, count);
    for (int i = WALK_THINGS - WALK_OWN; i < WALK_THINGS; i++) {
        struct bus_plug *plug = bus_thing(i, own, count, (enum usb_speed)(1 + i % 4));
        plug->lies = true;
        plug->is_hub = i % 2;
        plug->nports = first;
        plug->packet_bytes = first & 4 ? first : plug->packet_bytes;
        memcpy(plug->report, own, count < 8 ? count : 8);
        plug->report_bytes = first & 8 ? 8 : 0;
    }
    for (int step = 0; step < 100 && input.left > 0 && !bus.broken; step++)
        walk_step(next, &input);
    walk_calm_down();
    if (!bus.controllers[1].dead)
        walk_end();
    free(own);
    fuzz_require(!bus.broken, bus.broken);
    return 0;
}
