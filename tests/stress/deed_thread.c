// SPDX-License-Identifier: MIT
//
// Deeds with threads: ThreadSpawner, ThreadHandle, and by the threads themselves ThreadControl. A
// thread says when it has done what it does first, and lives until it is told to go (mailbox.h);
// the judge waits for it and tells it by PARK and UNPARK of words that they share.
#include "base/memory.h"
#include "capos/park.h"
#include "schemas/thread.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/figures.h"
#include "tests/stress/ledgers.h"
#include "tests/stress/puppet_ring.h"
#include "tests/stress/thread_model.h"

enum { THREADS = 64, OTHER_BASE = 0x5678 };

struct thread {
    bool used, living, exited, detached, named;
    int p, part;
    int32_t status;
    uint32_t ring_pages;
    uint64_t id, ring;
};

static struct thread threads[THREADS];

static struct mailbox_thread *part_of(const struct thread *thread) {
    return &puppets[thread->p].box->thread[thread->part];
}

uint32_t thread_living(int p) {
    uint32_t n = 0;

    for (int i = 0; i < THREADS; i++)
        n += threads[i].used && threads[i].living && threads[i].p == p;
    return n;
}

uint32_t thread_ring_pages(int p) {
    uint32_t n = 0;

    for (int i = 0; i < THREADS; i++)
        if (threads[i].used && threads[i].living && threads[i].p == p)
            n += threads[i].ring_pages;
    return n;
}

uint64_t thread_tables(int p) {
    uint64_t tables = 0;

    for (int i = 0; i < THREADS; i++)
        if (threads[i].used && threads[i].living && threads[i].p == p)
            for (uint32_t k = 0; k < threads[i].ring_pages; k++)
                tables |= UINT64_C(1)
                          << (threads[i].ring + k * UINT64_C(4096) - UINT64_C(0x100000000)) /
                                 (UINT64_C(512) * 4096);
    return tables;
}

bool thread_is_living(int what) {
    return threads[what].living;
}

bool thread_is_detached(int what) {
    return threads[what].detached;
}

static void forget(struct thread *thread) {
    thread->used = thread->living || thread->named;
}

void thread_gone(int what) {
    threads[what].named = false;
    forget(&threads[what]);
}

void thread_killed(int p) {
    for (int i = 0; i < THREADS; i++)
        if (threads[i].used && threads[i].living && threads[i].p == p) {
            threads[i].living = false;
            forget(&threads[i]);
        }
}

static int free_part(int p) {
    for (int part = 0; part < MAILBOX_THREADS; part++) {
        bool taken = false;

        for (int i = 0; i < THREADS; i++)
            taken |= threads[i].used && threads[i].living && threads[i].p == p &&
                     threads[i].part == part;
        if (!taken)
            return part;
    }
    return -1;
}

// Waits for what a thread does first.
static void await_done(int p, struct thread *thread) {
    struct mailbox_thread *part = part_of(thread);
    uint64_t offset = (uint64_t)((char *)&part->done - (char *)puppets[p].box);
    uint64_t word = *(volatile uint64_t *)puppets_commons;

    while (__atomic_load_n(&part->done, __ATOMIC_ACQUIRE) == 0)
        (void)capos_park_shared(puppets[p].memory, offset, 0, CAPOS_NO_DEADLINE);
    court_expect_equal((uint64_t)part->failed, CAPOS_DONE, p, "a thread's own calls end with");
    court_expect_equal(part->base, word, p, "a thread's FS base leads to");
    court_expect_equal(part->other, OTHER_BASE, p, "a thread's new FS base leads to");
    thread->id = part->id;
    thread->ring = part->ring;
    figures_method(CAPOS_THREAD_CONTROL_INTERFACE_ID, CAPOS_THREAD_CONTROL_ID_METHOD, true);
    figures_method(CAPOS_THREAD_CONTROL_INTERFACE_ID, CAPOS_THREAD_CONTROL_SET_THREAD_BASE_METHOD,
                   true);
}

static bool spawn(int p) {
    const struct mailbox *box = puppets[p].box;
    int part = free_part(p), what = 0, want, got;
    bool have, small = court_chance(50), crooked = court_chance(5), far = court_chance(5);
    struct capos_thread_spawner_spawn_results results;
    uint32_t pages = small ? CAPOS_RING_SMALL_PAGES : CAPOS_RING_STANDARD_PAGES;
    struct capos_call call;

    while (what < THREADS && threads[what].used)
        what++;
    if (part < 0 || what == THREADS || !ledgers_have(p, LIMIT_FRAMES, 8) ||
        !ledgers_have(p, LIMIT_RESERVED_PAGES, 8))
        return false;
    have = ledgers_have(p, LIMIT_THREADS, 1);
    want = court_has_room(p, 1) ? CAPOS_DONE : -CAPOS_STATUS_OVERLOADED;
    if (want == CAPOS_DONE && (crooked || far))
        want = CAPOS_INVALID_ARGUMENT;
    else if (want == CAPOS_DONE && !have)
        want = CAPOS_OVERLOADED;
    memset(&puppets[p].box->thread[part], 0, sizeof box->thread[part]);
    got = capos_thread_spawner_spawn(
        &call, puppet_ring(p), (struct capos_thread_spawner){box->own[OWN_THREADS]},
        far ? UINT64_C(1) << 62 : box->thread_entry, box->thread_stack[part] - (crooked ? 8 : 0),
        (uint64_t)part, box->commons_address,
        small ? CAPOS_RING_SIZE_SMALL : CAPOS_RING_SIZE_STANDARD, &results);
    if (!court_ended(p, got, want))
        return true;
    threads[what] = (struct thread){
        .used = true, .living = true, .named = true, .p = p, .part = part, .ring_pages = pages};
    await_done(p, &threads[what]);
    (void)court_got(p, capos_thread_spawner_spawn_results_thread(results).id,
                    CAPOS_THREAD_HANDLE_INTERFACE_ID, what);
    return true;
}

static void tell_to_go(struct thread *thread) {
    struct mailbox_thread *part = part_of(thread);

    part->status = thread->status;
    __atomic_store_n(&part->go, 1, __ATOMIC_RELEASE);
    capos_unpark_shared(puppets[thread->p].memory,
                        (uint64_t)((char *)&part->go - (char *)puppets[thread->p].box), 1);
}

// A thread without a handle is told to go at once; its end is told by a word.
static bool start(int p) {
    const struct mailbox *box = puppets[p].box;
    struct thread thread = {.p = p, .part = free_part(p)};
    bool crooked = court_chance(5), small = court_chance(50);
    struct capos_thread_spawner_start_results results;
    struct mailbox_thread *part;
    struct capos_call call;
    int want, got;

    if (thread.part < 0 || !ledgers_have(p, LIMIT_FRAMES, 8) ||
        !ledgers_have(p, LIMIT_RESERVED_PAGES, 8))
        return false;
    want = crooked                             ? CAPOS_INVALID_ARGUMENT
           : ledgers_have(p, LIMIT_THREADS, 1) ? CAPOS_DONE
                                               : CAPOS_OVERLOADED;
    part = part_of(&thread);
    memset(part, 0, sizeof *part);
    got = capos_thread_spawner_start(
        &call, puppet_ring(p), (struct capos_thread_spawner){box->own[OWN_THREADS]},
        box->thread_entry, box->thread_stack[thread.part], (uint64_t)thread.part,
        box->commons_address, small ? CAPOS_RING_SIZE_SMALL : CAPOS_RING_SIZE_STANDARD,
        box->box_address + (uint64_t)((const char *)&part->ended - (const char *)box) + crooked,
        &results);
    court_expect_equal((uint64_t)got, (uint64_t)want, p, "ThreadSpawner.start ends with");
    if (got != CAPOS_DONE)
        return true;
    await_done(p, &thread);
    court_expect_equal(capos_thread_spawner_start_results_id(results), thread.id, p,
                       "a started thread's number");
    court_expect(__atomic_load_n(&part->ended, __ATOMIC_ACQUIRE) == 0, p,
                 "that a living thread has not ended");
    tell_to_go(&thread);
    while (__atomic_load_n(&part->ended, __ATOMIC_ACQUIRE) == 0)
        guest_sleep(GUEST_MS / 4);
    return true;
}

// A call to one of the puppet's threads, by a handle; false: it has none.
static bool begin_thread(struct deed_call *deed, int p, struct thread **thread,
                         struct capos_thread_handle *handle) {
    if (!deed_begin(deed, p, CAPOS_THREAD_HANDLE_INTERFACE_ID, 0))
        return false;
    handle->id = deed->cap;
    *thread = &threads[deed_object(deed)->what];
    deed_refused_if(deed, (*thread)->detached, CAPOS_DISCONNECTED);
    return true;
}

// One that lives is told to go before, while somebody joins, or not at all: then the join is
// cancelled.
static bool join(int p) {
    struct capos_thread_handle_join_results results;
    bool held = court_chance(50), goes = court_chance(80);
    struct capos_thread_handle handle;
    struct deed_call deed;
    struct thread *thread;

    if (!begin_thread(&deed, p, &thread, &handle))
        return false;
    capos_thread_handle_join_begin(&deed.call, deed.ring, handle);
    (void)capos_thread_handle_join_send(&deed.call);
    if (deed.want == CAPOS_DONE && thread->living) {
        thread->status = (int32_t)operations_random(&court.operations);
        thread->exited = goes;
        if (goes && held)
            puppet_ring_submit(&deed.call);
        if (goes)
            tell_to_go(thread);
        else
            deed_cancel(&deed);
    }
    if (!deed_ended(&deed, capos_thread_handle_join_wait(&deed.call, &results)))
        return true;
    if (thread->living)
        figures_method(CAPOS_THREAD_CONTROL_INTERFACE_ID, CAPOS_THREAD_CONTROL_EXIT_METHOD, true);
    thread->living = false;
    court_expect(capos_thread_handle_join_results_exited(results) == thread->exited, p,
                 "whether a thread has ended itself");
    if (thread->exited)
        court_expect_equal((uint64_t)capos_thread_handle_join_results_status(results),
                           (uint64_t)thread->status, p, "a thread's status");
    return true;
}

static bool detach(int p) {
    struct capos_thread_handle_detach_results results;
    struct capos_thread_handle handle;
    struct deed_call deed;
    struct thread *thread;

    if (!court_chance(8) || !begin_thread(&deed, p, &thread, &handle))
        return false;
    if (deed_ended(&deed, capos_thread_handle_detach(&deed.call, deed.ring, handle, &results)))
        thread->detached = true;
    return true;
}

static bool info(int p) {
    struct capos_thread_handle_info_results results;
    struct capos_thread_handle handle;
    struct deed_call deed;
    struct thread *thread;

    if (!begin_thread(&deed, p, &thread, &handle))
        return false;
    if (!deed_ended(&deed, capos_thread_handle_info(&deed.call, deed.ring, handle, &results)))
        return true;
    court_expect_equal(capos_thread_handle_info_results_id(results), thread->id, p,
                       "a thread's number");
    court_expect_equal(capos_thread_handle_info_results_state(results),
                       thread->living ? CAPOS_THREAD_STATE_LIVING : CAPOS_THREAD_STATE_ENDED, p,
                       "a thread's state");
    return true;
}

const struct deed deeds_thread[] = {
    {"ThreadSpawner.spawn", spawn},  {"ThreadSpawner.start", start}, {"ThreadHandle.join", join},
    {"ThreadHandle.detach", detach}, {"ThreadHandle.info", info},    {NULL, NULL},
};
