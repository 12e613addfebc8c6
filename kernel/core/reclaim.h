// SPDX-License-Identifier: MIT
// Memory that other CPUs may still be looking at is reused only after every CPU has been outside
// the kernel once. The kernel has a global epoch; a CPU notes the epoch when it enters and clears
// the note when it leaves. The epoch moves on when no CPU is inside under an older one, and what
// was retired two epochs ago is freed. Each CPU keeps its own lists, so retiring takes no lock and
// can't fail.
#ifndef CORE_RECLAIM_H
#define CORE_RECLAIM_H

#include "base/attributes.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cpu;

// Lives in what is retired, so that retiring allocates nothing.
struct reclaim_node {
    struct reclaim_node *next;
    void (*free)(struct cpu *cpu, struct reclaim_node *node);
};

#define RECLAIM_GENERATIONS 4 // one more than there can be; the remainder is a mask

struct reclaim_list {
    struct reclaim_node *first;
    uint64_t epoch; // the kernel's, when the newest was retired
};

struct reclaim {
    _Atomic uint64_t inside;                          // 0 outside the kernel, else the epoch noted
    uint32_t nested;                                  // how often it was entered from inside
    uint32_t pending;                                 // lists below that are not empty
    struct reclaim_list retired[RECLAIM_GENERATIONS]; // by epoch modulo
};

// This CPU enters the kernel from user mode or from idling; leaves it for them. Everything that the
// core's lookups lend ("borrowed") is good in between.
void reclaim_enter(struct cpu *cpu);
void reclaim_leave(struct cpu *cpu);

static inline bool reclaim_is_inside(const struct reclaim *reclaim) {
    return atomic_load_explicit(&reclaim->inside, memory_order_relaxed) != 0;
}

// `node->free` runs on this CPU once no other can be looking. May be called with any locks held.
void reclaim_retire(struct cpu *cpu, struct reclaim_node *node,
                    void (*free)(struct cpu *cpu, struct reclaim_node *node));

// Frees some of what can be freed, without waiting. No locks held. Called on the way in and when
// idle.
seldom void reclaim_run(struct cpu *cpu);

// True when this CPU has retired memory that is not freed yet.
static inline bool reclaim_is_pending(const struct reclaim *reclaim) {
    return reclaim->pending != 0;
}

#endif
