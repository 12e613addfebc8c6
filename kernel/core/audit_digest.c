// SPDX-License-Identifier: MIT
// The digest (audit.h): everything that a refused operation must leave as it was. Not in it: how
// large tables have grown and what their arrays cost, the order of free slots and tokens, which
// slots held calls keep for a REARM (given up whenever somebody wants them), sequence numbers, and
// the completion that tells of the refusal.
#include "core/audit.h"

#include "base/bits.h"
#include "core/call.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/kmem.h"
#include "core/process.h"
#include "core/revoke.h"
#include "core/thread.h"
#include "core/token.h"
#include "core/vm.h"

static void mix(uint64_t *digest, uint64_t value) {
    uint64_t v = *digest ^ value * UINT64_C(0x9e3779b97f4a7c15);

    v = (v ^ v >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    *digest = v ^ v >> 32;
}

static void mix_endpoint(uint64_t *digest, const struct endpoint *endpoint) {
    mix(digest, endpoint->epoch);
    mix(digest, (uintptr_t)endpoint->receiver);
    mix(digest, (uintptr_t)endpoint->server);
    mix(digest, list_count(&endpoint->calls));
    mix(digest, list_count(&endpoint->idle));
    mix(digest, list_count(&endpoint->cancelled));
    for (const struct object *facet = endpoint->released; facet != NULL; facet = facet->next)
        mix(digest, (uintptr_t)facet);
}

static void mix_object(uint64_t *digest, struct object *object) {
    mix(digest, (uintptr_t)object);
    mix(digest, object->references);
    if (object->type->kind == OBJECT_FACET)
        mix_endpoint(digest, facet_of(object)->endpoint);
    if (object->type->kind == OBJECT_RECEIVER)
        mix_endpoint(digest, receiver_of(object)->endpoint);
}

static void mix_revoker(uint64_t *digest, const struct revoker *revoker) {
    for (; revoker != NULL; revoker = revoker->parent) {
        mix(digest, (uintptr_t)revoker);
        mix(digest, revoker->object.references);
        mix(digest, revoker->state * 2u + revoker->dead);
        mix(digest, list_count(&revoker->uses));
        mix(digest, list_count(&revoker->mappings));
        mix(digest, list_count(&revoker->processes));
        mix(digest, list_count(&revoker->children));
    }
}

// Returns what the array costs.
static uint64_t mix_table(uint64_t *digest, const struct captable *table, uint32_t kept) {
    const struct captable_entry *entries = table->entries;
    uint32_t size = entries == NULL ? 0 : (uint32_t)entries[0].interface;

    mix(digest, table->used);
    mix(digest, table->reserved - kept);
    for (uint32_t slot = 1; slot < size; slot++) {
        if (entries[slot].state != CAPTABLE_USED)
            continue;
        mix(digest, slot);
        mix(digest, entries[slot].generation);
        mix(digest, entries[slot].interface);
        mix(digest, entries[slot].scope);
        mix_object(digest, entries[slot].object);
        mix_revoker(digest, entries[slot].revoker);
    }
    return size == 0 ? 0 : kmem_charge(size * sizeof(struct captable_entry));
}

static uint64_t mix_tokens(uint64_t *digest, const struct token_table *table) {
    uint64_t bytes = 0;

    for (uint32_t part = 0, first = 0; first < table->count; part++) {
        uint32_t size = min_u32(token_part_size(part), table->count - first);

        bytes += kmem_charge(token_part_bytes(size));
        first += size;
    }
    mix(digest, table->live);
    for (uint32_t i = 1; i < table->count; i++) {
        const struct token *token = token_at(table, i);

        if (token->state == TOKEN_FREE)
            continue;
        mix(digest, i);
        mix(digest, token->state);
        mix(digest, token->generation);
        mix(digest, token->word);
    }
    return bytes;
}

// Returns what the ring's uses of revokers cost.
static uint64_t mix_ring(uint64_t *digest, const struct ring *ring) {
    for (uint32_t i = 0; ring->calls != NULL && i < ring->slots; i++) {
        const struct call *call = &ring->calls[i];

        if (call_state(call) == CALL_IDLE)
            continue;
        mix(digest, i);
        mix(digest, call_state(call));
        mix(digest, (uintptr_t)call->target);
        mix(digest, call->room);
        if (call_state(call) == CALL_WAITING)
            mix(digest, ring->depends[i].source);
    }
    return ring->uses == NULL ? 0 : kmem_charge(ring->room * sizeof(struct revoker_use));
}

static void mix_ledger(uint64_t *digest, const struct ledger *ledger, uint64_t arrays,
                       uint32_t kept) {
    for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
        if (i == LEDGER_CALLS_HELD)
            continue;
        mix(digest, ledger->limit[i]);
        mix(digest, ledger->used[i] - (i == LEDGER_KERNEL_MEMORY ? arrays : 0) -
                        (i == LEDGER_SLOTS ? kept : 0));
        mix(digest, ledger->lent[i]);
    }
}

static uint64_t mix_thread(uint64_t *digest, const struct thread *thread) {
    mix(digest, thread->pace);
    mix(digest, thread->affinity);
    mix(digest, (uintptr_t)thread->account.own);
    return mix_ring(digest, &thread->ring);
}

// Returns what the list of regions costs. What is mapped is told by the ledger.
static uint64_t mix_vm(uint64_t *digest, const struct vm *vm) {
    const struct regions *regions = &vm->regions;

    mix(digest, vm->dead);
    mix(digest, vm->tables);
    mix(digest, vm->committed);
    for (uint32_t i = 0; i < regions->count; i++) {
        mix(digest, regions->array[i].start);
        mix(digest, regions->array[i].pages);
        mix(digest, regions->array[i].kind);
        mix(digest, regions->array[i].revoked);
        mix(digest, (uintptr_t)regions->array[i].memory);
    }
    return regions->room == 0 ? 0 : kmem_charge(regions->room * sizeof(struct region));
}

static void mix_process(uint64_t *digest, struct process *process) {
    uint32_t kept = token_kept(&process->tokens, &process->table);
    uint64_t arrays;

    mix(digest, process->id);
    mix(digest, process->state);
    mix(digest, process->threads_left);
    mix(digest, process->share.weight);
    mix(digest, process->share.affinity);
    mix(digest, (uintptr_t)process->share.context);
    arrays = mix_table(digest, &process->table, kept);
    arrays += mix_tokens(digest, &process->tokens);
    if (process->vm != NULL)
        arrays += mix_vm(digest, process->vm);
    for (struct list_node *node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node))
        arrays += mix_thread(digest, list_entry(node, struct thread, sibling));
    mix_ledger(digest, process->ledger, arrays, kept);
}

uint64_t audit_digest(struct cpu *cpu) {
    const struct kernel *kernel = cpu->kernel;
    uint64_t digest = 1;

    mix_ledger(&digest, &kernel->root, 0, 0);
    for (struct list_node *node = list_first(&kernel->processes); node != NULL;
         node = list_next(&kernel->processes, node))
        mix_process(&digest, list_entry(node, struct process, sibling));
    return digest;
}
