// SPDX-License-Identifier: MIT
// Calls of methods, seen from both ends; generated code stands on this. The serving end gets an
// invocation and dispatches it to a table of handlers: the same for kernel objects, servers and
// tests. The calling end has a call that a transport carries: the ring, or a loop-back in tests.
// No state of its own: invocations, calls and their buffers belong to whoever made them.
#ifndef CAPOS_CAPNP_CALL_H
#define CAPOS_CAPNP_CALL_H

#include "capnp/builder.h"
#include "capnp/validate.h"

#ifdef __cplusplus
extern "C" {
#endif

// How a handler, or a call, ended. The exceptions are Cap'n Proto's kinds plus invalidArgument,
// each one more than its value on the wire.
enum capos_outcome {
    CAPOS_PENDING = -1, // handlers only: answered later
    CAPOS_DONE = 0,     // the results are complete
    CAPOS_FAILED = 1,
    CAPOS_OVERLOADED = 2,
    CAPOS_DISCONNECTED = 3,
    CAPOS_UNIMPLEMENTED = 4,
    CAPOS_INVALID_ARGUMENT = 5,
};

// A capability of no particular interface; generated handles have the same member.
struct capos_capability {
    uint64_t id;
};

static inline struct capos_descriptor capos_descriptor_of(uint64_t id, uint8_t kind) {
    struct capos_descriptor d = {id, 0, 0, kind, 0, 0, {0, 0, 0, 0, 0}};
    return d;
}

// What to send: a copy, keeping one's own; the capability itself; or a new facet of a server.
static inline struct capos_descriptor capos_descriptor_copy(uint64_t id) {
    return capos_descriptor_of(id, CAPOS_TRANSFER_COPY);
}

static inline struct capos_descriptor capos_descriptor_move(uint64_t id) {
    return capos_descriptor_of(id, CAPOS_TRANSFER_MOVE);
}

static inline struct capos_descriptor capos_descriptor_mint(uint64_t receiver, uint64_t object_id,
                                                            uint64_t interface_id, uint8_t scope) {
    struct capos_descriptor d = capos_descriptor_of(receiver, CAPOS_TRANSFER_MINT);
    d.object_id = object_id;
    d.interface = interface_id;
    d.scope = scope;
    return d;
}

// The id that a received capability has in one's own table; 0 for none (null, NONE, OWN).
static inline uint64_t capos_pointer_capability_id(struct capos_pointer pointer) {
    const struct capos_descriptor *d = capos_pointer_capability(pointer);
    return d == NULL ? 0 : d->cap;
}

struct capos_capability_list {
    struct capos_list list;
};

struct capos_capability_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_capability_list_size(struct capos_capability_list list) {
    return list.list.size;
}

static inline struct capos_capability capos_capability_list_at(struct capos_capability_list list,
                                                               uint32_t index) {
    struct capos_capability value = {
        capos_pointer_capability_id(capos_list_pointer(list.list, index))};
    return value;
}

static inline void capos_capability_list_give(struct capos_capability_list_builder list,
                                              uint32_t index, struct capos_descriptor descriptor) {
    capos_pointer_set_capability(capos_list_builder_pointer(list.list, index), descriptor);
}

static inline void capos_capability_list_set(struct capos_capability_list_builder list,
                                             uint32_t index, struct capos_capability value) {
    capos_capability_list_give(list, index, capos_descriptor_copy(value.id));
}

// A method, as both ends know it. Generated, constant.
struct capos_method {
    uint64_t interface; // that declares it
    uint16_t ordinal;
    uint16_t params_data_words, params_pointers;
    uint16_t results_data_words, results_pointers;
    uint8_t params_capabilities, results_capabilities; // the most they hold, or CAPOS_TRANSFER_MAX
    uint16_t params_words, results_words; // the most a message of them has; 0 if nothing bounds it
    const struct capos_layout *params, *results;
};

// The root of params or results of which nothing is built yet. A struct without fields needs no
// message at all.
static inline struct capos_struct_builder
capos_method_root(struct capos_builder *builder, uint16_t data_words, uint16_t pointers) {
    struct capos_struct_builder nothing = {builder, NULL, 0, 0};
    if (data_words == 0 && pointers == 0)
        return nothing;
    return capos_builder_first_root(builder, data_words, pointers);
}

// The serving end ------------------------------------------------------------------------------

// One call to be served. Whoever received it fills in all but the exception, by
// capos_invocation_init and assignments; buffers are borrowed until the dispatch returns. The first
// members are those of a message's header, in the same places, so that a server takes them at once.
struct capos_invocation {
    uint64_t object_id;
    uint64_t interface; // that declares the method
    uint16_t method;
    uint8_t kind;
    uint8_t received_count;
    uint16_t params_words;
    uint8_t room, disclosure; // as kind, not looked at here
    const uint64_t *params;   // a message; none if params_words is 0
    const struct capos_descriptor *received;
    struct capos_reader reader;   // over the params, begun by the dispatch
    struct capos_struct root;     // of the params, if the dispatch had to validate them
    struct capos_builder results; // over the caller's buffer and descriptors
    enum capos_outcome exception;
    const char *reason; // of the exception; static, or as long-lived as the answer
    void *context;      // of the dispatching side: a cpu, a server loop, a test
};

// Clears the invocation and takes the buffers for its results. Params and the rest are assigned.
static inline void capos_invocation_init(struct capos_invocation *inv, uint64_t *results,
                                         size_t results_words, struct capos_descriptor *descriptors,
                                         uint8_t room) {
    inv->object_id = 0;
    inv->interface = 0;
    inv->method = 0;
    inv->kind = CAPOS_MESSAGE_CALL;
    inv->room = room;
    inv->disclosure = 0;
    inv->params = NULL;
    inv->params_words = 0;
    inv->received = NULL;
    inv->received_count = 0;
    inv->exception = CAPOS_DONE;
    inv->reason = "";
    inv->context = NULL;
    capos_builder_init(&inv->results, results, results_words);
    capos_builder_set_descriptors(&inv->results, descriptors, room);
}

// Makes the invocation fail: to be returned by the handler. The results are dropped.
int capos_fail(struct capos_invocation *inv, enum capos_outcome kind, const char *reason);

// For generated code, of which the functions up to the calling end are parts. Validates the params
// against their layout, to be read from inv->root; returns CAPOS_DONE or the exception.
int capos_invocation_open(struct capos_invocation *inv, const struct capos_layout *layout)
    __attribute__((noinline));

// The same for params whose struct has a shape; returns CAPOS_DONE or the exception.
__attribute__((always_inline)) static inline int
capos_invocation_shape(struct capos_invocation *inv, struct capos_struct *params,
                       const struct capos_layout *layout, capos_has_shape *has_shape,
                       uint16_t data_words, uint16_t pointers, bool capabilities) {
    struct capos_reader seen;
    seen.only.words = inv->reader.only.words = inv->params;
    seen.only.size = inv->reader.only.size = inv->params_words;
    seen.descriptor_count = inv->received_count;
    if (has_shape(&seen)) {
        if (capabilities)
            capos_reader_set_descriptors(&inv->reader, inv->received, inv->received_count);
        *params = capos_shape_root(&inv->reader, data_words, pointers, capabilities);
        return CAPOS_DONE;
    }
    int outcome = capos_invocation_open(inv, layout);
    *params = inv->root;
    return outcome;
}

// The answer to what is not served.
int capos_unserved(struct capos_invocation *inv, const char *reason)
    __attribute__((cold, noinline));

int capos_invocation_overflow(struct capos_invocation *inv) __attribute__((cold, noinline));

// An interface's own methods, by ordinal: generated, constant.
struct capos_interface {
    uint64_t id;
    uint16_t method_count;
    const struct capos_method *const *methods;
};

// What a handler has returned, looked at: all that it built must have found room.
static inline int capos_invocation_end(struct capos_invocation *inv, int outcome) {
    if (outcome == CAPOS_DONE && inv->results.error != CAPOS_BUILD_OK)
        return capos_invocation_overflow(inv);
    return outcome;
}

// The calling end ------------------------------------------------------------------------------

struct capos_call;

// A place of a transport for one call, with all that is the same each time a method is called. One
// that is free and ready may be taken without asking the transport, and one that a call is done
// with may be put back so; the answer to a call that was sent may be put there, if it is plain
// results without capabilities.
struct capos_place {
    struct capos_place *next;          // that is free, too
    const struct capos_method *method; // that it is ready for; NULL: only the transport can say
    struct capos_builder params;       // as begin would give it
    const uint64_t *results;
    uint32_t results_words;
    bool answered; // until the next send
};

// What carries calls. Each function returns CAPOS_DONE, an exception (positive), or minus a status
// of the transport. `begin` makes room: it gives call->params a buffer and descriptors, none when
// it fails. `send` starts the call with what was built; nothing is on its way when it fails. `wait`
// ends it: it says what was answered by capos_call_answer, or sets call->reason. `call` does both.
// `release` gives all of it back; also after a failed begin.
//
// A transport that keeps places sets call->place to that of each call. It has `ready`, the first
// place of a list whose end has no method; or NULL, for as long as it is to be asked each time.
//
// The rest may be missing. `on` carries calls that wait for another one of this transport's, which
// call->waits says: its `send` has them sent now and started by whoever answers that one. `cancel`
// asks that a call that is on its way be ended. `drop` gives up the capability that a promise is,
// once it is there.
struct capos_promise;

struct capos_transport {
    struct capos_place *ready;
    int (*begin)(struct capos_transport *transport, struct capos_call *call);
    int (*send)(struct capos_transport *transport, struct capos_call *call);
    int (*wait)(struct capos_transport *transport, struct capos_call *call);
    int (*call)(struct capos_transport *transport, struct capos_call *call);
    void (*release)(struct capos_transport *transport, struct capos_call *call);
    void *context;
    struct capos_transport *on;
    int (*cancel)(struct capos_transport *transport, struct capos_call *call);
    int (*drop)(struct capos_transport *transport, const struct capos_promise *promise);
};

// A capability of an answer that may still be to come: the one in that place of the results of a
// call, which has been sent and not released. Generated promises say which interface it is of.
struct capos_promise {
    struct capos_call *call;
    uint8_t place;
};

enum capos_call_waits {
    CAPOS_CALL_ON = 1,    // on call->target, a place in the answer to call->source
    CAPOS_CALL_AFTER = 2, // until call->source has been answered
};

enum capos_call_state {
    CAPOS_CALL_NEW,
    CAPOS_CALL_BEGUN,
    CAPOS_CALL_SENT,
    CAPOS_CALL_ANSWERED,
};

// One call on its way, in storage of the caller. Its status is sticky: after an error building goes
// into the void, and send and wait return the error.
struct capos_call {
    struct capos_transport *transport;
    const struct capos_method *method;
    uint64_t target; // CapId
    struct capos_builder params;
    struct capos_reader results;
    enum capos_call_state state;
    int status;
    const char *reason;        // of an exception; never NULL
    struct capos_place *place; // or NULL
    uint64_t tag;              // the transport's own

    // Of a call of transport->on.
    enum capos_call_waits waits;
    const struct capos_call *source; // the other one
};

// Has the transport begin the call. For capos_call_begin.
int capos_call_begin_slowly(struct capos_call *call) __attribute__((noinline));

// Begins a call: its params can be built, from capos_method_root on.
static inline void capos_call_begin(struct capos_call *call, struct capos_transport *transport,
                                    uint64_t target, const struct capos_method *method) {
    call->transport = transport;
    call->method = method;
    call->target = target;
    call->state = CAPOS_CALL_BEGUN;
    call->status = CAPOS_DONE;
    call->reason = "";
    struct capos_place *place = transport->ready;
    if (place == NULL || place->method != method) {
        call->status = capos_call_begin_slowly(call);
        return;
    }
    transport->ready = place->next;
    call->place = place;
    call->params = place->params;
}

// Begins a call on an answer to come, without waiting for it: both may be sent, one after the
// other, and the answer awaited of the last one only. It fails, with the transport's
// `source_failed`, when the other call does. What the promise is of must have been sent; it may be
// released once this one has been sent. A transport that can't do that waits for the answer here.
void capos_call_begin_on(struct capos_call *call, struct capos_promise target,
                         const struct capos_method *method);

// A call that was begun, and not on a promise, is to start only when `source`, which was sent
// through the same transport, has been answered with results; it fails if that does. A transport
// that can't do that waits for the answer here. Returns the call's status.
int capos_call_after(struct capos_call *call, struct capos_call *source)
    __attribute__((warn_unused_result));

// Gives up the capability that the promise is, without waiting for it. UNIMPLEMENTED: the transport
// can't.
int capos_promise_release(struct capos_promise promise) __attribute__((warn_unused_result));

// Asks that a call that was sent be ended. How it has ended, capos_call_wait says: cancelled, or
// with its answer if that was quicker. UNIMPLEMENTED: the transport can't.
int capos_call_cancel(struct capos_call *call) __attribute__((warn_unused_result));

// Why a call can't be sent; not CAPOS_DONE. For capos_call_send.
int capos_call_unsendable(struct capos_call *call) __attribute__((cold, noinline));

// Sends it, without waiting.
__attribute__((warn_unused_result)) static inline int capos_call_send(struct capos_call *call) {
    if (call->status != CAPOS_DONE || call->state != CAPOS_CALL_BEGUN ||
        call->params.error != CAPOS_BUILD_OK)
        return capos_call_unsendable(call);
    call->state = CAPOS_CALL_SENT;
    call->status = call->transport->send(call->transport, call);
    return call->status;
}

// For a transport: the answer, one 8-aligned segment of at most CAPOS_SEGMENT_WORDS_MAX words, and
// what came with it. Both are borrowed until the call is released.
static inline void capos_call_answer(struct capos_call *call, const uint64_t *words, uint32_t size,
                                     const struct capos_descriptor *descriptors, uint32_t count) {
    call->results.only.words = words;
    call->results.only.size = size;
    call->results.descriptors = descriptors;
    call->results.descriptor_count = count;
}

// Why a call can't be waited for, if it can't. For capos_call_await.
void capos_call_unawaited(struct capos_call *call) __attribute__((cold, noinline));

// Waits for the answer, which is not looked at; call->status says how it went.
static inline void capos_call_await(struct capos_call *call) {
    const struct capos_place *place = call->place;
    if (call->status != CAPOS_DONE || call->state != CAPOS_CALL_SENT) {
        capos_call_unawaited(call);
        return;
    }
    call->state = CAPOS_CALL_ANSWERED;
    if (place != NULL && place->answered)
        capos_call_answer(call, place->results, place->results_words, NULL, 0);
    else
        call->status = call->transport->wait(call->transport, call);
}

// Sends the call and waits for the answer, in one.
static inline void capos_call_run(struct capos_call *call) {
    if (call->status == CAPOS_DONE && call->state == CAPOS_CALL_BEGUN &&
        call->params.error == CAPOS_BUILD_OK) {
        call->state = CAPOS_CALL_ANSWERED;
        call->status = call->transport->call(call->transport, call);
    } else {
        capos_call_unsendable(call);
    }
}

// Validates what was answered: the results. They are empty if the call has failed, as it has, too,
// if they are not sound.
struct capos_struct capos_call_results(struct capos_call *call);

// The same for results whose struct has a shape. For generated code.
__attribute__((always_inline)) static inline struct capos_struct
capos_call_shape(struct capos_call *call, capos_has_shape *has_shape, uint16_t data_words,
                 uint16_t pointers, bool capabilities) {
    if (call->status == CAPOS_DONE && has_shape(&call->results))
        return capos_shape_root(&call->results, data_words, pointers, capabilities);
    return capos_call_results(call);
}

// Waits for the answer and validates it. The results are readable until the call is released.
static inline int capos_call_wait(struct capos_call *call, struct capos_struct *results) {
    capos_call_await(call);
    *results = capos_call_results(call);
    return call->status;
}

// Has the transport release the call, if it knows it. For capos_call_release.
void capos_call_release_slowly(struct capos_call *call) __attribute__((noinline));

// Ends the use of a call, whatever its state.
static inline void capos_call_release(struct capos_call *call) {
    struct capos_transport *transport = call->transport;
    struct capos_place *place = call->place;
    if (call->state != CAPOS_CALL_ANSWERED || place == NULL || place->method == NULL ||
        transport->ready == NULL) {
        capos_call_release_slowly(call);
        return;
    }
    place->next = transport->ready;
    transport->ready = place;
    call->state = CAPOS_CALL_NEW;
}

#ifdef __cplusplus
}
#endif

#endif
