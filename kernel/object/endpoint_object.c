// SPDX-License-Identifier: MIT
// Endpoint. What it makes is charged to whoever asks for it.
#include "object/endpoint_object.h"

#include "core/dispatch.h"
#include "core/endpoint.h"
#include "core/process.h"
#include "schemas/endpoint.capos.h"

static int receiver(void *self, struct capos_invocation *inv,
                    struct capos_endpoint_receiver_params params,
                    struct capos_endpoint_receiver_results_builder results) {
    const struct target *target = self;
    struct endpoint *endpoint = (struct endpoint *)(void *)target->object;
    struct receiver *made;
    enum capos_status status;

    (void)params;
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the Receiver");
    status = endpoint_create_receiver(target->cpu, endpoint, dispatch_process(inv)->ledger, &made);
    if (status == CAPOS_STATUS_BUSY)
        return capos_fail(inv, CAPOS_FAILED, "the endpoint has a Receiver");
    if (status != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no Receiver");
    capos_endpoint_receiver_results_give_receiver(
        results, dispatch_give(inv, &made->object, RECEIVER_INTERFACE, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

// With the scope `session` it belongs to the caller's.
static struct capos_descriptor give_facet(struct capos_invocation *inv, struct facet *facet) {
    struct captable_view view = {
        .object = &facet->object, .interface = facet->interface, .scope = facet->scope};

    if (facet->scope == CAPOS_SCOPE_SESSION)
        view.revoker = session_revoker(dispatch_process(inv)->session_object);
    revoker_get(view.revoker);
    return dispatch_give_view(inv, &view);
}

static int facet(void *self, struct capos_invocation *inv,
                 struct capos_endpoint_facet_params params,
                 struct capos_endpoint_facet_results_builder results) {
    const struct target *target = self;
    struct endpoint *endpoint = (struct endpoint *)(void *)target->object;
    uint64_t interface = capos_endpoint_facet_params_interface(params);
    unsigned scope = capos_endpoint_facet_params_scope(params);
    struct facet *made;

    if (interface == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "a facet needs an interface");
    if (scope >= CAPOS_SCOPES)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "there is no such transfer scope");
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the facet");
    if (endpoint_create_facet(target->cpu, endpoint, dispatch_process(inv)->ledger, interface,
                              capos_endpoint_facet_params_object_id(params), (uint8_t)scope,
                              &made) != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no facet");
    capos_endpoint_facet_results_give_facet(results, give_facet(inv, made));
    return CAPOS_DONE;
}

static const struct capos_endpoint_server server = {.receiver = receiver, .facet = facet};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_endpoint_dispatch(&server, self, inv);
}

const struct object_type endpoint_object_type = {
    .name = "Endpoint",
    .interface = CAPOS_ENDPOINT_INTERFACE_ID,
    .size = sizeof(struct endpoint),
    .kind = OBJECT_KERNEL,
    .methods = &capos_endpoint_interface,
    .serve = serve,
    .close = endpoint_close,
};
