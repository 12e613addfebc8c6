// SPDX-License-Identifier: MIT
//
// kernel/core/frame: blocks are aligned, zeroed, never handed out twice, joined again when freed;
// and what the kernel must not do is noticed. A random walk is compared with a map of owners.
#include "core/cpu.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "tests/harness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES = 4600, LARGEST = FRAME_SIZE << FRAME_ORDER_MAX };

// A machine with memory in two pieces, neither of which begins or ends at a block's border.
struct fixture {
    struct frames frames;
    struct kernel kernel;
    struct cpu cpu;
    uint8_t *memory;
};

static struct fixture f;

static void setup(void) {
    memset(&f, 0, sizeof f);
    f.memory = aligned_alloc(LARGEST, 6 * (size_t)LARGEST);
    ck_assert_ptr_nonnull(f.memory);
    memset(f.memory, 0xa5, 6 * (size_t)LARGEST);
    frames_init(&f.frames);
    ck_assert(frames_add(&f.frames, machine_direct_paddr(f.memory + 3 * FRAME_SIZE),
                         (uint64_t)FRAMES / 2 * FRAME_SIZE));
    ck_assert(frames_add(&f.frames, machine_direct_paddr(f.memory + 5 * (size_t)LARGEST / 2),
                         (uint64_t)FRAMES / 2 * FRAME_SIZE));
    f.kernel.frames = &f.frames;
    f.cpu.kernel = &f.kernel;
}

static void teardown(void) {
    free(f.memory);
}

static void assert_sound(void) {
    const char *broken = frame_audit(&f.cpu);

    ck_assert_msg(broken == NULL, "%s", broken);
}

START_TEST(counts_leave_out_what_the_allocator_needs) {
    struct frame_counts counts = frame_count(&f.cpu);

    ck_assert_uint_eq(counts.total, FRAMES - 2);
    ck_assert_uint_eq(counts.free, counts.total);
    assert_sound();
}
END_TEST

START_TEST(all_frames_can_be_had_once) {
    uint64_t total = frame_count(&f.cpu).total;
    struct paddr *frame = calloc(total, sizeof *frame), more;
    size_t left = 0;

    for (uint64_t i = 0; i < total; i++) {
        ck_assert_int_eq(frame_alloc(&f.cpu, 0, &frame[i]), CAPOS_STATUS_OK);
        uint64_t *word = machine_direct(frame[i]);
        for (size_t at = 0; at < FRAME_SIZE / sizeof *word; at++)
            left += word[at] != 0; // written by an earlier owner, or not zeroed
        memset(word, 0xff, FRAME_SIZE);
    }
    ck_assert_uint_eq(left, 0);
    ck_assert_int_eq(frame_alloc(&f.cpu, 0, &more), CAPOS_STATUS_OVERLOADED);
    assert_sound();
    for (uint64_t i = 0; i < total; i++)
        frame_free(&f.cpu, frame[i * 7 % total], 0);
    ck_assert_uint_eq(frame_count(&f.cpu).free, total);
    assert_sound();
    free(frame);
}
END_TEST

START_TEST(freed_blocks_are_joined) {
    struct paddr large, other;

    // Each of the two pieces has one such block.
    ck_assert_int_eq(frame_alloc(&f.cpu, FRAME_ORDER_MAX, &other), CAPOS_STATUS_OK);
    ck_assert_int_eq(frame_alloc(&f.cpu, FRAME_ORDER_MAX, &large), CAPOS_STATUS_OK);
    ck_assert_uint_eq(large.value % LARGEST, 0);
    ck_assert_int_eq(frame_alloc(&f.cpu, FRAME_ORDER_MAX, &other), CAPOS_STATUS_OVERLOADED);
    for (uint64_t i = 0; i < 1u << FRAME_ORDER_MAX; i++)
        frame_free(&f.cpu, (struct paddr){large.value + (i ^ 5) * FRAME_SIZE}, 0);
    assert_sound();
    ck_assert_int_eq(frame_alloc(&f.cpu, FRAME_ORDER_MAX, &other), CAPOS_STATUS_OK);
    ck_assert_uint_eq(other.value, large.value);
}
END_TEST

START_TEST(part_of_a_block_can_be_given_back) {
    struct paddr block;

    ck_assert_int_eq(frame_alloc(&f.cpu, 4, &block), CAPOS_STATUS_OK);
    frame_free(&f.cpu, (struct paddr){block.value + 8 * FRAME_SIZE}, 3);
    ck_assert_uint_eq(frame_count(&f.cpu).free, frame_count(&f.cpu).total - 8);
    frame_free(&f.cpu, block, 3);
    ck_assert_uint_eq(frame_count(&f.cpu).free, frame_count(&f.cpu).total);
    assert_sound();
}
END_TEST

START_TEST(pieces_that_are_too_many_or_too_small_are_refused) {
    struct frames frames;
    uint8_t *at = f.memory + 5 * (size_t)LARGEST;

    frames_init(&frames);
    ck_assert(!frames_add(&frames, machine_direct_paddr(at), FRAME_SIZE));
    for (int i = 0; i < FRAME_RANGES; i++, at += 4 * FRAME_SIZE)
        ck_assert(frames_add(&frames, machine_direct_paddr(at), 2 * FRAME_SIZE));
    ck_assert(!frames_add(&frames, machine_direct_paddr(at), 2 * FRAME_SIZE));
    ck_assert_uint_eq(frames.total, FRAME_RANGES);
}
END_TEST

struct taken {
    struct paddr block;
    unsigned order;
};

// A sample of the block's bytes.
static bool is_all(const uint8_t *bytes, unsigned order, uint8_t mark) {
    bool all = true;

    for (size_t i = 0; i < (size_t)FRAME_SIZE << order; i += 61)
        all &= bytes[i] == mark;
    return all;
}

// Each taken block is filled with its own number, so that a block given twice shows.
static void take(struct taken *taken, unsigned order, uint8_t mark) {
    if (frame_alloc(&f.cpu, order, &taken->block) != CAPOS_STATUS_OK) {
        taken->block.value = 0;
        return;
    }
    taken->order = order;
    ck_assert_uint_eq(taken->block.value % ((uint64_t)FRAME_SIZE << order), 0);
    uint8_t *bytes = machine_direct(taken->block);
    ck_assert(is_all(bytes, order, 0));
    memset(bytes, mark, (size_t)FRAME_SIZE << order);
}

static void give(struct taken *taken, uint8_t mark) {
    const uint8_t *bytes = machine_direct(taken->block);

    ck_assert(is_all(bytes, taken->order, mark));
    frame_free(&f.cpu, taken->block, taken->order);
    taken->block.value = 0;
}

START_TEST(random_walk) {
    struct harness_random random = harness_random_start();
    struct taken taken[100] = {0};

    for (int step = 0; step < 3000; step++) {
        uint64_t at = harness_random_below(&random, 100);

        if (taken[at].block.value == 0)
            take(&taken[at], (unsigned)harness_random_below(&random, 8), (uint8_t)(at + 1));
        else
            give(&taken[at], (uint8_t)(at + 1));
        if (step % 100 == 0)
            assert_sound();
    }
    for (int at = 0; at < 100; at++)
        if (taken[at].block.value != 0)
            give(&taken[at], (uint8_t)(at + 1));
    assert_sound();
    ck_assert_uint_eq(frame_count(&f.cpu).free, frame_count(&f.cpu).total);
}
END_TEST

START_TEST(a_second_free_is_a_panic) {
    struct paddr block;

    ck_assert_int_eq(frame_alloc(&f.cpu, 0, &block), CAPOS_STATUS_OK);
    frame_free(&f.cpu, block, 0);
    frame_free(&f.cpu, block, 0);
}
END_TEST

START_TEST(freeing_the_allocators_own_frame_is_a_panic) {
    frame_free(&f.cpu, machine_direct_paddr(f.memory + 3 * FRAME_SIZE), 0);
}
END_TEST

START_TEST(freeing_what_is_no_memory_is_a_panic) {
    frame_free(&f.cpu, machine_direct_paddr(f.memory), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/frame");
    TCase *tcase = tcase_create("frame");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, counts_leave_out_what_the_allocator_needs);
    tcase_add_test(tcase, all_frames_can_be_had_once);
    tcase_add_test(tcase, freed_blocks_are_joined);
    tcase_add_test(tcase, part_of_a_block_can_be_given_back);
    tcase_add_test(tcase, pieces_that_are_too_many_or_too_small_are_refused);
    tcase_add_test(tcase, random_walk);
    tcase_add_test_raise_signal(tcase, a_second_free_is_a_panic, SIGABRT);
    tcase_add_test_raise_signal(tcase, freeing_the_allocators_own_frame_is_a_panic, SIGABRT);
    tcase_add_test_raise_signal(tcase, freeing_what_is_no_memory_is_a_panic, SIGABRT);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
