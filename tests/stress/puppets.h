// SPDX-License-Identifier: MIT
//
// The puppets of one judge: processes that are started, led by commands and killed. A judge leads
// them one at a time, so what happens is decided by its commands alone.
#ifndef TESTS_STRESS_PUPPETS_H
#define TESTS_STRESS_PUPPETS_H

#include "capos/server.h"
#include "schemas/process.capos.h"
#include "tests/stress/mailbox.h"

struct puppet {
    struct capos_process_handle process;
    struct mailbox *box;
    uint64_t memory; // the box's MemoryObject
    struct capos_object object;
    uint64_t facet;
    struct capos_answer next; // to answer when it is to do something, if it is here
    bool here;
    struct capos_answer wake; // to answer when it is to stop waiting, if it waits
    bool waits;
};

extern struct puppet puppets[PROCESSES];

// The words that all of them share (mailbox.h), as the judge sees them.
extern const uint32_t *puppets_commons;

// Makes mailboxes and the endpoint over which puppets are led. Once.
void puppets_init(void);

// Starts them all, which are here then.
void puppets_start(void);

// Starts one again, which is to be awaited. Its table is empty but for the PUPPET_SLOTS that it
// started with.
enum { PUPPET_SLOTS = 8 };
void puppet_start(int number);

// Kills one; true when it had to be.
bool puppet_kill(int number);

// Has it touch an address where it may not, and waits for its end. False when that is not the end
// of one that did so.
bool puppet_crash(int number, uint64_t address, bool write);

// Leaves a command that was written to the mailbox but for its kind, and waits until it is done.
void puppet_do(int number, enum mailbox_command command);

// The same without waiting: for COMMAND_WAIT.
void puppet_begin(int number, enum mailbox_command command);

// Waits until the puppet is here.
void puppet_await(int number);

// Has the puppet take a capability, which is moved if `move`; its id in the puppet's table.
uint64_t puppet_give(int number, uint64_t cap, bool move);

// Wakes a puppet that waits for a completion, with one that is none of its operations'; it is here
// afterwards.
void puppet_wake(int number);

#endif
