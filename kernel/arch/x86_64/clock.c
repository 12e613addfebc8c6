// SPDX-License-Identifier: MIT
//
// Time on x86_64; see clock.h. Rates are kept as 32.32 fixed-point factors, so that converting is
// one multiplication.
#include "arch/x86_64/clock.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/clock_measure.h"
#include "arch/x86_64/x86.h"
#include "core/panic.h"
#include "machine/arch.h"
#include "machine/time.h"
#include "platform/pc/pit.h"
#include "platform/pc/rtc.h"

#include <stddef.h>

#define NANOSECONDS UINT64_C(1000000000)

static struct {
    uint64_t start;       // TSC at boot
    uint64_t tsc_to_ns;   // 32.32
    uint64_t ns_to_apic;  // 32.32
    uint64_t khz;         // of the TSC
    int64_t wall_seconds; // civil time at `start`
} machine_clock;

static uint64_t clock_scale(uint64_t value, uint64_t factor) {
    return (uint64_t)((unsigned __int128)value * factor >> 32);
}

struct clock_sample clock_sample(void) {
    struct clock_sample best = {0};
    uint64_t shortest = UINT64_MAX;
    for (int i = 0; i < 4; i++) {
        struct clock_sample sample;
        uint64_t before = x86_read_tsc();
        sample.pit = pit_read();
        sample.apic = apic_timer_left();
        sample.tsc = x86_read_tsc();
        if (sample.tsc - before < shortest) {
            shortest = sample.tsc - before;
            best = sample;
        }
    }
    return best;
}

void clock_init(void) {
    pit_start();
    apic_timer_start(UINT32_MAX);
    struct clock_span span = clock_measure();
    apic_timer_start(0);
    uint64_t pit = span.pit, tsc = span.tsc, apic = span.apic;
    uint64_t ns = pit * NANOSECONDS / PIT_HZ;
    if (pit == 0 || tsc == 0 || apic == 0)
        panic("a clock does not count: PIT %lu, TSC %lu, APIC %lu", (unsigned long)pit,
              (unsigned long)tsc, (unsigned long)apic);
    machine_clock.tsc_to_ns = (ns << 32) / tsc;
    machine_clock.ns_to_apic = (apic << 32) / ns;
    machine_clock.khz = tsc * 1000000 / ns;
    machine_clock.start = x86_read_tsc();
    machine_clock.wall_seconds = rtc_read();
}

void clock_wait(uint64_t nanoseconds) {
    uint64_t from = machine_now(NULL);
    while (machine_now(NULL) - from < nanoseconds)
        x86_pause();
}

uint64_t clock_tsc_khz(void) {
    return machine_clock.khz;
}

uint64_t machine_now(struct cpu *cpu) {
    (void)cpu;
    uint64_t tsc = x86_read_tsc();
    // CPUs' counters may differ by a little just after the start.
    return tsc < machine_clock.start
               ? 0
               : clock_scale(tsc - machine_clock.start, machine_clock.tsc_to_ns);
}

uint64_t machine_cycles_ns(struct cpu *cpu, uint64_t cycles) {
    (void)cpu;
    return clock_scale(cycles, machine_clock.tsc_to_ns);
}

void machine_timer_arm(struct cpu *cpu, uint64_t deadline) {
    if (deadline == UINT64_MAX) {
        apic_timer_start(0);
        return;
    }
    uint64_t now = machine_now(cpu);
    uint64_t ns = deadline > now ? deadline - now : 0;
    // What is further away than the counter reaches wakes early, and is armed again.
    uint64_t ticks = ns >= 2 * NANOSECONDS ? UINT32_MAX : clock_scale(ns, machine_clock.ns_to_apic);
    ticks = ticks < 1 ? 1 : ticks > UINT32_MAX ? UINT32_MAX : ticks;
    apic_timer_start((uint32_t)ticks);
}

void machine_wall_clock(struct cpu *cpu, int64_t *seconds, uint32_t *nanoseconds) {
    uint64_t ns = machine_now(cpu);
    *seconds = machine_clock.wall_seconds + (int64_t)(ns / NANOSECONDS);
    *nanoseconds = (uint32_t)(ns % NANOSECONDS);
}
