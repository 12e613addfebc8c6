// SPDX-License-Identifier: MIT
// SchedulerStatistics: stateless. Reads counters that their processor goes on writing, word by
// word.
#include "object/scheduler_statistics.h"

#include "core/dispatch.h"
#include "core/kernel.h"
#include "machine/time.h"
#include "schemas/scheduling.capos.h"

static void write(struct cpu *cpu, struct capos_processor_statistics_builder to,
                  const struct sched_counters *counters) {
    capos_processor_statistics_set_timer_interrupts(to, counters->timers);
    capos_processor_statistics_set_other_interrupts(to, counters->interrupts);
    capos_processor_statistics_set_shootdowns(to, counters->shootdowns);
    capos_processor_statistics_set_switches(to, counters->switches);
    capos_processor_statistics_set_steals(to, counters->steals);
    capos_processor_statistics_set_shares(to, counters->shares);
    capos_processor_statistics_set_idle_wakes(to, counters->idle_wakes);
    capos_processor_statistics_set_idle_nanoseconds(to,
                                                    machine_cycles_ns(cpu, counters->idle_cycles));
    capos_processor_statistics_set_longest_section(
        to, machine_cycles_ns(cpu, counters->section_longest));
}

static int processor(void *self, struct capos_invocation *invocation,
                     struct capos_scheduler_statistics_processor_params params,
                     struct capos_scheduler_statistics_processor_results_builder results) {
    const struct target *target = self;
    const struct kernel *kernel = target->cpu->kernel;
    uint32_t index = capos_scheduler_statistics_processor_params_index(params);

    if (index >= kernel->cpu_count)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "there is no such processor");
    write(target->cpu, capos_scheduler_statistics_processor_results_init_statistics(results),
          &kernel->cpus[machine_clamp(index, kernel->cpu_count)]->counters);
    return CAPOS_DONE;
}

static const struct capos_scheduler_statistics_server server = {.processor = processor};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_scheduler_statistics_dispatch(&server, self, inv);
}

const struct object_type scheduler_statistics_type = {
    .name = "SchedulerStatistics",
    .interface = CAPOS_SCHEDULER_STATISTICS_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_scheduler_statistics_interface,
    .serve = serve,
};

enum capos_status scheduler_statistics_create(struct cpu *cpu, struct ledger *ledger,
                                              struct object **out) {
    return object_create(cpu, &scheduler_statistics_type, ledger, out);
}
