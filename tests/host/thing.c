// SPDX-License-Identifier: MIT
//
// What the methods of a thing do, and how many things there are: see thing.h.
#include "tests/host/thing.h"

#include "core/call.h"
#include "core/dispatch.h"
#include "core/process.h"

#include <check.h>

int things;

static bool thing_close(struct cpu *cpu, struct object *object) {
    (void)cpu, (void)object;
    things--;
    return true;
}

static int thing_serve(void *self, struct capos_invocation *inv);

const struct object_type thing_type = {.name = "thing",
                                       .interface = THING_INTERFACE,
                                       .size = sizeof(struct thing),
                                       .kind = OBJECT_KERNEL,
                                       .serve = thing_serve,
                                       .close = thing_close};

static void thing_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct capos_invocation *inv = call_reply_begin(cpu, call);
    struct capos_struct_builder results = capos_builder_init_root(&inv->results, 1, 0);

    if (status == CAPOS_STATUS_TIMED_OUT) {
        call_reply(cpu, inv, capos_fail(inv, CAPOS_FAILED, "too late"));
        return;
    }
    capos_struct_set_u64(results, 0, 77);
    call_reply(cpu, inv, CAPOS_DONE);
}

struct thing *thing_create(struct cpu *cpu, struct ledger *ledger) {
    struct object *object;

    ck_assert_int_eq(object_create(cpu, &thing_type, ledger, &object), CAPOS_STATUS_OK);
    call_queue_init(&((struct thing *)(void *)object)->queue, thing_answer);
    things++;
    return (struct thing *)(void *)object;
}

static int give(struct cpu *cpu, struct capos_invocation *inv) {
    struct capos_struct_builder results = capos_builder_init_root(&inv->results, 0, 1);
    struct ledger *ledger = dispatch_process(inv)->ledger;

    if (dispatch_room(inv) < 2)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "no room");
    capos_pointer_set_capability(capos_struct_builder_pointer(results, 0),
                                 dispatch_give(inv, &thing_create(cpu, ledger)->object,
                                               THING_INTERFACE, CAPOS_SCOPE_SESSION));
    dispatch_give(inv, &thing_create(cpu, ledger)->object, THING_INTERFACE, CAPOS_SCOPE_ANY);
    return CAPOS_DONE;
}

static int take(struct capos_invocation *inv) {
    struct captable_view view;

    if (inv->received_count != 1 ||
        dispatch_capability(inv, inv->received[0].cap, &thing_type, &view) != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "no thing");
    capos_builder_init_root(&inv->results, 0, 0);
    return CAPOS_DONE;
}

// As if another thread of the caller's released the capability just now.
static int lose(struct cpu *cpu, struct capos_invocation *inv) {
    struct captable *table = &dispatch_process(inv)->table;
    struct captable_view view;
    uint64_t cap = inv->received[0].cap;
    int before = things;

    ck_assert_int_eq(dispatch_capability(inv, cap, &thing_type, &view), CAPOS_STATUS_OK);
    ck_assert_int_eq(dispatch_capability(inv, cap, NULL, &view), CAPOS_STATUS_OK);
    ck_assert_int_eq(captable_release(cpu, table, cap), CAPOS_STATUS_OK);
    object_close_pending(cpu);
    ck_assert_int_eq(things, before); // it can still be used
    ck_assert_int_eq(dispatch_capability(inv, cap, NULL, &view), CAPOS_STATUS_REFUSED);
    return CAPOS_DONE;
}

static int thing_serve(void *self, struct capos_invocation *inv) {
    const struct target *target = self;
    struct thing *thing = (struct thing *)(void *)target->object;
    struct cpu *cpu = target->cpu;
    struct capos_struct_builder results;

    if (inv->interface != THING_INTERFACE)
        return capos_fail(inv, CAPOS_UNIMPLEMENTED, "no such interface");
    switch (inv->method) {
    case ADD_ONE:
        results = capos_builder_init_root(&inv->results, 1, 0);
        capos_struct_set_u64(results, 0, inv->params[0] + 1);
        return capos_invocation_end(inv, CAPOS_DONE);
    case GIVE:
        return give(cpu, inv);
    case FAIL:
        dispatch_give(inv, &thing_create(cpu, dispatch_process(inv)->ledger)->object,
                      THING_INTERFACE, CAPOS_SCOPE_ANY);
        return capos_fail(inv, CAPOS_OVERLOADED, "as it was asked to");
    case HOLD:
        call_hold(cpu, inv, &thing->queue, inv->params[0]);
        return CAPOS_PENDING;
    case TAKE:
        return take(inv);
    case LOSE:
        return lose(cpu, inv);
    case OVERFLOW_:
        capos_builder_init_root(&inv->results, 100, 0);
        return capos_invocation_end(inv, CAPOS_DONE);
    default:
        return capos_fail(inv, CAPOS_UNIMPLEMENTED, "no such method");
    }
}
