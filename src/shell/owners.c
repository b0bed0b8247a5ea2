#include "shell/owners.h"

/* Colours of allocations: Okabe and Ito's, which people with any kind of eyes can tell apart. */
const struct owner_look owner_looks[HEAP_OWNERS] = {
    [OWNER_FREE] = {"free", '.', 0x1e1e28},       [OWNER_HOLE] = {"not ours", '#', 0x484848},
    [OWNER_KEPT] = {"kept", '-', 0x8a8a8a},       [OWNER_SLAB] = {"small", 'S', 0x56b4e9},
    [OWNER_SPAN] = {"middle", 'M', 0x8088ff},     [OWNER_KERNEL] = {"kernel", 'K', 0xe69f00},
    [OWNER_PAGING] = {"paging", 'P', 0xcc79a7},   [OWNER_SHELL] = {"shell", 'H', 0xf0e442},
    [OWNER_GUARDED] = {"guarded", 'G', 0xd55e00}, [OWNER_WINDOW] = {"window", 'W', 0x0072b2},
    [OWNER_DEVICE] = {"device", 'D', 0xaa3377},   [OWNER_PROCESS] = {"process", 'U', 0x009e73},
};
