// SPDX-License-Identifier: MIT
//
// Deeds with inspection: CapabilityManager by a puppet of its own table, ProcessInspector and
// CapabilityView of a child's, and the judge's views of the puppets' (tables.h).
#include "base/memory.h"
#include "schemas/inspection.capos.h"
#include "schemas/process.capos.h"
#include "tests/stress/deed.h"
#include "tests/stress/figures.h"
#include "tests/stress/process_model.h"
#include "tests/stress/puppet_ring.h"
#include "tests/stress/tables.h"

enum { MOST = 40 };

static uint64_t views[PROCESSES];

// What has been seen of one table.
struct seen {
    uint32_t unknown; // what the puppet started with, or has not been told of
    bool hold[HOLDS];
};

// Each object has one number, which is no other's.
static void check_number(int p, int object, uint64_t number) {
    struct m_object *o = &court.model.object[object];

    if (o->number == 0) {
        for (int i = 0; i < court.model.objects; i++)
            court_expect(court.model.object[i].kind == NOTHING ||
                             court.model.object[i].number != number,
                         p, "two objects have one number");
        o->number = number;
    }
    court_expect_equal(number, o->number, p, "an object's number");
}

static void check_entry(int p, struct capos_capability_entry entry, struct seen *seen) {
    const struct model *model = &court.model;
    int hold = model_find_hold(model, p, capos_capability_entry_cap(entry));
    const struct m_object *object;
    const struct m_hold *h;

    if (hold < 0) {
        seen->unknown++;
        return;
    }
    h = court_hold(p, hold);
    object = &model->object[h->object];
    court_expect(!seen->hold[hold], p, "a capability is listed twice");
    seen->hold[hold] = true;
    check_number(p, h->object, capos_capability_entry_object(entry));
    court_expect_equal(capos_capability_entry_interface(entry), object->interface, p,
                       "a listed capability's interface");
    court_expect_equal(capos_capability_entry_scope(entry), h->scope, p,
                       "a listed capability's scope");
    court_expect_equal(capos_capability_entry_kind(entry), (uint64_t)object->kind - PLAIN, p,
                       "a listed capability's kind");
    court_expect_equal(capos_capability_entry_revokers(entry),
                       (uint64_t)model->revoker[h->revoker].depth, p,
                       "a listed capability's revokers");
    court_expect(capos_capability_entry_revoked(entry) == model_is_dead(model, h->revoker), p,
                 "whether a listed capability is revoked");
}

// Capabilities that the process holds and has not been told of yet.
static uint32_t untold(int p) {
    uint32_t n = 0;

    for (int i = 0; i < HOLDS; i++)
        n += court_hold(p, i)->object >= 0 && court_hold(p, i)->cap == 0;
    return n;
}

// Reads a table in steps; the puppet's own way or the judge's.
static void check_table(int p, struct capos_transport *transport, uint64_t view) {
    struct capos_capability_view_list_results results;
    struct seen seen = {0};
    struct capos_call call;
    uint64_t cursor = 0;

    do {
        int got = capos_capability_view_list(&call, transport, (struct capos_capability_view){view},
                                             cursor, MOST, &results);
        court_expect_equal((uint64_t)got, CAPOS_DONE, p, "list ends with");
        struct capos_capability_entry_list entries =
            capos_capability_view_list_results_capabilities(results);
        for (uint32_t i = 0; i < capos_capability_entry_list_size(entries); i++)
            check_entry(p, capos_capability_entry_list_at(entries, i), &seen);
        court_expect_equal(capos_capability_view_list_results_held(results),
                           (uint64_t)model_used(&court.model, p) + PUPPET_SLOTS, p,
                           "capabilities held");
        cursor = capos_capability_view_list_results_cursor(results);
        capos_call_release(&call);
    } while (cursor != 0);
    for (int i = 0; i < HOLDS; i++)
        court_expect(seen.hold[i] || court_hold(p, i)->object < 0 || court_hold(p, i)->cap == 0, p,
                     "a capability is not listed");
    court_expect_equal(seen.unknown, untold(p) + PUPPET_SLOTS, p,
                       "capabilities that are not known");
    figures->tables++;
}

void tables_start(int p) {
    struct capos_process_inspector inspector = {
        capos_need("inspector", CAPOS_PROCESS_INSPECTOR_INTERFACE_ID)};
    struct capos_process_inspector_inspect_results results;
    struct capos_call call;

    if (capos_process_inspector_inspect(&call, capos_ring(), inspector, puppets[p].process,
                                        &results) != CAPOS_DONE)
        court_diverged(p, "a puppet can't be inspected");
    views[p] = capos_process_inspector_inspect_results_view(results).id;
    capos_call_release(&call);
}

void tables_check(int p) {
    check_table(p, capos_ring(), views[p]);
}

void tables_end(int p) {
    struct capos_capability_view_list_results results;
    struct capos_call call;
    int got = capos_capability_view_list(
        &call, capos_ring(), (struct capos_capability_view){views[p]}, 0, MOST, &results);

    court_expect_equal((uint64_t)got, CAPOS_DISCONNECTED, p, "the list of a dead puppet ends with");
    capos_call_release(&call);
    capos_release(views[p]);
}

static bool own_list(int p) {
    check_table(p, puppet_ring(p), puppets[p].box->own[OWN_TABLE]);
    return true;
}

// A view of a child: object.what is the child's number.
static bool inspect(int p) {
    int hold = court_find(p, CAPOS_PROCESS_INSPECTOR_INTERFACE_ID), want, got;
    int child = court_find(p, CAPOS_PROCESS_HANDLE_INTERFACE_ID);
    struct capos_process_inspector_inspect_results results;
    struct capos_call call;

    if (hold < 0 || child < 0)
        return false;
    want = court_outcome(p, hold, 1);
    if (want == CAPOS_DONE && model_is_dead(&court.model, court_hold(p, child)->revoker))
        want = CAPOS_INVALID_ARGUMENT;
    got = capos_process_inspector_inspect(
        &call, puppet_ring(p), (struct capos_process_inspector){court_hold(p, hold)->cap},
        (struct capos_process_handle){court_hold(p, child)->cap}, &results);
    if (court_ended(p, got, want))
        (void)court_got(p, capos_process_inspector_inspect_results_view(results).id,
                        CAPOS_CAPABILITY_VIEW_INTERFACE_ID,
                        process_keep(court_object(p, child)->what));
    return true;
}

static bool list(int p) {
    int hold = court_find(p, CAPOS_CAPABILITY_VIEW_INTERFACE_ID), want, got;
    struct capos_capability_view_list_results results;
    struct capos_call call;
    int child;

    if (hold < 0)
        return false;
    child = court_object(p, hold)->what;
    if (process_is_told(child))
        return false;
    want = court_outcome(p, hold, 0);
    if (want == CAPOS_DONE && !process_is_living(child))
        want = CAPOS_DISCONNECTED;
    got = capos_capability_view_list(&call, puppet_ring(p),
                                     (struct capos_capability_view){court_hold(p, hold)->cap}, 0,
                                     MOST, &results);
    if (court_ended(p, got, want))
        court_expect_equal(capos_capability_view_list_results_held(results), 1, p,
                           "a child's capabilities");
    return true;
}

const struct deed deeds_inspect[] = {
    {"CapabilityManager.list", own_list},
    {"ProcessInspector.inspect", inspect},
    {"CapabilityView.list", list},
    {NULL, NULL},
};
