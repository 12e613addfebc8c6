// SPDX-License-Identifier: MIT
//
// Deeds with endpoints: those of the judge, whose Receivers and facets are the model's, and others
// that are only made. object.what of an Endpoint is 1 and the model's number, or 0.
#include "schemas/endpoint.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/ledgers.h"
#include "tests/stress/puppet_ring.h"

static bool create(int p) {
    struct capos_endpoint_factory_create_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_ENDPOINT_FACTORY_INTERFACE_ID, 1))
        return false;
    deed_refused_if(&deed, !ledgers_have(p, LIMIT_ENDPOINTS, 1), CAPOS_OVERLOADED);
    if (deed_ended(&deed, capos_endpoint_factory_create(&deed.call, deed.ring,
                                                        (struct capos_endpoint_factory){deed.cap},
                                                        &results)))
        (void)court_got(p, capos_endpoint_factory_create_results_endpoint(results).id,
                        CAPOS_ENDPOINT_INTERFACE_ID, 0);
    return true;
}

// object.what of a factory: 1 when it is for a service.
static bool for_service(int p) {
    struct capos_endpoint_factory_for_service_results results;
    uint64_t service = court_below(10);
    struct deed_call deed;
    bool has_one;

    if (!deed_begin(&deed, p, CAPOS_ENDPOINT_FACTORY_INTERFACE_ID, 1))
        return false;
    has_one = deed_object(&deed)->what != 0;
    if (deed.want == CAPOS_DONE && service == 0 && has_one)
        return false; // which of the two is told is open
    deed_refused_if(&deed, has_one, CAPOS_FAILED);
    deed_refused_if(&deed, service == 0, CAPOS_INVALID_ARGUMENT);
    if (deed_ended(&deed, capos_endpoint_factory_for_service(
                              &deed.call, deed.ring, (struct capos_endpoint_factory){deed.cap},
                              service, &results)))
        (void)court_got(p, capos_endpoint_factory_for_service_results_factory(results).id,
                        CAPOS_ENDPOINT_FACTORY_INTERFACE_ID, 1);
    return true;
}

// One of the judge's endpoints; the model's number of it, or -1.
static int find_endpoint(int p, int *hold) {
    int endpoint = -1;

    for (int i = 0; i < 4 && endpoint < 0; i++) {
        *hold = court_find(p, CAPOS_ENDPOINT_INTERFACE_ID);
        endpoint = *hold < 0 ? -1 : court_object(p, *hold)->what - 1;
    }
    return endpoint;
}

static bool receiver(int p) {
    int hold, endpoint = find_endpoint(p, &hold), want, got, object;
    struct capos_endpoint_receiver_results results;
    struct capos_call call;

    if (endpoint < 0)
        return false;
    want = court_outcome(p, hold, 1);
    if (want == CAPOS_DONE && court.model.endpoint[endpoint].receiver >= 0)
        want = CAPOS_FAILED;
    got = capos_endpoint_receiver(&call, puppet_ring(p),
                                  (struct capos_endpoint){court_hold(p, hold)->cap}, &results);
    if (!court_ended(p, got, want))
        return true;
    object = model_object(&court.model, RECEIVER, endpoint, 0);
    court.model.object[object].interface = CAPOS_RECEIVER_INTERFACE_ID;
    (void)court_got_more(p, capos_endpoint_receiver_results_receiver(results).id, object,
                         CAPOS_SCOPE_ANY, 0);
    return true;
}

static bool facet(int p) {
    int hold, endpoint = find_endpoint(p, &hold), want, got, object;
    struct capos_endpoint_facet_results results;
    uint8_t scope = (uint8_t)court_below(CAPOS_SCOPES);
    struct capos_call call;
    uint64_t id;

    if (endpoint < 0)
        return false;
    id = operations_id(&court.operations);
    want = court_outcome(p, hold, 1);
    got = capos_endpoint_facet(&call, puppet_ring(p),
                               (struct capos_endpoint){court_hold(p, hold)->cap}, INTERFACE, id,
                               (enum capos_facet_scope)scope, &results);
    if (!court_ended(p, got, want))
        return true;
    object = model_object(&court.model, FACET, endpoint, id);
    court.model.object[object].interface = INTERFACE;
    court.model.object[object].owner = court.model.process[p].serial;
    (void)court_got_more(p, capos_endpoint_facet_results_facet(results).id, object, scope, 0);
    return true;
}

const struct deed deeds_endpoint[] = {
    {"EndpointFactory.create", create},
    {"EndpointFactory.forService", for_service},
    {"Endpoint.receiver", receiver},
    {"Endpoint.facet", facet},
    {NULL, NULL},
};
