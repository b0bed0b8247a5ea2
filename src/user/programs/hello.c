/* Says hello, and what it was called with. */
#include "user/plat.h"

int main(int argc, char **argv)
{
    printf("Hello from ring 3, process %d\n", getpid());
    for (int i = 1; i < argc; i++)
        puts(argv[i]);
    return 0;
}
