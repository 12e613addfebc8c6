// SPDX-License-Identifier: MIT
//
// See supervisor.h. The facts about a process come from its handle when they are asked for.
#include "supervisor.h"

#include "capos/runtime.h"
#include "capos/server.h"
#include "log.h"
#include "schemas/supervisor.capos.h"

enum { PARAMS_BYTES = 256, RESULTS_BYTES = 4096 };

static struct capos_server server;

static void describe(struct service *service, struct capos_service_info_builder to) {
    struct capos_process_handle_info_results info;
    struct capos_call call;

    capos_service_info_set_name(to, service->plan->name);
    capos_service_info_set_id(to, service->id);
    capos_service_info_set_state(to, CAPOS_PROCESS_STATE_ENDED);
    if (service->state != SERVICE_RUNNING)
        return;
    capos_expect_results(capos_client(), PARAMS_BYTES);
    if (capos_process_handle_info(&call, capos_ring(), service->process, &info) == CAPOS_DONE) {
        capos_service_info_set_state(to, capos_process_handle_info_results_state(info));
        capos_service_info_set_frames(to, capos_process_handle_info_results_frames(info));
        capos_service_info_set_cpu_nanoseconds(
            to, capos_process_handle_info_results_cpu_nanoseconds(info));
    }
    capos_call_release(&call);
}

// Every service of the manifest in the order of their start, those that were refused left out.
static int list(void *self, struct capos_invocation *inv,
                struct capos_supervisor_list_params params,
                struct capos_supervisor_list_results_builder results) {
    struct services *services = self;
    uint32_t count = 0, at = 0;

    (void)inv;
    (void)params;
    for (unsigned i = 0; i < services->count; i++)
        count += services->service[i].state != SERVICE_REFUSED;
    struct capos_service_info_list_builder to =
        capos_supervisor_list_results_init_services(results, count);
    for (unsigned i = 0; i < services->count; i++) {
        struct service *service = &services->service[services->plan->order[i]];

        if (service->state != SERVICE_REFUSED)
            describe(service, capos_service_info_list_builder_at(to, at++));
    }
    return CAPOS_DONE;
}

static int kill(void *self, struct capos_invocation *inv,
                struct capos_supervisor_kill_params params,
                struct capos_supervisor_kill_results_builder results) {
    struct service *service = services_find(self, capos_supervisor_kill_params_name(params));
    struct capos_process_handle_kill_results killed;
    struct capos_call call;

    (void)results;
    if (service == NULL)
        return capos_fail(inv, CAPOS_FAILED, "there is no service of that name");
    if (service->state != SERVICE_RUNNING)
        return capos_fail(inv, CAPOS_FAILED, "the service does not run");
    int status = capos_process_handle_kill(&call, capos_ring(), service->process, &killed);
    capos_call_release(&call);
    if (status != CAPOS_DONE)
        return capos_fail(inv, CAPOS_FAILED, "the service can't be killed");
    return CAPOS_DONE;
}

static const struct capos_supervisor_server handlers = {.list = list, .kill = kill};

static int dispatch(void *self, struct capos_invocation *inv) {
    return capos_supervisor_dispatch(&handlers, self, inv);
}

static bool make(struct capos_endpoint *endpoint, uint64_t *receiver, uint64_t *facet) {
    struct capos_endpoint_factory factory = {
        capos_need("endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID)};
    struct capos_endpoint_factory_create_results created;
    struct capos_endpoint_receiver_results received;
    struct capos_endpoint_facet_results made;
    struct capos_call call;

    if (capos_endpoint_factory_create(&call, capos_ring(), factory, &created) != CAPOS_DONE)
        return false;
    *endpoint = capos_endpoint_factory_create_results_endpoint(created);
    capos_call_release(&call);
    if (capos_endpoint_receiver(&call, capos_ring(), *endpoint, &received) != CAPOS_DONE)
        return false;
    *receiver = capos_endpoint_receiver_results_receiver(received).id;
    capos_call_release(&call);
    if (capos_endpoint_facet(&call, capos_ring(), *endpoint, CAPOS_SUPERVISOR_INTERFACE_ID, 0,
                             CAPOS_FACET_SCOPE_ANY, &made) != CAPOS_DONE)
        return false;
    *facet = capos_endpoint_facet_results_facet(made).id;
    capos_call_release(&call);
    return true;
}

uint64_t supervisor_serve(struct services *services) {
    static const struct capos_server_sizes sizes = {.params_bytes = PARAMS_BYTES,
                                                    .results_bytes = RESULTS_BYTES};
    static struct capos_object object = {.interface = CAPOS_SUPERVISOR_INTERFACE_ID,
                                         .dispatch = dispatch};
    struct capos_endpoint endpoint = {0};
    uint64_t receiver = 0, facet = 0;

    object.self = services;
    if (!make(&endpoint, &receiver, &facet) ||
        capos_server_init(&server, capos_client(), receiver, &sizes) != CAPOS_DONE) {
        log_text("the supervisor can't be served");
        return 0;
    }
    capos_server_add(&server, &object);
    return facet;
}
