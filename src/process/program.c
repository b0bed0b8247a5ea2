#include "process/program.h"

#include "lib/string.h"

static const struct boot_info *boot;

void program_init(const struct boot_info *info)
{
    boot = info;
}

void program_name(char *name, const char *text)
{
    const char *start = text, *at = text;
    for (; *at && *at != ' '; at++)
        if (*at == '/')
            start = at + 1;
    size_t length = (size_t)(at - start);
    if (length > 4 && (string_starts_with(at - 4, ".elf") || string_starts_with(at - 4, ".bin")))
        length -= 4;
    string_copy(name, length + 1 < PROGRAM_NAME_BYTES ? length + 1 : PROGRAM_NAME_BYTES, start);
}

size_t program_count(void)
{
    return boot ? boot->nmodules : 0;
}

struct program program_at(size_t index)
{
    const struct boot_module *module = &boot->modules[index];
    struct program program = {.bytes = (const uint8_t *)(uintptr_t)module->start,
                              .nbytes = module->end - module->start};
    program_name(program.name, module->string);
    return program;
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
