// SPDX-License-Identifier: MIT
//
// lib/capos/server.h on a fake kernel, and lib/capos/heap.h.
#include "capos/exception.h"
#include "capos/heap.h"
#include "capos/server.h"

#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#include <stdlib.h>
#include <string.h>

enum { INTERFACE = 77, RECEIVER = 5, OBJECT = 3 };

static struct fake_kernel kernel;
static struct capos_client client;
static struct capos_server server;
static uint32_t idle_free; // of the area, while no call is served

// What the handler is to do, and what it has seen.
static int outcome;
static unsigned handled, releases, cancels;
static uint64_t kept;
static struct capos_answer held;
static bool take_capability;

// Answers with the number plus one; fails, or holds the call, if the test wants it.
static int handle(void *self, struct capos_invocation *inv) {
    handled++;
    ck_assert_ptr_eq(self, &outcome);
    int opened = capos_invocation_open(inv, NULL);
    struct capos_struct params = inv->root;
    if (opened != CAPOS_DONE)
        return opened;
    struct capos_struct_builder results = capos_method_root(&inv->results, 1, 1);
    capos_struct_set_u64(results, 0, capos_struct_u64(params, 0) + 1);
    if (take_capability)
        kept = capos_server_keep(inv, capos_pointer_capability_id(capos_struct_pointer(params, 0)));
    if (outcome == CAPOS_PENDING)
        held = capos_server_hold(inv);
    if (outcome > 0)
        return capos_fail(inv, (enum capos_outcome)outcome, "as you wish");
    return outcome;
}

static void released(void *self) {
    ck_assert_ptr_eq(self, &outcome);
    releases++;
}

static struct capos_object object = {.id = OBJECT,
                                     .interface = INTERFACE,
                                     .dispatch = handle,
                                     .self = &outcome,
                                     .released = released};

static void cancelled(void *context, uint64_t token) {
    ck_assert_ptr_eq(context, &cancels);
    ck_assert_uint_eq(token, held.token);
    cancels++;
}

static void start(void) {
    fake_kernel_init(&kernel, &client);
    ck_assert_int_eq(capos_server_init(&server, &client, RECEIVER, NULL), CAPOS_DONE);
    server.cancelled = cancelled;
    server.context = &cancels;
    capos_server_add(&server, &object);
    idle_free = area_free(&client.area);
    outcome = CAPOS_DONE;
    handled = releases = cancels = 0;
    kept = 0;
    take_capability = false;
    capos_client_flush(&client);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
    ck_assert_uint_eq(kernel.slots[fake_kernel_armed(&kernel)].cap, RECEIVER);
}

static struct capos_message message_of(uint64_t token) {
    return (struct capos_message){.token = token,
                                  .object_id = OBJECT,
                                  .interface = INTERFACE,
                                  .facet_interface = INTERFACE,
                                  .params_words = 3,
                                  .results_capacity = 128};
}

// Delivers a call and lets the server handle it, up to its answer's submission.
static void deliver(const struct capos_message *message, uint64_t number) {
    uint64_t words[3] = {UINT64_C(1) << 32 | UINT64_C(1) << 48, number, 0};

    if (message->caps > 0)
        words[2] = 3; // capability pointer 0
    fake_kernel_deliver(&kernel, message, words);
    ck_assert(capos_client_turn(&client, CAPOS_NO_DEADLINE));
    capos_client_flush(&client);
}

static const struct capos_sqe *last(void) {
    ck_assert_uint_gt(kernel.logged, 0);
    return &kernel.log[kernel.logged - 1];
}

static uint64_t answered_number(const struct capos_sqe *sqe) {
    struct capos_reader reader;

    capos_reader_init(&reader, (const uint64_t *)(kernel.block + sqe->params),
                      sqe->params_bytes / 8);
    return capos_struct_u64(capos_reader_root(&reader), 0);
}

static void expect_exception(const struct capos_sqe *sqe, enum capos_outcome kind) {
    const char *reason;

    ck_assert_int_eq(sqe->opcode, CAPOS_OP_RETURN);
    ck_assert(sqe->flags & CAPOS_SQE_EXCEPTION);
    ck_assert_int_eq(capos_exception_read((const uint64_t *)(kernel.block + sqe->params),
                                          sqe->params_bytes / 8, &reason),
                     kind);
}

START_TEST(a_call_is_one_submission) {
    start();
    for (uint64_t token = 1; token < 20; token++) {
        struct capos_message message = message_of(token);

        deliver(&message, token * 10);
        ck_assert_uint_eq(kernel.logged, token);
        ck_assert_int_eq(last()->opcode, CAPOS_OP_RETURN);
        ck_assert_uint_eq(last()->cap, token);
        ck_assert_int_eq(last()->flags, CAPOS_SQE_SKIP_CQE | CAPOS_SQE_REARM);
        ck_assert_uint_eq(answered_number(last()), token * 10 + 1);
        ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
    }
    ck_assert_uint_eq(handled, 19);
    ck_assert_uint_eq(area_free(&client.area), idle_free);
}
END_TEST

START_TEST(calls_that_reach_no_handler) {
    struct capos_message message = message_of(1);

    start();
    message.object_id = OBJECT + 1;
    deliver(&message, 0);
    expect_exception(last(), CAPOS_DISCONNECTED);
    message = message_of(2);
    message.facet_interface = INTERFACE + 1;
    deliver(&message, 0);
    expect_exception(last(), CAPOS_UNIMPLEMENTED);
    capos_server_remove(&server, &object);
    message = message_of(3);
    deliver(&message, 0);
    expect_exception(last(), CAPOS_DISCONNECTED);
    ck_assert_uint_eq(handled, 0);
}
END_TEST

START_TEST(failures_of_handlers) {
    struct capos_message message = message_of(1);

    start();
    outcome = CAPOS_INVALID_ARGUMENT;
    deliver(&message, 0);
    expect_exception(last(), CAPOS_INVALID_ARGUMENT);
    message = message_of(2);
    message.params_words = 1; // a pointer beyond the end
    deliver(&message, 0);
    expect_exception(last(), CAPOS_INVALID_ARGUMENT);
    message = message_of(3);
    message.results_capacity = 0; // not even an exception fits: the kernel cuts it
    deliver(&message, 0);
    ck_assert(last()->flags & CAPOS_SQE_EXCEPTION);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
}
END_TEST

START_TEST(held_calls) {
    struct capos_message first = message_of(1), second = message_of(2);

    start();
    outcome = CAPOS_PENDING;
    deliver(&first, 0);
    ck_assert_uint_eq(kernel.logged, 0);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0); // others are served meanwhile
    struct capos_answer answer = held;
    outcome = CAPOS_DONE;
    deliver(&second, 7);
    ck_assert_uint_eq(last()->cap, 2);
    struct capos_builder *builder = capos_answer_begin(&answer, 64);
    ck_assert_ptr_nonnull(builder);
    capos_struct_set_u64(capos_builder_init_root(builder, 1, 1), 0, 99);
    capos_answer_send(&answer);
    ck_assert_uint_eq(last()->cap, 1);
    ck_assert_int_eq(last()->flags, CAPOS_SQE_SKIP_CQE);
    ck_assert_uint_eq(answered_number(last()), 99);
    ck_assert_uint_eq(area_free(&client.area), idle_free);
}
END_TEST

START_TEST(held_calls_may_fail) {
    struct capos_message message = message_of(1);

    start();
    outcome = CAPOS_PENDING;
    deliver(&message, 0);
    capos_answer_fail(&held, CAPOS_FAILED, "no more");
    expect_exception(last(), CAPOS_FAILED);
    message.token = 2;
    deliver(&message, 0);
    ck_assert_ptr_nonnull(capos_answer_begin(&held, 8)); // too small for what follows
    capos_struct_set_u64(capos_builder_init_root(&held.builder, 1, 1), 0, 99);
    capos_answer_send(&held);
    expect_exception(last(), CAPOS_FAILED);
    ck_assert_uint_eq(area_free(&client.area), idle_free);
}
END_TEST

START_TEST(a_handler_that_forgets_its_call) {
    struct capos_message message = message_of(1);

    start();
    outcome = -2; // neither results, nor an exception, nor a call that was held
    deliver(&message, 0);
    expect_exception(last(), CAPOS_FAILED);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
}
END_TEST

START_TEST(notices) {
    struct capos_message message = message_of(1);
    struct capos_message notice = {.kind = CAPOS_MESSAGE_RELEASED, .params_words = 3};
    uint64_t ids[3] = {OBJECT, OBJECT + 1, OBJECT};

    start();
    outcome = CAPOS_PENDING;
    deliver(&message, 0);
    fake_kernel_deliver(&kernel, &notice, ids);
    ck_assert(capos_client_turn(&client, CAPOS_NO_DEADLINE));
    ck_assert_uint_eq(releases, 2);
    capos_client_flush(&client);
    notice = (struct capos_message){.kind = CAPOS_MESSAGE_CANCELLED, .token = 1};
    fake_kernel_deliver(&kernel, &notice, ids);
    ck_assert(capos_client_turn(&client, CAPOS_NO_DEADLINE));
    ck_assert_uint_eq(cancels, 1);
    capos_client_flush(&client);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
}
END_TEST

START_TEST(refused_answers_fail_the_call) {
    struct capos_message message = message_of(1);

    start();
    kernel.returns = CAPOS_STATUS_SCOPE;
    deliver(&message, 0);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 2);
    ck_assert_uint_eq(last()->cap, 1);
    expect_exception(last(), CAPOS_FAILED);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
    message.token = 2;
    kernel.returns = CAPOS_STATUS_CANCELLED; // nobody is there to be told
    deliver(&message, 0);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 3);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
}
END_TEST

// The answer to a held call is refused while the RECV is armed: it is not armed twice.
START_TEST(a_refused_late_answer) {
    struct capos_message message = message_of(1);

    start();
    outcome = CAPOS_PENDING;
    deliver(&message, 0);
    kernel.returns = CAPOS_STATUS_SCOPE;
    capos_answer_fail(&held, CAPOS_FAILED, "x");
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 2);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
}
END_TEST

START_TEST(received_capabilities) {
    struct capos_message message = message_of(1);

    start();
    message.caps = 1;
    struct capos_sqe *recv = &kernel.slots[fake_kernel_armed(&kernel)];
    struct capos_descriptor *place = (struct capos_descriptor *)(kernel.block + recv->descriptors);
    *place = capos_descriptor_copy(1234);
    deliver(&message, 0);
    ck_assert_uint_eq(kernel.logged, 2); // the answer, then what the handler did not keep
    ck_assert_int_eq(last()->opcode, CAPOS_OP_RELEASE);
    ck_assert_uint_eq(last()->cap, 1234);
    take_capability = true;
    *place = capos_descriptor_copy(1235);
    message.token = 2;
    deliver(&message, 0);
    ck_assert_uint_eq(kept, 1235);
    ck_assert_uint_eq(kernel.logged, 3);
    ck_assert_int_eq(last()->opcode, CAPOS_OP_RETURN);
}
END_TEST

// Delivers calls with the tokens 1, 2 ... and the numbers 10, 20 ... at once and lets the server
// serve them; `notice` first if it is not NULL.
enum { SEVERAL = 3 };

static void deliver_several(const struct capos_message *notice, uint32_t capacity) {
    static const uint64_t id = OBJECT;
    struct capos_message messages[SEVERAL + 1];
    uint64_t words[SEVERAL][3];
    const uint64_t *params[SEVERAL + 1];
    unsigned n = 0;

    if (notice != NULL) {
        messages[0] = *notice;
        params[n++] = &id;
    }
    for (unsigned i = 0; i < SEVERAL; i++, n++) {
        memcpy(words[i], (uint64_t[3]){UINT64_C(1) << 32 | UINT64_C(1) << 48, (i + 1) * 10, 0},
               sizeof words[i]);
        messages[n] = message_of(i + 1);
        messages[n].results_capacity = capacity;
        params[n] = words[i];
    }
    fake_kernel_deliver_several(&kernel, messages, params, n);
    ck_assert(capos_client_turn(&client, CAPOS_NO_DEADLINE));
}

static void expect_several(unsigned first, uint8_t refused) {
    for (unsigned i = 0; i < SEVERAL; i++) {
        const struct capos_sqe *sqe = &kernel.log[first + i];

        ck_assert_uint_eq(sqe->cap, i + 1);
        ck_assert_int_eq(sqe->flags & (CAPOS_SQE_SKIP_CQE | CAPOS_SQE_REARM),
                         CAPOS_SQE_SKIP_CQE | (i == SEVERAL - 1 ? CAPOS_SQE_REARM : 0));
        if (refused & 1 << i)
            expect_exception(sqe, CAPOS_FAILED);
        else
            ck_assert_uint_eq(answered_number(sqe), (i + 1) * 10 + 1);
    }
}

// The answers lie beside each other and are submitted together; a notice may come first.
START_TEST(calls_that_come_together) {
    struct capos_message notice = {.kind = CAPOS_MESSAGE_RELEASED, .params_words = 1};

    start();
    for (unsigned round = 0; round < 4; round++) {
        unsigned entered = kernel.entered;

        deliver_several(round % 2 == 0 ? NULL : &notice, 128);
        ck_assert_uint_eq(kernel.entered, entered + 1); // the turn's own
        ck_assert_uint_eq(kernel.logged, round * SEVERAL);
        capos_client_flush(&client);
        ck_assert_uint_eq(kernel.logged, (round + 1) * SEVERAL);
        expect_several(round * SEVERAL, 0);
        ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
    }
    ck_assert_uint_eq(handled, 4 * SEVERAL);
    ck_assert_uint_eq(releases, 2);
    ck_assert_uint_eq(area_free(&client.area), idle_free);
}
END_TEST

// Each is promised as much room as it would have alone: so the answers before it are submitted.
START_TEST(answers_that_need_all_the_room) {
    start();
    deliver_several(NULL, CAPOS_RESULTS_BYTES);
    ck_assert_uint_eq(kernel.logged, SEVERAL - 1);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, SEVERAL);
    ck_assert_uint_eq(answered_number(last()), SEVERAL * 10 + 1);
    ck_assert_int_eq(last()->flags, CAPOS_SQE_SKIP_CQE | CAPOS_SQE_REARM);
}
END_TEST

START_TEST(several_that_fail_or_are_held) {
    start();
    outcome = CAPOS_FAILED;
    deliver_several(NULL, 128);
    capos_client_flush(&client);
    expect_several(0, 7);
    outcome = CAPOS_PENDING;
    deliver_several(NULL, 128);
    ck_assert_uint_eq(kernel.logged, SEVERAL);
    capos_client_flush(&client);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
    ck_assert_uint_eq(held.token, SEVERAL);
    outcome = CAPOS_DONE;
    kernel.returns = CAPOS_STATUS_SCOPE; // the first is refused
    deliver_several(NULL, 128);
    capos_client_flush(&client);
    expect_several(SEVERAL, 0);
    ck_assert_uint_eq(kernel.logged, 2 * SEVERAL + 1);
    ck_assert_uint_eq(last()->cap, 1);
    expect_exception(last(), CAPOS_FAILED);
    ck_assert_int_ge(fake_kernel_armed(&kernel), 0);
}
END_TEST

// Numbers that follow each other, and numbers that are addresses.
START_TEST(objects_are_found_by_number) {
    enum { OBJECTS = 1000, BUCKETS = 256 };
    static struct capos_object objects[OBJECTS], *buckets[BUCKETS];

    start();
    for (uint64_t i = 0; i < OBJECTS; i++) {
        objects[i].id = i % 2 == 0 ? i + 10 : (uint64_t)(uintptr_t)&objects[i];
        capos_server_add(&server, &objects[i]);
        if (i == OBJECTS / 2)
            capos_server_use_buckets(&server, buckets, BUCKETS);
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        ck_assert_ptr_eq(capos_server_object(&server, objects[i].id), &objects[i]);
    ck_assert_ptr_eq(capos_server_object(&server, OBJECT), &object);
    for (unsigned i = 0; i < BUCKETS; i++) {
        unsigned count = 0;
        for (const struct capos_object *o = buckets[i]; o != NULL; o = o->next)
            count++;
        ck_assert_uint_lt(count, 20);
    }
    for (unsigned i = 0; i < OBJECTS; i += 3)
        capos_server_remove(&server, &objects[i]);
    for (unsigned i = 0; i < OBJECTS; i++)
        ck_assert_ptr_eq(capos_server_object(&server, objects[i].id),
                         i % 3 == 0 ? NULL : &objects[i]);
    struct capos_message message = message_of(1);
    deliver(&message, 7);
    ck_assert_uint_eq(answered_number(last()), 8);
    capos_server_remove(&server, &objects[0]); // is not there: nothing happens
    ck_assert_ptr_eq(capos_server_object(&server, OBJECT), &object);
}
END_TEST

// Heap ----------------------------------------------------------------------------------------

static size_t commits;

static bool commit(void *context, char *at, size_t bytes) {
    size_t *limit = context;

    if (bytes > *limit)
        return false;
    *limit -= bytes;
    memset(at, 0x55, bytes);
    commits += bytes;
    return true;
}

START_TEST(heap) {
    enum { BYTES = 1 << 20, BLOCKS = 64 };
    struct harness_random random = harness_random_start();
    char *memory = aligned_alloc(4096, BYTES);
    size_t limit = BYTES;
    struct heap h;
    struct {
        unsigned char *at;
        size_t size;
    } blocks[BLOCKS] = {{NULL, 0}};

    ck_assert_ptr_nonnull(memory);
    commits = 0;
    heap_init(&h, memory, BYTES, commit, &limit);
    for (unsigned step = 0; step < 20000; step++) {
        unsigned i = (unsigned)harness_random_below(&random, BLOCKS);
        ck_assert(harness_filled(blocks[i].at, blocks[i].size, (unsigned char)i));
        heap_free(&h, blocks[i].at, blocks[i].size);
        blocks[i].size = harness_random_below(&random, 3000);
        blocks[i].at = heap_allocate(&h, blocks[i].size);
        if (blocks[i].at == NULL) {
            blocks[i].size = 0;
            continue;
        }
        ck_assert_uint_eq((uintptr_t)blocks[i].at % 16, 0);
        memset(blocks[i].at, (int)i, blocks[i].size);
    }
    ck_assert_uint_le(commits, BYTES);
    ck_assert_ptr_null(heap_allocate(&h, BYTES));
    ck_assert_ptr_null(heap_allocate(&h, SIZE_MAX));
    free(memory);
}
END_TEST

START_TEST(heap_without_memory) {
    char *memory = aligned_alloc(4096, 1 << 20);
    size_t limit = 1 << 16;
    struct heap h;

    heap_init(&h, memory, 1 << 20, commit, &limit);
    void *block = heap_allocate(&h, 1 << 16);
    ck_assert_ptr_nonnull(block);
    ck_assert_ptr_null(heap_allocate(&h, 1));
    heap_free(&h, block, 1 << 16);
    ck_assert_ptr_eq(heap_allocate(&h, (1 << 16) - 5), block);
    free(memory);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capos/server");

    harness_add(suite, "call", a_call_is_one_submission);
    harness_add(suite, "no-handler", calls_that_reach_no_handler);
    harness_add(suite, "failures", failures_of_handlers);
    harness_add(suite, "held", held_calls);
    harness_add(suite, "held-fail", held_calls_may_fail);
    harness_add(suite, "forgotten", a_handler_that_forgets_its_call);
    harness_add(suite, "notices", notices);
    harness_add(suite, "refused", refused_answers_fail_the_call);
    harness_add(suite, "refused-late", a_refused_late_answer);
    harness_add(suite, "capabilities", received_capabilities);
    harness_add(suite, "several", calls_that_come_together);
    harness_add(suite, "several-room", answers_that_need_all_the_room);
    harness_add(suite, "several-unusual", several_that_fail_or_are_held);
    harness_add(suite, "objects", objects_are_found_by_number);
    harness_add(suite, "heap", heap);
    harness_add(suite, "heap-limit", heap_without_memory);
    return harness_run(suite);
}
