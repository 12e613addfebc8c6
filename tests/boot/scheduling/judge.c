// SPDX-License-Identifier: MIT
//
// The init of the scheduling image: what capos-scheduling(7) promises, measured from outside on
// programs that take all that they can get. Shares are read from ProcessHandle.info, which counts
// what the kernel charged. Where time is counted in instructions (guest_parameters: "exact") they
// are the same each time; where the host's counts, a host that stops one processor for long, while
// it runs the others, shows in windows as short as these.
#include "base/bits.h"
#include "base/text.h"
#include "capos/runtime.h"
#include "schemas/demo/echo.capos.h"
#include "schemas/endpoint.capos.h"
#include "schemas/scheduling.capos.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum {
    TESTS = 28,
    MEMBERS_MAX = 12,
    WINDOW_MS = 1000,
    SETTLE_MS = 60,
    NORMAL = 1024,
    LOOKS = 6,
};

// In percent.
static uint64_t tolerance = 10;
static uint64_t missing = 20; // of a victim's fair share, at most

// Windows of which one must be right. Where the host's time counts there are some, as it may stop
// a processor in one; what is wrong with the kernel shows where time is exact, in the first.
static unsigned looks = 1;

static struct capos_scheduling_policy policy;
static struct capos_scheduler_statistics statistics;
static const struct guest_program hog = {.binary = "hog"};

// Programs that run against each other.
struct party {
    unsigned count;
    struct capos_process_handle member[MEMBERS_MAX];
    uint64_t time[MEMBERS_MAX]; // in ns, of the last window
};

static int set_weight(uint64_t target, uint32_t weight) {
    struct capos_scheduling_policy_set_weight_results results;
    struct capos_call call;
    int outcome = capos_scheduling_policy_set_weight(
        &call, capos_ring(), policy, (struct capos_capability){target}, weight, &results);

    capos_call_release(&call);
    return outcome;
}

static int set_affinity(uint64_t target, uint64_t processors) {
    struct capos_scheduling_policy_set_affinity_results results;
    struct capos_call call;
    int outcome = capos_scheduling_policy_set_affinity(
        &call, capos_ring(), policy, (struct capos_capability){target}, processors, &results);

    capos_call_release(&call);
    return outcome;
}

struct figures {
    uint64_t timers, interrupts, shootdowns, switches, steals, shares, wakes, idle, section;
};

static int read_processor(uint32_t index, struct figures *figures) {
    struct capos_scheduler_statistics_processor_results results;
    struct capos_call call;
    int outcome =
        capos_scheduler_statistics_processor(&call, capos_ring(), statistics, index, &results);

    if (outcome == CAPOS_DONE) {
        struct capos_processor_statistics from =
            capos_scheduler_statistics_processor_results_statistics(results);

        *figures = (struct figures){
            .timers = capos_processor_statistics_timer_interrupts(from),
            .interrupts = capos_processor_statistics_other_interrupts(from),
            .shootdowns = capos_processor_statistics_shootdowns(from),
            .switches = capos_processor_statistics_switches(from),
            .steals = capos_processor_statistics_steals(from),
            .shares = capos_processor_statistics_shares(from),
            .wakes = capos_processor_statistics_idle_wakes(from),
            .idle = capos_processor_statistics_idle_nanoseconds(from),
            .section = capos_processor_statistics_longest_section(from),
        };
    }
    capos_call_release(&call);
    return outcome;
}

// Timer interrupts of all processors together, and of the one that had most.
static uint64_t timer_interrupts(uint64_t each[]) {
    struct figures figures = {0};
    uint64_t sum = 0;

    for (uint32_t i = 0; i < guest_cpus(); i++) {
        if (read_processor(i, &figures) != CAPOS_DONE)
            capos_panic("there are no statistics");
        each[i] = figures.timers;
        sum += figures.timers;
    }
    return sum;
}

// Parties ------------------------------------------------------------------------------------

static void join(struct party *party, const struct guest_program *program) {
    party->member[party->count++] = guest_start(program);
}

static void pin(struct party *party, uint64_t processors) {
    for (unsigned i = 0; i < party->count; i++)
        if (set_affinity(party->member[i].id, processors) != CAPOS_DONE)
            capos_panic("a program can't be pinned");
}

static void window(struct party *party, uint64_t ms) {
    uint64_t before[MEMBERS_MAX];

    guest_sleep((uint64_t)SETTLE_MS * GUEST_MS);
    for (unsigned i = 0; i < party->count; i++)
        before[i] = guest_cpu_time(party->member[i]);
    guest_sleep(ms * GUEST_MS);
    for (unsigned i = 0; i < party->count; i++)
        party->time[i] = guest_cpu_time(party->member[i]) - before[i];
}

static uint64_t whole(const struct party *party) {
    uint64_t sum = 0;

    for (unsigned i = 0; i < party->count; i++)
        sum += party->time[i];
    return sum;
}

static void leave(struct party *party) {
    for (unsigned i = 0; i < party->count; i++)
        if (!guest_kill(party->member[i]))
            capos_panic("a program can't be killed");
    *party = (struct party){0};
}

// Is each member's part of what all got near what it should be?
static bool is_near(const struct party *party, const uint32_t parts[]) {
    uint64_t sum = max_u64(whole(party), 1), wanted = 0;
    bool near = true;

    for (unsigned i = 0; i < party->count; i++)
        wanted += parts[i];
    for (unsigned i = 0; i < party->count; i++) {
        uint64_t got = party->time[i] * wanted; // against parts[i] * sum
        uint64_t part = parts[i] * sum;

        near = near && got >= part - part / 100 * tolerance && got <= part + part / 100 * tolerance;
    }
    return near;
}

// One test: the parts in a window of so many ms, in thousandths.
static void check_parts(struct party *party, uint64_t ms, const uint32_t parts[],
                        const char *name) {
    struct format *line;
    bool near = false;

    for (unsigned i = 0; i < looks && !near; i++) {
        window(party, ms);
        near = is_near(party, parts);
    }
    line = guest_line(near, name);
    for (unsigned i = 0; i < party->count; i++) {
        format_text(line, i == 0 ? ": " : ", ");
        format_u64(line, party->time[i] * 1000 / max_u64(whole(party), 1));
    }
    format_text(line, " thousandths");
    guest_line_end();
}

// Tests ---------------------------------------------------------------------------------------

static void test_refusals(void) {
    struct capos_process_handle process = guest_start(&hog);
    struct figures figures;

    guest_check(set_weight(process.id, 63) == CAPOS_INVALID_ARGUMENT &&
                    set_weight(process.id, 65537) == CAPOS_INVALID_ARGUMENT &&
                    set_weight(guest_system()->timer, NORMAL) == CAPOS_INVALID_ARGUMENT &&
                    set_weight(policy.id, NORMAL) == CAPOS_INVALID_ARGUMENT &&
                    set_weight(process.id, NORMAL) == CAPOS_DONE,
                "weights that are none, and targets that are none");
    guest_check(set_affinity(process.id, 0) == CAPOS_INVALID_ARGUMENT &&
                    set_affinity(process.id, UINT64_C(1) << 63) == CAPOS_INVALID_ARGUMENT &&
                    set_affinity(guest_system()->timer, 1) == CAPOS_INVALID_ARGUMENT &&
                    set_affinity(process.id, UINT64_MAX) == CAPOS_DONE,
                "processors that the machine lacks");
    guest_check(read_processor(guest_cpus(), &figures) == CAPOS_INVALID_ARGUMENT &&
                    read_processor(UINT32_MAX, &figures) == CAPOS_INVALID_ARGUMENT &&
                    read_processor(0, &figures) == CAPOS_DONE && figures.switches > 0,
                "statistics of processors that the machine lacks");
    (void)guest_kill(process);
}

// A second in which nothing happens. What ends it is a deadline of ours on one processor; all
// others are left alone. A clock that is measured to a thousandth wakes a little early, and is set
// again.
static void test_idle(const char *name, const char *others) {
    enum { OWN = 4 };
    uint64_t before[64], after[64], most = 0, sum;

    guest_sleep((uint64_t)SETTLE_MS * GUEST_MS);
    sum = timer_interrupts(before);
    guest_sleep(UINT64_C(1000) * GUEST_MS);
    sum = timer_interrupts(after) - sum;
    for (uint32_t i = 0; i < guest_cpus(); i++)
        most = max_u64(most, after[i] - before[i]);
    guest_check_value(most >= 1 && most <= OWN, name, most);
    guest_check_value(sum == most, others, sum - most);
}

static void start_odd_hogs(struct party *party) {
    for (unsigned i = 0; i <= guest_cpus(); i++)
        join(party, &hog);
}

// Tables have grown then, and what is made once is made.
static void warm_up(void) {
    struct party party = {0};

    start_odd_hogs(&party);
    leave(&party);
}

static void test_odd_hogs(void) {
    static const uint32_t equal[MEMBERS_MAX] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct party party = {0};

    start_odd_hogs(&party);
    check_parts(&party, (uint64_t)2 * WINDOW_MS, equal,
                "one program more than processors: equal parts");
    leave(&party);
}

static void test_weights(void) {
    static const uint32_t weights[] = {512, 1024, 2048, 512};
    struct party party = {0};

    for (unsigned i = 0; i < 4; i++) {
        join(&party, &hog);
        if (set_weight(party.member[i].id, weights[i]) != CAPOS_DONE)
            capos_panic("a weight can't be set");
    }
    pin(&party, 1);
    check_parts(&party, (uint64_t)2 * WINDOW_MS, weights, "weights on one processor");
    leave(&party);
}

static void test_affinity(void) {
    static const uint32_t equal[] = {1, 1, 1};
    uint64_t last = UINT64_C(1) << (guest_cpus() - 1), began;
    struct party party = {0};

    for (unsigned i = 0; i < 3; i++)
        join(&party, &hog);
    guest_sleep(20 * GUEST_MS); // they are everywhere now
    pin(&party, last);
    began = guest_now();
    check_parts(&party, (uint64_t)WINDOW_MS, equal, "three programs on the last processor");
    guest_check_value(whole(&party) <= guest_now() - began,
                      "together no more than one processor, in ms", whole(&party) / GUEST_MS);
    leave(&party);
}

// A storm of this kind, still without what it needs.
static struct guest_program storm(const char *name) {
    struct guest_program program = {.binary = "storm"};

    guest_grant(&program, name, guest_system()->info);
    return program;
}

// A victim and the members of a storm on one processor: the victim has at least four fifths of its
// fair share, which is one of as many as there are threads.
static void check_victim(struct party *party, unsigned threads, const char *name) {
    uint64_t began, passed, fair;
    struct format *line;

    join(party, &hog);
    pin(party, 1);
    guest_sleep((uint64_t)SETTLE_MS * GUEST_MS);
    party->time[0] = guest_cpu_time(party->member[party->count - 1]);
    began = guest_now();
    guest_sleep((uint64_t)WINDOW_MS * GUEST_MS);
    party->time[0] = guest_cpu_time(party->member[party->count - 1]) - party->time[0];
    passed = guest_now() - began;
    fair = passed / threads;
    line = guest_line(party->time[0] >= fair - fair / 100 * missing, name);
    format_text(line, ": ");
    format_u64(line, party->time[0] * 100 / fair);
    format_text(line, " percent of its fair share");
    guest_line_end();
    leave(party);
}

static void test_storm(const char *kind, const char *name) {
    struct guest_program program = storm(kind);
    struct party party = {0};

    guest_grant(&program, "timer", guest_system()->timer);
    for (unsigned i = 0; i < 3; i++)
        join(&party, &program);
    check_victim(&party, 4, name);
}

// A Receiver and a facet of a new endpoint.
static void make_endpoint(uint64_t *receiver, uint64_t *facet) {
    struct capos_endpoint endpoint = guest_endpoint();

    *receiver = guest_receiver(endpoint);
    *facet = guest_facet(endpoint, DEMO_ECHO_INTERFACE_ID, 0);
    capos_release(endpoint.id);
}

// Two that call each other for ever, without a pause: they pass the processor from one to the
// other.
static void test_handoff(void) {
    struct guest_program server = {.binary = "echo", .limits = {.calls_held = 4}, .grants = 1};
    struct guest_program client = storm("calls");
    struct party party = {0};
    uint64_t receiver, facet;

    make_endpoint(&receiver, &facet);
    server.grant[0] = (struct guest_grant){"receiver", receiver, GUEST_MOVE};
    guest_grant(&client, "echo", facet);
    join(&party, &server);
    join(&party, &client);
    check_victim(&party, 3, "two that call each other for ever");
    capos_release(facet);
}

static void test_spawns(void) {
    struct guest_program program = storm("spawns");
    uint64_t binary = guest_binary("storm").id;
    struct party party = {0};

    program.limits = (struct guest_limits){
        .frames = 1024, .threads = 4, .kernel_memory = 256, .slots = 256, .reserved_pages = 300000};
    guest_grant(&program, "binary", binary);
    guest_grant(&program, "spawner", guest_system()->spawner);
    join(&party, &program);
    check_victim(&party, 3, "one that spawns and kills without end");
    capos_release(binary);
}

// Contexts ------------------------------------------------------------------------------------

static int create_context(uint64_t budget, uint64_t period, struct capos_scheduling_context *to) {
    struct capos_scheduling_policy_create_context_results results;
    struct capos_call call;
    int outcome = capos_scheduling_policy_create_context(&call, capos_ring(), policy, budget,
                                                         period, &results);

    if (outcome == CAPOS_DONE)
        *to = capos_scheduling_policy_create_context_results_context(results);
    capos_call_release(&call);
    return outcome;
}

static int bind(uint64_t target, uint64_t context) {
    struct capos_scheduling_policy_bind_results results;
    struct capos_call call;
    int outcome =
        capos_scheduling_policy_bind(&call, capos_ring(), policy, (struct capos_capability){target},
                                     (struct capos_scheduling_context){context}, &results);

    capos_call_release(&call);
    return outcome;
}

static int unbind(uint64_t target) {
    struct capos_scheduling_policy_unbind_results results;
    struct capos_call call;
    int outcome = capos_scheduling_policy_unbind(&call, capos_ring(), policy,
                                                 (struct capos_capability){target}, &results);

    capos_call_release(&call);
    return outcome;
}

static uint64_t charged(struct capos_scheduling_context context) {
    struct capos_scheduling_context_info_results results;
    struct capos_call call;
    uint64_t total = 0;

    if (capos_scheduling_context_info(&call, capos_ring(), context, &results) == CAPOS_DONE)
        total = capos_scheduling_context_info_results_total(results);
    capos_call_release(&call);
    return total;
}

static struct capos_scheduling_context need_context(uint64_t budget_ms, uint64_t period_ms) {
    struct capos_scheduling_context context;

    if (create_context(budget_ms * GUEST_MS, period_ms * GUEST_MS, &context) != CAPOS_DONE)
        capos_panic("a context can't be made");
    return context;
}

static void test_context_refusals(void) {
    struct capos_process_handle process = guest_start(&hog);
    struct capos_scheduling_context context = need_context(10, 40), none;

    guest_check(create_context(0, GUEST_MS, &none) == CAPOS_INVALID_ARGUMENT &&
                    create_context(2 * GUEST_MS, GUEST_MS, &none) == CAPOS_INVALID_ARGUMENT &&
                    create_context(GUEST_MS, UINT64_MAX, &none) == CAPOS_INVALID_ARGUMENT,
                "budgets and periods that are none");
    guest_check(bind(process.id, process.id) == CAPOS_INVALID_ARGUMENT &&
                    bind(context.id, context.id) == CAPOS_INVALID_ARGUMENT &&
                    bind(process.id, guest_system()->timer) == CAPOS_INVALID_ARGUMENT &&
                    unbind(context.id) == CAPOS_INVALID_ARGUMENT &&
                    unbind(process.id) == CAPOS_DONE,
                "bindings of what can't be bound");
    capos_release(context.id);
    (void)guest_kill(process);
}

// Is what was used within a tenth (on a busy host: more) of what the budget allows?
static bool is_right(uint64_t used, uint64_t allowed) {
    return used <= allowed + allowed / 100 * tolerance &&
           used >= allowed - allowed / 100 * tolerance;
}

// A test: what the first of the party uses in a window.
static void check_used(struct party *party, uint64_t ms, uint64_t allowed, const char *name) {
    for (unsigned i = 0; i == 0 || (i < looks && !is_right(party->time[0], allowed)); i++)
        window(party, ms);
    guest_check_value(is_right(party->time[0], allowed), name, party->time[0] / GUEST_MS);
}

// A quarter of a processor, though all of it is free, then all, then a quarter again.
static void test_budget(void) {
    struct capos_scheduling_context context = need_context(10, 40);
    struct party party = {0};

    join(&party, &hog);
    if (bind(party.member[0].id, context.id) != CAPOS_DONE)
        capos_panic("a program can't be bound");
    check_used(&party, WINDOW_MS, UINT64_C(250) * GUEST_MS, "a budget of a quarter, in ms of 1000");
    if (unbind(party.member[0].id) != CAPOS_DONE)
        capos_panic("a program can't be unbound");
    check_used(&party, 400, UINT64_C(400) * GUEST_MS, "and without it, in ms of 400");
    if (bind(party.member[0].id, context.id) != CAPOS_DONE)
        capos_panic("a program can't be bound");
    guest_check(guest_kill(party.member[0]), "one that waits for its budget is killed");
    capos_release(context.id);
}

// The client has a fifth of a processor and calls without end: the server's time is its own, too.
static void test_lending(void) {
    struct guest_program server = {.binary = "echo", .limits = {.calls_held = 4}, .grants = 1};
    struct capos_scheduling_context context = need_context(10, 50);
    struct guest_program client = storm("calls");
    struct party party = {0};
    uint64_t allowed = (uint64_t)(SETTLE_MS + WINDOW_MS) / 5 * GUEST_MS;
    uint64_t receiver, facet, before, total = 0;

    make_endpoint(&receiver, &facet);
    server.grant[0] = (struct guest_grant){"receiver", receiver, GUEST_MOVE};
    guest_grant(&client, "echo", facet);
    join(&party, &server);
    join(&party, &client);
    if (bind(party.member[1].id, context.id) != CAPOS_DONE)
        capos_panic("a program can't be bound");
    for (unsigned i = 0; i < looks && !is_right(total, allowed); i++) {
        before = charged(context);
        window(&party, WINDOW_MS);
        total = charged(context) - before;
    }
    guest_check_value(is_right(total, allowed),
                      "what a client with a budget of a fifth pays for, in ms of 1060",
                      total / GUEST_MS);
    // The server's own is what it does between a RETURN and the next call.
    guest_check_value(total > party.time[1] + party.time[0] / 2,
                      "most of its server's time, too, in ms", party.time[0] / GUEST_MS);
    leave(&party);
    capos_release(facet);
    capos_release(context.id);
}

// A program that is alone on its processor has no slices: nothing interrupts it.
static void test_alone(void) {
    enum { OWN = 4 };
    struct party party = {0};
    uint64_t each[64], sum;

    join(&party, &hog);
    guest_sleep((uint64_t)SETTLE_MS * GUEST_MS);
    sum = timer_interrupts(each);
    guest_sleep(UINT64_C(300) * GUEST_MS);
    sum = timer_interrupts(each) - sum;
    guest_check_value(sum <= OWN, "timer interrupts while one program runs alone", sum);
    leave(&party);
}

// Of the processors in a set, or of the others: how often they were told to forget translations.
static uint64_t shootdowns(uint64_t set) {
    struct figures figures = {0};
    uint64_t sum = 0;

    for (uint32_t i = 0; i < guest_cpus(); i++)
        if ((set >> i & 1) != 0 && read_processor(i, &figures) == CAPOS_DONE)
            sum += figures.shootdowns;
    return sum;
}

// One that unmaps without end, on some processors: only those are told that have its address space,
// so none when it has one thread; and with a second one, that one's.
static void test_residency(const char *kind, uint64_t processors, bool told, const char *name) {
    struct guest_program program = storm(kind);
    struct party party = {0};
    uint64_t here, elsewhere, time;

    program.grant[program.grants++] =
        (struct guest_grant){"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN};
    program.grant[program.grants++] =
        (struct guest_grant){"threadSpawner", CAPOS_OWN_CAPABILITY_THREAD_SPAWNER, GUEST_OWN};
    program.grant[program.grants++] =
        (struct guest_grant){"threadControl", CAPOS_OWN_CAPABILITY_THREAD_CONTROL, GUEST_OWN};
    join(&party, &program);
    pin(&party, processors);
    guest_sleep((uint64_t)SETTLE_MS * GUEST_MS);
    here = shootdowns(processors);
    elsewhere = shootdowns(~processors);
    time = guest_cpu_time(party.member[0]);
    guest_sleep(UINT64_C(200) * GUEST_MS);
    here = shootdowns(processors) - here;
    elsewhere = shootdowns(~processors) - elsewhere;
    time = guest_cpu_time(party.member[0]) - time;
    guest_check_value(time > UINT64_C(100) * GUEST_MS && elsewhere == 0 &&
                          (told ? here > 0 : here == 0),
                      name, here);
    leave(&party);
}

static void print_sections(void) {
    struct figures figures = {0};
    uint64_t longest = 0, shares = 0, steals = 0;

    for (uint32_t i = 0; i < guest_cpus(); i++) {
        (void)read_processor(i, &figures);
        longest = max_u64(longest, figures.section);
        shares += figures.shares;
        steals += figures.steals;
    }
    guest_note("longest section without interrupts, in ns", longest);
    guest_note("threads given to another processor", shares);
    guest_note("threads taken from another processor", steals);
    guest_check(longest > 0, "the debug kernel measures sections without interrupts");
}

int main(void) {
    static const char exact[] = "exact";
    const char *parameters;

    guest_begin(TESTS);
    parameters = guest_parameters();
    policy.id = capos_need("schedulingPolicy", CAPOS_SCHEDULING_POLICY_INTERFACE_ID);
    statistics.id = capos_need("schedulerStatistics", CAPOS_SCHEDULER_STATISTICS_INTERFACE_ID);
    if (!text_is(parameters, text_length(parameters, sizeof exact), exact)) {
        tolerance = 40;
        missing = 40;
        looks = LOOKS;
    }
    warm_up();
    (void)guest_baseline();
    test_idle("timer interrupts in an idle second, for its end", "and on other processors");
    test_refusals();
    test_alone();
    test_odd_hogs();
    test_weights();
    test_affinity();
    test_storm("yields", "three that enter the kernel without end");
    test_storm("nops", "three that submit without end");
    test_storm("timers", "three that set timers without end");
    test_handoff();
    test_spawns();
    test_residency("unmaps", 1, false, "shootdowns for one that unmaps without end");
    test_residency("sharedUnmaps", 3, guest_cpus() > 1, "and for one with a second thread");
    test_context_refusals();
    test_budget();
    test_lending();
    test_idle("timer interrupts in an idle second afterwards", "and on other processors");
    print_sections();
    guest_check_memory();
    guest_end();
}
