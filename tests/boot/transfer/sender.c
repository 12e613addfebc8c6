// SPDX-License-Identifier: MIT
//
// The client of the test of transfers: passes fifteen capabilities there and back in one call, then
// tries everything that is refused, a case at a time, while the test looks at the tables and
// ledgers. Exit statuses: 0; 3 the fifteen did not come as they should.
#include "schemas/revocation.capos.h"
#include "schemas/time.capos.h"
#include "tests/boot/transfer/raw.h"
#include "tests/guest/parts.h"

static _Atomic uint64_t *page;
static uint64_t porter, second, timer, other, home, dead, gone, receiver;

static uint64_t revocable(bool revoked) {
    struct capos_revoker_factory revokers = {
        capos_need("revokers", CAPOS_REVOKER_FACTORY_INTERFACE_ID)};
    struct capos_revoker_factory_make_results made;
    struct capos_revoker_revoke_results done;
    struct capos_call call;

    if (capos_revoker_factory_make(&call, capos_ring(), revokers, (struct capos_capability){timer},
                                   &made) != CAPOS_DONE)
        capos_panic("no revocable copy");
    uint64_t copy = capos_revoker_factory_make_results_copy(made).id;
    struct capos_revoker revoker = capos_revoker_factory_make_results_revoker(made);
    capos_call_release(&call);
    if (revoked && capos_revoker_revoke(&call, capos_ring(), revoker, &done) != CAPOS_DONE)
        capos_panic("revoke fails");
    if (revoked)
        capos_call_release(&call);
    capos_release(revoker.id);
    return copy;
}

// Five that are copied, five that are moved, five that the server is to make.
static bool fifteen(void) {
    struct raw_call call = {
        .cap = porter, .method = RAW_ECHO, .params_bytes = 8, .sent = 15, .room = 15};
    struct capos_timer_now_results now;
    struct capos_call ask;
    bool ok = true;

    for (unsigned i = 0; i < 5; i++) {
        call.send[i] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_COPY, .cap = timer};
        call.send[5 + i] =
            (struct capos_descriptor){.kind = CAPOS_TRANSFER_MOVE, .cap = revocable(false)};
    }
    ok = raw_call(&call) == 8 && call.caps == 15;
    for (unsigned i = 0; i < call.caps; i++) {
        struct raw_call item = {.cap = call.received[i].cap, .method = RAW_SAY, .params_bytes = 8};

        ok &= call.received[i].cap != 0 && call.received[i].kind == CAPOS_TRANSFER_COPY;
        if (i < 10) {
            ok &= capos_timer_now(&ask, capos_ring(), (struct capos_timer){call.received[i].cap},
                                  &now) == CAPOS_DONE;
            capos_call_release(&ask);
        } else {
            ok &= call.received[i].interface == RAW_ITEM;
            ok &= raw_call(&item) == 8 && item.word == 1000 + i;
        }
        if (i >= 5 && i < 10)
            ok &= raw_call(&(struct raw_call){.cap = call.send[i].cap, .params_bytes = 8}) ==
                  -CAPOS_STATUS_REFUSED;
        capos_release(call.received[i].cap);
    }
    return ok;
}

static struct capos_descriptor of(uint8_t kind, uint64_t cap) {
    return (struct capos_descriptor){.kind = kind, .cap = cap};
}

// One that is refused.
static struct raw_call refusal(unsigned n) {
    struct raw_call call = {.cap = porter, .params_bytes = 8, .sent = 2};

    call.send[0] = of(CAPOS_TRANSFER_MOVE, other); // what is good before what is not
    call.send[1] = of(CAPOS_TRANSFER_COPY, timer);
    switch (n) {
    case 0: // no such capability
        call.send[1].cap = timer ^ UINT64_C(1) << 40;
        break;
    case 1: // moved, and named again
        call.send[1].cap = other;
        break;
    case 2: // it can't be copied
        call.send[1].cap = receiver;
        break;
    case 3: // MINT without a Receiver
        call.send[1] = (struct capos_descriptor){
            .kind = CAPOS_TRANSFER_MINT, .cap = timer, .interface = 1, .scope = CAPOS_SCOPE_ANY};
        break;
    case 4: // MINT beyond the limit of facets
        call.send[1] = (struct capos_descriptor){
            .kind = CAPOS_TRANSFER_MINT, .cap = receiver, .interface = 1, .scope = CAPOS_SCOPE_ANY};
        break;
    case 5: // only for its server
        call.cap = second;
        call.send[1].cap = home;
        break;
    case 6: // revoked
        call.send[1].cap = dead;
        break;
    case 7: // to one that is revoked
        call.cap = dead;
        break;
    case 8: // to one whose server is gone
        call.cap = gone;
        break;
    case 9: // more than the server receives
        call.params_bytes = 512;
        break;
    case 10: // no slots for what may come back
        call.room = 15;
        break;
    case 11: // no such kind
        call.send[1].kind = CAPOS_TRANSFER_OWN;
        break;
    default: // the server takes two
        call.send[2] = of(CAPOS_TRANSFER_COPY, timer);
        call.sent = 3;
    }
    return call;
}

static void await(unsigned word, uint64_t value) {
    while (atomic_load(&page[word]) != value)
        raw_pause();
}

enum { CASES = 13, NARROW = 12, HOARD = 8 };

int main(void) {
    struct raw_call call;

    page = guest_map(capos_need("page", CAPOS_MEMORY_OBJECT_INTERFACE_ID), CAPOS_PAGE_SIZE);
    porter = capos_need("porter", RAW_INTERFACE);
    timer = capos_need("timer", CAPOS_TIMER_INTERFACE_ID);
    other = capos_need("other", CAPOS_TIMER_INTERFACE_ID);
    second = capos_need("second", RAW_INTERFACE);
    gone = capos_need("gone", RAW_INTERFACE);
    receiver = capos_need("receiver", UINT64_C(0x86a86ba2aa6f6c04));
    dead = revocable(true);
    if (!fifteen())
        return 3;
    call = (struct raw_call){.cap = porter, .method = RAW_HOME, .params_bytes = 8, .room = 1};
    if (raw_call(&call) != 8 || call.caps != 1)
        return 4;
    home = call.received[0].cap;
    for (unsigned i = 0; i < HOARD; i++) // so that few slots are left
        (void)revocable(false);
    for (unsigned n = 0; n < CASES; n++) {
        if (n == NARROW)
            (void)raw_call(
                &(struct raw_call){.cap = porter, .method = RAW_NARROW, .params_bytes = 8});
        atomic_store(&page[READY], n + 1);
        await(GO, n + 1);
        call = refusal(n);
        atomic_store(&page[RESULT], (uint64_t)-raw_call(&call));
        atomic_store(&page[DONE], n + 1);
        await(ON, n + 1);
    }
    return 0;
}
