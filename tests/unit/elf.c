/* Programs as files: whatever stands in them, they are planned rightly or refused. */
#include "process/elf.h"

#include "arena.h"
#include "case.h"
#include "elf_oracle.h"

#define START        0x40000000u
#define END          0x40100000u
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { LOAD = 1, R = 4, W = 2, X = 1, PAGE = PAGE_SIZE };

/* The file that a case has made, what is said of it, and how it is planned if it is right. */
static uint8_t *file;
static size_t length;
static unsigned says;
static struct elf_plan plan;

static const struct elf_window window = {START, END};

static void set(size_t at, size_t width, uint32_t value)
{
    for (size_t i = 0; i < width; i++)
        file[at + i] = (uint8_t)(value >> 8 * i);
}

/* Where field AT of program header I stands. */
static size_t in_program(size_t i, size_t at)
{
    return E_SIZE + i * P_SIZE + at;
}

/* The file, now of NBYTES, ends where its room does: on the host, who reads on is caught. */
static void place(size_t nbytes)
{
    static uint8_t room[640]; /* most files; the sanitizer does not see the arena's end */
    length = nbytes;
    file = nbytes <= sizeof room ? room + sizeof room - nbytes
                                 : (uint8_t *)arena + ARENA_BLOCKS * ARENA_BLOCK_SIZE - nbytes;
}

/* A file with a right header, NPROGRAMS program headers of type 0 and NBYTES of zeros. */
static void begin(size_t nprograms, size_t nbytes)
{
    place(E_SIZE + nprograms * P_SIZE + nbytes);
    memset(file, 0, length);
    set(0, 4, 0x464c457f);
    set(E_CLASS, 1, 1);
    set(E_DATA, 1, 1);
    set(E_IDENT_VERSION, 1, 1);
    set(E_TYPE, 2, 2);
    set(E_MACHINE, 2, 3);
    set(E_VERSION, 4, 1);
    set(E_PHOFF, 4, E_SIZE);
    set(E_EHSIZE, 2, E_SIZE);
    set(E_PHENTSIZE, 2, P_SIZE);
    set(E_PHNUM, 2, (uint32_t)nprograms);
}

static void set_program(size_t i, uint32_t flags, uint32_t start, uint32_t offset,
                        uint32_t file_bytes, uint32_t memory_bytes)
{
    set(in_program(i, P_TYPE), 4, LOAD);
    set(in_program(i, P_OFFSET), 4, offset);
    set(in_program(i, P_VADDR), 4, start);
    set(in_program(i, P_FILESZ), 4, file_bytes);
    set(in_program(i, P_MEMSZ), 4, memory_bytes);
    set(in_program(i, P_FLAGS), 4, flags);
    set(in_program(i, P_ALIGN), 4, PAGE);
}

/* Sets SAYS and PLAN; NULL, or how that differs from what the oracle says. */
static const char *read_in(struct elf_window in)
{
    return elf_compare(file, length, in, &plan, &says);
}

static const char *read(void)
{
    return read_in(window);
}

#define CHECK_SAYS(fault)                                                                          \
    do {                                                                                           \
        CHECK_HOLDS(read());                                                                       \
        CHECK_TEXT(elf_sentence(says), elf_sentence(fault));                                       \
    } while (0)

/* -- Good files -- */

enum {
    TEXT = START + 0x1094,
    DATA = START + 0x2fe0,
    BSS = START + 0x6010,
    TEXT_OFFSET = E_SIZE + 3 * P_SIZE,
    TEXT_BYTES = 64,
    DATA_OFFSET = TEXT_OFFSET + TEXT_BYTES,
    DATA_BYTES = 32,
    DATA_MEMORY = 0x1040, /* to the first page's end, all of the next, and some of a third one */
    BSS_MEMORY = 0x1800,
    LENGTH = DATA_OFFSET + DATA_BYTES
};

/* Text, data up to the file's end, and memory without bytes in the file. */
static void make_program(void)
{
    begin(3, TEXT_BYTES + DATA_BYTES);
    set(E_ENTRY, 4, TEXT + 4);
    set_program(0, R | X, TEXT, TEXT_OFFSET, TEXT_BYTES, TEXT_BYTES);
    set_program(1, R | W, DATA, DATA_OFFSET, DATA_BYTES, DATA_MEMORY);
    set_program(2, R | W, BSS, 0, 0, BSS_MEMORY);
}

CASE(elf, a_program_is_planned)
{
    make_program();
    CHECK_SAYS(RIGHT);
    const struct elf_segment *segments = plan.segments;
    CHECK(plan.entry == TEXT + 4 && plan.nsegments == 3);
    CHECK(segments[0].start == TEXT && segments[0].memory_bytes == TEXT_BYTES);
    CHECK(segments[0].file_offset == TEXT_OFFSET && segments[0].file_bytes == TEXT_BYTES);
    CHECK(segments[0].executable && !segments[0].writable);
    CHECK(segments[1].start == DATA && segments[1].memory_bytes == DATA_MEMORY);
    CHECK(segments[1].file_offset == DATA_OFFSET && segments[1].file_bytes == DATA_BYTES);
    CHECK(!segments[1].executable && segments[1].writable);
    CHECK(segments[2].start == BSS && segments[2].memory_bytes == BSS_MEMORY);
    CHECK(segments[2].file_offset == 0 && segments[2].file_bytes == 0);
    CHECK(!segments[2].executable && segments[2].writable);
}

CASE(elf, a_file_may_lie_at_any_address)
{
    for (size_t i = 0; i < 16; i++) {
        make_program();
        memmove(file - i, file, length);
        file -= i;
        CHECK_SAYS(RIGHT);
    }
}

static uint32_t segment_start(uint32_t segment)
{
    return START + segment * 0x3123;
}

static uint32_t segment_file_bytes(uint32_t segment)
{
    return segment == 2 ? 0 : 16 + segment;
}

static uint32_t segment_memory_bytes(uint32_t segment)
{
    return 16 + segment * 0x401;
}

/* Program headers for NSEGMENTS of up to 9 segments, the first one code, in the ORDERth order. */
static void make_in_order(uint32_t nsegments, uint32_t order)
{
    uint8_t left[ELF_SEGMENTS_MAX + 1] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t offset = E_SIZE + nsegments * P_SIZE;
    begin(nsegments, nsegments * 32);
    set(E_ENTRY, 4, segment_start(0) + 15);
    for (uint32_t nleft = nsegments; nleft > 0; nleft--) {
        uint32_t pick = order % nleft, segment = left[pick];
        order /= nleft;
        left[pick] = left[nleft - 1];
        set_program(nsegments - nleft,
                    segment == 0  ? R | X
                    : segment & 1 ? R | W
                                  : R,
                    segment_start(segment), offset + segment * 32, segment_file_bytes(segment),
                    segment_memory_bytes(segment));
    }
}

CASE(elf, one_to_eight_segments_in_any_order)
{
    uint32_t orders = 1;
    for (uint32_t count = 1; count <= ELF_SEGMENTS_MAX; count++) {
        orders *= count;
        for (uint32_t order = 0; order < orders; order += count < 6 ? 1 : 61) {
            make_in_order(count, order);
            CHECK_SAYS(RIGHT);
            CHECK_EQUAL(plan.nsegments, count);
            for (uint32_t i = 0; i < count; i++) {
                CHECK_EQUAL(plan.segments[i].start, segment_start(i));
                CHECK_EQUAL(plan.segments[i].file_bytes, segment_file_bytes(i));
                CHECK_EQUAL(plan.segments[i].memory_bytes, segment_memory_bytes(i));
            }
        }
    }
}

CASE(elf, nine_segments_are_too_many)
{
    for (uint32_t i = 0; i <= ELF_SEGMENTS_MAX; i++) {
        make_in_order(ELF_SEGMENTS_MAX + 1, i);
        CHECK_SAYS(WRONG_COUNT);
    }
    for (uint32_t i = 1; i <= ELF_SEGMENTS_MAX; i++) { /* without memory it is none */
        make_in_order(ELF_SEGMENTS_MAX + 1, 0);
        set(in_program(i, P_FILESZ), 4, 0);
        set(in_program(i, P_MEMSZ), 4, 0);
        CHECK_SAYS(RIGHT);
        CHECK_EQUAL(plan.nsegments, ELF_SEGMENTS_MAX);
    }
}

/* Thousands of them, and the one that counts stands last. */
CASE(elf, program_headers_of_other_types_are_left_out)
{
    static const uint32_t types[] = {0, 4, 5, 6, 8, 0x101, 0x6474e551, 0x80000001, UINT32_MAX};
    enum { MANY = 8000 };
    begin(MANY, 16);
    set(E_ENTRY, 4, START);
    for (size_t i = 0; i < MANY - 1; i++) {
        memset(file + in_program(i, 0), 0xff, P_SIZE);
        set(in_program(i, P_TYPE), 4, types[i % COUNT(types)]);
    }
    set_program(MANY - 1, R | X, START, E_SIZE + MANY * P_SIZE, 16, 16);
    CHECK(elf_read(file, length, window, &plan) == NULL); /* the oracle takes too long */
    CHECK_EQUAL(plan.nsegments, 1);
    CHECK_EQUAL(plan.segments[0].file_offset, E_SIZE + MANY * P_SIZE);
}

/* Program headers behind everything else, at each offset. */
CASE(elf, program_headers_may_stand_anywhere)
{
    for (size_t gap = 0; gap < 8; gap++) {
        make_program();
        size_t nbytes = 3 * P_SIZE, from = E_SIZE, to = LENGTH + gap;
        memmove((uint8_t *)arena, file, LENGTH);
        place(to + nbytes);
        memset(file, 0xff, length);
        memmove(file, (uint8_t *)arena, LENGTH);
        memmove(file + to, file + from, nbytes);
        set(E_PHOFF, 4, (uint32_t)to);
        CHECK_SAYS(RIGHT);
        set(E_PHOFF, 4, (uint32_t)to + 1);
        CHECK_SAYS(WRONG_PHOFF);
    }
}

/* -- Bad ones -- */

/* Each beginning of a file, at its room's end. */
CASE(elf, no_beginning_of_a_file_is_read_past)
{
    for (size_t nbytes = LENGTH; nbytes-- > 0;) {
        make_program();
        memmove(file + LENGTH - nbytes, file, nbytes);
        place(nbytes);
        CHECK_SAYS(nbytes < 4             ? WRONG_MAGIC
                   : nbytes < E_SIZE      ? WRONG_LENGTH
                   : nbytes < TEXT_OFFSET ? WRONG_PHOFF
                                          : WRONG_OFFSET);
    }
    CHECK(!elf_is_one(NULL, 0));
    CHECK_TEXT(elf_read(NULL, 0, window, &plan), elf_sentence(WRONG_MAGIC));
}

CASE(elf, only_four_bytes_make_an_elf_file)
{
    make_program();
    for (size_t nbytes = 0; nbytes < 8; nbytes++)
        CHECK_EQUAL(elf_is_one(file, nbytes), nbytes >= 4);
    for (size_t bit = 0; bit < 32; bit++) {
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(!elf_is_one(file, length));
        CHECK_SAYS(WRONG_MAGIC);
        file[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CHECK_SAYS(RIGHT);
}

/* A field's place, its bytes, what is said, and of which value. */
struct change {
    uint8_t at, width, says;
    uint32_t value;
};

/* Makes each of COUNT changes, and no other, to the program; BASE is where its places begin. */
static void check_changes(struct case_run *run_, size_t base, const struct change *changes,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        make_program();
        set(base + changes[i].at, changes[i].width, changes[i].value);
        CHECK_HOLDS(read());
        if (says == changes[i].says)
            continue;
        case_fail(run_, __FILE__, __LINE__, "%u, at %u+%u, is \"%s\"", changes[i].value,
                  (unsigned)base, changes[i].at, elf_sentence(says));
        return;
    }
}

CASE(elf, fields_of_the_header_at_their_extremes)
{
    static const struct change changes[] = {
        {E_CLASS, 1, WRONG_CLASS, 0},
        {E_CLASS, 1, WRONG_CLASS, 2},
        {E_CLASS, 1, WRONG_CLASS, 0x81},
        {E_CLASS, 1, WRONG_CLASS, 0xff},
        {E_DATA, 1, WRONG_DATA, 0},
        {E_DATA, 1, WRONG_DATA, 2},
        {E_DATA, 1, WRONG_DATA, 0x81},
        {E_DATA, 1, WRONG_DATA, 0xff},
        {E_IDENT_VERSION, 1, WRONG_VERSION, 0},
        {E_IDENT_VERSION, 1, WRONG_VERSION, 2},
        {E_IDENT_VERSION, 1, WRONG_VERSION, 0x81},
        {E_IDENT_VERSION, 1, WRONG_VERSION, 0xff},
        {E_PADDING, 4, RIGHT, UINT32_MAX},
        {E_PADDING + 5, 4, RIGHT, UINT32_MAX},
        {E_TYPE, 2, WRONG_TYPE, 0},
        {E_TYPE, 2, WRONG_TYPE, 1},
        {E_TYPE, 2, WRONG_TYPE, 3},
        {E_TYPE, 2, WRONG_TYPE, 4},
        {E_TYPE, 2, WRONG_TYPE, 0x102},
        {E_TYPE, 2, WRONG_TYPE, 0x8002},
        {E_TYPE, 2, WRONG_TYPE, 0xffff},
        {E_MACHINE, 2, WRONG_MACHINE, 0},
        {E_MACHINE, 2, WRONG_MACHINE, 1},
        {E_MACHINE, 2, WRONG_MACHINE, 2},
        {E_MACHINE, 2, WRONG_MACHINE, 4},
        {E_MACHINE, 2, WRONG_MACHINE, 62},
        {E_MACHINE, 2, WRONG_MACHINE, 0x103},
        {E_MACHINE, 2, WRONG_MACHINE, 0x8003},
        {E_MACHINE, 2, WRONG_MACHINE, 0xffff},
        {E_VERSION, 4, WRONG_VERSION, 0},
        {E_VERSION, 4, WRONG_VERSION, 2},
        {E_VERSION, 4, WRONG_VERSION, 0x101},
        {E_VERSION, 4, WRONG_VERSION, 0x80000001},
        {E_VERSION, 4, WRONG_VERSION, UINT32_MAX},
        {E_PHOFF, 4, WRONG_NOTHING, 0}, /* the header as program headers */
        {E_PHOFF, 4, RIGHT, E_SIZE},
        {E_PHOFF, 4, WRONG_NOTHING, LENGTH - 3 * P_SIZE}, /* zeros */
        {E_PHOFF, 4, WRONG_PHOFF, LENGTH - 3 * P_SIZE + 1},
        {E_PHOFF, 4, WRONG_PHOFF, LENGTH},
        {E_PHOFF, 4, WRONG_PHOFF, LENGTH + 1},
        {E_PHOFF, 4, WRONG_PHOFF, 0x80000000 + E_SIZE},
        {E_PHOFF, 4, WRONG_PHOFF, 0u - 3 * P_SIZE - 1},
        {E_PHOFF, 4, WRONG_PHOFF, 0u - 3 * P_SIZE},
        {E_PHOFF, 4, WRONG_PHOFF, 0u - 3 * P_SIZE + E_SIZE},
        {E_PHOFF, 4, WRONG_PHOFF, UINT32_MAX},
        {E_SHOFF, 4, RIGHT, UINT32_MAX},
        {E_FLAGS, 4, RIGHT, UINT32_MAX},
        {E_EHSIZE, 2, RIGHT, 0},
        {E_EHSIZE, 2, RIGHT, 0xffff},
        {E_PHENTSIZE, 2, WRONG_PHENTSIZE, 0},
        {E_PHENTSIZE, 2, WRONG_PHENTSIZE, 1},
        {E_PHENTSIZE, 2, WRONG_PHENTSIZE, P_SIZE - 1},
        {E_PHENTSIZE, 2, WRONG_PHENTSIZE, P_SIZE + 1},
        {E_PHENTSIZE, 2, WRONG_PHENTSIZE, 0x100 + P_SIZE},
        {E_PHENTSIZE, 2, WRONG_PHENTSIZE, 0x8000 + P_SIZE},
        {E_PHENTSIZE, 2, WRONG_PHENTSIZE, 0xffff},
        {E_PHNUM, 2, WRONG_NOTHING, 0},
        {E_PHNUM, 2, RIGHT, 1},
        {E_PHNUM, 2, RIGHT, 4}, /* what follows the third one is zeros */
        {E_PHNUM, 2, RIGHT, (LENGTH - E_SIZE) / P_SIZE},
        {E_PHNUM, 2, WRONG_PHOFF, (LENGTH - E_SIZE) / P_SIZE + 1},
        {E_PHNUM, 2, WRONG_PHOFF, 0x8003},
        {E_PHNUM, 2, WRONG_PHOFF, 0xfffe},
        {E_PHNUM, 2, WRONG_PHNUM, 0xffff},
        {E_SHENTSIZE, 2, RIGHT, 0xffff},
        {E_SHNUM, 2, RIGHT, 0xffff},
        {E_SHSTRNDX, 2, RIGHT, 0xffff},
    };
    check_changes(run_, 0, changes, COUNT(changes));
}

/* Of the data, behind which comes memory; the text stands below and the other memory above. */
CASE(elf, fields_of_a_program_header_at_their_extremes)
{
    static const struct change changes[] = {
        {P_TYPE, 4, RIGHT, 0},
        {P_TYPE, 4, WRONG_LINKED, 2},
        {P_TYPE, 4, WRONG_LINKED, 3},
        {P_TYPE, 4, RIGHT, 4},
        {P_TYPE, 4, RIGHT, 6},
        {P_TYPE, 4, WRONG_THREADS, 7},
        {P_TYPE, 4, RIGHT, 0x101},
        {P_TYPE, 4, RIGHT, 0x6474e551},
        {P_TYPE, 4, RIGHT, 0x80000001},
        {P_TYPE, 4, RIGHT, UINT32_MAX},
        {P_OFFSET, 4, RIGHT, 0},
        {P_OFFSET, 4, RIGHT, 1},
        {P_OFFSET, 4, RIGHT, LENGTH - DATA_BYTES},
        {P_OFFSET, 4, WRONG_OFFSET, LENGTH - DATA_BYTES + 1},
        {P_OFFSET, 4, WRONG_OFFSET, LENGTH},
        {P_OFFSET, 4, WRONG_OFFSET, LENGTH + 1},
        {P_OFFSET, 4, WRONG_OFFSET, 0x80000000},
        {P_OFFSET, 4, WRONG_OFFSET, 0x80000000 + DATA_OFFSET},
        {P_OFFSET, 4, WRONG_OFFSET, 0u - DATA_BYTES}, /* up to 4 GB, or 0 */
        {P_OFFSET, 4, WRONG_OFFSET, 1u - DATA_BYTES},
        {P_OFFSET, 4, WRONG_OFFSET, UINT32_MAX},
        {P_VADDR, 4, RIGHT, TEXT / PAGE * PAGE + PAGE},
        {P_VADDR, 4, WRONG_PAGE, TEXT / PAGE * PAGE + PAGE - 1},
        {P_VADDR, 4, RIGHT, BSS / PAGE * PAGE - DATA_MEMORY},
        {P_VADDR, 4, WRONG_PAGE, BSS / PAGE * PAGE - DATA_MEMORY + 1},
        {P_VADDR, 4, WRONG_PAGE, TEXT},
        {P_VADDR, 4, WRONG_PAGE, BSS},
        {P_VADDR, 4, RIGHT, END - DATA_MEMORY},
        {P_VADDR, 4, WRONG_PLACE, END - DATA_MEMORY + 1},
        {P_VADDR, 4, WRONG_PLACE, END - 1},
        {P_VADDR, 4, WRONG_PLACE, END},
        {P_VADDR, 4, WRONG_PLACE, 0u - DATA_MEMORY - 1},
        {P_VADDR, 4, WRONG_PLACE, DATA ^ 0x80000000},
        {P_PADDR, 4, RIGHT, UINT32_MAX},
        {P_FILESZ, 4, RIGHT, 0},
        {P_FILESZ, 4, RIGHT, 1},
        {P_FILESZ, 4, RIGHT, DATA_BYTES},
        {P_FILESZ, 4, WRONG_OFFSET, DATA_BYTES + 1},
        {P_FILESZ, 4, WRONG_OFFSET, DATA_MEMORY},
        {P_FILESZ, 4, WRONG_FILESZ, DATA_MEMORY + 1},
        {P_FILESZ, 4, WRONG_FILESZ, 0x80000000},
        {P_FILESZ, 4, WRONG_FILESZ, 0u - DATA_OFFSET},
        {P_FILESZ, 4, WRONG_FILESZ, UINT32_MAX},
        {P_MEMSZ, 4, WRONG_FILESZ, 0},
        {P_MEMSZ, 4, WRONG_FILESZ, 1},
        {P_MEMSZ, 4, WRONG_FILESZ, DATA_BYTES - 1},
        {P_MEMSZ, 4, RIGHT, DATA_BYTES},
        {P_MEMSZ, 4, RIGHT, BSS / PAGE * PAGE - DATA},
        {P_MEMSZ, 4, WRONG_PAGE, BSS / PAGE * PAGE - DATA + 1},
        {P_MEMSZ, 4, WRONG_PAGE, END - DATA},
        {P_MEMSZ, 4, WRONG_PLACE, END - DATA + 1},
        {P_MEMSZ, 4, WRONG_PLACE, 0x80000000 - DATA},
        {P_MEMSZ, 4, WRONG_PLACE, 0x80000000},
        {P_MEMSZ, 4, WRONG_PLACE, 0u - DATA - 1},
        {P_MEMSZ, 4, WRONG_PLACE, 0u - DATA}, /* up to 4 GB, or 0 */
        {P_MEMSZ, 4, WRONG_PLACE, 1u - DATA},
        {P_MEMSZ, 4, WRONG_PLACE, START - DATA + 1}, /* nearly once around */
        {P_MEMSZ, 4, WRONG_PLACE, UINT32_MAX},
        {P_FLAGS, 4, RIGHT, 0},
        {P_FLAGS, 4, RIGHT, X},
        {P_FLAGS, 4, RIGHT, W},
        {P_FLAGS, 4, RIGHT, R | W | X},
        {P_FLAGS, 4, RIGHT, ~(uint32_t)(W | X)},
        {P_FLAGS, 4, RIGHT, UINT32_MAX},
        {P_ALIGN, 4, RIGHT, 0},
        {P_ALIGN, 4, RIGHT, 3},
        {P_ALIGN, 4, RIGHT, UINT32_MAX},
    };
    check_changes(run_, in_program(1, 0), changes, COUNT(changes));
}

/* What the header allows is also planned so, and nothing else. */
CASE(elf, flags_are_planned)
{
    for (uint32_t flags = 0; flags < 16; flags++) {
        make_program();
        set(in_program(1, P_FLAGS), 4, flags | (flags & 8 ? 0xfffffff0 : 0));
        CHECK_SAYS(RIGHT);
        CHECK_EQUAL(plan.segments[1].writable, flags >> 1 & 1);
        CHECK_EQUAL(plan.segments[1].executable, flags & 1);
    }
}

CASE(elf, s4_addresses_of_the_kernel_are_refused)
{
    static const uint32_t wrong[] = {
        0,           1,          0x7e00,         0xb8000,    0x100000,   0x3fffff,
        0x400000,    0x7fffffff, 0x80000000,     0xc0000000, 0xfee00000, 0xffffe000,
        START - 1,   START - 64, START - 0x1000, END - 63,   END - 1,    END,
        END + 0xfff, 0u - 65,    0u - 64,        0u - 63,    UINT32_MAX};
    for (size_t i = 0; i < COUNT(wrong); i++)
        for (size_t program = 0; program < 3; program++) {
            make_program();
            set(in_program(program, P_VADDR), 4, wrong[i]);
            set(in_program(program, P_MEMSZ), 4, 64);
            CHECK_SAYS(WRONG_PLACE);
        }
}

/* An address that wraps into the window is not in it, and neither is one that wraps out of it. */
CASE(elf, s4_segments_that_wrap_are_refused)
{
    static const struct elf_window windows[] = {
        {START, END}, {0, END}, {0, PAGE}, {START, 0xfffff000}, {0, 0xfffff000}};
    static const uint32_t starts[] = {0x80000000, 0xffffe000, 0xffffefff, 0xfffff000, 0xffffffff};
    for (size_t i = 0; i < COUNT(windows); i++)
        for (size_t j = 0; j < COUNT(starts); j++)
            for (uint32_t to = 0; to < 3; to++) {
                uint32_t end = to == 0 ? 0 : to == 1 ? windows[i].start + 1 : windows[i].end;
                make_program();
                set(in_program(2, P_VADDR), 4, starts[j]);
                set(in_program(2, P_MEMSZ), 4, end - starts[j]);
                CHECK_HOLDS(read_in(windows[i]));
                bool fits = i >= 3 && to == 2 && starts[j] <= windows[i].end; /* or is nothing */
                CHECK_EQUAL(says == RIGHT, fits);
            }
}

/* The memory behind a segment's bytes from the file is zero, and not what follows in the file. */
CASE(elf, s4_more_memory_than_file_takes_nothing_else_from_the_file)
{
    for (uint32_t memory = DATA_BYTES; memory <= DATA_MEMORY; memory++) {
        make_program();
        set(in_program(1, P_OFFSET), 4, TEXT_OFFSET);
        set(in_program(1, P_MEMSZ), 4, memory);
        CHECK_SAYS(RIGHT);
        CHECK_EQUAL(plan.segments[1].file_offset, TEXT_OFFSET);
        CHECK_EQUAL(plan.segments[1].file_bytes, DATA_BYTES);
        CHECK_EQUAL(plan.segments[1].memory_bytes, memory);
    }
}

/* An offset without bytes there means nothing: linkers write many things. */
CASE(elf, s4_bss_has_nothing_of_the_elf_header)
{
    static const uint32_t offsets[] = {0,          1,          LENGTH - 1, LENGTH,
                                       LENGTH + 1, 0x80000000, 0xfffff000, UINT32_MAX};
    for (size_t i = 0; i < COUNT(offsets); i++) {
        make_program();
        set(in_program(2, P_OFFSET), 4, offsets[i]);
        CHECK_SAYS(RIGHT);
        CHECK(plan.segments[2].file_bytes == 0 && plan.segments[2].file_offset == 0);
        CHECK_EQUAL(plan.segments[2].memory_bytes, BSS_MEMORY);
    }
}

/* Two segments at all places around the ends of pages, in both orders. */
CASE(elf, s4_no_two_segments_get_the_same_page)
{
    static const uint32_t starts[] = {0x4000, 0x4fff, 0x5000, 0x5001, 0x5fff, 0x6000, 0x7000};
    static const uint32_t lengths[] = {1, 2, 0xfff, 0x1000, 0x1001, 0x2000, 0x4000};
    size_t right = 0, wrong = 0;
    for (uint32_t i = 0; i < COUNT(starts) * COUNT(starts); i++)
        for (uint32_t j = 0; j < COUNT(lengths) * COUNT(lengths); j++) {
            uint32_t pages[2] = {0, 0};
            begin(2, 1);
            for (uint32_t k = 0; k < 2; k++) {
                uint32_t start = starts[k ? i / COUNT(starts) : i % COUNT(starts)];
                uint32_t nbytes = lengths[k ? j / COUNT(lengths) : j % COUNT(lengths)];
                set_program(k, X, START + start, 0, 1, nbytes);
                set(E_ENTRY, 4, START + start);
                for (uint32_t page = 0; page < 16; page++)
                    if (start < (page + 1) * PAGE && start + nbytes > page * PAGE)
                        pages[k] |= 1u << page;
            }
            CHECK_SAYS(pages[0] & pages[1] ? WRONG_PAGE : RIGHT);
            *(says == RIGHT ? &right : &wrong) += 1;
        }
    CHECK(right > 100 && wrong > 100);
}

/* One that lies over all others, or within one, wherever its header stands. */
CASE(elf, s4_segments_over_many_others_are_refused)
{
    for (uint32_t count = 2; count <= ELF_SEGMENTS_MAX; count++)
        for (uint32_t i = 0; i < count; i++) {
            make_in_order(count, i);
            set(in_program(i, P_VADDR), 4, START);
            set(in_program(i, P_MEMSZ), 4, END - START);
            CHECK_SAYS(WRONG_PAGE);
            make_in_order(count, i);
            set(in_program(i, P_VADDR), 4, segment_start(count - 1) + 0x1800);
            set(in_program((i + 1) % count, P_VADDR), 4, segment_start(count - 1));
            set(in_program((i + 1) % count, P_MEMSZ), 4, 0x4000);
            CHECK_SAYS(WRONG_PAGE);
        }
}

CASE(elf, segments_without_memory_are_left_out)
{
    for (size_t i = 0; i < 3; i++) {
        make_program();
        set_program(i, R | W | X, UINT32_MAX, UINT32_MAX, 0, 0);
        CHECK_SAYS(i == 0 ? WRONG_ENTRY : RIGHT);
        CHECK(i == 0 || plan.nsegments == 2);
        set(in_program(i, P_FILESZ), 4, 1);
        CHECK_SAYS(WRONG_FILESZ);
    }
    make_program();
    for (size_t i = 0; i < 3; i++)
        set_program(i, R | X, TEXT, TEXT_OFFSET, 0, 0);
    CHECK_SAYS(WRONG_NOTHING);
}

CASE(elf, the_entry_is_in_code_from_the_file)
{
    static const struct {
        uint32_t entry;
        bool right;
    } entries[] = {
        {0, false},
        {1, false},
        {TEXT_OFFSET, false},
        {START, false},
        {TEXT - 1, false}, /* in the text's page, but not in the text */
        {TEXT, true},
        {TEXT + TEXT_BYTES - 1, true},
        {TEXT + TEXT_BYTES, false}, /* memory */
        {TEXT + TEXT_BYTES + 99, false},
        {TEXT + TEXT_BYTES + 100, false},
        {DATA, false},
        {BSS, false},
        {END, false},
        {TEXT ^ 0x80000000, false},
        {UINT32_MAX, false},
    };
    for (size_t i = 0; i < COUNT(entries); i++) {
        make_program();
        set(in_program(0, P_MEMSZ), 4, TEXT_BYTES + 100);
        set(E_ENTRY, 4, entries[i].entry);
        CHECK_SAYS(entries[i].right ? RIGHT : WRONG_ENTRY);
        CHECK(!entries[i].right || plan.entry == entries[i].entry);
    }
    for (size_t i = 0; i < 3; i++) { /* as the flags say it */
        static const uint32_t places[] = {TEXT, DATA + DATA_BYTES - 1, BSS};
        make_program();
        set(in_program(0, P_FLAGS), 4, R | W);
        set(in_program(i, P_FLAGS), 4, X);
        set(E_ENTRY, 4, places[i]);
        CHECK_SAYS(i == 2 ? WRONG_ENTRY : RIGHT);
    }
}

CASE(elf, a_window_may_be_anywhere_and_filled)
{
    static const struct elf_window windows[] = {{0, PAGE},
                                                {0, 0xfffff000},
                                                {PAGE, 2 * PAGE},
                                                {0x7ffff000, 0x80001000},
                                                {START, 0xfffff000},
                                                {0xffffe000, 0xfffff000},
                                                {START, START},
                                                {END, START},
                                                {0, 0}};
    for (size_t i = 0; i < COUNT(windows); i++)
        for (uint32_t less = 0; less < 3; less++)
            for (uint32_t more = 0; more < 3; more++) {
                uint32_t start = windows[i].start - 1 + less, end = windows[i].end - 1 + more;
                begin(1, 1);
                set_program(0, X, start, 0, 1, end - start);
                set(E_ENTRY, 4, start);
                CHECK_HOLDS(read_in(windows[i]));
                bool fits = i < 6 && less > 0 && more < 2;
                CHECK_EQUAL(says == RIGHT, fits);
            }
}

/* A file of just below 4 GB; what is read of it is there. */
CASE(elf, files_may_be_as_large_as_memory)
{
    static const struct {
        uint32_t offset, file_bytes, most;
        bool right;
    } parts[] = {{0u - 32, 31, UINT32_MAX, true},         {0u - 32, 32, UINT32_MAX, false},
                 {UINT32_MAX, 1, UINT32_MAX, false},      {0u - 2, 1, UINT32_MAX, true},
                 {0x80000000, 32, 0x80000000, false},     {0x7fffffe0, 32, 0x80000000, true},
                 {0x7fffffe1, 32, 0x80000000, false},     {LENGTH, 0x1000, UINT32_MAX, true},
                 {LENGTH, 0x1000, LENGTH + 0xfff, false}, {LENGTH, 0x1000, LENGTH + 0x1000, true}};
    for (size_t i = 0; i < COUNT(parts); i++) {
        make_program();
        set(in_program(1, P_OFFSET), 4, parts[i].offset);
        set(in_program(1, P_FILESZ), 4, parts[i].file_bytes);
        length = parts[i].most;
        CHECK_SAYS(parts[i].right ? RIGHT : WRONG_OFFSET);
    }
}

/* -- Anything -- */

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

/* A value that something may trip over. */
static uint32_t random_value(void)
{
    static const uint32_t values[] = {0,          PAGE,       START,      END,        0x100000,
                                      0x7fffffff, 0x80000000, 0xfffff000, UINT32_MAX, 0xffff,
                                      E_SIZE,     P_SIZE,     0x40003000};
    uint32_t which = random_below(COUNT(values) + 2);
    uint32_t value = which == COUNT(values)  ? (uint32_t)length
                     : which > COUNT(values) ? segment_start(random_below(ELF_SEGMENTS_MAX))
                                             : values[which];
    return value + random_below(3) - 1;
}

static void change_anything(void)
{
    uint32_t nprograms = (uint32_t)((length - E_SIZE) / (P_SIZE + 32));
    size_t from = in_program(random_below(nprograms), 0),
           to = in_program(random_below(nprograms), 0);
    size_t field = to + random_below(P_SIZE / 4) * 4;
    size_t width = 1u << random_below(3), at = random_below(E_SIZE) / width * width;
    switch (random_below(8)) {
    case 0: /* a bit, anywhere in the headers */
        file[random_below(E_SIZE + nprograms * P_SIZE)] ^= (uint8_t)(1 << random_below(8));
        break;
    case 1:
        set(at, width, random_value());
        break;
    case 2:
        set(field, 4, random_below(9));
        break;
    case 3: /* a little more or less */
        set(field, 4, (uint32_t)elf_number(file + field, 4) + 1 - random_below(3));
        break;
    case 4: /* a header over another */
        memmove(file + to, file + from, P_SIZE);
        break;
    case 5: /* the entry, near what may be one */
        set(E_ENTRY, 4, random_value() + random_below(32));
        break;
    default:
        set(field, 4, random_value());
    }
}

/* Good files of 1 to 9 segments, changed in up to three places, and some of them cut off. */
CASE(elf, thousands_of_files_are_judged_as_the_oracle_does)
{
    size_t times[RIGHT + 1] = {0};
    seed = 20260101;
    for (size_t i = 0; i < 8000; i++) {
        make_in_order(1 + random_below(ELF_SEGMENTS_MAX + 1), seed >> 8);
        for (uint32_t changes = random_below(4); changes > 0; changes--)
            change_anything();
        if (random_below(8) == 0) {
            size_t nbytes = random_below(2) ? length - random_below(64) : random_below(E_SIZE + 99);
            nbytes = nbytes < length ? nbytes : length;
            memmove(file + length - nbytes, file, nbytes);
            place(nbytes);
        }
        CHECK_HOLDS(read());
        times[says]++;
    }
    for (size_t fault = WRONG_MAGIC; fault < RIGHT; fault++)
        CHECK(times[fault] > 0); /* not in vain: each one comes up */
    CHECK(times[RIGHT] > 1000);
}
