// SPDX-License-Identifier: MIT
// Cancelling (cancel.h). For each state of a record that somebody waits in there is one function
// that takes it out of it, if it is still there; its lock or a compare-and-swap decides.
#include "core/cancel.h"

#include "core/call.h"
#include "core/depend.h"
#include "core/endpoint.h"
#include "core/ringserve.h"
#include "machine/cpu.h"

// Ends a record whose word was `word`: true when this call did. False: look again.
typedef bool cancel_fn(struct cpu *cpu, struct call *call, uint64_t word, enum capos_status status);

static bool cancel_queued(struct cpu *cpu, struct call *call, uint64_t word,
                          enum capos_status status) {
    (void)word;
    return endpoint_unqueue(cpu, call, status);
}

// Only the ring's own thread arms its RECVs and lets them take messages.
static bool cancel_armed(struct cpu *cpu, struct call *call, uint64_t word,
                         enum capos_status status) {
    (void)word;
    list_remove(&call->link);
    call_set(call, CALL_CLAIMED);
    call_fail(cpu, call, status);
    return true;
}

static bool cancel_offered(struct cpu *cpu, struct call *call, uint64_t word,
                           enum capos_status status) {
    (void)word, (void)status;
    endpoint_withdraw(cpu, call);
    return false; // ARMED now, or being ended
}

static cancel_fn *const cancellers[CALL_STATES] = {
    [CALL_QUEUED] = cancel_queued,   [CALL_DELIVERED] = endpoint_abandon,
    [CALL_HELD] = call_unhold,       [CALL_WAITING] = depend_cancel,
    [CALL_DUE] = depend_cancel,      [CALL_ARMED] = cancel_armed,
    [CALL_OFFERED] = cancel_offered,
};

enum cancel_outcome cancel_record(struct cpu *cpu, struct call *call, enum capos_status status) {
    uint64_t word;
    cancel_fn *function;

    for (;; machine_relax()) {
        word = atomic_load_explicit(&call->word, memory_order_acquire);
        if ((word & 255) == CALL_CLAIMED)
            return CANCEL_ELSEWHERE;
        function = cancellers[word & 255];
        if (function == NULL)
            return CANCEL_OVER;
        if (function(cpu, call, word, status))
            return CANCEL_ENDED;
    }
}

enum cancel_outcome cancel_surely(struct cpu *cpu, struct call *call, enum capos_status status) {
    enum cancel_outcome outcome;

    while ((outcome = cancel_record(cpu, call, status)) == CANCEL_ELSEWHERE)
        machine_relax();
    return outcome;
}

int32_t cancel_run(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe) {
    uint32_t slot = machine_clamp(sqe->source, ring->slots);
    struct call *call = &ring->calls[slot];

    if (slot != sqe->source)
        return sqe->source < ring->room ? -CAPOS_STATUS_REFUSED : -CAPOS_STATUS_MALFORMED;
    if (call_state(call) == CALL_IDLE || call->user_data != sqe->interface)
        return -CAPOS_STATUS_REFUSED;
    return cancel_surely(cpu, call, CAPOS_STATUS_CANCELLED) == CANCEL_ENDED ? 0
                                                                            : -CAPOS_STATUS_REFUSED;
}
