// SPDX-License-Identifier: MIT
//
// Deeds with sessions: SessionAuthority and Session. No puppet is a member of one, children are
// (deed_process.c). To the model a session is a revoker, from which that of what was bound to it
// comes; object.what of a Session is its number.
#include "schemas/session.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/process_model.h"

static bool start(int p) {
    struct capos_session_authority_start_results results;
    struct deed_call deed;

    if (!model_has_revoker(&court.model) ||
        !deed_begin(&deed, p, CAPOS_SESSION_AUTHORITY_INTERFACE_ID, 1))
        return false;
    if (deed_ended(&deed, capos_session_authority_start(&deed.call, deed.ring,
                                                        (struct capos_session_authority){deed.cap},
                                                        &results)))
        (void)court_got(p, capos_session_authority_start_results_session(results).id,
                        CAPOS_SESSION_INTERFACE_ID, model_session(&court.model));
    return true;
}

static bool bind(int p) {
    int from = court_find_any(p), session;
    struct capos_session_bind_results results;
    struct deed_call deed;
    struct m_hold bound;

    if (from < 0 || !deed_begin(&deed, p, CAPOS_SESSION_INTERFACE_ID, 1))
        return false;
    session = deed_object(&deed)->what;
    bound = *court_hold(p, from);
    deed_refused_if(
        &deed, model_is_dead(&court.model, session) || model_is_dead(&court.model, bound.revoker),
        CAPOS_DISCONNECTED);
    deed_refused_if(&deed,
                    court_object(p, from)->kind == RECEIVER || bound.scope != CAPOS_SCOPE_ANY ||
                        bound.revoker != 0,
                    CAPOS_INVALID_ARGUMENT);
    if (deed_ended(&deed,
                   capos_session_bind(&deed.call, deed.ring, (struct capos_session){deed.cap},
                                      (struct capos_capability){bound.cap}, &results)))
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
    struct capos_session_end_results results;
    struct deed_call deed;
    bool ended;
    int session;

    if (court_find(p, CAPOS_SESSION_INTERFACE_ID) < 0 || !court_chance(30))
        return false;
    court_wake_all();
    if (!deed_begin(&deed, p, CAPOS_SESSION_INTERFACE_ID, 0))
        return false;
    session = deed_object(&deed)->what;
    ended = deed.want == CAPOS_DONE;
    // The call itself may be made through what it ends.
    deed_refused_if(&deed, belongs_to(court_hold(p, deed.hold)->revoker, session),
                    -CAPOS_STATUS_DISCONNECTED);
    (void)deed_ended(&deed, capos_session_end(&deed.call, deed.ring,
                                              (struct capos_session){deed.cap}, &results));
    if (!ended)
        return true;
    model_revoke(&court.model, session);
    memory_revoked();
    process_session_ended(session);
    return true;
}

static bool info(int p) {
    struct capos_session_info_results results;
    struct deed_call deed;

    if (!deed_begin(&deed, p, CAPOS_SESSION_INTERFACE_ID, 0))
        return false;
    if (deed_ended(&deed, capos_session_info(&deed.call, deed.ring,
                                             (struct capos_session){deed.cap}, &results)))
        court_expect(capos_session_info_results_ended(results) ==
                         model_is_dead(&court.model, deed_object(&deed)->what),
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
