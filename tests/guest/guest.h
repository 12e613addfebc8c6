// SPDX-License-Identifier: MIT
//
// What the inits of boot tests share: starting programs with grants, waiting for their ends, TAP,
// switching the machine off. An init that uses it is started with every capability of the kernel's
// and is the whole system; its programs hold what it grants them and nothing else. What a program
// under test does itself, it does through its own generated calls, not through this.
#ifndef TESTS_GUEST_H
#define TESTS_GUEST_H

#include "base/format.h"
#include "capos/runtime.h"
#include "schemas/process.capos.h"
#include "tests/guest/parts.h"

#include <stdbool.h>
#include <stdint.h>

enum { GUEST_MS = 1000000 }; // ns

// Finds the kernel's capabilities and prints the plan. First of all.
void guest_begin(unsigned tests);

// Only finds them: for a program that starts others but is no test of its own.
void guest_attach(void);

// One test. The second form says a figure too.
void guest_check(bool ok, const char *name);
void guest_check_value(bool ok, const char *name, uint64_t value);

// A test whose line goes on: between the two the caller adds to the format that is returned.
struct format *guest_line(bool ok, const char *name);
void guest_line_end(void);

// A comment in the output.
void guest_note(const char *text, uint64_t value);

// What guest.sh was told in guest_parameters: the manifest's message of the day. Asks for the grant
// `virtualMemory`; call it once.
const char *guest_parameters(void);

// Switches the machine off: status 0 when all tests of the plan were run and none failed.
__attribute__((noreturn)) void guest_end(void);

// A capability that a program starts with.
struct guest_grant {
    const char *name;
    uint64_t cap; // OWN: an enum capos_own_capability
    enum { GUEST_COPY, GUEST_MOVE, GUEST_OWN } how;
};

// The most that a program may use; 0 asks for ProcessSpawner's default.
struct guest_limits {
    uint32_t slots, frames, reserved_pages, threads, endpoints, facets, calls_held, kernel_memory;
};

enum { GUEST_GRANTS_MAX = 15 };

struct guest_program {
    const char *binary; // its name in the boot archive
    struct guest_limits limits;
    uint64_t session; // a Session; 0: the caller's own
    unsigned grants;
    struct guest_grant grant[GUEST_GRANTS_MAX];
};

// Adds to what a program starts with: a capability; one of our own grants, under its name; what
// guest_attach asks for, so that the program can start others; what capos_thread_create needs.
void guest_grant(struct guest_program *program, const char *name, uint64_t cap);
void guest_grant_mine(struct guest_program *program, const char *name, uint64_t interface);
void guest_grant_system(struct guest_program *program);
void guest_grant_threads(struct guest_program *program);

// Starts a program. CAPOS_DONE and its handle, which the caller releases; or why not: the outcome
// of ProcessSpawner.spawn.
int guest_spawn(const struct guest_program *program, struct capos_process_handle *process);

// The same for one that must start: else the test ends.
struct capos_process_handle guest_start(const struct guest_program *program);

struct guest_outcome {
    enum capos_process_end_which how;
    int status; // EXITED
    enum capos_crash_cause cause;
    uint64_t code, address; // CRASHED
    char text[160];         // for people
};

// Waits for a program's end and releases its handle. False when it can't be waited for.
bool guest_wait(struct capos_process_handle process, struct guest_outcome *outcome);

// Starts a program, waits, and makes one test of it: it must exit with status 0.
void guest_run(const struct guest_program *program, const char *name);

// Kills and waits; releases the handle. True when its end is told as a kill, or as `exited` when it
// was quicker.
bool guest_kill(struct capos_process_handle process);

// What the init holds.
struct guest_system {
    uint64_t console, package, spawner, info, timer, power;
};
const struct guest_system *guest_system(void);

void guest_sleep(uint64_t ns);   // at least so long; guest_now (parts.h) says when it is
uint64_t guest_free_bytes(void); // of the machine's memory
uint32_t guest_cpus(void);

// Remembers and returns how many bytes are free, once that has settled.
uint64_t guest_baseline(void);

// Waits, at most so many ns, until as much is free again as then.
void guest_settle(uint64_t at_most);

// One test: as much is free as then, at the latest in 5 s.
void guest_check_memory(void);

#endif
