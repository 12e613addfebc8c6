// SPDX-License-Identifier: MIT
//
// The kernel's core on CPUs that are threads of the host: servers, clients, sleepers and hogs run
// on all of them, time passes, and processes are killed and made anew all the while. Nothing may be
// lost: every call ends, everything that was killed is given back, the audit finds nothing. Clients
// hold revocable copies, which are revoked now and then: once that is over, no call succeeds.
//
// A "user thread" is a state machine that its CPU moves a step at a time, as if its instructions
// were executed; between steps interrupts come. What it finds wrong ends the test by panic(), which
// works from any thread of the host.
#include "core/panic.h"
#include "core/revoke.h"
#include "core/sched_context.h"
#include "tests/harness.h"
#include "tests/host/host.h"
#include "tests/host/pair.h"
#include "tests/host/run.h"
#include "tests/host/smp.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TICK_NS = 100000, // what the clock moves on by, each time
    TICKS = 6000,
    TICKS_MAX = 60000,
    KILL_EVERY = 7, // ticks
    USERS = 12,
    BOUND = 4, // every so many users are bound to the context
    BUDGET = 1000000,
    PERIOD = 4000000,
};

enum role { SERVER, CLIENT, CLIMBER, SLEEPER, HOG };

// One process with one thread, again and again.
struct user {
    enum role role;
    struct process *process; // a reference; NULL: to be made
    struct thread *thread;
    struct ring_user ring;
    uint64_t cap;   // facet or Receiver
    uint64_t count; // calls made; of a server: the token of the call that it has
    uint64_t step;
    unsigned open; // CLIMBER: operations in flight
    struct harness_random random;
    struct revoker *revoker; // CLIENT, CLIMBER: a reference
    bool revoking;
    _Atomic bool over; // its revocation is
    bool was_over;     // when the call was made
};

struct smp {
    struct host *host;
    struct endpoint *endpoint;
    struct user user[USERS];
    struct sched_context *context; // of some users: a quarter of a processor, for all of them
    _Atomic uint64_t calls, wakes, disconnects, kills, climbs, cancels, revocations, refusals;
};

static struct smp smp;

static const struct object_type context_type = {
    .name = "SchedulingContext",
    .size = sizeof(struct sched_context),
    .kind = OBJECT_KERNEL,
    .close = sched_context_close,
};

static void require(bool condition, const char *what) {
    if (!condition)
        panic("core_smp: %s", what);
}

// Users
// --------------------------------------------------------------------------------------------

static struct capos_sqe *next_sqe(struct user *user) {
    struct capos_sqe *sqe = ring_user_next(&user->ring);

    require(sqe != NULL, "a user's own queue is full");
    return sqe;
}

static void enter(struct cpu *cpu, struct user *user, uint32_t submit, uint32_t wait,
                  uint64_t deadline) {
    ring_user_publish(&user->ring);
    ringserve_enter(cpu, submit, wait, deadline);
}

static void receive(struct user *user) {
    struct capos_sqe *sqe = next_sqe(user);

    sqe->opcode = CAPOS_OP_RECV;
    sqe->slot = 1;
    sqe->cap = user->cap;
    sqe->user_data = 100;
    sqe->results = PAIR_MESSAGE;
    sqe->results_capacity = 512;
}

static struct capos_sqe *next_return(struct user *user) {
    struct capos_sqe *sqe = next_sqe(user);

    sqe->opcode = CAPOS_OP_RETURN;
    sqe->cap = user->count;
    sqe->user_data = 300;
    sqe->params = PAIR_ANSWER;
    sqe->params_bytes = 8;
    sqe->flags = CAPOS_SQE_SKIP_CQE;
    return sqe;
}

// Answers a call with the number that came with it, times two, and with a new facet if the caller
// takes one.
static uint32_t answer(struct user *user) {
    uint8_t *base = user->thread->ring.base;
    const struct capos_message *message = (const void *)(base + PAIR_MESSAGE);
    struct capos_sqe *sqe;
    uint64_t number = 0;

    if (message->kind == CAPOS_MESSAGE_RELEASED) {
        receive(user);
        return 1;
    }
    user->count = message->token;
    sqe = next_return(user);
    if (message->kind == CAPOS_MESSAGE_CANCELLED) {
        receive(user);
        return 2;
    }
    memcpy(&number, base + PAIR_MESSAGE + sizeof(*message), sizeof(number));
    number *= 2;
    memcpy(base + PAIR_ANSWER, &number, sizeof(number));
    sqe->flags |= CAPOS_SQE_REARM;
    sqe->user_data = 301;
    sqe->sent = message->room;
    sqe->descriptors = PAIR_SENT;
    *(struct capos_descriptor *)(void *)(base + PAIR_SENT) =
        (struct capos_descriptor){.cap = user->cap,
                                  .object_id = number,
                                  .interface = PAIR_INTERFACE,
                                  .kind = CAPOS_TRANSFER_MINT,
                                  .scope = CAPOS_SCOPE_ANY};
    return 1;
}

static void serve(struct cpu *cpu, struct user *user) {
    uint32_t submit = 0;
    struct capos_cqe cqe;

    if (user->step++ == 0) {
        receive(user);
        submit = 1;
    }
    while (ring_user_take(&user->ring, &cqe)) {
        if (cqe.user_data == 100) {
            require(cqe.result > 0, "a RECV fails");
            submit += answer(user);
            continue;
        }
        if (cqe.result == -CAPOS_STATUS_OVERLOADED && cqe.user_data == 301) { // no more facets
            struct capos_sqe *sqe = next_return(user);

            sqe->flags |= CAPOS_SQE_REARM | CAPOS_SQE_EXCEPTION;
            sqe->user_data = 301;
            submit++;
            continue;
        }
        require(cqe.result == -CAPOS_STATUS_CANCELLED, "a RETURN fails");
        if (cqe.user_data == 301) { // it has not armed the RECV again
            receive(user);
            submit++;
        }
    }
    enter(cpu, user, submit, 1, CAPOS_NO_DEADLINE);
}

static void call(struct user *user) {
    struct capos_sqe *sqe = next_sqe(user);

    user->was_over = user->over;
    user->count++;
    memcpy(user->thread->ring.base + PAIR_PARAMS, &user->count, sizeof(user->count));
    sqe->opcode = CAPOS_OP_CALL;
    sqe->slot = 2;
    sqe->cap = user->cap;
    sqe->interface = PAIR_INTERFACE;
    sqe->user_data = user->count;
    sqe->params = PAIR_PARAMS;
    sqe->params_bytes = 8;
    sqe->results = PAIR_RESULTS;
    sqe->results_capacity = 64;
}

static void check_answer(struct cpu *cpu, struct user *user, const struct capos_cqe *cqe) {
    uint64_t number;

    require(cqe->user_data == user->count, "a completion of another call");
    memcpy(&number, user->thread->ring.base + PAIR_RESULTS, sizeof(number));
    if (cqe->result == -CAPOS_STATUS_DISCONNECTED) {
        smp.disconnects++;
        smp.refusals += user->was_over;
        enter(cpu, user, 0, 1, cpu->machine.host->now + TICK_NS);
        return;
    }
    require(!user->was_over, "a revoked capability is used");
    require(cqe->result == 8 && number == 2 * user->count, "a wrong answer");
    smp.calls++;
}

// Calls, and waits for the answer; now and then it does something else first.
static void ask(struct cpu *cpu, struct user *user) {
    struct capos_cqe cqe;

    switch (user->step) {
    case 0:
        call(user);
        user->step = 1;
        if (harness_random_below(&user->random, 4) == 0)
            enter(cpu, user, 1, 0, 0);
        else
            enter(cpu, user, 1, 1, CAPOS_NO_DEADLINE);
        return;
    case 1:
        if (!ring_user_take(&user->ring, &cqe)) {
            enter(cpu, user, 0, 1, CAPOS_NO_DEADLINE);
            return;
        }
        user->step = 0;
        check_answer(cpu, user, &cqe);
    }
}

// The operations of a climber: a call, one on its answer, and others that wait for these, which
// end on whatever CPU the server answers, or are run by the climber's own thread. user_data is the
// slot, but for CANCEL 1, and for the RELEASEs at the end 0.
static const struct {
    uint8_t opcode, flags, source, room;
} climb[] = {
    {CAPOS_OP_CALL, 0, 0, 1},
    {CAPOS_OP_CALL, CAPOS_SQE_PIPELINE, 2, 1},
    {CAPOS_OP_RELEASE, CAPOS_SQE_PIPELINE, 2, 0},
    {CAPOS_OP_NOP, CAPOS_SQE_LINK, 3, 0},
    {CAPOS_OP_CALL, CAPOS_SQE_LINK, 5, 0},
    {CAPOS_OP_RELEASE, CAPOS_SQE_PIPELINE, 3, 0},
    {CAPOS_OP_CALL, CAPOS_SQE_PIPELINE, 3, 0},
};

enum { CLIMB_FIRST = 2, CLIMBS = sizeof(climb) / sizeof(climb[0]) };

static uint64_t *descriptor_of(struct user *user, unsigned slot) {
    return (uint64_t *)(void *)(user->thread->ring.base + PAIR_DESCRIPTORS +
                                (slot - CLIMB_FIRST) % 2 * 32);
}

static void begin_climb(struct user *user) {
    for (unsigned i = 0; i < CLIMBS; i++) {
        struct capos_sqe *sqe = next_sqe(user);
        unsigned slot = CLIMB_FIRST + i;

        *descriptor_of(user, slot) = 0;
        sqe->opcode = climb[i].opcode;
        sqe->flags = climb[i].flags;
        sqe->slot = (uint16_t)slot;
        sqe->source = climb[i].source;
        sqe->user_data = slot;
        if (sqe->opcode == CAPOS_OP_CALL && (sqe->flags & CAPOS_SQE_PIPELINE) == 0)
            sqe->cap = user->cap;
        sqe->interface = PAIR_INTERFACE;
        sqe->params = PAIR_PARAMS;
        sqe->params_bytes = 8;
        sqe->results = PAIR_RESULTS;
        sqe->results_capacity = 64;
        sqe->room = climb[i].room;
        sqe->descriptors = PAIR_DESCRIPTORS + i % 2 * 32;
    }
    user->open = CLIMBS;
}

static unsigned cancel_some(struct user *user) {
    unsigned slot = CLIMB_FIRST + (unsigned)harness_random_below(&user->random, 2 * CLIMBS);
    struct capos_sqe *sqe;

    if (slot >= CLIMB_FIRST + CLIMBS)
        return 0;
    sqe = next_sqe(user);
    sqe->opcode = CAPOS_OP_CANCEL;
    sqe->source = (uint16_t)slot;
    sqe->interface = slot;
    sqe->user_data = 1;
    user->open++;
    return 1;
}

static unsigned give_up(struct user *user) {
    unsigned count = 0;

    for (unsigned slot = CLIMB_FIRST; slot < CLIMB_FIRST + 2; slot++) {
        uint64_t cap = *descriptor_of(user, slot);
        struct capos_sqe *sqe;

        if (cap == 0)
            continue;
        sqe = next_sqe(user);
        sqe->opcode = CAPOS_OP_RELEASE;
        sqe->cap = cap;
        user->open++;
        count++;
    }
    return count;
}

static void check_climb(const struct user *user, const struct capos_cqe *cqe) {
    static const int ends[] = {CAPOS_STATUS_OK,         CAPOS_STATUS_REFUSED,
                               CAPOS_STATUS_OVERLOADED, CAPOS_STATUS_DISCONNECTED,
                               CAPOS_STATUS_CANCELLED,  CAPOS_STATUS_SOURCE_FAILED};
    bool known = cqe->result == 8;

    (void)user;
    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        known |= cqe->result == -ends[i];
    require(known, "an operation ends as none should");
    require(cqe->user_data < CLIMB_FIRST || cqe->user_data == cqe->slot,
            "a completion of another slot");
    smp.climbs += cqe->result == 8;
    smp.cancels += cqe->user_data == 1 && cqe->result == 0;
}

static void scramble(struct cpu *cpu, struct user *user) {
    struct capos_cqe cqe;
    unsigned submit = 0, wait = (unsigned)harness_random_below(&user->random, 3);

    while (ring_user_take(&user->ring, &cqe)) {
        require(user->open > 0, "a completion too many");
        user->open--;
        check_climb(user, &cqe);
    }
    if (user->open == 0 && user->step == 0) {
        begin_climb(user);
        submit = CLIMBS;
        user->step = 1;
    } else if (user->open == 0) {
        submit = give_up(user);
        user->step = 0;
    }
    if (user->step == 1 && harness_random_below(&user->random, 3) == 0)
        submit += cancel_some(user);
    enter(cpu, user, submit, wait < user->open ? wait : user->open, CAPOS_NO_DEADLINE);
}

static void doze(struct cpu *cpu, struct user *user) {
    uint64_t deadline = user->cap; // that of the wait before

    require(deadline <= cpu->machine.host->now, "a sleeper was woken too early");
    smp.wakes++;
    user->cap = cpu->machine.host->now + harness_random_below(&user->random, 5 * TICK_NS);
    enter(cpu, user, 0, 1, user->cap);
}

static void burn(struct cpu *cpu, struct user *user) {
    (void)cpu, (void)user;
    sched_yield();
}

static void (*const roles[])(struct cpu *cpu, struct user *user) = {
    [SERVER] = serve, [CLIENT] = ask, [CLIMBER] = scramble, [SLEEPER] = doze, [HOG] = burn};

static void play(struct cpu *cpu, void *argument) {
    struct user *user = argument;

    roles[user->role](cpu, user);
}

// Birth and death: the test's own thread, as a CPU that runs no threads
// ---------------------------------

static const struct object_type revoker_test_type = {.name = "Revoker",
                                                     .interface = 1,
                                                     .size = sizeof(struct revoker),
                                                     .kind = OBJECT_KERNEL,
                                                     .close = revoker_close};

// A capability for what the user is to be. False: not now.
static bool equip(struct cpu *cpu, struct user *user) {
    struct captable_view view = {.kind = OBJECT_FACET, .interface = PAIR_INTERFACE, .scope = 2};
    struct ledger *root = &smp.host->kernel.root;
    struct receiver *receiver;
    struct facet *facet;

    if (user->role == SERVER) {
        if (endpoint_create_receiver(cpu, smp.endpoint, root, &receiver) != CAPOS_STATUS_OK)
            return false;
        view.object = &receiver->object;
        view.kind = OBJECT_RECEIVER;
        view.interface = RECEIVER_INTERFACE;
    } else if (user->role == CLIENT || user->role == CLIMBER) {
        require(endpoint_create_facet(cpu, smp.endpoint, root, PAIR_INTERFACE, 42, CAPOS_SCOPE_ANY,
                                      &facet) == CAPOS_STATUS_OK,
                "no facet");
        view.object = &facet->object;
        require(revoker_create(cpu, &revoker_test_type, root, NULL, NULL, &user->revoker) ==
                    CAPOS_STATUS_OK,
                "no revoker");
        revoker_get(user->revoker);
        view.revoker = user->revoker;
    } else {
        return true;
    }
    require(captable_insert(cpu, &user->process->table, &view, &user->cap) == CAPOS_STATUS_OK,
            "no slot");
    return true;
}

static void make(struct cpu *cpu, struct user *user, uint32_t home) {
    const struct process_start start = {.name = "user", .limits = host_limits};
    const struct thread_start first = {.argument = (uint64_t)user, .ring = ring_small};

    user->step = user->count = user->cap = user->open = 0;
    require(process_create(cpu, &smp.host->kernel.root, &start, &user->process) == CAPOS_STATUS_OK,
            "no process");
    if (!equip(cpu, user)) {
        process_discard(cpu, user->process);
        user->process = NULL;
        return;
    }
    require(thread_create(cpu, user->process, &first, &user->thread) == CAPOS_STATUS_OK,
            "no thread");
    require(ring_user_attach(&user->ring, user->thread->ring.base), "no ring");
    user->thread->cpu = home;
    if ((user - smp.user) % BOUND == 0)
        require(sched_bind(cpu, user->process, smp.context) == CAPOS_STATUS_OK, "not bound");
    thread_start(cpu, user->thread);
}

static uint8_t state_of(struct process *process) {
    uint8_t state;

    lock_take(&process->lock);
    state = process->state;
    lock_drop(&process->lock);
    return state;
}

// Begins a client's revocation, or notes that it is over.
static void revoke_client(struct cpu *cpu, struct user *user) {
    if (user->revoking) {
        user->over = user->revoker->state == REVOKER_OVER;
        return;
    }
    user->revoking = true;
    revoker_kill(cpu, user->revoker);
    smp.revocations++;
}

static void forget(struct cpu *cpu, struct user *user) {
    object_put(cpu, &user->process->object);
    revoker_put(cpu, user->revoker);
    user->process = NULL;
    user->revoker = NULL;
    user->revoking = false;
    user->over = false;
}

static void end(struct cpu *cpu, struct user *user) {
    static const struct process_end killed = {.kind = PROCESS_KILLED};

    process_kill(cpu, user->process, &killed);
    smp.kills++;
}

// One that has ended is made anew; of the others, one is killed now and then.
static void supervise(struct cpu *cpu, struct harness_random *random, bool kills) {
    struct user *user = &smp.user[harness_random_below(random, USERS)];

    kernel_enter(cpu);
    if (user->process == NULL) {
        make(cpu, user, (uint32_t)harness_random_below(random, cpu->index));
    } else if (state_of(user->process) == PROCESS_ENDED) {
        forget(cpu, user);
    } else if ((user->role == CLIENT || user->role == CLIMBER) && !user->over &&
               (user->revoking || harness_random_below(random, 4) == 0)) {
        revoke_client(cpu, user);
    } else if (kills && state_of(user->process) == PROCESS_RUNNING) {
        end(cpu, user);
    }
    object_close_pending(cpu);
    kernel_leave(cpu);
}

// Waits for the end of all.
static void end_all(struct cpu *cpu) {
    for (unsigned i = 0; i < USERS; i++) {
        struct user *user = &smp.user[i];

        if (user->process == NULL)
            continue;
        kernel_enter(cpu);
        end(cpu, user);
        kernel_leave(cpu);
    }
    for (unsigned i = 0; i < USERS; i++) {
        struct user *user = &smp.user[i];

        if (user->process == NULL)
            continue;
        for (int n = 0; state_of(user->process) != PROCESS_ENDED; n++) {
            require(n < 1000000, "a process does not end");
            host_advance(smp.host, TICK_NS);
            sched_yield();
        }
        kernel_enter(cpu);
        forget(cpu, user);
        object_close_pending(cpu);
        kernel_leave(cpu);
    }
}

static void start(uint32_t cpus) {
    static const enum role cast[USERS] = {SERVER,  CLIENT,  CLIENT, CLIMBER, CLIMBER, CLIMBER,
                                          SLEEPER, SLEEPER, HOG,    SERVER,  HOG,     SLEEPER};

    memset(&smp, 0, sizeof(smp));
    smp.host = host_create(cpus);
    for (unsigned i = 0; i < USERS; i++)
        smp.user[i] = (struct user){.role = cast[i], .random = {i * 7919}};
}

// Has everything happened often enough for the test to mean something? A busy machine needs longer.
static bool enough(struct cpu *cpu) {
    return smp.calls > 100 && smp.wakes > 100 && smp.revocations > 20 && smp.refusals > 20 &&
           smp.kills > 100 && smp.climbs > 100 && smp.cancels > 100 &&
           sched_context_info(cpu, smp.context).total > 0;
}

START_TEST(nothing_is_lost) {
    uint32_t cpus = (uint32_t)_i;
    struct harness_random random = harness_random_start();
    struct cpu *own;

    start(cpus + 1);
    // The last one is the test's: it has no thread of the host and is never idle, so nothing is
    // queued there.
    own = &smp.host->cpus[cpus];
    own->idle = 0;
    kernel_enter(own);
    require(endpoint_create(own, &host_endpoint_type, &smp.host->kernel.root, 5, &smp.endpoint) ==
                CAPOS_STATUS_OK,
            "no endpoint");
    require(sched_context_create(own, &context_type, &smp.host->kernel.root, BUDGET, PERIOD,
                                 &smp.context) == CAPOS_STATUS_OK,
            "no context");
    kernel_leave(own);
    smp_start(smp.host, cpus, play);
    for (unsigned tick = 0; tick < TICKS || (!enough(own) && tick < TICKS_MAX); tick++) {
        supervise(own, &random, tick % KILL_EVERY == 0);
        host_advance(smp.host, TICK_NS);
        usleep(TICK_NS / 1000);
    }
    end_all(own);
    smp_stop();
    printf("# %lu calls, %lu wakes, %lu disconnected, %lu kills\n", (unsigned long)smp.calls,
           (unsigned long)smp.wakes, (unsigned long)smp.disconnects, (unsigned long)smp.kills);
    printf("# %lu calls of climbers, %lu cancelled\n", (unsigned long)smp.climbs,
           (unsigned long)smp.cancels);
    printf("# %lu revocations, %lu calls refused after one\n", (unsigned long)smp.revocations,
           (unsigned long)smp.refusals);
    ck_assert(enough(own));
    kernel_enter(own);
    object_put(own, &smp.context->object);
    object_put(own, &smp.endpoint->object);
    object_close_pending(own);
    kernel_leave(own);
    host_destroy(smp.host);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("smp");
    TCase *tcase = tcase_create("CPUs");

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, nothing_is_lost, 1, HOST_CPUS_EACH);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
