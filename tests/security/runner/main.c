// SPDX-License-Identifier: MIT
//
// The init of the security image: starts one hostile program after the other, compares how each
// ended with what must come of it, looks after each that the system still answers, and prints TAP.
// At the end no memory may be missing. The machine's status is 0 when all is well.
#include "tests/guest/guest.h"

enum {
    WRITE = 2,      // bits of a page fault's code
    EXECUTION = 16, //
};

// How a program must end: by a crash with this cause and, of a page fault, these bits of
// write and execution; or by exit with this status.
struct expectation {
    const char *program;
    enum { EXITS, CRASHES } kind;
    int status;
    enum capos_crash_cause cause;
    uint64_t code;
    bool threads; // it is granted what threads need, too
};

#define FAULTS(name, bits) \
    { name, CRASHES, 0, CAPOS_CRASH_CAUSE_PAGE_FAULT, bits, false }
#define TRAPS(name, cause) \
    { name, CRASHES, 0, CAPOS_CRASH_CAUSE_##cause, 0, false }

static const struct expectation expectations[] = {
    {"survivor", EXITS, 7, 0, 0, false},
    FAULTS("kernel-read", 0),
    FAULTS("kernel-direct-map", WRITE),
    FAULTS("kernel-jump", EXECUTION),
    FAULTS("null-pointer", WRITE),
    FAULTS("write-text", WRITE),
    FAULTS("write-rodata", WRITE),
    FAULTS("write-capset", WRITE),
    FAULTS("execute-data", EXECUTION),
    FAULTS("execute-stack", EXECUTION),
    FAULTS("execute-ring", EXECUTION),
    FAULTS("stack-overflow", WRITE),
    TRAPS("divide-by-zero", DIVIDE_ERROR),
    TRAPS("invalid-instruction", INVALID_OPCODE),
    TRAPS("privileged-instruction", GENERAL_PROTECTION),
    TRAPS("port-access", GENERAL_PROTECTION),
    TRAPS("software-interrupt", GENERAL_PROTECTION),
    TRAPS("non-canonical-jump", GENERAL_PROTECTION),
    TRAPS("single-step", DEBUG),
    {"strange-flags", EXITS, 0, 0, 0, false},
    {"unknown-syscalls", EXITS, 0, 0, 0, false},
    {"wild-offsets", EXITS, 0, 0, 0, false},
    {"wild-messages", EXITS, 0, 0, 0, false},
    {"wild-waits", EXITS, 0, 0, 0, false},
    {"wild-parks", EXITS, 0, 0, 0, true},
    {"wild-threads", EXITS, 0, 0, 0, true},
    {"wild-thread-entry", CRASHES, 0, CAPOS_CRASH_CAUSE_PAGE_FAULT, EXECUTION, true},
    {"forged-capids", EXITS, 0, 0, 0, false},
    {"garbage-opcodes", EXITS, 0, 0, 0, false},
    {"reserved-bits", EXITS, 0, 0, 0, false},
    {"impossible-indices", EXITS, 0, 0, 0, false},
    {"busy-slot", EXITS, 0, 0, 0, false},
    {"survivor", EXITS, 7, 0, 0, false},
};

enum { COUNT = sizeof expectations / sizeof expectations[0] };

static bool is_as_expected(const struct expectation *e, const struct guest_outcome *outcome) {
    const uint64_t bits = WRITE | EXECUTION;

    if (e->kind == EXITS)
        return outcome->how == CAPOS_PROCESS_END_WHICH_EXITED && outcome->status == e->status;
    return outcome->how == CAPOS_PROCESS_END_WHICH_CRASHED && outcome->cause == e->cause &&
           (e->cause != CAPOS_CRASH_CAUSE_PAGE_FAULT || (outcome->code & bits) == e->code);
}

// Each program holds `console`, `timer` and a second Timer, `spare`; some what threads need.
static void run(const struct expectation *e) {
    const struct guest_system *system = guest_system();
    struct guest_program program = {.binary = e->program, .limits = {.threads = 6}};
    struct guest_outcome outcome = {0};
    uint64_t before = guest_now();

    guest_grant(&program, "console", system->console);
    guest_grant(&program, "timer", system->timer);
    guest_grant(&program, "spare", system->timer);
    if (e->threads)
        guest_grant_threads(&program);
    bool waited = guest_wait(guest_start(&program), &outcome);
    struct format *to =
        guest_line(waited && is_as_expected(e, &outcome) && guest_now() > before, e->program);
    format_text(to, ": ");
    format_text(to, outcome.text);
    guest_line_end();
}

int main(void) {
    guest_begin(COUNT + 1);
    for (unsigned i = 0; i < COUNT; i++) {
        run(&expectations[i]);
        if (i == 0)
            (void)guest_baseline(); // what a first process makes for all later ones is made
    }
    guest_check_memory();
    guest_end();
}
