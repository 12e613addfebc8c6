// SPDX-License-Identifier: MIT
//
// Sessions in the world of object_world.h, and processes that the test plays in them, for tests of
// what belongs to a session. Unless a function answers with the outcome, it fails the test when the
// outcome is not CAPOS_DONE.
#ifndef CAPOS_TESTS_UNIT_OBJECT_SESSIONS_H
#define CAPOS_TESTS_UNIT_OBJECT_SESSIONS_H

#include "schemas/process.capos.h"
#include "schemas/session.capos.h"
#include "tests/unit/object_world.h"

// A process as the test plays it, with what calls its capabilities.
struct member {
    struct actor actor;
    struct caller caller;
    struct capos_process_handle handle; // of whoever has spawned it
};

// A capability of init's to be granted, and its name.
struct wish {
    const char *name;
    uint64_t cap;
};

// For a checked fixture, with world_teardown.
void sessions_setup(void);

int sessions_try_start(struct caller *by, uint64_t authority, struct capos_session *session);
struct capos_session sessions_start(void); // by init

// Children of init in a session (0: in init's): each is granted `endpoints`, `sessions`, `spawner`
// and `binary`, which it can spawn itself, and what is wished for.
int sessions_try_spawn(struct capos_session session, const struct wish *wishes, uint32_t count,
                       struct capos_process_handle *handle);
void sessions_spawn(struct capos_session session, const struct wish *wishes, uint32_t count,
                    struct member *member);

// What a member was granted under that name.
uint64_t sessions_grant(const struct actor *actor, const char *name);

// Copies of init's capabilities that belong to the session; 0 when refused.
int sessions_try_bind(struct capos_session session, uint64_t cap, uint64_t *copy);
uint64_t sessions_bind(struct capos_session session, uint64_t cap);

void sessions_assert_info(struct capos_session session, uint32_t processes, bool ended);

// Begins the end: what is to be seen at once is seen then, its processes may be gone already;
// end_wait ends it.
void sessions_end_begin(struct capos_session session);
void sessions_end_wait(void);
void sessions_end(struct capos_session session);

// Lets go of a member that has ended, and looks at how.
void sessions_assert_ended(struct member *member, enum capos_process_end_which how);

#endif
