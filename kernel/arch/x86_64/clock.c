// SPDX-License-Identifier: MIT
//
// Time on x86_64; see clock.h. Rates are kept as 32.32 fixed-point factors, so that converting is
// one multiplication.
#include "arch/x86_64/clock.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/x86.h"
#include "core/panic.h"
#include "machine/arch.h"
#include "machine/time.h"
#include "platform/pc/pit.h"
#include "platform/pc/rtc.h"

#include <stddef.h>

// Two halves, together long enough for a part in a thousand, short enough for the boot's budget.
#define CLOCK_HALF_TICKS (PIT_HZ / 2500)
#define CLOCK_TRIES      32
#define NANOSECONDS      UINT64_C(1000000000)

struct clock_sample {
    uint64_t tsc;
    uint32_t apic; // counts down
    uint32_t pit;  // counts down, 16 bits
};

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

// Reads the three clocks as close together as can be had: of a few tries the shortest, so that
// being stopped by a host in between does no harm.
static struct clock_sample clock_sample(void) {
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

static uint32_t clock_pit_passed(uint32_t from, uint32_t to) {
    return (from - to) & 0xffff;
}

// From one sample to another.
struct clock_span {
    uint64_t pit, tsc, apic; // ticks
};

static struct clock_span clock_span(const struct clock_sample *from,
                                    const struct clock_sample *to) {
    return (struct clock_span){clock_pit_passed(from->pit, to->pit), to->tsc - from->tsc,
                               from->apic - to->apic};
}

static struct clock_sample clock_sample_later(const struct clock_sample *from) {
    uint64_t patience = 0;

    while (clock_pit_passed(from->pit, pit_read()) < CLOCK_HALF_TICKS)
        if (++patience == 1000000)
            panic("the machine's timer (PIT) does not count");
    return clock_sample();
}

// The same TSC rate by both, but for a fiftieth.
static bool clock_spans_agree(const struct clock_span *a, const struct clock_span *b) {
    uint64_t first = a->tsc * b->pit, second = b->tsc * a->pit;

    return first <= second + second / 50 && second <= first + first / 50;
}

// The PIT counts around in 55 ms. A host that stops the machine for longer than that in the middle
// makes the others seem to be fast; then the two halves of a span don't agree.
static struct clock_span clock_measure(void) {
    struct clock_sample from = clock_sample(), middle, to;
    struct clock_span first, second;

    for (int i = 0; i < CLOCK_TRIES; i++) {
        middle = clock_sample_later(&from);
        to = clock_sample_later(&middle);
        first = clock_span(&from, &middle);
        second = clock_span(&middle, &to);
        if (clock_spans_agree(&first, &second))
            break;
        from = to;
    }
    return (struct clock_span){first.pit + second.pit, first.tsc + second.tsc,
                               first.apic + second.apic};
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
