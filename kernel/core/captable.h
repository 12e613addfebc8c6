// SPDX-License-Identifier: MIT
// Capability tables: flat, one per process. A CapId is slot | generation << 32; 0 is never one
// (slot 0 is not used, it keeps the table's size). A slot's generation goes up when it is emptied,
// and the slot is retired when it would wrap. Lookup takes no lock; everything else needs the
// table's lock, which functions with `_locked` in their names expect and the others take. Every
// entry, reserved ones included, is charged to the process's ledger (LEDGER_SLOTS), the array
// itself as kernel memory. The array grows by doubling; the old one is retired (reclaim.h).
#ifndef CORE_CAPTABLE_H
#define CORE_CAPTABLE_H

#include "base/attributes.h"
#include "core/ledger.h"
#include "core/lock.h"
#include "core/object.h"
#include "machine/cpu.h"

#include <capos/limits.h>
#include <capos/ring.h>
#include <capos/status.h>
#include <stdint.h>

struct revoker;

struct captable_entry {
    struct object *_Atomic object; // NULL: free or reserved
    struct revoker *revoker;       // a reference, or NULL
    _Atomic uint32_t generation;
    uint8_t kind;  // enum object_kind
    uint8_t scope; // enum capos_transfer_scope
    uint8_t state; // enum captable_state
    uint8_t disclosure;
    uint64_t interface; // of the object; in a free or reserved entry the next one of its chain
};
_Static_assert(sizeof(struct captable_entry) == 32, "two entries share a cache line");

enum captable_state {
    CAPTABLE_FREE = 0,
    CAPTABLE_RESERVED,
    CAPTABLE_USED,
    CAPTABLE_RETIRED,
};

struct captable {
    struct captable_entry *_Atomic entries; // entries[0].interface is their number
    struct process *process;
    struct ledger *ledger;
    struct lock lock; // guards what follows, and every change to entries
    uint32_t free;    // chain of free slots
    uint32_t free_count;
    uint32_t fresh; // slots from here on were never used, and are in no chain
    uint32_t used, reserved, retired;
};

// What an entry says, copied; object and revoker are borrowed until the CPU leaves the kernel.
struct captable_view {
    struct object *object;
    struct revoker *revoker;
    uint64_t interface;
    uint8_t kind;
    uint8_t scope;
    uint8_t disclosure;
};

void captable_init(struct captable *table, struct process *process, struct ledger *ledger);

// Frees the array; every entry has been emptied (captable_clear).
void captable_fini(struct cpu *cpu, struct captable *table);

// REFUSED when the id names nothing; DISCONNECTED when a revoker of the capability is dead. No
// lock.
must_use static inline enum capos_status captable_lookup(const struct captable *table, uint64_t cap,
                                                         struct captable_view *view);

// Reserves `count` slots, chained from *chain in the order in which they will be used; 0 slots is
// chain 0. OVERLOADED: nothing was reserved.
apart must_use enum capos_status captable_reserve(struct cpu *cpu, struct captable *table,
                                                  uint32_t count, uint32_t *chain);

// How many slots a chain of reserved ones has.
uint32_t captable_chain_length(const struct captable *table, uint32_t chain);

// Gives back what is left of a chain.
apart void captable_unreserve_chain(struct cpu *cpu, struct captable *table, uint32_t chain);

static inline void captable_unreserve(struct cpu *cpu, struct captable *table, uint32_t chain) {
    if (chain != 0)
        captable_unreserve_chain(cpu, table, chain);
}

// The same for what can be done to dead ones too.
must_use static inline enum capos_status captable_find(const struct captable *table, uint64_t cap,
                                                       struct captable_view *view);

// And with the object's type, which is its type whatever becomes of the object meanwhile.
must_use static inlined enum capos_status captable_find_typed(const struct captable *table,
                                                              uint64_t cap,
                                                              struct captable_view *view,
                                                              const struct object_type **type);

// Puts what `view` says in the first slot of a non-empty chain and takes over the caller's
// references to object and revoker. Can't fail. Returns the CapId.
uint64_t captable_install_locked(struct cpu *cpu, struct captable *table, uint32_t *chain,
                                 const struct captable_view *view);

// Takes a used slot's capability out, for a move or a release; the references to the object, which
// is returned, and to the revoker go to the caller. A lookup under this lock has just found it.
struct object *captable_empty_locked(struct cpu *cpu, struct captable *table, uint64_t cap);

// Reserve and install in one: for grants. On success the references are the table's.
must_use enum capos_status captable_insert(struct cpu *cpu, struct captable *table,
                                           const struct captable_view *view, uint64_t *cap);

// Removes a capability and puts its object. REFUSED when the id names nothing.
must_use enum capos_status captable_release(struct cpu *cpu, struct captable *table, uint64_t cap);

// Empties up to `budget` slots, from *position on, whatever they hold, for a process that has
// ended; true when it has reached the end. Reserved slots go too.
bool captable_clear(struct cpu *cpu, struct captable *table, uint32_t *position, uint32_t budget);

static inline uint32_t captable_slot(uint64_t cap) {
    return (uint32_t)cap;
}

static inline uint32_t captable_generation(uint64_t cap) {
    return (uint32_t)(cap >> 32);
}

// Is a revoker in the chain dead? revoke.c's.
apart must_use bool captable_is_revoked(const struct captable_view *view);

static inlined enum capos_status captable_find_typed(const struct captable *table, uint64_t cap,
                                                     struct captable_view *view,
                                                     const struct object_type **type) {
    const struct captable_entry *entries =
        atomic_load_explicit(&table->entries, memory_order_acquire);
    uint32_t size = UNLIKELY(entries == NULL) ? 0 : (uint32_t)entries[0].interface;
    uint32_t slot = machine_clamp(captable_slot(cap), size);
    const struct captable_entry *entry;
    struct object *object;

    if (UNLIKELY(slot == 0)) // also of a table without entries
        return CAPOS_STATUS_REFUSED;
    entry = &entries[slot];
    if (UNLIKELY(atomic_load_explicit(&entry->generation, memory_order_acquire) !=
                 captable_generation(cap)))
        return CAPOS_STATUS_REFUSED;
    object = atomic_load_explicit(&entry->object, memory_order_acquire);
    if (UNLIKELY(object == NULL))
        return CAPOS_STATUS_REFUSED;
    view->object = object;
    view->revoker = entry->revoker;
    view->interface = entry->interface;
    view->kind = entry->kind;
    view->scope = entry->scope;
    view->disclosure = entry->disclosure;
    // As long as the entry names the object nobody has put what is dead in the place of its type.
    if (type != NULL)
        *type = __atomic_load_n(&object->type, __ATOMIC_RELAXED);
    atomic_thread_fence(memory_order_acquire);
    return LIKELY(atomic_load_explicit(&entry->generation, memory_order_relaxed) ==
                  captable_generation(cap))
               ? CAPOS_STATUS_OK
               : CAPOS_STATUS_REFUSED;
}

static inline enum capos_status captable_find(const struct captable *table, uint64_t cap,
                                              struct captable_view *view) {
    return captable_find_typed(table, cap, view, NULL);
}

static inline enum capos_status captable_lookup(const struct captable *table, uint64_t cap,
                                                struct captable_view *view) {
    enum capos_status status = captable_find(table, cap, view);

    if (LIKELY(status == CAPOS_STATUS_OK) && UNLIKELY(view->revoker != NULL) &&
        captable_is_revoked(view))
        return CAPOS_STATUS_DISCONNECTED;
    return status;
}

#endif
