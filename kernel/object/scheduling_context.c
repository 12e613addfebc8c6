// SPDX-License-Identifier: MIT
// SchedulingContext: what it is and does is core/sched_context.c's; this tells of it.
#include "object/scheduling_context.h"

#include "core/dispatch.h"
#include "core/sched_context.h"
#include "schemas/scheduling.capos.h"

static int info(void *self, struct capos_invocation *invocation,
                struct capos_scheduling_context_info_params params,
                struct capos_scheduling_context_info_results_builder results) {
    const struct target *target = self;
    struct sched_context *context = (struct sched_context *)(void *)target->object;
    struct sched_context_info now = sched_context_info(target->cpu, context);

    (void)invocation;
    (void)params;
    capos_scheduling_context_info_results_set_budget(results, context->budget);
    capos_scheduling_context_info_results_set_period(results, context->period);
    capos_scheduling_context_info_results_set_used(results, now.used);
    capos_scheduling_context_info_results_set_debt(results, now.debt);
    capos_scheduling_context_info_results_set_total(results, now.total);
    capos_scheduling_context_info_results_set_exhausted(results, now.exhausted);
    capos_scheduling_context_info_results_set_waiting(results, now.waiting);
    return CAPOS_DONE;
}

static const struct capos_scheduling_context_server server = {.info = info};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_scheduling_context_dispatch(&server, self, inv);
}

const struct object_type scheduling_context_type = {
    .name = "SchedulingContext",
    .interface = CAPOS_SCHEDULING_CONTEXT_INTERFACE_ID,
    .size = sizeof(struct sched_context),
    .kind = OBJECT_KERNEL,
    .methods = &capos_scheduling_context_interface,
    .serve = serve,
    .close = sched_context_close,
};
