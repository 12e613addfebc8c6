// SPDX-License-Identifier: MIT
//
// echo: the smallest typed service. It answers with what it was told (schemas/demo/echo.capnp).
// Copy this file to begin a service of your own; servers/README.md goes through it step by step.
#include "capos/server.h"

#include "capos/runtime.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/endpoint.capos.h"

// One handler for each method. Params have been validated, and results are built in place; the
// results are complete when the handler returns CAPOS_DONE.
static int say(void *self, struct capos_invocation *inv, struct demo_echo_say_params params,
               struct demo_echo_say_results_builder results) {
    (void)self;
    (void)inv;
    demo_echo_say_results_set_text(results, demo_echo_say_params_text(params));
    return CAPOS_DONE;
}

static int sample(void *self, struct capos_invocation *inv, struct demo_echo_sample_params params,
                  struct demo_echo_sample_results_builder results) {
    struct demo_sample from = demo_echo_sample_params_sample(params);
    struct demo_sample_builder to = demo_echo_sample_results_init_sample(results);

    (void)self;
    (void)inv;
    demo_sample_set_a(to, demo_sample_a(from) + 1);
    demo_sample_set_b(to, demo_sample_b(from) + 1);
    demo_sample_set_c(to, demo_sample_c(from) + 1);
    demo_sample_set_d(to, demo_sample_d(from) + 1);
    demo_sample_set_e(to, demo_sample_e(from) + 1);
    demo_sample_set_f(to, demo_sample_f(from) + 1);
    demo_sample_set_g(to, demo_sample_g(from) + 1);
    demo_sample_set_h(to, demo_sample_h(from) + 1);
    return CAPOS_DONE;
}

static int ping(void *self, struct capos_invocation *inv, struct demo_echo_ping_params params,
                struct demo_echo_ping_results_builder results) {
    (void)self;
    (void)inv;
    (void)params;
    (void)results;
    return CAPOS_DONE;
}

// The table of handlers, and the generated dispatch that finds the right one.
static const struct demo_echo_server handlers = {.say = say, .sample = sample, .ping = ping};

static int dispatch(void *self, struct capos_invocation *inv) {
    return demo_echo_dispatch(&handlers, self, inv);
}

// One object, number 0: the manifest's export says the same number and interface.
int main(void) {
    static struct capos_object object = {.interface = DEMO_ECHO_INTERFACE_ID, .dispatch = dispatch};
    static struct capos_server server;
    uint64_t receiver = capos_need("receiver", CAPOS_RECEIVER_INTERFACE_ID);

    if (capos_server_init(&server, capos_client(), receiver, NULL) != CAPOS_DONE)
        capos_panic("the message area is too small to serve");
    capos_server_add(&server, &object);
    capos_server_run(&server);
    return 1; // only without a Receiver
}
