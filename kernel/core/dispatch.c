// SPDX-License-Identifier: MIT
// Calls to kernel objects (dispatch.h). What a method sees lies in the CPU's scratch, so nothing in
// the ring is read twice or built in place. A gift is named in the results by its number plus one,
// as if that were a CapId, until the results go out and it gets a real one.
#include "core/dispatch.h"

#include "base/bits.h"
#include "base/memory.h"
#include "base/text.h"
#include "core/accept.h"
#include "core/call.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/depend.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/ring_spare.h"
#include "core/ringserve.h"
#include "core/thread.h"
#include "core/transfer.h"
#include "ring/shared.h"

// CapException.reason is cut to this, in bytes.
#define REASON_MAX 200

static struct dispatch *dispatch_of(const struct capos_invocation *invocation) {
    return invocation->context;
}

struct process *dispatch_process(const struct capos_invocation *invocation) {
    return dispatch_of(invocation)->call->ring->process;
}

struct thread *dispatch_thread(const struct capos_invocation *invocation) {
    return dispatch_of(invocation)->call->ring->thread;
}

static bool was_sent(const struct capos_invocation *invocation, uint64_t cap) {
    for (uint32_t i = 0; i < invocation->received_count; i++)
        if (invocation->received[i].cap == cap &&
            (invocation->received[i].kind == CAPOS_TRANSFER_COPY ||
             invocation->received[i].kind == CAPOS_TRANSFER_MOVE))
            return true;
    return false;
}

// Holds what a lookup has found, which somebody may just be releasing, until the method is over.
// False: it is gone.
static bool hold(struct dispatch *dispatch, struct object *object) {
    for (uint32_t i = 0; i < dispatch->held_count; i++)
        if (dispatch->held[i] == object)
            return true;
    kassert(dispatch->held_count < DISPATCH_HELD);
    if (!object_try_get(object))
        return false;
    dispatch->held[dispatch->held_count++] = object;
    return true;
}

static void let_go(struct cpu *cpu, struct dispatch *dispatch) {
    for (uint32_t i = 0; i < dispatch->held_count; i++)
        object_put(cpu, dispatch->held[i]);
    dispatch->held_count = 0;
}

enum capos_status dispatch_capability(const struct capos_invocation *invocation, uint64_t cap,
                                      const struct object_type *type, struct captable_view *view) {
    enum capos_status status;

    if (!was_sent(invocation, cap))
        return CAPOS_STATUS_REFUSED;
    status = captable_lookup(&dispatch_process(invocation)->table, cap, view);
    if (status != CAPOS_STATUS_OK)
        return status;
    if (type != NULL && view->object->type != type)
        return CAPOS_STATUS_REFUSED;
    return hold(dispatch_of(invocation), view->object) &&
                   (view->revoker == NULL || hold(dispatch_of(invocation), &view->revoker->object))
               ? CAPOS_STATUS_OK
               : CAPOS_STATUS_REFUSED;
}

uint32_t dispatch_room(const struct capos_invocation *invocation) {
    const struct dispatch *dispatch = dispatch_of(invocation);

    return dispatch->call->room - dispatch->given;
}

struct capos_descriptor dispatch_give_view(struct capos_invocation *invocation,
                                           const struct captable_view *view) {
    struct dispatch *dispatch = dispatch_of(invocation);
    struct dispatch_gift *gift = &dispatch->gift[dispatch->given];

    kassert(dispatch->given < dispatch->call->room);
    gift->object = view->object;
    gift->revoker = view->revoker;
    gift->interface = view->interface;
    gift->scope = view->scope;
    gift->disclosure = view->disclosure;
    dispatch->given++;
    return capos_descriptor_move(dispatch->given);
}

struct capos_descriptor dispatch_give(struct capos_invocation *invocation, struct object *object,
                                      uint64_t interface, enum capos_transfer_scope scope) {
    const struct captable_view view = {
        .object = object, .interface = interface, .scope = (uint8_t)scope};

    return dispatch_give_view(invocation, &view);
}

struct revoker *dispatch_revoker(const struct capos_invocation *invocation) {
    return revoker_of_call(dispatch_of(invocation)->call);
}

// Of the kernel's objects just those are not for anybody that belong to a session, and their chain
// says so.
struct capos_descriptor dispatch_give_own(struct capos_invocation *invocation,
                                          struct object *object) {
    struct revoker *revoker = dispatch_revoker(invocation);
    const struct captable_view view = {
        .object = object,
        .revoker = revoker,
        .interface = object->type->interface,
        .scope = session_of(revoker) == NULL ? CAPOS_SCOPE_ANY : CAPOS_SCOPE_SESSION,
    };

    revoker_get(revoker);
    return dispatch_give_view(invocation, &view);
}

// What is built goes to the scratch, if there is room.
static void take_buffers(struct dispatch *dispatch, uint32_t capacity, uint8_t room) {
    capos_builder_take_buffers(&dispatch->invocation.results, dispatch->results,
                               min_u32(capacity, CAPOS_KERNEL_PARAMS_MAX) / 8, dispatch->sent,
                               room);
}

static void tidy(struct dispatch *dispatch) {
    dispatch->given = 0;
    dispatch->held_count = 0;
    dispatch->invocation.received_count = 0;
    take_buffers(dispatch, 0, 0);
}

void dispatch_init(struct cpu *cpu, struct dispatch *dispatch) {
    dispatch->target.cpu = cpu;
    dispatch->invocation.params = dispatch->params;
    dispatch->invocation.context = dispatch;
    tidy(dispatch);
}

static void begin(struct dispatch *dispatch, struct call *call) {
    kassert(dispatch->given == 0 && dispatch->held_count == 0);
    kassert(dispatch->invocation.received_count == 0);
    dispatch->call = call;
    dispatch->invocation.params_words = 0;
    take_buffers(dispatch, call->results_capacity, call->room);
}

static void drop_gifts(struct cpu *cpu, struct dispatch *dispatch) {
    for (uint32_t i = 0; i < dispatch->given; i++)
        if (dispatch->gift[i].object != NULL) {
            object_put(cpu, dispatch->gift[i].object);
            revoker_put(cpu, dispatch->gift[i].revoker);
        }
}

// Each descriptor names nothing, or a gift that no other one does.
static bool gifts_are_sound(const struct dispatch *dispatch) {
    uint32_t seen = 0;

    for (uint32_t i = 0; i < dispatch->invocation.results.descriptor_count; i++) {
        const struct capos_descriptor *descriptor = &dispatch->sent[i];

        if (descriptor->kind == CAPOS_TRANSFER_NONE)
            continue;
        if (descriptor->cap == 0 || descriptor->cap > dispatch->given ||
            (seen & 1u << descriptor->cap) != 0)
            return false;
        seen |= 1u << descriptor->cap;
    }
    return true;
}

static struct capos_descriptor install_gift(struct cpu *cpu, struct dispatch *dispatch,
                                            struct dispatch_gift *gift) {
    struct call *call = dispatch->call;
    struct captable_view view = {.object = gift->object,
                                 .revoker = gift->revoker,
                                 .interface = gift->interface,
                                 .kind = (uint8_t)gift->object->type->kind,
                                 .scope = gift->scope,
                                 .disclosure = gift->disclosure};
    uint64_t cap =
        captable_install_locked(cpu, &call->ring->process->table, &call->reserved, &view);

    gift->object = NULL;
    return (struct capos_descriptor){
        .cap = cap,
        .interface = view.interface,
        .kind = CAPOS_TRANSFER_COPY,
        .scope = view.scope,
        .disclosure = view.disclosure,
    };
}

static void send_gifts(struct cpu *cpu, struct dispatch *dispatch, uint32_t count) {
    struct call *call = dispatch->call;
    struct captable *table = &call->ring->process->table;
    struct capos_descriptor *sent = dispatch->sent;

    lock_take(&table->lock);
    for (uint32_t i = 0; i < count; i++)
        sent[i] = sent[i].kind == CAPOS_TRANSFER_NONE
                      ? (struct capos_descriptor){.kind = CAPOS_TRANSFER_NONE}
                      : install_gift(cpu, dispatch, &dispatch->gift[sent[i].cap - 1]);
    lock_drop(&table->lock);
    memcpy(call->ring->base + call->descriptors + call->sent * sizeof(struct capos_descriptor),
           sent, count * sizeof(struct capos_descriptor));
    depend_remember(call, sent, count);
}

static void finish_results(struct cpu *cpu, struct dispatch *dispatch, uint32_t words) {
    struct call *call = dispatch->call;
    uint8_t count = dispatch->invocation.results.descriptor_count;

    debug_commit_begin(cpu);
    if (count > 0)
        send_gifts(cpu, dispatch, count);
    drop_gifts(cpu, dispatch); // those that the results don't name
    memcpy(call->ring->base + call->results, dispatch->results, words * 8);
    debug_commit_end(cpu);
    call_complete(cpu, call, (int32_t)(words * 8), 0, count);
}

// How much of a reason the caller has room for, beside the root, the kind, the pointer and the NUL.
static size_t reason_room(const struct call *call) {
    uint32_t words = call->results_capacity / 8;

    return words < 4 ? 0 : min_size((words - 3) * (size_t)8 - 1, REASON_MAX);
}

// A CapException: kind in the first data word, reason in the only pointer. Cut to fit.
static void finish_exception(struct cpu *cpu, struct dispatch *dispatch) {
    struct call *call = dispatch->call;
    const struct capos_text reason = {
        dispatch->invocation.reason,
        (uint32_t)text_length(dispatch->invocation.reason, reason_room(call))};
    struct capos_struct_builder exception;
    struct capos_builder builder;
    uint32_t words;

    drop_gifts(cpu, dispatch);
    capos_builder_init(&builder, dispatch->results, CAPOS_KERNEL_PARAMS_MAX / 8);
    exception = capos_builder_init_root(&builder, 1, 1);
    capos_struct_set_u16(exception, 0, (uint16_t)(dispatch->invocation.exception - 1));
    capos_pointer_set_text(capos_struct_builder_pointer(exception, 0), reason);
    if (capos_builder_finish(&builder, &words) != CAPOS_BUILD_OK)
        panic("dispatch: a reason is too long");
    words = min_u32(words, call->results_capacity / 8);
    memcpy(call->ring->base + call->results, dispatch->results, words * 8);
    call_complete(cpu, call, (int32_t)(words * 8), CAPOS_CQE_EXCEPTION, 0);
}

static void finish(struct cpu *cpu, struct dispatch *dispatch, int outcome) {
    struct capos_invocation *invocation = &dispatch->invocation;
    uint32_t words = 0;

    if (outcome == CAPOS_DONE &&
        (!gifts_are_sound(dispatch) ||
         capos_builder_finish(&invocation->results, &words) != CAPOS_BUILD_OK))
        outcome = capos_fail(invocation, CAPOS_FAILED, "the results do not fit");
    if (outcome == CAPOS_DONE)
        finish_results(cpu, dispatch, words);
    else
        finish_exception(cpu, dispatch);
}

// The message, copied once.
static enum capos_status take_message(struct dispatch *dispatch, const uint8_t *from,
                                      uint32_t bytes) {
    if (UNLIKELY(bytes > CAPOS_KERNEL_PARAMS_MAX))
        return CAPOS_STATUS_TOO_BIG;
    ring_load_words(dispatch->params, from, bytes / 8);
    dispatch->invocation.params_words = (uint16_t)(bytes / 8);
    return CAPOS_STATUS_OK;
}

// The params and their descriptors.
static enum capos_status take_params(struct cpu *cpu, struct dispatch *dispatch) {
    struct capos_invocation *invocation = &dispatch->invocation;
    const struct call *call = dispatch->call;
    const uint8_t *base = call->ring->base;
    enum capos_status status = take_message(dispatch, base + call->params, call->params_bytes);

    invocation->interface = call->interface;
    invocation->method = call->method;
    if (status != CAPOS_STATUS_OK || call->sent == 0)
        return status;
    status = transfer_read(cpu->transfer, base + call->descriptors, call->sent);
    memcpy(dispatch->received, cpu->transfer->descriptor,
           call->sent * sizeof(struct capos_descriptor));
    invocation->received = dispatch->received;
    invocation->received_count = call->sent;
    return status;
}

// What was moved to a method that has succeeded and did not take it itself is given up.
static void release_moved(struct cpu *cpu, const struct capos_invocation *invocation) {
    struct captable *table = &dispatch_process(invocation)->table;

    for (uint32_t i = 0; i < invocation->received_count; i++)
        if (invocation->received[i].kind == CAPOS_TRANSFER_MOVE &&
            captable_release(cpu, table, invocation->received[i].cap) != CAPOS_STATUS_OK)
            continue; // taken
}

// A call that failed for want of memory has changed nothing: it is made once more, if what its
// process keeps for its threads to come can be given up.
seldom static int serve_again(struct cpu *cpu, struct dispatch *dispatch,
                              const struct object_type *type) {
    struct capos_builder *results = &dispatch->invocation.results;

    if (!ring_spare_drop(cpu, dispatch->call->ring->process))
        return CAPOS_OVERLOADED;
    drop_gifts(cpu, dispatch);
    dispatch->given = 0;
    capos_builder_take_buffers(results, results->words, results->capacity, results->descriptors,
                               results->descriptor_room);
    return type->serve(&dispatch->target, &dispatch->invocation);
}

static int serve(struct cpu *cpu, struct dispatch *dispatch, struct object *object) {
    const struct object_type *type = object->type;
    int outcome;

    if (type->serve == NULL)
        return capos_fail(&dispatch->invocation, CAPOS_UNIMPLEMENTED, "no such method");
    dispatch->target.object = object;
    outcome = type->serve(&dispatch->target, &dispatch->invocation);
    return UNLIKELY(outcome == CAPOS_OVERLOADED) ? serve_again(cpu, dispatch, type) : outcome;
}

flat void dispatch_call(struct cpu *cpu, struct call *call) {
    struct dispatch *dispatch = cpu->dispatch[0];
    struct object *object = call->target;
    enum capos_status status;
    int outcome;

    begin(dispatch, call);
    status = take_params(cpu, dispatch);
    if (status != CAPOS_STATUS_OK) {
        tidy(dispatch);
        call_fail(cpu, call, status);
        return;
    }
    object_get(object); // a held call may be answered, and its target put, while we are here
    outcome = serve(cpu, dispatch, object);
    if (outcome == CAPOS_DONE)
        release_moved(cpu, &dispatch->invocation);
    if (outcome != CAPOS_PENDING)
        finish(cpu, dispatch, outcome);
    if (dispatch->held_count > 0)
        let_go(cpu, dispatch);
    tidy(dispatch);
    object_put(cpu, object);
}

// `target`: a reference that the record gets, or NULL.
static struct call *record(struct dispatch *dispatch, struct object *target) {
    struct call *call = dispatch->call;

    ring_name(call);
    call->target = target;
    call->reserved = 0;
    return call;
}

struct call *dispatch_record(struct capos_invocation *invocation) {
    struct dispatch *dispatch = dispatch_of(invocation);

    if (call_state(dispatch->call) != CALL_IDLE)
        return dispatch->call;
    object_get(dispatch->target.object);
    return record(dispatch, dispatch->target.object);
}

int32_t dispatch_plain_results(const struct dispatch *dispatch) {
    const struct call *call = dispatch->call;
    volatile uint64_t *target = (volatile uint64_t *)(void *)(call->ring->base + call->results);
    uint32_t words = dispatch->invocation.results.used;

    for (uint32_t i = 0; i < words; i++)
        target[i] = dispatch->results[i];
    return (int32_t)(words * 8);
}

int32_t dispatch_plain_end(struct cpu *cpu, struct dispatch *dispatch,
                           const struct object_type *type, int outcome) {
    int32_t result = ACCEPT_PENDING;

    if (outcome == CAPOS_OVERLOADED)
        outcome = serve_again(cpu, dispatch, type);
    if (outcome == CAPOS_DONE) {
        result = dispatch_plain_results(dispatch);
    } else if (outcome != CAPOS_PENDING) { // it ends as any other that has failed
        (void)record(dispatch, NULL);
        finish(cpu, dispatch, outcome);
    }
    tidy(dispatch);
    return result;
}

struct capos_invocation *call_reply_begin(struct cpu *cpu, struct call *call) {
    struct dispatch *dispatch = cpu->dispatch[1];

    begin(dispatch, call);
    return &dispatch->invocation;
}

void call_reply(struct cpu *cpu, struct capos_invocation *invocation, int outcome) {
    finish(cpu, dispatch_of(invocation), outcome);
    tidy(dispatch_of(invocation));
}
