// SPDX-License-Identifier: MIT
// The audit of what a process has: its table, its tokens, its rings and their records, and the
// endpoints that these lead to.
#include "core/audit_parts.h"

#include "core/call.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/thread.h"
#include "core/token.h"
#include "core/vm.h"

struct slot_counts {
    uint32_t free, reserved, used, retired;
};

static const char *audit_entry(const struct captable_entry *entry, struct slot_counts *counts) {
    const struct object *object = entry->object;

    switch ((enum captable_state)entry->state) {
    case CAPTABLE_FREE:
        counts->free++;
        break;
    case CAPTABLE_RESERVED:
        counts->reserved++;
        break;
    case CAPTABLE_RETIRED:
        counts->retired++;
        return entry->generation == 0 && object == NULL
                   ? NULL
                   : "table: a retired slot has generation 0 and no object";
    case CAPTABLE_USED:
        counts->used++;
        if (object == NULL || object->references == 0)
            return "table: a used slot has a living object";
        if (entry->kind != (uint8_t)object->type->kind || entry->scope >= CAPOS_SCOPES)
            return "table: a used slot's kind is its object's, its scope is one";
        if (session_of(entry->revoker) != NULL && entry->scope != CAPOS_SCOPE_SESSION)
            return "table: what belongs to a session has that scope";
        return entry->generation == 0 ? "table: a used slot has a generation" : NULL;
    }
    return object == NULL ? NULL : "table: a free or reserved slot has no object";
}

static uint32_t chain_length(const struct captable_entry *entries, uint32_t slot, uint8_t state,
                             uint32_t limit) {
    uint32_t length = 0;

    for (; slot != 0 && length <= limit; slot = (uint32_t)entries[slot].interface, length++)
        if (slot > limit || entries[slot].state != state)
            return UINT32_MAX;
    return length;
}

static const char *audit_table(const struct captable *table, uint32_t in_records) {
    const struct captable_entry *entries = table->entries;
    uint32_t size = entries == NULL ? 0 : (uint32_t)entries[0].interface;
    struct slot_counts counts = {0};
    const char *broken = NULL;

    for (uint32_t slot = 1; slot < size && broken == NULL; slot++)
        broken = audit_entry(&entries[slot], &counts);
    if (broken != NULL)
        return broken;
    if (size != 0 && (table->fresh == 0 || table->fresh > size))
        return "table: its fresh slots are its last ones";
    if (counts.free != table->free_count + (size == 0 ? 0 : size - table->fresh) ||
        counts.used != table->used || counts.reserved != table->reserved ||
        counts.retired != table->retired)
        return "table: it counts its slots right";
    if (size != 0 &&
        chain_length(entries, table->free, CAPTABLE_FREE, size - 1) != table->free_count)
        return "table: its free chain has every free slot";
    if (in_records != table->reserved)
        return "table: every reserved slot is one of a record's or a token's";
    if (table->ledger->used[LEDGER_SLOTS] != (uint64_t)table->used + table->reserved)
        return "table: its ledger is charged for used and reserved slots";
    return NULL;
}

static const char *audit_token(const struct token *token) {
    const struct call *call = token->call;

    switch ((enum token_state)token->state) {
    case TOKEN_LIVE:
        if (call == NULL || call->word != token->word || call_state(call) != CALL_DELIVERED ||
            call->token != token)
            return "token: a live one and its record name each other";
        break;
    case TOKEN_CANCELLED:
        if (call != NULL)
            return "token: a cancelled one has no record";
        break;
    case TOKEN_FREE:
    case TOKEN_RETIRED:
        return list_is_linked(&token->notice) || token->reserved != 0
                   ? "token: a free one has no notice and no slots"
                   : NULL;
    }
    return token->receiver == NULL ? "token: a held one has a Receiver" : NULL;
}

static const char *audit_tokens(const struct token_table *table, const struct captable *slots,
                                uint32_t *reserved) {
    const struct captable_entry *entries = slots->entries;
    const char *broken = NULL;
    uint32_t live = 0, free = 0, index;

    for (uint32_t i = 1; i < table->count && broken == NULL; i++) {
        const struct token *token = token_at(table, i);

        live += token->state == TOKEN_LIVE || token->state == TOKEN_CANCELLED;
        if (token->reserved != 0)
            *reserved += chain_length(entries, token->reserved, CAPTABLE_RESERVED,
                                      (uint32_t)entries[0].interface - 1);
        broken = token->index == i ? audit_token(token) : "token: it knows its index";
    }
    for (index = table->free; index != 0 && free < table->count; free++) {
        if (token_at(table, index)->state != TOKEN_FREE)
            return "tokens: the free chain has free ones only";
        index = token_at(table, index)->next;
    }
    if (broken == NULL && (live != table->live || live + free > table->count))
        broken = "tokens: they are counted right";
    if (broken == NULL && table->count != 0 &&
        table->process->ledger->used[LEDGER_CALLS_HELD] != table->count - 1)
        broken = "tokens: the ledger is charged for them";
    return broken;
}

static bool is_armed(const struct ring *ring, const struct call *call) {
    for (struct list_node *node = list_first(&ring->armed); node != NULL;
         node = list_next(&ring->armed, node))
        if (list_entry(node, struct call, link) == call)
            return true;
    return false;
}

// Is the record in the chain?
static bool is_chained(const struct ring *ring, const struct depend_chain *chain,
                       const struct call *call) {
    uint32_t length = 0;

    for (uint8_t slot = chain->first; slot != DEPEND_NONE; slot = ring->depends[slot].next)
        if (slot >= ring->slots || length++ > ring->slots)
            return false;
        else if (slot == call->slot)
            return true;
    return false;
}

static const char *audit_waiting(const struct ring *ring, const struct call *call) {
    uint8_t slot = ring->depends[call->slot].source;
    const struct call *source = &ring->calls[slot % ring->slots];

    if (source->slot != slot || call_state(source) == CALL_IDLE || call_state(source) == CALL_DONE)
        return "record: one that waits has a source in flight";
    if (!is_chained(ring, &ring->depends[slot].chain, call))
        return "record: one that waits is on its source's chain";
    return NULL;
}

static const char *audit_chain(const struct ring *ring, const struct depend_chain *chain,
                               enum call_state state) {
    uint8_t last = DEPEND_NONE;
    uint32_t length = 0;

    for (uint8_t slot = chain->first; slot != DEPEND_NONE; slot = ring->depends[slot].next) {
        if (slot >= ring->slots || length++ > ring->slots ||
            call_state(&ring->calls[slot]) != state)
            return "ring: what is on a chain waits there";
        last = slot;
    }
    return last == chain->last ? NULL : "ring: a chain's last is its end";
}

static const char *audit_awaited(const struct ring *ring, const struct call *call) {
    const struct depend_chain *chain = &ring->depends[call->slot].chain;

    if ((chain->first != DEPEND_NONE) != ((call->flags & DEPEND_AWAITED) != 0))
        return "record: one with a chain says so";
    return audit_chain(ring, chain, CALL_WAITING);
}

static const char *audit_record(const struct ring *ring, const struct call *call) {
    switch (call_state(call)) {
    case CALL_IDLE:
        return call->target == NULL && call->reserved == 0 ? NULL
                                                           : "record: an idle one holds nothing";
    case CALL_QUEUED:
        return list_is_linked(&call->link) && call->target->type->kind == OBJECT_FACET
                   ? NULL
                   : "record: a queued one is in a queue, its target is a facet";
    case CALL_DELIVERED:
        return call->token->call == call ? NULL : "record: a delivered one has its token";
    case CALL_HELD:
        return list_is_linked(&call->link) ? NULL : "record: a held one is in a queue";
    case CALL_ARMED:
        return is_armed(ring, call) ? NULL : "record: an armed one is on its ring's list";
    case CALL_OFFERED:
        return ring->phase == RING_WAITING || ring->phase == RING_WOKEN
                   ? NULL
                   : "record: an offered one's thread is in cap_enter";
    case CALL_DONE:
        return ring->phase != RING_WAITING && ring->phase != RING_DEAD
                   ? NULL
                   : "record: a finished one waits for a thread that does not wait itself";
    case CALL_WAITING:
        return audit_waiting(ring, call);
    case CALL_DUE:
        return is_chained(ring, &ring->due, call) ? NULL
                                                  : "record: one that is due is in its chain";
    case CALL_CLAIMED:
        break;
    }
    return "record: none is being ended";
}

// On a revoker's list are just those calls in flight that say so.
static const char *audit_use(const struct ring *ring, const struct call *call) {
    const struct revoker_use *use = ring->uses == NULL ? NULL : &ring->uses[call->slot];
    bool linked = use != NULL && list_is_linked(&use->node);

    bool ended = call_state(call) == CALL_IDLE || call_state(call) == CALL_DONE;

    if (linked != ((call->flags & CALL_REVOCABLE) != 0 && !ended) ||
        (use != NULL && linked != (use->revoker != NULL)))
        return "record: it is on a revoker's list while it is in flight, if it was made so";
    return NULL;
}

static const char *audit_wait(const struct ring *ring) {
    if (ring->phase == RING_WAITING && ring->awaited != NULL &&
        (call_state(ring->awaited) == CALL_IDLE || !ring_goes_on_with(ring, ring->awaited)))
        return "ring: its thread goes on with the record that it awaits";
    return NULL;
}

static const char *audit_ring(const struct ring *ring, const struct captable *table,
                              uint32_t *reserved) {
    const struct captable_entry *entries = table->entries;
    uint32_t in_flight = 0, chain;
    const char *broken = NULL;

    for (uint32_t i = 0; i < ring->slots && broken == NULL; i++) {
        const struct call *call = &ring->calls[i];

        broken = audit_record(ring, call);
        if (broken == NULL)
            broken = audit_awaited(ring, call);
        if (broken == NULL)
            broken = audit_use(ring, call);
        in_flight += call_state(call) != CALL_IDLE;
        if (broken != NULL || call->reserved == 0)
            continue;
        chain = chain_length(entries, call->reserved, CAPTABLE_RESERVED,
                             (uint32_t)entries[0].interface - 1);
        if (chain != call->room)
            return "record: it has a reserved slot for each capability it takes";
        *reserved += chain;
    }
    if (broken == NULL)
        broken = audit_chain(ring, &ring->due, CALL_DUE);
    if (broken == NULL)
        broken = audit_wait(ring);
    if (broken == NULL && ring->phase != RING_DEAD &&
        ring->accepted - ring->skipped - ring->cq_tail != in_flight)
        return "ring: it has a completion reserved for each operation in flight";
    return broken;
}

static bool is_in_queue(struct list *list, size_t offset, enum call_state state,
                        const struct endpoint *endpoint) {
    for (struct list_node *node = list_first(list); node != NULL; node = list_next(list, node)) {
        const struct call *call = (const struct call *)(void *)((char *)node - offset);
        const struct endpoint *of = state == CALL_QUEUED ? facet_of(call->target)->endpoint
                                                         : receiver_of(call->target)->endpoint;

        if (call_state(call) != state || of != endpoint)
            return false;
    }
    return true;
}

const char *audit_endpoint(const struct endpoint *endpoint) {
    struct endpoint *queues = (struct endpoint *)(uintptr_t)endpoint;
    bool has_notice = endpoint->released != NULL || !list_is_empty(&endpoint->cancelled);

    if (!list_is_sound(&endpoint->calls, UINT32_MAX) || !list_is_sound(&endpoint->idle, UINT32_MAX))
        return "endpoint: its queues are sound";
    if (!is_in_queue(&queues->calls, offsetof(struct call, link), CALL_QUEUED, endpoint) ||
        !is_in_queue(&queues->idle, offsetof(struct call, offered), CALL_OFFERED, endpoint))
        return "endpoint: what is in its queues is of that state and its own";
    if (endpoint->receiver == NULL &&
        (has_notice || !list_is_empty(&endpoint->calls) || !list_is_empty(&endpoint->idle)))
        return "endpoint: without a Receiver nothing is queued";
    if (!list_is_empty(&endpoint->idle) && has_notice)
        return "endpoint: no receiver idles while there is a notice";
    if (!list_is_empty(&endpoint->idle) && !list_is_empty(&endpoint->calls) &&
        !list_is_linked(&endpoint->stuck))
        return "endpoint: receivers idle beside calls only for want of a token";
    return NULL;
}

static const char *audit_endpoints(const struct process *process) {
    const struct captable_entry *entries = process->table.entries;
    uint32_t size = entries == NULL ? 0 : (uint32_t)entries[0].interface;
    const struct receiver *receiver;
    const char *broken = NULL;

    for (uint32_t slot = 1; slot < size && broken == NULL; slot++) {
        if (entries[slot].state != CAPTABLE_USED || entries[slot].kind != OBJECT_RECEIVER)
            continue;
        receiver = receiver_of(entries[slot].object);
        if (receiver->endpoint->receiver != receiver || receiver->endpoint->server != process)
            return "Receiver: one in a table is its endpoint's, and its holder the server";
        broken = audit_endpoint(receiver->endpoint);
    }
    return broken;
}

// What is parked on words of the process's own is in its address space's buckets.
static const char *audit_parked(const struct process *process) {
    uint32_t in_buckets = 0, in_rings = 0;

    for (unsigned i = 0; process->vm != NULL && i < PARK_BUCKETS; i++) {
        const struct call_queue *bucket = &process->vm->park.bucket[i];

        if (!list_is_sound(&bucket->calls, UINT32_MAX))
            return "park: its buckets are sound";
        for (struct list_node *node = list_first(&bucket->calls); node != NULL;
             node = list_next(&bucket->calls, node), in_buckets++) {
            const struct call *call = list_entry(node, struct call, link);

            if (call_state(call) != CALL_HELD || call->opcode != CAPOS_OP_PARK ||
                call->queue != bucket || call->ring->process != process)
                return "park: what is in a bucket is parked there, by its own process";
        }
    }
    for (struct list_node *node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node)) {
        const struct ring *ring = &list_entry(node, struct thread, sibling)->ring;

        for (uint32_t i = 0; ring->calls != NULL && i < ring->slots; i++)
            in_rings += call_state(&ring->calls[i]) == CALL_HELD && ring->calls[i].target == NULL;
    }
    return in_buckets == in_rings ? NULL : "park: all that is parked is in a bucket";
}

static const char *audit_threads(const struct process *process, uint32_t *reserved) {
    const struct thread *thread;
    const char *broken = NULL;
    uint32_t living = 0, rings = 0;

    for (struct list_node *node = list_first(&process->threads); node != NULL && broken == NULL;
         node = list_next(&process->threads, node)) {
        thread = list_entry(node, struct thread, sibling);
        living += thread->state != THREAD_DEAD;
        if (thread->state == THREAD_WAITING && thread->ring.phase != RING_WAITING)
            return "thread: one that waits, waits in cap_enter";
        rings += thread->ring.calls != NULL;
        if (thread->ring.calls != NULL)
            broken = audit_ring(&thread->ring, &process->table, reserved);
    }
    if (broken == NULL && living != process->threads_left)
        broken = "process: it counts its living threads";
    if (broken == NULL && process->ledger->used[LEDGER_THREADS] != rings)
        broken = "process: its ledger is charged for each thread that has a ring";
    return broken;
}

const char *audit_process(const struct process *process) {
    uint32_t reserved = 0;
    const char *broken = audit_threads(process, &reserved);

    if (broken == NULL)
        broken = audit_parked(process);
    if (broken == NULL)
        broken = audit_tokens(&process->tokens, &process->table, &reserved);
    if (broken == NULL)
        broken = audit_table(&process->table, reserved);
    return broken == NULL ? audit_endpoints(process) : broken;
}

static void walk_table(const struct captable *table,
                       void (*visit)(struct object *object, void *context), void *context) {
    const struct captable_entry *entries = table->entries;
    uint32_t size = entries == NULL ? 0 : (uint32_t)entries[0].interface;

    for (uint32_t slot = 1; slot < size; slot++)
        if (entries[slot].state == CAPTABLE_USED) {
            visit(entries[slot].object, context);
            if (entries[slot].revoker != NULL)
                visit(&entries[slot].revoker->object, context);
        }
}

static void walk_record(const struct call *call,
                        void (*visit)(struct object *object, void *context), void *context) {
    struct revoker *revoker = revoker_of_call(call);

    if (call->target != NULL)
        visit(call->target, context);
    if (revoker != NULL)
        visit(&revoker->object, context);
}

static void walk_threads(struct process *process,
                         void (*visit)(struct object *object, void *context), void *context) {
    for (struct list_node *node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node)) {
        struct thread *thread = list_entry(node, struct thread, sibling);

        visit(&thread->object, context);
        visit(&process->object, context);
        if (thread->account.own != NULL)
            visit(&thread->account.own->object, context);
        if (thread->account.serving != 0)
            visit(&thread->account.lent->object, context);
        for (uint32_t i = 0; thread->ring.calls != NULL && i < thread->ring.slots; i++)
            walk_record(&thread->ring.calls[i], visit, context);
    }
}

static void walk_tokens(const struct token_table *table,
                        void (*visit)(struct object *object, void *context), void *context) {
    for (uint32_t i = 1; i < table->count; i++)
        if (token_at(table, i)->receiver != NULL)
            visit(&token_at(table, i)->receiver->object, context);
}

// A revoker's own references: of what is on its lists but calls, which are seen with their records,
// and of its sweep; and the one that it has to its parent, whether it is still on that one's list.
static void walk_revoker(struct revoker *revoker,
                         void (*visit)(struct object *object, void *context), void *context) {
    size_t mappings = list_count(&revoker->mappings);
    bool sweeping = revoker->state == REVOKER_SWEEPING || revoker->state == REVOKER_WAITING ||
                    list_is_linked(&revoker->sweep.node);

    for (size_t i = 0; i < mappings; i++)
        visit(&revoker->object, context);
    if (sweeping)
        visit(&revoker->object, context);
    if (revoker->parent != NULL)
        visit(&revoker->parent->object, context);
}

void audit_walk(struct cpu *cpu, void (*visit)(struct object *object, void *context),
                void *context) {
    const struct list *processes = &cpu->kernel->processes;

    for (struct list_node *node = list_first(processes); node != NULL;
         node = list_next(processes, node)) {
        struct process *process = list_entry(node, struct process, sibling);

        visit(&process->object, context);
        if (process->session_object != NULL)
            visit(&process->session_object->revoker.object, context);
        if (process->share.context != NULL)
            visit(&process->share.context->object, context);
        walk_table(&process->table, visit, context);
        walk_threads(process, visit, context);
        walk_tokens(&process->tokens, visit, context);
    }
    for (struct list_node *node = list_first(&cpu->kernel->revokers); node != NULL;
         node = list_next(&cpu->kernel->revokers, node))
        walk_revoker(list_entry(node, struct revoker, all), visit, context);
}
