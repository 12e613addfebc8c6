// SPDX-License-Identifier: MIT
//
// Deeds: what a puppet does with the kernel's own objects, one method each. A deed chooses what to
// do from what the model has, says what must come of it, has the puppet do it, and compares. It is
// false when the puppet has nothing to do it with; then nothing has happened.
#ifndef TESTS_STRESS_DEED_H
#define TESTS_STRESS_DEED_H

#include "tests/stress/court.h"

struct deed {
    const char *name;
    bool (*run)(int p);
};

// A call of a puppet's through a capability of its own.
struct deed_call {
    struct capos_call call;
    struct capos_transport *ring;
    uint64_t cap;
    int p, hold;
    int want; // what it must end with
};

// Chooses a capability of that interface; the results have up to `room` capabilities. False: the
// puppet has none.
bool deed_begin(struct deed_call *deed, int p, uint64_t interface, int room);

// If that is so, the call ends with this outcome, unless there is a reason against it already.
void deed_refused_if(struct deed_call *deed, bool so, int outcome);

// Nobody answers a call that was sent if all is well, so it is submitted and cancelled.
void deed_cancel(struct deed_call *deed);

// The call has ended as it must: is it with results?
bool deed_ended(const struct deed_call *deed, int got);

// What the capability is one of.
struct m_object *deed_object(const struct deed_call *deed);

// Lists that end with a NULL name.
extern const struct deed deeds_memory[];
extern const struct deed deeds_space[];
extern const struct deed deeds_thread[];
extern const struct deed deeds_process[];
extern const struct deed deeds_schedule[];
extern const struct deed deeds_revoke[];
extern const struct deed deeds_session[];
extern const struct deed deeds_endpoint[];
extern const struct deed deeds_inspect[];
extern const struct deed deeds_system[];

// One, of those that can be done.
void deed_do(int p);

// An object of the kernel's is gone: its part forgets it.
void deed_gone(struct m_object *object);

// A process is about to be killed, or has been: its threads, its address space and its children.
void deed_before_kill(int p);
void deed_killed(int p);

#endif
