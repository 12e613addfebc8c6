// SPDX-License-Identifier: MIT
// The host's machine for tests of kernel/core: physical memory is a block from the host, addressed
// by its host addresses; CPUs and time are what the test says (tests/host/host.h).
#ifndef MACHINE_ARCH_H
#define MACHINE_ARCH_H

#include "machine/types.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

struct host;

struct machine_cpu {
    struct host *host;
    _Atomic uint64_t timer;               // armed deadline
    _Atomic uint64_t ipis;                // sent to it
    uint64_t armed;                       // how often its timer was set
    uint64_t switches;                    // calls of machine_switch
    struct machine_space *_Atomic loaded; // NULL: the kernel's own
    uint64_t shootdowns;                  // that it asked for
};

struct machine_context {
    uint64_t entry, stack, argument[3], thread_base;
    uint64_t result;
    uint64_t results;       // how often it was set
    _Atomic uint32_t owner; // index + 1 of the CPU that has it; 0: none
    unsigned char *state;   // that was lent; written whenever it would be saved
};

#define MACHINE_STATE_BYTES 64

// Nothing is mapped really: tests reach memory as the kernel does, by the frames that are noted
// here.
struct machine_space {
    struct host_tables *tables;
};

static inline void *machine_direct(struct paddr address) {
    return (void *)(uintptr_t)address.value;
}

static inline struct paddr machine_direct_paddr(const void *pointer) {
    return (struct paddr){(uintptr_t)pointer};
}

static inline void machine_clear(void *memory, size_t bytes) {
    memset(memory, 0, bytes);
}

// What a CPU notes of itself; a host thread has one place for it, unless it plays several CPUs and
// has one for each (host_notes).
#define MACHINE_NOTES 128
extern _Thread_local void *host_notes;
void *machine_notes(void);

// What a CPU does that waits for another one; NULL: nothing. For tests whose CPUs are real threads.
extern void (*host_relax)(void);

static inline void machine_relax(void) {
    if (host_relax != NULL)
        host_relax();
}

static inline uint32_t machine_clamp(uint32_t index, uint32_t size) {
    return index < size ? index : 0;
}

static inline void machine_copy_words(void *to, const void *from, size_t words) {
    memcpy(to, from, words * 8);
}

// Under AddressSanitizer a use of freed kernel memory is found at once.
static inline void machine_memory_used(void *memory, size_t size) {
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(memory, size);
#else
    (void)memory, (void)size;
#endif
}

static inline void machine_memory_freed(void *memory, size_t size) {
#ifdef __SANITIZE_ADDRESS__
    __asan_poison_memory_region(memory, size);
#else
    (void)memory, (void)size;
#endif
}

// Time by which the scheduler accounts: one more at each look, so that tests are repeatable.
extern _Atomic uint64_t host_cycles;

static inline uint64_t machine_cycles(void) {
    return atomic_load_explicit(&host_cycles, memory_order_relaxed);
}

#endif
