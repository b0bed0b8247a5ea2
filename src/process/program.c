#include "process/program.h"

#include "lib/format.h"
#include "lib/string.h"

static const struct boot_info *boot;

void program_init(const struct boot_info *info)
{
    boot = info;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool program_name(char *name, const char *text)
{
    while (is_blank(*text))
        text++;
    const char *start = text, *at = text;
    for (; *at && !is_blank(*at); at++)
        if (*at == '/')
            start = at + 1;
    size_t length = (size_t)(at - start);
    if (length > 4 && (string_starts_with(at - 4, ".elf") || string_starts_with(at - 4, ".bin")))
        length -= 4;
    bool whole = length < PROGRAM_NAME_BYTES;
    string_copy(name, whole ? length + 1 : PROGRAM_NAME_BYTES, start);
    return whole;
}

struct program program_of(const struct boot_info *info, size_t index)
{
    const struct boot_module *module = &info->modules[index];
    struct program program = {.bytes = (const uint8_t *)(uintptr_t)module->start,
                              .nbytes = module->end - module->start};
    program.cut = !program_name(program.name, module->string);
    program.unnamed = !program.name[0];
    if (program.unnamed)
        format_text(program.name, sizeof program.name, "module%zu", index + 1);
    return program;
}

size_t program_count(void)
{
    return boot ? boot->nmodules : 0;
}

struct program program_at(size_t index)
{
    return program_of(boot, index);
}

bool program_find(const char *name, struct program *program)
{
    for (size_t i = 0; i < program_count(); i++) {
        *program = program_at(i);
        if (string_equal(program->name, name))
            return true;
    }
    return false;
}
