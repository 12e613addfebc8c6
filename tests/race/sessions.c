// SPDX-License-Identifier: MIT
//
// Whether a process that is being made in a session survives the session's end.
#include "core/process.h"
#include "core/session.h"
#include "core/thread.h"
#include "core/work.h"
#include "tests/race/world.h"

enum { MAKER = 1, ENDER = 2, SWEEPS = 4 };

static struct session_object *session;
static struct process *born; // a reference; NULL when it was refused

static void answer_end(struct cpu *cpu, struct call *call, enum capos_status status) {
    call_fail(cpu, call, status);
}

static const struct object_type session_test_type = {.name = "Session",
                                                     .interface = 2,
                                                     .size = sizeof(struct session_object),
                                                     .kind = OBJECT_KERNEL,
                                                     .close = revoker_close};

static void a_session(void) {
    world_begin();
    born = NULL;
    kernel_enter(world_cpu(0));
    ck_assert_int_eq(session_create(world_cpu(0), &session_test_type, &world.pair.host->kernel.root,
                                    NULL, answer_end, &session),
                     CAPOS_STATUS_OK);
    kernel_leave(world_cpu(0));
}

static void be_born(struct cpu *cpu) {
    const struct process_start start = {.name = "born",
                                        .session = session->session,
                                        .session_object = session,
                                        .limits = host_limits};
    const struct thread_start first = {
        .entry = {0x400000}, .stack = {0x7ffff000}, .capset = {0x20000}, .ring = ring_small};
    struct thread *thread;
    enum capos_status status;

    kernel_enter(cpu);
    if (revoker_is_dead(&session->revoker)) { // a first look, which is not enough
        kernel_leave(cpu);
        return;
    }
    status = process_create(cpu, &cpu->kernel->root, &start, &born);
    world_require(status == CAPOS_STATUS_OK || status == CAPOS_STATUS_DISCONNECTED,
                  "a birth is refused in some other way");
    if (status == CAPOS_STATUS_OK) {
        ck_assert_int_eq(thread_create(cpu, born, &first, &thread), CAPOS_STATUS_OK);
        thread_start(cpu, thread);
    }
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void born_or_ended(unsigned number) {
    struct cpu *cpu = world_cpu(ENDER);

    if (number == 0) {
        be_born(world_cpu(MAKER));
        return;
    }
    kernel_enter(cpu);
    revoker_kill(cpu, &session->revoker);
    for (int i = 0; i < SWEEPS; i++) // who joins when that is done is found by nobody
        (void)work_step(cpu);
    object_close_pending(cpu);
    kernel_leave(cpu);
}

static void check_nobody_is_left(void) {
    struct cpu *cpu = world_cpu(0);

    host_settle_deaths(world.pair.host);
    world_require(session->revoker.state == REVOKER_OVER, "the end of a session does not end");
    world_require(session->processes == 0, "a session that has ended has a process");
    world_require(born == NULL || born->state == PROCESS_ENDED,
                  "a process has survived its session");
    world_require(born == NULL || born->end.kind == PROCESS_SESSION_ENDED,
                  "a process does not know why it has ended");
    kernel_enter(cpu);
    if (born != NULL)
        object_put(cpu, &born->object);
    object_put(cpu, &session->revoker.object);
    object_close_pending(cpu);
    kernel_leave(cpu);
    world_finish();
}

const struct race session_races[] = {
    {"a birth against the end of its session",
     {2, a_session, born_or_ended, check_nobody_is_left},
     RACE_ONE_LOOK,
     0},
    {0},
};
