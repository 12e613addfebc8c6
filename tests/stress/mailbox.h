// SPDX-License-Identifier: MIT
//
// What a judge and one of its puppets share: a piece of memory in which the judge leaves a command
// and the puppet what came of it. It is the judge's while the puppet waits for a command, and the
// puppet's in between. `thread` is apart: that part belongs to a thread of the puppet's that the
// judge has had made, from its `go` to its `done`.
#ifndef TESTS_STRESS_MAILBOX_H
#define TESTS_STRESS_MAILBOX_H

#include "tests/model/operations.h"

enum mailbox_command {
    COMMAND_OPERATE, // one operation, by a cap_enter that does not wait
    COMMAND_POLL,    // a cap_enter that does not wait, with nothing
    COMMAND_LOOK,    // nothing: only reads what there is
    COMMAND_WAIT,    // a cap_enter that waits for one completion
    COMMAND_TAKE,    // takes a capability from the judge
    COMMAND_SEND,    // submits `call`
    COMMAND_CANCEL,  // submits a CANCEL of it
    COMMAND_AWAIT,   // waits for its end
    COMMAND_CALL,    // both
    COMMAND_READ,    // reads the word at `address` into `word`
    COMMAND_WRITE,   // writes it there
};

enum {
    MAILBOX_EVENTS = 24,
    MAILBOX_THREADS = 4,
    CALL_PARAMS = 1024, // bytes
    CALL_RESULTS = 2048,
    CALL_DESCRIPTORS = 6,
};

struct mailbox_event {
    struct capos_cqe cqe;
    uint8_t piece[PIECE]; // of the slot, as it was when the completion was read
};

// A call of a kernel object's method. Descriptors: those that are sent, then those received.
struct mailbox_call {
    struct capos_sqe sqe; // but for slot, user_data and offsets
    int32_t result;
    uint8_t flags, caps;
    struct capos_descriptor descriptors[CALL_DESCRIPTORS];
    uint64_t params[CALL_PARAMS / 8];
    uint64_t results[CALL_RESULTS / 8];
};

// The capabilities over itself that a puppet starts with.
enum mailbox_own { OWN_MEMORY, OWN_THREADS, OWN_CONTROL, OWN_TABLE, OWN_CAPS };

// A thread's part. It does what its life is (puppet_thread.c), sets `done`, waits until `go` is no
// longer 0, and exits with `status`.
struct mailbox_thread {
    uint32_t done, go; // parked on
    uint32_t ended;    // the kernel's, of a thread that was made to tell
    int32_t status;
    uint64_t ring;        // its address
    uint64_t id;          // what ThreadControl says
    uint64_t base, other; // FS base before and after it has been set
    int32_t failed;       // an outcome that was not to be
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

    uint64_t address, word;
    struct mailbox_call call;

    // Told at the start.
    uint64_t own[OWN_CAPS];
    uint64_t box_cap, box_address;
    uint64_t commons_cap, commons_address;
    uint64_t thread_entry, thread_stack[MAILBOX_THREADS];

    struct mailbox_thread thread[MAILBOX_THREADS];
    uint32_t generation; // children that were started with this number go on until it is another
};

// The words that all puppets of a judge share, in an object of their own: they never change.
enum { WORDS = 4, WORD_VALUE = 7 };

#endif
