// SPDX-License-Identifier: MIT
// The usual call of a kernel object, in one go: a CALL without flags, without capabilities either
// way and not through a revoker, whose method ends at once and well. Its record stays IDLE and is
// not filled in but for what would be needed if the call were held or failed after all
// (dispatch_record); its results go straight to the caller.
//
// What is not the usual case is not here: everything is checked before the method is called, and
// whoever finds that it is not goes the general way (ringserve.c, dispatch.c), which begins anew
// with what was read of the SQE. Inline, since it is on the way of every such call.
#ifndef CORE_PLAIN_H
#define CORE_PLAIN_H

#include "base/attributes.h"
#include "base/bits.h"
#include "base/memory.h"
#include "core/accept.h"
#include "core/call.h"
#include "core/captable.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/object.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "ring/shared.h"

#include <capos/limits.h>
#include <capos/ring.h>
#include <stdint.h>

// The words of an SQE that say whether it is one, read once. The others, interface and user_data,
// are for plain_run.
struct plain_words {
    uint64_t first, cap, params, results, last;
};

// Such a call, accepted.
struct plain {
    struct call *call;
    struct object *object; // held, unless its type says that it need not be
    const struct object_type *type;
};

// Can an SQE with this first word be one?
static inline bool plain_may_be(uint64_t first) {
    return (first & 0xffff) == CAPOS_OP_CALL;
}

// The record of the slot, if it is free and was named before.
static inlined struct call *plain_slot(const struct ring *ring, uint64_t first) {
    uint32_t named = (uint16_t)(first >> 32), slot = machine_clamp(named, ring->slots);

    return slot == named && call_state(&ring->calls[slot]) == CALL_IDLE ? &ring->calls[slot] : NULL;
}

// False: it is no such call, and nothing has been done.
must_use static inlined bool plain_accept(const struct ring *ring, const struct plain_words *words,
                                          struct plain *plain) {
    struct captable_view view;

    if (words->last >> 32 != 0) // sent, room, zero
        return false;
    plain->call = plain_slot(ring, words->first);
    if (UNLIKELY(plain->call == NULL) || UNLIKELY(words->params >> 32 > CAPOS_KERNEL_PARAMS_MAX) ||
        UNLIKELY(!ring_holds_both(ring, (uint32_t)words->params, (uint32_t)(words->params >> 32),
                                  (uint32_t)words->results, (uint32_t)(words->results >> 32))))
        return false;
    if (UNLIKELY(captable_find_typed(&ring->process->table, words->cap, &view, &plain->type) !=
                 CAPOS_STATUS_OK))
        return false;
    if (view.kind != OBJECT_KERNEL)
        return false;
    if (view.revoker != NULL)
        return false;
    plain->object = view.object;
    return LIKELY(plain->type->unheld) ||
           (plain->type->serve != NULL && object_try_get(view.object));
}

// What a record has of an SQE's first word lies in one word, too; `sent` and `room` are 0.
#define PLAIN_FIRST UINT64_C(0x0000ffffffffffff)
_Static_assert(offsetof(struct call, opcode) % 8 == 0 &&
                   offsetof(struct call, flags) == offsetof(struct call, opcode) + 1 &&
                   offsetof(struct call, method) == offsetof(struct call, opcode) + 2 &&
                   offsetof(struct call, slot) == offsetof(struct call, opcode) + 4 &&
                   offsetof(struct call, sent) == offsetof(struct call, opcode) + 6 &&
                   offsetof(struct call, room) == offsetof(struct call, opcode) + 7,
               "a record's second word is an SQE's first one, but for what comes behind the slot");

static inlined void plain_note(struct call *call, const struct plain_words *words,
                               uint64_t user_data) {
    const uint64_t first = words->first & PLAIN_FIRST;

    memcpy(&call->opcode, &first, sizeof first);
    call->user_data = user_data;
    call->results = (uint32_t)words->results;
    call->results_capacity = (uint32_t)(words->results >> 32);
}

// Calls the method and lets go of the object. Returns the result, which is that of an operation
// without a record, and what its CQE is to say else, the record knows; or ACCEPT_PENDING, when the
// record posts its end.
static inlined int32_t plain_run(struct cpu *cpu, const struct plain *plain,
                                 const struct plain_words *words, uint64_t interface,
                                 uint64_t user_data) {
    struct dispatch *dispatch = cpu->dispatch[0];
    struct capos_invocation *invocation = &dispatch->invocation;
    struct call *call = plain->call;
    uint16_t params_words = (uint16_t)(words->params >> 35); // at most CAPOS_KERNEL_PARAMS_MAX
    uint32_t capacity = (uint32_t)(words->results >> 32);
    const struct object_type *type = plain->type;
    int32_t result;

    plain_note(call, words, user_data);
    dispatch->call = call;
    dispatch->target.object = plain->object;
    invocation->interface = interface;
    invocation->method = (uint16_t)(words->first >> 16);
    invocation->params_words = params_words;
    invocation->results.used = 0;
    invocation->results.capacity = min_u32(capacity, CAPOS_KERNEL_PARAMS_MAX) / 8;
    ring_load_words(dispatch->params, call->ring->base + (uint32_t)words->params, params_words);
    result = type->serve(&dispatch->target, invocation);
    if (UNLIKELY(result != CAPOS_DONE))
        result = dispatch_plain_end(cpu, dispatch, type, result);
    else if (invocation->results.used != 0)
        result = dispatch_plain_results(dispatch);
    if (!type->unheld)
        object_put(cpu, dispatch->target.object);
    return result;
}

#endif
