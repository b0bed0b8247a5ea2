#include "process/elf.h"

#include "memory/memory.h"

enum {
    CLASS_32 = 1,
    LITTLE_ENDIAN_DATA = 1,
    VERSION_CURRENT = 1,
    TYPE_EXECUTABLE = 2,
    MACHINE_386 = 3,
    PROGRAM_LOAD = 1,
    PROGRAM_DYNAMIC = 2,
    PROGRAM_INTERPRETER = 3,
    PROGRAM_THREAD_LOCAL = 7,
    NPROGRAMS_ELSEWHERE = 0xffff, /* the number stands in section header 0 */
    FLAG_EXECUTABLE = 1,
    FLAG_WRITABLE = 2
};

struct elf_header {
    uint8_t magic[4], class, data, ident_version, padding[9];
    uint16_t type, machine;
    uint32_t version, entry, program_offset, section_offset, flags;
    uint16_t header_bytes, program_bytes, nprograms, section_bytes, nsections, names_index;
};
_Static_assert(sizeof(struct elf_header) == 52, "ELF32's header has 52 bytes");

struct elf_program {
    uint32_t type, offset, vaddr, paddr, file_bytes, memory_bytes, flags, alignment;
};
_Static_assert(sizeof(struct elf_program) == 32, "ELF32's program header has 32 bytes");

/* Whether COUNT bytes from OFFSET on are in a file of NBYTES; no bytes always are. */
static bool in_file(size_t nbytes, uint32_t offset, uint32_t count)
{
    return count == 0 || (offset <= nbytes && count <= nbytes - offset);
}

bool elf_is_one(const void *file, size_t nbytes)
{
    static const uint8_t magic[4] = {0x7f, 'E', 'L', 'F'};
    return nbytes >= sizeof magic && memcmp(file, magic, sizeof magic) == 0;
}

static const char *judge_header(const struct elf_header *header, size_t nbytes)
{
    if (header->class != CLASS_32)
        return "not for 32 bits";
    if (header->data != LITTLE_ENDIAN_DATA)
        return "not little-endian";
    if (header->ident_version != VERSION_CURRENT || header->version != VERSION_CURRENT)
        return "unknown version";
    if (header->type != TYPE_EXECUTABLE)
        return "not an executable with fixed addresses";
    if (header->machine != MACHINE_386)
        return "not for the i386";
    if (header->program_bytes != sizeof(struct elf_program))
        return "its program headers have another size";
    if (header->nprograms == NPROGRAMS_ELSEWHERE)
        return "it has too many program headers";
    if (!in_file(nbytes, header->program_offset,
                 header->nprograms * (uint32_t)sizeof(struct elf_program)))
        return "its program headers lie outside of the file";
    return NULL;
}

static const char *judge_segment(const struct elf_program *program, size_t nbytes,
                                 struct elf_window window)
{
    if (program->file_bytes > program->memory_bytes)
        return "a segment has more bytes in the file than in memory";
    if (!in_file(nbytes, program->offset, program->file_bytes))
        return "a segment lies outside of the file";
    if (program->memory_bytes > 0 &&
        (program->vaddr < window.start || program->vaddr >= window.end ||
         program->memory_bytes > window.end - program->vaddr))
        return "a segment lies outside of the program's window";
    return NULL;
}

static void insert(struct elf_plan *plan, struct elf_segment segment)
{
    size_t place = plan->nsegments++;
    for (; place > 0 && plan->segments[place - 1].start > segment.start; place--)
        plan->segments[place] = plan->segments[place - 1];
    plan->segments[place] = segment;
}

/* In the order of their addresses, each need only end before the next one's page. */
static bool share_a_page(const struct elf_plan *plan)
{
    for (size_t i = 1; i < plan->nsegments; i++) {
        const struct elf_segment *below = &plan->segments[i - 1];
        if (page_of(below->start + below->memory_bytes - 1) >= page_of(plan->segments[i].start))
            return true;
    }
    return false;
}

static bool is_entry(const struct elf_plan *plan)
{
    for (size_t i = 0; i < plan->nsegments; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        if (segment->executable && plan->entry >= segment->start &&
            plan->entry - segment->start < segment->file_bytes)
            return true;
    }
    return false;
}

static const char *add_program(struct elf_plan *plan, const struct elf_program *program,
                               size_t nbytes, struct elf_window window)
{
    if (program->type == PROGRAM_DYNAMIC || program->type == PROGRAM_INTERPRETER)
        return "it wants to be linked when it is loaded";
    if (program->type == PROGRAM_THREAD_LOCAL)
        return "it has thread-local variables";
    if (program->type != PROGRAM_LOAD)
        return NULL;
    const char *wrong = judge_segment(program, nbytes, window);
    if (wrong || program->memory_bytes == 0)
        return wrong;
    if (plan->nsegments == ELF_SEGMENTS_MAX)
        return "it has too many segments";
    insert(plan, (struct elf_segment){
                     .start = program->vaddr,
                     .memory_bytes = program->memory_bytes,
                     .file_offset = program->file_bytes > 0 ? program->offset : 0,
                     .file_bytes = program->file_bytes,
                     .writable = program->flags & FLAG_WRITABLE,
                     .executable = program->flags & FLAG_EXECUTABLE,
                 });
    return NULL;
}

const char *elf_read(const void *file, size_t nbytes, struct elf_window window,
                     struct elf_plan *plan)
{
    struct elf_header header;
    if (!elf_is_one(file, nbytes))
        return "not an ELF file";
    if (nbytes < sizeof header)
        return "its header is cut off";
    memcpy(&header, file, sizeof header);
    const char *wrong = judge_header(&header, nbytes);
    *plan = (struct elf_plan){.entry = header.entry};
    for (uint32_t i = 0; i < header.nprograms && !wrong; i++) {
        struct elf_program program; /* the file may lie anywhere */
        memcpy(&program, (const uint8_t *)file + header.program_offset + i * sizeof program,
               sizeof program);
        wrong = add_program(plan, &program, nbytes, window);
    }
    if (wrong)
        return wrong;
    if (plan->nsegments == 0)
        return "nothing of it is to be loaded";
    if (share_a_page(plan))
        return "two segments share a page";
    if (!is_entry(plan))
        return "its entry is not in a segment with code";
    return NULL;
}
