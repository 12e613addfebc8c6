// SPDX-License-Identifier: MIT
// Deferred reuse of memory (reclaim.h). What is retired under epoch e may be seen by CPUs that
// entered under e or earlier. The epoch only moves from e to e + 1 when nobody is inside under
// e - 1, so at e + 2 nobody who could see it is inside. A list that still has older nodes when new
// ones come takes the new epoch: the old ones then wait longer, which is harmless.
#include "core/reclaim.h"

#include "core/kernel.h"
#include "core/panic.h"

void reclaim_enter(struct cpu *cpu) {
    struct reclaim *reclaim = &cpu->reclaim;

    if (UNLIKELY(reclaim_is_inside(reclaim))) {
        reclaim->nested++;
        return;
    }
    // Sequentially consistent: the note must be visible before anything is looked up.
    atomic_store(&reclaim->inside, atomic_load(&cpu->kernel->epoch));
}

void reclaim_leave(struct cpu *cpu) {
    struct reclaim *reclaim = &cpu->reclaim;

    kassert(reclaim_is_inside(reclaim));
    if (UNLIKELY(reclaim->nested != 0))
        reclaim->nested--;
    else
        atomic_store_explicit(&reclaim->inside, 0, memory_order_release);
}

void reclaim_retire(struct cpu *cpu, struct reclaim_node *node,
                    void (*free)(struct cpu *cpu, struct reclaim_node *node)) {
    uint64_t epoch = atomic_load(&cpu->kernel->epoch);
    struct reclaim_list *list = &cpu->reclaim.retired[epoch % RECLAIM_GENERATIONS];

    node->free = free;
    node->next = list->first;
    if (list->first == NULL)
        cpu->reclaim.pending++;
    list->first = node;
    list->epoch = epoch;
}

// So many are freed at a time; who retires more finds them freed with the next times.
#define RECLAIM_BATCH 512u

// Moves the kernel's epoch on if no CPU is inside under an older one.
static void advance(struct kernel *kernel) {
    uint64_t epoch = atomic_load(&kernel->epoch), inside;

    for (uint32_t i = 0; i < kernel->cpu_count; i++) {
        inside = atomic_load(&kernel->cpus[i]->reclaim.inside);
        if (inside != 0 && inside != epoch)
            return;
    }
    atomic_compare_exchange_strong(&kernel->epoch, &epoch, epoch + 1);
}

void reclaim_run(struct cpu *cpu) {
    unsigned budget = RECLAIM_BATCH;
    struct reclaim_node *node;
    uint64_t epoch;

    if (!reclaim_is_pending(&cpu->reclaim))
        return;
    advance(cpu->kernel);
    epoch = atomic_load(&cpu->kernel->epoch);
    for (uint32_t i = 0; i < RECLAIM_GENERATIONS; i++) {
        struct reclaim_list *list = &cpu->reclaim.retired[i];

        if (list->first == NULL || list->epoch + 2 > epoch)
            continue;
        // What is retired meanwhile may come to this list, and makes it wait again.
        while (budget > 0 && list->first != NULL && list->epoch + 2 <= epoch) {
            node = list->first;
            list->first = node->next;
            cpu->reclaim.pending -= list->first == NULL;
            node->free(cpu, node);
            budget--;
        }
    }
}
