#include "user/plat.h"

enum { PRINT_BYTES = 512 };

/* Text on its way to the kernel, in pieces of PRINT_BYTES. */
struct print_buffer {
    size_t used;
    char text[PRINT_BYTES];
};

static void flush(struct print_buffer *buffer)
{
    buffer->text[buffer->used] = '\0';
    if (buffer->used)
        system_print(buffer->text);
    buffer->used = 0;
}

static void collect(void *context, const char *text, size_t nbytes)
{
    struct print_buffer *buffer = context;
    for (size_t i = 0; i < nbytes; i++) {
        if (!text[i])
            continue; /* the kernel would take it for the end */
        if (buffer->used == PRINT_BYTES - 1)
            flush(buffer);
        buffer->text[buffer->used++] = text[i];
    }
}

int printf(const char *format, ...)
{
    struct print_buffer buffer;
    va_list arguments;
    buffer.used = 0;
    va_start(arguments, format);
    size_t length = format_to(collect, &buffer, format, arguments);
    va_end(arguments);
    flush(&buffer);
    return (int)length;
}

int puts(const char *text)
{
    return printf("%s\n", text);
}

int putchar(int character)
{
    system_put_char((uint8_t)character);
    return (uint8_t)character;
}
