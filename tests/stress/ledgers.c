// SPDX-License-Identifier: MIT
//
// See ledgers.h. What a puppet uses from its start (a ring, a stack, its program) is learnt; all
// that it takes afterwards is counted from the model. Of kernel memory only bounds are known: not
// less than at the start, and within the limit.
#include "tests/stress/ledgers.h"

#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "tests/stress/court.h"
#include "tests/stress/figures.h"
#include "tests/stress/ledger_image.h"
#include "tests/stress/memory_model.h"
#include "tests/stress/process_model.h"
#include "tests/stress/puppet_ring.h"
#include "tests/stress/thread_model.h"

enum { PATIENCE = 2000 }; // ms

static struct ledger_image start[PROCESSES];

static struct ledger_image ask(int p) {
    struct ledger_image image;

    if (!ledger_image_ask(puppets[p].process, &image))
        court_diverged(p, "a puppet's handle does not answer");
    return image;
}

void ledgers_start(int p) {
    start[p] = ask(p);
    court_expect_equal(start[p].used[LIMIT_SLOTS], PUPPET_SLOTS, p, "slots at the start");
    for (int i = 0; i < LIMIT_CLASSES; i++)
        court_expect_equal(start[p].lent[i], 0, p, "lent at the start");
}

static uint64_t objects_of(int p, enum object_kind_m kind, uint64_t interface) {
    uint64_t n = 0;

    for (int i = 0; i < court.model.objects; i++) {
        const struct m_object *o = &court.model.object[i];

        n += o->kind == kind && o->owner == court.model.process[p].serial &&
             (kind != PLAIN || o->interface == interface);
    }
    return n;
}

static uint64_t expected_use(int p, enum limit_class limit) {
    const struct model *model = &court.model;

    switch (limit) {
    case LIMIT_SLOTS:
        return (uint64_t)(model_used(model, p) + model_reserved(model, p));
    case LIMIT_FRAMES:
        return memory_frames(p) + thread_ring_pages(p);
    case LIMIT_RESERVED_PAGES:
        return memory_reserved(p) + thread_ring_pages(p);
    case LIMIT_THREADS:
        return thread_living(p);
    case LIMIT_ENDPOINTS:
        return objects_of(p, PLAIN, CAPOS_ENDPOINT_INTERFACE_ID);
    case LIMIT_FACETS:
        return objects_of(p, FACET, 0);
    case LIMIT_CALLS_HELD:
        return model->process[p].receives ? TOKENS : 0;
    default:
        return 0;
    }
}

static uint64_t expected(int p, enum limit_class limit) {
    return start[p].used[limit] + expected_use(p, limit);
}

// Near a limit it matters whether all that was given up has come back.
bool ledgers_have(int p, enum limit_class limit, uint64_t n) {
    static const uint64_t near[LIMIT_CLASSES] = {[LIMIT_FRAMES] = 200,
                                                 [LIMIT_RESERVED_PAGES] = 200,
                                                 [LIMIT_THREADS] = 2,
                                                 [LIMIT_ENDPOINTS] = 3};
    uint64_t used = expected(p, limit) + process_lent(p, limit), most = start[p].limit[limit];

    if (used + n + near[limit] > most && near[limit] > 0)
        ledgers_check(p);
    return used + n <= most;
}

void ledgers_tell(int p) {
    struct ledger_image image = ask(p);
    uint64_t model[LIMIT_CLASSES];

    for (int i = 0; i < LIMIT_CLASSES; i++)
        model[i] = expected(p, (enum limit_class)i);
    ledger_image_tell(
        "slots, frames, reserved, threads, endpoints, facets, calls, kernel memory: limits",
        image.limit);
    ledger_image_tell("lent", image.lent);
    ledger_image_tell("used", image.used);
    ledger_image_tell("by the model", model);
}

static int find_difference(int p, const struct ledger_image *image) {
    for (int i = 0; i < LIMIT_CLASSES; i++) {
        enum limit_class limit = (enum limit_class)i;

        if (image->lent[i] != process_lent(p, limit) || image->limit[i] != start[p].limit[i])
            return i;
        if (i == LIMIT_KERNEL_MEMORY ? image->used[i] < start[p].used[i]
                                     : image->used[i] != expected(p, limit))
            return i;
    }
    return -1;
}

// A puppet's ended rings are kept for its next threads, and given back when something fails for
// want of memory.
static void give_up_kept(int p) {
    struct capos_virtual_memory_reserve_results results;
    struct capos_call call;
    int got = capos_virtual_memory_reserve(
        &call, puppet_ring(p), (struct capos_virtual_memory){puppets[p].box->own[OWN_MEMORY]},
        (start[p].limit[LIMIT_RESERVED_PAGES] + 1) * CAPOS_PAGE_SIZE, &results);

    court_expect_equal((uint64_t)got, CAPOS_OVERLOADED, p, "more pages than there may be");
    capos_call_release(&call);
}

void ledgers_check(int p) {
    static const char *const names[LIMIT_CLASSES] = {
        "slots in use",     "frames in use", "pages set aside", "threads in use",
        "endpoints in use", "facets in use", "calls held",      "kernel memory in use"};
    struct ledger_image image;
    int differs;

    figures->ledgers++;
    for (int i = 0;; i++) {
        image = ask(p);
        differs = find_difference(p, &image);
        if (differs < 0)
            return;
        if (i == PATIENCE)
            break;
        if (differs == LIMIT_FRAMES || differs == LIMIT_RESERVED_PAGES)
            give_up_kept(p);
        guest_sleep(GUEST_MS);
    }
    court_expect_equal(image.lent[differs], process_lent(p, (enum limit_class)differs), p,
                       "what is lent");
    court_expect_equal(image.used[differs], expected(p, (enum limit_class)differs), p,
                       names[differs]);
    court_diverged(p, "a ledger's limits");
}
