/* Programs into memory: the plan of an ELF file, or all of a flat binary. */
#include "memory/layout.h"
#include "memory/memory.h"
#include "process/elf.h"
#include "process/process_memory.h"
#include "process/process_private.h"

enum { COPIED_AT_ONCE = 256 << 10 }; /* bytes, without a breath: 65,536 instructions */

static const struct elf_window window = {LAYOUT_USER_PROGRAM, LAYOUT_USER_END};

static int load_segment(struct process *process, const uint8_t *file,
                        const struct elf_segment *segment)
{
    vaddr_t first = paging_align_to_lower_page(segment->start);
    uint32_t offset = segment->start - first;
    size_t npages = page_of(offset + segment->memory_bytes + PAGE_SIZE - 1);
    uint8_t *pages = process_map(process, first, npages, segment->writable);
    if (!pages)
        return -ENOMEM;
    uint8_t *to = pages + offset;
    const uint8_t *from = file + segment->file_offset;
    for (size_t left = segment->file_bytes, part; left > 0;
         left -= part, to += part, from += part) {
        part = left < COPIED_AT_ONCE ? left : COPIED_AT_ONCE;
        memcpy(to, from, part);
        process_breathe();
    }
    return 0;
}

/* Loaded where programs begin, entered at its first byte; it may write all of itself. */
static const char *plan_flat(const struct program *program, struct elf_plan *plan)
{
    if (program->nbytes == 0)
        return "it is empty";
    if (program->nbytes > window.end - window.start)
        return "it is larger than the program's window";
    *plan = (struct elf_plan){
        .entry = window.start,
        .nsegments = 1,
        .segments = {{.start = window.start,
                      .memory_bytes = program->nbytes,
                      .file_bytes = program->nbytes,
                      .writable = true,
                      .executable = true}},
    };
    return NULL;
}

int image_load(struct process *process, const struct program *program, vaddr_t *entry,
               const char **why)
{
    struct elf_plan plan;
    *why = elf_is_one(program->bytes, program->nbytes)
               ? elf_read(program->bytes, program->nbytes, window, &plan)
               : plan_flat(program, &plan);
    if (*why)
        return -EINVARG;
    for (size_t i = 0; i < plan.nsegments; i++)
        if (load_segment(process, program->bytes, &plan.segments[i]))
            return -ENOMEM;
    *entry = plan.entry;
    return 0;
}
