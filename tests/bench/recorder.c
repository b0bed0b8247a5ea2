/*
 * Records what a program asks of malloc, as text that trace.h describes: loaded before it by
 * scripts/record-trace. PLAT_TRACE names the file, and PLAT_TRACE_OF the program whose requests are
 * meant, where it is started by another. glibc's functions do the work, under the names that they
 * have for that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t nbytes);
void *__libc_calloc(size_t count, size_t nbytes);
void *__libc_realloc(void *pointer, size_t nbytes);
void *__libc_memalign(size_t alignment, size_t nbytes);
void __libc_free(void *pointer);

enum { PLACES = 1 << 20, OPERATIONS_MOST = 999000, BUFFER = 1 << 16, LINE = 40 };

static struct {
    enum { NOT_LOOKED, OFF, ON } state;
    int file;
    unsigned lock, ids, operations;
    size_t used;
    char text[BUFFER];
    struct {
        const void *pointer; /* NULL: an empty place, the end of a search */
        unsigned id;         /* of an object that is live, plus 1; 0: it is not */
    } places[PLACES];
} record;

static void flush(void)
{
    size_t done = 0;
    ssize_t now = 1;
    while (done < record.used && now > 0) {
        now = write(record.file, record.text + done, record.used - done);
        done += now > 0 ? (size_t)now : 0;
    }
    record.used = 0;
}

static void look(void)
{
    char name[17] = "";
    const char *path = getenv("PLAT_TRACE"), *of = getenv("PLAT_TRACE_OF");
    static const char first[] = "plat-trace 1\n";
    record.state = OFF;
    if (!path || prctl(PR_GET_NAME, name) != 0 || (of && *of && strcmp(of, name) != 0))
        return;
    record.file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (record.file < 0)
        return;
    memcpy(record.text, first, record.used = sizeof first - 1);
    record.state = ON;
}

/* Where POINTER is, or would be. */
static size_t place_of(const void *pointer)
{
    size_t place = ((uintptr_t)pointer >> 4) * 2654435761u % PLACES;
    while (record.places[place].pointer && record.places[place].pointer != pointer)
        place = (place + 1) % PLACES;
    return place;
}

static void put_number(unsigned long number)
{
    char digits[20];
    int count = 0;
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    record.text[record.used++] = ' ';
    while (count > 0)
        record.text[record.used++] = digits[--count];
}

static void say(char verb, unsigned id, size_t nbytes)
{
    if (record.operations++ >= OPERATIONS_MOST)
        return;
    if (record.used > BUFFER - LINE)
        flush();
    record.text[record.used++] = verb;
    put_number(id);
    if (verb != 'f')
        put_number(nbytes ? nbytes : 1);
    record.text[record.used++] = '\n';
}

static void lock(void)
{
    while (__atomic_exchange_n(&record.lock, 1, __ATOMIC_ACQUIRE))
        ;
    if (record.state == NOT_LOOKED)
        look();
}

static void unlock(void)
{
    __atomic_store_n(&record.lock, 0, __ATOMIC_RELEASE);
}

/* What was at WAS, or nothing, is at NOW, or nothing, with NBYTES. */
static void note(const void *was, const void *now, size_t nbytes)
{
    int error = errno;
    lock();
    if (record.state == ON) {
        size_t old = was ? place_of(was) : 0;
        unsigned id = was ? record.places[old].id : 0;
        char verb = id ? 'r' : 'm';
        if (id)
            record.places[old].id = 0;
        else
            id = record.ids + (now != NULL);
        if (now) {
            size_t place = place_of(now);
            record.ids = id > record.ids ? id : record.ids;
            record.places[place].pointer = now;
            record.places[place].id = id;
            say(verb, id - 1, nbytes);
        } else if (verb == 'r') {
            say('f', id - 1, 0);
        }
    }
    unlock();
    errno = error;
}

void *malloc(size_t nbytes)
{
    void *pointer = __libc_malloc(nbytes);
    note(NULL, pointer, nbytes);
    return pointer;
}

void *calloc(size_t count, size_t nbytes)
{
    void *pointer = __libc_calloc(count, nbytes);
    note(NULL, pointer, count * nbytes);
    return pointer;
}

void *realloc(void *pointer, size_t nbytes)
{
    void *moved = __libc_realloc(pointer, nbytes);
    if (moved || nbytes == 0)
        note(pointer, moved, nbytes);
    return moved;
}

/* The address may be another's before the note is made, where there are threads: an object more
 * that is never freed. */
void free(void *pointer)
{
    if (pointer)
        note(pointer, NULL, 0);
    __libc_free(pointer);
}

void *memalign(size_t alignment, size_t nbytes)
{
    void *pointer = __libc_memalign(alignment, nbytes);
    note(NULL, pointer, nbytes);
    return pointer;
}

void *aligned_alloc(size_t alignment, size_t nbytes)
{
    return memalign(alignment, nbytes);
}

int posix_memalign(void **pointer, size_t alignment, size_t nbytes)
{
    *pointer = memalign(alignment, nbytes);
    return *pointer ? 0 : ENOMEM;
}

__attribute__((destructor)) static void end(void)
{
    lock();
    if (record.state == ON)
        flush();
    record.state = OFF;
    unlock();
}

/* For those that leave without destructors, as dash does. */
void _exit(int status)
{
    end();
    for (;;)
        (void)syscall(SYS_exit_group, status);
}
