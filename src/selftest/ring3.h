/* What cases about processes have in common. */
#ifndef PLAT_SELFTEST_RING3_H
#define PLAT_SELFTEST_RING3_H

#include "process/process.h"

/* Flat binaries, at 0x400000: byte by byte what the instructions behind them say. */
#define RING3_CALL(number) 0xb8, (number), 0, 0, 0, 0xcd, 0x80 /* mov eax, number; int 0x80 */
extern const uint8_t ring3_exits_with_7[9], ring3_spins[2], ring3_sleeps[12];

/* Whether END is of that CAUSE and with that CODE. */
static inline bool ring3_ended_by(const struct process_end *end, uint32_t cause, int32_t code)
{
    return end->cause == cause && end->code == code;
}

/* Starts the flat binary CODE; NULL where that is refused, or without memory. */
struct process *ring3_start(const void *code, size_t nbytes);

/* The status of trying, and *WHY; what was started is ended again. */
int ring3_try(const void *code, size_t nbytes, const char **why);

/* Ends and forgets it. */
void ring3_stop(struct process *process);

/* Runs CODE to its end, without a word; killed after ten seconds. */
struct process_end ring3_run(const void *code, size_t nbytes);

/* CODE is an array of bytes. */
#define RING3_RUN(code)   ring3_run((code), sizeof(code))
#define RING3_START(code) ring3_start((code), sizeof(code))

/* The same for the loaded program that LINE names with its arguments, within SECONDS. False where
 * the loader brought none of that name. */
bool ring3_run_program(const char *line, uint32_t seconds, struct process_end *end);

/*
 * A number made of what ring 3 must never change: kernel text and constants, GDT, IDT, and the
 * kernel's directory with its tables, without the bits that the processor sets, and without
 * windows, in which the kernel's own pages come and go.
 */
uint32_t ring3_hash_kernel(void);

#endif
