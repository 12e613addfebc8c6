// SPDX-License-Identifier: MIT
//
// base/list.h against a plain array that does the same.
#include "base/list.h"

#include "tests/harness.h"

#include <string.h>

enum { ITEMS = 20, STEPS = 20000 };

struct item {
    int id;
    struct list_node node;
};

// The model: ids in order.
struct model {
    int id[ITEMS];
    int count;
};

static void model_insert(struct model *m, int at, int id) {
    memmove(m->id + at + 1, m->id + at, (size_t)(m->count - at) * sizeof m->id[0]);
    m->id[at] = id;
    m->count++;
}

static int model_remove_at(struct model *m, int at) {
    int id = m->id[at];

    m->count--;
    memmove(m->id + at, m->id + at + 1, (size_t)(m->count - at) * sizeof m->id[0]);
    return id;
}

static int model_find(const struct model *m, int id) {
    for (int i = 0; i < m->count; i++)
        if (m->id[i] == id)
            return i;
    return -1;
}

static int id_of(const struct list_node *node) {
    return list_entry(node, struct item, node)->id;
}

static void compare(const struct list *list, const struct model *m) {
    const struct list_node *node;
    int i = 0;

    ck_assert(list_is_sound(list, ITEMS));
    ck_assert_uint_eq(list_count(list), (size_t)m->count);
    ck_assert_int_eq(list_is_empty(list), m->count == 0);
    for (node = list_first(list); node != NULL; node = list_next(list, node))
        ck_assert_int_eq(id_of(node), m->id[i++]);
    ck_assert_int_eq(i, m->count);
    for (node = list_last(list); node != NULL; node = list_previous(list, node))
        ck_assert_int_eq(id_of(node), m->id[--i]);
    ck_assert_int_eq(i, 0);
}

// Removes from somewhere: front, back or wherever the item is.
static void take(struct harness_random *random, struct list *list, struct model *m,
                 struct item *item) {
    int at = model_find(m, item->id);

    switch (harness_random_below(random, 3)) {
    case 0:
        ck_assert_int_eq(id_of(list_pop_front(list)), model_remove_at(m, 0));
        break;
    case 1:
        ck_assert_int_eq(id_of(list_pop_back(list)), model_remove_at(m, m->count - 1));
        break;
    default:
        list_remove(&item->node);
        model_remove_at(m, at);
        ck_assert(!list_is_linked(&item->node));
        list_remove(&item->node); // a second time does nothing
    }
}

// Adds an unlinked item somewhere: front, back, or before or after another one.
static void put(struct harness_random *random, struct list *list, struct model *m,
                struct item *items, struct item *item) {
    int at = m->count == 0 ? 0 : (int)harness_random_below(random, (uint64_t)m->count);

    switch (harness_random_below(random, m->count == 0 ? 2 : 4)) {
    case 0:
        list_push_front(list, &item->node);
        model_insert(m, 0, item->id);
        break;
    case 1:
        list_push_back(list, &item->node);
        model_insert(m, m->count, item->id);
        break;
    case 2:
        list_insert_before(&items[m->id[at]].node, &item->node);
        model_insert(m, at, item->id);
        break;
    default:
        list_insert_after(&items[m->id[at]].node, &item->node);
        model_insert(m, at + 1, item->id);
    }
}

START_TEST(list_does_what_an_array_does) {
    struct harness_random random = harness_random_start();
    struct item items[ITEMS];
    struct list list;
    struct model m = {.count = 0};

    list_init(&list);
    for (int i = 0; i < ITEMS; i++) {
        items[i].id = i;
        list_node_init(&items[i].node);
    }
    for (int step = 0; step < STEPS; step++) {
        struct item *item = &items[harness_random_below(&random, ITEMS)];

        if (list_is_linked(&item->node))
            take(&random, &list, &m, item);
        else
            put(&random, &list, &m, items, item);
        compare(&list, &m);
    }
}
END_TEST

START_TEST(empty_list_has_no_ends) {
    struct list list;

    list_init(&list);
    ck_assert(list_is_empty(&list));
    ck_assert_ptr_null(list_first(&list));
    ck_assert_ptr_null(list_last(&list));
    ck_assert_ptr_null(list_pop_front(&list));
    ck_assert_ptr_null(list_pop_back(&list));
    ck_assert(list_is_sound(&list, 0));
}
END_TEST

// Every pair of lengths from 0 to 3.
START_TEST(append_moves_all) {
    for (int sizes = 0; sizes < 16; sizes++) {
        struct item items[6];
        struct list lists[2];
        struct model both = {.count = 0};
        int next = 0;

        for (int which = 0; which < 2; which++) {
            list_init(&lists[which]);
            for (int i = 0; i < (which == 0 ? sizes % 4 : sizes / 4); i++) {
                items[next].id = next;
                list_push_back(&lists[which], &items[next].node);
                model_insert(&both, both.count, next++);
            }
        }
        list_append(&lists[0], &lists[1]);
        compare(&lists[0], &both);
        ck_assert(list_is_empty(&lists[1]));
    }
}
END_TEST

START_TEST(audit_sees_broken_links) {
    struct item items[3];
    struct list list;

    list_init(&list);
    for (int i = 0; i < 3; i++)
        list_push_back(&list, &items[i].node);
    ck_assert(list_is_sound(&list, 3));
    ck_assert(!list_is_sound(&list, 2)); // more nodes than there can be
    items[1].node.previous = &items[2].node;
    ck_assert(!list_is_sound(&list, 3));
    items[1].node.previous = &items[0].node;
    items[2].node.next = &items[1].node; // a circle without the head
    ck_assert(!list_is_sound(&list, 3));
    items[2].node.next = NULL;
    ck_assert(!list_is_sound(&list, 3));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/list");

    harness_add(suite, "model", list_does_what_an_array_does);
    harness_add(suite, "empty", empty_list_has_no_ends);
    harness_add(suite, "append", append_moves_all);
    harness_add(suite, "audit", audit_sees_broken_links);
    return harness_run(suite);
}
