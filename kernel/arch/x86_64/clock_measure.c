// SPDX-License-Identifier: MIT
//
// Measuring clocks against the PIT, on a machine that a host may stop at any time; see
// clock_measure.h.
#include "arch/x86_64/clock_measure.h"

#include "core/panic.h"
#include "platform/pc/pit.h"

#include <stdbool.h>

// Two halves, together long enough for a part in a thousand, short enough for the boot's budget.
#define CLOCK_HALF_TICKS (PIT_HZ / 2500)
#define CLOCK_TRIES      32

static uint32_t clock_pit_passed(uint32_t from, uint32_t to) {
    return (from - to) & 0xffff;
}

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

struct clock_span clock_measure(void) {
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
