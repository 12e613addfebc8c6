// SPDX-License-Identifier: MIT
//
// core/captable.h: ids that are forged, stale and worn out; growth; reservations.
#include "core/audit.h"
#include "core/captable.h"
#include "core/debug.h"
#include "tests/harness.h"
#include "tests/host/host.h"

static int closed;

static bool count_close(struct cpu *cpu, struct object *object) {
    (void)cpu, (void)object;
    closed++;
    return true;
}

static const struct object_type plain_type = {
    .name = "plain", .size = sizeof(struct object), .kind = OBJECT_KERNEL, .close = count_close};

static struct captable_view plain(struct host *host) {
    struct captable_view view = {.interface = 9, .kind = OBJECT_KERNEL, .scope = CAPOS_SCOPE_ANY};

    ck_assert_int_eq(object_create(&host->cpus[0], &plain_type, &host->kernel.root, &view.object),
                     CAPOS_STATUS_OK);
    return view;
}

static enum capos_status lookup(struct actor *actor, uint64_t cap) {
    struct captable_view view;

    return captable_lookup(&actor->process->table, cap, &view);
}

START_TEST(only_the_exact_id_names_it) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct cpu *cpu = &host->cpus[0];
    struct captable_view view = plain(host), found;
    uint64_t cap = actor_grant(&actor, view.object, 9, CAPOS_SCOPE_SESSION);

    ck_assert_int_eq(captable_lookup(&actor.process->table, cap, &found), CAPOS_STATUS_OK);
    ck_assert_ptr_eq(found.object, view.object);
    ck_assert_uint_eq(found.scope, CAPOS_SCOPE_SESSION);
    for (int bit = 0; bit < 64; bit++)
        ck_assert_int_eq(lookup(&actor, cap ^ UINT64_C(1) << bit), CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(lookup(&actor, 0), CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(lookup(&actor, UINT64_MAX), CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(captable_release(cpu, &actor.process->table, cap), CAPOS_STATUS_OK);
    ck_assert_int_eq(lookup(&actor, cap), CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(captable_release(cpu, &actor.process->table, cap), CAPOS_STATUS_REFUSED);
    closed = 0;
    object_close_pending(cpu);
    ck_assert_int_eq(closed, 1);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(a_worn_out_slot_is_retired) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct cpu *cpu = &host->cpus[0];
    struct captable *table = &actor.process->table;
    struct captable_view view = plain(host);
    uint64_t cap = actor_grant(&actor, view.object, 9, CAPOS_SCOPE_ANY), last;
    uint32_t slot = captable_slot(cap);

    table->entries[slot].generation = UINT32_MAX;
    last = slot | (uint64_t)UINT32_MAX << 32;
    ck_assert_int_eq(lookup(&actor, last), CAPOS_STATUS_OK);
    ck_assert_int_eq(captable_release(cpu, table, last), CAPOS_STATUS_OK);
    ck_assert_uint_eq(table->retired, 1);
    ck_assert_int_eq(lookup(&actor, last), CAPOS_STATUS_REFUSED);
    ck_assert_int_eq(lookup(&actor, slot), CAPOS_STATUS_REFUSED);
    for (int i = 0; i < 40; i++) {
        view = plain(host);
        ck_assert_uint_ne(captable_slot(actor_grant(&actor, view.object, 9, CAPOS_SCOPE_ANY)),
                          slot);
    }
    object_close_pending(cpu);
    host_settle(host);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(grows_to_the_ledger_s_limit) {
    struct ledger_limits limits = host_limits;
    struct host *host = host_create(1);
    struct captable_view view;
    enum capos_status status;
    uint64_t cap[200];
    struct actor actor;
    int n = 0;

    limits.limit[LEDGER_SLOTS] = 150;
    ck_assert_int_eq(actor_try(host, "a", 1, &limits, ring_small, &actor), CAPOS_STATUS_OK);
    for (;; n++) {
        view = plain(host);
        status = captable_insert(&host->cpus[0], &actor.process->table, &view, &cap[n]);
        if (status != CAPOS_STATUS_OK)
            break;
        for (int i = 0; i <= n; i++)
            ck_assert_int_eq(lookup(&actor, cap[i]), CAPOS_STATUS_OK);
    }
    ck_assert_int_eq(status, CAPOS_STATUS_OVERLOADED);
    ck_assert_int_eq(n, 150);
    object_put(&host->cpus[0], view.object);
    host_settle(host);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(a_reservation_holds_its_slots) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct captable *table = &actor.process->table;
    struct cpu *cpu = &host->cpus[0];
    struct captable_view view = plain(host);
    uint32_t chain, other;
    uint64_t cap;

    ck_assert_int_eq(captable_reserve(cpu, table, 60, &chain), CAPOS_STATUS_OK);
    ck_assert_int_eq(captable_reserve(cpu, table, 5, &other), CAPOS_STATUS_OVERLOADED);
    ck_assert_uint_eq(other, 0);
    lock_take(&table->lock);
    cap = captable_install_locked(cpu, table, &chain, &view);
    lock_drop(&table->lock);
    ck_assert_int_eq(lookup(&actor, cap), CAPOS_STATUS_OK);
    captable_unreserve(cpu, table, chain);
    ck_assert_uint_eq(ledger_used(table->ledger, LEDGER_SLOTS), 1);
    host_audit(host);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

START_TEST(a_failed_reservation_leaves_nothing) {
    struct host *host = host_create(1);
    struct actor actor = actor_create(host, "a", 1);
    struct captable *table = &actor.process->table;
    struct cpu *cpu = &host->cpus[0];
    uint64_t before = audit_digest(cpu);
    uint32_t chain;
    uint64_t n = 1;

    for (;; n++) {
        debug_fail_nth(&host->kernel, n);
        if (captable_reserve(cpu, table, 3, &chain) == CAPOS_STATUS_OK)
            break;
        ck_assert(debug_failed(&host->kernel));
        ck_assert_uint_eq(chain, 0);
        ck_assert_uint_eq(audit_digest(cpu), before);
    }
    ck_assert_uint_gt(n, 2);
    debug_fail_nth(&host->kernel, 0);
    captable_unreserve(cpu, table, chain);
    ck_assert_uint_eq(audit_digest(cpu), before);
    actor_destroy(&actor);
    host_destroy(host);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("core/captable");

    harness_add(suite, "only the exact id names it", only_the_exact_id_names_it);
    harness_add(suite, "a worn-out slot is retired", a_worn_out_slot_is_retired);
    harness_add(suite, "grows to the ledger's limit", grows_to_the_ledger_s_limit);
    harness_add(suite, "a reservation holds its slots", a_reservation_holds_its_slots);
    harness_add(suite, "a failed reservation leaves nothing", a_failed_reservation_leaves_nothing);
    return harness_run(suite);
}
