// SPDX-License-Identifier: MIT
//
// How fast the time-stamp counter and the local APIC's timer count, by the PIT's count. The PIT
// counts around in 55 ms: a host that stops the machine for longer than that in the middle makes
// the others seem to be fast. So what is measured is measured in two halves, which must agree.
#ifndef CAPOS_ARCH_CLOCK_MEASURE_H
#define CAPOS_ARCH_CLOCK_MEASURE_H

#include <stdint.h>

struct clock_sample {
    uint64_t tsc;
    uint32_t apic; // counts down
    uint32_t pit;  // counts down, 16 bits
};

// Reads the three clocks as close together as can be had: of a few tries the shortest, so that
// being stopped by a host in between does no harm.
struct clock_sample clock_sample(void);

// Ticks from one sample to another.
struct clock_span {
    uint64_t pit, tsc, apic;
};

// Measures, in under a millisecond unless the host stops the machine: then it tries again, up to 32
// times. The PIT and the APIC's timer count.
struct clock_span clock_measure(void);

#endif
