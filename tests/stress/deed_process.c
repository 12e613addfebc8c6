// SPDX-License-Identifier: MIT
//
// Deeds with processes: ProcessSpawner and ProcessHandle. Children are idlers (idler.c): those that
// end at once are waited for at once; those that stay are killed through their handles, or told to
// end when their puppet is.
#include "base/format.h"
#include "base/memory.h"
#include "base/text.h"
#include "capos/park.h"
#include "schemas/process.capos.h"
#include "schemas/session.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/idler.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/process_model.h"
#include "tests/stress/puppet_ring.h"

enum { CHILDREN = 64, SPAWNERS = 32, LIVING_MOST = 2 };

struct child {
    bool used, living;
    int names; // objects that lead to it
    bool told; // to end: it does so at some time
    int p;
    int session; // revoker of the session that it was spawned in, or 0
    bool vague;  // it may have ended itself, or with its session
    uint64_t id; // once it is known
    enum capos_process_end_which end;
    int status;
};

static struct child children[CHILDREN];

// Narrowed spawners: what they lend of slots. 0 is the one that is not narrowed.
static struct {
    bool used;
    uint32_t slots;
} spawners[SPAWNERS] = {{.used = true}};

static const uint32_t lends[LIMIT_CLASSES] = {
    [LIMIT_SLOTS] = 8,   [LIMIT_FRAMES] = 96,        [LIMIT_RESERVED_PAGES] = 160,
    [LIMIT_THREADS] = 1, [LIMIT_KERNEL_MEMORY] = 64,
};

static uint32_t living(int p) {
    uint32_t n = 0;

    for (int i = 0; i < CHILDREN; i++)
        n += children[i].used && children[i].living && children[i].p == p;
    return n;
}

uint64_t process_lent(int p, enum limit_class limit) {
    return (uint64_t)living(p) * lends[limit];
}

// Slots that are lent can't be used.
static void count_lent(int p) {
    court.model.process[p].lent = (int)process_lent(p, LIMIT_SLOTS);
}

bool process_is_living(int what) {
    return children[what].living;
}

bool process_is_told(int what) {
    return children[what].told;
}

int process_keep(int what) {
    children[what].names++;
    return what;
}

void process_gone(int what) {
    children[what].names--;
    children[what].used = children[what].living || children[what].names > 0;
}

void process_spawner_gone(int what) {
    if (what != 0)
        spawners[what].used = false;
}

void process_session_ended(int session) {
    for (int i = 0; i < CHILDREN; i++) {
        struct child *child = &children[i];

        if (!child->used || child->session != session || (!child->living && !child->told))
            continue;
        child->vague = child->told;
        child->told = child->living = false;
        child->end = CAPOS_PROCESS_END_WHICH_SESSION_ENDED;
        child->used = child->names > 0;
        count_lent(child->p);
    }
}

void process_before_kill(int p) {
    struct mailbox *box = puppets[p].box;

    for (int i = 0; i < CHILDREN; i++) {
        struct child *child = &children[i];

        if (!child->used || !child->living || child->p != p)
            continue;
        child->living = false;
        child->told = true;
        child->end = CAPOS_PROCESS_END_WHICH_EXITED;
        child->status = 0;
        child->used = child->names > 0;
    }
    count_lent(p);
    __atomic_store_n(&box->generation, box->generation + 1, __ATOMIC_RELEASE);
    capos_unpark_shared(puppets[p].memory, IDLER_WORD, UINT32_MAX);
}

// A capability of the puppet's for the idler's whole binary.
static int find_binary(int p) {
    int first = (int)court_below(HOLDS);

    for (int i = 0; i < HOLDS; i++) {
        int hold = (first + i) % HOLDS;
        const struct memory_view *view;

        if (court_hold(p, hold)->object < 0 || court_hold(p, hold)->cap == 0 ||
            court_object(p, hold)->kind != PLAIN ||
            court_object(p, hold)->interface != CAPOS_MEMORY_OBJECT_INTERFACE_ID)
            continue;
        view = &memory.view[court_object(p, hold)->what];
        if (view->whole && memory.root[view->root].program)
            return hold;
    }
    return -1;
}

static void set_limits(struct capos_resource_limits_builder limits) {
    capos_resource_limits_set_slots(limits, lends[LIMIT_SLOTS]);
    capos_resource_limits_set_frames(limits, lends[LIMIT_FRAMES]);
    capos_resource_limits_set_reserved_pages(limits, lends[LIMIT_RESERVED_PAGES]);
    capos_resource_limits_set_threads(limits, lends[LIMIT_THREADS]);
    capos_resource_limits_set_kernel_memory(limits, lends[LIMIT_KERNEL_MEMORY]);
}

static void set_grant(struct capos_process_spawner_spawn_params_builder params, int p) {
    struct capos_spawn_grant_list_builder list =
        capos_process_spawner_spawn_params_init_grants(params, 1);
    struct capos_spawn_grant_builder grant = capos_spawn_grant_list_builder_at(list, 0);
    struct format f;
    char name[24];

    format_init(&f, name, sizeof name);
    format_text(&f, "stay=");
    format_u64(&f, puppets[p].box->generation);
    capos_spawn_grant_set_name(grant, (struct capos_text){name, (uint32_t)f.used});
    capos_spawn_grant_give_capability(grant, capos_descriptor_copy(puppets[p].box->box_cap));
}

static int send_spawn(int p, uint64_t spawner, uint64_t binary, uint64_t session, bool stays,
                      struct capos_call *call,
                      struct capos_process_spawner_spawn_results *results) {
    struct capos_process_spawner_spawn_params_builder params = capos_process_spawner_spawn_begin(
        call, puppet_ring(p), (struct capos_process_spawner){spawner});

    capos_process_spawner_spawn_params_set_binary(params, (struct capos_memory_object){binary});
    capos_process_spawner_spawn_params_set_name(params, capos_text_of("idler"));
    set_limits(capos_process_spawner_spawn_params_init_limits(params));
    if (session != 0)
        capos_process_spawner_spawn_params_set_session(params, (struct capos_session){session});
    if (stays)
        set_grant(params, p);
    return capos_process_spawner_spawn_call(call, results);
}

// What a process has ended with, from its handle.
static void wait_for(int p, uint64_t handle, const struct child *child) {
    struct capos_process_handle_wait_results results;
    struct capos_process_end end;
    struct capos_call call;
    int got = capos_process_handle_wait(&call, puppet_ring(p),
                                        (struct capos_process_handle){handle}, &results);

    court_expect_equal((uint64_t)got, CAPOS_DONE, p, "wait ends with");
    end = capos_process_handle_wait_results_end(results);
    if (child->vague)
        return;
    court_expect_equal(capos_process_end_which(end), child->end, p, "how a process has ended");
    if (child->end == CAPOS_PROCESS_END_WHICH_EXITED)
        court_expect_equal((uint64_t)capos_process_end_exited(end), (uint64_t)child->status, p,
                           "a process's status");
}

static bool spawn(int p) {
    int spawner = court_find(p, CAPOS_PROCESS_SPAWNER_INTERFACE_ID), binary = find_binary(p);
    struct capos_process_spawner_spawn_results results;
    bool stays = court_chance(60);
    int what = 0, want, got, from, session;
    struct capos_call call;
    uint64_t cap;

    while (what < CHILDREN && children[what].used)
        what++;
    if (spawner < 0 || binary < 0 || what == CHILDREN || (stays && living(p) >= LIVING_MOST))
        return false;
    for (int i = 0; i < LIMIT_CLASSES; i++)
        if (!ledgers_have(p, (enum limit_class)i, lends[i] + (i == LIMIT_SLOTS)))
            return false;
    from = court_object(p, spawner)->what;
    session = court_chance(30) ? court_find(p, CAPOS_SESSION_INTERFACE_ID) : -1;
    want = court_outcome(p, spawner, 1);
    if (want == CAPOS_DONE && model_is_dead(&court.model, court_hold(p, binary)->revoker))
        want = CAPOS_INVALID_ARGUMENT;
    else if (want == CAPOS_DONE && session >= 0 &&
             model_is_dead(&court.model, court_hold(p, session)->revoker))
        want = CAPOS_DISCONNECTED;
    else if (want == CAPOS_DONE && from != 0 && spawners[from].slots < lends[LIMIT_SLOTS])
        want = CAPOS_OVERLOADED;
    else if (want == CAPOS_DONE && session >= 0 &&
             model_is_dead(&court.model, court_object(p, session)->what))
        want = CAPOS_DISCONNECTED;
    got = send_spawn(p, court_hold(p, spawner)->cap, court_hold(p, binary)->cap,
                     session < 0 ? 0 : court_hold(p, session)->cap, stays, &call, &results);
    if (!court_ended(p, got, want))
        return true;
    children[what] = (struct child){.used = true,
                                    .names = 1,
                                    .living = stays,
                                    .p = p,
                                    .session = session < 0 ? 0 : court_object(p, session)->what,
                                    .end = CAPOS_PROCESS_END_WHICH_EXITED,
                                    .status = IDLER_STATUS};
    cap = capos_process_spawner_spawn_results_process(results).id;
    (void)court_got(p, cap, CAPOS_PROCESS_HANDLE_INTERFACE_ID, what);
    if (!stays)
        wait_for(p, cap, &children[what]);
    count_lent(p);
    ledgers_check(p);
    return true;
}

static bool narrow(int p) {
    int hold = court_find(p, CAPOS_PROCESS_SPAWNER_INTERFACE_ID), what = 0, want, got;
    struct capos_process_spawner_narrow_params_builder params;
    struct capos_process_spawner_narrow_results results;
    struct capos_call call;
    uint32_t slots;

    while (what < SPAWNERS && spawners[what].used)
        what++;
    if (hold < 0 || what == SPAWNERS)
        return false;
    slots = 1 + (uint32_t)court_below(20);
    want = court_outcome(p, hold, 1);
    params = capos_process_spawner_narrow_begin(
        &call, puppet_ring(p), (struct capos_process_spawner){court_hold(p, hold)->cap});
    capos_resource_limits_set_slots(capos_process_spawner_narrow_params_init_limits(params), slots);
    got = capos_process_spawner_narrow_call(&call, &results);
    if (!court_ended(p, got, want))
        return true;
    spawners[what].used = true;
    spawners[what].slots = slots;
    if (court_object(p, hold)->what != 0 && spawners[court_object(p, hold)->what].slots < slots)
        spawners[what].slots = spawners[court_object(p, hold)->what].slots;
    (void)court_got(p, capos_process_spawner_narrow_results_spawner(results).id,
                    CAPOS_PROCESS_SPAWNER_INTERFACE_ID, what);
    return true;
}

static bool limits(int p) {
    int hold = court_find(p, CAPOS_PROCESS_SPAWNER_INTERFACE_ID), want, got, what;
    struct capos_process_spawner_limits_results results;
    struct capos_call call;

    if (hold < 0)
        return false;
    what = court_object(p, hold)->what;
    want = court_outcome(p, hold, 0);
    got = capos_process_spawner_limits(
        &call, puppet_ring(p), (struct capos_process_spawner){court_hold(p, hold)->cap}, &results);
    if (!court_ended(p, got, want))
        return true;
    court_expect(capos_process_spawner_limits_results_narrowed(results) == (what != 0), p,
                 "whether a spawner is narrowed");
    if (what != 0)
        court_expect_equal(
            capos_resource_limits_slots(capos_process_spawner_limits_results_limits(results)),
            spawners[what].slots, p, "what a spawner lends");
    return true;
}

static int find_child(int p, struct child **child) {
    int hold = court_find(p, CAPOS_PROCESS_HANDLE_INTERFACE_ID);

    if (hold >= 0)
        *child = &children[court_object(p, hold)->what];
    return hold;
}

static struct capos_process_handle handle_at(int p, int hold) {
    return (struct capos_process_handle){court_hold(p, hold)->cap};
}

// Of one that lives the wait is cancelled.
static bool wait(int p) {
    struct capos_process_handle_wait_results results;
    struct child *child;
    int hold = find_child(p, &child), want, got;
    struct capos_call call;

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    if (want == CAPOS_DONE && !child->living) {
        wait_for(p, court_hold(p, hold)->cap, child);
        child->told = false;
        return true;
    }
    capos_process_handle_wait_begin(&call, puppet_ring(p), handle_at(p, hold));
    (void)capos_process_handle_wait_send(&call);
    if (want == CAPOS_DONE) {
        puppet_ring_submit(&call);
        puppet_ring_cancel(&call);
        want = -CAPOS_STATUS_CANCELLED;
    }
    got = capos_process_handle_wait_wait(&call, &results);
    (void)court_ended(p, got, want);
    return true;
}

static bool kill(int p) {
    struct capos_process_handle_kill_results results;
    struct child *child;
    int hold = find_child(p, &child), want, got;
    struct capos_call call;

    if (hold < 0 || child->told)
        return false;
    want = court_outcome(p, hold, 0);
    got = capos_process_handle_kill(&call, puppet_ring(p), handle_at(p, hold), &results);
    (void)court_ended(p, got, want);
    if (got != CAPOS_DONE || !child->living)
        return true;
    child->living = false;
    child->end = CAPOS_PROCESS_END_WHICH_KILLED;
    count_lent(child->p);
    return true;
}

static bool info(int p) {
    struct capos_process_handle_info_results results;
    struct child *child;
    int hold = find_child(p, &child), want, got;
    struct capos_text name;
    struct capos_call call;
    uint64_t id;

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    got = capos_process_handle_info(&call, puppet_ring(p), handle_at(p, hold), &results);
    if (!court_ended(p, got, want))
        return true;
    id = capos_process_handle_info_results_id(results);
    name = capos_process_handle_info_results_name(results);
    court_expect(text_is(name.data, name.size, "idler"), p, "a process's name");
    court_expect(child->id == 0 || child->id == id, p, "a process's number has changed");
    child->id = id;
    if (!child->told)
        court_expect_equal(capos_process_handle_info_results_state(results),
                           child->living ? CAPOS_PROCESS_STATE_RUNNING : CAPOS_PROCESS_STATE_ENDED,
                           p, "a process's state");
    return true;
}

const struct deed deeds_process[] = {
    {"ProcessSpawner.spawn", spawn},
    {"ProcessSpawner.narrow", narrow},
    {"ProcessSpawner.limits", limits},
    {"ProcessHandle.wait", wait},
    {"ProcessHandle.kill", kill},
    {"ProcessHandle.info", info},
    {NULL, NULL},
};
