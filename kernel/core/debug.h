// SPDX-License-Identifier: MIT
// What only the debug kernel has: the n-th-failure injector, the commit assertion, the order of
// locks, the measuring of sections without interrupts, and the audit of itself. In the release
// kernel these are empty inline functions and debug.c is not built. The only #ifdef on the kind of
// kernel besides kassert.
#ifndef CORE_DEBUG_H
#define CORE_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct kernel;

#ifdef CAPOS_DEBUG

enum { DEBUG_KERNEL = 1 };

// What a lock knows of itself (lock.h).
struct debug_lock {
    uint32_t rank; // enum lock_rank
};

static inline void debug_lock_init(struct debug_lock *lock, uint32_t rank) {
    lock->rank = rank;
}

// This CPU is about to take a lock, and has dropped one. A lock that is taken inside of one that
// ranks higher, or that has no rank, is a panic.
void debug_lock_take(const struct debug_lock *lock);
void debug_lock_drop(const struct debug_lock *lock);

// Arms the injector: the n-th point from now that can fail, fails (1 is the next one); 0 disarms.
void debug_fail_nth(struct kernel *kernel, uint64_t n);

// True when the armed failure has happened since debug_fail_nth.
bool debug_failed(const struct kernel *kernel);

// Every allocation and reservation asks here first, and fails when the answer is true. Asserts that
// this CPU isn't between debug_commit_begin and debug_commit_end.
bool debug_should_fail(struct cpu *cpu);

// Around a commit: everything is checked and reserved, nothing in between may fail. May nest.
void debug_commit_begin(struct cpu *cpu);
void debug_commit_end(struct cpu *cpu);

// A stretch of kernel code that interrupts are kept out of: begins at entry and after each window
// in which they are let in. The longest is kept in cpu->counters.
void debug_section_begin(struct cpu *cpu);
void debug_section_end(struct cpu *cpu);

// From now on the kernel audits itself: when a process has ended, as soon as nothing is half done.
// No CPU enters the kernel meanwhile. A broken rule is a panic.
void debug_audit_self(struct kernel *kernel);

// A process has ended. A CPU has just entered the kernel, or left it.
void debug_process_ended(struct kernel *kernel);
void debug_entered(struct cpu *cpu);
void debug_left(struct cpu *cpu);

#else

enum { DEBUG_KERNEL = 0 };

struct debug_lock {};

static inline void debug_lock_init(struct debug_lock *lock, uint32_t rank) {
    (void)lock, (void)rank;
}

static inline void debug_lock_take(const struct debug_lock *lock) {
    (void)lock;
}

static inline void debug_lock_drop(const struct debug_lock *lock) {
    (void)lock;
}

static inline bool debug_should_fail(struct cpu *cpu) {
    (void)cpu;
    return false;
}

static inline void debug_commit_begin(struct cpu *cpu) {
    (void)cpu;
}

static inline void debug_commit_end(struct cpu *cpu) {
    (void)cpu;
}

static inline void debug_section_begin(struct cpu *cpu) {
    (void)cpu;
}

static inline void debug_section_end(struct cpu *cpu) {
    (void)cpu;
}

static inline void debug_audit_self(struct kernel *kernel) {
    (void)kernel;
}

static inline void debug_process_ended(struct kernel *kernel) {
    (void)kernel;
}

static inline void debug_entered(struct cpu *cpu) {
    (void)cpu;
}

static inline void debug_left(struct cpu *cpu) {
    (void)cpu;
}

#endif
#endif
