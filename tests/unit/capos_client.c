// SPDX-License-Identifier: MIT
//
// lib/capos: the message area, the CapSet, and calls through a client on a fake kernel.
#include "capos/area.h"
#include "capos/capset.h"
#include "capos/exception.h"

#include "tests/harness.h"
#include "tests/unit/fake_kernel.h"

#include <string.h>

static struct fake_kernel kernel;
static struct capos_client client;

// A method with a number and a text in both directions, and one with a capability as result.
static const struct capos_method say = {.interface = 7,
                                        .ordinal = 3,
                                        .params_data_words = 1,
                                        .params_pointers = 1,
                                        .results_data_words = 1,
                                        .results_pointers = 1};
static const struct capos_method open_method = {.interface = 8,
                                                .ordinal = 1,
                                                .results_pointers = 1,
                                                .params_pointers = 1,
                                                .params_capabilities = 2,
                                                .results_capabilities = 1};
static const struct capos_method bare = {.interface = 9, .params_data_words = 1};

// Answers a call with its own params.
static void echo(struct fake_kernel *k, unsigned slot) {
    struct capos_sqe *sqe = &k->slots[slot];

    ck_assert_uint_le(sqe->params_bytes, sqe->results_capacity);
    memcpy(k->block + sqe->results, k->block + sqe->params, sqe->params_bytes);
    fake_kernel_complete(k, slot, (int32_t)sqe->params_bytes, 0, 0);
}

static unsigned slot_of(const struct capos_call *call) {
    return ((const struct capos_slot *)(const void *)call->place)->sqe.slot;
}

static struct capos_text text_of(const char *text) {
    return (struct capos_text){text, (uint32_t)strlen(text)};
}

static struct capos_struct_builder begin(struct capos_call *call,
                                         const struct capos_method *method) {
    capos_call_begin(call, &client.transport, 42, method);
    return capos_method_root(&call->params, method->params_data_words, method->params_pointers);
}

static void begin_say(struct capos_call *call, uint64_t number, const char *text) {
    struct capos_struct_builder params = begin(call, &say);

    capos_struct_set_u64(params, 0, number);
    capos_pointer_set_text(capos_struct_builder_pointer(params, 0), text_of(text));
}

static void expect_said(struct capos_call *call, uint64_t number, const char *text) {
    struct capos_struct results;

    ck_assert_int_eq(capos_call_wait(call, &results), CAPOS_DONE);
    ck_assert_uint_eq(capos_struct_u64(results, 0), number);
    ck_assert_str_eq(capos_pointer_text(capos_struct_pointer(results, 0)).data, text);
    capos_call_release(call);
}

static uint32_t all_free;

static void start(void) {
    fake_kernel_init(&kernel, &client);
    all_free = area_free(&client.area);
    ck_assert_uint_gt(all_free, 9000);
}

static void nothing_is_left(void) {
    unsigned free = 0;

    (void)capos_client_forget(&client);
    ck_assert_uint_eq(area_free(&client.area), all_free);
    for (struct capos_place *p = client.transport.ready; p != &client.none; p = p->next)
        free++;
    ck_assert_uint_eq(free, client.fresh); // all that were ever taken
    ck_assert_uint_eq(client.lost, 0);
}

START_TEST(area_is_deterministic_and_tight) {
    struct area area;
    struct area_span a, b, c;

    area_init(&area, 6400, 16384);
    ck_assert_uint_eq(area_free(&area), 9984);
    ck_assert(area_take(&area, 1, &a) && a.offset == 6400 && a.bytes == 64);
    ck_assert(area_take(&area, 65, &b) && b.offset == 6464 && b.bytes == 128);
    ck_assert(area_take(&area, 0, &c) && c.bytes == 0);
    ck_assert(!area_take(&area, 9984, &c));
    ck_assert(!area_take(&area, UINT32_MAX, &c));
    area_give(&area, &a);
    ck_assert(area_take(&area, 64, &c) && c.offset == 6400);
    area_trim(&area, &b, 10);
    ck_assert_uint_eq(b.bytes, 64);
    ck_assert(area_take_some(&area, 16384, 64, &a));
    ck_assert_uint_eq(a.bytes, 8192);
    area_give(&area, &a);
    area_give(&area, &b);
    area_give(&area, &b);
    area_give(&area, &c);
    ck_assert_uint_eq(area_free(&area), 9984);
}
END_TEST

// Spans never overlap and never leave the area, whatever is taken and given.
START_TEST(area_at_random) {
    enum { SPANS = 20 };
    struct harness_random random = harness_random_start();
    struct area area;
    struct area_span spans[SPANS] = {{0, 0}};
    static uint8_t owner[16384];

    memset(owner, 0, sizeof owner);
    area_init(&area, 6400, 16384);
    for (int step = 0; step < 20000; step++) {
        unsigned i = (unsigned)harness_random_below(&random, SPANS);
        if (spans[i].bytes == 0) {
            if (!area_take(&area, (uint32_t)harness_random_below(&random, 3000), &spans[i]))
                continue;
        } else {
            uint32_t keep = (uint32_t)harness_random_below(&random, spans[i].bytes + 1);
            memset(owner + spans[i].offset, 0, spans[i].bytes);
            if (harness_random_below(&random, 2))
                area_trim(&area, &spans[i], keep);
            else
                area_give(&area, &spans[i]);
        }
        if (spans[i].bytes == 0)
            continue;
        ck_assert_uint_ge(spans[i].offset, 6400);
        ck_assert_uint_le(spans[i].bytes, sizeof owner - spans[i].offset);
        ck_assert(harness_filled(owner + spans[i].offset, spans[i].bytes, 0)); // nobody else's
        memset(owner + spans[i].offset, (int)i + 1, spans[i].bytes);
    }
    for (unsigned i = 0; i < SPANS; i++)
        area_give(&area, &spans[i]);
    ck_assert_uint_eq(area_free(&area), 9984);
    ck_assert(area_take(&area, 9984, &spans[0])); // nothing that was kept is in the way
}
END_TEST

START_TEST(capset) {
    struct capos_capset set = {.magic = CAPOS_CAPSET_MAGIC, .abi_major = 1, .count = 2};

    set.grants[0] = (struct capos_grant){11, 100, "console"};
    set.grants[1] = (struct capos_grant){12, 101, "timer"};
    ck_assert(capset_check(&set));
    ck_assert_uint_eq(capset_lookup(&set, "timer", 101), 12);
    ck_assert_uint_eq(capset_lookup(&set, "timer", 100), 0);
    ck_assert_uint_eq(capset_lookup(&set, "time", 101), 0);
    ck_assert_uint_eq(capset_lookup(&set, "timers", 101), 0);
    ck_assert_ptr_eq(capset_find(&set, "console", 7), &set.grants[0]);
    set.count = CAPOS_GRANTS_MAX + 1;
    ck_assert(!capset_check(&set));
    set.count = 1;
    set.abi_major = 2;
    ck_assert(!capset_check(&set));
}
END_TEST

START_TEST(rings_that_are_none) {
    struct capos_ring_header *header = (struct capos_ring_header *)kernel.block;

    start();
    header->magic++;
    ck_assert(!capos_client_init(&client, kernel.block, &kernel));
    start();
    header->abi_major++;
    ck_assert(!capos_client_init(&client, kernel.block, &kernel));
    start();
    header->sqes = 63;
    ck_assert(!capos_client_init(&client, kernel.block, &kernel));
    start();
    header->cq = header->size - 8;
    ck_assert(!capos_client_init(&client, kernel.block, &kernel));
}
END_TEST

START_TEST(one_call_and_back) {
    struct capos_call call;

    start();
    kernel.called = echo;
    begin_say(&call, 17, "hello");
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    expect_said(&call, 17, "hello");
    ck_assert_uint_eq(kernel.entered, 1); // sending and waiting is one system call
    ck_assert_uint_eq(kernel.slots[0].cap, 42);
    ck_assert_uint_eq(kernel.slots[0].interface, 7);
    ck_assert_uint_eq(kernel.slots[0].method, 3);
    nothing_is_left();
}
END_TEST

// A slot keeps what the next call of the method needs, until somebody else needs the room.
START_TEST(slots_are_ready_for_the_same_method) {
    struct capos_call call, large;
    struct capos_struct results;

    start();
    kernel.called = echo;
    for (int i = 0; i < 3; i++) {
        capos_struct_set_u64(begin(&call, &bare), 0, 1);
        ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
        ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_DONE);
        capos_call_release(&call);
        ck_assert_uint_lt(area_free(&client.area), all_free);
        ck_assert_uint_eq(kernel.slots[0].interface, bare.interface);
        ck_assert_uint_eq(kernel.slots[0].params_bytes, 16);
        begin_say(&call, 4, "another method, the same slot");
        ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
        expect_said(&call, 4, "another method, the same slot");
        ck_assert_uint_eq(kernel.slots[0].interface, say.interface);
    }
    capos_struct_set_u64(begin(&call, &bare), 0, 1);
    begin_say(&large, 1, "x");
    capos_call_release(&large);
    capos_call_release(&call);
    ck_assert_uint_lt(area_free(&client.area), all_free);
    capos_expect_results(&client, all_free - 4200); // all there is, but for say's params
    begin_say(&large, 1, "x");
    ck_assert_int_eq(large.status, CAPOS_DONE);
    capos_call_release(&large);
    nothing_is_left();
}
END_TEST

// What has no params keeps its results: nobody else gets their room before it is released.
START_TEST(results_without_params) {
    static const struct capos_method get = {.interface = 10, .results_pointers = 1};
    struct capos_call calls[2];

    start();
    for (unsigned i = 0; i < 2; i++) {
        capos_call_begin(&calls[i], &client.transport, 42, &get);
        ck_assert_int_eq(capos_call_send(&calls[i]), CAPOS_DONE);
    }
    capos_client_flush(&client);
    const struct capos_sqe *a = &kernel.slots[slot_of(&calls[0])],
                           *b = &kernel.slots[slot_of(&calls[1])];
    ck_assert_uint_eq(a->results_capacity, CAPOS_RESULTS_BYTES);
    ck_assert(a->results + a->results_capacity <= b->results);
    for (unsigned i = 0; i < 2; i++) {
        fake_kernel_complete(&kernel, slot_of(&calls[i]), 0, 0, 0);
        capos_call_release(&calls[i]);
    }
    capos_client_flush(&client);
    nothing_is_left();
}
END_TEST

START_TEST(bounded_methods_take_little) {
    struct capos_call call;

    start();
    capos_struct_set_u64(begin(&call, &bare), 0, 1);
    ck_assert_uint_ge(area_free(&client.area), all_free - 192);
    capos_call_release(&call);
    nothing_is_left();
}
END_TEST

static void complete_backwards(struct fake_kernel *k, void *context) {
    (void)context;
    for (unsigned slot = 64; slot-- > 0;)
        if (k->busy[slot]) {
            echo(k, slot);
            return;
        }
}

START_TEST(out_of_order) {
    struct capos_call calls[3];

    start();
    kernel.idle = complete_backwards;
    for (unsigned i = 0; i < 3; i++) {
        begin_say(&calls[i], i, "x");
        ck_assert_int_eq(capos_call_send(&calls[i]), CAPOS_DONE);
    }
    for (unsigned i = 0; i < 3; i++)
        expect_said(&calls[i], i, "x");
    nothing_is_left();
}
END_TEST

static void answer_exception(struct fake_kernel *k, unsigned slot) {
    struct capos_sqe *sqe = &k->slots[slot];
    uint32_t words = capos_exception_write((uint64_t *)(k->block + sqe->results),
                                           sqe->results_capacity / 8, CAPOS_OVERLOADED, "later");

    fake_kernel_complete(k, slot, (int32_t)words * 8, CAPOS_CQE_EXCEPTION, 0);
}

static void answer_disconnected(struct fake_kernel *k, unsigned slot) {
    fake_kernel_complete(k, slot, -CAPOS_STATUS_DISCONNECTED, 0, 0);
}

START_TEST(failures) {
    struct capos_struct results;
    struct capos_call call;

    start();
    kernel.called = answer_exception;
    begin_say(&call, 1, "x");
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_OVERLOADED);
    ck_assert_str_eq(call.reason, "later");
    ck_assert_uint_eq(capos_struct_u64(results, 0), 0);
    capos_call_release(&call);
    kernel.called = answer_disconnected;
    begin_say(&call, 1, "x");
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    ck_assert_int_eq(capos_call_wait(&call, &results), -CAPOS_STATUS_DISCONNECTED);
    ck_assert_str_eq(call.reason, "the object is gone");
    capos_call_release(&call);
    nothing_is_left();
}
END_TEST

// What is expected of the next call to begin does not depend on what is released before that.
START_TEST(expectations_are_kept) {
    struct capos_call call, next;
    struct capos_struct results;

    start();
    kernel.called = echo;
    capos_struct_set_u64(begin(&call, &bare), 0, 1);
    capos_struct_set_u64(begin(&next, &bare), 0, 1);
    capos_call_release(&next);
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_DONE);
    capos_expect_results(&client, 1000);
    capos_call_release(&call);
    capos_struct_set_u64(begin(&next, &bare), 0, 1);
    capos_struct_set_u64(begin(&call, &bare), 0, 1);
    ck_assert_int_eq(capos_call_send(&next), CAPOS_DONE);
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    ck_assert_int_eq(capos_call_wait(&next, &results), CAPOS_DONE);
    ck_assert_uint_eq(kernel.slots[slot_of(&next)].results_capacity, 1000);
    ck_assert_uint_lt(kernel.slots[slot_of(&call)].results_capacity, 1000);
    capos_call_release(&next);
    ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_DONE);
    capos_call_release(&call);
    nothing_is_left();
}
END_TEST

START_TEST(exceptions_are_cut_not_broken) {
    uint64_t words[64];
    const char *reason;

    for (uint32_t room = EXCEPTION_WORDS_MIN; room < 40; room++) {
        uint32_t used = capos_exception_write(
            words, room, CAPOS_INVALID_ARGUMENT,
            "a long reason, longer than what most callers have room for, and then some more of it");
        ck_assert_uint_le(used, room);
        ck_assert_int_eq(capos_exception_read(words, used, &reason), CAPOS_INVALID_ARGUMENT);
        ck_assert(strncmp(reason, "a long reason", 7) == 0);
    }
    ck_assert_int_eq(capos_exception_read(words, 2, &reason), CAPOS_FAILED);
}
END_TEST

static unsigned turned;

static void count_turn(void *context) {
    expect_said(context, 5, "later");
    turned++;
}

START_TEST(functions_are_called_from_turns_only) {
    struct capos_call later, now;

    start();
    turned = 0;
    kernel.idle = complete_backwards;
    begin_say(&now, 1, "now");
    begin_say(&later, 5, "later");
    ck_assert_int_eq(capos_call_then(&client, &later, count_turn, &later), CAPOS_DONE);
    ck_assert_int_eq(capos_call_send(&now), CAPOS_DONE);
    expect_said(&now, 1, "now"); // the other one completed meanwhile
    ck_assert_uint_eq(turned, 0);
    ck_assert(capos_client_turn(&client, CAPOS_NO_DEADLINE));
    ck_assert_uint_eq(turned, 1);
    ck_assert(!capos_client_turn(&client, 0));
    nothing_is_left();
}
END_TEST

static void turn_must_not(void *context) {
    (void)context;
    ck_abort_msg("the call has been waited for");
}

// Who waits for a call before the turn has taken it out of the turn's hands.
START_TEST(a_turn_leaves_out_what_was_waited_for) {
    struct capos_struct results;
    struct capos_call call;

    start();
    kernel.called = echo;
    for (int i = 0; i < 2; i++) {
        capos_struct_set_u64(begin(&call, &bare), 0, 1);
        ck_assert_int_eq(capos_call_then(&client, &call, turn_must_not, NULL), CAPOS_DONE);
        capos_client_flush(&client);
        ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_DONE);
        capos_call_release(&call);
        ck_assert(capos_client_turn(&client, 0));
        ck_assert(!capos_client_turn(&client, 0));
    }
    nothing_is_left();
}
END_TEST

static void answer_with_capability(struct fake_kernel *k, unsigned slot) {
    struct capos_sqe *sqe = &k->slots[slot];
    struct capos_descriptor *received =
        (struct capos_descriptor *)(k->block + sqe->descriptors) + sqe->sent;
    struct capos_builder builder;

    ck_assert_uint_eq(sqe->room, 1);
    ck_assert_uint_eq(sqe->sent, 1);
    capos_builder_init(&builder, (uint64_t *)(k->block + sqe->results), 8);
    capos_builder_set_descriptors(&builder, received, 1);
    struct capos_struct_builder root = capos_builder_init_root(&builder, 0, 1);
    capos_pointer_set_capability(capos_struct_builder_pointer(root, 0), capos_descriptor_copy(99));
    fake_kernel_complete(k, slot, (int32_t)builder.used * 8, 0, 1);
}

static void begin_open(struct capos_call *call) {
    struct capos_struct_builder params = begin(call, &open_method);

    capos_pointer_set_capability(capos_struct_builder_pointer(params, 0),
                                 capos_descriptor_copy(55));
}

START_TEST(capabilities_both_ways) {
    struct capos_call call;
    struct capos_struct results;

    start();
    kernel.called = answer_with_capability;
    begin_open(&call);
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    ck_assert_int_eq(capos_call_wait(&call, &results), CAPOS_DONE);
    ck_assert_uint_eq(capos_pointer_capability_id(capos_struct_pointer(results, 0)), 99);
    capos_call_release(&call);
    ck_assert_uint_eq(kernel.logged, 0);
    nothing_is_left();
}
END_TEST

START_TEST(abandoned_answers_are_given_up) {
    struct capos_call call;

    start();
    begin_open(&call);
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    capos_call_release(&call);
    capos_client_flush(&client);
    ck_assert_uint_lt(area_free(&client.area), all_free); // the kernel still has it
    answer_with_capability(&kernel, 0);
    capos_client_flush(&client);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 1);
    ck_assert_int_eq(kernel.log[0].opcode, CAPOS_OP_RELEASE);
    ck_assert_uint_eq(kernel.log[0].cap, 99);
    nothing_is_left();
}
END_TEST

START_TEST(more_than_a_batch) {
    start();
    kernel.batch = 8;
    for (unsigned i = 0; i < 60; i++)
        capos_client_release(&client, i + 1);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 60);
    ck_assert_uint_eq(kernel.entered, 8);
    for (unsigned i = 0; i < 60; i++)
        ck_assert_uint_eq(kernel.log[i].cap, i + 1);
    capos_client_release(&client, 0);
    ck_assert_uint_eq(ring_user_pending(&client.ring), 0);
}
END_TEST

START_TEST(a_full_submission_queue_is_emptied) {
    start();
    for (unsigned i = 0; i < 64; i++)
        capos_client_release(&client, 1);
    ck_assert_uint_eq(kernel.entered, 0);
    capos_client_release(&client, 1);
    ck_assert_uint_gt(kernel.entered, 0);
    ck_assert_uint_eq(kernel.logged, 64);
}
END_TEST

START_TEST(exhaustion_is_an_error_and_passes) {
    struct capos_call calls[10];
    unsigned begun = 0;

    start();
    for (unsigned i = 0; i < 10; i++) {
        begin_say(&calls[i], i, "x");
        int status = capos_call_send(&calls[i]);
        if (status == CAPOS_DONE)
            begun++;
        else
            ck_assert_int_eq(status, -CAPOS_STATUS_OVERLOADED);
    }
    ck_assert_uint_ge(begun, 3);
    ck_assert_uint_lt(begun, 10);
    kernel.idle = complete_backwards;
    for (unsigned i = 0; i < 10; i++) {
        struct capos_struct results;
        int status = capos_call_wait(&calls[i], &results);
        ck_assert(status == (i < begun ? CAPOS_DONE : -CAPOS_STATUS_OVERLOADED));
        capos_call_release(&calls[i]);
    }
    nothing_is_left();
    capos_expect_results(&client, 64);
    begin_say(&calls[0], 0, "x");
    ck_assert_int_eq(capos_call_send(&calls[0]), CAPOS_DONE);
    expect_said(&calls[0], 0, "x");
    ck_assert_uint_eq(kernel.slots[slot_of(&calls[0])].results_capacity, 64);
}
END_TEST

START_TEST(params_that_do_not_fit) {
    static char big[20000];
    struct capos_call call;

    start();
    memset(big, 'x', sizeof big - 1);
    begin_say(&call, 1, big);
    ck_assert_int_eq(capos_call_send(&call), CAPOS_INVALID_ARGUMENT);
    capos_call_release(&call);
    ck_assert_uint_eq(kernel.entered, 0);
    nothing_is_left();
}
END_TEST

// One submission for calls that are each on the answer of the one before, and one that is linked;
// nobody is interested in the first ones, so what they bring is given up.
START_TEST(calls_on_answers_to_come) {
    struct capos_call first, second, third;
    struct capos_promise promise = {&first, 0};

    start();
    kernel.idle = complete_backwards;
    begin_open(&first);
    ck_assert_int_eq(capos_call_send(&first), CAPOS_DONE);
    capos_call_begin_on(&second, promise, &say);
    capos_pointer_set_text(capos_struct_builder_pointer(capos_method_root(&second.params, 1, 1), 0),
                           text_of("x"));
    ck_assert_int_eq(capos_call_send(&second), CAPOS_DONE);
    begin_say(&third, 3, "y");
    ck_assert_int_eq(capos_call_after(&third, &second), CAPOS_DONE);
    ck_assert_int_eq(capos_call_send(&third), CAPOS_DONE);
    ck_assert_int_eq(capos_promise_release(promise), CAPOS_DONE);
    ck_assert_uint_eq(kernel.entered, 0);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.entered, 1);
    ck_assert_uint_eq(kernel.slots[0].flags, 0);
    ck_assert_uint_eq(kernel.slots[1].flags, CAPOS_SQE_PIPELINE);
    ck_assert_uint_eq(kernel.slots[1].source, 0);
    ck_assert_uint_eq(kernel.slots[1].cap, 0);
    ck_assert_uint_eq(kernel.slots[2].flags, CAPOS_SQE_LINK);
    ck_assert_uint_eq(kernel.slots[2].source, 1);
    ck_assert_uint_eq(kernel.slots[2].cap, 42);
    ck_assert_uint_eq(kernel.slots[3].opcode, CAPOS_OP_RELEASE);
    ck_assert_uint_eq(kernel.slots[3].flags, CAPOS_SQE_PIPELINE);
    ck_assert_uint_eq(kernel.slots[3].source, 0);
    capos_call_release(&first);
    capos_call_release(&second);
    answer_with_capability(&kernel, 0);
    echo(&kernel, 1);
    fake_kernel_complete(&kernel, 3, 0, 0, 0);
    expect_said(&third, 3, "y");
    ck_assert_uint_eq(kernel.logged, 0);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 1); // the answer that nobody wanted
    ck_assert_uint_eq(kernel.log[0].cap, 99);
    nothing_is_left();
}
END_TEST

START_TEST(cancelled_calls) {
    struct capos_struct results;
    struct capos_call call;

    start();
    begin_say(&call, 1, "x");
    ck_assert_int_eq(capos_call_send(&call), CAPOS_DONE);
    ck_assert_int_eq(capos_call_cancel(&call), CAPOS_DONE);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 1);
    ck_assert_uint_eq(kernel.log[0].opcode, CAPOS_OP_CANCEL);
    ck_assert_uint_eq(kernel.log[0].source, 0);
    ck_assert_uint_eq(kernel.log[0].interface, kernel.slots[0].user_data);
    fake_kernel_complete(&kernel, 0, -CAPOS_STATUS_CANCELLED, 0, 0);
    capos_client_flush(&client);
    ck_assert_int_eq(capos_call_cancel(&call), CAPOS_DONE); // it has ended
    ck_assert_int_eq(capos_call_wait(&call, &results), -CAPOS_STATUS_CANCELLED);
    capos_call_release(&call);
    capos_client_flush(&client);
    ck_assert_uint_eq(kernel.logged, 1);
    nothing_is_left();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capos/client");

    harness_add(suite, "area", area_is_deterministic_and_tight);
    harness_add(suite, "area-random", area_at_random);
    harness_add(suite, "capset", capset);
    harness_add(suite, "no-ring", rings_that_are_none);
    harness_add(suite, "call", one_call_and_back);
    harness_add(suite, "ready", slots_are_ready_for_the_same_method);
    harness_add(suite, "no-params", results_without_params);
    harness_add(suite, "bounded", bounded_methods_take_little);
    harness_add(suite, "order", out_of_order);
    harness_add(suite, "failures", failures);
    harness_add(suite, "expectations", expectations_are_kept);
    harness_add(suite, "exceptions", exceptions_are_cut_not_broken);
    harness_add(suite, "turns", functions_are_called_from_turns_only);
    harness_add(suite, "waited", a_turn_leaves_out_what_was_waited_for);
    harness_add(suite, "capabilities", capabilities_both_ways);
    harness_add(suite, "abandoned", abandoned_answers_are_given_up);
    harness_add(suite, "batch", more_than_a_batch);
    harness_add(suite, "full", a_full_submission_queue_is_emptied);
    harness_add(suite, "exhaustion", exhaustion_is_an_error_and_passes);
    harness_add(suite, "too-big", params_that_do_not_fit);
    harness_add(suite, "calls on answers to come", calls_on_answers_to_come);
    harness_add(suite, "cancelled calls", cancelled_calls);
    return harness_run(suite);
}
