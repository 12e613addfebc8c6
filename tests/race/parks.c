// SPDX-License-Identifier: MIT
//
// Whether a wake-up is lost, and whether a parked thread outlives its memory or a parked record its
// thread.
#include "core/process.h"
#include "core/vm.h"
#include "tests/host/vm_calls.h"
#include "tests/race/world.h"

enum { SLOT = 3 };

static uint64_t address; // of the word
static uint32_t *word;

static void two_threads(void) {
    world_begin();
    world_add_second();
    address = world.pair.client.thread->ring.address.value + WORLD_WORD;
    word = actor_at(&world.pair.client, WORLD_WORD);
    *word = 0;
}

static void run_both(void) {
    actor_run(&world.pair.client, world_cpu(1));
    actor_run(&world.second, world_cpu(2));
}

static void a_word(void) {
    two_threads();
    run_both();
}

static void park(uint32_t wait) {
    struct capos_sqe park = {.opcode = CAPOS_OP_PARK,
                             .slot = SLOT,
                             .interface = address,
                             .user_data = WORLD_PARK,
                             .deadline = CAPOS_NO_DEADLINE};

    world_enter(&world.pair.client, 1, &park, wait);
}

static void wake(void) {
    struct capos_sqe unpark = {
        .opcode = CAPOS_OP_UNPARK, .interface = address, .params = 1, .user_data = WORLD_UNPARK};

    *word = 1;
    world_enter(&world.second, 2, &unpark, 0);
}

static void park_or_wake(unsigned number) {
    if (number == 0)
        park(0);
    else
        wake();
}

static void check_woken(void) {
    world_settle();
    world_look(&world.pair.client);
    world_look(&world.second);
    world_require(ended[WORLD_PARK] == 0 || ended[WORLD_PARK] == -CAPOS_STATUS_CHANGED,
                  "a wake-up is lost");
    world_require(ended[WORLD_UNPARK] == (ended[WORLD_PARK] == 0), "UNPARK has counted wrongly");
    world_finish();
}

static bool nothing_is_parked(void) {
    struct park *park = &world.pair.client.process->vm->park;

    for (unsigned i = 0; i < PARK_BUCKETS; i++)
        if (!list_is_empty(&park->bucket[i].calls))
            return false;
    return true;
}

// A thread that dies while it parks and is woken. The process lives on.
static void park_wake_or_kill(unsigned number) {
    struct cpu *cpu = world_cpu(0);

    if (number < 2) {
        if (number == 0)
            park(CAPOS_WAIT_SLOT | SLOT);
        else
            wake();
        return;
    }
    kernel_enter(cpu);
    thread_kill(cpu, world.pair.client.thread);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void check_thread_gone(void) {
    world_settle();
    world_look(&world.second);
    world_require(ended[WORLD_UNPARK] == 0 || ended[WORLD_UNPARK] == 1, "UNPARK's result");
    world_require(nothing_is_parked(), "what a dead thread has parked is still there");
    world_require(world.pair.client.process->threads_left == 1, "the thread does not end");
    world_finish();
}

// A page that is unmapped while a thread parks on it.
static void a_page(void) {
    struct cpu *cpu;
    struct uaddr at;

    two_threads();
    cpu = world_cpu(0);
    kernel_enter(cpu);
    ck_assert_int_eq(vm_allocate(cpu, world.pair.client.process->vm, CAPOS_PAGE_SIZE,
                                 PROTECTION_READ_WRITE, &at),
                     CAPOS_STATUS_OK);
    kernel_leave(cpu);
    address = at.value;
    run_both();
}

static void park_or_unmap(unsigned number) {
    struct cpu *cpu = world_cpu(2);

    if (number == 0) {
        park(0);
        return;
    }
    kernel_enter(cpu);
    world_require(vm_unmap(cpu, world.pair.client.process->vm, address, CAPOS_PAGE_SIZE) ==
                      CAPOS_STATUS_OK,
                  "unmap's result");
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void check_unmapped(void) {
    world_settle();
    world_look(&world.pair.client);
    world_require(ended[WORLD_PARK] == -CAPOS_STATUS_DISCONNECTED ||
                      ended[WORLD_PARK] == -CAPOS_STATUS_REFUSED,
                  "it is parked where nothing is");
    world_require(nothing_is_parked(), "something is still parked");
    world_finish();
}

const struct race park_races[] = {
    {"park against unpark", {2, a_word, park_or_wake, check_woken}, RACE_NO_LOCK, LOCK_QUEUE},
    {"park against unpark against the thread's end",
     {3, a_word, park_wake_or_kill, check_thread_gone},
     RACE_NO_LOCK,
     LOCK_RING},
    {"park against unmap", {2, a_page, park_or_unmap, check_unmapped}, RACE_NO_LOCK, LOCK_QUEUE},
    {0},
};
