/*
 * All that a program in ring 3 has: the system calls, and a small library over them. Names that the
 * C library has mean what they mean there. A program is src/user/programs/NAME.c with a main().
 */
#ifndef PLAT_USER_PLAT_H
#define PLAT_USER_PLAT_H

#include "abi/system_calls.h"
#include "lib/checked.h"
#include "lib/format.h"
#include "lib/status.h"
#include "lib/string.h"
#include "lib/types.h"

/* -- System calls (abi/system_calls.h says what each one does and answers) ----------------------
 */

int32_t system_sum(int32_t a, int32_t b);
int32_t system_print(const char *text);
int32_t system_get_key(void);
int32_t system_put_char(int32_t character);
void *system_malloc(size_t nbytes);
int32_t system_free(void *address);
int32_t system_load(const char *name);
int32_t system_run(const char *line, uint32_t flags);
int32_t system_arguments(struct program_arguments *arguments);
_Noreturn void system_exit(int32_t code);
int32_t system_yield(void);
int32_t system_sleep(uint32_t milliseconds);
int32_t system_getpid(void);
int32_t system_wait(int32_t pid, struct process_end *end);
uint32_t system_time(void);
int32_t system_memory(struct memory_information *information);
int32_t system_kill(int32_t pid);

/* Any command with up to two arguments, also one that does not exist. */
int32_t system_call(uint32_t command, uint32_t a, uint32_t b);

/* -- Processes ----------------------------------------------------------------------------------
 */

/* The program's own; what it returns is the program's code. */
int main(int argc, char **argv);

_Noreturn static inline void exit(int code)
{
    system_exit(code);
}

static inline void yield(void)
{
    system_yield();
}

static inline void sleep(uint32_t milliseconds)
{
    system_sleep(milliseconds);
}

static inline int getpid(void)
{
    return system_getpid();
}

/* Milliseconds since the machine started; begins again behind 24.8 days: see time_since(). */
static inline uint32_t time(void)
{
    return system_time();
}

/* Milliseconds since time() was BEFORE, less than 24.8 days ago. */
static inline uint32_t time_since(uint32_t before)
{
    return (time() - before) & SYSTEM_TIME_MOST;
}

/* Starts LINE, a program's name and its arguments; its process id, or a negative status. */
static inline int run(const char *line)
{
    return system_run(line, RUN_QUIET);
}

/* Waits for child PID, or any for 0, and fills END unless it is NULL; as system_wait(). */
static inline int wait(int pid, struct process_end *end)
{
    return system_wait(pid, end);
}

/* The usual name of exception VECTOR. */
const char *exception_name(uint32_t vector);

/* -- Text ---------------------------------------------------------------------------------------
 */

/*
 * lib/format.h says which conversions there are. Text of less than 512 bytes is one call, and a
 * line of it of up to 128 bytes is not torn apart by other programs. Returns the number of bytes.
 */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *text);
int putchar(int character);

/* The next key typed; 0 where there is none. */
int get_key(void);

/* Sleeps until there is one. */
int wait_for_key(void);

/*
 * Reads a line, with echo and backspace, into BUFFER of NBYTES > 0 bytes, always terminated; of one
 * that does not fit nothing is taken, and that is said. Returns its length.
 */
size_t read_line(char *buffer, size_t nbytes);

/* -- Memory -------------------------------------------------------------------------------------
 */

enum {
    EXIT_MISUSE = 70
}; /* the code of a program that misused the heap, after one line says how */

/* On multiples of 16. NULL without memory, and for 0 bytes. */
void *malloc(size_t nbytes);
void *calloc(size_t count, size_t nbytes);

/* Nothing for NULL. */
void free(void *pointer);

/* NULL, and the old object as it was, without memory; for 0 bytes it is freed. */
void *realloc(void *pointer, size_t nbytes);

/* src/memory/memory.c, compiled for programs. */
void *memset(void *destination, int value, size_t nbytes);
void *memcpy(void *restrict destination, const void *restrict source, size_t nbytes);
void *memmove(void *destination, const void *source, size_t nbytes);
int memcmp(const void *a, const void *b, size_t nbytes);

#endif
