// SPDX-License-Identifier: MIT
// Addresses that must not be mixed: each is a one-member struct. A user address can't be
// dereferenced by accident; a physical one is reached through machine_direct() only.
#ifndef MACHINE_TYPES_H
#define MACHINE_TYPES_H

#include <stdint.h>

struct paddr {
    uint64_t value;
};

struct uaddr {
    uint64_t value;
};

// The states of access to a page, as schemas/memory.capnp has them. Never writable and executable.
enum protection {
    PROTECTION_NONE = 0,
    PROTECTION_READ = 1,
    PROTECTION_READ_WRITE = 2,
    PROTECTION_READ_EXECUTE = 3,
};

struct cpu;
struct thread;
struct process;

#endif
