// SPDX-License-Identifier: MIT
//
// A server with its Receiver and a client with a root facet: what tests of calls begin with, and
// the submissions that they are made of.
#ifndef CAPOS_TESTS_HOST_PAIR_H
#define CAPOS_TESTS_HOST_PAIR_H

#include "tests/host/host.h"

// Offsets in a small ring's message area.
enum {
    PAIR_INTERFACE = 77,
    PAIR_PARAMS = 2048,
    PAIR_RESULTS = 2304,
    PAIR_MESSAGE = 2560,
    PAIR_ANSWER = 3072,
    PAIR_DESCRIPTORS = 3328,    // of the client
    PAIR_RECEIVED = 3840 - 192, // of the server: received with a message
    PAIR_SENT = 3840,           // of the server: sent with its answer
};

struct pair {
    struct host *host;
    struct actor server, client;
    struct endpoint *endpoint;
    uint64_t receiver, facet;
};

struct pair pair_create(void);

// The same with other limits for the server; and with more CPUs than one.
struct pair pair_create_with(const struct ledger_limits *server);
struct pair pair_create_on(uint32_t cpus, const struct ledger_limits *server);

// Ends both processes, lets go of the endpoint and destroys the host.
void pair_destroy(struct pair *pair);

// RECV in slot 1 (user_data 100), CALL in slot 2 with 16 bytes (200), RETURN of 24 bytes (300).
struct capos_sqe pair_recv(const struct pair *pair);
struct capos_sqe pair_call(const struct pair *pair);
struct capos_sqe pair_return(uint64_t token);

// The message that the server's RECV took.
struct capos_message *pair_message(struct pair *pair);

#endif
