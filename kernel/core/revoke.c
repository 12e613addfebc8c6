// SPDX-License-Identifier: MIT
// Revokers: how uses are entered in their lists, and how a dead one ends them (revoke.h). The sweep
// goes down to a revoker that has none below, ends what is on its lists, one thing at a time,
// unlinks it and begins again at the top. So it needs no memory of its own, several sweeps may meet
// in one place, and each has ended when it finds nothing, whoever has done it. A use that another
// CPU is just ending is passed over, and found again until it is gone.
#include "core/revoke.h"

#include "core/captable.h"
#include "core/cpu.h"
#include "core/depend.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/vm.h"

#define SWEEP_AT_ONCE 8u  // steps by the thread that revokes
#define SWEEP_BUDGET  64u // pages in a step
#define WAITERS_BATCH 16u

static work_fn sweep_step;

enum capos_status revoker_enter(struct revoker *revoker, struct list *list,
                                struct list_node *node) {
    bool dead;

    lock_take(&revoker->lock);
    dead = revoker_is_dead(revoker);
    if (!dead)
        list_push_back(list, node);
    lock_drop(&revoker->lock);
    return dead ? CAPOS_STATUS_DISCONNECTED : CAPOS_STATUS_OK;
}

static void publish(struct kernel *kernel, struct revoker *revoker) {
    lock_take(&kernel->revokers_lock);
    list_push_back(&kernel->revokers, &revoker->all);
    lock_drop(&kernel->revokers_lock);
}

static void init(struct revoker *revoker, struct revoker *parent, uint32_t depth,
                 call_answer_fn *answered) {
    revoker->parent = parent;
    revoker->depth = depth;
    lock_init(&revoker->lock, LOCK_REVOKER);
    list_init(&revoker->uses);
    list_init(&revoker->mappings);
    list_init(&revoker->processes);
    list_init(&revoker->children);
    list_node_init(&revoker->sibling);
    list_node_init(&revoker->all);
    call_queue_init(&revoker->waiters, answered);
    work_init(&revoker->sweep, sweep_step);
}

enum capos_status revoker_create_at(struct cpu *cpu, const struct object_type *type,
                                    struct ledger *ledger, struct revoker *parent, uint32_t depth,
                                    call_answer_fn *answered, struct revoker **out) {
    struct revoker *revoker;
    struct object *object;
    enum capos_status status;

    kassert(type->size >= sizeof(*revoker) && type->close == revoker_close);
    if (depth > CAPOS_REVOKERS_DEEP)
        return CAPOS_STATUS_BUSY;
    if (parent != NULL && !object_try_get(&parent->object))
        return CAPOS_STATUS_REFUSED;
    status = object_create(cpu, type, ledger, &object);
    if (status != CAPOS_STATUS_OK)
        goto fail;
    revoker = (struct revoker *)(void *)object;
    init(revoker, parent, depth, answered);
    if (parent != NULL)
        status = revoker_enter(parent, &parent->children, &revoker->sibling);
    if (status != CAPOS_STATUS_OK) {
        object_discard(cpu, object);
        goto fail;
    }
    publish(cpu->kernel, revoker);
    *out = revoker;
    return CAPOS_STATUS_OK;

fail:
    revoker_put(cpu, parent);
    return status;
}

enum capos_status revoker_create(struct cpu *cpu, const struct object_type *type,
                                 struct ledger *ledger, struct revoker *parent,
                                 call_answer_fn *answered, struct revoker **out) {
    return revoker_create_at(cpu, type, ledger, parent, parent == NULL ? 1 : parent->depth + 1,
                             answered, out);
}

// Takes a revoker that has nothing left off its parent's list.
static void leave_parent(struct revoker *revoker) {
    if (revoker->parent == NULL)
        return;
    lock_take(&revoker->parent->lock);
    list_remove(&revoker->sibling);
    lock_drop(&revoker->parent->lock);
}

bool revoker_close(struct cpu *cpu, struct object *object) {
    struct revoker *revoker = (struct revoker *)(void *)object;

    kassert(list_is_empty(&revoker->uses) && list_is_empty(&revoker->mappings) &&
            list_is_empty(&revoker->processes) && list_is_empty(&revoker->children));
    leave_parent(revoker);
    lock_take(&cpu->kernel->revokers_lock);
    list_remove(&revoker->all);
    lock_drop(&cpu->kernel->revokers_lock);
    revoker_put(cpu, revoker->parent);
    return true;
}

// Calls in flight ---------------------------------------------------------------------------------

static size_t uses_bytes(const struct ring *ring) {
    return ring->room * sizeof(struct revoker_use);
}

static struct revoker_use *uses_of(const struct ring *ring) {
    return atomic_load_explicit(&ring->uses, memory_order_acquire);
}

static struct revoker_use *use_of(const struct call *call) {
    return &uses_of(call->ring)[call->slot];
}

static enum capos_status make_uses(struct cpu *cpu, struct ring *ring) {
    void *block;
    enum capos_status status;

    if (uses_of(ring) != NULL)
        return CAPOS_STATUS_OK;
    status = kmem_alloc(cpu, ring->process->ledger, uses_bytes(ring), &block);
    if (status != CAPOS_STATUS_OK)
        return status;
    struct revoker_use *uses = block, *none = NULL;
    for (uint32_t i = 0; i < ring->room; i++) {
        list_node_init(&uses[i].node);
        uses[i].call = &ring->calls[i];
    }
    // Another CPU may start a pipelined call meanwhile.
    if (!atomic_compare_exchange_strong(&ring->uses, &none, uses))
        kmem_free(cpu, ring->process->ledger, uses, uses_bytes(ring));
    return CAPOS_STATUS_OK;
}

void revoker_uses_free(struct cpu *cpu, struct ring *ring) {
    struct revoker_use *uses = atomic_exchange(&ring->uses, NULL);

    if (uses != NULL)
        kmem_free(cpu, ring->process->ledger, uses, uses_bytes(ring));
}

enum capos_status revoker_use_begin(struct cpu *cpu, struct call *call, struct revoker *revoker) {
    struct revoker_use *use;
    enum capos_status status = make_uses(cpu, call->ring);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (!object_try_get(&revoker->object))
        return CAPOS_STATUS_REFUSED;
    use = use_of(call);
    kassert(use->revoker == NULL);
    use->revoker = revoker;
    status = revoker_enter(revoker, &revoker->uses, &use->node);
    if (status != CAPOS_STATUS_OK) {
        use->revoker = NULL;
        revoker_put(cpu, revoker);
    }
    return status;
}

void revoker_use_end(struct cpu *cpu, struct call *call) {
    struct revoker_use *use = use_of(call);
    struct revoker *revoker = use->revoker;

    lock_take(&revoker->lock);
    list_remove(&use->node);
    use->revoker = NULL;
    lock_drop(&revoker->lock);
    revoker_put(cpu, revoker);
}

struct revoker *revoker_of_call(const struct call *call) {
    return (call_flags(call) & CALL_REVOCABLE) != 0 ? use_of(call)->revoker : NULL;
}

// The lock under which a call that waits in a queue leaves it, or NULL: it is in none. As long as
// the call is on a revoker's list, which is locked, its target and that queue are there; a ring's
// lock is there for as long as this CPU is in the kernel.
static struct lock *queue_lock(const struct call *call, uint64_t word) {
    switch ((enum call_state)(word & 255)) {
    case CALL_QUEUED:
        return &facet_of(call->target)->endpoint->lock;
    case CALL_HELD:
        return &call->queue->lock;
    case CALL_WAITING:
    case CALL_DUE:
        return &call->ring->lock;
    default:
        return NULL;
    }
}

// Claims a call that waited in a queue, if it still does: what `use` and `word` say was so a moment
// ago. That the use is still the first of its list says that its memory is good to look at.
static bool claim_queued(struct revoker *revoker, const struct revoker_use *use, struct lock *queue,
                         struct call *call, uint64_t word) {
    bool claimed;

    lock_take(queue);
    lock_take(&revoker->lock);
    claimed = list_first(&revoker->uses) == &use->node &&
              atomic_load_explicit(&call->word, memory_order_relaxed) == word;
    if (claimed) {
        if (queue == &call->ring->lock)
            depend_leave_locked(call);
        else
            list_remove(&call->link);
        call_set(call, CALL_CLAIMED);
    }
    lock_drop(&revoker->lock);
    lock_drop(queue);
    return claimed;
}

// Ends the first call in flight, or passes it over. The revoker is locked, and isn't afterwards.
static void end_first_use(struct cpu *cpu, struct revoker *revoker) {
    struct revoker_use *use = list_entry(list_first(&revoker->uses), struct revoker_use, node);
    struct call *call = use->call;
    uint64_t word = atomic_load_explicit(&call->word, memory_order_acquire);
    struct lock *queue = queue_lock(call, word);
    struct object *target;
    bool claimed;

    if (queue == NULL) {
        claimed = (word & 255) == CALL_DELIVERED && call_claim(call, word);
        list_remove(&use->node);
        list_push_back(&revoker->uses, &use->node);
        lock_drop(&revoker->lock);
        if (claimed)
            endpoint_disown(cpu, call, word, CAPOS_STATUS_DISCONNECTED);
        return;
    }
    target = call->target;
    object_get(target);
    lock_drop(&revoker->lock);
    if (claim_queued(revoker, use, queue, call, word)) {
        if ((word & 255) == CALL_HELD)
            timer_stop(cpu, &call->timer);
        call_fail(cpu, call, CAPOS_STATUS_DISCONNECTED);
    }
    object_put(cpu, target);
}

// Mappings ----------------------------------------------------------------------------------------

enum capos_status revoker_map(struct cpu *cpu, struct vm *vm, struct revoker *revoker,
                              uint64_t start, struct revoker_mapping **mapping) {
    enum capos_status status;
    void *block;

    *mapping = NULL;
    if (revoker == NULL)
        return CAPOS_STATUS_OK;
    status = kmem_alloc(cpu, vm->ledger, sizeof(struct revoker_mapping), &block);
    if (status != CAPOS_STATUS_OK)
        return status;
    struct revoker_mapping *made = block;
    list_node_init(&made->node);
    made->revoker = revoker;
    made->vm = vm;
    made->start = start;
    status = object_try_get(&revoker->object)
                 ? revoker_enter(revoker, &revoker->mappings, &made->node)
                 : CAPOS_STATUS_REFUSED;
    if (status == CAPOS_STATUS_OK) {
        *mapping = made;
        return CAPOS_STATUS_OK;
    }
    if (status == CAPOS_STATUS_DISCONNECTED)
        revoker_put(cpu, revoker);
    kmem_free(cpu, vm->ledger, made, sizeof *made);
    return status;
}

void revoker_unmap(struct cpu *cpu, struct revoker_mapping *mapping) {
    struct revoker *revoker;

    if (mapping == NULL)
        return;
    revoker = mapping->revoker;
    lock_take(&revoker->lock);
    list_remove(&mapping->node);
    lock_drop(&revoker->lock);
    revoker_put(cpu, revoker);
    kmem_free(cpu, mapping->vm->ledger, mapping, sizeof *mapping);
}

// Takes some pages of the first mapping out of its space. The revoker is locked, and isn't
// afterwards. The vm is there: while the revoker is locked because the mapping is, then by our
// reference.
static void end_first_mapping(struct cpu *cpu, struct revoker *revoker) {
    struct revoker_mapping *mapping =
        list_entry(list_first(&revoker->mappings), struct revoker_mapping, node);
    struct vm *vm = mapping->vm;
    uint64_t start = mapping->start;

    vm_get(vm);
    lock_drop(&revoker->lock);
    vm_revoke(cpu, vm, revoker, start, SWEEP_BUDGET);
    vm_put(cpu, vm);
}

// Processes ---------------------------------------------------------------------------------------

// Begins the end of a process, and puts it behind the others, as it stays on the list until nothing
// is left of it. The revoker is locked, and isn't afterwards.
static void end_listed_process(struct cpu *cpu, struct revoker *revoker, struct list_node *node) {
    struct process *process = list_entry(node, struct process, member);

    list_remove(node);
    list_push_back(&revoker->processes, node);
    object_get(&process->object);
    lock_drop(&revoker->lock);
    process_end_session(cpu, process);
    object_put(cpu, &process->object);
}

// The sweep ---------------------------------------------------------------------------------------

// The first revoker below, with a reference, or NULL. One that is just going away is forgotten. The
// revoker is locked.
static struct revoker *first_child(struct revoker *revoker) {
    struct list_node *node;

    while ((node = list_first(&revoker->children)) != NULL) {
        struct revoker *child = list_entry(node, struct revoker, sibling);

        if (object_try_get(&child->object))
            return child;
        list_remove(node);
    }
    return NULL;
}

// Does one thing to a revoker: marks it, ends the first that is on its lists. True when there is
// nothing more on them; then *below is a revoker below it, with a reference, or NULL.
static bool sweep_one(struct cpu *cpu, struct revoker *revoker, struct revoker **below) {
    struct list_node *node;

    lock_take(&revoker->lock);
    atomic_store_explicit(&revoker->dead, true, memory_order_release);
    if (!list_is_empty(&revoker->uses)) {
        end_first_use(cpu, revoker);
        return false;
    }
    if (!list_is_empty(&revoker->mappings)) {
        end_first_mapping(cpu, revoker);
        return false;
    }
    node = list_first(&revoker->processes);
    if (node != NULL) {
        end_listed_process(cpu, revoker, node);
        return false;
    }
    *below = first_child(revoker);
    lock_drop(&revoker->lock);
    return true;
}

// One bounded step: true when nothing is left of the revoker and of what is below.
static bool sweep(struct cpu *cpu, struct revoker *root) {
    struct revoker *revoker = root, *below = NULL;
    bool clean;

    object_get(&root->object);
    while ((clean = sweep_one(cpu, revoker, &below)) && below != NULL) {
        revoker_put(cpu, revoker);
        revoker = below;
    }
    if (clean) // and so it stays, since it is dead
        leave_parent(revoker);
    clean = clean && revoker == root;
    revoker_put(cpu, revoker);
    return clean;
}

static void waited(struct cpu *cpu, struct reclaim_node *node) {
    struct revoker *revoker =
        (struct revoker *)(void *)((char *)node - offsetof(struct revoker, wait));

    atomic_store(&revoker->state, REVOKER_OVER);
    work_resume(cpu, &revoker->sweep);
}

// Whoever waits from now on is answered at once.
static enum work_result answer(struct cpu *cpu, struct revoker *revoker) {
    for (unsigned i = 0; i < WAITERS_BATCH; i++)
        if (!call_queue_answer(cpu, &revoker->waiters, CAPOS_STATUS_OK)) {
            revoker_put(cpu, revoker);
            return WORK_DONE;
        }
    return WORK_AGAIN;
}

static enum work_result sweep_step(struct cpu *cpu, struct work *work) {
    struct revoker *revoker = list_entry(work, struct revoker, sweep);

    if (atomic_load(&revoker->state) == REVOKER_OVER)
        return answer(cpu, revoker);
    if (!sweep(cpu, revoker))
        return WORK_AGAIN;
    atomic_store(&revoker->state, REVOKER_WAITING);
    reclaim_retire(cpu, &revoker->wait, waited);
    return WORK_AWAY;
}

void revoker_kill(struct cpu *cpu, struct revoker *revoker) {
    bool first;

    lock_take(&revoker->lock);
    atomic_store_explicit(&revoker->dead, true, memory_order_release);
    first = atomic_load(&revoker->state) == REVOKER_ALIVE;
    if (first)
        atomic_store(&revoker->state, REVOKER_SWEEPING);
    lock_drop(&revoker->lock);
    if (!first)
        return;
    object_get(&revoker->object); // the work's
    for (unsigned i = 0; i < SWEEP_AT_ONCE && !sweep(cpu, revoker); i++)
        machine_interrupt_window(cpu);
    work_add(cpu, &revoker->sweep);
}

void revoker_hold(struct cpu *cpu, struct revoker *revoker, struct capos_invocation *invocation) {
    call_hold(cpu, invocation, &revoker->waiters, CAPOS_NO_DEADLINE);
    // What is over answers those who wait, once; this one may have come later.
    if (atomic_load(&revoker->state) == REVOKER_OVER)
        call_queue_answer_all(cpu, &revoker->waiters, CAPOS_STATUS_OK);
}

const char *revoker_audit(const struct revoker *revoker) {
    const struct revoker *parent = revoker->parent;

    if (revoker->depth != 0 && (revoker->depth != (parent == NULL ? 1 : parent->depth + 1) ||
                                revoker->depth > CAPOS_REVOKERS_DEEP))
        return "revoker: it is one deeper than its parent, and not too deep";
    if (!list_is_sound(&revoker->uses, UINT32_MAX) ||
        !list_is_sound(&revoker->mappings, UINT32_MAX) ||
        !list_is_sound(&revoker->processes, UINT32_MAX) ||
        !list_is_sound(&revoker->children, UINT32_MAX))
        return "revoker: its lists are sound";
    if (revoker->state != REVOKER_ALIVE && !revoker->dead)
        return "revoker: one that is being swept is dead";
    if (revoker->state >= REVOKER_WAITING &&
        (!list_is_empty(&revoker->uses) || !list_is_empty(&revoker->mappings) ||
         !list_is_empty(&revoker->processes) || !list_is_empty(&revoker->children)))
        return "revoker: nothing is left of a swept one";
    if (revoker->state == REVOKER_OVER && !list_is_linked(&revoker->sweep.node) &&
        !list_is_empty(&revoker->waiters.calls))
        return "revoker: nobody waits for what is over";
    return NULL;
}
