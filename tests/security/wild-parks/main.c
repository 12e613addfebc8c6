// SPDX-License-Identifier: MIT
//
// Danger: PARK and UNPARK name memory by address, which the kernel reads. Only words that the
// process can read itself are compared; all others are refused without a trace. And the memory of a
// word may go away at any moment, on another processor too.
#include "tests/security/common/hostile.h"

#include "capos/park.h"
#include "capos/thread.h"
#include "schemas/memory.capos.h"
#include "schemas/time.capos.h"

#include <stdatomic.h>

enum { ROUNDS = 300, SLOT = 3 };

static const uint32_t constant = 77; // in read-only memory
static _Atomic uint32_t word;

static struct capos_sqe park(uint64_t cap, uint64_t at, uint32_t expected) {
    return (struct capos_sqe){.opcode = CAPOS_OP_PARK,
                              .slot = SLOT,
                              .cap = cap,
                              .interface = at,
                              .params = expected,
                              .deadline = 1};
}

static void expect(uint64_t cap, uint64_t at, uint32_t expected, enum capos_status status,
                   const char *what) {
    struct capos_sqe sqe = park(cap, at, expected);

    hostile_expect_status(&sqe, status, what);
}

static void expect_unpark(uint64_t cap, uint64_t at, uint32_t count, enum capos_status status,
                          const char *what) {
    const struct capos_sqe sqe = {
        .opcode = CAPOS_OP_UNPARK, .cap = cap, .interface = at, .params = count};

    hostile_expect_status(&sqe, status, what);
}

static void single_words(void) {
    static const uint64_t wild[] = {
        UINT64_C(0x7ffffffff000),     UINT64_C(0x800000000000),     UINT64_C(0x8000000000000000),
        UINT64_C(0xffff800000000000), UINT64_C(0xffffffff80000000), UINT64_MAX - 3,
    };
    uint64_t timer = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);

    for (unsigned i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        expect(0, wild[i], 0, CAPOS_STATUS_MALFORMED, "a word that is the kernel's or nobody's");
        expect_unpark(0, wild[i], UINT32_MAX, CAPOS_STATUS_MALFORMED, "a wild word to wake");
    }
    for (uint64_t i = 1; i < 4; i++)
        expect(0, (uintptr_t)&word + i, 0, CAPOS_STATUS_MALFORMED, "an odd word");
    expect(0, 0, 0, CAPOS_STATUS_REFUSED, "address 0");
    expect(0, UINT64_C(0x7fffffffeffc), 0, CAPOS_STATUS_REFUSED, "the last word there could be");
    expect_unpark(0, 0, UINT32_MAX, CAPOS_STATUS_OK, "nobody at address 0");
    expect(0, (uintptr_t)&word, 1, CAPOS_STATUS_CHANGED, "another value");
    expect(0, (uintptr_t)&word, 0, CAPOS_STATUS_TIMED_OUT, "a deadline that has passed");
    expect(0, (uintptr_t)&constant, 77, CAPOS_STATUS_TIMED_OUT, "a constant");
    expect(0, (uintptr_t)expect & ~UINT64_C(3), 0, CAPOS_STATUS_CHANGED, "text, which is no zero");
    expect(0, (uintptr_t)capos_client()->ring.header, CAPOS_RING_MAGIC, CAPOS_STATUS_TIMED_OUT,
           "the ring");
    expect(timer, 0, 0, CAPOS_STATUS_REFUSED, "a capability without memory");
    expect(timer + 1000, 0, 0, CAPOS_STATUS_REFUSED, "a capability that is none");
    expect_unpark(timer, 0, 1, CAPOS_STATUS_REFUSED, "to wake on it");
    expect_unpark(0, (uintptr_t)&word, UINT32_MAX, CAPOS_STATUS_OK, "all of nobody");
}

// Memory that comes and goes under a thread that parks there.
static _Atomic uint64_t page;
static _Atomic uint32_t stop;

static int32_t park_there(void *argument) {
    int32_t woken = 0;

    (void)argument;
    while (atomic_load(&stop) == 0) {
        enum capos_status status = capos_park(
            (const _Atomic uint32_t *)(uintptr_t)atomic_load(&page), 0, CAPOS_NO_DEADLINE);

        if (status != CAPOS_STATUS_DISCONNECTED && status != CAPOS_STATUS_REFUSED)
            return -1;
        woken += status == CAPOS_STATUS_DISCONNECTED;
    }
    return woken;
}

static uint64_t allocate(struct capos_virtual_memory memory) {
    struct capos_virtual_memory_allocate_results results;
    struct capos_call call;
    uint64_t address = 0;

    if (capos_virtual_memory_allocate(&call, capos_ring(), memory, CAPOS_PAGE_BYTES,
                                      CAPOS_PROTECTION_READ_WRITE, &results) == CAPOS_DONE)
        address = capos_virtual_memory_allocate_results_address(results);
    capos_call_release(&call);
    return address;
}

static void unmap(struct capos_virtual_memory memory, uint64_t address) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;

    hostile_expect(capos_virtual_memory_unmap(&call, capos_ring(), memory, address,
                                              CAPOS_PAGE_BYTES, &results) == CAPOS_DONE,
                   "memory is given back while somebody parks there");
    capos_call_release(&call);
}

static void memory_that_goes(void) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_thread *threads[3];
    int32_t woken = 0, all = 0;

    atomic_store(&page, allocate(memory));
    for (unsigned i = 0; i < 3; i++)
        if (capos_thread_create(&threads[i], park_there, NULL, NULL) != CAPOS_DONE)
            capos_panic("no thread");
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t before = atomic_load(&page);

        hostile_expect_life(); // a while, in which they park
        unmap(memory, before);
        atomic_store(&page, allocate(memory));
    }
    atomic_store(&stop, 1);
    unmap(memory, atomic_load(&page));
    for (unsigned i = 0; i < 3; i++) {
        hostile_expect(capos_thread_join(threads[i], &woken) == CAPOS_DONE && woken >= 0,
                       "parking ended otherwise");
        all += woken;
    }
    hostile_expect(all > 0, "somebody was there when the memory went");
}

int main(void) {
    single_words();
    memory_that_goes();
    capos_client_flush(capos_client()); // what was given up by the runtime goes first
    hostile_expect_life();
    return hostile_tally();
}
