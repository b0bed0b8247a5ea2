/* The tables, and the file from which the chart is drawn. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

enum { NAME_WIDTH = 19 };

static double value(const struct bench *bench, size_t stream, size_t allocator, size_t measure)
{
    double number;
    const char *result = (const char *)bench_result(bench, stream, allocator);
    memcpy(&number, result + measure, sizeof number);
    return number;
}

static bool is_of_pages(const struct stream *stream)
{
    return stream->kind == BENCH_PAGES || stream->kind == BENCH_LARGE;
}

/* Whether there is a number in one of the table's rows. */
static bool has_column(const struct bench *bench, bool pages, size_t allocator, size_t measure)
{
    for (size_t i = 0; i < bench->nstreams; i++)
        if (is_of_pages(bench->streams[i]) == pages && value(bench, i, allocator, measure) >= 0)
            return true;
    return false;
}

static bool has_row(const struct bench *bench, size_t stream, size_t measure)
{
    for (size_t j = 0; j < nallocators; j++)
        if (value(bench, stream, j, measure) >= 0)
            return true;
    return false;
}

static void print_number(double number)
{
    int digits = number < 9.995 ? 2 : number < 999.5 ? 1 : 0;
    printf(" %9.*f", digits, number);
}

/* A cell of the column of ALLOCATOR: with the ratio to the first, where that is asked for. */
static void print_cell(const struct bench *bench, size_t stream, size_t allocator, size_t measure,
                       bool ratios)
{
    double number = value(bench, stream, allocator, measure);
    double first = value(bench, stream, 0, measure);
    if (number < 0)
        printf(" %9s", "-");
    else
        print_number(number);
    if (!ratios || allocator == 0)
        return;
    if (number < 0 || first <= 0)
        printf(" %8s", "");
    else
        printf(" x%-7.*f", number / first < 99.95 ? 2 : 0, number / first);
}

/* All streams of one table, through all allocators of which something is known. */
static void print_table(const struct bench *bench, const char *title, bool pages, size_t measure,
                        bool ratios)
{
    bool columns[64], any = false;
    for (size_t j = 0; j < nallocators; j++)
        any |= columns[j] = has_column(bench, pages, j, measure);
    if (!any)
        return;
    printf("\n%s\n%-*s", title, NAME_WIDTH, "");
    for (size_t j = 0; j < nallocators; j++)
        if (columns[j])
            printf(" %9s%s", allocators[j].name, ratios && j > 0 ? "         " : "");
    printf("\n");
    for (size_t i = 0; i < bench->nstreams; i++) {
        if (is_of_pages(bench->streams[i]) != pages || !has_row(bench, i, measure))
            continue;
        printf("%-*s", NAME_WIDTH, bench->streams[i]->name);
        for (size_t j = 0; j < nallocators; j++)
            if (columns[j])
                print_cell(bench, i, j, measure, ratios);
        printf("\n");
    }
}

/* What an operation costs more where there are forty times as many blocks. */
static void print_growth(const struct bench *bench)
{
    const char *title =
        "\nThe table at 1,000,000 blocks against 25,600: nanoseconds, instructions\n";
    for (size_t i = 0; i < bench->nstreams; i++)
        for (size_t k = 0; k < bench->nstreams; k++) {
            const struct stream *small = bench->streams[i], *large = bench->streams[k];
            if (small->kind != BENCH_PAGES || large->kind != BENCH_LARGE ||
                small->parameter != large->parameter)
                continue;
            for (size_t j = 0; j < nallocators; j++) {
                const struct result *from = bench_result(bench, i, j);
                const struct result *to = bench_result(bench, k, j);
                if (strcmp(allocators[j].name, "table") != 0 || from->ns <= 0 || to->ns < 0)
                    continue;
                printf("%s%zu %% full            x%.2f", title, small->parameter,
                       to->ns / from->ns);
                title = "";
                if (from->instructions > 0 && to->instructions >= 0)
                    printf("   x%.2f", to->instructions / from->instructions);
                printf("\n");
            }
        }
}

#define MEASURE(name) offsetof(struct result, name)

void report_tables(const struct bench *bench, size_t turns)
{
    char title[160];
    for (int pages = 0; pages < 2; pages++) {
        (void)snprintf(title, sizeof title,
                       "%s: nanoseconds an operation, median of %zu turns; x: how many times "
                       "plat's",
                       pages ? "Blocks" : "Bytes", turns);
        print_table(bench, title, pages, MEASURE(ns), true);
        print_table(bench, "Instructions an operation", pages, MEASURE(instructions), true);
        print_table(bench, "The most instructions of one operation", pages, MEASURE(worst), false);
        print_table(bench, "Bytes taken for each one that was asked for, both at their most", pages,
                    MEASURE(footprint), false);
    }
    (void)snprintf(title, sizeof title, "Requests that failed, in %d operations",
                   FAILURE_OPERATIONS);
    print_table(bench, title, true, MEASURE(failed), false);
    print_growth(bench);
}

static void write_number(FILE *file, double number)
{
    if (number < 0)
        (void)fputs("\t-", file);
    else
        (void)fprintf(file, "\t%.6g", number);
}

bool report_file(const struct bench *bench, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    (void)fputs("bits\tstream\tallocator\tns\tlowest\thighest\tratio\tinstructions\tworst\t"
                "footprint\tfailed\n",
                file);
    for (size_t i = 0; i < bench->nstreams; i++)
        for (size_t j = 0; j < nallocators; j++) {
            const struct result *result = bench_result(bench, i, j);
            double first = bench_result(bench, i, 0)->ns;
            if (!serves(&allocators[j], bench->streams[i]))
                continue;
            (void)fprintf(file, "%zu\t%s\t%s", sizeof(void *) * 8, bench->streams[i]->name,
                          allocators[j].name);
            const double numbers[] = {result->ns,           result->lowest,
                                      result->highest,      first > 0 ? result->ns / first : -1,
                                      result->instructions, result->worst,
                                      result->footprint,    result->failed};
            for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
                write_number(file, numbers[k]);
            (void)fputc('\n', file);
        }
    return fclose(file) == 0;
}
