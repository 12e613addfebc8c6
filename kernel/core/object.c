// SPDX-License-Identifier: MIT
// Objects' references and their end (object.h). The last put may happen under any lock, so it only
// chains the object to its CPU's list; closing runs later, without locks, and may put more objects.
// Servers are told of their facets when all is closed, so that what goes together is told together.
#include "core/object.h"

#include "core/cpu.h"
#include "core/endpoint.h"
#include "core/kmem.h"
#include "core/panic.h"

enum capos_status object_create(struct cpu *cpu, const struct object_type *type,
                                struct ledger *ledger, struct object **out) {
    void *block;
    enum capos_status status = kmem_alloc(cpu, ledger, type->size, &block);

    kassert(!type->unheld || type->close == NULL);
    if (status != CAPOS_STATUS_OK)
        return status;
    *out = block;
    (*out)->type = type;
    (*out)->ledger = ledger;
    (*out)->size = (uint16_t)type->size;
    atomic_store_explicit(&(*out)->references, 1, memory_order_relaxed);
    return CAPOS_STATUS_OK;
}

bool object_try_get(struct object *object) {
    uint32_t seen = atomic_load_explicit(&object->references, memory_order_relaxed);

    while (seen != 0)
        if (atomic_compare_exchange_weak_explicit(&object->references, &seen, seen + 1,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

void object_put(struct cpu *cpu, struct object *object) {
    uint32_t before = atomic_fetch_sub_explicit(&object->references, 1, memory_order_acq_rel);

    kassert(before != 0);
    if (before != 1)
        return;
    object->next = cpu->closing;
    cpu->closing = object;
}

flat static void object_free(struct cpu *cpu, struct reclaim_node *node) {
    struct object *object = (struct object *)(void *)((char *)node - offsetof(struct object, dead));

    kmem_free(cpu, object->ledger, object, object->size);
}

void object_retire(struct cpu *cpu, struct object *object) {
    reclaim_retire(cpu, &object->dead, object_free);
}

void object_discard(struct cpu *cpu, struct object *object) {
    kmem_free(cpu, object->ledger, object, object->size);
}

void object_moved(struct cpu *cpu, struct object *object) {
    if (object->type->moved == NULL || atomic_exchange(&object->moving, 1) != 0)
        return;
    object_get(object);
    object->next = cpu->moved;
    cpu->moved = object;
}

static void run_moved(struct cpu *cpu) {
    struct object *object = cpu->moved;

    cpu->moved = object->next;
    object->next = NULL;
    atomic_store(&object->moving, 0);
    object->type->moved(cpu, object);
    object_put(cpu, object);
}

static void close_first(struct cpu *cpu) {
    struct object *object = cpu->closing;

    cpu->closing = object->next;
    object->next = NULL;
    if (object->type->close == NULL || object->type->close(cpu, object))
        object_retire(cpu, object);
}

bool object_close(struct cpu *cpu) {
    bool worked = false;

    while (cpu->closing != NULL || cpu->moved != NULL) {
        if (cpu->moved != NULL)
            run_moved(cpu);
        else
            close_first(cpu);
        machine_interrupt_window(cpu);
        worked = true;
    }
    return worked;
}

bool object_close_pending(struct cpu *cpu) {
    bool worked = object_close(cpu);

    while (cpu->untold != NULL) {
        endpoint_tell(cpu);
        machine_interrupt_window(cpu);
        worked = true;
        (void)object_close(cpu);
    }
    return worked;
}
