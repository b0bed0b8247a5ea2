/*
 * Theory. A device goes through steps, from USB_DEBOUNCE to USB_READY; each begins one thing (a
 * reset, a transfer), and the next begins when that has ended. usb_poll() takes each device a step
 * further if it can go, so that nothing is ever waited for; a step that takes too long is trouble.
 *
 * Only one device of a controller is on its way up at a time (controller->current): after the reset
 * of its port it answers to address 0, and two of them would both answer. The others wait in
 * USB_DEBOUNCE. One that fails stays the current one until its port is off, or its hub's, where
 * that fails.
 *
 * Ports of a hub are asked by transfers, one at a time, while the hub is USB_READY; root ports by
 * registers. Both come to usb_port_is(), which decides what is new, what is gone, and what has been
 * reset.
 *
 * A device in trouble is detached, which ends all that its controller still does with its page, and
 * tried again from the start, three times in all. Then it is left alone until it is pulled out.
 * Troubles long before do not count; but one report that gets through is no sign that all is well.
 *
 * A controller that has died is stopped, so that it can't reach its devices' pages any more. The
 * next poll gives their places to others.
 */
#include "drivers/usb/usb_private.h"
#include "lib/print.h"

enum {
    DEBOUNCE_MS = 100, /* USB 2.0, section 7.1.7.3: TATTDB */
    ANSWER_MS = 1000,
    CLOSE_MS = 2000,
    TRIES_MOST = 3,
    STEADY_MS = 10000, /* what works for so long has all its tries again */
    TO_INTERFACE = 0x01,
    HID_SET_REPORT = 9,
    HID_OUTPUT = 2 << 8
};

static struct {
    void (*press)(int key);
    struct usb_controller *controllers[USB_CONTROLLERS_MOST];
    size_t ncontrollers;
    struct usb_device devices[USB_DEVICES_MOST];
    size_t nleft_out;
} usb;

bool usb_is_over(const struct usb_device *device)
{
    return (int32_t)(device->controller->now_ms - device->until) >= 0;
}

void usb_wait(struct usb_device *device, enum usb_step step, uint32_t nms)
{
    device->step = step;
    device->until = device->controller->now_ms + nms;
}

/* STEP is what the driver is about to begin. */
void usb_begin_step(struct usb_device *device, enum usb_step step)
{
    usb_wait(device, step, ANSWER_MS);
    device->busy = true;
}

void usb_control(struct usb_device *device, enum usb_step step, struct usb_setup setup)
{
    usb_begin_step(device, step);
    device->controller->driver->control(device, &setup);
}

/* -- Coming and going -- */

static bool is_behind(const struct usb_device *device, const struct usb_device *hub)
{
    while (device && device != hub)
        device = device->hub;
    return device != NULL;
}

void usb_settle(struct usb_device *device)
{
    if (device->controller->current == device)
        device->controller->current = NULL;
}

static void close(struct usb_device *device)
{
    usb_settle(device);
    if (device->step == USB_CLOSING)
        return;
    if (device->busy || device->result < 0)
        usb_hub_clear(device);
    usb_wait(device, USB_CLOSING, CLOSE_MS);
    device->busy = true;
    device->controller->driver->detach(device);
}

/* DEVICE has been pulled out, and with it all that is plugged into it. */
static void forget(struct usb_device *device)
{
    for (size_t i = 0; i < USB_DEVICES_MOST; i++) {
        struct usb_device *other = &usb.devices[i];
        if (other->step == USB_UNUSED || other->unplugged || !is_behind(other, device))
            continue;
        other->unplugged = true;
        close(other);
    }
}

void usb_fail(struct usb_device *device, const char *trouble)
{
    struct usb_controller *controller = device->controller;
    bool holds = is_behind(controller->current, device);
    for (size_t i = 0; i < USB_DEVICES_MOST; i++)
        if (usb.devices[i].step != USB_UNUSED && usb.devices[i].hub == device)
            forget(&usb.devices[i]);
    device->trouble = trouble;
    device->again = ++device->ntries < TRIES_MOST;
    close(device);
    if (holds)
        controller->current = device;
}

static void end_closing(struct usb_device *device)
{
    device->asked = false;
    if (device->unplugged)
        device->step = USB_UNUSED;
    else
        device->step = USB_DISABLING;
}

/* What had address 0, or what it is behind, is to hear nothing of those that have it later. */
static void disable(struct usb_device *device)
{
    struct usb_controller *controller = device->controller;
    bool holds = controller->current == device;
    if (holds && device->hub)
        return; /* its hub does it, or fails */
    if (holds && !device->hub && controller->driver->disable_port)
        controller->driver->disable_port(controller, device->port);
    usb_settle(device);
    if (device->again)
        usb_wait(device, USB_DEBOUNCE, DEBOUNCE_MS);
    else
        device->step = USB_LEFT_ALONE;
}

static struct usb_device *find(const struct usb_controller *controller,
                               const struct usb_device *hub, unsigned port)
{
    for (size_t i = 0; i < USB_DEVICES_MOST; i++) {
        struct usb_device *device = &usb.devices[i];
        if (device->step != USB_UNUSED && !device->unplugged && device->controller == controller &&
            device->hub == hub && device->port == port)
            return device;
    }
    return NULL;
}

/* False where there is no room. */
static bool add(struct usb_controller *controller, struct usb_device *hub, unsigned port)
{
    for (size_t i = 0; i < USB_DEVICES_MOST; i++) {
        struct usb_device *device = &usb.devices[i];
        if (device->step != USB_UNUSED)
            continue;
        *device = (struct usb_device){.controller = controller,
                                      .hub = hub,
                                      .port = (uint8_t)port,
                                      .depth = hub ? (uint8_t)(hub->depth + 1) : 0,
                                      .page = device->page,
                                      .buffer = device->page + PAGE_SIZE - USB_BUFFER_BYTES};
        device->since = controller->looked ? controller->now_ms : 0;
        usb_wait(device, USB_DEBOUNCE, DEBOUNCE_MS);
        return true;
    }
    return false;
}

/* PORT of HUB, or of CONTROLLER's own where that is NULL, is as IS says. */
void usb_port_is(struct usb_controller *controller, struct usb_device *hub, unsigned port,
                 const struct usb_port *is)
{
    struct usb_device *device = find(controller, hub, port);
    uint32_t *left_out = hub ? &hub->ports.left_out : &controller->left_out;
    if (!is->connected || is->replaced)
        *left_out &= ~usb_bit_of(port);
    if (device && is->connected && is->replaced && (is->enabled || is->resetting) &&
        is_behind(controller->current, device)) {
        usb_fail(device, NULL); /* it has address 0, or will have */
        device->again = true;
        device->ntries = 0;
        return;
    }
    if (device && device->step == USB_DEBOUNCE && (!is->connected || is->replaced)) {
        device->step = USB_UNUSED; /* it bounces */
        device = NULL;
    } else if (device && (!is->connected || is->replaced)) {
        forget(device);
        device = NULL;
    }
    if (is->connected && !device) {
        bool counted = (*left_out & usb_bit_of(port)) != 0;
        if (!add(controller, hub, port) && !counted) {
            *left_out |= usb_bit_of(port);
            usb.nleft_out++;
        }
    } else if (is->connected && device->step == USB_RESETTING && (!hub || device->asked) &&
               is->enabled && !is->resetting) {
        usb_port_is_reset(device, is->speed);
    }
}

/* -- Ready -- */

static void serve_keyboard(struct usb_device *device)
{
    usb_keyboard_repeat(&device->keyboard, device->controller->now_ms, usb.press);
    uint8_t lights = usb_keyboard_lights(&device->keyboard);
    if (lights == device->lights)
        return;
    device->lights = lights;
    device->buffer[0] = lights;
    usb_control(device, USB_READY,
                (struct usb_setup){USB_OF_CLASS | TO_INTERFACE, HID_SET_REPORT, HID_OUTPUT,
                                   device->function.interface, 1});
}

static void serve(struct usb_device *device)
{
    if (device->result == USB_NO_ANSWER)
        usb_fail(device, "does not answer");
    else if (device->function.kind == USB_HUB)
        usb_hub_serve(device);
    else
        serve_keyboard(device);
}

/* -- All steps -- */

static void go_on(struct usb_device *device)
{
    switch (device->step) {
    case USB_UNUSED:
    case USB_LEFT_ALONE:
        break;
    case USB_READY:
        serve(device);
        break;
    case USB_ASKING_PORT:
        usb_hub_take_port(device);
        break;
    case USB_CLOSING:
        end_closing(device);
        break;
    case USB_DISABLING:
        disable(device);
        break;
    default:
        usb_go_up(device);
        break;
    }
}

static void take_further(struct usb_device *device)
{
    if (!device->busy)
        go_on(device);
    else if (usb_is_over(device) && device->step == USB_CLOSING)
        usb_died(device->controller, "it does not let go of a device");
    else if (usb_is_over(device))
        usb_fail(device, "does not answer");
}

static void look_at_ports(struct usb_controller *controller)
{
    uint32_t changed = controller->changed;
    controller->changed = 0;
    for (unsigned port = 1; changed && port <= controller->nports; port++)
        if (changed & usb_bit_of(port)) {
            struct usb_port is = controller->driver->port(controller, port);
            usb_port_is(controller, NULL, port, &is);
        }
    controller->looked = true;
}

void usb_poll(uint32_t now_ms)
{
    for (size_t i = 0; i < usb.ncontrollers; i++) {
        struct usb_controller *controller = usb.controllers[i];
        controller->now_ms = now_ms;
        if (controller->life != USB_DEAD)
            controller->driver->poll(controller);
        if (controller->life == USB_RUNNING)
            look_at_ports(controller);
    }
    for (size_t i = 0; i < USB_DEVICES_MOST && usb.ncontrollers > 0; i++) {
        struct usb_device *device = &usb.devices[i];
        if (device->step != USB_UNUSED && device->controller->life == USB_RUNNING)
            take_further(device);
        else if (device->step != USB_UNUSED && device->controller->life == USB_DEAD)
            device->step = USB_UNUSED; /* its page is no more than memory now */
    }
}

static void stop(struct usb_controller *controller)
{
    controller->life = USB_DEAD;
    if (controller->driver->stop)
        controller->driver->stop(controller);
}

void usb_stop(void)
{
    for (size_t i = 0; i < usb.ncontrollers; i++)
        if (usb.controllers[i]->life != USB_DEAD) {
            usb.controllers[i]->trouble = "stopped";
            stop(usb.controllers[i]);
        }
}

/* -- What drivers tell -- */

void usb_done(struct usb_device *device, int32_t result)
{
    device->busy = false;
    device->result = result < USB_BUFFER_BYTES ? result : USB_BUFFER_BYTES;
}

void usb_received(struct usb_device *device, const uint8_t *report, size_t nbytes)
{
    if (device->step != USB_READY && device->step != USB_ASKING_PORT &&
        device->step != USB_LISTENING)
        return;
    if (device->controller->now_ms - device->ready_at >= STEADY_MS)
        device->ntries = 0;
    if (device->function.kind == USB_KEYBOARD)
        usb_keyboard_report(&device->keyboard, report, nbytes, device->controller->now_ms,
                            usb.press);
    else
        for (size_t i = 0; i < nbytes && i < sizeof device->ports.changed; i++)
            device->ports.changed |= (uint32_t)report[i] << 8 * i;
}

void usb_broken(struct usb_device *device, const char *trouble)
{
    if (device->step != USB_CLOSING && device->step != USB_UNUSED)
        usb_fail(device, trouble);
}

void usb_died(struct usb_controller *controller, const char *trouble)
{
    if (controller->life == USB_DEAD)
        return;
    stop(controller);
    controller->trouble = trouble;
    kprintf("%susb: %s at %02x:%02x.%u is left alone: %s\n", print_at_line_start() ? "" : "\n",
            controller->driver->name, controller->function.place >> 8u,
            controller->function.place >> 3 & 31u, controller->function.place & 7u, trouble);
}

struct usb_device *usb_translator(const struct usb_device *device, unsigned *port)
{
    if (device->speed != USB_LOW && device->speed != USB_FULL)
        return NULL;
    *port = device->port;
    struct usb_device *hub = device->hub;
    for (; hub && hub->speed != USB_HIGH; hub = hub->hub)
        *port = hub->port;
    return hub;
}

/* -- For those who set up, and look -- */

void usb_begin(void (*press)(int key), void *pages)
{
    usb.press = press;
    usb.ncontrollers = usb.nleft_out = 0;
    for (size_t i = 0; i < USB_DEVICES_MOST; i++)
        usb.devices[i] = (struct usb_device){.page = (uint8_t *)pages + i * PAGE_SIZE};
}

bool usb_add(struct usb_controller *controller)
{
    if (usb.ncontrollers == USB_CONTROLLERS_MOST)
        return false;
    usb.controllers[usb.ncontrollers++] = controller;
    return true;
}

size_t usb_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < usb.ncontrollers; i++)
        count += usb.controllers[i]->life != USB_DEAD;
    return count;
}

size_t usb_left_out(void)
{
    return usb.nleft_out;
}

void usb_each(void (*visit)(void *context, const struct usb_seen *seen), void *context)
{
    for (size_t i = 0; i < usb.ncontrollers; i++) {
        const struct usb_controller *controller = usb.controllers[i];
        struct usb_seen seen = {.controller = controller->driver->name,
                                .place = controller->function.place,
                                .trouble = controller->trouble};
        visit(context, &seen);
        for (size_t j = 0; j < USB_DEVICES_MOST && controller->life != USB_DEAD; j++) {
            const struct usb_device *device = &usb.devices[j];
            if (device->step == USB_UNUSED || device->unplugged || device->controller != controller)
                continue;
            usb_see(device, &seen);
            visit(context, &seen);
        }
    }
}
