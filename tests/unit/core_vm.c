// SPDX-License-Identifier: MIT
//
// kernel/core/vm: each method of VirtualMemory by its contract, what it refuses, what it charges;
// no failure leaves a trace; and a random walk with an audit after each step.
#include "core/vm.h"

#include "core/debug.h"
#include "core/frame.h"
#include "core/memory.h"
#include "tests/harness.h"
#include "tests/host/host.h"
#include "tests/host/vm_calls.h"

#include <string.h>

enum { PAGE = FRAME_SIZE };

static struct host *host;
static struct ledger *ledger;
static struct cpu *cpu;
static struct vm *vm;

static void setup(void) {
    host = host_create(1);
    cpu = &host->cpus[0];
    ledger = &host->kernel.root;
    ck_assert_int_eq(vm_create(cpu, ledger, &vm), CAPOS_STATUS_OK);
}

static void teardown(void) {
    const char *broken = vm_audit(cpu, vm);

    ck_assert_msg(broken == NULL, "%s", broken);
    vm_destroy(cpu, vm);
    host_destroy(host);
}

static void assert_status(enum capos_status status, enum capos_status expected) {
    ck_assert_int_eq(status, expected);
}

static uint64_t reserve(uint64_t pages) {
    struct uaddr at;

    assert_status(vm_reserve(cpu, vm, pages * PAGE, &at), CAPOS_STATUS_OK);
    return at.value;
}

static void commit(uint64_t at, uint64_t pages, enum protection protection) {
    assert_status(vm_commit(cpu, vm, at, pages * PAGE, protection), CAPOS_STATUS_OK);
}

static struct memory *memory_of(uint64_t pages) {
    struct memory *memory;

    assert_status(memory_create(cpu, &host_memory_type, ledger, pages, &memory), CAPOS_STATUS_OK);
    return memory;
}

static uint64_t map(struct memory *memory, uint64_t first, uint64_t pages,
                    enum protection protection) {
    struct uaddr at;

    assert_status(vm_map(cpu, vm, memory, first * PAGE, pages * PAGE, protection, &at),
                  CAPOS_STATUS_OK);
    return at.value;
}

// The protection of a page, or -1 when nothing is mapped there.
static int access_of(uint64_t at, void **direct) {
    enum protection protection;
    struct paddr frame;

    if (!machine_space_lookup(cpu, vm_space(vm), (struct uaddr){at}, &frame, &protection))
        return -1;
    if (direct != NULL)
        *direct = machine_direct(frame);
    return (int)protection;
}

START_TEST(reserving_gives_addresses_only) {
    uint64_t frames = ledger_used(ledger, LEDGER_FRAMES);
    uint64_t first = reserve(10), second = reserve(1);

    ck_assert_uint_ge(second, first + 11 * PAGE);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_RESERVED_PAGES), 11);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), frames);
    ck_assert_int_eq(access_of(first, NULL), -1);
}
END_TEST

START_TEST(reserving_refuses_what_is_no_whole_page_or_too_much) {
    struct uaddr at;

    assert_status(vm_reserve(cpu, vm, 0, &at), CAPOS_STATUS_MALFORMED);
    assert_status(vm_reserve(cpu, vm, PAGE + 1, &at), CAPOS_STATUS_MALFORMED);
    assert_status(vm_reserve(cpu, vm, UINT64_C(1) << 47, &at), CAPOS_STATUS_OVERLOADED);
    assert_status(vm_reserve(cpu, vm, UINT64_MAX - PAGE + 1, &at), CAPOS_STATUS_OVERLOADED);
    assert_status(vm_reserve(cpu, vm, UINT64_C(1) << 46, &at), CAPOS_STATUS_OK);
    assert_status(vm_reserve(cpu, vm, UINT64_C(1) << 46, &at), CAPOS_STATUS_OVERLOADED);
}
END_TEST

START_TEST(committed_memory_is_zeroed_charged_and_given_back) {
    uint64_t at = reserve(100), start = ledger_used(ledger, LEDGER_FRAMES), before;
    void *direct;

    commit(at, 1, PROTECTION_READ); // and page tables, as long as it is there
    before = ledger_used(ledger, LEDGER_FRAMES);
    commit(at + 10 * PAGE, 90, PROTECTION_READ_WRITE);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before + 90);
    for (uint64_t page = 10; page < 100; page++) {
        ck_assert_int_eq(access_of(at + page * PAGE, &direct), PROTECTION_READ_WRITE);
        for (unsigned i = 0; i < PAGE / 8; i++)
            ck_assert_uint_eq(((uint64_t *)direct)[i], 0);
    }
    ck_assert_int_eq(access_of(at + PAGE, NULL), -1);
    assert_status(vm_decommit(cpu, vm, at + 20 * PAGE, 30 * PAGE), CAPOS_STATUS_OK);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), before + 60);
    ck_assert_int_eq(access_of(at + 20 * PAGE, NULL), -1);
    ck_assert_int_eq(access_of(at + 19 * PAGE, NULL), PROTECTION_READ_WRITE);
    commit(at + 20 * PAGE, 30, PROTECTION_NONE);
    assert_status(vm_unmap(cpu, vm, at, 100 * PAGE), CAPOS_STATUS_OK);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES), start);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_RESERVED_PAGES), 0);
}
END_TEST

START_TEST(committing_refuses) {
    uint64_t at = reserve(4);
    struct memory *memory = memory_of(1);
    uint64_t mapped = map(memory, 0, 1, PROTECTION_READ);

    commit(at + PAGE, 1, PROTECTION_READ);
    assert_status(vm_commit(cpu, vm, at, 2 * PAGE, PROTECTION_READ), CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, at + 1, PAGE, PROTECTION_READ), CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, at, PAGE / 2, PROTECTION_READ), CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, at, 0, PROTECTION_READ), CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, at + 3 * PAGE, 2 * PAGE, PROTECTION_READ),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, at, PAGE, PROTECTION_READ_EXECUTE), CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, 0, PAGE, PROTECTION_READ), CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, UINT64_MAX - PAGE + 1, PAGE, PROTECTION_READ),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, at, UINT64_MAX - PAGE + 1, PROTECTION_READ),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, MACHINE_USER_END, PAGE, PROTECTION_READ),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_commit(cpu, vm, mapped, PAGE, PROTECTION_READ), CAPOS_STATUS_REFUSED);
    object_put(cpu, &memory->object);
}
END_TEST

START_TEST(more_than_the_machine_has_is_refused) {
    uint64_t at = reserve(8000);

    assert_status(vm_commit(cpu, vm, at, 8000 * PAGE, PROTECTION_READ), CAPOS_STATUS_OVERLOADED);
    commit(at, 3000, PROTECTION_READ_WRITE);
}
END_TEST

START_TEST(protection_changes_and_never_both) {
    uint64_t at = reserve(4);

    commit(at, 3, PROTECTION_READ_WRITE);
    assert_status(vm_protect(cpu, vm, at + PAGE, PAGE, PROTECTION_READ), CAPOS_STATUS_OK);
    ck_assert_int_eq(access_of(at, NULL), PROTECTION_READ_WRITE);
    ck_assert_int_eq(access_of(at + PAGE, NULL), PROTECTION_READ);
    assert_status(vm_protect(cpu, vm, at, 3 * PAGE, PROTECTION_NONE), CAPOS_STATUS_OK);
    ck_assert_int_eq(access_of(at + PAGE, NULL), PROTECTION_NONE);
    assert_status(vm_protect(cpu, vm, at, PAGE, PROTECTION_READ_EXECUTE), CAPOS_STATUS_REFUSED);
    assert_status(vm_protect(cpu, vm, at, 4 * PAGE, PROTECTION_READ), CAPOS_STATUS_MALFORMED);
    assert_status(vm_protect(cpu, vm, at, PAGE, (enum protection)4), CAPOS_STATUS_MALFORMED);
    ck_assert_int_eq(access_of(at, NULL), PROTECTION_NONE);
}
END_TEST

START_TEST(unmapping_takes_a_whole_range_only) {
    uint64_t at = reserve(4);

    assert_status(vm_unmap(cpu, vm, at, 3 * PAGE), CAPOS_STATUS_MALFORMED);
    assert_status(vm_unmap(cpu, vm, at + PAGE, 3 * PAGE), CAPOS_STATUS_MALFORMED);
    assert_status(vm_unmap(cpu, vm, at, 5 * PAGE), CAPOS_STATUS_MALFORMED);
    assert_status(vm_unmap(cpu, vm, at, 4 * PAGE), CAPOS_STATUS_OK);
    assert_status(vm_unmap(cpu, vm, at, 4 * PAGE), CAPOS_STATUS_MALFORMED);
}
END_TEST

START_TEST(mapped_memory_is_shared_and_outlives_its_holders) {
    struct memory *memory = memory_of(10);
    uint64_t first = map(memory, 2, 5, PROTECTION_READ_WRITE);
    uint64_t second = map(memory, 6, 4, PROTECTION_READ);
    void *a, *b;

    ck_assert_int_eq(access_of(first + 4 * PAGE, &a), PROTECTION_READ_WRITE);
    ck_assert_int_eq(access_of(second, &b), PROTECTION_READ);
    ck_assert_ptr_eq(a, b);
    object_put(cpu, &memory->object);
    host_settle(host);
    memset(b, 1, PAGE);
    assert_status(vm_unmap(cpu, vm, first, 5 * PAGE), CAPOS_STATUS_OK);
    host_settle(host);
    memset(b, 1, PAGE);
    assert_status(vm_unmap(cpu, vm, second, 4 * PAGE), CAPOS_STATUS_OK);
}
END_TEST

START_TEST(mapping_refuses) {
    struct memory *memory = memory_of(10), *constant;
    struct uaddr at;

    assert_status(memory_create_view(cpu, memory, ledger, 0, 10, false, &constant),
                  CAPOS_STATUS_OK);
    assert_status(vm_map(cpu, vm, memory, 0, 0, PROTECTION_READ, &at), CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, 1, PAGE, PROTECTION_READ, &at), CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, 0, 1, PROTECTION_READ, &at), CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, 0, 11 * PAGE, PROTECTION_READ, &at),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, 10 * PAGE, PAGE, PROTECTION_READ, &at),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, 11 * PAGE, PAGE, PROTECTION_READ, &at),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, PAGE, UINT64_MAX - PAGE + 1, PROTECTION_READ, &at),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, 0, PAGE, (enum protection)4, &at),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_map(cpu, vm, memory, 0, PAGE, PROTECTION_READ_EXECUTE, &at),
                  CAPOS_STATUS_REFUSED);
    assert_status(vm_map(cpu, vm, constant, 0, PAGE, PROTECTION_READ_WRITE, &at),
                  CAPOS_STATUS_REFUSED);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_RESERVED_PAGES), 0);
    object_put(cpu, &memory->object);
    object_put(cpu, &constant->object);
}
END_TEST

START_TEST(writers_are_counted_page_by_page) {
    struct memory *memory = memory_of(4);
    uint64_t at = map(memory, 0, 4, PROTECTION_READ);

    assert_status(vm_protect(cpu, vm, at, 3 * PAGE, PROTECTION_READ_WRITE), CAPOS_STATUS_OK);
    assert_status(vm_protect(cpu, vm, at, 2 * PAGE, PROTECTION_READ_WRITE), CAPOS_STATUS_OK);
    ck_assert_int_eq(memory->writers, 3);
    assert_status(vm_protect(cpu, vm, at, 2 * PAGE, PROTECTION_NONE), CAPOS_STATUS_OK);
    ck_assert_int_eq(memory->writers, 1);
    assert_status(memory_seal(memory), CAPOS_STATUS_BUSY);
    assert_status(vm_unmap(cpu, vm, at, 4 * PAGE), CAPOS_STATUS_OK);
    ck_assert_int_eq(memory->writers, 0);
    object_put(cpu, &memory->object);
}
END_TEST

START_TEST(sealed_memory_is_executed_but_never_written) {
    struct memory *memory = memory_of(2);
    uint64_t at = map(memory, 0, 2, PROTECTION_READ), text;

    assert_status(memory_seal(memory), CAPOS_STATUS_OK);
    text = map(memory, 0, 2, PROTECTION_READ_EXECUTE);
    ck_assert_int_eq(access_of(text, NULL), PROTECTION_READ_EXECUTE);
    assert_status(vm_protect(cpu, vm, at, PAGE, PROTECTION_READ_WRITE), CAPOS_STATUS_REFUSED);
    assert_status(vm_protect(cpu, vm, text, PAGE, PROTECTION_READ_WRITE), CAPOS_STATUS_REFUSED);
    assert_status(vm_protect(cpu, vm, at, PAGE, PROTECTION_READ_EXECUTE), CAPOS_STATUS_OK);
    object_put(cpu, &memory->object);
}
END_TEST

START_TEST(what_the_kernel_placed_stays) {
    struct paddr block;
    struct uaddr ring, stack, program = {0x400000};
    uint64_t writable = 7;

    assert_status(frame_alloc(cpu, 1, &block), CAPOS_STATUS_OK);
    assert_status(vm_map_block(cpu, vm, block, 2, PROTECTION_READ_WRITE, &ring), CAPOS_STATUS_OK);
    assert_status(vm_place(cpu, vm, program, 3, PROTECTION_READ), CAPOS_STATUS_OK);
    assert_status(vm_place_area(cpu, vm, 4, PROTECTION_READ_WRITE, &stack), CAPOS_STATUS_OK);
    ck_assert_int_eq(access_of(stack.value - PAGE, NULL), -1);
    assert_status(vm_commit(cpu, vm, stack.value - PAGE, PAGE, PROTECTION_READ),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_unmap(cpu, vm, ring.value, 2 * PAGE), CAPOS_STATUS_REFUSED);
    assert_status(vm_unmap(cpu, vm, program.value, 3 * PAGE), CAPOS_STATUS_REFUSED);
    assert_status(vm_decommit(cpu, vm, ring.value, 2 * PAGE), CAPOS_STATUS_REFUSED);
    assert_status(vm_decommit(cpu, vm, program.value, 3 * PAGE), CAPOS_STATUS_REFUSED);
    assert_status(vm_protect(cpu, vm, ring.value, PAGE, PROTECTION_READ), CAPOS_STATUS_REFUSED);
    assert_status(vm_protect(cpu, vm, program.value, PAGE, PROTECTION_NONE), CAPOS_STATUS_OK);
    assert_status(vm_write(cpu, vm, program, &writable, sizeof writable), CAPOS_STATUS_OK);
    vm_unmap_block(cpu, vm, ring, 2);
    frame_free(cpu, block, 1);
}
END_TEST

START_TEST(places_that_are_taken_or_no_place_are_refused) {
    static const uint64_t bad[] = {0,
                                   PAGE,
                                   MACHINE_USER_START - PAGE,
                                   0x400001,
                                   0x401000,
                                   MACHINE_USER_END - PAGE,
                                   MACHINE_USER_END,
                                   UINT64_MAX - PAGE + 1,
                                   UINT64_C(0xffff800000000000)};

    assert_status(vm_place(cpu, vm, (struct uaddr){0x400000}, 3, PROTECTION_READ), CAPOS_STATUS_OK);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(vm_place(cpu, vm, (struct uaddr){bad[i]}, 1, PROTECTION_READ),
                      CAPOS_STATUS_MALFORMED);
    assert_status(vm_place(cpu, vm, (struct uaddr){0x3ff000}, 2, PROTECTION_READ),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_place(cpu, vm, (struct uaddr){0x500000}, 0, PROTECTION_READ),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_place(cpu, vm, (struct uaddr){0x500000}, 1, PROTECTION_READ_EXECUTE),
                  CAPOS_STATUS_REFUSED);
    ck_assert_uint_eq(ledger_used(ledger, LEDGER_RESERVED_PAGES), 3);
}
END_TEST

START_TEST(writing_reaches_own_memory_only) {
    struct uaddr program = {0x400000};
    uint8_t bytes[PAGE + 10];
    void *direct;

    memset(bytes, 0x5a, sizeof bytes);
    assert_status(vm_place(cpu, vm, program, 2, PROTECTION_READ), CAPOS_STATUS_OK);
    assert_status(vm_write(cpu, vm, (struct uaddr){program.value + PAGE - 5}, bytes, 10),
                  CAPOS_STATUS_OK);
    access_of(program.value, &direct);
    ck_assert_uint_eq(((uint8_t *)direct)[PAGE - 6], 0);
    ck_assert_uint_eq(((uint8_t *)direct)[PAGE - 5], 0x5a);
    access_of(program.value + PAGE, &direct);
    ck_assert_uint_eq(((uint8_t *)direct)[4], 0x5a);
    ck_assert_uint_eq(((uint8_t *)direct)[5], 0);
    assert_status(vm_write(cpu, vm, (struct uaddr){program.value + PAGE}, bytes, sizeof bytes),
                  CAPOS_STATUS_MALFORMED);
    assert_status(vm_write(cpu, vm, (struct uaddr){UINT64_MAX}, bytes, 10), CAPOS_STATUS_MALFORMED);
    assert_status(vm_write(cpu, vm, (struct uaddr){0}, bytes, 0), CAPOS_STATUS_OK);
}
END_TEST

START_TEST(many_regions_are_kept_apart) {
    uint64_t at[300];

    for (unsigned i = 0; i < 300; i++)
        at[i] = reserve(1 + i % 3);
    for (unsigned i = 0; i < 300; i += 2)
        assert_status(vm_unmap(cpu, vm, at[i], (1 + i % 3) * PAGE), CAPOS_STATUS_OK);
    ck_assert_uint_eq(reserve(1), at[0]);
    ck_assert_uint_eq(vm->regions.count, 151);
}
END_TEST

START_TEST(reaping_goes_in_steps) {
    uint64_t at = reserve(1000), steps = 1;
    struct memory *memory = memory_of(500);

    commit(at, 1000, PROTECTION_READ_WRITE);
    map(memory, 0, 500, PROTECTION_READ_WRITE);
    while (!vm_reap(cpu, vm, 100)) {
        struct uaddr other;

        assert_status(vm_reserve(cpu, vm, PAGE, &other), CAPOS_STATUS_DISCONNECTED);
        assert_status(vm_commit(cpu, vm, at, PAGE, PROTECTION_READ), CAPOS_STATUS_DISCONNECTED);
        ck_assert_uint_lt(steps++, 100);
    }
    ck_assert_uint_ge(steps, 8);
    ck_assert_uint_eq(vm->committed, 0);
    ck_assert_int_eq(memory->writers, 0);
    object_put(cpu, &memory->object);
}
END_TEST

START_TEST(a_space_outlives_its_process_as_a_name_only) {
    struct vm *other;
    struct uaddr at;

    assert_status(vm_create(cpu, ledger, &other), CAPOS_STATUS_OK);
    vm_get(other);
    vm_destroy(cpu, other);
    assert_status(vm_reserve(cpu, other, PAGE, &at), CAPOS_STATUS_DISCONNECTED);
    assert_status(vm_unmap(cpu, other, 0x100000000, PAGE), CAPOS_STATUS_DISCONNECTED);
    assert_status(vm_protect(cpu, other, 0x100000000, PAGE, PROTECTION_READ),
                  CAPOS_STATUS_DISCONNECTED);
    assert_status(vm_decommit(cpu, other, 0x100000000, PAGE), CAPOS_STATUS_DISCONNECTED);
    vm_put(cpu, other);
}
END_TEST

// One operation on fixed things, for the injector.
enum { OPERATIONS = 12 };

static enum capos_status operate(int operation, uint64_t reserved, struct memory *memory) {
    struct uaddr at;

    switch (operation) {
    case 0:
        return vm_reserve(cpu, vm, 10 * PAGE, &at);
    case 1:
        return vm_commit(cpu, vm, reserved + 4 * PAGE, 5 * PAGE, PROTECTION_READ);
    case 2:
        return vm_map(cpu, vm, memory, 0, 4 * PAGE, PROTECTION_READ_WRITE, &at);
    case 3:
        return vm_place(cpu, vm, (struct uaddr){0x400000}, 5, PROTECTION_READ_WRITE);
    case 4:
        return vm_place_memory(cpu, vm, (struct uaddr){0x400000}, memory, NULL, 1, 3,
                               PROTECTION_READ);
    case 5:
        return vm_place_area(cpu, vm, 4, PROTECTION_READ_WRITE, &at);
    case 6:
        return vm_map_block(cpu, vm, memory_frame(memory, 0), 1, PROTECTION_READ, &at);
    case 7:
        return vm_protect(cpu, vm, reserved, 2 * PAGE, PROTECTION_READ);
    case 8:
        return vm_allocate(cpu, vm, 200 * PAGE, PROTECTION_READ_WRITE, &at);
    case 9:
        return vm_allocate(cpu, vm, PAGE, PROTECTION_READ, &at);
    case 10:
        return vm_commit(cpu, vm, reserved + 2 * PAGE, 150 * PAGE, PROTECTION_READ);
    default:
        return vm_decommit(cpu, vm, reserved, 2 * PAGE);
    }
}

// What a refused operation must leave as it was.
struct snapshot {
    uint64_t frames, reserved, kernel, regions, free;
    int64_t writers;
};

static struct snapshot snapshot_of(const struct memory *memory) {
    return (struct snapshot){.frames = ledger_used(ledger, LEDGER_FRAMES),
                             .reserved = ledger_used(ledger, LEDGER_RESERVED_PAGES),
                             .regions = vm->regions.count,
                             .free = frame_count(cpu).free,
                             .writers = memory->writers};
}

START_TEST(a_failure_anywhere_leaves_no_trace) {
    struct memory *memory = memory_of(5);
    uint64_t reserved = reserve(200);
    enum capos_status status = CAPOS_STATUS_OVERLOADED;

    commit(reserved, 2, PROTECTION_READ_WRITE);
    for (int i = 0; i < 8; i++) // the array of regions is full: its growth may fail too
        reserve(1);
    for (uint64_t n = 1; status != CAPOS_STATUS_OK; n++) {
        struct snapshot before = snapshot_of(memory), after;

        ck_assert_uint_lt(n, 300);
        debug_fail_nth(&host->kernel, n);
        status = operate(_i, reserved, memory);
        ck_assert_int_eq(status != CAPOS_STATUS_OK, debug_failed(&host->kernel));
        debug_fail_nth(&host->kernel, 0);
        after = snapshot_of(memory);
        if (status != CAPOS_STATUS_OK)
            ck_assert_mem_eq(&before, &after, sizeof before);
        ck_assert_ptr_null(vm_audit(cpu, vm));
    }
    object_put(cpu, &memory->object);
}
END_TEST

// Ends what a slot names, half of the time by its true size.
static enum capos_status step_unmap(struct harness_random *random, uint64_t *slot, uint64_t bytes) {
    const struct region *region = regions_find(&vm->regions, *slot, 1);
    enum capos_status status;

    if (region != NULL && harness_random_below(random, 2))
        bytes = region->pages * PAGE;
    status = vm_unmap(cpu, vm, *slot, bytes);
    if (status == CAPOS_STATUS_OK)
        *slot = 0;
    return status;
}

// Fills an empty slot.
static enum capos_status step_make(struct harness_random *random, struct memory *memory,
                                   uint64_t *slot, uint64_t bytes, enum protection protection) {
    struct uaddr made;
    enum capos_status status;

    if (*slot != 0)
        return CAPOS_STATUS_BUSY;
    if (harness_random_below(random, 2))
        status = vm_reserve(cpu, vm, bytes, &made);
    else
        status = vm_map(cpu, vm, memory, harness_random_below(random, 8) * PAGE, bytes, protection,
                        &made);
    if (status == CAPOS_STATUS_OK)
        *slot = made.value;
    return status;
}

// One random call with arguments that are often nearly right. True when it did something.
static bool step(struct harness_random *random, struct memory *memory, uint64_t known[8]) {
    uint64_t *slot = &known[harness_random_below(random, 8)];
    uint64_t bytes = (1 + harness_random_below(random, 20)) * PAGE;
    uint64_t at = *slot + harness_random_below(random, 20) * PAGE;
    enum protection protection = (enum protection)harness_random_below(random, 4);

    if (harness_random_below(random, 16) == 0)
        at = harness_random_sized(random);
    if (harness_random_below(random, 16) == 0)
        bytes = harness_random_sized(random);
    switch (harness_random_below(random, 7)) {
    case 0:
        return step_unmap(random, slot, bytes) == CAPOS_STATUS_OK;
    case 1:
        return vm_decommit(cpu, vm, at, bytes) == CAPOS_STATUS_OK;
    case 2:
    case 3:
        return vm_protect(cpu, vm, at, bytes, protection) == CAPOS_STATUS_OK;
    case 4:
    case 5:
        return vm_commit(cpu, vm, at, bytes, protection) == CAPOS_STATUS_OK;
    default:
        return step_make(random, memory, slot, bytes, protection) == CAPOS_STATUS_OK;
    }
}

START_TEST(random_walk) {
    struct harness_random random = harness_random_start();
    struct memory *memory = memory_of(30);
    uint64_t known[8] = {0}, done = 0;

    for (int i = 0; i < 4000; i++) {
        done += step(&random, memory, known);
        const char *broken = vm_audit(cpu, vm);
        ck_assert_msg(broken == NULL, "step %d: %s", i, broken);
        ck_assert_uint_eq(ledger_used(ledger, LEDGER_FRAMES),
                          vm->committed + vm->tables + memory->pages);
    }
    ck_assert_uint_gt(done, 400);
    object_put(cpu, &memory->object);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/vm");
    TCase *tcase = tcase_create("vm");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, reserving_gives_addresses_only);
    tcase_add_test(tcase, reserving_refuses_what_is_no_whole_page_or_too_much);
    tcase_add_test(tcase, committed_memory_is_zeroed_charged_and_given_back);
    tcase_add_test(tcase, committing_refuses);
    tcase_add_test(tcase, more_than_the_machine_has_is_refused);
    tcase_add_test(tcase, protection_changes_and_never_both);
    tcase_add_test(tcase, unmapping_takes_a_whole_range_only);
    tcase_add_test(tcase, mapped_memory_is_shared_and_outlives_its_holders);
    tcase_add_test(tcase, mapping_refuses);
    tcase_add_test(tcase, writers_are_counted_page_by_page);
    tcase_add_test(tcase, sealed_memory_is_executed_but_never_written);
    tcase_add_test(tcase, what_the_kernel_placed_stays);
    tcase_add_test(tcase, places_that_are_taken_or_no_place_are_refused);
    tcase_add_test(tcase, writing_reaches_own_memory_only);
    tcase_add_test(tcase, many_regions_are_kept_apart);
    tcase_add_test(tcase, reaping_goes_in_steps);
    tcase_add_test(tcase, a_space_outlives_its_process_as_a_name_only);
    tcase_add_loop_test(tcase, a_failure_anywhere_leaves_no_trace, 0, OPERATIONS);
    tcase_add_test(tcase, random_walk);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
