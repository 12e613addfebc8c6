// SPDX-License-Identifier: MIT
//
// A machine for kernel/core on the host: memory, CPUs that a test moves by hand, a clock that
// stands still unless told. Also the small world that most tests begin with: processes with a
// thread each, and a user's end for every ring. A test may have many at once.
#ifndef CAPOS_TESTS_HOST_HOST_H
#define CAPOS_TESTS_HOST_HOST_H

#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/process.h"
#include "core/thread.h"
#include "ring/user.h"

#include <stdbool.h>
#include <stdint.h>

#define HOST_CPUS      8
#define HOST_CPUS_EACH 4 // up to which tests of any number of CPUs go
#define HOST_FRAMES    4096

struct host {
    struct kernel kernel;
    struct frames *frames;
    struct cpu cpus[HOST_CPUS];
    _Atomic uint64_t now;
    _Atomic uint64_t random;
    uint64_t kernel_bytes;    // of the root ledger, with nothing but the CPUs
    _Atomic uint64_t windows; // how often interrupts were let in

    // What a test wants to do when a CPU is about to take over another thread, with the old one's
    // registers still in it; when one lets interrupts in (NULL: nothing, both); and when one has
    // nothing to do (NULL: a failure).
    void (*switching)(struct cpu *cpu, struct thread *previous, struct thread *thread);
    void (*window)(struct cpu *cpu);
    void (*idle)(struct cpu *cpu);
};

// A kernel with `cpus` CPUs (1 to HOST_CPUS), idle.
struct host *host_create(uint32_t cpus);

// Reaps what can be reaped and fails the test if a process, an object or a byte is left.
void host_destroy(struct host *host);

// Lets the CPUs do all that is to be done when no thread runs: due timers, reaping, reclaiming.
// Threads that become ready stay so.
void host_settle(struct host *host);

// The same, and threads run until those that are to die have died.
void host_settle_deaths(struct host *host);

// Fails the test with the first rule that is broken.
void host_audit(struct host *host);

// The types of the tests' endpoints and of their memory.
extern const struct object_type host_endpoint_type;
extern const struct object_type host_memory_type;

// Limits that are enough for most tests.
extern const struct ledger_limits host_limits;

// A thread as a test plays it: its place in the kernel, and the user's end of its ring.
struct actor {
    struct host *host;
    struct process *process; // a reference
    struct thread *thread;
    struct ring_user ring;
};

// A process of the session with one started thread. Fails the test when that is refused.
struct actor actor_create(struct host *host, const char *name, uint64_t session);

// The same with limits and a ring of the caller's choice, and with the kernel's answer.
enum capos_status actor_try(struct host *host, const char *name, uint64_t session,
                            const struct ledger_limits *limits, struct ring_geometry ring,
                            struct actor *actor);

// Another started thread of the actor's process.
struct actor actor_thread(struct actor *actor, struct ring_geometry ring);

// Kills the process, if it still is, and lets go of it.
void actor_destroy(struct actor *actor);

// Makes the actor's thread, which must be ready or running, the current one of the CPU.
void actor_run(struct actor *actor, struct cpu *cpu);

// Runs the thread on CPU 0, publishes what was submitted, and enters the kernel. False when the
// thread waits now; else *result is what cap_enter returned.
bool actor_enter(struct actor *actor, uint32_t to_submit, uint32_t wait, uint64_t deadline,
                 uint64_t *result);

// Submits one SQE and enters without waiting; the test fails unless it is taken.
void actor_submit(struct actor *actor, const struct capos_sqe *sqe);

// Submits one SQE and expects its completion at once.
struct capos_cqe actor_do(struct actor *actor, const struct capos_sqe *sqe);

// The next completion, which must be there.
struct capos_cqe actor_take(struct actor *actor);
bool actor_has_cqe(struct actor *actor);

// The actor's memory at an offset of its ring.
void *actor_at(struct actor *actor, uint32_t offset);

// Puts an object in the process's table and takes over the reference; the CapId. Never fails.
uint64_t actor_grant(struct actor *actor, struct object *object, uint64_t interface, uint8_t scope);

// The status of a lookup.
enum capos_status actor_holds(struct actor *actor, uint64_t cap);

#endif
