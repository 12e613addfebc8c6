// SPDX-License-Identifier: MIT
//
// What all judges of a run have done: counts in memory that they share with the init, which tells
// them in the end and fails when a method of the schemas, or an opcode, was never done. The list of
// the methods is made from schemas/abi.lock.
#ifndef TESTS_STRESS_FIGURES_H
#define TESTS_STRESS_FIGURES_H

#include <capos/limits.h>
#include <stdbool.h>
#include <stdint.h>

struct figures_method {
    uint64_t interface;
    uint16_t ordinal;
    const char *name; // Interface.method
};

// Generated: all methods of schemas/*.capnp. The last one's name is NULL.
extern const struct figures_method figures_methods[];

enum { FIGURES_METHODS = 160, FIGURES_OPCODES = 8, FIGURES_FLAGS = 5, FIGURES_JUDGES = 8 };

struct figures_count {
    uint64_t done;    // answered with results
    uint64_t refused; // with an exception or a transport error, as the model had it
};

struct figures {
    uint32_t meeting[FIGURES_JUDGES], next_judge; // meeting.h
    uint64_t next_seed, steps; // for judges, set by the init: operations and deeds of each
    struct figures_count method[FIGURES_METHODS];
    struct figures_count opcode[FIGURES_OPCODES];
    uint64_t flag[FIGURES_FLAGS]; // submissions with it
    uint64_t operations, deeds, messages, kills, crashes, revocations, ledgers, tables;
};
_Static_assert(sizeof(struct figures) <= CAPOS_PAGE_SIZE, "one page");

// Where counting goes; NULL: nowhere.
extern struct figures *figures;

void figures_method(uint64_t interface, uint16_t ordinal, bool done);
void figures_opcode(uint8_t opcode, uint8_t flags, bool done);

// Tells them all. False when something was never done that should have been: that is told too.
bool figures_tell(void);

#endif
