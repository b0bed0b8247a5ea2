#include "lib/format.h"

#include "lib/string.h"

enum {
    DIGITS_MAX = 24, /* 2^64 has 20 decimal digits */
    PIECE_BYTES = 16
};

static const char blanks[] = "                ", zeros[] = "0000000000000000";
_Static_assert(sizeof blanks > PIECE_BYTES && sizeof zeros > PIECE_BYTES, "of so many bytes");

struct conversion {
    bool left;  /* '-' */
    bool zeros; /* '0' */
    size_t width;
    int length; /* -2 hh, -1 h, 0, 1 l or z, 2 ll */
};

struct output {
    format_sink sink;
    void *context;
    size_t nbytes;
};

static void emit(struct output *out, const char *text, size_t nbytes)
{
    if (nbytes)
        out->sink(out->context, text, nbytes);
    out->nbytes += nbytes;
}

/* PIECE is of PIECE_BYTES equal bytes. */
static void emit_repeated(struct output *out, const char *piece, size_t count)
{
    for (; count > PIECE_BYTES; count -= PIECE_BYTES)
        emit(out, piece, PIECE_BYTES);
    emit(out, piece, count);
}

/*
 * Divides *VALUE by BASE (at most 16) and returns the remainder. What has more than 32 bits by
 * halves of 16, because the compiler would call its library for a division of 64 bits, and the one
 * that comes with the Debian cross compiler uses CMOV, which a 486 does not have.
 */
static unsigned divide(uint64_t *value, unsigned base)
{
    if (*value <= UINT32_MAX) {
        uint32_t low = (uint32_t)*value;
        *value = low / base;
        return low % base;
    }
    uint32_t remainder = 0;
    uint64_t quotient = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        uint32_t part = (remainder << 16) | (uint32_t)((*value >> shift) & 0xffff);
        quotient |= (uint64_t)(part / base) << shift;
        remainder = part % base;
    }
    *value = quotient;
    return remainder;
}

/* Writes PREFIX and TEXT into the conversion's width. */
static void emit_field(struct output *out, const struct conversion *how, const char *prefix,
                       const char *text, size_t nbytes)
{
    size_t used = string_length(prefix) + nbytes;
    size_t padding = how->width > used ? how->width - used : 0;
    bool filled = how->zeros && !how->left;
    if (!how->left && !filled)
        emit_repeated(out, blanks, padding);
    emit(out, prefix, string_length(prefix));
    if (filled)
        emit_repeated(out, zeros, padding);
    emit(out, text, nbytes);
    if (how->left)
        emit_repeated(out, blanks, padding);
}

static void emit_number(struct output *out, const struct conversion *how, const char *prefix,
                        uint64_t value, unsigned base, bool capitals)
{
    const char *digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[DIGITS_MAX];
    size_t first = DIGITS_MAX;
    do
        text[--first] = digits[divide(&value, base)];
    while (value);
    emit_field(out, how, prefix, text + first, DIGITS_MAX - first);
}

static int64_t next_signed(va_list *arguments, int length)
{
    switch (length) {
    case 2:
        return va_arg(*arguments, long long);
    case 1:
        return va_arg(*arguments, long);
    case -1:
        return (short)va_arg(*arguments, int);
    case -2:
        return (signed char)va_arg(*arguments, int);
    default:
        return va_arg(*arguments, int);
    }
}

static uint64_t next_unsigned(va_list *arguments, int length)
{
    switch (length) {
    case 2:
        return va_arg(*arguments, unsigned long long);
    case 1:
        return va_arg(*arguments, unsigned long);
    case -1:
        return (unsigned short)va_arg(*arguments, unsigned);
    case -2:
        return (unsigned char)va_arg(*arguments, unsigned);
    default:
        return va_arg(*arguments, unsigned);
    }
}

/* Reads flags, width and length at TEXT; returns what follows them. */
static const char *parse_conversion(const char *text, struct conversion *how)
{
    *how = (struct conversion){0};
    for (;; text++) {
        if (*text == '-')
            how->left = true;
        else if (*text == '0')
            how->zeros = true;
        else
            break;
    }
    for (; *text >= '0' && *text <= '9' && how->width < 1000; text++)
        how->width = how->width * 10 + (size_t)(*text - '0');
    for (; *text == 'l' && how->length < 2; text++)
        how->length++;
    for (; *text == 'h' && how->length > -2; text++)
        how->length--;
    if (*text == 'z') {
        how->length = 1;
        text++;
    }
    return text;
}

/* Writes the next argument as LETTER and HOW say; false where LETTER is no conversion. */
static bool emit_conversion(struct output *out, char letter, struct conversion *how,
                            va_list *arguments)
{
    switch (letter) {
    case 'd':
    case 'i': {
        int64_t value = next_signed(arguments, how->length);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        emit_number(out, how, value < 0 ? "-" : "", magnitude, 10, false);
        return true;
    }
    case 'u':
        emit_number(out, how, "", next_unsigned(arguments, how->length), 10, false);
        return true;
    case 'x':
    case 'X':
        emit_number(out, how, "", next_unsigned(arguments, how->length), 16, letter == 'X');
        return true;
    case 'p':
        how->zeros = true;
        how->width = 10;
        emit_number(out, how, "0x", (uintptr_t)va_arg(*arguments, void *), 16, false);
        return true;
    case 'c': {
        char c = (char)va_arg(*arguments, int);
        how->zeros = false;
        emit_field(out, how, "", &c, 1);
        return true;
    }
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        text = text ? text : "(null)";
        how->zeros = false;
        emit_field(out, how, "", text, string_length(text));
        return true;
    }
    default:
        return false;
    }
}

/* A va_list that is a parameter may be an array: the struct makes its address one type. */
struct argument_list {
    va_list list;
};

size_t format_to(format_sink sink, void *context, const char *format, va_list arguments)
{
    struct output out = {.sink = sink, .context = context};
    struct argument_list rest;
    va_copy(rest.list, arguments);
    while (*format) {
        const char *plain = format;
        while (*format && *format != '%')
            format++;
        emit(&out, plain, (size_t)(format - plain));
        if (!*format)
            break;
        const char *start = format;
        struct conversion how;
        format = parse_conversion(format + 1, &how);
        if (*format == '%')
            emit(&out, format++, 1);
        else if (*format && emit_conversion(&out, *format, &how, &rest.list))
            format++;
        else
            emit(&out, start, (size_t)(format - start));
    }
    va_end(rest.list);
    return out.nbytes;
}

struct text_buffer {
    char *text;
    size_t left; /* bytes free, the terminator's place not counted */
};

static void append(void *context, const char *text, size_t nbytes)
{
    struct text_buffer *buffer = context;
    for (; nbytes && buffer->left; nbytes--, buffer->left--)
        *buffer->text++ = *text++;
}

size_t format_text(char *buffer, size_t nbytes, const char *format, ...)
{
    struct text_buffer target = {.text = buffer, .left = nbytes - 1};
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_to(append, &target, format, arguments);
    va_end(arguments);
    *target.text = '\0';
    return length;
}
