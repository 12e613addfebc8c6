// SPDX-License-Identifier: MIT
//
// The example of capos-capabilities(7), which shows it from its first function on: lends a Timer to
// itself, uses it, and takes it back.
#include "capos/runtime.h"
#include "schemas/revocation.capos.h"
#include "schemas/time.capos.h"

static void try_it(struct capos_timer timer) {
    struct capos_timer_now_results results;
    struct capos_call call;
    int outcome = capos_timer_now(&call, capos_ring(), timer, &results);

    capos_call_release(&call);
    if (outcome == CAPOS_DONE)
        capos_print("it answers\n");
    else if (outcome == -CAPOS_STATUS_DISCONNECTED)
        capos_print("it is disconnected\n");
}

int main(void) {
    struct capos_capability timer = {capos_need("timer", CAPOS_TIMER_INTERFACE_ID)};
    struct capos_revoker_factory revokers = {
        capos_need("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID)};
    struct capos_revoker_factory_make_results made;
    struct capos_revoker_revoke_results done;
    struct capos_call call;

    if (capos_revoker_factory_make(&call, capos_ring(), revokers, timer, &made) != CAPOS_DONE)
        return 1;
    struct capos_timer lent = {capos_revoker_factory_make_results_copy(made).id};
    struct capos_revoker revoker = capos_revoker_factory_make_results_revoker(made);
    capos_call_release(&call);

    try_it(lent);
    if (capos_revoker_revoke(&call, capos_ring(), revoker, &done) != CAPOS_DONE)
        return 1;
    capos_call_release(&call);
    try_it(lent); // nobody who holds it can use it any more
    return 0;
}
