// SPDX-License-Identifier: MIT
//
// The services as they run: an endpoint for each that exports something, a process for each that
// could be started, and what happens when one ends. A service whose dependency was not started is
// not started either; the others are.
#ifndef CAPOS_INIT_SERVICES_H
#define CAPOS_INIT_SERVICES_H

#include "plan.h"
#include "schemas/endpoint.capos.h"
#include "schemas/process.capos.h"

enum service_state {
    SERVICE_WAITING, // not started yet
    SERVICE_RUNNING,
    SERVICE_ENDED,
    SERVICE_REFUSED, // could not be started
};

struct service {
    const struct plan_service *plan;
    enum service_state state;
    uint64_t id;                       // of its process
    uint64_t receiver;                 // until it is moved to the process
    struct capos_endpoint endpoint;    // kept: a Receiver can be made again from it
    uint64_t facets[PLAN_EXPORTS_MAX]; // one for each export, to be copied to clients
    uint64_t made[PLAN_GRANTS_MAX];    // capabilities that only it is to be given, until then
    struct capos_process_handle process;
    struct capos_call wait;
};

struct services {
    struct service service[PLAN_SERVICES_MAX]; // as in the plan
    uint8_t count;
    const struct plan *plan;
    uint64_t supervisor; // facet of init's own, to be copied to those who are granted it
    unsigned running;
    int status; // of the machine when everything has ended: 1 once anything failed
};

// Makes the endpoints and starts everything in the plan's order, reporting each failure.
void services_start(struct services *services, const struct plan *plan, uint64_t supervisor);

// The service of this name, or NULL.
struct service *services_find(struct services *services, struct capos_text name);

// Switches the machine off. Returns only if that fails.
void services_power_off(int status);

#endif
