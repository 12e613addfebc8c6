// SPDX-License-Identifier: MIT
// RevokerFactory and Revoker: copies that can be ended, over core/revoke.h.
#include "object/revoker.h"

#include "core/call.h"
#include "core/dispatch.h"
#include "core/process.h"
#include "core/revoke.h"
#include "schemas/revocation.capos.h"

void revoker_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct capos_invocation *inv;

    if (status != CAPOS_STATUS_OK) {
        call_fail(cpu, call, status);
        return;
    }
    inv = call_reply_begin(cpu, call);
    (void)capos_revoker_revoke_results_build_message(&inv->results);
    call_reply(cpu, inv, CAPOS_DONE);
}

static int refuse(struct capos_invocation *inv, enum capos_status status) {
    switch (status) {
    case CAPOS_STATUS_OVERLOADED:
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no revoker");
    case CAPOS_STATUS_DISCONNECTED:
        return capos_fail(inv, CAPOS_DISCONNECTED, "the capability is revoked");
    case CAPOS_STATUS_BUSY:
        return capos_fail(inv, CAPOS_FAILED, "revocable copies nest four deep");
    default:
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "that is no capability of the caller");
    }
}

// What the caller holds, and a revoker over it. References: the revoker's own.
static enum capos_status prepare(struct cpu *cpu, const struct capos_invocation *inv, uint64_t cap,
                                 struct captable_view *view, struct revoker **revoker) {
    enum capos_status status = dispatch_capability(inv, cap, NULL, view);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (view->object->type->move_only || !object_try_get(view->object))
        return CAPOS_STATUS_REFUSED;
    status = revoker_create(cpu, &revoker_type, dispatch_process(inv)->ledger, view->revoker,
                            revoker_answer, revoker);
    if (status != CAPOS_STATUS_OK)
        object_put(cpu, view->object);
    return status;
}

static int make(void *self, struct capos_invocation *inv,
                struct capos_revoker_factory_make_params params,
                struct capos_revoker_factory_make_results_builder results) {
    const struct target *target = self;
    uint64_t cap = capos_revoker_factory_make_params_capability(params).id;
    struct captable_view view;
    struct revoker *revoker;
    enum capos_status status;

    if (dispatch_room(inv) < 2)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT,
                          "the caller has no room for the two capabilities");
    status = prepare(target->cpu, inv, cap, &view, &revoker);
    if (status != CAPOS_STATUS_OK)
        return refuse(inv, status);
    view.revoker = revoker;
    revoker_get(revoker);
    capos_revoker_factory_make_results_give_copy(results, dispatch_give_view(inv, &view));
    capos_revoker_factory_make_results_give_revoker(
        results, dispatch_give(inv, &revoker->object, CAPOS_REVOKER_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static const struct capos_revoker_factory_server factory_server = {.make = make};

static int factory_serve(void *self, struct capos_invocation *inv) {
    return capos_revoker_factory_dispatch(&factory_server, self, inv);
}

const struct object_type revoker_factory_type = {
    .name = "RevokerFactory",
    .interface = CAPOS_REVOKER_FACTORY_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_revoker_factory_interface,
    .serve = factory_serve,
};

enum capos_status revoker_factory_create(struct cpu *cpu, struct ledger *ledger,
                                         struct object **out) {
    return object_create(cpu, &revoker_factory_type, ledger, out);
}

static int revoke(void *self, struct capos_invocation *inv,
                  struct capos_revoker_revoke_params params,
                  struct capos_revoker_revoke_results_builder results) {
    const struct target *target = self;
    struct revoker *revoker = (struct revoker *)(void *)target->object;

    (void)params, (void)results;
    revoker_kill(target->cpu, revoker);
    revoker_hold(target->cpu, revoker, inv);
    return CAPOS_PENDING;
}

static const struct capos_revoker_server revoker_server = {.revoke = revoke};

static int revoker_serve(void *self, struct capos_invocation *inv) {
    return capos_revoker_dispatch(&revoker_server, self, inv);
}

const struct object_type revoker_type = {
    .name = "Revoker",
    .interface = CAPOS_REVOKER_INTERFACE_ID,
    .size = sizeof(struct revoker),
    .kind = OBJECT_KERNEL,
    .walked = true,
    .methods = &capos_revoker_interface,
    .serve = revoker_serve,
    .close = revoker_close,
};
