// SPDX-License-Identifier: MIT
//
// Systematic exploration of interleavings: a scenario's fibers run the kernel's real code, each on
// a CPU of its own, and change places only where the explorer says. Every schedule with at most so
// many preemptions is run, from a fresh kernel each time; a preemption may come at any atomic
// access of the core. (Bounding preemptions is Musuvathi's and Qadeer's method, PLDI 2007.)
#ifndef TESTS_RACE_EXPLORE_H
#define TESTS_RACE_EXPLORE_H

#include <stdbool.h>
#include <stdint.h>

enum { RACE_FIBERS_MAX = 3, RACE_PREEMPTIONS_MAX = 3 };

struct race_scenario {
    unsigned fibers;
    void (*setup)(void);            // makes the world; not explored
    void (*fiber)(unsigned number); // what one CPU does
    void (*check)(void);            // looks at the world and takes it apart
};

// Runs all schedules and returns how many there were. A check that fails ends the process.
uint64_t race_explore(const struct race_scenario *scenario, unsigned preemptions);

#endif
