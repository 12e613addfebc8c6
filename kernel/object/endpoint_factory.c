// SPDX-License-Identifier: MIT
// EndpointFactory: a service id that whoever holds it can't change.
#include "object/endpoint_factory.h"

#include "core/dispatch.h"
#include "core/endpoint.h"
#include "core/process.h"
#include "object/endpoint_object.h"
#include "schemas/endpoint.capos.h"

struct endpoint_factory {
    struct object object;
    uint64_t service;
};

static const char no_room[] = "the caller has no room for the capability";

static int create(void *self, struct capos_invocation *inv,
                  struct capos_endpoint_factory_create_params params,
                  struct capos_endpoint_factory_create_results_builder results) {
    const struct target *target = self;
    const struct endpoint_factory *factory = (const void *)target->object;
    struct endpoint *endpoint;

    (void)params;
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, no_room);
    if (endpoint_create(target->cpu, &endpoint_object_type, dispatch_process(inv)->ledger,
                        factory->service, &endpoint) != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no endpoint");
    capos_endpoint_factory_create_results_give_endpoint(
        results,
        dispatch_give(inv, &endpoint->object, CAPOS_ENDPOINT_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static int for_service(void *self, struct capos_invocation *inv,
                       struct capos_endpoint_factory_for_service_params params,
                       struct capos_endpoint_factory_for_service_results_builder results) {
    const struct target *target = self;
    const struct endpoint_factory *factory = (const void *)target->object;
    uint64_t service = capos_endpoint_factory_for_service_params_service(params);
    struct object *narrower;

    if (factory->service != 0)
        return capos_fail(inv, CAPOS_FAILED, "the factory's service id is fixed");
    if (service == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "0 is the first factory's service id");
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, no_room);
    if (endpoint_factory_create(target->cpu, dispatch_process(inv)->ledger, service, &narrower) !=
        CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no factory");
    capos_endpoint_factory_for_service_results_give_factory(
        results,
        dispatch_give(inv, narrower, CAPOS_ENDPOINT_FACTORY_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static const struct capos_endpoint_factory_server server = {.create = create,
                                                            .for_service = for_service};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_endpoint_factory_dispatch(&server, self, inv);
}

const struct object_type endpoint_factory_type = {
    .name = "EndpointFactory",
    .interface = CAPOS_ENDPOINT_FACTORY_INTERFACE_ID,
    .size = sizeof(struct endpoint_factory),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_endpoint_factory_interface,
    .serve = serve,
};

enum capos_status endpoint_factory_create(struct cpu *cpu, struct ledger *ledger, uint64_t service,
                                          struct object **out) {
    enum capos_status status = object_create(cpu, &endpoint_factory_type, ledger, out);

    if (status == CAPOS_STATUS_OK)
        ((struct endpoint_factory *)(void *)*out)->service = service;
    return status;
}
