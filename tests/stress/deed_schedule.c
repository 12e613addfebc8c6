// SPDX-License-Identifier: MIT
//
// Deeds with scheduling: SchedulingPolicy, SchedulingContext and SchedulerStatistics. Whoever is
// given less time by it does what it does later; what comes of it is the same.
#include "schemas/process.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/thread.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/process_model.h"
#include "tests/stress/puppet_ring.h"
#include "tests/stress/schedule_model.h"
#include "tests/stress/thread_model.h"

enum { CONTEXTS = 64, US = 1000, PERIOD_MOST = 10000 }; // ns, us

static struct {
    bool used;
    uint64_t budget, period;
} contexts[CONTEXTS];

void schedule_gone(int what) {
    contexts[what].used = false;
}

static struct capos_scheduling_policy policy_at(int p, int hold) {
    return (struct capos_scheduling_policy){court_hold(p, hold)->cap};
}

// The policy, and somebody who can be its target; what a method ends with if its own params are
// good. -1: there is none.
struct aim {
    int policy, target, outcome;
};

static struct aim find_aim(int p) {
    struct aim aim = {.policy = court_find(p, CAPOS_SCHEDULING_POLICY_INTERFACE_ID)};
    bool process = court_chance(50);
    int what;

    aim.target = court_find(p, process ? CAPOS_PROCESS_HANDLE_INTERFACE_ID
                                       : CAPOS_THREAD_HANDLE_INTERFACE_ID);
    if (aim.target < 0 || aim.policy < 0) {
        aim.policy = -1;
        return aim;
    }
    what = court_object(p, aim.target)->what;
    if (process ? !process_is_living(what) : !thread_is_living(what) && !thread_is_detached(what)) {
        aim.policy = -1; // what holds for those that have ended is nobody's promise
        return aim;
    }
    aim.outcome = court_outcome(p, aim.policy, 0);
    if (aim.outcome == CAPOS_DONE &&
        model_is_dead(&court.model, court_hold(p, aim.target)->revoker))
        aim.outcome = CAPOS_INVALID_ARGUMENT;
    else if (aim.outcome == CAPOS_DONE && !process && thread_is_detached(what))
        aim.outcome = CAPOS_DISCONNECTED;
    return aim;
}

static struct capos_capability target_of(int p, const struct aim *aim) {
    return (struct capos_capability){court_hold(p, aim->target)->cap};
}

static bool set_weight(int p) {
    struct capos_scheduling_policy_set_weight_results results;
    struct aim aim = find_aim(p);
    uint32_t weight = (uint32_t)court_below(CAPOS_MOST_WEIGHT + CAPOS_MOST_WEIGHT / 10);
    struct capos_call call;
    int got;

    if (aim.policy < 0)
        return false;
    if (aim.outcome == CAPOS_DONE && (weight < CAPOS_LEAST_WEIGHT || weight > CAPOS_MOST_WEIGHT))
        aim.outcome = CAPOS_INVALID_ARGUMENT;
    got = capos_scheduling_policy_set_weight(&call, puppet_ring(p), policy_at(p, aim.policy),
                                             target_of(p, &aim), weight, &results);
    (void)court_ended(p, got, aim.outcome);
    return true;
}

static bool set_affinity(int p) {
    struct capos_scheduling_policy_set_affinity_results results;
    struct aim aim = find_aim(p);
    uint64_t there = (UINT64_C(1) << guest_cpus()) - 1, processors = court_below(32);
    struct capos_call call;
    int got;

    if (aim.policy < 0)
        return false;
    if (aim.outcome == CAPOS_DONE && (processors & there) == 0)
        aim.outcome = CAPOS_INVALID_ARGUMENT;
    got = capos_scheduling_policy_set_affinity(&call, puppet_ring(p), policy_at(p, aim.policy),
                                               target_of(p, &aim), processors, &results);
    (void)court_ended(p, got, aim.outcome);
    return true;
}

static bool create_context(int p) {
    int policy = court_find(p, CAPOS_SCHEDULING_POLICY_INTERFACE_ID), what = 0, want, got;
    uint64_t period = (court_below(PERIOD_MOST) + 1000 - court_chance(5) * 1000) * US;
    uint64_t budget = court_chance(5) ? period + 1 : period / (1 + court_below(3));
    struct capos_scheduling_policy_create_context_results results;
    struct capos_call call;

    while (what < CONTEXTS && contexts[what].used)
        what++;
    if (policy < 0 || what == CONTEXTS)
        return false;
    want = court_outcome(p, policy, 1);
    if (want == CAPOS_DONE &&
        (period < UINT64_C(1000) * US || budget < UINT64_C(100) * US || budget > period))
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_scheduling_policy_create_context(&call, puppet_ring(p), policy_at(p, policy),
                                                 budget, period, &results);
    if (!court_ended(p, got, want))
        return true;
    contexts[what].used = true;
    contexts[what].budget = budget;
    contexts[what].period = period;
    (void)court_got(p, capos_scheduling_policy_create_context_results_context(results).id,
                    CAPOS_SCHEDULING_CONTEXT_INTERFACE_ID, what);
    return true;
}

static bool bind(int p) {
    int context = court_find(p, CAPOS_SCHEDULING_CONTEXT_INTERFACE_ID), got;
    struct capos_scheduling_policy_bind_results results;
    struct aim aim = find_aim(p);
    struct capos_call call;

    if (aim.policy < 0 || context < 0)
        return false;
    if (court_outcome(p, aim.policy, 0) == CAPOS_DONE &&
        model_is_dead(&court.model, court_hold(p, context)->revoker))
        aim.outcome = CAPOS_INVALID_ARGUMENT;
    got = capos_scheduling_policy_bind(
        &call, puppet_ring(p), policy_at(p, aim.policy), target_of(p, &aim),
        (struct capos_scheduling_context){court_hold(p, context)->cap}, &results);
    (void)court_ended(p, got, aim.outcome);
    return true;
}

static bool unbind(int p) {
    struct capos_scheduling_policy_unbind_results results;
    struct aim aim = find_aim(p);
    struct capos_call call;
    int got;

    if (aim.policy < 0)
        return false;
    got = capos_scheduling_policy_unbind(&call, puppet_ring(p), policy_at(p, aim.policy),
                                         target_of(p, &aim), &results);
    (void)court_ended(p, got, aim.outcome);
    return true;
}

static bool info(int p) {
    struct capos_scheduling_context_info_results results;
    struct deed_call deed;
    int what;

    if (!deed_begin(&deed, p, CAPOS_SCHEDULING_CONTEXT_INTERFACE_ID, 0))
        return false;
    if (!deed_ended(&deed, capos_scheduling_context_info(
                               &deed.call, deed.ring, (struct capos_scheduling_context){deed.cap},
                               &results)))
        return true;
    what = deed_object(&deed)->what;
    court_expect_equal(capos_scheduling_context_info_results_budget(results), contexts[what].budget,
                       p, "a context's budget");
    court_expect_equal(capos_scheduling_context_info_results_period(results), contexts[what].period,
                       p, "a context's period");
    return true;
}

static bool statistics(int p) {
    struct capos_scheduler_statistics_processor_results results;
    uint32_t index = (uint32_t)court_below(guest_cpus() + 1u);
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_SCHEDULER_STATISTICS_INTERFACE_ID, 0))
        return false;
    deed_refused_if(&deed, index >= guest_cpus(), CAPOS_INVALID_ARGUMENT);
    (void)deed_ended(&deed, capos_scheduler_statistics_processor(
                                &deed.call, deed.ring,
                                (struct capos_scheduler_statistics){deed.cap}, index, &results));
    return true;
}

const struct deed deeds_schedule[] = {
    {"SchedulingPolicy.setWeight", set_weight},
    {"SchedulingPolicy.setAffinity", set_affinity},
    {"SchedulingPolicy.createContext", create_context},
    {"SchedulingPolicy.bind", bind},
    {"SchedulingPolicy.unbind", unbind},
    {"SchedulingContext.info", info},
    {"SchedulerStatistics.processor", statistics},
    {NULL, NULL},
};
