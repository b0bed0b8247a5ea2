/* Error numbers, returned negated. The first three have the seeds' names and values. */
#ifndef PLAT_LIB_STATUS_H
#define PLAT_LIB_STATUS_H

enum status {
    EIO = 1,     /* the device did not answer */
    EINVARG = 2, /* an argument breaks the contract; nothing was changed */
    ENOMEM = 3,  /* no memory for it now; nothing was changed */
    ENOENT = 4,  /* there is none of that name */
    ECHILD = 10, /* no child of that number */
    EAGAIN = 11, /* there are as many as there may be; nothing was changed */
    EFAULT = 14  /* the address is not mapped */
};

#endif
