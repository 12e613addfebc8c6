// SPDX-License-Identifier: MIT
//
// See puppets.h. A puppet waits in a call of `next` that is held; to answer it is to let the puppet
// do what is in its mailbox. All of a puppet's grants are there to be spoilt by nobody: the model's
// operations know only what they were given by puppet_give.
#include "tests/stress/puppets.h"

#include "capos/runtime.h"
#include "schemas/endpoint.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"
#include "tests/stress/puppet.capos.h"

struct puppet puppets[PROCESSES];
const uint32_t *puppets_commons;
static uint64_t commons; // their MemoryObject
enum { ANSWER_BYTES = 64 };

static struct capos_server server;
static struct capos_descriptor gift; // what `take` answers with

static int next(void *self, struct capos_invocation *inv, struct stress_strings_next_params params,
                struct stress_strings_next_results_builder results) {
    struct puppet *puppet = self;

    (void)params;
    (void)results;
    puppet->next = capos_server_hold(inv);
    puppet->here = true;
    return CAPOS_PENDING;
}

static int take(void *self, struct capos_invocation *inv, struct stress_strings_take_params params,
                struct stress_strings_take_results_builder results) {
    (void)self;
    (void)inv;
    (void)params;
    stress_strings_take_results_give_capability(results, gift);
    return CAPOS_DONE;
}

static int wake(void *self, struct capos_invocation *inv, struct stress_strings_wake_params params,
                struct stress_strings_wake_results_builder results) {
    struct puppet *puppet = self;

    (void)params;
    (void)results;
    puppet->wake = capos_server_hold(inv);
    puppet->waits = true;
    return CAPOS_PENDING;
}

static int dispatch(void *self, struct capos_invocation *inv) {
    static const struct stress_strings_server handlers = {.next = next, .take = take, .wake = wake};

    return stress_strings_dispatch(&handlers, self, inv);
}

static void answer(struct capos_answer *held) {
    if (capos_answer_begin(held, ANSWER_BYTES) == NULL)
        capos_panic("a puppet can't be answered");
    capos_answer_send(held);
}

static uint64_t box_bytes(void) {
    return (sizeof(struct mailbox) + CAPOS_PAGE_SIZE - 1) / CAPOS_PAGE_SIZE * CAPOS_PAGE_SIZE;
}

static void make_box(struct puppet *puppet) {
    puppet->memory = guest_memory(box_bytes());
    puppet->box = guest_map(puppet->memory, box_bytes());
}

static void make_commons(void) {
    uint32_t *words;

    commons = guest_memory(CAPOS_PAGE_SIZE);
    words = guest_map(commons, CAPOS_PAGE_SIZE);
    for (uint32_t i = 0; i < WORDS; i++)
        words[i] = WORD_VALUE + i;
    puppets_commons = words;
}

static void make_facet(struct capos_endpoint endpoint, int number) {
    struct puppet *puppet = &puppets[number];

    puppet->facet = guest_facet(endpoint, STRESS_STRINGS_INTERFACE_ID, (uint64_t)number + 1);
    puppet->object = (struct capos_object){.id = (uint64_t)number + 1,
                                           .interface = STRESS_STRINGS_INTERFACE_ID,
                                           .dispatch = dispatch,
                                           .self = puppet};
}

// A puppet that was killed is answered for all the same, when its death is told.
static void cancelled(void *context, uint64_t token) {
    (void)context;
    (void)token;
}

void puppet_start(int number) {
    struct puppet *puppet = &puppets[number];
    const struct guest_program program = {
        .binary = "puppet",
        .limits = {.slots = HOLDS + PUPPET_SLOTS,
                   .frames = 700,
                   .reserved_pages = 1800,
                   .threads = 6,
                   .endpoints = 6,
                   .facets = 4096,
                   .calls_held = TOKENS,
                   .kernel_memory = 640},
        .grants = PUPPET_SLOTS,
        .grant = {{"console", guest_system()->console, GUEST_COPY},
                  {"judge", puppet->facet, GUEST_COPY},
                  {"mailbox", puppet->memory, GUEST_COPY},
                  {"commons", commons, GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN},
                  {"threadSpawner", CAPOS_OWN_CAPABILITY_THREAD_SPAWNER, GUEST_OWN},
                  {"threadControl", CAPOS_OWN_CAPABILITY_THREAD_CONTROL, GUEST_OWN},
                  {"capabilityManager", CAPOS_OWN_CAPABILITY_CAPABILITY_MANAGER, GUEST_OWN}},
    };

    puppet->box->events = puppet->box->more = 0;
    puppet->process = guest_start(&program);
}

void puppets_init(void) {
    struct capos_endpoint endpoint = guest_endpoint();
    uint64_t receiver = guest_receiver(endpoint);

    make_commons();
    for (int i = 0; i < PROCESSES; i++) {
        make_box(&puppets[i]);
        make_facet(endpoint, i);
    }
    if (capos_server_init(&server, capos_client(), receiver, NULL) != CAPOS_DONE)
        capos_panic("puppets can't be led");
    server.cancelled = cancelled;
    for (int i = 0; i < PROCESSES; i++)
        capos_server_add(&server, &puppets[i].object);
    capos_release(endpoint.id);
}

void puppets_start(void) {
    for (int i = 0; i < PROCESSES; i++)
        puppet_start(i);
    for (int i = 0; i < PROCESSES; i++)
        puppet_await(i);
}

// Its calls are answered for all the same.
static void forget(struct puppet *puppet) {
    if (puppet->here)
        answer(&puppet->next);
    if (puppet->waits)
        answer(&puppet->wake);
    puppet->here = puppet->waits = false;
}

bool puppet_kill(int number) {
    bool killed = guest_kill(puppets[number].process);

    forget(&puppets[number]);
    return killed;
}

bool puppet_crash(int number, uint64_t address, bool write) {
    struct puppet *puppet = &puppets[number];
    struct guest_outcome outcome;
    bool waited;

    puppet->box->address = address;
    puppet_begin(number, write ? COMMAND_WRITE : COMMAND_READ);
    waited = guest_wait(puppet->process, &outcome);
    forget(puppet);
    return waited && outcome.how == CAPOS_PROCESS_END_WHICH_CRASHED &&
           outcome.cause == CAPOS_CRASH_CAUSE_PAGE_FAULT && outcome.address == address &&
           (outcome.code >> 1 & 1) == write;
}

void puppet_begin(int number, enum mailbox_command command) {
    struct puppet *puppet = &puppets[number];

    if (puppet->waits) // it has stopped by itself
        answer(&puppet->wake);
    puppet->waits = false;
    puppet->box->command = command;
    puppet->here = false;
    answer(&puppet->next);
    while (command == COMMAND_WAIT && !puppet->waits)
        (void)capos_client_turn(capos_client(), CAPOS_NO_DEADLINE);
}

void puppet_await(int number) {
    while (!puppets[number].here)
        (void)capos_client_turn(capos_client(), CAPOS_NO_DEADLINE);
}

void puppet_do(int number, enum mailbox_command command) {
    puppet_begin(number, command);
    puppet_await(number);
}

uint64_t puppet_give(int number, uint64_t cap, bool move) {
    gift = move ? capos_descriptor_move(cap) : capos_descriptor_copy(cap);
    puppet_do(number, COMMAND_TAKE);
    return puppets[number].box->taken;
}

void puppet_wake(int number) {
    struct puppet *puppet = &puppets[number];

    if (puppet->waits)
        answer(&puppet->wake);
    puppet->waits = false;
    puppet_await(number);
}
