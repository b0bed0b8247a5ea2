#include "lib/symbols.h"

#include "case.h"
#include "lib/string.h"

static const struct symbol list[] = {
    {0x1000, "first"}, {0x1010, "second"}, {0x2000, "third"}, {0x2100, ""}};
static const struct symbol_table table = {4, list};

CASE(symbols, every_address_has_the_function_that_holds_it)
{
    for (uint32_t address = 0x0ff0; address < 0x2110; address++) {
        const char *wanted = NULL;
        uint32_t offset = 0, start = 0;
        for (size_t i = 0; i + 1 < 4; i++)
            if (address >= list[i].address && address < list[i + 1].address) {
                wanted = list[i].name;
                start = list[i].address;
            }
        const char *got = symbols_find(&table, address, &offset);
        CHECK((got == NULL) == (wanted == NULL));
        if (wanted) {
            CHECK_TEXT(got, wanted);
            CHECK_EQUAL(offset, address - start);
        }
    }
}

CASE(symbols, an_empty_table_knows_nothing)
{
    static const struct symbol_table empty = {0, NULL};
    uint32_t offset;
    CHECK(symbols_find(&empty, 0x1000, &offset) == NULL);
}
