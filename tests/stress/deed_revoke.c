// SPDX-License-Identifier: MIT
//
// Deeds with revocation: RevokerFactory and Revoker, over any capability.
#include "schemas/revocation.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/figures.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/puppet_ring.h"

static bool make(int p) {
    int factory = court_find(p, CAPOS_REVOKER_FACTORY_INTERFACE_ID), hold = court_find_any(p), want,
        got;
    struct capos_revoker_factory_make_results results;
    struct m_hold from;
    struct capos_call call;
    int number;

    if (factory < 0 || hold < 0 || !model_has_revoker(&court.model))
        return false;
    from = *court_hold(p, hold);
    want = court_outcome(p, factory, 2);
    if (want == CAPOS_DONE && court_object(p, hold)->kind == RECEIVER)
        want = CAPOS_INVALID_ARGUMENT;
    else if (want == CAPOS_DONE && model_is_dead(&court.model, from.revoker))
        want = CAPOS_DISCONNECTED;
    else if (want == CAPOS_DONE && court.model.revoker[from.revoker].depth == CAPOS_REVOKERS_DEEP)
        want = CAPOS_FAILED;
    got = capos_revoker_factory_make(&call, puppet_ring(p),
                                     (struct capos_revoker_factory){court_hold(p, factory)->cap},
                                     (struct capos_capability){from.cap}, &results);
    if (!court_ended(p, got, want))
        return true;
    number = model_revoker(&court.model, from.revoker);
    court_expect(court_got_more(p, capos_revoker_factory_make_results_copy(results).id, from.object,
                                from.scope, number) >= 0,
                 p, "a copy is none");
    (void)court_got(p, capos_revoker_factory_make_results_revoker(results).id,
                    CAPOS_REVOKER_INTERFACE_ID, number);
    return true;
}

// Nobody waits meanwhile, so that it does not matter who is told first.
static bool revoke(int p) {
    int hold = court_find(p, CAPOS_REVOKER_INTERFACE_ID), want, got;
    struct capos_revoker_revoke_results results;
    struct capos_call call;

    if (hold < 0)
        return false;
    court_wake_all();
    hold = court_find(p, CAPOS_REVOKER_INTERFACE_ID);
    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    got = capos_revoker_revoke(&call, puppet_ring(p),
                               (struct capos_revoker){court_hold(p, hold)->cap}, &results);
    if (!court_ended(p, got, want))
        return true;
    model_revoke(&court.model, court_object(p, hold)->what);
    memory_revoked();
    figures->revocations++;
    return true;
}

const struct deed deeds_revoke[] = {
    {"RevokerFactory.make", make},
    {"Revoker.revoke", revoke},
    {NULL, NULL},
};
