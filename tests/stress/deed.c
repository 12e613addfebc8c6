// SPDX-License-Identifier: MIT
//
// See deed.h. Of two deeds that are drawn the one that was done less often is tried first, so that
// even a short run does each.
#include "tests/stress/deed.h"

#include "schemas/inspection.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/process.capos.h"
#include "schemas/revocation.capos.h"
#include "schemas/scheduling.capos.h"
#include "schemas/session.capos.h"
#include "schemas/thread.capos.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/process_model.h"
#include "tests/stress/puppet_ring.h"
#include "tests/stress/schedule_model.h"
#include "tests/stress/thread_model.h"

enum { DEEDS = 96, TRIES = 12 };

static const struct deed *const parts[] = {
    deeds_memory, deeds_space,    deeds_thread,  deeds_process, deeds_schedule,
    deeds_revoke, deeds_endpoint, deeds_inspect, deeds_system,  deeds_session,
};

static const struct deed *all[DEEDS];
static uint64_t done[DEEDS];
static unsigned count;

static void collect(void) {
    for (unsigned part = 0; part < sizeof parts / sizeof parts[0]; part++)
        for (const struct deed *deed = parts[part]; deed->name != NULL && count < DEEDS; deed++)
            all[count++] = deed;
}

void deed_do(int p) {
    if (count == 0)
        collect();
    for (int i = 0; i < TRIES; i++) {
        unsigned first = (unsigned)court_below(count), other = (unsigned)court_below(count);

        if (done[other] < done[first])
            first = other;
        court.deed = all[first]->name;
        if (!all[first]->run(p))
            continue;
        done[first]++;
        court.deeds++;
        break;
    }
    court.deed = NULL;
}

bool deed_begin(struct deed_call *deed, int p, uint64_t interface, int room) {
    int hold = court_find(p, interface);

    if (hold < 0)
        return false;
    deed->ring = puppet_ring(p);
    deed->cap = court_hold(p, hold)->cap;
    deed->p = p;
    deed->hold = hold;
    deed->want = court_outcome(p, hold, room);
    return true;
}

void deed_refused_if(struct deed_call *deed, bool so, int outcome) {
    if (so && deed->want == CAPOS_DONE)
        deed->want = outcome;
}

void deed_cancel(struct deed_call *deed) {
    if (deed->want != CAPOS_DONE)
        return;
    puppet_ring_submit(&deed->call);
    puppet_ring_cancel(&deed->call);
    deed->want = -CAPOS_STATUS_CANCELLED;
}

bool deed_ended(const struct deed_call *deed, int got) {
    return court_ended(deed->p, got, deed->want);
}

struct m_object *deed_object(const struct deed_call *deed) {
    return court_object(deed->p, deed->hold);
}

static void revoker_gone(int what) {
    model_drop_revoker(&court.model, what);
}

void deed_gone(struct m_object *object) {
    static const struct {
        uint64_t interface;
        void (*gone)(int what);
    } kinds[] = {
        {CAPOS_MEMORY_OBJECT_INTERFACE_ID, memory_view_gone},
        {CAPOS_THREAD_HANDLE_INTERFACE_ID, thread_gone},
        {CAPOS_PROCESS_HANDLE_INTERFACE_ID, process_gone},
        {CAPOS_CAPABILITY_VIEW_INTERFACE_ID, process_gone},
        {CAPOS_PROCESS_SPAWNER_INTERFACE_ID, process_spawner_gone},
        {CAPOS_SCHEDULING_CONTEXT_INTERFACE_ID, schedule_gone},
        {CAPOS_REVOKER_INTERFACE_ID, revoker_gone},
        {CAPOS_SESSION_INTERFACE_ID, revoker_gone},
    };

    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (kinds[i].interface == object->interface)
            kinds[i].gone(object->what);
}

void deed_before_kill(int p) {
    process_before_kill(p);
}

void deed_killed(int p) {
    thread_killed(p);
    memory_process_end(p);
}
