/*
 * What a program in ring 3 may ask of the kernel: int 0x80, the command in EAX, its arguments as
 * words from [ESP] on, the first one lowest; the answer comes in EAX, and every other register
 * stays. Commands 0 to 9 have the numbers of the family that Plat comes from.
 *
 * A negative answer is a status of lib/status.h: -EINVARG for an unknown command and for arguments
 * that break the contract, -EFAULT where a pointer's range is not the program's own (or, to be
 * written to, read-only), -ENOMEM without memory, -EAGAIN where there are as many as there may be.
 * Then nothing has happened.
 *
 * All that comes of one command of the shell's is a tree: it has at most 1,024 processes, and at
 * most seven eighths of the memory that it has and that is free together.
 *
 * Programs begin with ESP on a multiple of 16 and nothing else that they may rely on but the
 * selectors; they ask for their arguments.
 */
#ifndef PLAT_ABI_SYSTEM_CALLS_H
#define PLAT_ABI_SYSTEM_CALLS_H

#include <stdint.h>

enum system_call {
    SYSTEM_SUM = 0,       /* (a, b): a + b; whether calls work at all */
    SYSTEM_PRINT = 1,     /* (text): a string of up to SYSTEM_TEXT_MOST bytes with its end; 0.
                             Control bytes are shown (process/user_text.h) */
    SYSTEM_GET_KEY = 2,   /* (): the next key typed (drivers/keyboard.h); 0 where there is none, and
                             for a program in the background */
    SYSTEM_PUT_CHAR = 3,  /* (character): prints one, as above; 0 */
    SYSTEM_MALLOC = 4,    /* (nbytes): address of whole zeroed blocks of 4096; 0 without memory, and
                             for 0 bytes */
    SYSTEM_FREE = 5,      /* (address): what MALLOC gave; 0, also for address 0, or -EINVARG */
    SYSTEM_LOAD = 6,      /* (name): starts a program without arguments; its process id, -ENOENT */
    SYSTEM_RUN = 7,       /* (line, flags of enum run_flags): the same with arguments: words between
                             blanks, the first one the program's name */
    SYSTEM_ARGUMENTS = 8, /* (struct program_arguments *): fills it; 0 */
    SYSTEM_EXIT = 9,      /* (code): does not return */
    SYSTEM_YIELD = 10,    /* (): lets others run; 0 */
    SYSTEM_SLEEP = 11,    /* (milliseconds): at least that long; 0 */
    SYSTEM_GETPID = 12,   /* (): its own process id, from 1 on */
    SYSTEM_WAIT = 13,     /* (pid, struct process_end * or 0): waits until that child, or any for
                             pid 0, has ended; its process id; -ECHILD where there is none */
    SYSTEM_TIME = 14,     /* (): milliseconds since the start, in steps of 10; behind
                             SYSTEM_TIME_MOST, 24.8 days, it begins again at 0, so that it is never
                             a status */
    SYSTEM_MEMORY = 15,   /* (struct memory_information *): fills it; 0 */
    SYSTEM_KILL = 16,     /* (pid): ends a child or itself, and returns when it has; 0 or -ECHILD */
    SYSTEM_CALLS          /* how many */
};

#define SYSTEM_CALL_VECTOR 0x80
#define SYSTEM_TEXT_MOST   4096
#define SYSTEM_LINE_MOST   256
#define SYSTEM_TIME_MOST   0x7fffffff

enum run_flags {
    RUN_QUIET = 1,     /* the caller will say how it ended: the kernel prints nothing about it */
    RUN_BACKGROUND = 2 /* no keys for it, and Ctrl-C does not end it */
};

/* ARGV has ARGC strings and a null pointer behind them, in the program's own memory. */
struct program_arguments {
    int32_t argc;
    char **argv;
};

enum process_cause {
    PROCESS_EXITED, /* code: what it said, or main() returned */
    PROCESS_KILLED, /* by kill; code: 0 */
    PROCESS_FAULTED /* code: the exception's vector */
};

struct process_end {
    uint32_t cause; /* of enum process_cause */
    int32_t code;
};

/* In blocks of 4096 bytes. */
struct memory_information {
    uint32_t total, free; /* of the kernel's heap */
    uint32_t own;         /* the caller's: image, stack and what it allocated */
};

#endif
