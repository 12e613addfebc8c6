// SPDX-License-Identifier: MIT
//
// What a glutton (glutton.c) and the test (exhaust.c) have in common: the page that they share, and
// what it is that the glutton has as much of as it can get.
#ifndef TESTS_BOOT_EXHAUST_KINDS_H
#define TESTS_BOOT_EXHAUST_KINDS_H

// Words of the page.
enum {
    KIND,      // enum kind
    STATE,     // enum state: how far the glutton is
    COMMAND,   // how far it may go
    MADE,      // how many it has when it is refused more
    COUNT,     // WORKER: goes up
    COMPLAINT, // not 0: it has seen what may not be
};

enum kind {
    ENDPOINTS,
    FACETS,
    SLOTS,
    FRAMES,
    RESERVED,
    COMMITTED,
    REVOKERS,
    SESSIONS,
    CONTEXTS,
    SPAWNERS,
    THREADS, // each with its ring
    PROCESSES,
    TOKENS, // calls held
    KINDS,
    WORKER = KINDS, // no glutton: needs a little, again and again, and gets it
};

enum state {
    EATING,
    FULL,  // it was refused once
    AGAIN, // it was refused many times more
    SPARE, // it has given one back, got one, and was refused
    TWICE, // it has given all back, and got as many once more
};

enum { PAGE = 4096, REFUSALS = 20 };

#endif
