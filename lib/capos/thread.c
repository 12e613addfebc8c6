// SPDX-License-Identifier: MIT
//
// See thread.h. A thread's memory is one range: a page without memory, the stack, the copy of
// thread-local storage, and struct capos_thread, at whose beginning FS points. It is given back, or
// kept for the next thread, when the kernel has said that the thread has ended: by whoever joins
// it, or, for detached ones, by a later call of capos_thread_create.
#include "capos/thread.h"

#include "capos/local.h"
#include "capos/park.h"
#include "capos/runtime.h"
#include "capos/sync.h"
#include "capos/syscall.h"
#include "schemas/memory.capos.h"
#include "schemas/thread.capos.h"

enum {
    PAGE = CAPOS_PAGE_SIZE,
    STACK_BYTES = 65536,
    KEPT_MAX = 16,
};

enum fate {
    FATE_OPEN,     // it lives, and may be joined
    FATE_DETACHED, // it lives
    FATE_ENDED,    // or is about to
};

struct capos_thread {
    struct capos_local local;
    struct capos_client client;
    int32_t (*run)(void *argument);
    void *argument;
    uint64_t base, bytes;      // of its range
    _Atomic uint32_t fate;     // enum fate
    _Atomic uint32_t ended;    // the kernel's: 1 when nothing runs on its stack any more
    int32_t status;            // valid then
    struct capos_thread *next; // on a list
} __attribute__((aligned(64)));

static struct capos_mutex lock;      // guards the lists
static struct capos_thread *kept;    // memory for threads with stacks of STACK_BYTES
static unsigned kept_count;          //
static struct capos_thread *leaving; // detached ones that have ended, or are about to

void capos_thread_entry(void);
void capos_thread_start(void *ring, const struct capos_capset *capset, struct capos_thread *thread);

// What the process was granted for this.
static struct capos_once grants_found;
static struct capos_thread_spawner spawner;
static struct capos_thread_control control;
static struct capos_virtual_memory memory;

static void find_grants(void) {
    spawner.id = capos_grant("threadSpawner", CAPOS_THREAD_SPAWNER_INTERFACE_ID);
    control.id = capos_grant("threadControl", CAPOS_THREAD_CONTROL_INTERFACE_ID);
    memory.id = capos_grant("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID);
}

static bool grants_are_there(void) {
    capos_once(&grants_found, find_grants);
    return spawner.id != 0 && control.id != 0 && memory.id != 0;
}

static uint64_t range_bytes(uint32_t stack_bytes) {
    uint64_t bytes = stack_bytes + local_bytes() + sizeof(struct capos_thread);

    return PAGE + (bytes + PAGE - 1) / PAGE * PAGE;
}

static int reserve(uint64_t bytes, uint64_t *base) {
    struct capos_virtual_memory_reserve_results results;
    struct capos_call call;
    struct capos_virtual_memory_reserve_params_builder params =
        capos_virtual_memory_reserve_begin(&call, capos_ring(), memory);

    capos_virtual_memory_reserve_params_set_bytes(params, bytes);
    int outcome = capos_virtual_memory_reserve_call(&call, &results);
    if (outcome == CAPOS_DONE)
        *base = capos_virtual_memory_reserve_results_address(results);
    capos_call_release(&call);
    return outcome;
}

static int commit(uint64_t address, uint64_t bytes) {
    struct capos_virtual_memory_commit_results results;
    struct capos_call call;
    struct capos_virtual_memory_commit_params_builder params =
        capos_virtual_memory_commit_begin(&call, capos_ring(), memory);

    capos_virtual_memory_commit_params_set_address(params, address);
    capos_virtual_memory_commit_params_set_bytes(params, bytes);
    capos_virtual_memory_commit_params_set_protection(params, CAPOS_PROTECTION_READ_WRITE);
    int outcome = capos_virtual_memory_commit_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

static void unmap(uint64_t address, uint64_t bytes) {
    struct capos_virtual_memory_unmap_results results;
    struct capos_call call;
    struct capos_virtual_memory_unmap_params_builder params =
        capos_virtual_memory_unmap_begin(&call, capos_ring(), memory);

    capos_virtual_memory_unmap_params_set_address(params, address);
    capos_virtual_memory_unmap_params_set_bytes(params, bytes);
    if (capos_virtual_memory_unmap_call(&call, &results) != CAPOS_DONE)
        capos_panic("a stack can't be unmapped");
    capos_call_release(&call);
}

static int make_range(uint64_t bytes, struct capos_thread **thread) {
    uint64_t base = 0;
    int outcome = reserve(bytes, &base);

    if (outcome != CAPOS_DONE)
        return outcome;
    outcome = commit(base + PAGE, bytes - PAGE);
    if (outcome != CAPOS_DONE) {
        unmap(base, bytes);
        return outcome;
    }
    *thread = (struct capos_thread *)((base + bytes - sizeof **thread) & ~UINT64_C(63));
    (*thread)->base = base;
    (*thread)->bytes = bytes;
    return CAPOS_DONE;
}

static struct capos_thread *take_kept(void) {
    struct capos_thread *thread;

    capos_mutex_lock(&lock);
    thread = kept;
    if (thread != NULL) {
        kept = thread->next;
        kept_count--;
    }
    capos_mutex_unlock(&lock);
    return thread;
}

// The thread has ended, or never began.
static void give_range(struct capos_thread *thread) {
    bool keep;

    capos_mutex_lock(&lock);
    keep = thread->bytes == range_bytes(STACK_BYTES) && kept_count < KEPT_MAX;
    if (keep) {
        thread->next = kept;
        kept = thread;
        kept_count++;
    }
    capos_mutex_unlock(&lock);
    if (!keep)
        unmap(thread->base, thread->bytes);
}

static int take_range(uint32_t stack_bytes, struct capos_thread **thread) {
    if (stack_bytes > UINT32_MAX - (1u << 20))
        return CAPOS_OVERLOADED;
    *thread = stack_bytes == STACK_BYTES ? take_kept() : NULL;
    return *thread != NULL ? CAPOS_DONE : make_range(range_bytes(stack_bytes), thread);
}

static int start(struct capos_thread *thread, bool small_ring) {
    struct capos_thread_spawner_start_results results;
    struct capos_call call;
    struct capos_thread_spawner_start_params_builder params =
        capos_thread_spawner_start_begin(&call, capos_ring(), spawner);

    capos_thread_spawner_start_params_set_entry(params, (uintptr_t)capos_thread_entry);
    capos_thread_spawner_start_params_set_stack(params, (uintptr_t)thread - local_bytes());
    capos_thread_spawner_start_params_set_argument(params, (uintptr_t)thread);
    capos_thread_spawner_start_params_set_thread_base(params, (uintptr_t)thread);
    capos_thread_spawner_start_params_set_ring(params, small_ring ? CAPOS_RING_SIZE_SMALL
                                                                  : CAPOS_RING_SIZE_STANDARD);
    capos_thread_spawner_start_params_set_end_word(params, (uintptr_t)&thread->ended);
    int outcome = capos_thread_spawner_start_call(&call, &results);
    capos_call_release(&call);
    return outcome;
}

int capos_thread_join(struct capos_thread *thread, int32_t *status) {
    if (thread == local_get()->thread)
        return CAPOS_FAILED;
    while (atomic_load_explicit(&thread->ended, memory_order_acquire) == 0)
        (void)capos_park(&thread->ended, 0, CAPOS_NO_DEADLINE);
    if (status != NULL)
        *status = thread->status;
    give_range(thread);
    return CAPOS_DONE;
}

// Gives back what detached threads had. They are in their last call at least.
static void join_leaving(void) {
    struct capos_thread *thread, *next;

    if (leaving == NULL) // looked at again under the lock
        return;
    capos_mutex_lock(&lock);
    thread = leaving;
    leaving = NULL;
    capos_mutex_unlock(&lock);
    for (; thread != NULL; thread = next) {
        next = thread->next;
        (void)capos_thread_join(thread, NULL);
    }
}

int capos_thread_create(struct capos_thread **out, int32_t (*run)(void *argument), void *argument,
                        const struct capos_thread_options *options) {
    const struct capos_thread_options none = {0};
    struct capos_thread *thread;
    int outcome;

    if (options == NULL)
        options = &none;
    if (!grants_are_there())
        return -CAPOS_STATUS_REFUSED;
    join_leaving();
    outcome = take_range(options->stack_bytes == 0 ? STACK_BYTES : options->stack_bytes, &thread);
    if (outcome != CAPOS_DONE)
        return outcome;
    thread->run = run;
    thread->argument = argument;
    atomic_store_explicit(&thread->fate, FATE_OPEN, memory_order_relaxed);
    atomic_store_explicit(&thread->ended, 0, memory_order_relaxed);
    local_init(&thread->local, thread, &thread->client);
    outcome = start(thread, options->small_ring);
    if (outcome == CAPOS_DONE)
        *out = thread;
    else
        give_range(thread);
    return outcome;
}

void capos_thread_start(void *ring, const struct capos_capset *capset,
                        struct capos_thread *thread) {
    (void)capset;
    if (!local_attach(&thread->local, ring))
        capos_syscall_exit(CAPOS_EXIT_ABI);
    capos_thread_exit(thread->run(thread->argument));
}

void capos_thread_detach(struct capos_thread *thread) {
    uint32_t fate = FATE_OPEN;

    if (!atomic_compare_exchange_strong(&thread->fate, &fate, FATE_DETACHED))
        (void)capos_thread_join(thread, NULL);
}

// Who is detached can't give back its own stack.
static void leave(struct capos_thread *thread) {
    if (atomic_exchange(&thread->fate, FATE_ENDED) != FATE_DETACHED)
        return;
    capos_mutex_lock(&lock);
    thread->next = leaving;
    leaving = thread;
    capos_mutex_unlock(&lock);
}

// The call is written by hand, in a place and with a slot that were kept back for it: a thread can
// end whatever it has begun.
static void submit_exit(struct capos_local *local, int32_t status) {
    struct capos_client *client = local->client;
    struct capos_builder builder;

    capos_builder_init(&builder, capos_client_at(client, local->last_words), LOCAL_LAST_WORDS / 8);
    capos_thread_control_exit_params_set_status(
        capos_thread_control_exit_params_build_message(&builder), status);
    struct capos_sqe *sqe = capos_client_sqe(client);
    sqe->opcode = CAPOS_OP_CALL;
    sqe->cap = control.id;
    sqe->interface = CAPOS_THREAD_CONTROL_INTERFACE_ID;
    sqe->method = CAPOS_THREAD_CONTROL_EXIT_METHOD;
    sqe->params = local->last_words;
    sqe->params_bytes = LOCAL_LAST_WORDS / 2;
    sqe->results = local->last_words + LOCAL_LAST_WORDS / 2;
    sqe->results_capacity = LOCAL_LAST_WORDS / 2;
    capos_slot_submit(client, LOCAL_SLOT, sqe);
}

void capos_thread_exit(int32_t status) {
    struct capos_local *local = local_get();

    capos_once(&grants_found, find_grants);
    if (control.id == 0)
        capos_panic("a thread can't end without threadControl");
    if (local->thread != NULL) {
        local->thread->status = status;
        leave(local->thread);
    }
    submit_exit(local, status);
    capos_slot_wait(local->client, LOCAL_SLOT);
    capos_panic("a thread can't end");
}
