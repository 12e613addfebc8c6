// SPDX-License-Identifier: MIT
//
// Deeds with sessions: SessionAuthority and Session. No puppet is a member of one, children are
// (deed_process.c). To the model a session is a revoker, from which that of what was bound to it
// comes; object.what of a Session is its number.
#include "schemas/session.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/process_model.h"
#include "tests/stress/puppet_ring.h"

static bool start(int p) {
    int hold = court_find(p, CAPOS_SESSION_AUTHORITY_INTERFACE_ID), want, got;
    struct capos_session_authority_start_results results;
    struct capos_call call;

    if (hold < 0 || !model_has_revoker(&court.model))
        return false;
    want = court_outcome(p, hold, 1);
    got = capos_session_authority_start(&call, puppet_ring(p),
                                        (struct capos_session_authority){court_hold(p, hold)->cap},
                                        &results);
    if (court_ended(p, got, want))
        (void)court_got(p, capos_session_authority_start_results_session(results).id,
                        CAPOS_SESSION_INTERFACE_ID, model_session(&court.model));
    return true;
}

static struct capos_session session_at(int p, int hold) {
    return (struct capos_session){court_hold(p, hold)->cap};
}

static bool bind(int p) {
    int hold = court_find(p, CAPOS_SESSION_INTERFACE_ID), from = court_find_any(p), want, got,
        session;
    struct capos_session_bind_results results;
    struct capos_call call;
    struct m_hold bound;

    if (hold < 0 || from < 0)
        return false;
    session = court_object(p, hold)->what;
    bound = *court_hold(p, from);
    want = court_outcome(p, hold, 1);
    if (want == CAPOS_DONE &&
        (model_is_dead(&court.model, session) || model_is_dead(&court.model, bound.revoker)))
        want = CAPOS_DISCONNECTED;
    else if (want == CAPOS_DONE && (court_object(p, from)->kind == RECEIVER ||
                                    bound.scope != CAPOS_SCOPE_ANY || bound.revoker != 0))
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_session_bind(&call, puppet_ring(p), session_at(p, hold),
                             (struct capos_capability){bound.cap}, &results);
    if (court_ended(p, got, want))
        (void)court_got_more(p, capos_session_bind_results_copy(results).id, bound.object,
                             CAPOS_SCOPE_SESSION, session);
    return true;
}

static bool belongs_to(int revoker, int session) {
    for (; revoker != 0; revoker = court.model.revoker[revoker].parent)
        if (revoker == session)
            return true;
    return false;
}

// Nobody waits meanwhile, so that it does not matter who is told first.
static bool end(int p) {
    int hold, want, got, session;
    struct capos_session_end_results results;
    struct capos_call call;
    bool ended;

    if (court_find(p, CAPOS_SESSION_INTERFACE_ID) < 0 || !court_chance(30))
        return false;
    court_wake_all();
    hold = court_find(p, CAPOS_SESSION_INTERFACE_ID);
    if (hold < 0)
        return false;
    session = court_object(p, hold)->what;
    want = court_outcome(p, hold, 0);
    ended = want == CAPOS_DONE;
    if (ended && belongs_to(court_hold(p, hold)->revoker, session))
        want = -CAPOS_STATUS_DISCONNECTED; // the call itself was made through what it ends
    got = capos_session_end(&call, puppet_ring(p), session_at(p, hold), &results);
    (void)court_ended(p, got, want);
    if (!ended)
        return true;
    model_revoke(&court.model, session);
    memory_revoked();
    process_session_ended(session);
    return true;
}

static bool info(int p) {
    int hold = court_find(p, CAPOS_SESSION_INTERFACE_ID), want, got;
    struct capos_session_info_results results;
    struct capos_call call;

    if (hold < 0)
        return false;
    want = court_outcome(p, hold, 0);
    got = capos_session_info(&call, puppet_ring(p), session_at(p, hold), &results);
    if (court_ended(p, got, want))
        court_expect(capos_session_info_results_ended(results) ==
                         model_is_dead(&court.model, court_object(p, hold)->what),
                     p, "whether a session has ended");
    return true;
}

const struct deed deeds_session[] = {
    {"SessionAuthority.start", start},
    {"Session.bind", bind},
    {"Session.end", end},
    {"Session.info", info},
    {NULL, NULL},
};
