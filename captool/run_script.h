// SPDX-License-Identifier: MIT
// Session scripts: what is typed to a machine and what must come back, one command a line
// (capos-run(1) has the grammar). Results are TAP on standard output: each expect and the status is
// a test; all that the machine said stands there too, as comments.
#ifndef CAPTOOL_RUN_SCRIPT_H
#define CAPTOOL_RUN_SCRIPT_H

#include "run.h"
#include "run_guest.h"

#include <regex.h>
#include <stddef.h>
#include <stdint.h>

enum script_kind { SCRIPT_SEND, SCRIPT_EXPECT, SCRIPT_STATUS };

struct script_command {
    enum script_kind kind;
    unsigned line;
    unsigned terminal;  // 0 is COM1
    uint64_t within;    // milliseconds for an expect or the status
    char *text;         // what is sent, or the expression as written
    size_t size;        // of text
    regex_t expression; // of an expect
    unsigned status;    // of a status
};

// What one terminal has said: carriage returns left out, NULs shown as ?.
struct script_terminal {
    char *said; // NUL-terminated
    size_t size, room;
    size_t matched; // where the next expect begins
    size_t shown;   // where the next line to be printed begins
};

struct script {
    const char *name;
    struct script_command *commands;
    size_t count;
    size_t at;         // the command that is being carried out
    uint64_t deadline; // of that command, 0 before it has begun
    unsigned tests, done, failed;
    struct script_terminal terminals[RUN_TERMINALS];
};

enum script_state {
    SCRIPT_WAITS, // for output, until the deadline
    SCRIPT_SENDS, // *send is to be sent, then call again
    SCRIPT_END,   // nothing left: the machine is to be ended
};

// Reads and checks a script. False, with FILE:LINE and what was expected, when something is wrong.
bool script_read(struct script *script, const char *path) __attribute__((warn_unused_result));
void script_fini(struct script *script);

// Prints the plan. Call once before what follows.
void script_begin(struct script *script);

// A terminal has said something.
void script_output(struct script *script, unsigned terminal, const char *text, size_t size);

// Goes on as far as possible at `now` (milliseconds, of any clock that never goes back).
enum script_state script_step(struct script *script, uint64_t now,
                              const struct script_command **send);

// The machine has ended by itself, as capos-run would report it; or was ended by us, with status <
// 0. `why` is what ended it, for those tests that did not come to pass. Returns capos-run's own
// status.
int script_end(struct script *script, int status, const char *why);

#endif
