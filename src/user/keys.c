#include "user/plat.h"

enum {
    KEY_PAUSE = 10,         /* milliseconds between two looks at the keyboard */
    ERASE_LINE = 'u' & 0x1f /* Ctrl-U; the kernel types it where input was lost */
};

int get_key(void)
{
    return system_get_key();
}

int wait_for_key(void)
{
    int key;
    while ((key = system_get_key()) == 0)
        system_sleep(KEY_PAUSE);
    return key;
}

size_t read_line(char *buffer, size_t nbytes)
{
    size_t length = 0;
    bool too_long = false;
    for (;;) {
        int key = wait_for_key();
        if (key == '\n')
            break;
        if (key == '\b' && length > 0) {
            length--;
            system_print("\b \b");
        } else if (key == ERASE_LINE) {
            for (; length > 0; length--)
                system_print("\b \b");
        } else if (key >= ' ' && key < 0x7f && length + 1 < nbytes) {
            buffer[length++] = (char)key;
            putchar(key);
        } else if (key >= ' ' && key < 0x7f) {
            too_long = true;
        }
    }
    putchar('\n');
    if (too_long) {
        printf("line: longer than %zu characters; nothing of it is obeyed\n", nbytes - 1);
        length = 0;
    }
    buffer[length] = '\0';
    return length;
}
