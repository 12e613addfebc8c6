// SPDX-License-Identifier: MIT
// Capability tables (captable.h). A lookup takes no lock, so it may meet a slot that is being
// emptied or filled. Emptying first raises the generation; filling first writes the fields and then
// the object. So a lookup that sees the generation that it wants before and after, and an object in
// between, has read fields that belong together. A lookup may also read an array that has just been
// replaced by a larger one: it sees the table as it was a moment ago.
#include "core/captable.h"

#include "base/bits.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/revoke.h"

#define FIRST_SIZE 32u
#define FRESH_STEP 64u // fresh slots that are chained at a time

// What [0] of an array is: no CapId names it, so no lookup reads more of it than the size.
struct array_header {
    struct reclaim_node node; // when the array is retired
    struct ledger *ledger;
    uint64_t size;
};
_Static_assert(sizeof(struct array_header) == sizeof(struct captable_entry) &&
                   offsetof(struct array_header, size) ==
                       offsetof(struct captable_entry, interface),
               "the header takes the place of an entry, the size that of its interface");

static struct captable_entry *array_of(const struct captable *table) {
    return atomic_load_explicit(&table->entries, memory_order_acquire);
}

static uint32_t array_size(const struct captable_entry *entries) {
    return entries == NULL ? 0 : (uint32_t)entries[0].interface;
}

static size_t array_bytes(uint32_t size) {
    return size * sizeof(struct captable_entry);
}

void captable_init(struct captable *table, struct process *process, struct ledger *ledger) {
    *table = (struct captable){.process = process, .ledger = ledger};
    lock_init(&table->lock, LOCK_CAPTABLE);
}

static void array_free(struct cpu *cpu, struct reclaim_node *node) {
    struct array_header *header = (struct array_header *)(void *)node;

    kmem_free(cpu, header->ledger, header, array_bytes((uint32_t)header->size));
}

// Frees an array when no lookup can be reading it any more.
static void array_retire(struct cpu *cpu, struct captable *table, struct captable_entry *entries) {
    struct array_header *header = (struct array_header *)(void *)entries;

    header->ledger = table->ledger;
    reclaim_retire(cpu, &header->node, array_free);
}

void captable_fini(struct cpu *cpu, struct captable *table) {
    struct captable_entry *entries = array_of(table);

    kassert(table->used == 0 && table->reserved == 0);
    atomic_store_explicit(&table->entries, NULL, memory_order_release);
    if (entries != NULL)
        array_retire(cpu, table, entries);
}

bool captable_is_revoked(const struct captable_view *view) {
    return revoker_is_dead(view->revoker);
}

// Chains some fresh slots, lowest first, before those that are free already. False: there are none.
seldom static bool chain_fresh(struct captable *table) {
    struct captable_entry *entries = array_of(table);
    uint32_t from = table->fresh, to = min_u32(from + FRESH_STEP, array_size(entries));

    table->fresh = max_u32(from, to);
    for (uint32_t slot = to; slot-- > from;) {
        atomic_store_explicit(&entries[slot].generation, 1, memory_order_relaxed);
        entries[slot].interface = table->free;
        table->free = slot;
        table->free_count++;
    }
    return to > from;
}

// Doubles the array. The table is locked.
seldom static enum capos_status grow(struct cpu *cpu, struct captable *table) {
    struct captable_entry *old = array_of(table), *entries;
    uint32_t size = array_size(old), larger = size == 0 ? FIRST_SIZE : size * 2;
    void *block;
    enum capos_status status;

    if (larger > CAPOS_SLOTS_MAX)
        return CAPOS_STATUS_OVERLOADED;
    status = kmem_alloc(cpu, table->ledger, array_bytes(larger), &block);
    if (status != CAPOS_STATUS_OK)
        return status;
    entries = block;
    if (old != NULL)
        memcpy(entries, old, array_bytes(size));
    entries[0].interface = larger;
    if (size == 0)
        table->fresh = 1;
    atomic_store_explicit(&table->entries, entries, memory_order_release);
    if (old != NULL)
        array_retire(cpu, table, old);
    return CAPOS_STATUS_OK;
}

seldom static enum capos_status make_free(struct cpu *cpu, struct captable *table, uint32_t count) {
    enum capos_status status = CAPOS_STATUS_OK;

    while (status == CAPOS_STATUS_OK && table->free_count < count)
        if (!chain_fresh(table))
            status = grow(cpu, table);
    return status;
}

// Takes the first `count` slots off the free chain, in its order.
static uint32_t take_chain(struct captable *table, uint32_t count) {
    struct captable_entry *entries = array_of(table), *last = NULL;
    uint32_t first = table->free;

    for (uint32_t i = 0; i < count; i++) {
        last = &entries[table->free];
        last->state = CAPTABLE_RESERVED;
        table->free = (uint32_t)last->interface;
    }
    last->interface = 0;
    table->free_count -= count;
    table->reserved += count;
    return first;
}

// The limit is used up. What the calls that the process holds keep for the RECVs that took them is
// only a convenience: if it is enough, it is given up.
seldom static enum capos_status take_kept(struct cpu *cpu, struct captable *table, uint32_t count) {
    uint64_t available = ledger_available(table->ledger, LEDGER_SLOTS);
    struct token_table *tokens = table->process == NULL ? NULL : &table->process->tokens;

    if (available >= count || tokens == NULL || available + token_kept(tokens, table) < count)
        return CAPOS_STATUS_OVERLOADED;
    token_give_kept(cpu, tokens, table);
    return ledger_take(cpu, table->ledger, LEDGER_SLOTS, count);
}

enum capos_status captable_reserve(struct cpu *cpu, struct captable *table, uint32_t count,
                                   uint32_t *chain) {
    enum capos_status status;

    *chain = 0;
    if (count == 0)
        return CAPOS_STATUS_OK;
    status = ledger_take(cpu, table->ledger, LEDGER_SLOTS, count);
    if (UNLIKELY(status != CAPOS_STATUS_OK))
        status = take_kept(cpu, table, count);
    if (UNLIKELY(status != CAPOS_STATUS_OK))
        return status;
    lock_take(&table->lock);
    if (UNLIKELY(table->free_count < count))
        status = make_free(cpu, table, count);
    if (LIKELY(status == CAPOS_STATUS_OK))
        *chain = take_chain(table, count);
    lock_drop(&table->lock);
    if (UNLIKELY(status != CAPOS_STATUS_OK))
        ledger_give(cpu, table->ledger, LEDGER_SLOTS, count);
    return status;
}

uint32_t captable_chain_length(const struct captable *table, uint32_t chain) {
    uint32_t length = 0;

    for (; chain != 0; chain = (uint32_t)array_of(table)[chain].interface)
        length++;
    return length;
}

static void chain_free(struct captable *table, uint32_t slot) {
    struct captable_entry *entry = &array_of(table)[slot];

    entry->state = CAPTABLE_FREE;
    entry->interface = table->free;
    table->free = slot;
    table->free_count++;
}

void captable_unreserve_chain(struct cpu *cpu, struct captable *table, uint32_t chain) {
    uint32_t count = 0, next;

    lock_take(&table->lock);
    for (; chain != 0; chain = next, count++) {
        next = (uint32_t)array_of(table)[chain].interface;
        chain_free(table, chain);
    }
    table->reserved -= count;
    lock_drop(&table->lock);
    ledger_give(cpu, table->ledger, LEDGER_SLOTS, count);
}

uint64_t captable_install_locked(struct cpu *cpu, struct captable *table, uint32_t *chain,
                                 const struct captable_view *view) {
    uint32_t slot = *chain;
    struct captable_entry *entry = &array_of(table)[slot];

    (void)cpu;
    kassert(slot != 0 && entry->state == CAPTABLE_RESERVED);
    *chain = (uint32_t)entry->interface;
    entry->revoker = view->revoker;
    entry->kind = view->kind;
    entry->scope = view->scope;
    entry->disclosure = view->disclosure;
    entry->state = CAPTABLE_USED;
    entry->interface = view->interface;
    atomic_store_explicit(&entry->object, view->object, memory_order_release);
    table->reserved--;
    table->used++;
    if (view->object->type->seated != NULL)
        view->object->type->seated(view->object, table->process);
    return slot | (uint64_t)atomic_load_explicit(&entry->generation, memory_order_relaxed) << 32;
}

// After its generation has gone up: a slot whose generation has wrapped is never used again.
static void free_or_retire(struct captable *table, uint32_t slot, uint32_t generation) {
    if (LIKELY(generation != 0)) {
        chain_free(table, slot);
        return;
    }
    array_of(table)[slot].state = CAPTABLE_RETIRED;
    table->retired++;
}

static inline struct object *empty_locked(struct cpu *cpu, struct captable *table, uint64_t cap) {
    uint32_t slot = captable_slot(cap);
    struct captable_entry *entry = &array_of(table)[slot];
    struct object *object = atomic_load_explicit(&entry->object, memory_order_relaxed);
    uint32_t generation = captable_generation(cap) + 1;

    kassert(entry->state == CAPTABLE_USED);
    atomic_store_explicit(&entry->generation, generation, memory_order_release);
    atomic_store_explicit(&entry->object, NULL, memory_order_release);
    free_or_retire(table, slot, generation);
    table->used--;
    ledger_give(cpu, table->ledger, LEDGER_SLOTS, 1);
    return object;
}

struct object *captable_empty_locked(struct cpu *cpu, struct captable *table, uint64_t cap) {
    return empty_locked(cpu, table, cap);
}

enum capos_status captable_insert(struct cpu *cpu, struct captable *table,
                                  const struct captable_view *view, uint64_t *cap) {
    uint32_t chain;
    enum capos_status status = captable_reserve(cpu, table, 1, &chain);

    if (status != CAPOS_STATUS_OK)
        return status;
    lock_take(&table->lock);
    *cap = captable_install_locked(cpu, table, &chain, view);
    lock_drop(&table->lock);
    return CAPOS_STATUS_OK;
}

// What follows when an entry was emptied for good: no locks held.
static void let_go(struct cpu *cpu, struct captable *table, const struct captable_view *view) {
    struct object *object = view->object;

    if (object->type->lost != NULL)
        object->type->lost(cpu, object, table->process);
    object_put(cpu, object);
    revoker_put(cpu, view->revoker);
}

enum capos_status captable_release(struct cpu *cpu, struct captable *table, uint64_t cap) {
    struct captable_view view;
    enum capos_status status;

    lock_take(&table->lock);
    status = captable_find(table, cap, &view);
    if (LIKELY(status == CAPOS_STATUS_OK)) {
        empty_locked(cpu, table, cap);
        if (UNLIKELY(view.object->type->seated != NULL))
            view.object->type->seated(view.object, NULL);
    }
    lock_drop(&table->lock);
    if (status == CAPOS_STATUS_OK)
        let_go(cpu, table, &view);
    return status;
}

bool captable_clear(struct cpu *cpu, struct captable *table, uint32_t *position, uint32_t budget) {
    struct captable_entry *entries = array_of(table);
    uint32_t size = min_u32(array_size(entries), table->fresh), slot;

    for (; budget > 0 && *position < size; budget--) {
        slot = (*position)++;
        if (slot == 0 || entries[slot].state != CAPTABLE_USED)
            continue;
        if (captable_release(cpu, table, slot | (uint64_t)entries[slot].generation << 32) !=
            CAPOS_STATUS_OK)
            panic("captable: a used slot names nothing");
    }
    return *position >= size;
}
