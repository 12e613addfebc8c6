// SPDX-License-Identifier: MIT
// Scheduling contexts (sched_context.h). Periods follow each other without gaps from the context's
// start; they are counted when somebody looks, so a context that nobody waits for has no timer.
#include "core/sched_context.h"

#include "base/bits.h"
#include "core/call.h"
#include "core/kernel.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/sched.h"
#include "core/thread.h"
#include "machine/time.h"

#define WAKES 32u // threads that one interrupt makes ready

enum capos_status sched_context_create(struct cpu *cpu, const struct object_type *type,
                                       struct ledger *ledger, uint64_t budget, uint64_t period,
                                       struct sched_context **out) {
    struct sched_context *context;
    struct object *object;
    enum capos_status status;

    if (period < SCHED_PERIOD_MIN || period > SCHED_PERIOD_MAX || budget < SCHED_BUDGET_MIN ||
        budget > period)
        return CAPOS_STATUS_MALFORMED;
    kassert(type->size == sizeof(*context) && type->close == sched_context_close);
    status = object_create(cpu, type, ledger, &object);
    if (status != CAPOS_STATUS_OK)
        return status;
    context = (struct sched_context *)(void *)object;
    context->budget = budget;
    context->period = period;
    context->start = machine_now(cpu);
    lock_init(&context->lock, LOCK_CONTEXT);
    list_init(&context->waiting);
    timer_init(&context->timer, TIMER_CONTEXT);
    *out = context;
    return CAPOS_STATUS_OK;
}

// Threads hold references, so none waits.
bool sched_context_close(struct cpu *cpu, struct object *object) {
    struct sched_context *context = (struct sched_context *)(void *)object;

    kassert(list_is_empty(&context->waiting));
    timer_stop(cpu, &context->timer);
    return true;
}

// Goes on to the present period. The context is locked.
static void renew(struct cpu *cpu, struct sched_context *context) {
    uint64_t now = machine_now(cpu), periods;

    if (now - context->start < context->period || now < context->start)
        return;
    periods = (now - context->start) / context->period;
    context->start += periods * context->period;
    // In so many periods every debt is paid, however large it was.
    if (periods > context->used / context->budget)
        context->used = 0;
    else
        context->used -= periods * context->budget;
}

static bool is_spent(const struct sched_context *context) {
    return context->used >= context->budget;
}

struct sched_context_info sched_context_info(struct cpu *cpu, struct sched_context *context) {
    struct sched_context_info info;

    lock_take(&context->lock);
    renew(cpu, context);
    info.used = min_u64(context->used, context->budget);
    info.debt = context->used - info.used;
    info.total = context->total;
    info.exhausted = context->exhausted;
    info.waiting = context->waiters;
    lock_drop(&context->lock);
    return info;
}

void sched_context_charge(struct cpu *cpu, struct sched_context *payer, uint64_t ns) {
    lock_take(&payer->lock);
    renew(cpu, payer);
    payer->used += ns;
    payer->total += ns;
    lock_drop(&payer->lock);
}

// Waiting ---------------------------------------------------------------------------------------

static bool is_killed(const struct thread *thread) {
    return (atomic_load(&thread->attention) & ATTENTION_KILLED) != 0;
}

static bool is_serving(const struct thread *thread) {
    return atomic_load_explicit(&thread->account.serving, memory_order_relaxed) != 0;
}

uint64_t sched_may_run_for(struct cpu *cpu, struct thread *thread) {
    struct sched_context *payer = atomic_load_explicit(&thread->payer, memory_order_acquire);
    uint64_t left;

    if (payer == NULL || is_serving(thread) || is_killed(thread))
        return UINT64_MAX;
    lock_take(&payer->lock);
    renew(cpu, payer);
    left = is_spent(payer) ? 0 : payer->budget - payer->used;
    lock_drop(&payer->lock);
    return left;
}

bool sched_must_wait(struct cpu *cpu, struct thread *thread) {
    return sched_may_run_for(cpu, thread) == 0;
}

// When the first of those who wait may run again: when what is used is less than a budget.
static uint64_t next_start(const struct sched_context *context) {
    return context->start + context->used / context->budget * context->period;
}

bool sched_throttle(struct cpu *cpu, struct thread *thread) {
    struct sched_account *account = &thread->account;
    struct sched_context *own;
    bool waits = false;

    lock_take(&account->lock);
    own = account->own;
    if (own != NULL && !is_serving(thread) && !is_killed(thread)) {
        lock_take(&own->lock);
        renew(cpu, own);
        waits = is_spent(own);
        if (waits) {
            atomic_store_explicit(&thread->state, THREAD_THROTTLED, memory_order_relaxed);
            if (list_is_empty(&own->waiting) && !timer_is_set(&own->timer))
                timer_arm(cpu, &own->timer, next_start(own));
            list_push_back(&own->waiting, &thread->throttled);
            own->waiters++;
            own->exhausted++;
        }
        lock_drop(&own->lock);
    }
    lock_drop(&account->lock);
    return waits;
}

// Takes a thread off its context's list. Its account is locked.
static bool unthrottle_locked(struct thread *thread) {
    struct sched_context *own = thread->account.own;
    bool waited;

    if (own == NULL)
        return false;
    lock_take(&own->lock);
    waited = list_is_linked(&thread->throttled);
    if (waited) {
        list_remove(&thread->throttled);
        own->waiters--;
    }
    lock_drop(&own->lock);
    return waited;
}

bool sched_unthrottle(struct thread *thread) {
    bool waited;

    lock_take(&thread->account.lock);
    waited = unthrottle_locked(thread);
    lock_drop(&thread->account.lock);
    return waited;
}

void sched_context_expired(struct cpu *cpu, struct timer *timer) {
    struct sched_context *context =
        (struct sched_context *)(void *)((char *)timer - offsetof(struct sched_context, timer));
    struct thread *ready[WAKES];
    unsigned count = 0;

    lock_take(&context->lock);
    renew(cpu, context);
    while (!is_spent(context) && count < WAKES && !list_is_empty(&context->waiting))
        ready[count++] = list_entry(list_pop_front(&context->waiting), struct thread, throttled);
    context->waiters -= count;
    timer_fired(timer);
    if (!list_is_empty(&context->waiting))
        timer_arm(cpu, timer, is_spent(context) ? next_start(context) : machine_now(cpu));
    lock_drop(&context->lock);
    for (unsigned i = 0; i < count; i++)
        sched_ready(cpu, ready[i]);
}

// Binding ---------------------------------------------------------------------------------------

// The account is locked.
static void set_payer(struct thread *thread) {
    struct sched_account *account = &thread->account;
    struct sched_context *payer = is_serving(thread) ? account->lent : account->own;

    atomic_store_explicit(&thread->payer, payer, memory_order_release);
    thread_attend(thread, ATTENTION_PAID, payer != NULL);
}

// The thread's process is locked; the thread is not DEAD.
static void bind_locked(struct cpu *cpu, struct thread *thread, struct sched_context *context) {
    struct sched_account *account = &thread->account;
    struct sched_context *before;
    bool waited;

    if (context != NULL)
        object_get(&context->object);
    lock_take(&account->lock);
    waited = unthrottle_locked(thread);
    before = account->own;
    account->own = context;
    set_payer(thread);
    lock_drop(&account->lock);
    if (waited)
        sched_ready(cpu, thread);
    else
        sched_reconsider(cpu, thread);
    if (before != NULL)
        object_put(cpu, &before->object);
}

enum capos_status sched_bind_thread(struct cpu *cpu, struct thread *thread,
                                    struct sched_context *context) {
    struct process *process = thread->process;
    bool living;

    lock_take(&process->lock);
    living = process->state == PROCESS_RUNNING && thread->state != THREAD_DEAD;
    if (living)
        bind_locked(cpu, thread, context);
    lock_drop(&process->lock);
    return living ? CAPOS_STATUS_OK : CAPOS_STATUS_DISCONNECTED;
}

// Puts the context that a process's next threads would be bound to.
static void replace(struct cpu *cpu, struct process *process, struct sched_context *context) {
    struct sched_context *before = process->share.context;

    if (context != NULL)
        object_get(&context->object);
    process->share.context = context;
    if (before != NULL)
        object_put(cpu, &before->object);
}

enum capos_status sched_bind(struct cpu *cpu, struct process *process,
                             struct sched_context *context) {
    struct list_node *node;
    bool running;

    lock_take(&process->lock);
    running = process->state == PROCESS_RUNNING;
    if (running) {
        replace(cpu, process, context);
        for (node = list_first(&process->threads); node != NULL;
             node = list_next(&process->threads, node))
            if (list_entry(node, struct thread, sibling)->state != THREAD_DEAD)
                bind_locked(cpu, list_entry(node, struct thread, sibling), context);
    }
    lock_drop(&process->lock);
    return running ? CAPOS_STATUS_OK : CAPOS_STATUS_DISCONNECTED;
}

void sched_unbind(struct cpu *cpu, struct process *process) {
    lock_take(&process->lock);
    replace(cpu, process, NULL);
    lock_drop(&process->lock);
}

void sched_unbind_thread(struct cpu *cpu, struct thread *thread) {
    struct sched_account *account = &thread->account;
    struct sched_context *own, *lent;

    lock_take(&account->lock);
    own = account->own;
    lent = is_serving(thread) ? account->lent : NULL;
    account->own = NULL;
    atomic_store_explicit(&account->serving, 0, memory_order_relaxed);
    set_payer(thread);
    lock_drop(&account->lock);
    if (own != NULL)
        object_put(cpu, &own->object);
    if (lent != NULL)
        object_put(cpu, &lent->object);
}

// Lending -----------------------------------------------------------------------------------------

// Does the call's thread wait in cap_enter, or will it when all is submitted?
static bool caller_waits(const struct ring *ring) {
    uint8_t phase = atomic_load_explicit(&ring->phase, memory_order_relaxed);

    return (phase == RING_WAITING || phase == RING_INSIDE) &&
           atomic_load_explicit(&ring->waits, memory_order_relaxed) != 0;
}

// Sets what the thread serves, and by whose time; takes over the reference. Its own time until now
// is charged to who has paid until now.
static void serve(struct cpu *cpu, struct thread *server, struct sched_context *lent,
                  uint64_t token) {
    struct sched_account *account = &server->account;
    struct sched_context *before;

    if (server == cpu->current)
        sched_charge(cpu);
    lock_take(&account->lock);
    before = is_serving(server) ? account->lent : NULL;
    account->lent = lent;
    atomic_store_explicit(&account->serving, token, memory_order_relaxed);
    set_payer(server);
    lock_drop(&account->lock);
    if (before != NULL)
        object_put(cpu, &before->object);
}

void sched_lend(struct cpu *cpu, struct call *call, struct thread *server, uint64_t token) {
    struct ring *ring = call->ring;
    struct sched_context *payer = atomic_load_explicit(&ring->thread->payer, memory_order_acquire);

    // It may just be losing its last reference on another CPU.
    if (payer == NULL || !caller_waits(ring) || !object_try_get(&payer->object))
        return;
    serve(cpu, server, payer, token);
}

void sched_give_back(struct cpu *cpu, struct thread *server) {
    serve(cpu, server, NULL, 0);
    sched_reconsider(cpu, server);
}
