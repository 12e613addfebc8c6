// SPDX-License-Identifier: MIT
//
// judge: leads a handful of puppets through random operations and deeds, and compares what they
// tell with the model after each. Its seed and the number of operations and deeds are in the memory
// that it shares with the init (figures.h). Ends with status 0 when kernel and model agree to the
// end.
#include "base/format.h"
#include "base/memory.h"
#include "schemas/boot.capos.h"
#include "schemas/console.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/entropy.capos.h"
#include "schemas/inspection.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/serial.capos.h"
#include "schemas/session.capos.h"
#include "schemas/system.capos.h"
#include "schemas/time.capos.h"
#include "tests/guest/parts.h"
#include "tests/stress/court.h"
#include "tests/stress/deed.h"
#include "tests/stress/figures.h"
#include "tests/stress/ledgers.h"
#include "tests/stress/meeting.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/puppet.capos.h"
#include "tests/stress/tables.h"
#include "tests/stress/words.h"

// The kernel's own objects, of which a judge gives copies. Those without a name of a grant come
// from the init, in this order.
static struct gift {
    const char *grant;
    uint64_t interface, cap;
} gifts[] = {
    {"timer", CAPOS_TIMER_INTERFACE_ID, 0},
    {"frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID, 0},
    {"bootPackage", CAPOS_BOOT_PACKAGE_INTERFACE_ID, 0},
    {"spawner", CAPOS_PROCESS_SPAWNER_INTERFACE_ID, 0},
    {"endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID, 0},
    {"revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID, 0},
    {"inspector", CAPOS_PROCESS_INSPECTOR_INTERFACE_ID, 0},
    {"schedulingPolicy", CAPOS_SCHEDULING_POLICY_INTERFACE_ID, 0},
    {"systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID, 0},
    {"console", CAPOS_CONSOLE_INTERFACE_ID, 0},
    {"power", CAPOS_POWER_INTERFACE_ID, 0},
    {NULL, CAPOS_WALL_CLOCK_INTERFACE_ID, 0},
    {NULL, CAPOS_ENTROPY_INTERFACE_ID, 0},
    {NULL, CAPOS_SCHEDULER_STATISTICS_INTERFACE_ID, 0},
    {NULL, CAPOS_SERIAL_PORT_INTERFACE_ID, 0},
    {NULL, CAPOS_SESSION_AUTHORITY_INTERFACE_ID, 0},
};

enum { GIFTS = sizeof gifts / sizeof gifts[0] };

static uint64_t take_from_init(void) {
    struct stress_strings init = {capos_need("more", STRESS_STRINGS_INTERFACE_ID)};
    struct stress_strings_take_results results;
    struct capos_call call;

    if (stress_strings_take(&call, capos_ring(), init, &results) != CAPOS_DONE)
        capos_panic("the init gives nothing");
    uint64_t cap = stress_strings_take_results_capability(results).id;
    capos_call_release(&call);
    return cap;
}

static void find_gifts(void) {
    for (int i = 0; i < GIFTS; i++)
        gifts[i].cap = gifts[i].grant == NULL ? take_from_init()
                                              : capos_need(gifts[i].grant, gifts[i].interface);
}

static uint64_t make_receiver(int e) {
    struct capos_endpoint_receiver_results results;
    struct capos_call call;
    uint64_t cap = 0;

    if (capos_endpoint_receiver(&call, capos_ring(), court.endpoint[e], &results) == CAPOS_DONE)
        cap = capos_endpoint_receiver_results_receiver(results).id;
    capos_call_release(&call);
    return cap;
}

static uint64_t make_facet(int e, uint64_t id, uint8_t scope) {
    struct capos_endpoint_facet_results results;
    struct capos_call call;

    if (capos_endpoint_facet(&call, capos_ring(), court.endpoint[e], INTERFACE, id,
                             (enum capos_facet_scope)scope, &results) != CAPOS_DONE)
        capos_panic("no facet");
    uint64_t cap = capos_endpoint_facet_results_facet(results).id;
    capos_call_release(&call);
    return cap;
}

static void give(int p, int object, uint8_t scope, uint64_t cap, bool move) {
    uint64_t there;

    (void)model_fits(&court.model, p, 1);
    there = puppet_give(p, cap, move);
    court_check(p);
    (void)court_got_more(p, there, object, scope, 0);
}

// The model's object of something that is there once, which `id` tells apart.
static int object_of(uint64_t id, uint64_t interface, int what) {
    int object;

    for (int i = 0; i < court.model.objects; i++)
        if (court.model.object[i].kind == PLAIN && court.model.object[i].id == id)
            return i;
    object = model_object(&court.model, PLAIN, 0, id);
    court.model.object[object].interface = interface;
    court.model.object[object].what = what;
    return object;
}

static void give_gift(int p) {
    int first = (int)court_below(GIFTS), i = 0;

    while (i < GIFTS && court_find(p, gifts[(first + i) % GIFTS].interface) >= 0)
        i++;
    if (i == GIFTS || court_chance(10)) {
        int e = (int)court_below(ENDPOINTS);

        give(p, object_of(GIFTS + 1 + (uint64_t)e, CAPOS_ENDPOINT_INTERFACE_ID, e + 1),
             CAPOS_SCOPE_ANY, court.endpoint[e].id, false);
        return;
    }
    i = (first + i) % GIFTS;
    give(p, object_of((uint64_t)i + 1, gifts[i].interface, 0), CAPOS_SCOPE_ANY, gifts[i].cap,
         false);
}

// A new Receiver or root facet, or something of the kernel's, for somebody who doesn't wait.
static void supply(int p) {
    int e = (int)court_below(ENDPOINTS), object;
    uint8_t scope = (uint8_t)(CAPOS_SCOPE_SESSION + court_below(2));
    uint64_t cap, id;

    court_settle(p);
    if (!court_has_room(p, 1))
        return;
    if (court_chance(50)) {
        give_gift(p);
        return;
    }
    if (court.model.endpoint[e].server == p)
        return; // a facet of its own would come home, and take no slot
    if (court.model.endpoint[e].receiver < 0 && court_chance(40))
        return; // a puppet may make one (deed_endpoint.c)
    cap = make_receiver(e);
    court_expect((cap != 0) == (court.model.endpoint[e].receiver < 0), p,
                 "whether an endpoint has a Receiver");
    if (cap != 0) {
        object = model_object(&court.model, RECEIVER, e, 0);
        court.model.object[object].interface = CAPOS_RECEIVER_INTERFACE_ID;
        give(p, object, CAPOS_SCOPE_ANY, cap, true);
    } else {
        id = operations_id(&court.operations);
        object = model_object(&court.model, FACET, e, id);
        court.model.object[object].interface = INTERFACE;
        give(p, object, scope, make_facet(e, id, scope), true);
    }
}

// What a RETURN or UNPARK starts on behalf of another process may be run by that one's own thread,
// at the same time. So that it does not matter when it does, nobody takes a message meanwhile.
static void operate_quietly(int p, struct operation *operation) {
    operation->quietly = true;
    model_enter_quietly(&court.model, p, &operation->sqe, operation->sent, operation->word);
    puppet_do(p, COMMAND_OPERATE);
    for (int i = 0; i < PROCESSES; i++)
        if (court.model.process[i].due_count > 0) {
            model_enter_quietly(&court.model, i, NULL, NULL, 0);
            puppet_do(i, COMMAND_LOOK);
            court_check(i);
        }
}

static void operate(int p) {
    struct operation *operation = &puppets[p].box->operation;

    court_settle(p);
    for (int tries = 0; !operations_make(&court.operations, p, operation); tries++)
        if (tries == 20)
            return;
    if (model_starts_others(&court.model, p, &operation->sqe)) {
        court_wake_all();
        operate_quietly(p, operation);
    } else {
        model_enter(&court.model, p, &operation->sqe, operation->sent, operation->word);
        puppet_do(p, COMMAND_OPERATE);
    }
    court.operated++;
    court_expect_equal(puppets[p].box->entered, 1, p, "cap_enter's answer");
    court_check(p);
    court_run_woken();
}

static bool has_waiting(const struct m_process *process) {
    for (int i = 0; i < SLOTS; i++)
        if (process->call[i].state == WAITING || process->call[i].state == DUE)
            return true;
    return false;
}

// Processes run as they like, so one who waits may have only one thing to wait for: then it does
// not matter how soon it runs.
static void wait(int p) {
    int waiting = 0;

    for (int i = 0; i < PROCESSES; i++)
        waiting += court.model.process[i].waiting;
    if (waiting >= PROCESSES - 2 || !model_is_busy(&court.model, p))
        return;
    court_settle(p);
    if (!model_is_busy(&court.model, p) || court.model.process[p].armed_count > 1 ||
        has_waiting(&court.model.process[p]))
        return;
    puppet_begin(p, COMMAND_WAIT);
    model_wait(&court.model, p);
}

static void look(int p) {
    court_settle(p);
    ledgers_check(p);
    tables_check(p);
}

static void start(int p) {
    model_start(&court.model, p, 1);
    ledgers_start(p);
    tables_start(p);
}

// Half of them end by a page fault, for which the crash record must be right.
static void kill(int p) {
    bool crashes = court_chance(50), writes = court_chance(50);

    court_wake_all();
    look(p);
    deed_before_kill(p);
    if (crashes)
        court_expect(puppet_crash(p, memory_forbidden(p, writes), writes), p, "a puppet's crash");
    else
        court_expect(puppet_kill(p), p, "a puppet's end");
    court.crashes += crashes;
    model_kill(&court.model, p);
    deed_killed(p);
    tables_end(p);
    court.kills++;
}

static void one_step(void) {
    int p = (int)court_below(PROCESSES);
    uint64_t kind = court_below(1000);

    if (kind >= 500)
        p = operations_process(&court.operations);
    while (court.model.process[p].waiting)
        p = (p + 1) % PROCESSES;
    if (kind < 4) {
        kill(p);
        puppet_start(p);
        puppet_await(p);
        start(p);
    } else if (kind < 80) {
        supply(p);
    } else if (kind < 100) {
        court_wake_all();
    } else if (kind < 170) {
        wait(p);
    } else if (kind < 200) {
        look(p);
    } else if (kind < 500) {
        court_settle(p);
        deed_do(p);
    } else {
        operate(p);
    }
}

static void make_endpoints(void) {
    for (int i = 0; i < ENDPOINTS; i++)
        court.endpoint[i] = guest_endpoint();
}

static void tell_totals(void) {
    __atomic_fetch_add(&figures->operations, court.operated, __ATOMIC_RELAXED);
    __atomic_fetch_add(&figures->deeds, court.deeds, __ATOMIC_RELAXED);
    __atomic_fetch_add(&figures->messages, court.compare.messages, __ATOMIC_RELAXED);
    __atomic_fetch_add(&figures->kills, court.kills, __ATOMIC_RELAXED);
    __atomic_fetch_add(&figures->crashes, court.crashes, __ATOMIC_RELAXED);
}

int main(void) {
    uint64_t shared = capos_need("figures", CAPOS_MEMORY_OBJECT_INTERFACE_ID);
    uint32_t number;

    guest_attach();
    figures = guest_map(shared, CAPOS_PAGE_SIZE);
    number = __atomic_fetch_add(&figures->next_judge, 1, __ATOMIC_RELAXED);
    court.seed = __atomic_fetch_add(&figures->next_seed, 1, __ATOMIC_RELAXED);
    court.steps = figures->steps;
    court.compare.model = &court.model;
    model_init(&court.model);
    court.model.gone = deed_gone;
    court.model.word = words_find;
    operations_init(&court.operations, &court.model, court.seed);
    court.operations.waits = true;
    court.operations.name_word = words_name;
    find_gifts();
    make_endpoints();
    puppets_init();
    meeting_attend(shared, number, MEETING_BEGIN);
    puppets_start();
    for (int p = 0; p < PROCESSES; p++)
        start(p);
    for (court.step = 0; court.operated + court.deeds < court.steps; court.step++)
        one_step();
    for (int p = 0; p < PROCESSES; p++)
        kill(p);
    tell_totals();
    meeting_attend(shared, number, MEETING_END);
    return 0;
}
