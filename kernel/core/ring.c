// SPDX-License-Identifier: MIT
// The kernel's end of a ring: its memory, its records, and the posting of completions, which is the
// one thing that other CPUs do to a ring, under its lock. What a CQE slot is reserved for: every
// accepted operation has one unless it is skipped, so `accepted - skipped` is what the CQ's tail
// will be when all have ended, and an SQE is accepted only while that is less than a full queue
// away from what the thread has read.
#include "core/ringserve.h"

#include "base/bits.h"
#include "base/memory.h"
#include "core/cancel.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/sched.h"
#include "core/thread.h"
#include "core/vm.h"
#include "ring/shared.h"

const struct ring_geometry ring_small = {CAPOS_RING_SMALL_PAGES, CAPOS_RING_SMALL_SQES};
const struct ring_geometry ring_standard = {CAPOS_RING_STANDARD_PAGES, CAPOS_RING_STANDARD_SQES};

static struct capos_ring_header *header_of(const struct ring *ring) {
    return (struct capos_ring_header *)(void *)ring->base;
}

static void set_geometry(struct ring *ring, const struct ring_geometry *geometry) {
    uint32_t sq_bytes = geometry->sqes * (uint32_t)sizeof(struct capos_sqe);

    ring->sqes = geometry->sqes;
    ring->cqes = geometry->sqes * 2;
    ring->room = min_u32(geometry->sqes, CAPOS_RING_SLOTS_MAX);
    ring->size = geometry->pages * CAPOS_PAGE_SIZE;
    ring->order = highest_bit(geometry->pages);
    ring->area = (uint32_t)sizeof(struct capos_ring_header) + sq_bytes +
                 ring->cqes * (uint32_t)sizeof(struct capos_cqe);
    ring->area_size = ring->size - ring->area;
}

static void write_header(const struct ring *ring) {
    struct capos_ring_header *header = header_of(ring);

    header->magic = CAPOS_RING_MAGIC;
    header->abi_major = CAPOS_RING_ABI_MAJOR;
    header->abi_minor = CAPOS_RING_ABI_MINOR;
    header->sq = (uint32_t)sizeof(*header);
    header->cq = header->sq + ring->sqes * (uint32_t)sizeof(struct capos_sqe);
    header->area = ring->area;
    header->size = ring->size;
    header->sqes = (uint16_t)ring->sqes;
    header->cqes = (uint16_t)ring->cqes;
    header->slots = (uint16_t)ring->room;
    header->sq_tail = header->cq_head = 0;
    header->sq_head = header->cq_tail = 0;
}

static void set_base(struct ring *ring) {
    ring->base = machine_direct(ring->block);
    ring->sq =
        (const struct capos_sqe *)(const void *)(ring->base + sizeof(struct capos_ring_header));
    ring->cq = (struct capos_cqe *)(void *)(ring->base + sizeof(struct capos_ring_header) +
                                            ring->sqes * sizeof(struct capos_sqe));
}

static void free_block(struct cpu *cpu, struct ring *ring) {
    frame_free(cpu, ring->block, ring->order);
    ledger_give(cpu, ring->process->ledger, LEDGER_FRAMES, ring->size / CAPOS_PAGE_SIZE);
}

// The block, charged as frames, and mapped.
static enum capos_status make_block(struct cpu *cpu, struct ring *ring) {
    struct process *process = ring->process;
    uint64_t pages = ring->size / CAPOS_PAGE_SIZE;
    enum capos_status status;

    status = ledger_take(cpu, process->ledger, LEDGER_FRAMES, pages);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = frame_alloc(cpu, ring->order, &ring->block);
    if (status != CAPOS_STATUS_OK) {
        ledger_give(cpu, process->ledger, LEDGER_FRAMES, pages);
        return status;
    }
    status =
        vm_map_block(cpu, process->vm, ring->block, pages, PROTECTION_READ_WRITE, &ring->address);
    if (status != CAPOS_STATUS_OK)
        free_block(cpu, ring);
    return status;
}

static void make_record(struct ring *ring, uint32_t slot) {
    struct call *call = &ring->calls[slot];

    memset(call, 0, sizeof *call);
    // A token that names a record of a thread that is gone must not fit a later one's.
    atomic_store_explicit(&call->word, ring->thread->id << 40, memory_order_relaxed);
    call->opcode = CALL_NEVER_NAMED;
    call->slot = (uint16_t)slot;
    call->ring = ring;
    list_node_init(&call->link);
    memset(&ring->depends[slot], 0, sizeof(struct depend));
    depend_init(&ring->depends[slot]);
}

bool ring_has_slot(struct ring *ring, uint32_t slot) {
    if (slot >= ring->room)
        return false;
    for (uint32_t i = ring->slots; i <= slot; i++)
        make_record(ring, i);
    if (slot >= ring->slots) // others may look at those records from now on
        __atomic_store_n(&ring->slots, slot + 1, __ATOMIC_RELEASE);
    return true;
}

static void free_records(struct cpu *cpu, struct ring *ring) {
    kmem_free(cpu, ring->process->ledger, ring->calls, ring_records_bytes(ring->room));
}

// Records, which hold anything, and a block; those that are kept, if there are such.
static enum capos_status make_memory(struct cpu *cpu, struct ring *ring) {
    void *records;
    enum capos_status status;

    if (ring_spare_take(ring))
        return CAPOS_STATUS_OK;
    status = kmem_take(cpu, ring->process->ledger, ring_records_bytes(ring->room), &records);
    if (status != CAPOS_STATUS_OK)
        return status;
    ring->calls = records;
    status = make_block(cpu, ring);
    if (status != CAPOS_STATUS_OK)
        free_records(cpu, ring);
    return status;
}

enum capos_status ring_create(struct cpu *cpu, struct thread *thread,
                              const struct ring_geometry *geometry) {
    struct ring *ring = &thread->ring;
    enum capos_status status;

    ring->thread = thread;
    ring->process = thread->process;
    list_init(&ring->armed);
    lock_init(&ring->lock, LOCK_RING);
    set_geometry(ring, geometry);
    status = make_memory(cpu, ring);
    if (status != CAPOS_STATUS_OK)
        return status;
    set_base(ring);
    ring->depends = (struct depend *)(void *)(ring->calls + ring->room);
    ring->due = (struct depend_chain){DEPEND_NONE, DEPEND_NONE};
    (void)ring_has_slot(ring, 0);
    write_header(ring);
    return CAPOS_STATUS_OK;
}

void ring_destroy(struct cpu *cpu, struct ring *ring) {
    struct process *process = ring->process;

    revoker_uses_free(cpu, ring);
    if (ring_spare_keep(ring))
        return;
    free_records(cpu, ring);
    if (process->vm != NULL)
        vm_unmap_block(cpu, process->vm, ring->address, ring->size / CAPOS_PAGE_SIZE);
    free_block(cpu, ring);
}

bool ring_is_idle(const struct ring *ring) {
    if (ring->quiet)
        return true;
    for (uint32_t i = 0; i < ring->slots; i++)
        if (call_state(&ring->calls[i]) != CALL_IDLE)
            return false;
    return true;
}

static bool is_satisfied(const struct ring *ring) {
    uint32_t wait = ring_wait_of(ring), slot = wait & ~CAPOS_WAIT_SLOT;

    if (wait != slot)
        return slot >= ring->slots || // none that was ever named is in use
               call_state(&ring->calls[slot]) == CALL_IDLE;
    return ring->cq_tail - ring->cq_head >= min_u32(wait, ring->cqes);
}

static inlined bool goes_on_after(const struct ring *ring, const struct call *call) {
    uint32_t wait = ring_wait_of(ring);

    if (ring->deadline != CAPOS_NO_DEADLINE)
        return false;
    if ((wait & CAPOS_WAIT_SLOT) != 0 ? wait != (CAPOS_WAIT_SLOT | call->slot)
                                      : ring->cq_tail + 1 - ring->cq_head < wait)
        return false;
    if (call->opcode == CAPOS_OP_RECV)
        return list_is_only(&ring->armed, &call->link);
    return call->flags == 0 && !ring->offering;
}

bool ring_goes_on_after(const struct ring *ring, const struct call *call) {
    return goes_on_after(ring, call);
}

bool ring_goes_on_with(const struct ring *ring, const struct call *call) {
    return (call->opcode == CAPOS_OP_RECV || call->reserved == 0) && goes_on_after(ring, call);
}

// The record that a thread which is about to wait goes on with, if it is one that can be guessed.
static struct call *find_awaited(struct ring *ring) {
    uint32_t wait = ring_wait_of(ring);
    struct call *call = NULL;

    if (wait != (wait & ~CAPOS_WAIT_SLOT)) // of a slot in use, or there would be no wait
        call = &ring->calls[wait & ~CAPOS_WAIT_SLOT];
    else if (!list_is_empty(&ring->armed))
        call = list_entry(ring->armed.head.next, struct call, link);
    return call != NULL && ring_goes_on_with(ring, call) ? call : NULL;
}

static enum ring_phase phase_of(const struct ring *ring) {
    return (enum ring_phase)atomic_load_explicit(&ring->phase, memory_order_relaxed);
}

static void set_phase(struct ring *ring, enum ring_phase phase) {
    atomic_store_explicit(&ring->phase, (uint8_t)phase, memory_order_relaxed);
}

static void publish_completions(const struct ring *ring) {
    ring_store_index(&header_of(ring)->cq_tail, ring->cq_tail);
}

void ring_publish_taken(struct ring *ring) {
    ring_store_index(&header_of(ring)->sq_head, ring->sq_head);
}

// Makes a finished record's completion visible and frees the record.
static void settle(struct ring *ring, struct call *call, int32_t result, uint8_t flags,
                   uint8_t caps) {
    if (UNLIKELY((call_flags(call) & CAPOS_SQE_SKIP_CQE) != 0) && result >= 0 && flags == 0)
        ring->skipped++;
    else
        ring_write_cqe(ring, call->user_data, result, call->slot, flags, caps);
    call_set(call, CALL_IDLE);
}

// Keeps a finished record for its thread's next cap_enter. The ring is locked.
static void postpone(struct ring *ring, struct call *call, int32_t result, uint8_t flags,
                     uint8_t caps) {
    call->answer.result = result;
    call->answer.cqe_flags = flags;
    call->answer.caps = caps;
    call->next_done = NULL;
    if (ring->done == NULL)
        ring->done = call;
    else
        ring->done_last->next_done = call;
    ring->done_last = call;
    ring_note_work(ring);
    call_set(call, CALL_DONE);
}

// Posts every completion that was kept. The ring is locked, its thread INSIDE or about to wait.
static void drain_locked(struct ring *ring) {
    struct call *call;

    while ((call = ring->done) != NULL) {
        ring->done = call->next_done;
        settle(ring, call, call->answer.result, call->answer.cqe_flags, call->answer.caps);
    }
    ring_note_work(ring);
}

void ring_drain(struct ring *ring) {
    lock_take(&ring->lock);
    drain_locked(ring);
    lock_drop(&ring->lock);
}

static void drain(struct ring *ring) {
    if (UNLIKELY(ring_has_done(ring)))
        ring_drain(ring);
}

// The wait of a ring's thread is over. The ring is not locked any more.
static void wake(struct cpu *cpu, struct ring *ring) {
    sched_ready_handoff(cpu, ring->thread);
}

// Does the end of a record mean more than a completion: to those that wait for it, now or later?
static bool matters(const struct call *call, int32_t result, uint8_t flags, uint8_t caps) {
    return result < 0 || (flags | caps | (call_flags(call) & DEPEND_AWAITED)) != 0;
}

seldom static void end_dependants(struct cpu *cpu, struct call *call, bool results, uint8_t caps) {
    struct ring *ring = call->ring;

    lock_take(&ring->lock);
    depend_end_locked(cpu, call, results, caps);
    lock_drop(&ring->lock);
}

// For a thread that is not just running cap_enter on this CPU.
static void post_locked(struct cpu *cpu, struct ring *ring, struct call *call, int32_t result,
                        uint8_t flags, uint8_t caps) {
    enum ring_phase phase;
    bool woken = false;

    lock_take(&ring->lock);
    if (UNLIKELY(matters(call, result, flags, caps)))
        depend_end_locked(cpu, call, result >= 0 && flags == 0, caps);
    phase = phase_of(ring);
    if (LIKELY(phase == RING_WAITING)) {
        if (list_is_linked(&call->link)) // a RECV's, with the armed ones
            list_remove(&call->link);
        settle(ring, call, result, flags, caps);
        woken = is_satisfied(ring);
        if (woken)
            set_phase(ring, RING_WOKEN);
    } else if (phase == RING_DEAD) {
        call_set(call, CALL_IDLE);
    } else {
        postpone(ring, call, result, flags, caps);
    }
    lock_drop(&ring->lock);
    if (woken)
        wake(cpu, ring);
}

static inlined void end_wait(struct ring *ring, const struct call *call, uint32_t bytes,
                             uint8_t caps) {
    ring_write_cqe(ring, call->user_data, (int32_t)bytes, call->slot, 0, caps);
    publish_completions(ring);
    set_phase(ring, RING_OUTSIDE);
}

void ring_end_wait(struct ring *ring, const struct call *call, uint32_t bytes) {
    end_wait(ring, call, bytes, 0);
}

void ring_end_wait_caps(struct ring *ring, struct call *call, uint32_t bytes, uint8_t caps) {
    end_wait(ring, call, bytes, caps);
    call_set(call, CALL_IDLE);
}

void ring_post(struct cpu *cpu, struct call *call, int32_t result, uint8_t flags, uint8_t caps) {
    struct ring *ring = call->ring;

    if (cpu->current != ring->thread || phase_of(ring) != RING_INSIDE) {
        post_locked(cpu, ring, call, result, flags, caps);
        return;
    }
    if (UNLIKELY(matters(call, result, flags, caps)))
        end_dependants(cpu, call, result >= 0 && flags == 0, caps);
    settle(ring, call, result, flags, caps);
}

void ring_learn_reference(struct cpu *cpu, struct ring *ring, uint64_t service) {
    const struct ring_reference learnt = {
        .service = service,
        .reference = session_reference(cpu, &ring->process->session, service),
        .known = true,
    };

    lock_take(&ring->lock);
    ring->references[service % RING_REFERENCES] = learnt;
    lock_drop(&ring->lock);
}

void ring_timed_out(struct cpu *cpu, struct ring *ring) {
    bool woken;

    lock_take(&ring->lock);
    woken = phase_of(ring) == RING_WAITING;
    if (woken)
        set_phase(ring, RING_WOKEN);
    timer_fired(&ring->thread->deadline);
    lock_drop(&ring->lock);
    if (woken)
        wake(cpu, ring);
}

bool ring_interrupt_wait(struct ring *ring) {
    bool waiting;

    lock_take(&ring->lock);
    waiting = phase_of(ring) == RING_WAITING;
    if (waiting)
        set_phase(ring, RING_WOKEN);
    lock_drop(&ring->lock);
    return waiting;
}

void ring_begin(struct ring *ring) {
    set_phase(ring, RING_INSIDE);
}

void ring_end(struct ring *ring) {
    drain(ring);
    publish_completions(ring);
    set_phase(ring, RING_OUTSIDE);
}

bool ring_wait(struct ring *ring) {
    bool waits;

    lock_take(&ring->lock);
    if (UNLIKELY(ring_has_work(ring)))
        drain_locked(ring);
    waits = !is_satisfied(ring) && LIKELY(!ring_has_work(ring)); // due, then
    if (waits) {
        ring->awaited = find_awaited(ring);
        set_phase(ring, RING_WAITING);
    }
    lock_drop(&ring->lock);
    return waits;
}

// Somebody has left something to a thread that is about to wait: must it go on? The ring is locked.
seldom static bool must_go_on(struct ring *ring) {
    drain_locked(ring);
    return is_satisfied(ring) || ring_has_work(ring) || thread_is_killed(ring->thread);
}

bool ring_rest(struct ring *ring, struct call *awaited) {
    bool rests;

    ring->deadline = CAPOS_NO_DEADLINE;
    lock_take(&ring->lock);
    ring->awaited = awaited;
    rests = LIKELY(!ring_has_work(ring) && !thread_is_killed(ring->thread)) || !must_go_on(ring);
    set_phase(ring, rests ? RING_WAITING : RING_WOKEN);
    lock_drop(&ring->lock);
    return rests;
}

bool ring_is_satisfied(struct ring *ring) {
    drain(ring);
    return is_satisfied(ring);
}

void ring_kill(struct cpu *cpu, struct ring *ring) {
    struct list_node *node;
    uint32_t in_flight;

    lock_take(&ring->lock);
    set_phase(ring, RING_DEAD);
    in_flight = ring->accepted - ring->skipped - ring->cq_tail;
    while (ring->done != NULL) {
        struct call *call = ring->done;

        ring->done = call->next_done;
        call_set(call, CALL_IDLE);
        in_flight--;
    }
    ring->quiet = in_flight == 0;
    ring_note_work(ring);
    lock_drop(&ring->lock);
    if (ring->quiet) {
        list_init(&ring->armed); // what was there has ended
        return;
    }
    // Its RECVs first, so that nothing more is delivered to it. What another CPU is ending is left
    // to that one.
    while ((node = list_pop_front(&ring->armed)) != NULL)
        cancel_record(cpu, list_entry(node, struct call, link), CAPOS_STATUS_CANCELLED);
    for (uint32_t i = 0; i < ring->slots; i++)
        cancel_record(cpu, &ring->calls[i], CAPOS_STATUS_CANCELLED);
}
