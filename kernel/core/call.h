// SPDX-License-Identifier: MIT
// The record of an operation in flight: one per slot of a ring, paid with the thread, so that
// nothing is allocated or searched for while a call is under way. A record's word has its state and
// a sequence number that goes up each time the slot is named; whoever ends a call (RETURN, an
// object's answer, a deadline, CANCEL, the caller's death) first claims it by one compare-and-swap
// on that word.
//
//     IDLE --CALL--> QUEUED --RECV--> DELIVERED --RETURN--> CLAIMED --> DONE --CQE--> IDLE
//       |              \----------------\--- death, loss --/
//       |--CALL of a kernel object--> HELD --answer, deadline, death--> CLAIMED
//       |--RECV--> ARMED <--> OFFERED --message--> CLAIMED
//       \--PIPELINE, LINK--> WAITING --source ends--> CLAIMED --> QUEUED, or DUE --> CLAIMED
//
// A held call is how a kernel object answers later: its dispatch puts the record on one of its
// queues with call_hold() and returns CAPOS_PENDING.
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/lock.h"
#include "core/timer.h"

#include <capos/ring.h>
#include <capos/status.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capos_invocation;
struct endpoint;
struct object;
struct process;
struct ring;
struct token;
struct call;

enum call_state {
    CALL_IDLE = 0,
    CALL_QUEUED,    // in its endpoint's queue
    CALL_DELIVERED, // a token names it
    CALL_HELD,      // on a kernel object's queue, or parked (park.h)
    CALL_ARMED,     // a RECV on its ring's list, its thread outside cap_enter
    CALL_OFFERED,   // a RECV that is also on its endpoint's list of idle receivers
    CALL_CLAIMED,   // being ended by whoever claimed it
    CALL_DONE,      // ended; its CQE waits for the thread's next cap_enter
    CALL_WAITING,   // for its source (depend.h)
    CALL_DUE,       // its source has answered; its own thread is to run it
};
#define CALL_STATES (CALL_DUE + 1)

#define CALL_NEVER_NAMED 255 // the opcode of a slot that has not been named yet

// A call that a kernel object holds: function that answers it. The record has been claimed, is on
// no queue and has no timer. `status` is OK when the object answers, TIMED_OUT at the deadline. It
// ends the call with call_answer or call_fail.
typedef void call_answer_fn(struct cpu *cpu, struct call *call, enum capos_status status);

struct call_queue {
    struct lock lock;
    struct list calls;
    call_answer_fn *answer;
};

// In the flags of a record: it was made through a revoker, on whose list it is until it ends
// (revoke.h). No operation that has a record knows the flag of SQEs that is this bit.
#define CALL_REVOCABLE CAPOS_SQE_REARM

struct call {
    _Atomic uint64_t word; // enum call_state | sequence << 8

    // The SQE, as far as it is needed later.
    uint8_t opcode, flags; // flags: also those of depend.h
    uint16_t method;
    uint16_t slot;
    uint8_t sent, room;
    struct ring *ring;     // whose record it is, always
    struct object *target; // a reference: facet, Receiver, kernel object
    union {
        uint64_t interface;       // until it is delivered or dispatched
        struct call_queue *queue; // HELD
        struct {                  // DONE
            int32_t result;
            uint8_t cqe_flags, caps;
        } answer;
    };
    uint64_t user_data;
    union {
        struct {
            uint32_t params, params_bytes;
        };
        uint64_t parked_at; // PARK
    };
    uint32_t results, results_capacity;
    uint32_t descriptors;
    uint32_t reserved; // chain of `room` slots of the caller's table

    struct list_node link; // endpoint's queue, object's queue or ring's armed RECVs
    union {
        struct { // CALL to an endpoint
            uint64_t session[2];
            struct token *token; // DELIVERED
            uint32_t session_epoch;
        };
        uint64_t waiting_cap; // WAITING, DUE: index of the result capability; RELEASE: then CapId
        struct {              // RECV
            struct list_node offered; // endpoint's idle receivers; guarded by the endpoint's lock
        };
        struct timer timer; // HELD
        struct {            // DONE
            uint64_t unused[4];
            struct call *next_done;
        };
    };
};
_Static_assert(sizeof(struct call) == 128, "the record is two cache lines");

static inlined enum call_state call_state(const struct call *call) {
    return (enum call_state)(atomic_load_explicit(&call->word, memory_order_acquire) & 255);
}

// The flags of a record that others may have by now. Bits change under the ring's lock; this looks
// at them without it, which is right for a bit that does not change as long as the record is ours,
// and for DEPEND_AWAITED, which only the ring's own thread sets.
static inline uint8_t call_flags(const struct call *call) {
    return call->flags;
}

// The target of a record that another CPU may just be ending; it is lent until this CPU leaves the
// kernel.
static inline struct object *call_target(const struct call *call) {
    return __atomic_load_n(&call->target, __ATOMIC_RELAXED);
}

// One of the sequence number in a record's word; the state is below it.
#define CALL_SEQUENCE UINT64_C(256)

// The word with another state and the same sequence number.
static inlined uint64_t call_word(uint64_t word, enum call_state state) {
    return (word & ~(CALL_SEQUENCE - 1)) | state;
}

// Sets the state of a record that only the caller can change now.
static inlined void call_set(struct call *call, enum call_state state) {
    uint64_t word = atomic_load_explicit(&call->word, memory_order_relaxed);

    atomic_store_explicit(&call->word, call_word(word, state), memory_order_release);
}

// Claims a record whose word is still `word`: true for exactly one of those who try. It is CLAIMED
// then; or, for who has locked its ring and ends it before that is unlocked, in another state.
must_use static inline bool call_claim_as(struct call *call, uint64_t word, enum call_state state) {
    return atomic_compare_exchange_strong_explicit(&call->word, &word, call_word(word, state),
                                                   memory_order_acq_rel, memory_order_relaxed);
}

must_use static inline bool call_claim(struct call *call, uint64_t word) {
    return call_claim_as(call, word, CALL_CLAIMED);
}

void call_queue_init(struct call_queue *queue, call_answer_fn *answer);

// From an object's dispatch: holds the call that is being dispatched on the object's queue, until
// call_queue_answer, or until `deadline` (CAPOS_NO_DEADLINE for none). Its params are gone then.
// The object must then return CAPOS_PENDING. The queue must live as long as the object.
void call_hold(struct cpu *cpu, struct capos_invocation *invocation, struct call_queue *queue,
               uint64_t deadline);

// Claims the first held call and has it answered; false when there is none. No locks held.
bool call_queue_answer(struct cpu *cpu, struct call_queue *queue, enum capos_status status);

// The same for all that are held now.
void call_queue_answer_all(struct cpu *cpu, struct call_queue *queue, enum capos_status status);

// For a claimed held call. call_reply_begin makes an invocation without params, whose results are
// built as in a dispatch (capos_builder_init_root on invocation->results, dispatch_give,
// capos_fail); call_reply sends what was built and ends the call. `outcome` is CAPOS_DONE or an
// exception. Nothing may come between but building.
struct capos_invocation *call_reply_begin(struct cpu *cpu, struct call *call);
void call_reply(struct cpu *cpu, struct capos_invocation *invocation, int outcome);

// Ends a held call, whose word was `word`, on behalf of its caller. False: that has changed; look
// again.
bool call_unhold(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status);

// A held call's deadline has come.
void call_timed_out(struct cpu *cpu, struct call *call);

// Ends a claimed call with a transport error.
seldom void call_fail(struct cpu *cpu, struct call *call, enum capos_status status);

// Ends a claimed record: gives back its reserved slots and its target (both may have been taken out
// of it), and posts its completion. `result` is bytes or -status; `caps` counts received
// descriptors.
void call_complete(struct cpu *cpu, struct call *call, int32_t result, uint8_t cqe_flags,
                   uint8_t caps);

// Its part that gives back the target, which there is.
void call_put_target(struct cpu *cpu, struct call *call);

#endif
