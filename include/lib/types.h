/* Units of address and size. A number's type says what it counts; conversions have names. */
#ifndef PLAT_LIB_TYPES_H
#define PLAT_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t paddr_t; /* a physical address below 4 GB */
typedef uint32_t vaddr_t; /* a linear address of the processor's */
typedef uint32_t page_t;  /* a page's number: its address / 4096; 0x100000 is the end of 4 GB */

#define PAGE_SIZE    4096u
#define PAGE_SHIFT   12
#define PAGES_IN_4GB (1u << 20)

/* The page that holds the byte at ADDRESS. */
static inline page_t page_of(uint32_t address)
{
    return address >> PAGE_SHIFT;
}

/* The address of the first byte of PAGE, which is below PAGES_IN_4GB. */
static inline uint32_t page_address(page_t page)
{
    return page << PAGE_SHIFT;
}

/* Arguments of a function that others than its own file call often go through registers. */
#ifdef __i386__
#define IN_REGISTERS __attribute__((regparm(3)))
#else
#define IN_REGISTERS
#endif

/* Results that a caller must look at. */
#define MUST_USE __attribute__((warn_unused_result))

#endif
