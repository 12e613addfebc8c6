// SPDX-License-Identifier: MIT
//
// Serving: a Receiver's calls go to objects. A program describes its objects (number, interface,
// dispatch), initialises a server with them and turns the client for ever; each call reaches the
// object whose number the called facet has, if the facet's interface is the object's.
//
// A handler fills in its results and returns 0, fails with capos_fail, or keeps the call with
// capos_server_hold and returns CAPOS_PENDING; then it must answer later, once. Handlers never
// overlap.
//
// Calls that wait already are received together and served one after the other, in the order in
// which they came, and their answers are submitted together. No answer waits for a handler that
// waits: whatever enters the kernel, a call of the handler's own above all, submits the answers
// made before. One that computes for long does so by capos_client_flush. What was received is this
// thread's to serve: where several threads serve one Receiver, each receives `one_at_a_time`, so
// that no call waits behind another that waits for it.
//
// Objects are found by hashing their numbers. One bucket is there from the start; a server of many
// objects gives the table, about as large as their number.
#ifndef CAPOS_LIB_SERVER_H
#define CAPOS_LIB_SERVER_H

#include "capos/client.h"

enum {
    CAPOS_SERVER_CAPABILITIES = 4, // that a message may bring, or an answer take along
};

// How much of the message area a server takes. A call whose params are larger fails at its caller.
struct capos_server_sizes {
    uint32_t params_bytes;
    uint32_t results_bytes;
    bool one_at_a_time;
};

// An object that is served; in storage of the program, linked while it is served.
struct capos_object {
    uint64_t id;        // as its facets carry it
    uint64_t interface; // that its facets must have
    int (*dispatch)(void *self, struct capos_invocation *inv);
    void *self;
    // A facet that was minted with this number is gone: called once for each mint. May be NULL.
    void (*released)(void *self);
    struct capos_object *next; // in its bucket
};

struct capos_server {
    struct capos_client *client;
    uint64_t receiver;
    struct capos_object **buckets;
    uint64_t bucket_mask;
    struct capos_object *only_bucket;
    struct capos_slot *recv; // its results hold the message
    struct capos_sqe reply;  // what does not change from one usual answer to the next
    struct area_span answer; // room for usual answers: descriptors, then results
    uint32_t results_bytes;

    // The caller of a held call is gone: the program forgets the call and answers it all the same,
    // with capos_answer_fail. May be NULL when no call is ever held.
    void (*cancelled)(void *context, uint64_t token);
    void *context;

    bool ended; // nothing can be received any more

    const struct capos_message *message; // that is served: where the first is received
    struct capos_object *recent;         // that was called last, or NULL
    bool held;                           // the handler that runs keeps the call
    uint8_t answer_room;                 // capabilities that the next usual answer may take along
    uint32_t answer_words;               // and what there is for its results
    struct capos_invocation inv;         // that runs, over that room

    uint64_t rearmed_by;      // token of the RETURN that armed the RECV again, or 0
    struct area_span refusal; // room for the exception when a RETURN is refused
};

// A call that is held. It may be copied; it is over when it was answered.
struct capos_answer {
    struct capos_server *server;
    uint64_t token;
    uint32_t results_capacity; // bytes that the caller has for results
    uint8_t room;              // capabilities that the caller takes
    struct area_span results, descriptors;
    struct capos_builder builder;
};

// Prepares a server for the calls of `receiver` and arms it: calls arrive with the client's next
// turn. `sizes` may be NULL: 2,304 bytes in both directions, enough for 2,048 bytes of Data. An
// error is minus a status; nothing is taken then.
must_use int capos_server_init(struct capos_server *server, struct capos_client *client,
                               uint64_t receiver, const struct capos_server_sizes *sizes);

// Turns the client until nothing can be received any more, because the Receiver is gone.
void capos_server_run(struct capos_server *server);

// Begins and ends to serve an object. No two with one id at a time. An object may be removed at any
// time, in its own handler too; what is not served is not removed.
void capos_server_add(struct capos_server *server, struct capos_object *object);
void capos_server_remove(struct capos_server *server, struct capos_object *object);

// The object with this number, or NULL.
struct capos_object *capos_server_object(const struct capos_server *server, uint64_t id);

// Gives the server an array of buckets, a power of two, in place of the one it has; what is served
// moves there. The array belongs to the server until it gets another.
void capos_server_use_buckets(struct capos_server *server, struct capos_object **buckets,
                              uint32_t count);

// In a handler, before it returns CAPOS_PENDING: keeps the call. What the handler needs of the
// params it must copy.
struct capos_answer capos_server_hold(struct capos_invocation *inv);

// In a handler: keeps a capability that came with the call, and answers with it. All others are
// given up when the handler returns.
uint64_t capos_server_keep(struct capos_invocation *inv, uint64_t cap);

// In a handler: the header of the call, with the caller's session.
const struct capos_message *capos_server_message(const struct capos_invocation *inv);

// Begins the results of a held call, in as much room as the caller has, at most `bytes`: the
// builder is for the root of the method's results. NULL when there is no memory for them now.
struct capos_builder *capos_answer_begin(struct capos_answer *answer, uint32_t bytes);

// Ends a held call: with the results that were begun and built, or with an exception.
void capos_answer_send(struct capos_answer *answer);
void capos_answer_fail(struct capos_answer *answer, enum capos_outcome kind, const char *reason);

#endif
