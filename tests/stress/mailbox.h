// SPDX-License-Identifier: MIT
//
// What a judge and one of its puppets share: a piece of memory in which the judge leaves a command
// and the puppet what came of it. It is the judge's while the puppet waits for a command, and the
// puppet's in between.
#ifndef TESTS_STRESS_MAILBOX_H
#define TESTS_STRESS_MAILBOX_H

#include "tests/model/operations.h"

enum mailbox_command {
    COMMAND_OPERATE, // one operation, by a cap_enter that does not wait
    COMMAND_POLL,    // a cap_enter that does not wait, with nothing
    COMMAND_LOOK,    // nothing: only reads what there is
    COMMAND_WAIT,    // a cap_enter that waits for one completion
    COMMAND_TAKE,    // takes a capability from the judge
};

enum { MAILBOX_EVENTS = 24 };

struct mailbox_event {
    struct capos_cqe cqe;
    uint8_t piece[PIECE]; // of the slot, as it was when the completion was read
};

struct mailbox {
    uint32_t command;
    struct operation operation;

    uint64_t entered;   // what cap_enter answered
    uint64_t taken;     // COMMAND_TAKE: the capability's id
    int32_t own_result; // of the puppet's last call to the judge
    uint32_t events;    // that the judge has not read
    uint32_t more;      // there are completions that found no place
    struct mailbox_event event[MAILBOX_EVENTS];
};

#endif
