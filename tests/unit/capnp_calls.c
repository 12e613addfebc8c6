// SPDX-License-Identifier: MIT
// Generated clients and servers, joined by a transport that serves each call at once: typed params
// and results, capabilities, inheritance, exceptions, and what neither side may be made to believe.
#include "tests/golden/rich.capos.h"

#include <capos/limits.h>

#include "tests/harness.h"

#include <string.h>

enum { WORDS = 128, ROOM = 15 };

// Carries one call. `damage` is what happens to it on the way.
struct loop {
    struct capos_transport transport;
    const struct rich_store_server *server;
    uint64_t params[WORDS], results[WORDS];
    struct capos_descriptor sent[ROOM], answered[ROOM];
    struct capos_invocation inv;
    size_t results_words;
    int damage;
    int begun, released;
};

enum {
    DAMAGE_NONE,
    DAMAGE_PARAMS,
    DAMAGE_RESULTS,
    DAMAGE_DESCRIPTOR,
    DAMAGE_BEGIN,
    DAMAGE_INTERFACE
};

static int loop_begin(struct capos_transport *transport, struct capos_call *call) {
    struct loop *loop = transport->context;
    loop->begun++;
    capos_builder_init(&call->params, loop->params, loop->damage == DAMAGE_BEGIN ? 0 : WORDS);
    if (loop->damage == DAMAGE_BEGIN)
        return -4;
    capos_builder_set_descriptors(&call->params, loop->sent, ROOM);
    return CAPOS_DONE;
}

static int loop_send(struct capos_transport *transport, struct capos_call *call) {
    struct loop *loop = transport->context;
    uint32_t size;
    ck_assert_int_eq(capos_builder_finish(&call->params, &size), CAPOS_BUILD_OK);
    if (loop->damage == DAMAGE_PARAMS)
        loop->params[0] ^= 1;
    capos_invocation_init(&loop->inv, loop->results, loop->results_words, loop->answered, ROOM);
    loop->inv.interface = call->method->interface + (loop->damage == DAMAGE_INTERFACE);
    loop->inv.method = call->method->ordinal;
    loop->inv.object_id = call->target;
    loop->inv.params = loop->params;
    loop->inv.params_words = (uint16_t)size;
    loop->inv.received = loop->sent;
    loop->inv.received_count =
        (uint8_t)(call->params.descriptor_count + (loop->damage == DAMAGE_DESCRIPTOR));
    return CAPOS_DONE;
}

static int loop_wait(struct capos_transport *transport, struct capos_call *call) {
    struct loop *loop = transport->context;
    uint32_t size;
    int outcome = rich_store_dispatch(loop->server, loop, &loop->inv);
    if (outcome != CAPOS_DONE) {
        call->reason = loop->inv.reason;
        return outcome;
    }
    ck_assert_int_eq(capos_builder_finish(&loop->inv.results, &size), CAPOS_BUILD_OK);
    if (loop->damage == DAMAGE_RESULTS)
        loop->results[0] ^= 1;
    capos_call_answer(call, loop->results, size, loop->answered,
                      loop->inv.results.descriptor_count);
    return CAPOS_DONE;
}

static int loop_call(struct capos_transport *transport, struct capos_call *call) {
    int status = loop_send(transport, call);
    return status == CAPOS_DONE ? loop_wait(transport, call) : status;
}

static void loop_release(struct capos_transport *transport, struct capos_call *call) {
    struct loop *loop = transport->context;
    (void)call;
    loop->released++;
}

static int put(void *self, struct capos_invocation *inv, struct rich_store_put_params params,
               struct rich_store_put_results_builder results) {
    (void)self;
    (void)results;
    if (strcmp(rich_store_put_params_key(params).data, "full") == 0)
        return capos_fail(inv, CAPOS_OVERLOADED, "the store is full");
    ck_assert_uint_eq(inv->object_id, 9);
    ck_assert_uint_eq(rich_store_put_params_value(params).size, 3);
    ck_assert(!rich_store_put_params_default(params));
    return CAPOS_DONE;
}

static int get(void *self, struct capos_invocation *inv, struct rich_store_get_params params,
               struct rich_store_get_results_builder results) {
    struct capos_text key = rich_store_get_params_key(params);
    (void)self;
    (void)inv;
    rich_store_get_results_set_value(results, capos_data_of(key.data, key.size));
    rich_store_get_results_set_found(results, true);
    return CAPOS_DONE;
}

static int open_file(void *self, struct capos_invocation *inv, struct rich_store_open_params params,
                     struct rich_store_open_results_builder results) {
    struct base_file file = rich_store_open_params_file(params);
    (void)self;
    (void)inv;
    rich_store_open_results_give_log(results, capos_descriptor_mint(3, 44, 5, CAPOS_SCOPE_SESSION));
    if (file.id != 0)
        rich_store_open_results_set_file(results, file);
    return CAPOS_DONE;
}

static int name(void *self, struct capos_invocation *inv, struct base_named_name_params params,
                struct base_named_name_results_builder results) {
    (void)self;
    (void)inv;
    (void)params;
    base_named_name_results_set_name(results, capos_text_of("the store"));
    return CAPOS_DONE;
}

static int measure(void *self, struct capos_invocation *inv, struct rich_numbers params,
                   struct rich_shape_builder results) {
    (void)self;
    (void)inv;
    rich_shape_set_area(results, (double)rich_numbers_u8(params));
    return CAPOS_DONE;
}

static const struct rich_store_server server = {
    .base_file = {.base_named = {.name = name}},
    .put = put,
    .get = get,
    .open = open_file,
    .measure = measure,
};

static const struct rich_store store = {9};

static void loop_init(struct loop *loop, int damage) {
    memset(loop, 0, sizeof *loop);
    loop->transport = (struct capos_transport){
        .begin = loop_begin,
        .send = loop_send,
        .wait = loop_wait,
        .call = loop_call,
        .release = loop_release,
        .context = loop,
    };
    loop->server = &server;
    loop->damage = damage;
    loop->results_words = WORDS;
}

static void loop_fini(struct loop *loop, struct capos_call *call) {
    capos_call_release(call);
    capos_call_release(call);
    ck_assert_int_eq(loop->begun, 1);
    ck_assert_int_eq(loop->released, 1);
}

START_TEST(one_step) {
    struct loop loop;
    struct capos_call call;
    struct rich_store_get_results results;
    loop_init(&loop, DAMAGE_NONE);
    ck_assert_int_eq(rich_store_get(&call, &loop.transport, store, capos_text_of("key"), &results),
                     CAPOS_DONE);
    ck_assert(rich_store_get_results_found(results));
    ck_assert_uint_eq(rich_store_get_results_value(results).size, 3);
    ck_assert_mem_eq(rich_store_get_results_value(results).data, "key", 3);
    loop_fini(&loop, &call);
}
END_TEST

START_TEST(in_steps) {
    struct loop loop;
    struct capos_call call;
    struct rich_shape shape;
    loop_init(&loop, DAMAGE_NONE);
    struct rich_numbers_builder params = rich_store_measure_begin(&call, &loop.transport, store);
    rich_numbers_set_u8(params, 200);
    ck_assert_int_eq(rich_store_measure_send(&call), CAPOS_DONE);
    ck_assert_int_eq(rich_store_measure_wait(&call, &shape), CAPOS_DONE);
    ck_assert(rich_shape_area(shape) == 200);
    ck_assert_int_eq(rich_store_measure_wait(&call, &shape), CAPOS_DONE);
    ck_assert_int_eq(rich_store_measure_send(&call), CAPOS_INVALID_ARGUMENT);
    loop_fini(&loop, &call);
}
END_TEST

START_TEST(capabilities_travel) {
    struct loop loop;
    struct capos_call call;
    struct rich_store_open_results results;
    struct base_file file = {1234};
    loop_init(&loop, DAMAGE_NONE);
    ck_assert_int_eq(rich_store_open(&call, &loop.transport, store, file, &results), CAPOS_DONE);
    ck_assert_uint_eq(loop.sent[0].kind, CAPOS_TRANSFER_COPY);
    ck_assert_uint_eq(rich_store_open_results_file(results).id, 1234);
    const struct capos_descriptor *log = rich_store_open_results_log_descriptor(results);
    ck_assert_uint_eq(log->kind, CAPOS_TRANSFER_MINT);
    ck_assert_uint_eq(log->object_id, 44);
    ck_assert_uint_eq(log->scope, CAPOS_SCOPE_SESSION);
    ck_assert_uint_eq(rich_store_open_method.params_capabilities, 1);
    ck_assert_uint_eq(rich_store_open_method.results_capabilities, 2);
    ck_assert_uint_eq(rich_store_all_method.results_capabilities, CAPOS_TRANSFER_MAX);
    loop_fini(&loop, &call);
}
END_TEST

// Results are in the order of their fields, whatever order they were set in, and whichever.
START_TEST(places_of_capabilities) {
    struct loop loop;
    struct capos_call call;
    struct rich_store_open_results results;
    struct base_file file = {1234};
    for (int given = 0; given < 2; given++) {
        loop_init(&loop, DAMAGE_NONE);
        struct rich_store_open_params_builder params =
            rich_store_open_begin(&call, &loop.transport, store);
        if (given)
            rich_store_open_params_set_file(params, file);
        ck_assert_int_eq(rich_store_open_call(&call, &results), CAPOS_DONE);
        ck_assert_uint_eq(loop.inv.results.descriptor_count, 2);
        ck_assert_uint_eq(loop.answered[0].kind, given ? CAPOS_TRANSFER_COPY : CAPOS_TRANSFER_NONE);
        ck_assert_uint_eq(loop.answered[0].cap, given ? 1234 : 0);
        ck_assert_uint_eq(loop.answered[1].kind, CAPOS_TRANSFER_MINT);
        ck_assert_uint_eq(rich_store_open_results_file(results).id, given ? 1234 : 0);
        ck_assert_uint_eq(rich_store_open_promise_file(&call).promise.place, 0);
        ck_assert_uint_eq(rich_store_open_promise_log(&call).place, 1);
        loop_fini(&loop, &call);
    }
}
END_TEST

// A transport that knows nothing of promises waits for the answer and uses what it brings.
START_TEST(promises_without_pipelining) {
    struct loop loop;
    struct capos_call first, second;
    struct base_named_name_results results;
    struct base_file file = {1234};
    loop_init(&loop, DAMAGE_NONE);
    struct rich_store_open_params_builder params =
        rich_store_open_begin(&first, &loop.transport, store);
    rich_store_open_params_set_file(params, file);
    ck_assert_int_eq(rich_store_open_send(&first), CAPOS_DONE);
    struct base_named_promise named = {rich_store_open_promise_file(&first).promise};
    base_named_name_begin_on(&second, named);
    ck_assert_int_eq(base_named_name_call(&second, &results), CAPOS_DONE);
    ck_assert_uint_eq(loop.inv.object_id, 1234);
    ck_assert_str_eq(base_named_name_results_name(results).data, "the store");
    ck_assert_int_eq(capos_promise_release(named.promise), CAPOS_UNIMPLEMENTED);
    capos_call_release(&first);
    capos_call_release(&second);
    ck_assert_int_eq(loop.begun, 2);
    ck_assert_int_eq(loop.released, 2);
}
END_TEST

START_TEST(promises_of_failures) {
    struct loop loop;
    struct capos_call first, second;
    struct base_named_name_results results;
    struct base_named_promise named;
    loop_init(&loop, DAMAGE_NONE);
    rich_store_open_begin(&first, &loop.transport, store);
    named.promise = rich_store_open_promise_file(&first).promise;
    base_named_name_begin_on(&second, named); // before it was sent
    ck_assert_int_eq(base_named_name_call(&second, &results), CAPOS_INVALID_ARGUMENT);
    capos_call_release(&second);
    ck_assert_int_eq(rich_store_open_send(&first), CAPOS_DONE);
    loop.damage = DAMAGE_RESULTS;
    base_named_name_begin_on(&second, named);
    ck_assert_int_eq(base_named_name_call(&second, &results), CAPOS_FAILED);
    ck_assert_str_eq(second.reason, first.reason);
    capos_call_release(&second);
    base_named_name_begin(&second, &loop.transport, (struct base_named){9});
    ck_assert_int_eq(capos_call_after(&second, &first), CAPOS_FAILED);
    ck_assert_int_eq(base_named_name_call(&second, &results), CAPOS_FAILED);
    capos_call_release(&second);
    capos_call_release(&first);
    ck_assert_int_eq(loop.begun, loop.released);
}
END_TEST

START_TEST(one_after_another) {
    struct loop loop;
    struct capos_call first, second;
    struct base_named_name_results results;
    loop_init(&loop, DAMAGE_NONE);
    rich_store_open_begin(&first, &loop.transport, store);
    ck_assert_int_eq(rich_store_open_send(&first), CAPOS_DONE);
    base_named_name_begin(&second, &loop.transport, (struct base_named){9});
    ck_assert_int_eq(capos_call_after(&second, &first), CAPOS_DONE);
    ck_assert_int_eq(first.state, CAPOS_CALL_ANSWERED);
    ck_assert_int_eq(base_named_name_send(&second), CAPOS_DONE);
    ck_assert_int_eq(capos_call_after(&second, &first), CAPOS_INVALID_ARGUMENT); // too late
    ck_assert_int_eq(base_named_name_wait(&second, &results), CAPOS_INVALID_ARGUMENT);
    ck_assert_int_eq(capos_call_cancel(&second), CAPOS_DONE); // it has ended
    capos_call_release(&first);
    capos_call_release(&second);
}
END_TEST

START_TEST(what_can_not_be_cancelled) {
    struct loop loop;
    struct capos_call call;
    loop_init(&loop, DAMAGE_NONE);
    rich_store_open_begin(&call, &loop.transport, store);
    ck_assert_int_eq(capos_call_cancel(&call), CAPOS_DONE); // nothing was sent
    ck_assert_int_eq(rich_store_open_send(&call), CAPOS_DONE);
    ck_assert_int_eq(capos_call_cancel(&call), CAPOS_UNIMPLEMENTED);
    loop_fini(&loop, &call);
}
END_TEST

START_TEST(inherited_methods) {
    struct loop loop;
    struct capos_call call;
    struct base_named_name_results results;
    struct base_closable_close_results closed;
    struct base_named named = {store.id};
    struct base_closable closable = {store.id};
    loop_init(&loop, DAMAGE_NONE);
    ck_assert_int_eq(base_named_name(&call, &loop.transport, named, &results), CAPOS_DONE);
    ck_assert_str_eq(base_named_name_results_name(results).data, "the store");
    loop_fini(&loop, &call);
    loop_init(&loop, DAMAGE_NONE);
    ck_assert_int_eq(base_closable_close(&call, &loop.transport, closable, &closed),
                     CAPOS_UNIMPLEMENTED);
    loop_fini(&loop, &call);
}
END_TEST

static int put_with(struct loop *loop, const char *key) {
    struct capos_call call;
    struct rich_store_put_results results;
    int status = rich_store_put(&call, &loop->transport, store, capos_text_of(key),
                                capos_data_of("abc", 3), false, &results);
    ck_assert_int_eq(call.status, status);
    ck_assert(status == CAPOS_DONE || status < 0 || *call.reason != '\0');
    loop_fini(loop, &call);
    return status;
}

START_TEST(exceptions) {
    struct loop loop;
    loop_init(&loop, DAMAGE_NONE);
    ck_assert_int_eq(put_with(&loop, "key"), CAPOS_DONE);
    loop_init(&loop, DAMAGE_NONE);
    ck_assert_int_eq(put_with(&loop, "full"), CAPOS_OVERLOADED);
    loop_init(&loop, DAMAGE_BEGIN);
    ck_assert_int_eq(put_with(&loop, "key"), -4);
    loop_init(&loop, DAMAGE_INTERFACE);
    ck_assert_int_eq(put_with(&loop, "key"), CAPOS_UNIMPLEMENTED);
    loop_init(&loop, DAMAGE_PARAMS);
    ck_assert_int_eq(put_with(&loop, "key"), CAPOS_INVALID_ARGUMENT);
    loop_init(&loop, DAMAGE_DESCRIPTOR);
    ck_assert_int_eq(put_with(&loop, "key"), CAPOS_INVALID_ARGUMENT);
    loop_init(&loop, DAMAGE_NONE);
    ck_assert_int_eq(
        put_with(&loop, "a key that is longer than the sixty-four bytes that the schema gives it"),
        CAPOS_INVALID_ARGUMENT);
}
END_TEST

START_TEST(results_that_are_none) {
    struct loop loop;
    struct capos_call call;
    struct rich_store_get_results results;
    loop_init(&loop, DAMAGE_RESULTS);
    ck_assert_int_eq(rich_store_get(&call, &loop.transport, store, capos_text_of("key"), &results),
                     CAPOS_FAILED);
    ck_assert(!rich_store_get_results_found(results));
    loop_fini(&loop, &call);
    loop_init(&loop, DAMAGE_NONE);
    loop.results_words = 3;
    ck_assert_int_eq(rich_store_get(&call, &loop.transport, store, capos_text_of("key"), &results),
                     CAPOS_FAILED);
    ck_assert_str_eq(call.reason, "the results do not fit");
    loop_fini(&loop, &call);
}
END_TEST

START_TEST(methods_that_are_not) {
    struct capos_invocation inv;
    capos_invocation_init(&inv, NULL, 0, NULL, 0);
    inv.interface = RICH_STORE_INTERFACE_ID;
    inv.method = RICH_STORE_ALL_METHOD;
    ck_assert_int_eq(rich_store_dispatch(&server, NULL, &inv), CAPOS_UNIMPLEMENTED);
    inv.method = RICH_STORE_ALL_METHOD + 1;
    ck_assert_int_eq(rich_store_dispatch(&server, NULL, &inv), CAPOS_UNIMPLEMENTED);
    inv.method = UINT16_MAX;
    ck_assert_int_eq(rich_store_dispatch(&server, NULL, &inv), CAPOS_UNIMPLEMENTED);
    inv.interface = RICH_EMPTY_INTERFACE_ID;
    ck_assert_int_eq(rich_store_dispatch(&server, NULL, &inv), CAPOS_UNIMPLEMENTED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/calls");

    harness_add(suite, "one-step", one_step);
    harness_add(suite, "steps", in_steps);
    harness_add(suite, "capabilities", capabilities_travel);
    harness_add(suite, "places", places_of_capabilities);
    harness_add(suite, "promises", promises_without_pipelining);
    harness_add(suite, "failed-promises", promises_of_failures);
    harness_add(suite, "after", one_after_another);
    harness_add(suite, "cancel", what_can_not_be_cancelled);
    harness_add(suite, "inherited", inherited_methods);
    harness_add(suite, "exceptions", exceptions);
    harness_add(suite, "results", results_that_are_none);
    harness_add(suite, "no-method", methods_that_are_not);
    return harness_run(suite);
}
