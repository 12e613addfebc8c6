// SPDX-License-Identifier: MIT
//
// What there is and goes: see world.h.
#include "tests/model/world.h"

#include "core/audit.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/memory.h"
#include "tests/model/turn.h"
#include "tests/model/words.h"

static const struct object_type model_revoker_type = {.name = "Revoker",
                                                      .interface = 1,
                                                      .size = sizeof(struct revoker),
                                                      .kind = OBJECT_KERNEL,
                                                      .close = revoker_close};

static const struct object_type plain_type = {
    .name = "plain", .size = sizeof(struct object), .kind = OBJECT_KERNEL};

static const struct ledger_limits limits = {{
    [LEDGER_SLOTS] = HOLDS,
    [LEDGER_FRAMES] = 64,
    [LEDGER_RESERVED_PAGES] = 1024,
    [LEDGER_THREADS] = 1,
    [LEDGER_FACETS] = 4096,
    [LEDGER_CALLS_HELD] = TOKENS,
    [LEDGER_KERNEL_MEMORY] = 512 << 10,
}};

void world_start_process(struct driver *d, int p) {
    uint64_t session = 1 + driver_below(d, 2);

    CHECK(actor_try(d->host, "p", session, &limits, ring_standard, &d->actor[p]) == CAPOS_STATUS_OK,
          "process %d does not start", p);
    model_start(&d->model, p, session);
}

static void grant(struct driver *d, int p, struct object *object, int number, uint64_t interface,
                  uint8_t scope) {
    uint64_t cap = actor_grant(&d->actor[p], object, interface, scope);

    d->model.object[number].real = object;
    model_grant(&d->model, p, number, cap, scope);
}

static bool has_room(const struct driver *d, int p) {
    return model_used(&d->model, p) + model_reserved(&d->model, p) < HOLDS;
}

// A new Receiver, root facet or plain object for somebody, as a supervisor would give.
void world_supply(struct driver *d) {
    int p = (int)driver_below(d, PROCESSES), e = (int)driver_below(d, ENDPOINTS), number;
    uint8_t scope = (uint8_t)driver_below(d, CAPOS_SCOPES);
    struct receiver *receiver;
    struct object *object;
    struct facet *facet;
    uint64_t id;

    if (!has_room(d, p))
        return;
    kernel_enter(d->cpu);
    if (d->model.endpoint[e].receiver < 0) {
        ck_assert_int_eq(
            endpoint_create_receiver(d->cpu, d->endpoint[e], &d->host->kernel.root, &receiver),
            CAPOS_STATUS_OK);
        number = model_object(&d->model, RECEIVER, e, 0);
        d->model.object[number].interface = RECEIVER_INTERFACE;
        grant(d, p, &receiver->object, number, RECEIVER_INTERFACE, CAPOS_SCOPE_ANY);
    } else if (driver_chance(d, 70)) {
        ck_assert_int_eq(
            endpoint_create_receiver(d->cpu, d->endpoint[e], &d->host->kernel.root, &receiver),
            CAPOS_STATUS_BUSY);
        id = operations_id(&d->operations);
        number = model_object(&d->model, FACET, e, id);
        d->model.object[number].interface = INTERFACE;
        ck_assert_int_eq(endpoint_create_facet(d->cpu, d->endpoint[e], &d->host->kernel.root,
                                               INTERFACE, id, scope, &facet),
                         CAPOS_STATUS_OK);
        grant(d, p, &facet->object, number, INTERFACE, scope);
    } else if (driver_chance(d, 50)) {
        object_get(&d->words->object);
        grant(d, p, &d->words->object, words_object(d), host_memory_type.interface, scope);
    } else {
        ck_assert_int_eq(object_create(d->cpu, &plain_type, &d->host->kernel.root, &object),
                         CAPOS_STATUS_OK);
        number = model_object(&d->model, PLAIN, 0, 0);
        d->model.object[number].interface = 9;
        grant(d, p, object, number, 9, scope);
    }
    kernel_leave(d->cpu);
}

void world_make_endpoints(struct driver *d) {
    kernel_enter(d->cpu);
    for (int i = 0; i < ENDPOINTS; i++)
        ck_assert_int_eq(endpoint_create(d->cpu, &host_endpoint_type, &d->host->kernel.root,
                                         (uint64_t)i + 1, &d->endpoint[i]),
                         CAPOS_STATUS_OK);
    kernel_leave(d->cpu);
}

// While a process dies others that it wakes may run or not, as it happens. So that what they get
// does not depend on it, those who wait may wait for one thing only, and be told of one facet: what
// a process had goes in several steps.
static bool can_kill(const struct driver *d, int p) {
    for (int i = 0; i < PROCESSES; i++) {
        const struct m_process *process = &d->model.process[i];
        int calls = 0;

        for (int slot = 0; slot < SLOTS; slot++)
            calls += process->call[slot].state == QUEUED || process->call[slot].state == DELIVERED;
        if (i != p && process->waiting && process->wait_slot < 0 &&
            (process->armed_count > (calls == 0) ||
             (process->armed_count > 0 && model_facets_ending(&d->model, p, i) > 1)))
            return false;
    }
    return true;
}

void world_kill(struct driver *d, int p) {
    if (driver_chance(d, 30) || !can_kill(d, p))
        turn_time_out(d);
    driver_trace(d, p, "is killed");
    actor_destroy(&d->actor[p]);
    model_kill(&d->model, p);
    d->kills++;
    world_start_process(d, p);
    turn_check_all(d);
}

// A revocable copy of what somebody holds, for the same process, as a RevokerFactory makes them.
void world_copy(struct driver *d) {
    int p = (int)driver_below(d, PROCESSES), first = (int)driver_below(d, HOLDS), from = -1, number;
    struct m_process *process = &d->model.process[p];
    struct captable_view view;
    enum capos_status status;
    struct revoker *revoker;
    uint64_t cap;

    for (int i = 0; i < HOLDS && from < 0; i++) {
        const struct m_hold *hold = &process->hold[(first + i) % HOLDS];

        if (hold->object >= 0 && hold->cap != 0 && d->model.object[hold->object].kind != RECEIVER)
            from = (first + i) % HOLDS;
    }
    if (from < 0 || !has_room(d, p))
        return;
    kernel_enter(d->cpu);
    CHECK(captable_find(&d->actor[p].process->table, process->hold[from].cap, &view) ==
              CAPOS_STATUS_OK,
          "process %d has lost a capability", p);
    status = revoker_create(d->cpu, &model_revoker_type, &d->host->kernel.root, view.revoker, NULL,
                            &revoker);
    CHECK(status == (d->model.revoker[process->hold[from].revoker].depth == CAPOS_REVOKERS_DEEP
                         ? CAPOS_STATUS_BUSY
                     : model_is_dead(&d->model, process->hold[from].revoker)
                         ? CAPOS_STATUS_DISCONNECTED
                         : CAPOS_STATUS_OK),
          "a revoker: status %d", status);
    number = status == CAPOS_STATUS_OK ? model_revoker(&d->model, process->hold[from].revoker) : 0;
    if (status == CAPOS_STATUS_OK && number != 0) {
        object_get(view.object);
        view.revoker = revoker;
        revoker_get(revoker);
        ck_assert_int_eq(captable_insert(d->cpu, &d->actor[p].process->table, &view, &cap),
                         CAPOS_STATUS_OK);
        from = model_grant(&d->model, p, process->hold[from].object, cap, view.scope);
        process->hold[from].revoker = number;
        d->revoker[number] = revoker;
        d->copies++;
    } else if (status == CAPOS_STATUS_OK) {
        object_put(d->cpu, &revoker->object);
    }
    object_close_pending(d->cpu);
    kernel_leave(d->cpu);
}

static void drop_revoker(struct driver *d, int number) {
    kernel_enter(d->cpu);
    object_put(d->cpu, &d->revoker[number]->object);
    object_close_pending(d->cpu);
    kernel_leave(d->cpu);
    model_drop_revoker(&d->model, number);
}

// One of those that are held is revoked, or dropped, which changes nothing.
void world_revoke(struct driver *d) {
    int number = 0, first = (int)driver_below(d, REVOKERS);

    for (int i = 0; i < REVOKERS && number == 0; i++)
        if (d->model.revoker[(first + i) % REVOKERS].held)
            number = (first + i) % REVOKERS;
    if (number == 0)
        return;
    if (driver_chance(d, 70)) {
        turn_time_out(d);
        driver_trace(d, number, "is a revoker, and revoked");
        kernel_enter(d->cpu);
        revoker_kill(d->cpu, d->revoker[number]);
        object_close_pending(d->cpu);
        kernel_leave(d->cpu);
        host_settle(d->host);
        CHECK(d->revoker[number]->state == REVOKER_OVER, "a revocation does not end");
        model_revoke(&d->model, number);
        d->revocations++;
    }
    drop_revoker(d, number);
    turn_check_all(d);
}

void world_finish(struct driver *d) {
    for (int p = 0; p < PROCESSES; p++) {
        actor_destroy(&d->actor[p]);
        model_kill(&d->model, p);
    }
    for (int i = 1; i < REVOKERS; i++)
        if (d->model.revoker[i].held)
            drop_revoker(d, i);
    words_fini(d);
    kernel_enter(d->cpu);
    for (int i = 0; i < ENDPOINTS; i++)
        object_put(d->cpu, &d->endpoint[i]->object);
    object_close_pending(d->cpu);
    kernel_leave(d->cpu);
    host_settle(d->host);
    CHECK(audit(d->cpu) == NULL, "audit at the end: %s", audit(d->cpu));
    CHECK(audit_digest(d->cpu) == d->digest, "the digest is not as it was at the start");
    host_destroy(d->host);
}
