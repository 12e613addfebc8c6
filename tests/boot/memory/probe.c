// SPDX-License-Identifier: MIT
//
// One case of memory.tap: the grant whose name is a case's says which. Exits with 0 when all was as
// it should be; else with 3, after saying the line.
#include "base/format.h"
#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/memory/calls.h"

// Short names for the accesses.
static const enum capos_protection NONE = CAPOS_PROTECTION_NONE, R = CAPOS_PROTECTION_READ,
                                   RW = CAPOS_PROTECTION_READ_WRITE,
                                   X = CAPOS_PROTECTION_READ_EXECUTE;

enum { WRONG = 3, REFUSED = CAPOS_INVALID_ARGUMENT };

static __attribute__((noreturn)) void fail(unsigned line) {
    char text[60];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, "# probe.c, line ");
    format_u64(&f, line);
    format_text(&f, "\n");
    capos_print_bytes(text, f.used);
    capos_exit(WRONG);
}

static void expect(bool ok, unsigned line) {
    if (!ok)
        fail(line);
}

#define CHECK(condition) expect((condition), __LINE__)

static uint64_t *words_at(uint64_t at) {
    return (uint64_t *)(uintptr_t)at;
}

static void fill(uint64_t at, uint64_t bytes, uint64_t value) {
    for (uint64_t i = 0; i < bytes / 8; i++)
        ((volatile uint64_t *)words_at(at))[i] = value;
}

static bool is_filled(uint64_t at, uint64_t bytes, uint64_t value) {
    for (uint64_t i = 0; i < bytes / 8; i++)
        if (((volatile uint64_t *)words_at(at))[i] != value)
            return false;
    return true;
}

// Nothing that is no range of whole pages in the right state is taken, and nothing happens.
static void ranges(void) {
    static const uint64_t odd[] = {1,
                                   8,
                                   PAGE - 1,
                                   PAGE + 1,
                                   UINT64_MAX,
                                   UINT64_MAX - PAGE + 1,
                                   UINT64_C(1) << 47,
                                   (UINT64_C(1) << 47) - PAGE,
                                   UINT64_C(0xffff800000000000),
                                   0};
    const uint64_t ring = (uint64_t)(uintptr_t)capos_client()->ring.header & ~UINT64_C(4095);
    const uint64_t set = (uint64_t)(uintptr_t)capos_grants(),
                   here = (uint64_t)(uintptr_t)&ring & ~UINT64_C(4095);
    const uint64_t text = (uint64_t)(uintptr_t)ranges & ~UINT64_C(4095);
    uint64_t at, other;

    CHECK(reserve(4 * PAGE, &at) == CAPOS_DONE);
    CHECK(commit(at, PAGE, RW) == CAPOS_DONE);
    fill(at, PAGE, 7);
    for (unsigned i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        CHECK(reserve(odd[i], &other) != CAPOS_DONE);
        CHECK(allocate(odd[i], RW, &other) != CAPOS_DONE);
        CHECK(commit(at + PAGE, odd[i], RW) != CAPOS_DONE);
        CHECK(commit(odd[i], PAGE, RW) != CAPOS_DONE);
        CHECK(commit(odd[i], odd[i], RW) != CAPOS_DONE);
        CHECK(decommit(at, odd[i]) != CAPOS_DONE);
        CHECK(decommit(odd[i], PAGE) != CAPOS_DONE);
        CHECK(protect(at, odd[i], R) != CAPOS_DONE);
        CHECK(protect(odd[i], PAGE, R) != CAPOS_DONE);
        CHECK(unmap(at, odd[i]) != CAPOS_DONE);
        CHECK(unmap(odd[i], 4 * PAGE) != CAPOS_DONE);
    }
    CHECK(commit(at, PAGE, RW) == REFUSED && commit(at, 2 * PAGE, RW) == REFUSED);
    CHECK(commit(at + PAGE, 4 * PAGE, RW) == REFUSED);
    CHECK(decommit(at, 2 * PAGE) == REFUSED && protect(at, 2 * PAGE, R) == REFUSED);
    CHECK(unmap(at, PAGE) == REFUSED && unmap(at + PAGE, 3 * PAGE) == REFUSED);
    for (unsigned i = 0; i < 3; i++) {
        const uint64_t fixed = i == 0 ? ring : i == 1 ? set : text;

        CHECK(decommit(fixed, PAGE) == REFUSED && unmap(fixed, PAGE) == REFUSED);
        CHECK(commit(fixed, PAGE, RW) == REFUSED);
    }
    CHECK(protect(ring, PAGE, NONE) == REFUSED && protect(ring, PAGE, X) == REFUSED);
    CHECK(protect(text, PAGE, RW) == REFUSED);
    CHECK(decommit(here, PAGE) == REFUSED && unmap(here, PAGE) == REFUSED); // under one's own feet
    CHECK(is_filled(at, PAGE, 7));
    CHECK(unmap(at, 4 * PAGE) == CAPOS_DONE);
    CHECK(unmap(at, 4 * PAGE) == REFUSED);
}

// No page is ever writable and executable, by whatever way.
static void never_both(void) {
    struct capos_memory_object object, view, part;
    uint64_t at, written, text;

    for (unsigned from = 0; from <= CAPOS_PROTECTION_READ_WRITE; from++) {
        CHECK(allocate(PAGE, (enum capos_protection)from, &at) == CAPOS_DONE);
        CHECK(protect(at, PAGE, X) == REFUSED);
        CHECK(unmap(at, PAGE) == CAPOS_DONE);
    }
    CHECK(allocate(PAGE, X, &at) == REFUSED &&
          allocate(PAGE, (enum capos_protection)9, &at) == REFUSED);
    CHECK(make_object(3 * PAGE, &object) == CAPOS_DONE);
    CHECK(read_only(object, &view) == CAPOS_DONE && slice(object, PAGE, PAGE, &part) == CAPOS_DONE);
    for (unsigned i = 0; i < 3; i++)
        CHECK(map(i == 0 ? object : i == 1 ? view : part, 0, PAGE, X, &at) == REFUSED);
    CHECK(map(view, 0, PAGE, RW, &at) == REFUSED);
    CHECK(map(view, 0, PAGE, R, &at) == CAPOS_DONE && protect(at, PAGE, RW) == REFUSED);
    CHECK(map(part, 0, PAGE, R, &written) == CAPOS_DONE);
    CHECK(protect(written, PAGE, RW) == CAPOS_DONE);
    CHECK(seal(object) == CAPOS_FAILED);               // a slice of it is mapped for writing
    fill(written, PAGE, UINT64_C(0xc3c3c3c3c3c3c3c3)); // RET
    CHECK(protect(written, PAGE, NONE) == CAPOS_DONE);
    CHECK(seal(view) == CAPOS_FAILED && seal(part) == CAPOS_FAILED && seal(object) == CAPOS_DONE);
    CHECK(protect(written, PAGE, RW) == REFUSED && protect(at, PAGE, RW) == REFUSED);
    CHECK(map(object, 0, PAGE, RW, &text) == REFUSED && map(part, 0, PAGE, RW, &text) == REFUSED);
    CHECK(map(view, PAGE, PAGE, X, &text) == CAPOS_DONE);
    ((void (*)(void))(uintptr_t)text)();
    CHECK(protect(text, PAGE, RW) == REFUSED && protect(text, PAGE, R) == CAPOS_DONE);
    CHECK(protect(written, PAGE, X) == CAPOS_DONE && protect(written, PAGE, R) == CAPOS_DONE);
}

// What takes many steps comes out as what takes one, while other calls are answered.
static void large(void) {
    struct capos_timer timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_timer_now_results now;
    struct capos_memory_object object;
    struct capos_call first, call;
    struct capos_struct results;
    enum { BYTES = 700 * PAGE };
    uint64_t at, shared;

    struct capos_virtual_memory_allocate_params_builder params =
        capos_virtual_memory_allocate_begin(&first, capos_ring(), own_memory());
    capos_virtual_memory_allocate_params_set_bytes(params, BYTES);
    capos_virtual_memory_allocate_params_set_protection(params, RW);
    CHECK(capos_call_send(&first) == CAPOS_DONE);
    CHECK(capos_timer_now(&call, capos_ring(), timer, &now) == CAPOS_DONE); // not held up by it
    capos_call_release(&call);
    CHECK(capos_call_wait(&first, &results) == CAPOS_DONE);
    at = capos_virtual_memory_allocate_results_address(
        (struct capos_virtual_memory_allocate_results){results});
    capos_call_release(&first);
    CHECK(is_filled(at, BYTES, 0));
    fill(at, BYTES, 1);
    CHECK(protect(at, BYTES, R) == CAPOS_DONE && is_filled(at, BYTES, 1));
    CHECK(decommit(at + PAGE, BYTES - 2 * PAGE) == CAPOS_DONE);
    CHECK(decommit(at, BYTES) == REFUSED); // part of it is gone
    CHECK(commit(at + PAGE, BYTES - 2 * PAGE, RW) == CAPOS_DONE);
    CHECK(is_filled(at + PAGE, BYTES - 2 * PAGE, 0) && is_filled(at, PAGE, 1));
    CHECK(unmap(at, BYTES) == CAPOS_DONE);
    CHECK(make_object(BYTES, &object) == CAPOS_DONE &&
          map(object, 0, BYTES, RW, &at) == CAPOS_DONE);
    CHECK(map(object, PAGE, BYTES - PAGE, R, &shared) == CAPOS_DONE);
    fill(at, BYTES, 9);
    CHECK(is_filled(shared, BYTES - PAGE, 9));
    CHECK(unmap(at, BYTES) == CAPOS_DONE && is_filled(shared, BYTES - PAGE, 9));
    capos_release(object.id);
    CHECK(is_filled(shared, BYTES - PAGE, 9) && unmap(shared, BYTES - PAGE) == CAPOS_DONE);
}

// Leaves nothing but other values behind, everywhere that it can.
static void dirty(void) {
    uint64_t at;

    while (allocate(128 * PAGE, RW, &at) == CAPOS_DONE)
        fill(at, 128 * PAGE, UINT64_C(0xa5a5a5a5a5a5a5a5));
    while (allocate(PAGE, RW, &at) == CAPOS_DONE)
        fill(at, PAGE, UINT64_C(0xa5a5a5a5a5a5a5a5));
}

static void clean(void) {
    struct capos_memory_object object;
    uint64_t at;

    CHECK(make_object(200 * PAGE, &object) == CAPOS_DONE);
    CHECK(map(object, 0, 200 * PAGE, R, &at) == CAPOS_DONE && is_filled(at, 200 * PAGE, 0));
    while (allocate(128 * PAGE, R, &at) == CAPOS_DONE)
        CHECK(is_filled(at, 128 * PAGE, 0));
}

// Shared memory: one writes, the other sees it and can't write.
static void writer(void) {
    struct capos_memory_object object = {capos_need("object", CAPOS_MEMORY_OBJECT_INTERFACE_ID)};
    uint64_t at;

    CHECK(map(object, 0, 100 * PAGE, RW, &at) == CAPOS_DONE && is_filled(at, 100 * PAGE, 0));
    fill(at, 100 * PAGE, UINT64_C(0x1122334455667788));
}

static void reader(void) {
    struct capos_memory_object object = {capos_need("object", CAPOS_MEMORY_OBJECT_INTERFACE_ID)};
    uint64_t at;

    CHECK(map(object, 0, 100 * PAGE, RW, &at) == REFUSED);
    CHECK(map(object, 0, 100 * PAGE, R, &at) == CAPOS_DONE && protect(at, PAGE, RW) == REFUSED);
    CHECK(is_filled(at, 100 * PAGE, UINT64_C(0x1122334455667788)));
    *(volatile uint64_t *)words_at(at) = 0; // ends it
}

// Eats what there is of everything until it is refused, gives it back, and again, for ever.
static void eater(void) {
    struct capos_memory_object object, part;
    uint64_t at[40], first = 0;

    for (unsigned round = 0;; round++) {
        unsigned count = 0;

        CHECK(make_object(PAGE, &object) == CAPOS_DONE);
        while (slice(object, 0, PAGE, &part) == CAPOS_DONE) // slots, kernel memory
            first = first == 0 ? part.id : first;
        while (count < 40 && allocate((1 + count % 7 * 30) * PAGE, RW, &at[count]) == CAPOS_DONE)
            *(volatile uint64_t *)words_at(at[count++]) = round;
        for (uint64_t bytes = UINT64_C(1) << 46; bytes >= PAGE; bytes /= 2) {
            uint64_t range;

            while (reserve(bytes, &range) == CAPOS_DONE) // addresses
                continue;
        }
        capos_exit(0); // all at once
    }
}

// Everything that takes long, again and again, until it is killed.
static void churn(void) {
    struct capos_memory_object object;
    uint64_t at, shared;

    for (;;) {
        CHECK(allocate(150 * PAGE, RW, &at) == CAPOS_DONE);
        CHECK(protect(at, 100 * PAGE, R) == CAPOS_DONE && decommit(at, 70 * PAGE) == CAPOS_DONE);
        CHECK(commit(at, 70 * PAGE, RW) == CAPOS_DONE &&
              make_object(90 * PAGE, &object) == CAPOS_DONE);
        CHECK(map(object, 0, 90 * PAGE, RW, &shared) == CAPOS_DONE);
        fill(shared, PAGE, 1);
        CHECK(unmap(at, 150 * PAGE) == CAPOS_DONE && unmap(shared, 90 * PAGE) == CAPOS_DONE);
        capos_release(object.id);
    }
}

// Calls that must go on, whatever others do.
static void worker(void) {
    struct capos_timer timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_timer_now_results now;
    struct capos_call call;
    uint64_t at;

    for (unsigned i = 0; i < 300; i++) {
        CHECK(capos_timer_now(&call, capos_ring(), timer, &now) == CAPOS_DONE);
        capos_call_release(&call);
        CHECK(allocate(4 * PAGE, RW, &at) == CAPOS_DONE && unmap(at, 4 * PAGE) == CAPOS_DONE);
    }
}

// Waits to be looked at.
static void sleeper(void) {
    struct capos_timer timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_timer_sleep_until_results slept;
    struct capos_call call;

    (void)capos_timer_sleep_until(&call, capos_ring(), timer, UINT64_MAX - 1, &slept);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"ranges", ranges}, {"never-both", never_both}, {"large", large},     {"dirty", dirty},
    {"clean", clean},   {"writer", writer},         {"reader", reader},   {"eater", eater},
    {"churn", churn},   {"worker", worker},         {"sleeper", sleeper},
};

int main(void) {
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (capos_grant(cases[i].name, CAPOS_TIMER_INTERFACE_ID) != 0) {
            cases[i].run();
            return 0;
        }
    return WRONG;
}
