/* Names of programs from what loaders say about modules. */
#include "process/program.h"

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
