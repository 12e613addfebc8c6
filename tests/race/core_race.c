// SPDX-License-Identifier: MIT
//
// Races that the kernel must decide, in every order with few preemptions (explore.h): who ends a
// call, where a capability is when two threads of its holder dispose of it, whether a use survives
// its revocation, whether a wake-up is lost. Each scenario is also run with the guard taken out
// that it is about, and must fail then. RACE_PREEMPTIONS in the environment chooses another bound
// than 1.
#include "core/captable.h"
#include "core/park.h"
#include "core/revoke.h"
#include "core/sched.h"
#include "core/vm.h"
#include "tests/harness.h"
#include "tests/host/pair.h"
#include "tests/host/run.h"
#include "tests/host/thing.h"
#include "tests/race/atomics.h"
#include "tests/race/explore.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPUS = 3, NONE = INT32_MAX, WORD = 3072 };

// The world of all scenarios.
static struct pair pair;
static struct actor second; // another thread of the client's
static bool client_dies;

// How the operations ended that a scenario is about; NONE: they have not.
static struct { int32_t call, answer, cancel, release, park, unpark; } ended;

static void require(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "race: %s\n", what);
        abort();
    }
}

static void note(const struct capos_cqe *cqe) {
    switch (cqe->user_data) {
    case 200:
        ended.call = cqe->result;
        break;
    case 300:
        ended.answer = cqe->result;
        break;
    case 400:
        ended.cancel = cqe->result;
        break;
    case 500:
        ended.release = cqe->result;
        break;
    case 600:
        ended.park = cqe->result;
        break;
    case 700:
        ended.unpark = cqe->result;
        break;
    }
}

static void take_all(struct actor *actor) {
    struct capos_cqe cqe;

    while (ring_user_take(&actor->ring, &cqe))
        note(&cqe);
}

// One cap_enter of the thread that runs on the CPU, and the interrupts that came meanwhile.
static void enter(struct actor *actor, uint32_t cpu, const struct capos_sqe *sqe, uint32_t wait) {
    struct cpu *on = &pair.host->cpus[cpu];

    if (on->current != actor->thread)
        return; // it was killed before it got here
    *ring_user_next(&actor->ring) = *sqe;
    ring_user_publish(&actor->ring);
    ringserve_enter(on, 1, wait, CAPOS_NO_DEADLINE);
    while (on->pending != 0 && on->current != NULL)
        sched_interrupt(on);
}

static struct cpu *cpu_of(uint32_t number) {
    return &pair.host->cpus[number];
}

// Everything that is under way comes to its end.
static void settle(void) {
    for (int i = 0; i < 4; i++) {
        for (uint32_t n = 0; n < CPUS; n++) {
            bool worked;

            if (cpu_of(n)->current != NULL && cpu_of(n)->pending != 0)
                sched_interrupt(cpu_of(n));
            if (cpu_of(n)->current == NULL)
                sched_idle_round(cpu_of(n), &worked);
        }
        host_settle(pair.host);
    }
}

// What a thread that still runs finds when it looks.
static void look(struct actor *actor) {
    uint64_t result;

    if (actor->thread->state != THREAD_READY && actor->thread->state != THREAD_RUNNING)
        return;
    for (uint32_t n = 0; n < CPUS; n++)
        if (cpu_of(n)->current == actor->thread) {
            ring_user_publish(&actor->ring);
            ringserve_enter(cpu_of(n), 0, 0, 0);
            take_all(actor);
            return;
        }
    require(actor_enter(actor, 0, 0, 0, &result), "a look waits");
    take_all(actor);
}

static void begin(void) {
    pair = pair_create_on(CPUS, &host_limits);
    memset(&ended, 0x7f, sizeof(ended));
    ended.call = ended.answer = ended.cancel = ended.release = ended.park = ended.unpark = NONE;
    memset(&second, 0, sizeof(second));
    client_dies = false;
}

static void finish(void) {
    settle();
    if (second.thread != NULL) {
        kernel_enter(cpu_of(0));
        object_put(cpu_of(0), &second.process->object);
        object_close_pending(cpu_of(0));
        kernel_leave(cpu_of(0));
    }
    pair_destroy(&pair);
}

// Answer, cancellation and death -----------------------------------------------------------------

static void held_call(void) {
    struct capos_sqe call, recv;

    begin();
    call = pair_call(&pair);
    recv = pair_recv(&pair);
    actor_submit(&pair.client, &call);
    actor_do(&pair.server, &recv);
    actor_run(&pair.client, cpu_of(1));
    actor_run(&pair.server, cpu_of(0));
}

static void kill_client(void) {
    static const struct process_end killed = {.kind = PROCESS_KILLED};
    struct cpu *cpu = cpu_of(2);

    client_dies = true;
    kernel_enter(cpu);
    process_kill(cpu, pair.client.process, &killed);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void end_held_call(unsigned number) {
    struct capos_sqe answer = pair_return(pair_message(&pair)->token);
    struct capos_sqe cancel = {.opcode = CAPOS_OP_CANCEL,
                               .source = pair_call(&pair).slot,
                               .interface = 200,
                               .user_data = 400};

    if (number == 0)
        enter(&pair.server, 0, &answer, 0);
    else if (number == 1)
        enter(&pair.client, 1, &cancel, 0);
    else
        kill_client();
}

static void check_held_call(void) {
    settle();
    look(&pair.server);
    look(&pair.client);
    require(ended.answer == 0 || ended.answer == -CAPOS_STATUS_CANCELLED, "RETURN's result");
    require(pair.server.process->tokens.live == 0, "a token is left");
    if (!client_dies) {
        require(ended.call != NONE && ended.cancel != NONE, "a completion is missing");
        require((ended.answer == 0) == (ended.call == 24), "RETURN and the call disagree");
        require((ended.cancel == 0) == (ended.call == -CAPOS_STATUS_CANCELLED),
                "CANCEL and the call disagree");
        require(ended.answer != 0 || ended.cancel == -CAPOS_STATUS_REFUSED, "both have won");
    }
    finish();
}

// Two ways for one capability --------------------------------------------------------------------

static struct thing *thing;
static uint64_t moved;

static void one_capability(void) {
    struct capos_sqe recv;
    uint64_t result;

    begin();
    second = actor_thread(&pair.client, ring_small);
    kernel_enter(cpu_of(0));
    thing = thing_create(cpu_of(0), &pair.host->kernel.root);
    kernel_leave(cpu_of(0));
    moved = actor_grant(&pair.client, &thing->object, 9, CAPOS_SCOPE_ANY);
    recv = pair_recv(&pair);
    recv.room = 1;
    recv.descriptors = PAIR_RECEIVED;
    actor_run(&pair.client, cpu_of(1));
    actor_run(&second, cpu_of(2));
    *ring_user_next(&pair.server.ring) = recv;
    ck_assert(!actor_enter(&pair.server, 1, 1, CAPOS_NO_DEADLINE, &result));
}

static void dispose(unsigned number) {
    struct capos_sqe call = pair_call(&pair);
    struct capos_sqe release = {.opcode = CAPOS_OP_RELEASE, .cap = moved, .user_data = 500};
    struct capos_descriptor *sent = actor_at(&pair.client, PAIR_DESCRIPTORS);

    if (number == 1) {
        enter(&second, 2, &release, 0);
        return;
    }
    *sent = (struct capos_descriptor){.cap = moved, .kind = CAPOS_TRANSFER_MOVE};
    call.sent = 1;
    call.descriptors = PAIR_DESCRIPTORS;
    enter(&pair.client, 1, &call, 0);
}

static void check_disposed(void) {
    bool delivered, released;

    settle();
    look(&pair.client);
    look(&second);
    look(&pair.server);
    delivered = pair.server.process->tokens.live == 1;
    released = ended.release == 0;
    require(ended.release == 0 || ended.release == -CAPOS_STATUS_REFUSED, "RELEASE's result");
    require(delivered != released, "a capability went both ways or neither");
    require(delivered || ended.call == -CAPOS_STATUS_REFUSED, "the call's result");
    require(actor_holds(&pair.client, moved) != CAPOS_STATUS_OK, "it is still held");
    require((int)pair.server.process->table.used == 1 + delivered, "the server's table");
    require(things == delivered, "the object's life");
    finish();
}

// Use and revocation -----------------------------------------------------------------------------

static const struct object_type revoker_test_type = {.name = "Revoker",
                                                     .interface = 1,
                                                     .size = sizeof(struct revoker),
                                                     .kind = OBJECT_KERNEL,
                                                     .close = revoker_close};
static struct revoker *revoker;

static void answer_revoke(struct cpu *cpu, struct call *call, enum capos_status status) {
    call_fail(cpu, call, status);
}

static void revocable_copy(void) {
    struct captable_view view;

    begin();
    kernel_enter(cpu_of(0));
    ck_assert_int_eq(captable_lookup(&pair.client.process->table, pair.facet, &view),
                     CAPOS_STATUS_OK);
    ck_assert_int_eq(revoker_create(cpu_of(0), &revoker_test_type, pair.client.process->ledger,
                                    NULL, answer_revoke, &revoker),
                     CAPOS_STATUS_OK);
    object_get(view.object);
    view.revoker = revoker;
    revoker_get(revoker);
    ck_assert_int_eq(captable_insert(cpu_of(0), &pair.client.process->table, &view, &moved),
                     CAPOS_STATUS_OK);
    object_close_pending(cpu_of(0));
    kernel_leave(cpu_of(0));
    actor_run(&pair.client, cpu_of(1));
}

static void use_or_revoke(unsigned number) {
    struct capos_sqe call = pair_call(&pair);
    struct cpu *cpu = cpu_of(2);

    if (number == 0) {
        call.cap = moved;
        enter(&pair.client, 1, &call, 0);
        return;
    }
    kernel_enter(cpu);
    revoker_kill(cpu, revoker);
    for (int i = 0; i < 3; i++) // what is linked when that is done is swept by nobody
        (void)work_step(cpu);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void check_revoked(void) {
    settle();
    look(&pair.client);
    require(revoker->state == REVOKER_OVER, "a revocation does not end");
    require(ended.call == -CAPOS_STATUS_DISCONNECTED, "a use has survived its revocation");
    require(list_is_empty(&pair.endpoint->calls), "a revoked call is queued");
    kernel_enter(cpu_of(0));
    object_put(cpu_of(0), &revoker->object);
    object_close_pending(cpu_of(0));
    kernel_leave(cpu_of(0));
    finish();
}

// Parking ----------------------------------------------------------------------------------------

static void a_word(void) {
    begin();
    second = actor_thread(&pair.client, ring_small);
    *(uint32_t *)actor_at(&pair.client, WORD) = 0;
    actor_run(&pair.client, cpu_of(1));
    actor_run(&second, cpu_of(2));
}

static void park_or_wake(unsigned number) {
    uint64_t address = pair.client.thread->ring.address.value + WORD;
    struct capos_sqe park = {.opcode = CAPOS_OP_PARK,
                             .slot = 3,
                             .interface = address,
                             .user_data = 600,
                             .deadline = CAPOS_NO_DEADLINE};
    struct capos_sqe unpark = {
        .opcode = CAPOS_OP_UNPARK, .interface = address, .params = 1, .user_data = 700};

    if (number == 0) {
        enter(&pair.client, 1, &park, 0);
        return;
    }
    *(uint32_t *)actor_at(&pair.client, WORD) = 1;
    enter(&second, 2, &unpark, 0);
}

static void check_woken(void) {
    settle();
    look(&pair.client);
    look(&second);
    require(ended.park == 0 || ended.park == -CAPOS_STATUS_CHANGED, "a wake-up is lost");
    require(ended.unpark == (ended.park == 0), "UNPARK has counted wrongly");
    finish();
}

// Direct calls and answers ------------------------------------------------------------------------

static uint64_t direct_passes; // in all schedules
static uint64_t foreseen;      // the token that the call will have, or has

static void enter_alone(struct actor *actor, const struct capos_sqe *sqe) {
    uint64_t result;

    *ring_user_next(&actor->ring) = *sqe;
    (void)actor_enter(actor, 1, 1, CAPOS_NO_DEADLINE, &result);
    take_all(&pair.server);
    take_all(&pair.client);
}

static struct capos_sqe usual_answer(uint64_t token) {
    struct capos_sqe sqe = pair_return(token);

    sqe.flags = CAPOS_SQE_REARM | CAPOS_SQE_SKIP_CQE;
    return sqe;
}

// The server waits, on no CPU; the client, which has called once, runs on CPU 0.
static void waiting_server(void) {
    struct capos_sqe sqe;

    begin();
    sqe = pair_recv(&pair);
    enter_alone(&pair.server, &sqe);
    sqe = pair_call(&pair);
    enter_alone(&pair.client, &sqe);
    sqe = usual_answer(pair_message(&pair)->token);
    enter_alone(&pair.server, &sqe);
    ended.call = NONE;
    foreseen = token_id(token_at(&pair.server.process->tokens, pair.server.process->tokens.free));
    for (uint32_t n = 0; n < CPUS; n++)
        cpu_of(n)->counters.passes = 0;
}

static void waiting_server_and_second_caller(void) {
    waiting_server();
    second = actor_thread(&pair.client, ring_small);
    actor_run(&second, cpu_of(2));
}

static void waiting_server_and_its_second(void) {
    waiting_server();
    second = actor_thread(&pair.server, ring_small);
    actor_run(&second, cpu_of(2));
}

// The client waits for its answer, the server runs on CPU 0.
static void make_call(void) {
    struct capos_sqe call = pair_call(&pair);

    enter(&pair.client, 0, &call, 1);
    take_all(&pair.server);
    require(cpu_of(0)->current == pair.server.thread, "the server has the call");
    cpu_of(0)->counters.passes = 0;
}

static void waiting_caller(void) {
    waiting_server();
    make_call();
}

static void waiting_caller_and_second(void) {
    waiting_server_and_second_caller();
    make_call();
}

static void waiting_caller_and_second_server(void) {
    waiting_server_and_its_second();
    make_call();
}

static void call_from(struct actor *actor, uint32_t cpu) {
    struct capos_sqe call = pair_call(&pair);

    call.user_data = actor == &second ? 400 : 200;
    enter(actor, cpu, &call, 1);
}

static void end_process(struct actor *actor) {
    static const struct process_end killed = {.kind = PROCESS_KILLED};
    struct cpu *cpu = cpu_of(2);

    kernel_enter(cpu);
    process_kill(cpu, actor->process, &killed);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void direct_answer(void) {
    struct capos_sqe sqe = usual_answer(foreseen);

    enter(&pair.server, 0, &sqe, 1);
}

static void answer_from_second(void) {
    struct capos_sqe sqe = pair_return(foreseen);

    sqe.user_data = 500;
    enter(&second, 2, &sqe, 0);
}

static void call_or_kill_server(unsigned number) {
    if (number == 0)
        call_from(&pair.client, 0);
    else
        end_process(&pair.server);
}

static void call_or_kill_caller(unsigned number) {
    if (number == 0)
        call_from(&pair.client, 0);
    else
        end_process(&pair.client);
}

static void two_calls(unsigned number) {
    call_from(number == 0 ? &pair.client : &second, number * 2);
}

static void call_or_early_answer(unsigned number) {
    if (number == 0)
        call_from(&pair.client, 0);
    else
        answer_from_second();
}

static void answer_or_kill_caller(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        end_process(&pair.client);
}

static void answer_or_kill_server(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        end_process(&pair.server);
}

static void answer_or_call(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        call_from(&second, 2);
}

static void two_answers(unsigned number) {
    if (number == 0)
        direct_answer();
    else
        answer_from_second();
}

// Whoever waits has not got what it waits for, and all others have looked.
static void all_look(void) {
    struct actor *actors[] = {&pair.server, &pair.client, &second};

    settle();
    for (unsigned i = 0; i < 3; i++) {
        const struct thread *thread = actors[i]->thread;

        if (thread == NULL)
            continue;
        look(actors[i]);
        require(thread->state != THREAD_WAITING ||
                    thread->ring.cq_tail - thread->ring.cq_head < thread->ring.wait_for,
                "a wake-up is lost");
    }
    for (uint32_t n = 0; n < CPUS; n++)
        direct_passes += cpu_of(n)->counters.passes;
}

static bool is_waiting(const struct actor *actor) {
    return actor->thread->state == THREAD_WAITING;
}

static void check_call_and_dead_server(void) {
    all_look();
    require(ended.call == -CAPOS_STATUS_DISCONNECTED, "a call has not ended with its server");
    finish();
}

static void check_call_of_dead_caller(void) {
    all_look();
    require(is_waiting(&pair.server) == (pair.server.process->tokens.live == 0),
            "a cancelled call's server");
    finish();
}

static void check_two_calls(void) {
    all_look();
    require(pair.server.process->tokens.live == 1 && list_count(&pair.endpoint->calls) == 1 &&
                !is_waiting(&pair.server) && is_waiting(&pair.client) && is_waiting(&second),
            "one of two calls is delivered, the other one waits");
    finish();
}

static void check_early_answer(void) {
    all_look();
    require(!is_waiting(&pair.server), "the call has not come");
    require(ended.release == 0 || ended.release == -CAPOS_STATUS_REFUSED, "RETURN's result");
    require((ended.call == 24) == (ended.release == 0), "RETURN and the call disagree");
    require(pair.server.process->tokens.live == (ended.release != 0), "the token");
    finish();
}

static void check_answer_to_dead_caller(void) {
    all_look();
    require(ended.answer == NONE || ended.answer == -CAPOS_STATUS_CANCELLED, "RETURN's result");
    require(pair.server.process->tokens.live == 0, "a token is left");
    require(is_waiting(&pair.server) == (ended.answer == NONE), "the server's wait");
    finish();
}

static void check_answer_of_dead_server(void) {
    all_look();
    require(ended.call == 24 || ended.call == -CAPOS_STATUS_DISCONNECTED, "the call's result");
    finish();
}

static void check_answer_and_call(void) {
    all_look();
    require(ended.call == 24, "the call's result");
    require(pair.server.process->tokens.live == 1 && !is_waiting(&pair.server) &&
                list_is_empty(&pair.endpoint->calls),
            "the next call is delivered");
    finish();
}

static void check_two_answers(void) {
    all_look();
    require(ended.call == 24, "the call's result");
    require((ended.answer == NONE) != (ended.release == 0), "one of two has won");
    require(is_waiting(&pair.server) == (ended.answer == NONE), "the server's wait");
    finish();
}

static const struct {
    const char *name;
    struct race_scenario scenario;
    enum race_broken broken; // what must be there
} races[] = {
    {"RETURN against CANCEL", {2, held_call, end_held_call, check_held_call}, RACE_NO_CLAIM},
    {"RETURN against CANCEL against death",
     {3, held_call, end_held_call, check_held_call},
     RACE_NO_CLAIM},
    {"a capability that is moved and released",
     {2, one_capability, dispose, check_disposed},
     RACE_NO_LOCKS},
    {"use against revocation", {2, revocable_copy, use_or_revoke, check_revoked}, RACE_NO_LOCKS},
    {"park against unpark", {2, a_word, park_or_wake, check_woken}, RACE_NO_LOCKS},
    {"direct call against its server's death",
     {2, waiting_server, call_or_kill_server, check_call_and_dead_server},
     RACE_NO_LOCKS},
    {"direct call against its caller's death",
     {2, waiting_server, call_or_kill_caller, check_call_of_dead_caller},
     RACE_NO_LOCKS},
    {"two direct calls",
     {2, waiting_server_and_second_caller, two_calls, check_two_calls},
     RACE_NO_LOCKS},
    {"direct call against its early answer",
     {2, waiting_server_and_its_second, call_or_early_answer, check_early_answer},
     RACE_NO_LOCKS},
    {"direct answer against the caller's death",
     {2, waiting_caller, answer_or_kill_caller, check_answer_to_dead_caller},
     RACE_NO_LOCKS},
    {"direct answer against the server's death",
     {2, waiting_caller, answer_or_kill_server, check_answer_of_dead_server},
     RACE_NO_LOCKS},
    {"direct answer against the next call",
     {2, waiting_caller_and_second, answer_or_call, check_answer_and_call},
     RACE_NO_LOCKS},
    {"two answers, one of them direct",
     {2, waiting_caller_and_second_server, two_answers, check_two_answers},
     RACE_NO_LOCKS},
};

enum { RACES = sizeof races / sizeof races[0], FIRST_DIRECT = 5 };

static unsigned bound(void) {
    const char *given = getenv("RACE_PREEMPTIONS");

    return given == NULL ? 2 : (unsigned)strtoul(given, NULL, 0);
}

START_TEST(every_order_ends_well) {
    uint64_t runs = race_explore(&races[_i].scenario, bound());

    printf("# %s: %lu schedules of at most %u preemptions\n", races[_i].name, (unsigned long)runs,
           bound());
    fflush(stdout);
    ck_assert_uint_gt(runs, 20);
    ck_assert_int_eq(direct_passes > 0, _i >= FIRST_DIRECT);
}
END_TEST

// In a process of its own, which must fail; it may hang, too.
START_TEST(without_its_guard_it_fails) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        signal(SIGALRM, SIG_DFL); // not Check's, which would end the test itself
        alarm(20);
        race_broken = (int)races[_i].broken;
        (void)race_explore(&races[_i].scenario, 2);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "%s: nobody misses the guard",
                  races[_i].name);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core: races");
    TCase *whole = tcase_create("whole"), *broken = tcase_create("broken");

    tcase_set_timeout(whole, 1200);
    tcase_add_loop_test(whole, every_order_ends_well, 0, RACES);
    suite_add_tcase(suite, whole);
    tcase_set_timeout(broken, 120);
    tcase_add_loop_test(broken, without_its_guard_it_fails, 0, RACES);
    suite_add_tcase(suite, broken);
    return harness_run(suite);
}
