/*
 * Theory. A tree lives from its first process's start until its last one is forgotten, and counts
 * both: its processes, and the blocks that are mapped for them. It is known by its number alone, so
 * that it holds together whoever of it has ended.
 */
#include "memory/kheap/kheap.h"
#include "memory/kheap/kheap_look.h"
#include "process/process_private.h"

struct process_tree {
    uint32_t number; /* its first process's */
    size_t nprocesses, nblocks;
};

enum { EIGHTHS = 8 };

int tree_join(struct process *process)
{
    struct process_tree *tree = process->parent ? process->parent->tree : NULL;
    if (tree && tree->nprocesses == TREE_PROCESSES_MOST)
        return -EAGAIN;
    if (!tree)
        tree = kzalloc(sizeof *tree);
    if (!tree)
        return -ENOMEM;
    tree->nprocesses++;
    process->tree = tree;
    return 0;
}

void tree_name(struct process *process)
{
    if (process->tree->number == 0)
        process->tree->number = process->pid;
}

void tree_leave(struct process *process)
{
    if (--process->tree->nprocesses == 0)
        kfree(process->tree);
    process->tree = NULL;
}

bool tree_may_take(const struct process *process, size_t nblocks)
{
    size_t has = process->tree->nblocks;
    size_t most = (kheap_free_blocks() + has) / EIGHTHS * TREE_SHARE;
    return nblocks <= most && has <= most - nblocks;
}

void tree_count(struct process *process, size_t taken, size_t given)
{
    process->nblocks += taken - given;
    process->tree->nblocks += taken - given;
}

uint32_t process_tree_number(const struct process *process)
{
    return process->tree ? process->tree->number : 0;
}

bool process_has_tree(uint32_t number)
{
    LIST_EACH(at, process_all())
    if (number && process_tree_number(LIST_ENTRY(at, struct process, all)) == number)
        return true;
    return false;
}
