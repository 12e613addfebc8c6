// SPDX-License-Identifier: MIT
//
// What a member of a session (member.c) and the test (sessions.c) have in common: the page that
// they share, and what a member is to do without end.
#ifndef TESTS_BOOT_SESSIONS_ROLES_H
#define TESTS_BOOT_SESSIONS_ROLES_H

// Words of the page.
enum {
    COUNT,     // goes up as long as the member, or what it has started, does something
    ROLE,      // enum role
    ENOUGH,    // ENDER: when COUNT is so high it ends its session
    COMPLAINT, // not 0: the member has seen what may not be
};

enum role {
    CALLER,  // calls a server outside, as fast as it can
    HOLDER,  // waits for answers that never come, of calls that the server holds
    CLIMBER, // calls on answers to come, of a server that does not even receive
    PARKER,  // threads: parked, asleep, and busy
    WRITER,  // writes to memory that belongs to the session
    MAPPER,  // maps and unmaps it
    BREEDER, // starts and kills processes in the session
    NESTER,  // has a session of its own, with a process in it
    ENDER,   // ends the session
    ROLES,
};

enum { PAGE = 4096, MEMORY_PAGES = 64 };

#endif
