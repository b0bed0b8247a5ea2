/* Lists whose links lie in what is listed. */
#include "lib/list.h"

#include "case.h"

struct thing {
    int number;
    struct list_link link;
};

/* The numbers of LIST from its start as decimal digits; 0 where back is not the same as forth. */
static int digits(const struct list_link *list)
{
    int forth = 0, back = 0, place = 1;
    LIST_EACH(at, list)
    forth = forth * 10 + LIST_ENTRY(at, struct thing, link)->number;
    for (struct list_link *at = list->previous; at != list; at = at->previous) {
        back += LIST_ENTRY(at, struct thing, link)->number * place;
        place *= 10;
    }
    return forth == back ? forth : 0;
}

CASE(list, s7_taking_any_link_off_mends_both_ways)
{
    for (int victim = 0; victim < 4; victim++) {
        struct list_link list;
        struct thing things[4];
        list_init(&list);
        for (int i = 0; i < 4; i++) {
            things[i].number = i + 1;
            list_insert(&list, &things[i].link);
        }
        CHECK_EQUAL(digits(&list), 1234);
        list_remove(&things[victim].link);
        static const int left[] = {234, 134, 124, 123};
        CHECK_EQUAL(digits(&list), left[victim]);
        list_remove(&things[victim].link); /* it is on none: nothing changes */
        CHECK_EQUAL(digits(&list), left[victim]);
        list_insert(list.next, &things[victim].link);
        CHECK_EQUAL(digits(&list), (victim + 1) * 1000 + left[victim]);
    }
}

CASE(list, empty_is_a_link_that_points_to_itself)
{
    struct list_link list;
    struct thing thing = {.number = 5};
    list_init(&list);
    CHECK(list_is_empty(&list));
    CHECK_EQUAL(digits(&list), 0);
    list_insert(&list, &thing.link);
    CHECK(!list_is_empty(&list));
    CHECK_EQUAL(digits(&list), 5);
    list_remove(&thing.link);
    CHECK(list_is_empty(&list) && list_is_empty(&thing.link));
}
