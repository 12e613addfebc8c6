// SPDX-License-Identifier: MIT
//
// A holder of a capability that is going to be revoked. What it does with it is told by what it was
// granted: `echo` is called as fast as can be, `sleeper` is a Timer that is slept on, `memory` is
// written to without end, and with `receiver` it is a server that never answers. It shares a page
// with the test (`page`): word 0 is set once revoke() has answered, word 1 counts its successes.
//
// Exit statuses: 0 all is as it must be; 3 a call has succeeded after revoke() had answered; 4 a
// call has ended in some other way; 5 a dead capability can be passed on or copied; 6 a server was
// not told; 7 the test's own things are missing.
#include "capos/runtime.h"
#include "capos/server.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/time.capos.h"

#include <stdatomic.h>

enum { AFTER = 3, OUTCOME = 4, PASSED = 5, UNTOLD = 6, BROKEN = 7, AGAIN = 200, RESULTS = 64 };

enum { OVER, COUNT };

static _Atomic uint64_t *page;

static void *map(uint64_t object, enum capos_protection protection) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_memory_object_info_results info;
    struct capos_virtual_memory_map_results results;
    struct capos_call call;
    uint64_t bytes, address;

    if (capos_memory_object_info(&call, capos_ring(), (struct capos_memory_object){object},
                                 &info) != CAPOS_DONE)
        capos_exit(BROKEN);
    bytes = capos_memory_object_info_results_bytes(info);
    capos_call_release(&call);
    struct capos_virtual_memory_map_params_builder params =
        capos_virtual_memory_map_begin(&call, capos_ring(), memory);
    capos_virtual_memory_map_params_set_object(params, (struct capos_memory_object){object});
    capos_virtual_memory_map_params_set_bytes(params, bytes);
    capos_virtual_memory_map_params_set_protection(params, protection);
    if (capos_virtual_memory_map_call(&call, &results) != CAPOS_DONE)
        capos_exit(BROKEN);
    address = capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    return (void *)address; // NOLINT: addresses come as numbers
}

static bool is_over(void) {
    return atomic_load_explicit(&page[OVER], memory_order_acquire) != 0;
}

// One call, with the dead capability beside it if there is one.
static int ping(uint64_t echo, uint64_t with) {
    struct capos_client *client = capos_client();
    unsigned slot = capos_slot_take(client);
    struct capos_slot *s = &client->slots[slot];
    struct capos_sqe *sqe;
    int result;

    if (!capos_slot_make_room(client, slot, RESULTS + sizeof(struct capos_descriptor),
                              RESULTS + sizeof(struct capos_descriptor)))
        capos_exit(BROKEN);
    *(struct capos_descriptor *)capos_client_at(client, s->span.offset + RESULTS) =
        (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = with};
    sqe = capos_client_sqe(client);
    *sqe = (struct capos_sqe){.opcode = CAPOS_OP_CALL,
                              .method = DEMO_ECHO_PING_METHOD,
                              .slot = (uint16_t)slot,
                              .cap = echo,
                              .interface = DEMO_ECHO_INTERFACE_ID,
                              .params = s->span.offset,
                              .results = s->span.offset,
                              .results_capacity = RESULTS,
                              .descriptors = s->span.offset + RESULTS,
                              .sent = with != 0};
    capos_slot_submit(client, slot, sqe);
    capos_slot_wait(client, slot);
    result = s->completion.result;
    capos_slot_give(client, slot);
    return result;
}

static int copy(uint64_t cap) {
    struct capos_revoker_factory factory = {
        capos_need("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID)};
    struct capos_revoker_factory_make_results results;
    struct capos_call call;

    int outcome = capos_revoker_factory_make(&call, capos_ring(), factory,
                                             (struct capos_capability){cap}, &results);
    capos_call_release(&call);
    return outcome;
}

// What is dead stays dead, and can only be released.
static int bury(uint64_t cap) {
    uint64_t other = capos_grant("other", DEMO_ECHO_INTERFACE_ID);

    for (unsigned i = 0; i < AGAIN; i++)
        if (ping(cap, 0) != -CAPOS_STATUS_DISCONNECTED)
            return AFTER;
    if (copy(cap) != CAPOS_DISCONNECTED)
        return PASSED;
    if (other != 0 && (ping(other, 0) < 0 || ping(other, cap) != -CAPOS_STATUS_DISCONNECTED))
        return PASSED;
    capos_release(cap);
    return ping(cap, 0) == -CAPOS_STATUS_REFUSED ? 0 : OUTCOME;
}

static int call_echo(struct demo_echo echo) {
    struct demo_echo_ping_results results;
    struct capos_call call;

    for (;;) {
        bool over = is_over();
        int outcome = demo_echo_ping(&call, capos_ring(), echo, &results);

        capos_call_release(&call);
        if (outcome == -CAPOS_STATUS_DISCONNECTED)
            return bury(echo.id);
        if (outcome != CAPOS_DONE)
            return OUTCOME;
        if (over)
            return AFTER;
        atomic_fetch_add(&page[COUNT], 1);
    }
}

static int sleep(struct capos_timer timer) {
    struct capos_timer_sleep_until_results results;
    struct capos_call call;

    atomic_fetch_add(&page[COUNT], 1);
    int outcome = capos_timer_sleep_until(&call, capos_ring(), timer, UINT64_MAX - 1, &results);
    capos_call_release(&call);
    return outcome == -CAPOS_STATUS_DISCONNECTED ? bury(timer.id) : OUTCOME;
}

__attribute__((noreturn)) static void write(uint64_t memory) {
    _Atomic uint64_t *words = map(memory, CAPOS_PROTECTION_READ_WRITE);

    for (uint64_t n = 1;; n++) // until this process is ended by it
        for (unsigned i = 0; i < 64; i++)
            atomic_store_explicit(&words[i * 512 + n % 512], n, memory_order_relaxed);
}

// The server that never answers.
static struct capos_answer held;
static bool told;

static int hold(void *self, struct capos_invocation *inv) {
    (void)self;
    held = capos_server_hold(inv);
    atomic_fetch_add(&page[COUNT], 1);
    return CAPOS_PENDING;
}

static void cancelled(void *context, uint64_t token) {
    (void)context;
    told = token == held.token;
    capos_answer_fail(&held, CAPOS_FAILED, "nobody listens");
}

static int serve(uint64_t receiver) {
    struct capos_object object = {.interface = DEMO_ECHO_INTERFACE_ID, .dispatch = hold};
    struct capos_server server;

    if (capos_server_init(&server, capos_client(), receiver, NULL) < 0)
        return BROKEN;
    server.cancelled = cancelled;
    capos_server_add(&server, &object);
    while (!told && !server.ended)
        (void)capos_client_turn(capos_client(), CAPOS_NO_DEADLINE);
    capos_client_flush(capos_client());
    return told ? 0 : UNTOLD;
}

int main(void) {
    struct demo_echo echo = {capos_grant("echo", DEMO_ECHO_INTERFACE_ID)};
    struct capos_timer timer = {capos_grant("sleeper", CAPOS_TIMER_INTERFACE_ID)};
    uint64_t memory = capos_grant("memory", CAPOS_MEMORY_OBJECT_INTERFACE_ID);
    uint64_t receiver = capos_grant("receiver", UINT64_C(0x86a86ba2aa6f6c04));

    page = map(capos_need("page", CAPOS_MEMORY_OBJECT_INTERFACE_ID), CAPOS_PROTECTION_READ_WRITE);
    if (echo.id != 0)
        return call_echo(echo);
    if (timer.id != 0)
        return sleep(timer);
    if (memory != 0)
        write(memory);
    return receiver != 0 ? serve(receiver) : BROKEN;
}
