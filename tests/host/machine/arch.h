// SPDX-License-Identifier: MIT
// The host's machine for tests of kernel/core: physical memory is a block from the host, addressed
// by its host addresses; CPUs and time are what the test says (tests/host/machine.h).
#ifndef MACHINE_ARCH_H
#define MACHINE_ARCH_H

#include "machine/types.h"

#include <stdint.h>

struct host_machine;

struct machine_cpu {
    struct host_machine *host;
    uint64_t timer; // armed deadline
    uint32_t ipis;  // received, not yet seen
};

struct machine_context {
    uint64_t entry, stack, argument[3], thread_base;
    uint64_t result;
    uint64_t results; // how often it was set
};

struct machine_space {
    struct host_page *pages;
    uint64_t tables;
};

static inline void *machine_direct(struct paddr address) {
    return (void *)(uintptr_t)address.value;
}

static inline struct paddr machine_direct_paddr(const void *pointer) {
    return (struct paddr){(uintptr_t)pointer};
}

static inline void machine_relax(void) {
}

static inline uint32_t machine_clamp(uint32_t index, uint32_t size) {
    return index < size ? index : 0;
}

// The host has no use for a real one: a test's result must not depend on it.
static inline uint64_t machine_cycles(void) {
    return 0;
}

#endif
