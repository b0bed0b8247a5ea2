/*
 * A process's memory as the kernel reaches it: by the process's own directory, page by page, and
 * never by an address of the process's. Only pages count that ring 3 itself may use; the kernel's
 * directory is loaded. All that a range needs is checked before anything is copied.
 */
#ifndef PLAT_PROCESS_USER_MEMORY_H
#define PLAT_PROCESS_USER_MEMORY_H

#include "memory/paging/paging.h"

/* Copies NBYTES from the address FROM of SPACE; or to the address TO, where it may be written.
 * -EFAULT, and nothing copied, where not all of the range is the process's, or passes 4 GB. */
MUST_USE int user_read(const struct paging_4gb_chunk *space, void *to, vaddr_t from, size_t nbytes);
MUST_USE int user_write(const struct paging_4gb_chunk *space, vaddr_t to, const void *from,
                        size_t nbytes);

/* Whether user_write() would succeed. 0 or -EFAULT. */
MUST_USE int user_may_write(const struct paging_4gb_chunk *space, vaddr_t to, size_t nbytes);

/*
 * The length of the string at FROM; -EFAULT where it leaves the process's memory before it ends,
 * -EINVARG where it and its end do not fit in NBYTES > 0. And the same, with a copy in BUFFER.
 */
MUST_USE int user_text_length(const struct paging_4gb_chunk *space, vaddr_t from, size_t nbytes);
MUST_USE int user_read_text(const struct paging_4gb_chunk *space, char *buffer, size_t nbytes,
                            vaddr_t from);

#endif
