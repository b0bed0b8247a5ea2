/* The x87's registers: no process sees or spoils another's. */
#include "user/programs/hostile/attack.h"

enum { REGISTERS = 8, CONTROL_FRESH = 0x37f, CONTROL_OWN = 0x27f };

/* What fnsave writes (Intel SDM, volume 1, figure 8-9). */
struct x87_image {
    uint32_t control, status, tag, eip, cs, operand, operand_segment;
    struct {
        uint32_t low, high; /* the mantissa */
        uint16_t exponent;
    } __attribute__((packed)) registers[REGISTERS];
};
_Static_assert(sizeof(struct x87_image) == 108, "the processor fixes the image");

/* Mantissas that nobody has by chance; the low byte tells whose, the next which. */
#define MARK      0x5ec2e700u
#define MARK_HIGH 0x9e3779b9u

/* Also resets the coprocessor. */
static void save(struct x87_image *image)
{
    __asm__ volatile("fnsave %0" : "=m"(*image)::"memory");
}

static void restore(const struct x87_image *image)
{
    __asm__ volatile("frstor %0" ::"m"(*image) : "memory");
}

/* All registers of process OWNER: marked, and rounding to 53 bits. */
static void plant(uint8_t owner)
{
    struct x87_image image;
    __asm__ volatile("fninit");
    save(&image);
    image.control = CONTROL_OWN;
    image.status = 0;
    image.tag = 0; /* all in use */
    for (uint32_t i = 0; i < REGISTERS; i++) {
        image.registers[i].low = (MARK | owner) ^ i << 28;
        image.registers[i].high = MARK_HIGH;
        image.registers[i].exponent = 0x3fff;
    }
    restore(&image);
}

/* How many registers hold OWNER's marks. */
static uint32_t marks_of(const struct x87_image *image, uint8_t owner)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < REGISTERS; i++)
        if (image->registers[i].low == ((MARK | owner) ^ i << 28) &&
            image->registers[i].high == MARK_HIGH && image->registers[i].exponent == 0x3fff)
            count++;
    return count;
}

/* How many hold anybody's. */
static uint32_t marks(const struct x87_image *image)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < REGISTERS; i++)
        if (((image->registers[i].low ^ MARK) & 0x0fffff00) == 0)
            count++;
    return count;
}

/* A process begins with a fresh coprocessor, which tells nothing about those before it. */
ATTACK(x87_fresh)
{
    struct x87_image image;
    save(&image);
    MUST((image.control & 0xffff) == CONTROL_FRESH);
    MUST((image.status & 0xffff) == 0);
    MUST((image.tag & 0xffff) == 0xffff);
    MUST(marks(&image) == 0);
    return REFUSED;
}

/* Keeps registers of its own over ARGUMENT turns, while others do the same. */
ATTACK(x87_keep)
{
    struct x87_image image;
    uint8_t owner = (uint8_t)second;
    MUST(x87_fresh(0, 0) == REFUSED);
    plant(owner);
    for (uint32_t turn = 0; turn < argument; turn++) {
        if (turn % 16 == 15)
            sleep(10);
        yield();
        save(&image);
        MUST(marks_of(&image, owner) == REGISTERS);
        MUST((image.control & 0xffff) == CONTROL_OWN);
        restore(&image);
    }
    return REFUSED; /* and the registers stay full */
}

ATTACK(x87_shared)
{
    int others[2];
    for (size_t i = 0; i < LENGTH(others); i++) {
        others[i] = attack_start("x87_keep", 200, 2 + i);
        MUST(others[i] > 0);
    }
    MUST(x87_keep(200, 1) == REFUSED);
    for (size_t i = 0; i < LENGTH(others); i++)
        MUST(attack_refused(others[i]));
    struct process_end end;
    MUST(attack_run("x87_fresh", 0, 0, &end) && exited_with(&end, REFUSED));
    return REFUSED;
}

/* The registers of one that was preempted, not of one that asked. */
ATTACK(x87_preempted)
{
    struct x87_image image;
    int other = attack_start("x87_keep", 50, 9);
    MUST(other > 0);
    plant(8);
    for (uint32_t start = time(); time_since(start) < 200;)
        for (volatile int i = 0; i < 10000; i++)
            ;
    save(&image);
    MUST(marks_of(&image, 8) == REGISTERS);
    MUST(attack_refused(other));
    return REFUSED;
}

/* Divides 1 by 0 (fdiv %st(1), %st) with the exception let through; it comes with the next
 * instruction that waits. */
static void leave_pending(void)
{
    static const uint16_t control = CONTROL_FRESH & ~4;
    __asm__ volatile("fninit; fldcw %0; fldz; fld1; .byte 0xd8, 0xf1" ::"m"(control));
}

ATTACK(x87_error)
{
    leave_pending();
    __asm__ volatile("fwait");
    return GOT_THROUGH;
}

/* Ends with an exception still to come. */
ATTACK(x87_pending)
{
    leave_pending();
    return REFUSED;
}

/* It is that process's own, and comes to nobody else; also not where others come in between. */
ATTACK(x87_pending_other)
{
    struct process_end end;
    __asm__ volatile("fninit");
    MUST(attack_run("x87_pending", 0, 0, &end));
    MUST(exited_with(&end, REFUSED) || died_of(&end, 16));
    __asm__ volatile("fwait; fld1; fwait; fstp %st(0)");
    MUST(attack_run("x87_error", 0, 0, &end) && died_of(&end, 16));
    __asm__ volatile("fwait; fld1; fwait; fstp %st(0)");
    return REFUSED;
}

/* MMX is the same registers under other names. */
ATTACK(mmx_fresh)
{
    uint32_t words[2] = {0, 0};
    __asm__ volatile(".byte 0x0f, 0x7f, 0x00" ::"a"(words) : "memory"); /* movq %mm0, (%eax) */
    MUST(((words[0] ^ MARK) & 0x0fffff00) != 0);
    return REFUSED;
}

/* A processor without an FPU refuses it to all. */
#define SURVIVES_OR_NONE (SURVIVES | NO_COPROCESSOR)

static const struct attack attacks[] = {
    ONCE(x87_fresh, SURVIVES_OR_NONE),           ONCE(x87_keep, HELPER),
    ONCE(x87_shared, SURVIVES_OR_NONE),          ONCE(x87_preempted, SURVIVES_OR_NONE),
    ONCE(x87_error, X87_ERROR | NO_COPROCESSOR), ONCE(x87_pending, HELPER),
    ONCE(x87_pending_other, SURVIVES_OR_NONE),   ONCE(mmx_fresh, SURVIVES_OR_NONE | INVALID_OPCODE),
};
THEME(hostile_coprocessor, attacks);
