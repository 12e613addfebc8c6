// SPDX-License-Identifier: MIT
//
// kernel/core/memory: objects are charged and given back, views never widen, a sealed object has no
// writers and a written one can't be sealed.
#include "core/memory.h"

#include "core/debug.h"
#include "core/frame.h"
#include "tests/harness.h"
#include "tests/host/host.h"

#include <string.h>

static struct host *host;
static struct ledger *ledger;
static struct cpu *cpu;

static void setup(void) {
    host = host_create(1);
    cpu = &host->cpus[0];
    ledger = &host->kernel.root;
}

static void teardown(void) {
    host_destroy(host);
}

static struct memory *make(uint64_t pages) {
    struct memory *memory;

    ck_assert_int_eq(memory_create(cpu, &host_memory_type, ledger, pages, &memory),
                     CAPOS_STATUS_OK);
    return memory;
}

static struct memory *view(struct memory *of, uint64_t first, uint64_t pages, bool writable) {
    struct memory *memory;

    ck_assert_int_eq(memory_create_view(cpu, of, ledger, first, pages, writable, &memory),
                     CAPOS_STATUS_OK);
    return memory;
}

static void put(struct memory *memory) {
    object_put(cpu, &memory->object);
}

START_TEST(frames_are_charged_and_zeroed) {
    struct memory *memory = make(100);
    uint64_t word = 1;

    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), 100);
    for (uint64_t page = 0; page < 100; page++) {
        ck_assert(memory_read(memory, page * FRAME_SIZE + 8, &word, sizeof word));
        ck_assert_uint_eq(word, 0);
        memset(machine_direct(memory_frame(memory, page)), (int)page, FRAME_SIZE);
    }
    ck_assert(memory_is_writable(memory));
    ck_assert(!memory_is_executable(memory));
    put(memory);
}
END_TEST

START_TEST(too_large_is_refused_without_a_trace) {
    struct memory *memory;

    ck_assert_int_eq(memory_create(cpu, &host_memory_type, ledger, 5000, &memory),
                     CAPOS_STATUS_OVERLOADED);
    ck_assert_int_eq(memory_create(cpu, &host_memory_type, ledger, 100001, &memory),
                     CAPOS_STATUS_OVERLOADED);
    ck_assert_int_eq(
        memory_create(cpu, &host_memory_type, ledger, UINT64_MAX / FRAME_SIZE, &memory),
        CAPOS_STATUS_OVERLOADED);
}
END_TEST

START_TEST(a_creation_that_fails_anywhere_leaves_no_trace) {
    enum capos_status status = CAPOS_STATUS_OVERLOADED;

    for (uint64_t n = 1; status != CAPOS_STATUS_OK; n++) {
        struct memory *memory;

        ck_assert_uint_lt(n, 50);
        debug_fail_nth(&host->kernel, n);
        status = memory_create(cpu, &host_memory_type, ledger, 6, &memory);
        ck_assert_int_eq(status != CAPOS_STATUS_OK, debug_failed(&host->kernel));
        debug_fail_nth(&host->kernel, 0);
        if (status == CAPOS_STATUS_OK)
            put(memory);
        host_settle(host);
        ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), 0);
        ck_assert_uint_eq(ledger_used(ledger, LEDGER_KERNEL_MEMORY), host->kernel_bytes);
    }
}
END_TEST

START_TEST(bytes_are_read_across_pages) {
    struct memory *memory = make(3);
    uint8_t bytes[FRAME_SIZE + 2];

    for (uint64_t page = 0; page < 3; page++)
        memset(machine_direct(memory_frame(memory, page)), (int)page + 1, FRAME_SIZE);
    ck_assert(memory_read(memory, FRAME_SIZE - 1, bytes, sizeof bytes));
    ck_assert_uint_eq(bytes[0], 1);
    ck_assert_uint_eq(bytes[1], 2);
    ck_assert_uint_eq(bytes[FRAME_SIZE], 2);
    ck_assert_uint_eq(bytes[FRAME_SIZE + 1], 3);
    ck_assert(memory_read(memory, 3 * FRAME_SIZE, bytes, 0));
    ck_assert(!memory_read(memory, 3 * FRAME_SIZE - 1, bytes, 2));
    ck_assert(!memory_read(memory, UINT64_MAX, bytes, 2));
    put(memory);
}
END_TEST

START_TEST(a_view_keeps_the_memory_and_never_widens) {
    struct memory *memory = make(10);
    struct memory *slice = view(memory, 2, 5, true);
    struct memory *constant = view(slice, 1, 3, false);
    struct memory *again = view(constant, 0, 3, true);

    ck_assert_uint_eq(memory_frame(constant, 0).value, memory_frame(memory, 3).value);
    ck_assert(memory_is_writable(slice));
    ck_assert(!memory_is_writable(constant));
    ck_assert(!memory_is_writable(again));
    put(memory);
    put(slice);
    put(constant);
    host_settle(host);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), 10);
    put(again);
    host_settle(host);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), 0);
}
END_TEST

START_TEST(sealing_and_writing_exclude_each_other) {
    struct memory *memory = make(4);
    struct memory *slice = view(memory, 0, 2, true);

    ck_assert_int_eq(memory_add_writers(slice, 2), CAPOS_STATUS_OK);
    ck_assert_int_eq(memory_seal(memory), CAPOS_STATUS_BUSY);
    memory_remove_writers(memory, 1);
    ck_assert_int_eq(memory_seal(memory), CAPOS_STATUS_BUSY);
    memory_remove_writers(slice, 1);
    ck_assert_int_eq(memory_seal(slice), CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(memory_seal(memory), CAPOS_STATUS_OK);
    ck_assert_int_eq(memory_seal(memory), CAPOS_STATUS_OK);
    ck_assert(memory_is_executable(slice));
    ck_assert(!memory_is_writable(slice));
    ck_assert_int_eq(memory_add_writers(memory, 1), CAPOS_STATUS_REFUSED);
    put(slice);
    put(memory);
}
END_TEST

START_TEST(read_only_views_have_no_writers) {
    struct memory *memory = make(1);
    struct memory *constant = view(memory, 0, 1, false);

    ck_assert_int_eq(memory_add_writers(constant, 1), CAPOS_STATUS_REFUSED);
    put(memory);
    put(constant);
}
END_TEST

START_TEST(fixed_memory_is_nobodys) {
    static uint8_t page[2 * FRAME_SIZE] __attribute__((aligned(FRAME_SIZE)));
    struct memory *memory, *sealed;

    ck_assert_int_eq(memory_create_fixed(cpu, &host_memory_type, ledger, machine_direct_paddr(page),
                                         2, false, &memory),
                     CAPOS_STATUS_OK);
    ck_assert_int_eq(memory_create_fixed(cpu, &host_memory_type, ledger, machine_direct_paddr(page),
                                         2, true, &sealed),
                     CAPOS_STATUS_OK);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), 0);
    ck_assert(!memory_is_writable(memory));
    ck_assert(!memory_is_executable(memory));
    ck_assert(memory_is_executable(sealed));
    ck_assert_ptr_eq(machine_direct(memory_frame(memory, 1)), page + FRAME_SIZE);
    put(memory);
    put(sealed);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/memory");
    TCase *tcase = tcase_create("memory");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, frames_are_charged_and_zeroed);
    tcase_add_test(tcase, too_large_is_refused_without_a_trace);
    tcase_add_test(tcase, a_creation_that_fails_anywhere_leaves_no_trace);
    tcase_add_test(tcase, bytes_are_read_across_pages);
    tcase_add_test(tcase, a_view_keeps_the_memory_and_never_widens);
    tcase_add_test(tcase, sealing_and_writing_exclude_each_other);
    tcase_add_test(tcase, read_only_views_have_no_writers);
    tcase_add_test(tcase, fixed_memory_is_nobodys);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
