// SPDX-License-Identifier: MIT
//
// A server and a client: see pair.h.
#include "tests/host/pair.h"

#include <check.h>

struct pair pair_create_on(uint32_t cpus, const struct ledger_limits *server) {
    struct pair pair = {.host = host_create(cpus)};
    struct cpu *cpu = &pair.host->cpus[0];
    struct receiver *receiver;
    struct facet *facet;

    ck_assert_int_eq(actor_try(pair.host, "server", 1, server, ring_small, &pair.server),
                     CAPOS_STATUS_OK);
    pair.client = actor_create(pair.host, "client", 1);
    kernel_enter(cpu);
    ck_assert_int_eq(
        endpoint_create(cpu, &host_endpoint_type, &pair.host->kernel.root, 5, &pair.endpoint),
        CAPOS_STATUS_OK);
    ck_assert_int_eq(
        endpoint_create_receiver(cpu, pair.endpoint, &pair.host->kernel.root, &receiver),
        CAPOS_STATUS_OK);
    ck_assert_int_eq(endpoint_create_facet(cpu, pair.endpoint, &pair.host->kernel.root,
                                           PAIR_INTERFACE, 42, CAPOS_SCOPE_ANY, &facet),
                     CAPOS_STATUS_OK);
    kernel_leave(cpu);
    pair.receiver =
        actor_grant(&pair.server, &receiver->object, RECEIVER_INTERFACE, CAPOS_SCOPE_ANY);
    pair.facet = actor_grant(&pair.client, &facet->object, PAIR_INTERFACE, CAPOS_SCOPE_ANY);
    return pair;
}

struct pair pair_create_with(const struct ledger_limits *server) {
    return pair_create_on(1, server);
}

struct pair pair_create(void) {
    return pair_create_with(&host_limits);
}

void pair_destroy(struct pair *pair) {
    struct cpu *cpu = &pair->host->cpus[0];

    actor_destroy(&pair->client);
    actor_destroy(&pair->server);
    kernel_enter(cpu);
    object_put(cpu, &pair->endpoint->object);
    object_close_pending(cpu);
    kernel_leave(cpu);
    host_destroy(pair->host);
}

struct capos_sqe pair_recv(const struct pair *pair) {
    return (struct capos_sqe){.opcode = CAPOS_OP_RECV,
                              .slot = 1,
                              .cap = pair->receiver,
                              .user_data = 100,
                              .results = PAIR_MESSAGE,
                              .results_capacity = 512};
}

struct capos_sqe pair_call(const struct pair *pair) {
    return (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .method = 3,
                              .slot = 2,
                              .cap = pair->facet,
                              .interface = PAIR_INTERFACE,
                              .user_data = 200,
                              .params = PAIR_PARAMS,
                              .params_bytes = 16,
                              .results = PAIR_RESULTS,
                              .results_capacity = 64};
}

struct capos_sqe pair_return(uint64_t token) {
    return (struct capos_sqe){.opcode = CAPOS_OP_RETURN,
                              .cap = token,
                              .user_data = 300,
                              .params = PAIR_ANSWER,
                              .params_bytes = 24};
}

struct capos_message *pair_message(struct pair *pair) {
    return actor_at(&pair->server, PAIR_MESSAGE);
}
