// SPDX-License-Identifier: MIT
//
// core/heap.h against an unordered array: what is first, and what is left.
#include "core/heap.h"
#include "tests/harness.h"

enum { NODES = 64, STEPS = 50000 };

struct model {
    struct heap heap;
    struct heap_node node[NODES];
    bool in[NODES];
};

static uint64_t smallest(const struct model *model) {
    uint64_t key = UINT64_MAX;

    for (int i = 0; i < NODES; i++)
        if (model->in[i] && model->node[i].key < key)
            key = model->node[i].key;
    return key;
}

static size_t count(const struct model *model) {
    size_t n = 0;

    for (int i = 0; i < NODES; i++)
        n += model->in[i];
    return n;
}

START_TEST(random_adds_and_removes) {
    struct harness_random random = harness_random_start();
    struct model model = {.heap = {NULL}};

    for (int step = 0; step < STEPS; step++) {
        size_t i = harness_random_below(&random, NODES);

        if (model.in[i]) {
            heap_remove(&model.heap, &model.node[i]);
        } else {
            model.node[i].key = harness_random_below(&random, 40);
            heap_add(&model.heap, &model.node[i]);
        }
        model.in[i] = !model.in[i];
        ck_assert_uint_eq(heap_audit(&model.heap), count(&model));
        if (count(&model) == 0)
            ck_assert_ptr_null(heap_first(&model.heap));
        else
            ck_assert_uint_eq(heap_first(&model.heap)->key, smallest(&model));
    }
}
END_TEST

START_TEST(takes_out_in_order) {
    struct harness_random random = harness_random_start();
    struct model model = {.heap = {NULL}};
    uint64_t last = 0;

    for (int i = 0; i < NODES; i++) {
        model.node[i].key = harness_random_u64(&random);
        heap_add(&model.heap, &model.node[i]);
    }
    for (int i = 0; i < NODES; i++) {
        struct heap_node *first = heap_first(&model.heap);

        ck_assert_uint_ge(first->key, last);
        last = first->key;
        heap_remove(&model.heap, first);
    }
    ck_assert_ptr_null(heap_first(&model.heap));
}
END_TEST

START_TEST(audit_sees_a_broken_order) {
    struct model model = {.heap = {NULL}};

    for (uint64_t i = 0; i < 3; i++) {
        model.node[i].key = i;
        heap_add(&model.heap, &model.node[i]);
    }
    model.node[0].key = 9;
    ck_assert_uint_eq(heap_audit(&model.heap), SIZE_MAX);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/heap");

    harness_add(suite, "random adds and removes", random_adds_and_removes);
    harness_add(suite, "takes out in order", takes_out_in_order);
    harness_add(suite, "the audit sees a broken order", audit_sees_a_broken_order);
    return harness_run(suite);
}
