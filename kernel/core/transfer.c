// SPDX-License-Identifier: MIT
// Transfer of capabilities between tables (transfer.h). A capability that is moved may be named by
// no other descriptor of the same message. What a server gets back of its own facets is their
// object id, not a capability.
#include "core/transfer.h"

#include "base/memory.h"
#include "core/debug.h"
#include "core/endpoint.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/revoke.h"
#include "ring/shared.h"

_Static_assert(offsetof(struct capos_descriptor, kind) == 24 &&
                   offsetof(struct capos_descriptor, zero) == 27 &&
                   sizeof(struct capos_descriptor) == 32,
               "the last word is kind, scope, disclosure, zeroes");

static inline bool is_well_formed(const struct capos_descriptor *descriptor) {
    uint64_t last;

    memcpy(&last, &descriptor->kind, sizeof(last));
    if (UNLIKELY(last >> 24 != 0 || descriptor->kind > CAPOS_TRANSFER_MINT))
        return false;
    return descriptor->kind != CAPOS_TRANSFER_MINT ||
           (descriptor->interface != 0 && descriptor->scope < CAPOS_SCOPES);
}

static inline enum capos_status read_all(struct transfer *transfer, const void *descriptors,
                                         uint32_t count) {
    const struct capos_descriptor *from = descriptors;
    bool well_formed = true;

    transfer->count = count;
    for (uint32_t i = 0; i < count; i++) {
        ring_load_words(&transfer->descriptor[i], &from[i], sizeof(*from) / 8);
        well_formed = well_formed && is_well_formed(&transfer->descriptor[i]);
    }
    return well_formed ? CAPOS_STATUS_OK : CAPOS_STATUS_MALFORMED;
}

enum capos_status transfer_read(struct transfer *transfer, const void *descriptors,
                                uint32_t count) {
    return read_all(transfer, descriptors, count);
}

static void lock_tables(struct captable *a, struct captable *b) {
    struct captable *first = a < b ? a : b, *second = a < b ? b : a;

    lock_take(&first->lock);
    if (second != first)
        lock_take(&second->lock);
}

static void unlock_tables(struct captable *a, struct captable *b) {
    lock_drop(&a->lock);
    if (b != a)
        lock_drop(&b->lock);
}

// Is the object a facet of which `process` is the server now? Exact when its table is locked.
static bool is_own(const struct captable_view *view, const struct process *process) {
    struct facet *facet;

    if (view->kind != OBJECT_FACET)
        return false;
    facet = facet_of(view->object);
    return atomic_load_explicit(&facet->endpoint->server, memory_order_acquire) == process &&
           facet_is_live(facet);
}

// What belongs to a session that can end says so; else it is the holder's.
static bool stays_in_session(const struct transfer *transfer, const struct captable_view *view) {
    const struct session_object *session = session_of(view->revoker);

    return session != NULL ? session == transfer->to->session_object
                           : transfer->from->session.id == transfer->to->session.id;
}

static enum capos_status check_scope(const struct transfer *transfer,
                                     const struct captable_view *view) {
    switch ((enum capos_transfer_scope)view->scope) {
    case CAPOS_SCOPE_ANY:
        return CAPOS_STATUS_OK;
    case CAPOS_SCOPE_SESSION:
        return stays_in_session(transfer, view) ? CAPOS_STATUS_OK : CAPOS_STATUS_SCOPE;
    case CAPOS_SCOPE_SERVER:
        break;
    }
    return CAPOS_STATUS_SCOPE;
}

// The revoker of a new facet that `process` gets: with the scope `session` it ends with its
// session.
static struct revoker *revoker_of_new(const struct process *process, uint8_t scope) {
    return scope == CAPOS_SCOPE_SESSION ? session_revoker(process->session_object) : NULL;
}

// Does another descriptor name a capability that one of the two moves?
static bool is_moved_twice(const struct transfer *transfer, uint32_t index) {
    const struct capos_descriptor *descriptor = &transfer->descriptor[index], *other;

    for (uint32_t i = 0; i < index; i++) {
        other = &transfer->descriptor[i];
        if (other->kind != CAPOS_TRANSFER_NONE && other->cap == descriptor->cap &&
            (other->kind == CAPOS_TRANSFER_MOVE || descriptor->kind == CAPOS_TRANSFER_MOVE))
            return true;
    }
    return false;
}

static enum capos_status check_held(struct transfer *transfer, uint32_t index) {
    const struct capos_descriptor *descriptor = &transfer->descriptor[index];
    struct captable_view *view = &transfer->view[index];
    enum capos_status status = captable_lookup(&transfer->from->table, descriptor->cap, view);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (view->object->type->move_only && descriptor->kind != CAPOS_TRANSFER_MOVE)
        return CAPOS_STATUS_REFUSED;
    transfer->own[index] = is_own(view, transfer->to);
    return transfer->own[index] ? CAPOS_STATUS_OK : check_scope(transfer, view);
}

static enum capos_status mint(struct cpu *cpu, struct transfer *transfer, uint32_t index) {
    const struct capos_descriptor *descriptor = &transfer->descriptor[index];
    struct captable_view *view = &transfer->view[index];
    struct receiver *receiver;
    struct facet *facet;
    enum capos_status status = captable_lookup(&transfer->from->table, descriptor->cap, view);

    if (status != CAPOS_STATUS_OK || view->kind != OBJECT_RECEIVER)
        return CAPOS_STATUS_REFUSED;
    receiver = receiver_of(view->object);
    status =
        endpoint_mint(cpu, receiver, transfer->from->ledger, descriptor->interface,
                      descriptor->object_id, descriptor->scope, descriptor->disclosure, &facet);
    if (status != CAPOS_STATUS_OK)
        return status;
    *view = (struct captable_view){.object = &facet->object,
                                   .revoker = revoker_of_new(transfer->to, facet->scope),
                                   .interface = facet->interface,
                                   .kind = OBJECT_FACET,
                                   .scope = facet->scope,
                                   .disclosure = facet->disclosure};
    transfer->own[index] = transfer->from == transfer->to;
    transfer->minted++;
    return CAPOS_STATUS_OK;
}

static enum capos_status check_one(struct cpu *cpu, struct transfer *transfer, uint32_t index) {
    transfer->own[index] = false;
    if (transfer->descriptor[index].kind == CAPOS_TRANSFER_NONE)
        return CAPOS_STATUS_OK;
    if (is_moved_twice(transfer, index))
        return CAPOS_STATUS_REFUSED;
    if (transfer->descriptor[index].kind == CAPOS_TRANSFER_MINT)
        return mint(cpu, transfer, index);
    return check_held(transfer, index);
}

static void discard_minted(struct cpu *cpu, struct transfer *transfer) {
    for (uint32_t i = 0; transfer->minted > 0; i++) {
        if (transfer->descriptor[i].kind != CAPOS_TRANSFER_MINT)
            continue;
        facet_discard(cpu, facet_of(transfer->view[i].object));
        transfer->minted--;
    }
}

static inline enum capos_status prepare_all(struct cpu *cpu, struct transfer *transfer,
                                            struct process *from, struct process *to,
                                            uint32_t room) {
    enum capos_status status = CAPOS_STATUS_OK;

    if (transfer->count > room)
        return CAPOS_STATUS_NO_ROOM;
    transfer->from = from;
    transfer->to = to;
    transfer->minted = 0;
    lock_tables(&from->table, &to->table);
    for (uint32_t i = 0; i < transfer->count && status == CAPOS_STATUS_OK; i++)
        status = check_one(cpu, transfer, i);
    if (status != CAPOS_STATUS_OK)
        transfer_abort(cpu, transfer);
    return status;
}

enum capos_status transfer_prepare(struct cpu *cpu, struct transfer *transfer, struct process *from,
                                   struct process *to, uint32_t room) {
    return prepare_all(cpu, transfer, from, to, room);
}

flat enum capos_status transfer_take(struct cpu *cpu, struct transfer *transfer,
                                     struct process *from, struct process *to,
                                     const void *descriptors, uint32_t count, uint32_t room) {
    enum capos_status status = read_all(transfer, descriptors, count);

    return LIKELY(status == CAPOS_STATUS_OK) ? prepare_all(cpu, transfer, from, to, room) : status;
}

void transfer_abort(struct cpu *cpu, struct transfer *transfer) {
    discard_minted(cpu, transfer);
    unlock_tables(&transfer->from->table, &transfer->to->table);
}

// After it the transfer has one reference to the object and its revoker, to be installed or put.
static void take_reference(struct cpu *cpu, struct transfer *transfer, uint32_t index) {
    const struct capos_descriptor *descriptor = &transfer->descriptor[index];

    if (descriptor->kind == CAPOS_TRANSFER_COPY) {
        object_get(transfer->view[index].object);
        revoker_get(transfer->view[index].revoker);
    } else if (descriptor->kind == CAPOS_TRANSFER_MOVE) {
        captable_empty_locked(cpu, &transfer->from->table, descriptor->cap);
    } else {
        revoker_get(transfer->view[index].revoker); // the new facet's own is its first holder's
    }
}

static void commit_one(struct cpu *cpu, struct transfer *transfer, uint32_t index,
                       uint32_t *chain) {
    const struct captable_view *view = &transfer->view[index];
    struct capos_descriptor *descriptor = &transfer->descriptor[index];
    struct capos_descriptor seen = {
        .interface = view->interface, .scope = view->scope, .disclosure = view->disclosure};

    take_reference(cpu, transfer, index);
    if (transfer->own[index]) {
        seen.kind = CAPOS_TRANSFER_OWN;
        seen.object_id = facet_of(view->object)->object_id;
        object_put(cpu, view->object);
        revoker_put(cpu, view->revoker);
    } else {
        seen.kind = CAPOS_TRANSFER_COPY;
        seen.cap = captable_install_locked(cpu, &transfer->to->table, chain, view);
        if (descriptor->kind == CAPOS_TRANSFER_MOVE)
            object_moved(cpu, view->object);
    }
    *descriptor = seen;
}

flat void transfer_commit(struct cpu *cpu, struct transfer *transfer, uint32_t *chain) {
    debug_commit_begin(cpu);
    for (uint32_t i = 0; i < transfer->count; i++) {
        if (transfer->descriptor[i].kind == CAPOS_TRANSFER_NONE)
            transfer->descriptor[i] = (struct capos_descriptor){.kind = CAPOS_TRANSFER_NONE};
        else
            commit_one(cpu, transfer, i, chain);
    }
    debug_commit_end(cpu);
    unlock_tables(&transfer->from->table, &transfer->to->table);
}
