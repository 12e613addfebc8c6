// SPDX-License-Identifier: MIT
// SessionAuthority and Session: sessions that can be ended, over core/session.h. A call of end is
// held until the sweep is over, as one of Revoker.revoke is.
#include "object/session_object.h"

#include "core/call.h"
#include "core/captable.h"
#include "core/dispatch.h"
#include "core/process.h"
#include "core/session.h"
#include "object/revoker.h"
#include "schemas/session.capos.h"

static struct session_object *session_at(const struct target *target) {
    return (struct session_object *)(void *)target->object;
}

static int refuse_start(struct capos_invocation *inv, enum capos_status status) {
    switch (status) {
    case CAPOS_STATUS_OVERLOADED:
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no session");
    case CAPOS_STATUS_BUSY:
        return capos_fail(inv, CAPOS_FAILED, "sessions nest four deep");
    default:
        return capos_fail(inv, CAPOS_DISCONNECTED, "the caller's session has ended");
    }
}

static int start(void *self, struct capos_invocation *inv,
                 struct capos_session_authority_start_params params,
                 struct capos_session_authority_start_results_builder results) {
    const struct target *target = self;
    struct process *caller = dispatch_process(inv);
    struct session_object *session;
    enum capos_status status;

    (void)params;
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the session");
    status = session_create(target->cpu, &session_type, caller->ledger, caller->session_object,
                            revoker_answer, &session);
    if (status != CAPOS_STATUS_OK)
        return refuse_start(inv, status);
    capos_session_authority_start_results_give_session(
        results,
        dispatch_give(inv, &session->revoker.object, CAPOS_SESSION_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static const struct capos_session_authority_server authority_server = {.start = start};

static int authority_serve(void *self, struct capos_invocation *inv) {
    return capos_session_authority_dispatch(&authority_server, self, inv);
}

const struct object_type session_authority_type = {
    .name = "SessionAuthority",
    .interface = CAPOS_SESSION_AUTHORITY_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .methods = &capos_session_authority_interface,
    .serve = authority_serve,
};

enum capos_status session_authority_create(struct cpu *cpu, struct ledger *ledger,
                                           struct object **out) {
    return object_create(cpu, &session_authority_type, ledger, out);
}

static int end(void *self, struct capos_invocation *inv, struct capos_session_end_params params,
               struct capos_session_end_results_builder results) {
    const struct target *target = self;
    struct revoker *revoker = &session_at(target)->revoker;

    (void)params, (void)results;
    revoker_kill(target->cpu, revoker);
    revoker_hold(target->cpu, revoker, inv);
    return CAPOS_PENDING;
}

// What may become the session's: NULL, or what is against it.
static const char *refuse_bound(const struct captable_view *view) {
    if (view->object->type->move_only)
        return "a Receiver can't be copied";
    if (view->scope != CAPOS_SCOPE_ANY)
        return "the capability is not for anybody";
    return view->revoker != NULL ? "a revocable copy can't be bound" : NULL;
}

static int bind(void *self, struct capos_invocation *inv, struct capos_session_bind_params params,
                struct capos_session_bind_results_builder results) {
    const struct target *target = self;
    struct session_object *session = session_at(target);
    uint64_t cap = capos_session_bind_params_capability(params).id;
    struct captable_view view;
    enum capos_status status = dispatch_capability(inv, cap, NULL, &view);
    const char *wrong = status == CAPOS_STATUS_OK ? refuse_bound(&view) : NULL;

    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the copy");
    if (revoker_is_dead(&session->revoker) || status == CAPOS_STATUS_DISCONNECTED)
        return capos_fail(inv, CAPOS_DISCONNECTED, "the session has ended, or it is revoked");
    if (wrong != NULL)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, wrong);
    if (status != CAPOS_STATUS_OK || !object_try_get(view.object))
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "that is no capability of the caller");
    view.revoker = session_revoker(session);
    view.scope = CAPOS_SCOPE_SESSION;
    revoker_get(view.revoker);
    capos_session_bind_results_give_copy(results, dispatch_give_view(inv, &view));
    return CAPOS_DONE;
}

static int info(void *self, struct capos_invocation *inv, struct capos_session_info_params params,
                struct capos_session_info_results_builder results) {
    struct session_object *session = session_at(self);

    (void)inv, (void)params;
    capos_session_info_results_set_processes(results, atomic_load(&session->processes));
    capos_session_info_results_set_ended(results, revoker_is_dead(&session->revoker));
    return CAPOS_DONE;
}

static const struct capos_session_server session_server = {.end = end, .bind = bind, .info = info};

static int session_serve(void *self, struct capos_invocation *inv) {
    return capos_session_dispatch(&session_server, self, inv);
}

const struct object_type session_type = {
    .name = "Session",
    .interface = CAPOS_SESSION_INTERFACE_ID,
    .size = sizeof(struct session_object),
    .kind = OBJECT_KERNEL,
    .walked = true,
    .methods = &capos_session_interface,
    .serve = session_serve,
    .close = revoker_close,
};
