// SPDX-License-Identifier: MIT
//
// core/ledger.h and core/kmem.h: limits, loans, what a closed ledger gives back and when.
#include "core/debug.h"
#include "core/kmem.h"
#include "tests/harness.h"
#include "tests/host/host.h"

#include <string.h>

static struct ledger *borrow(struct host *host, struct ledger *lender, uint64_t slots,
                             uint64_t bytes) {
    struct ledger_limits limits = {{0}};
    struct ledger *ledger = NULL;

    limits.limit[LEDGER_SLOTS] = slots;
    limits.limit[LEDGER_KERNEL_MEMORY] = bytes;
    ck_assert_int_eq(ledger_create(&host->cpus[0], lender, &limits, &ledger), CAPOS_STATUS_OK);
    return ledger;
}

START_TEST(takes_up_to_the_limit) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct ledger *ledger = borrow(host, &host->kernel.root, 10, 0);

    ck_assert_int_eq(ledger_take(cpu, ledger, LEDGER_SLOTS, 10), CAPOS_STATUS_OK);
    ck_assert_int_eq(ledger_take(cpu, ledger, LEDGER_SLOTS, 1), CAPOS_STATUS_OVERLOADED);
    ck_assert_int_eq(ledger_take(cpu, ledger, LEDGER_SLOTS, UINT64_MAX), CAPOS_STATUS_OVERLOADED);
    ledger_give(cpu, ledger, LEDGER_SLOTS, 4);
    ck_assert_uint_eq(ledger_available(ledger, LEDGER_SLOTS), 4);
    ck_assert_int_eq(ledger_take(cpu, ledger, LEDGER_FRAMES, 1), CAPOS_STATUS_OVERLOADED);
    host_audit(host);
    ledger_give(cpu, ledger, LEDGER_SLOTS, 6);
    ledger_close(cpu, ledger);
    host_destroy(host);
}
END_TEST

START_TEST(lends_what_it_has) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct ledger *parent = borrow(host, &host->kernel.root, 10, 4096), *child, *other;
    struct ledger_limits limits = {{[LEDGER_SLOTS] = 7}};

    ck_assert_int_eq(ledger_create(cpu, parent, &limits, &child), CAPOS_STATUS_OK);
    ck_assert_uint_eq(ledger_available(parent, LEDGER_SLOTS), 3);
    ck_assert_int_eq(ledger_create(cpu, parent, &limits, &other), CAPOS_STATUS_OVERLOADED);
    ck_assert_int_eq(ledger_take(cpu, parent, LEDGER_SLOTS, 4), CAPOS_STATUS_OVERLOADED);
    host_audit(host);
    ledger_close(cpu, child);
    ck_assert_uint_eq(ledger_available(parent, LEDGER_SLOTS), 10);
    ck_assert_uint_eq(ledger_used(parent, LEDGER_KERNEL_MEMORY), 0);
    ledger_close(cpu, parent);
    host_destroy(host);
}
END_TEST

// What others still hold stays charged, step by step up a chain of closed ledgers.
START_TEST(closed_ledgers_follow_their_uses) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct ledger *root = &host->kernel.root;
    struct ledger *parent = borrow(host, root, 10, 4096), *child = borrow(host, parent, 7, 0);

    ck_assert_int_eq(ledger_take(cpu, child, LEDGER_SLOTS, 5), CAPOS_STATUS_OK);
    ledger_close(cpu, child);
    ck_assert_uint_eq(ledger_available(parent, LEDGER_SLOTS), 5);
    ledger_close(cpu, parent);
    ck_assert_uint_eq(root->lent[LEDGER_SLOTS], 5);
    host_audit(host);
    ledger_give(cpu, child, LEDGER_SLOTS, 2);
    ck_assert_uint_eq(root->lent[LEDGER_SLOTS], 3);
    host_audit(host);
    ledger_give(cpu, child, LEDGER_SLOTS, 3);
    ck_assert_uint_eq(root->lent[LEDGER_SLOTS], 0);
    ck_assert_uint_eq(root->borrowers, 0);
    host_destroy(host);
}
END_TEST

enum { BLOCKS = 300, STEPS = 20000 };

struct block {
    uint8_t *memory;
    size_t size;
    uint8_t pattern;
};

static bool is_all(const struct block *block, uint8_t byte) {
    for (size_t i = 0; i < block->size; i++)
        if (block->memory[i] != byte)
            return false;
    return true;
}

static void fill(struct host *host, struct harness_random *random, struct block *block) {
    static const size_t largest[] = {32, 64, 200, 2048, 4096, 40000};
    struct cpu *cpu = &host->cpus[0];
    void *memory;

    block->size = 1 + harness_random_below(random, largest[harness_random_below(random, 6)]);
    if (kmem_alloc(cpu, &host->kernel.root, block->size, &memory) != CAPOS_STATUS_OK)
        ck_abort_msg("no memory");
    block->memory = memory;
    ck_assert(is_all(block, 0));
    ck_assert_uint_eq((uintptr_t)memory % (kmem_charge(block->size) < 64 ? 32 : 64), 0);
    block->pattern = (uint8_t)harness_random_u64(random);
    memset(block->memory, block->pattern, block->size);
}

static void empty(struct host *host, struct block *block) {
    ck_assert(is_all(block, block->pattern));
    kmem_free(&host->cpus[0], &host->kernel.root, block->memory, block->size);
    block->memory = NULL;
}

START_TEST(blocks_do_not_overlap) {
    struct harness_random random = harness_random_start();
    struct host *host = host_create(1);
    static struct block block[BLOCKS];

    for (int step = 0; step < STEPS; step++) {
        struct block *one = &block[harness_random_below(&random, BLOCKS)];

        if (one->memory == NULL)
            fill(host, &random, one);
        else
            empty(host, one);
    }
    host_audit(host);
    for (int i = 0; i < BLOCKS; i++)
        if (block[i].memory != NULL)
            empty(host, &block[i]);
    host_destroy(host);
}
END_TEST

START_TEST(the_injector_fails_the_nth) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];
    struct ledger *root = &host->kernel.root;

    debug_fail_nth(&host->kernel, 2);
    ck_assert_int_eq(ledger_take(cpu, root, LEDGER_SLOTS, 1), CAPOS_STATUS_OK);
    ck_assert(!debug_failed(&host->kernel));
    ck_assert_int_eq(ledger_take(cpu, root, LEDGER_SLOTS, 1), CAPOS_STATUS_OVERLOADED);
    ck_assert(debug_failed(&host->kernel));
    ck_assert_int_eq(ledger_take(cpu, root, LEDGER_SLOTS, 1), CAPOS_STATUS_OK);
    ledger_give(cpu, root, LEDGER_SLOTS, 2);
    debug_fail_nth(&host->kernel, 0);
    host_destroy(host);
}
END_TEST

START_TEST(nothing_fails_in_a_commit) {
    struct host *host = host_create(1);
    struct cpu *cpu = &host->cpus[0];

    debug_commit_begin(cpu);
    ck_assert_int_eq(ledger_take(cpu, &host->kernel.root, LEDGER_SLOTS, 1), CAPOS_STATUS_OK);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/ledger");
    TCase *commit = tcase_create("a commit asserts that nothing in it can fail");

    harness_add(suite, "takes up to the limit", takes_up_to_the_limit);
    harness_add(suite, "lends what it has", lends_what_it_has);
    harness_add(suite, "closed ledgers follow their uses", closed_ledgers_follow_their_uses);
    harness_add(suite, "blocks do not overlap", blocks_do_not_overlap);
    harness_add(suite, "the injector fails the nth", the_injector_fails_the_nth);
    tcase_add_test_raise_signal(commit, nothing_fails_in_a_commit, 6);
    suite_add_tcase(suite, commit);
    return harness_run(suite);
}
