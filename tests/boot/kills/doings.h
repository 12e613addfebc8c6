// SPDX-License-Identifier: MIT
//
// What a process can be doing when it is killed: the names of the grant that tells a doer (doer.c)
// which it is.
#ifndef TESTS_BOOT_KILLS_DOINGS_H
#define TESTS_BOOT_KILLS_DOINGS_H

enum doing {
    DO_NOTHING, // no operations, many at once
    DO_ASK,     // calls of the kernel
    DO_SLEEP,   // calls that the kernel holds
    DO_CALL,    // calls of a server
    DO_CANCEL,  // calls that are cancelled at once
    DO_PARK,    // threads that wake each other
    DO_THREADS, // threads that are made and joined
    DO_MEMORY,  // memory in steps: allocated, protected, taken away
    DO_OBJECTS, // memory objects: made, sliced, mapped
    DO_REVOKE,  // revocable copies that are used and revoked
    DO_FOUND,   // endpoints, facets, Receivers
    DO_SPAWN,   // processes that are started and killed
    DOINGS,
};

static const char *const doing_names[DOINGS] = {
    "nothing", "ask",    "sleep",   "call",   "cancel", "park",
    "threads", "memory", "objects", "revoke", "found",  "spawn",
};

#endif
