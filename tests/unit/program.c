/* Names of programs from what loaders say about modules. */
#include "process/program.h"

#include "arena.h"
#include "case.h"
#include "lib/string.h"

CASE(program, names_are_the_first_word_without_folder_and_ending)
{
    static const struct {
        const char *text, *name;
    } names[] = {
        {"hello", "hello"},
        {"hello arguments/of it.elf", "hello"},
        {"/boot/programs/hello.elf", "hello"},
        {"build/flat.bin quiet", "flat"},
        {"a.elf.bin", "a.elf"},
        {".elf", ".elf"}, /* a name, or nothing would be left of it */
        {"x.elf", "x"},
        {"", ""},
        {"  hello", "hello"},
        {"hello\targument", "hello"},
        {"folder/", ""},
        {"a name that is longer", "a"},
        {"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyzabcde"},
        {"12345678901234567890123456789012.elf", "1234567890123456789012345678901"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[PROGRAM_NAME_BYTES];
        program_name(name, names[i].text);
        CHECK_TEXT(name, names[i].name);
    }
}

static struct program named(size_t index, const char *text)
{
    shared->info.modules[index] = (struct boot_module){.start = 0x200000, .end = 0x200123};
    string_copy(shared->info.modules[index].string, BOOT_STRING_BYTES, text);
    return program_of(&shared->info, index);
}

CASE(program, c19_a_module_without_a_name_gets_one)
{
    struct program program = named(0, "");
    CHECK_TEXT(program.name, "module1");
    CHECK(program.unnamed && !program.cut);
    CHECK_EQUAL(program.nbytes, 0x123);
    program = named(BOOT_MODULES_MAX - 1, " \t");
    CHECK_TEXT(program.name, "module32");
    program = named(1, "folder/ argument");
    CHECK_TEXT(program.name, "module2");
    program = named(1, "/boot/hello.elf");
    CHECK_TEXT(program.name, "hello");
    CHECK(!program.unnamed && !program.cut);
}

CASE(program, c21_a_name_that_is_cut_is_said_to_be)
{
    CHECK(!named(0, "1234567890123456789012345678901").cut);
    CHECK(!named(0, "/a/1234567890123456789012345678901.elf").cut);
    CHECK(named(0, "12345678901234567890123456789012").cut);
    CHECK_TEXT(named(0, "12345678901234567890123456789012").name,
               "1234567890123456789012345678901");
}
