// SPDX-License-Identifier: MIT
//
// See smp.h. A CPU that has nothing to do, and one that waits for a lock, lets others run, since
// there may be fewer processors than CPUs.
#include "tests/host/smp.h"

#include "core/panic.h"
#include "core/sched.h"

#include <pthread.h>
#include <sched.h>

static struct {
    struct host *host;
    uint32_t cpus;
    pthread_t thread[HOST_CPUS];
    void (*step)(struct cpu *cpu, void *user);
    _Atomic bool stop;
} smp;

static void halt(struct cpu *cpu) {
    while (cpu->pending == 0 && !smp.stop)
        sched_yield();
}

static void relax(void) {
    sched_yield();
}

static void *run_cpu(void *argument) {
    struct cpu *cpu = argument;
    bool worked;

    while (!smp.stop) {
        if (cpu->current == NULL) {
            if (sched_idle_round(cpu, &worked) == NULL && !worked)
                machine_idle(cpu);
        } else if (cpu->pending != 0) {
            sched_interrupt(cpu);
        } else {
            smp.step(cpu, (void *)cpu->current->context.argument[2]);
        }
    }
    return NULL;
}

void smp_start(struct host *host, uint32_t cpus, void (*step)(struct cpu *cpu, void *user)) {
    smp.host = host;
    smp.cpus = cpus;
    smp.step = step;
    smp.stop = false;
    host->idle = halt;
    host_relax = relax;
    for (uint32_t i = 0; i < cpus; i++)
        if (pthread_create(&smp.thread[i], NULL, run_cpu, &host->cpus[i]) != 0)
            panic("smp: no thread");
}

void smp_stop(void) {
    smp.stop = true;
    for (uint32_t i = 0; i < smp.cpus; i++)
        pthread_join(smp.thread[i], NULL);
    host_relax = NULL;
    smp.host->idle = NULL;
}
