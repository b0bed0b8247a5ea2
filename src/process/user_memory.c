#include "process/user_memory.h"

#include "memory/memory.h"

/* How many of NBYTES from ADDRESS on lie in its page. */
static size_t part_in_page(vaddr_t address, size_t nbytes)
{
    size_t left = PAGE_SIZE - address % PAGE_SIZE;
    return nbytes < left ? nbytes : left;
}

/* Where the byte at ADDRESS is, if ring 3 may read it, and write it where WRITE; or NULL. */
static uint8_t *locate(const struct paging_4gb_chunk *space, vaddr_t address, bool write)
{
    struct paging_walk walk = paging_walk(space, address);
    uint32_t needed = PAGING_ACCESS_FROM_ALL | (write ? PAGING_IS_WRITEABLE : 0);
    return walk.own && (walk.flags & needed) == needed ? (uint8_t *)walk.physical : NULL;
}

static bool may_use(const struct paging_4gb_chunk *space, vaddr_t address, size_t nbytes,
                    bool write)
{
    if (nbytes > 0 && nbytes - 1 > UINT32_MAX - address)
        return false;
    while (nbytes > 0) {
        size_t part = part_in_page(address, nbytes);
        if (!locate(space, address, write))
            return false;
        address += part;
        nbytes -= part;
    }
    return true;
}

int user_read(const struct paging_4gb_chunk *space, void *to, vaddr_t from, size_t nbytes)
{
    uint8_t *at = to;
    if (nbytes > 0 && part_in_page(from, nbytes) == nbytes) { /* as a call's arguments are */
        const uint8_t *page = locate(space, from, false);
        if (page)
            memcpy(at, page, nbytes);
        return page ? 0 : -EFAULT;
    }
    if (!may_use(space, from, nbytes, false))
        return -EFAULT;
    while (nbytes > 0) {
        size_t part = part_in_page(from, nbytes);
        memcpy(at, locate(space, from, false), part);
        at += part;
        from += part;
        nbytes -= part;
    }
    return 0;
}

int user_may_write(const struct paging_4gb_chunk *space, vaddr_t to, size_t nbytes)
{
    return may_use(space, to, nbytes, true) ? 0 : -EFAULT;
}

int user_write(const struct paging_4gb_chunk *space, vaddr_t to, const void *from, size_t nbytes)
{
    const uint8_t *at = from;
    if (!may_use(space, to, nbytes, true))
        return -EFAULT;
    while (nbytes > 0) {
        size_t part = part_in_page(to, nbytes);
        memcpy(locate(space, to, true), at, part);
        at += part;
        to += part;
        nbytes -= part;
    }
    return 0;
}

int user_text_length(const struct paging_4gb_chunk *space, vaddr_t from, size_t nbytes)
{
    size_t done = 0;
    while (done < nbytes) {
        size_t part = part_in_page(from, nbytes - done);
        const uint8_t *text = locate(space, from, false);
        if (!text)
            return -EFAULT;
        for (size_t i = 0; i < part; i++, done++)
            if (!text[i])
                return (int)done;
        from += part;
        if (from == 0)
            return -EFAULT; /* it goes on past 4 GB */
    }
    return -EINVARG;
}

int user_read_text(const struct paging_4gb_chunk *space, char *buffer, size_t nbytes, vaddr_t from)
{
    int length = user_text_length(space, from, nbytes);
    int status = length < 0 ? length : user_read(space, buffer, from, (size_t)length + 1);
    return status < 0 ? status : length;
}
