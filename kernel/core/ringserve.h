// SPDX-License-Identifier: MIT
// The kernel's end of a ring, and cap_enter. All that user memory says is read once, into copies of
// our own; sizes and masks are the kernel's. Indices and CQEs change only while the ring's thread
// is in cap_enter: completions for a thread that is outside wait on the ring's `done` list.
//
// Who writes: the ring's own thread, while it is INSIDE, and without a lock; anybody who holds the
// lock, while it is WAITING. In every other phase a completion is kept on `done`. The thread begins
// to wait under the lock and is woken under it, so the two never meet.
//
// The locks on the way of a call and its return, each taken once and none of them the kernel's own:
// the endpoint's (the message goes to a waiting RECV), in it the server's table of tokens and the
// server's ring (its completion, its wake-up); the caller's ring (its wait). Then the table of
// tokens (the claim), the caller's ring (completion, wake-up), the endpoint's (the RECV is offered
// again), the server's ring (its wait). Capability tables are looked up without a lock; the two
// that capabilities go between are locked for those.
#ifndef CORE_RINGSERVE_H
#define CORE_RINGSERVE_H

#include "base/attributes.h"
#include "base/bits.h"
#include "base/list.h"
#include "base/memory.h"
#include "core/call.h"
#include "core/depend.h"
#include "core/ledger.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/session.h"
#include "machine/cpu.h"
#include "machine/types.h"

#include <capos/ring.h>
#include <capos/status.h>
#include <stdbool.h>
#include <stdint.h>

struct thread;

// Where the ring's thread is. It goes by itself, without the lock, between OUTSIDE and INSIDE, and
// from WOKEN; to WAITING with it. Others take it from WAITING to WOKEN, under the lock.
enum ring_phase {
    RING_OUTSIDE, // in user mode, or not started
    RING_INSIDE,  // cap_enter is running on a CPU
    RING_WAITING, // blocked in cap_enter
    RING_WOKEN,   // its wait is over; it has not run since
    RING_DEAD,    // nothing is posted any more
};

// What is not empty.
enum ring_work {
    RING_WORK_DONE = 1, // `done`
    RING_WORK_DUE = 2,  // `due` (depend.h)
};

#define RING_REFERENCES 4

// How the process is known to a service.
struct ring_reference {
    uint64_t service;
    struct session_reference reference;
    bool known;
};

struct ring {
    // Fixed.
    uint8_t *base; // through the direct map
    const struct capos_sqe *sq;
    struct capos_cqe *cq;
    uint32_t sqes, cqes, room;        // room: how many slots there can be
    uint32_t area, area_size, size;   // area: where the message area begins, and its bytes
    struct call *calls;               // the records: one per slot that there can be
    struct depend *depends;           // and one of these
    struct revoker_use *_Atomic uses; // and one of these once one was needed (revoke.h); else NULL
    struct thread *thread;
    struct process *process;
    struct paddr block;
    struct uaddr address;
    unsigned order;

    // Slots from the first one to the last that was ever named: records beyond them hold anything.
    // At least 1. Goes up by the ring's own thread.
    uint32_t slots;

    // The thread's own, used by the CPU that it is on.
    uint32_t sq_head;
    uint32_t cq_head;       // as last read
    uint32_t accepted;      // operations that will have a CQE each, but for those skipped
    bool offering;          // RECVs may be OFFERED
    _Atomic uint32_t waits; // what this cap_enter is to wait for, as it was asked; 0: nothing
    struct list
        armed; // RECVs, ARMED or OFFERED, and such as have ended since it was last looked at
    uint64_t deadline;                                 // of the wait in cap_enter
    struct ring_reference references[RING_REFERENCES]; // changed under lock; others look under it

    // The thread's own, or, while it is WAITING, of who has the lock; `armed` too.
    struct lock lock;
    _Atomic uint8_t phase;
    bool quiet;           // its thread has ended with nothing in flight
    struct call *awaited; // while WAITING: ring_goes_on_with this one; NULL: perhaps with others
    uint32_t cq_tail;     // as written
    uint32_t skipped;     // operations that ended without a CQE

    // Guarded by lock; `work` is looked at without.
    _Atomic uint8_t work; // enum ring_work
    struct call *done;    // records in state DONE, by next_done; oldest first
    struct call *done_last;
    struct depend_chain due; // records in state DUE, oldest first
};

struct ring_geometry {
    uint32_t pages; // 1, 2, 4 ... CAPOS_RING_PAGES_MAX
    uint32_t sqes;  // a power of two; there are twice as many CQEs, and as many slots up to 64
};

// The two that threads are made with.
extern const struct ring_geometry ring_small, ring_standard;

// cap_enter for cpu->current, whose registers are saved. Returns the thread to go on with, which is
// cpu->current; its result is in its context. NULL: this CPU has nothing to run, so call
// sched_idle.
struct thread *ringserve_enter(struct cpu *cpu, uint32_t to_submit, uint32_t wait,
                               uint64_t deadline);

// For the scheduler: a thread whose wait in cap_enter was ended is about to go on. False: it was
// only to do something meanwhile, and waits again, as after sched_leave_waiting.
must_use bool ringserve_resume(struct cpu *cpu, struct thread *thread);

// Makes a thread's ring: memory, records, header; mapped in its process. Charged to the process's
// ledger. OVERLOADED.
must_use enum capos_status ring_create(struct cpu *cpu, struct thread *thread,
                                       const struct ring_geometry *geometry);

// The bytes that hold the records of so many slots, and what the machine needs for a thread behind
// them (ring_machine_state).
static inline size_t ring_records_bytes(uint32_t room) {
    return room * (sizeof(struct call) + sizeof(struct depend)) + MACHINE_STATE_BYTES;
}

// MACHINE_STATE_BYTES that are there until ring_destroy, and hold anything at first.
static inline void *ring_machine_state(const struct ring *ring) {
    return ring->depends + ring->room;
}

// Ends every operation of a dead thread's ring that can be ended here. Those that another CPU is
// ending (CLAIMED) are left to it.
void ring_kill(struct cpu *cpu, struct ring *ring);

// True when no record is in use.
bool ring_is_idle(const struct ring *ring);

// Gives back the memory of a killed, idle ring.
void ring_destroy(struct cpu *cpu, struct ring *ring);

// The timer of a thread's wait has expired.
void ring_timed_out(struct cpu *cpu, struct ring *ring);

// Posts the completion of a claimed record, now if its thread is in cap_enter, else with its next.
void ring_post(struct cpu *cpu, struct call *call, int32_t result, uint8_t cqe_flags, uint8_t caps);

// The steps of cap_enter, on the ring of cpu->current. ring_begin: from now on completions are
// posted or kept for ring_drain and ring_end. ring_wait: true when the wait has begun, after which
// any CPU may wake the thread; false when there is nothing to wait for. ring_end: back to user
// mode.
void ring_begin(struct ring *ring);
seldom void ring_drain(struct ring *ring);
bool ring_wait(struct ring *ring);
bool ring_is_satisfied(struct ring *ring);
void ring_end(struct ring *ring);

// For direct.c ------------------------------------------------------------------------------------

// Does the ring's thread wait, without a deadline, for no more than the completion of this record,
// and is that all that its end means: nothing is to be given back, told to others, posted, run or
// withdrawn then? That does not change while it is WAITING and the record is in use, but that other
// completions may come. The ring is locked.
apart bool ring_goes_on_with(const struct ring *ring, const struct call *call);

// The same, but slots that are reserved for the answer may have to be given back.
apart bool ring_goes_on_after(const struct ring *ring, const struct call *call);

// The same, when the thread may not be WAITING.
static inline bool ring_waits_for(const struct ring *ring, const struct call *call) {
    return atomic_load_explicit(&ring->phase, memory_order_relaxed) == RING_WAITING &&
           (LIKELY(ring->awaited == call) || ring_goes_on_with(ring, call));
}

// Posts that completion, of a record that is the caller's to end, without flags; the record's word
// is left to the caller. The thread is back in user mode as soon as a CPU goes on with it. The ring
// is locked.
void ring_end_wait(struct ring *ring, const struct call *call, uint32_t bytes);

// The same of one that has brought descriptors; its word is IDLE then.
apart void ring_end_wait_caps(struct ring *ring, struct call *call, uint32_t bytes, uint8_t caps);

// What this cap_enter waits for: a slot, which may be any number, or else so many unread CQEs.
static inline uint32_t ring_wait_of(const struct ring *ring) {
    return atomic_load_explicit(&ring->waits, memory_order_relaxed);
}

static inline bool ring_waits_for_slot(const struct ring *ring) {
    return (ring_wait_of(ring) & CAPOS_WAIT_SLOT) != 0;
}

// Begins the wait, without a deadline, of a thread that no CPU has any more, and that goes on with
// `awaited`. False: there is nothing to wait for, since somebody was quicker, or the thread is to
// die; the caller must make it ready.
must_use bool ring_rest(struct ring *ring, struct call *awaited);

// An SQE has been taken; publishes that.
void ring_publish_taken(struct ring *ring);

// Ends the wait of a thread that is to die: true when it was waiting, and the caller must now make
// it ready.
seldom bool ring_interrupt_wait(struct ring *ring);

// Can another CQE be reserved? By the ring's own thread.
bool ring_has_cqe(const struct ring *ring);

// By the ring's own thread: from now on the ring has that slot. False: it can't have it.
seldom bool ring_has_slot(struct ring *ring, uint32_t slot);

// Takes a record that is IDLE: CLAIMED, with a new sequence number.
void ring_name(struct call *call);

// The caller's reference at a service, if it is `known` as that. By the ring's own thread, or with
// its lock held.
static inline const struct ring_reference *ring_reference(const struct ring *ring,
                                                          uint64_t service) {
    return &ring->references[service % RING_REFERENCES];
}

static inline bool ring_is_reference(const struct ring_reference *reference, uint64_t service) {
    return reference->service == service && reference->known;
}

static inline bool ring_knows_reference(const struct ring *ring, uint64_t service) {
    return ring_is_reference(ring_reference(ring, service), service);
}

// Makes it known, by the ring's own thread.
seldom void ring_learn_reference(struct cpu *cpu, struct ring *ring, uint64_t service);

// Is there something for the ring's own thread to post or to run?
static inline bool ring_has_work(const struct ring *ring) {
    return atomic_load_explicit(&ring->work, memory_order_relaxed) != 0;
}

static inline bool ring_has_done(const struct ring *ring) {
    return (atomic_load_explicit(&ring->work, memory_order_relaxed) & RING_WORK_DONE) != 0;
}

static inline bool ring_has_due(const struct ring *ring) {
    return (atomic_load_explicit(&ring->work, memory_order_relaxed) & RING_WORK_DUE) != 0;
}

// After `done` or `due` has changed. The ring is locked.
static inline void ring_note_work(struct ring *ring) {
    unsigned work = (ring->done != NULL ? RING_WORK_DONE : 0) |
                    (ring->due.first != DEPEND_NONE ? RING_WORK_DUE : 0);

    atomic_store_explicit(&ring->work, (uint8_t)work, memory_order_relaxed);
}

// Writes a completion; that of an operation without a record too. By who may (see above). The
// thread is told of it by ring_end: only then can it look.
static inline void ring_write_cqe(struct ring *ring, uint64_t user_data, int32_t result,
                                  uint16_t slot, uint8_t flags, uint8_t caps) {
    struct capos_cqe *cqe = &ring->cq[ring->cq_tail & (ring->cqes - 1)];
    uint64_t last =
        (uint32_t)result | (uint64_t)slot << 32 | (uint64_t)flags << 48 | (uint64_t)caps << 56;

    kassert(ring->cq_tail - ring->cq_head < ring->cqes);
    ring->cq_tail++;
    cqe->user_data = user_data;
    memcpy(&cqe->result, &last, sizeof last); // one store
}

// Copies a message from one ring's message area to another's. Offsets and bytes are multiples of 8
// and have been checked.
static inline void ring_copy_over(const struct ring *to, uint32_t to_offset,
                                  const struct ring *from, uint32_t from_offset, uint32_t bytes) {
    machine_copy_words(to->base + to_offset, from->base + from_offset, bytes / 8);
}

// The same, or within one.
static inline void ring_copy(const struct ring *to, uint32_t to_offset, const struct ring *from,
                             uint32_t from_offset, uint32_t bytes) {
    if (UNLIKELY(to == from))
        memmove(to->base + to_offset, from->base + from_offset, bytes);
    else
        ring_copy_over(to, to_offset, from, from_offset, bytes);
}

// Are `bytes` at `offset` (both multiples of 8) within the message area? Nothing at 0 is: nothing.
// An offset below the area becomes one far beyond its end.
static inlined bool ring_holds(const struct ring *ring, uint32_t offset, uint32_t bytes) {
    uint64_t end = (uint64_t)(offset - ring->area) + bytes;

    return ((offset | bytes) & 7) == 0 &&
           (end <= ring->area_size || UNLIKELY((offset | bytes) == 0));
}

// Do two such ranges lie within it? The same in one go, where both usually do and are not nothing.
static inlined bool ring_holds_both(const struct ring *ring, uint32_t offset, uint32_t bytes,
                                    uint32_t other, uint32_t other_bytes) {
    uint32_t room = ring->size - ring->area;

    return LIKELY(((offset | bytes | other | other_bytes) & 7) == 0 &&
                  (uint64_t)(offset - ring->area) + bytes <= room &&
                  (uint64_t)(other - ring->area) + other_bytes <= room) ||
           (ring_holds(ring, offset, bytes) && ring_holds(ring, other, other_bytes));
}

#endif
