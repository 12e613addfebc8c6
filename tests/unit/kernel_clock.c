// SPDX-License-Identifier: MIT
//
// kernel/arch/x86_64/clock_measure on a machine whose host stops it: the PIT has then counted
// around, perhaps more than once, and what is measured across that is wrong by as much. The test
// has the clocks; each reading takes a little time, and at one moment the host takes a lot.
#include "arch/x86_64/clock_measure.h"
#include "core/panic.h"
#include "platform/pc/pit.h"
#include "tests/harness.h"

#include <stdlib.h>

enum {
    TSC_MHZ = 2400,
    APIC_MHZ = 1000,
    READING_NS = 1000,
    HALF_NS = 400000,
    STALL_MAX_MS = 2200,
    MANY_STALLS = 25, // one after the other, of which each spoils at most one attempt
};

static struct {
    uint64_t now; // in ns
    uint64_t stall_at, stall_ns;
    unsigned stalls; // still to come
    uint64_t every;  // from one to the next
} machine;

// A moment passes; the host may make it a long one.
static void pass(uint64_t ns) {
    machine.now += ns;
    if (machine.stalls == 0 || machine.now < machine.stall_at)
        return;
    machine.now += machine.stall_ns;
    machine.stall_at = machine.now + machine.every;
    machine.stalls--;
}

uint32_t pit_read(void) {
    pass(READING_NS);
    return (uint32_t)(0xffff - machine.now * PIT_HZ / 1000000000) & 0xffff;
}

struct clock_sample clock_sample(void) {
    uint32_t pit = pit_read();

    return (struct clock_sample){machine.now * TSC_MHZ / 1000,
                                 UINT32_MAX - (uint32_t)(machine.now * APIC_MHZ / 1000), pit};
}

void panic(const char *format, ...) {
    ck_abort_msg("%s", format);
    abort();
}

// How far a rate is from what it should be, in thousandths.
static uint64_t wrong_by(const struct clock_span *span) {
    uint64_t got = span->tsc * PIT_HZ / span->pit / 1000, true_khz = TSC_MHZ * UINT64_C(1000);

    return (got > true_khz ? got - true_khz : true_khz - got) * 1000 / true_khz;
}

static struct clock_span measure(uint64_t stall_at, uint64_t stall_ms, unsigned stalls) {
    machine.now = 12345;
    machine.stall_at = machine.now + stall_at;
    machine.stall_ns = stall_ms * 1000000;
    machine.stalls = stalls;
    machine.every = 2 * HALF_NS;
    return clock_measure();
}

// What would be told without a second half to compare with.
static struct clock_span measure_once(uint64_t stall_at, uint64_t stall_ms) {
    struct clock_sample from, to;

    machine.now = 12345;
    machine.stall_at = machine.now + stall_at;
    machine.stall_ns = stall_ms * 1000000;
    machine.stalls = 1;
    from = clock_sample();
    while (((from.pit - pit_read()) & 0xffff) < HALF_NS * PIT_HZ / 1000000000)
        continue;
    to = clock_sample();
    return (struct clock_span){(from.pit - to.pit) & 0xffff, to.tsc - from.tsc,
                               from.apic - to.apic};
}

START_TEST(an_undisturbed_measure_is_short_and_right) {
    struct clock_span span = measure(0, 0, 0);

    ck_assert_uint_le(wrong_by(&span), 4);
    ck_assert_uint_le(span.pit, PIT_HZ / 1000);
    ck_assert_uint_ge(span.apic * TSC_MHZ * 1000, span.tsc * APIC_MHZ * 999);
    ck_assert_uint_le(span.apic * TSC_MHZ * 1000, span.tsc * APIC_MHZ * 1001);
}
END_TEST

// Wherever it stalls, and for however long. Where one half alone is wrong, often by far, two are
// not.
START_TEST(one_stall_does_no_harm) {
    uint64_t worst = 0;

    for (uint64_t at = 0; at < 3 * HALF_NS; at += HALF_NS / 16)
        for (uint64_t ms = 1; ms < STALL_MAX_MS; ms += 7) {
            struct clock_span span = measure(at, ms, 1), naive = measure_once(at, ms);

            if (wrong_by(&span) > 25)
                ck_abort_msg("a stall of %lu ms after %lu ns: wrong by %lu thousandths",
                             (unsigned long)ms, (unsigned long)at, (unsigned long)wrong_by(&span));
            if (wrong_by(&naive) > worst)
                worst = wrong_by(&naive);
        }
    ck_assert_uint_gt(worst, 40000); // 40 times
}
END_TEST

START_TEST(many_stalls_are_waited_for) {
    for (uint64_t ms = 56; ms < 500; ms += 7) {
        struct clock_span span = measure(HALF_NS / 2, ms, MANY_STALLS);

        ck_assert_uint_le(wrong_by(&span), 25);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("kernel: measuring clocks");

    harness_add(suite, "undisturbed", an_undisturbed_measure_is_short_and_right);
    harness_add(suite, "one stall", one_stall_does_no_harm);
    harness_add(suite, "many stalls", many_stalls_are_waited_for);
    return harness_run(suite);
}
