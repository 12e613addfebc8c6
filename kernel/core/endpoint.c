// SPDX-License-Identifier: MIT
// Endpoints, Receivers and facets as objects (endpoint.h): how they are made, and what their loss
// means. Calls and notices are deliver.c's.
#include "core/endpoint.h"

#include "core/call.h"
#include "core/cpu.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/process.h"
#include "core/ringserve.h"
#include "core/token.h"

#define BATCH 32u // lost calls that are ended before interrupts are let in

static work_fn bury_step;

enum capos_status endpoint_create(struct cpu *cpu, const struct object_type *type,
                                  struct ledger *ledger, uint64_t service, struct endpoint **out) {
    struct endpoint *endpoint;
    struct object *object;
    enum capos_status status = ledger_take(cpu, ledger, LEDGER_ENDPOINTS, 1);

    if (status != CAPOS_STATUS_OK)
        return status;
    kassert(type->size == sizeof(*endpoint) && type->close == endpoint_close);
    status = object_create(cpu, type, ledger, &object);
    if (status != CAPOS_STATUS_OK) {
        ledger_give(cpu, ledger, LEDGER_ENDPOINTS, 1);
        return status;
    }
    endpoint = (struct endpoint *)(void *)object;
    endpoint->service = service;
    lock_init(&endpoint->lock, LOCK_ENDPOINT);
    list_init(&endpoint->calls);
    list_init(&endpoint->idle);
    list_init(&endpoint->cancelled);
    list_node_init(&endpoint->stuck);
    work_init(&endpoint->bury, bury_step);
    *out = endpoint;
    return CAPOS_STATUS_OK;
}

bool endpoint_close(struct cpu *cpu, struct object *object) {
    struct endpoint *endpoint = (struct endpoint *)(void *)object;

    kassert(endpoint->receiver == NULL && list_is_empty(&endpoint->calls));
    ledger_give(cpu, endpoint->object.ledger, LEDGER_ENDPOINTS, 1);
    return true;
}

enum capos_status endpoint_create_receiver(struct cpu *cpu, struct endpoint *endpoint,
                                           struct ledger *ledger, struct receiver **out) {
    struct receiver *receiver;
    struct object *object;
    bool taken;
    enum capos_status status = object_create(cpu, &receiver_type, ledger, &object);

    if (status != CAPOS_STATUS_OK)
        return status;
    receiver = receiver_of(object);
    lock_take(&endpoint->lock);
    taken = endpoint->receiver != NULL || endpoint->epoch == FACET_ROOT - 1;
    if (!taken) {
        endpoint->receiver = receiver;
        receiver->endpoint = endpoint;
        receiver->epoch = endpoint->epoch;
        object_get(&endpoint->object);
    }
    lock_drop(&endpoint->lock);
    if (taken) {
        object_discard(cpu, object);
        return CAPOS_STATUS_BUSY;
    }
    *out = receiver;
    return CAPOS_STATUS_OK;
}

static inline enum capos_status make_facet(struct cpu *cpu, struct endpoint *endpoint,
                                           struct ledger *ledger, const struct facet *like,
                                           struct facet **out) {
    struct object *object;
    struct facet *facet;
    enum capos_status status = ledger_take(cpu, ledger, LEDGER_FACETS, 1);

    if (status != CAPOS_STATUS_OK)
        return status;
    status = object_create(cpu, &facet_type, ledger, &object);
    if (status != CAPOS_STATUS_OK) {
        ledger_give(cpu, ledger, LEDGER_FACETS, 1);
        return status;
    }
    facet = facet_of(object);
    facet->endpoint = endpoint;
    facet->object_id = like->object_id;
    facet->interface = like->interface;
    facet->epoch = like->epoch;
    facet->scope = like->scope;
    facet->disclosure = like->disclosure;
    object_get(&endpoint->object);
    *out = facet;
    return CAPOS_STATUS_OK;
}

enum capos_status endpoint_create_facet(struct cpu *cpu, struct endpoint *endpoint,
                                        struct ledger *ledger, uint64_t interface,
                                        uint64_t object_id, uint8_t scope, struct facet **out) {
    const struct facet like = {
        .object_id = object_id, .interface = interface, .epoch = FACET_ROOT, .scope = scope};

    return make_facet(cpu, endpoint, ledger, &like, out);
}

enum capos_status endpoint_mint(struct cpu *cpu, struct receiver *receiver, struct ledger *ledger,
                                uint64_t interface, uint64_t object_id, uint8_t scope,
                                uint8_t disclosure, struct facet **out) {
    const struct facet like = {.object_id = object_id,
                               .interface = interface,
                               .epoch = receiver->epoch,
                               .scope = scope,
                               .disclosure = disclosure};

    return make_facet(cpu, receiver->endpoint, ledger, &like, out);
}

void facet_discard(struct cpu *cpu, struct facet *facet) {
    ledger_give(cpu, facet->object.ledger, LEDGER_FACETS, 1);
    object_put(cpu, &facet->endpoint->object);
    object_discard(cpu, &facet->object);
}

// The facet's charge and its endpoint, at the end of a facet that had been given out.
static void facet_let_go(struct cpu *cpu, struct facet *facet) {
    ledger_give(cpu, facet->object.ledger, LEDGER_FACETS, 1);
    object_put(cpu, &facet->endpoint->object);
}

void facet_bury(struct cpu *cpu, struct facet *facet) {
    facet_let_go(cpu, facet);
    object_retire(cpu, &facet->object);
}

// A minted facet stays until its server, if that is still there, has been told.
static bool facet_close(struct cpu *cpu, struct object *object) {
    struct facet *facet = facet_of(object);

    if (facet->epoch == FACET_ROOT) {
        facet_let_go(cpu, facet);
        return true;
    }
    object->next = cpu->untold;
    cpu->untold = object;
    return false;
}

static void push_released_locked(struct endpoint *endpoint, struct object *object) {
    object->next = NULL;
    if (endpoint->released == NULL)
        endpoint->released = object;
    else
        endpoint->released_last->next = object;
    endpoint->released_last = object;
}

// Takes the endpoint's facets off this CPU's list. Those that nobody will be told of are returned.
static struct object *take_untold_locked(struct cpu *cpu, struct endpoint *endpoint) {
    struct object **at = &cpu->untold, *object, *dead = NULL;

    while ((object = *at) != NULL) {
        if (UNLIKELY(facet_of(object)->endpoint != endpoint)) {
            at = &object->next;
            continue;
        }
        *at = object->next;
        if (LIKELY(facet_is_live(facet_of(object)))) {
            push_released_locked(endpoint, object);
        } else {
            object->next = dead;
            dead = object;
        }
    }
    return dead;
}

void endpoint_tell(struct cpu *cpu) {
    struct endpoint *endpoint = facet_of(cpu->untold)->endpoint;
    struct object *dead, *next;

    lock_take(&endpoint->lock);
    dead = take_untold_locked(cpu, endpoint);
    if (!list_is_empty(&endpoint->idle))
        endpoint_match_locked(cpu, endpoint);
    lock_drop(&endpoint->lock);
    for (; dead != NULL; dead = next) {
        next = dead->next;
        facet_bury(cpu, facet_of(dead));
    }
}

const struct object_type facet_type = {
    .name = "facet",
    .size = sizeof(struct facet),
    .kind = OBJECT_FACET,
    .close = facet_close,
};

// Ends some facets that nobody will be told of. Each has a reference to the endpoint.
static enum work_result bury_step(struct cpu *cpu, struct work *work) {
    struct endpoint *endpoint = list_entry(work, struct endpoint, bury);
    struct object *facets, *next;
    uint32_t count = 1;

    lock_take(&endpoint->lock);
    facets = endpoint->doomed;
    for (next = facets; count < BATCH && next->next != NULL; count++)
        next = next->next;
    endpoint->doomed = next->next;
    next->next = NULL;
    bool more = endpoint->doomed != NULL;
    lock_drop(&endpoint->lock);
    for (; facets != NULL; facets = next) {
        next = facets->next;
        facet_bury(cpu, facet_of(facets));
    }
    return more ? WORK_AGAIN : WORK_DONE;
}

// Leaves the facets whose server was to be told of their end to bury_step. The endpoint is locked.
static void doom_released_locked(struct cpu *cpu, struct endpoint *endpoint) {
    bool idle = endpoint->doomed == NULL;

    if (endpoint->released == NULL)
        return;
    endpoint->released_last->next = endpoint->doomed;
    endpoint->doomed = endpoint->released;
    endpoint->released = NULL;
    if (idle)
        work_add(cpu, &endpoint->bury);
}

// What an endpoint loses with its Receiver.
struct losses {
    struct list calls;
    struct list idle;
};

// Takes everything off the endpoint; false when the Receiver was lost before. The records stay
// under the endpoint's lock though they are on a list of our own now.
static bool detach(struct cpu *cpu, struct endpoint *endpoint, const struct receiver *receiver,
                   struct losses *losses) {
    bool lost;

    list_init(&losses->calls);
    list_init(&losses->idle);
    lock_take(&endpoint->lock);
    lost = endpoint->receiver == receiver;
    if (lost) {
        endpoint->receiver = NULL;
        endpoint->epoch++;
        list_append(&losses->calls, &endpoint->calls);
        list_append(&losses->idle, &endpoint->idle);
        doom_released_locked(cpu, endpoint);
        while (list_pop_front(&endpoint->cancelled) != NULL)
            continue;
    }
    lock_drop(&endpoint->lock);
    return lost;
}

static struct call *take_record(struct endpoint *endpoint, struct list *list, size_t node_offset) {
    struct list_node *node;
    struct call *call = NULL;

    lock_take(&endpoint->lock);
    node = list_pop_front(list);
    if (node != NULL) {
        call = (struct call *)(void *)((char *)node - node_offset);
        call_set(call, CALL_CLAIMED);
    }
    lock_drop(&endpoint->lock);
    return call;
}

static void end_records(struct cpu *cpu, struct endpoint *endpoint, struct list *list,
                        size_t node_offset) {
    struct call *call;

    for (uint32_t n = 1; (call = take_record(endpoint, list, node_offset)) != NULL; n++) {
        call_fail(cpu, call, CAPOS_STATUS_DISCONNECTED);
        if (n % BATCH == 0)
            machine_interrupt_window(cpu);
    }
}

static void receiver_lose(struct cpu *cpu, struct receiver *receiver) {
    struct endpoint *endpoint = receiver->endpoint;
    struct losses losses;

    if (!detach(cpu, endpoint, receiver, &losses))
        return;
    end_records(cpu, endpoint, &losses.calls, offsetof(struct call, link));
    end_records(cpu, endpoint, &losses.idle, offsetof(struct call, offered));
}

// Ends the RECVs that were left by a server that has passed the Receiver on.
static void receiver_moved(struct cpu *cpu, struct object *object) {
    struct endpoint *endpoint = receiver_of(object)->endpoint;
    struct list_node *node, *next;
    struct call *receive;

    lock_take(&endpoint->lock);
    for (node = list_first(&endpoint->idle); node != NULL; node = next) {
        next = list_next(&endpoint->idle, node);
        receive = list_entry(node, struct call, offered);
        if (receive->ring->process == endpoint->server)
            continue;
        list_remove(node);
        call_set(receive, CALL_CLAIMED);
        call_fail(cpu, receive, CAPOS_STATUS_DISCONNECTED);
    }
    lock_drop(&endpoint->lock);
}

static void receiver_seated(struct object *object, struct process *process) {
    atomic_store_explicit(&receiver_of(object)->endpoint->server, process, memory_order_release);
}

static void receiver_lost(struct cpu *cpu, struct object *object, struct process *process) {
    struct receiver *receiver = receiver_of(object);
    uint32_t position = 1;

    receiver_lose(cpu, receiver);
    while (!endpoint_end_held(cpu, process, receiver, &position, BATCH))
        machine_interrupt_window(cpu);
}

static bool receiver_close(struct cpu *cpu, struct object *object) {
    struct receiver *receiver = receiver_of(object);

    receiver_lose(cpu, receiver);
    object_put(cpu, &receiver->endpoint->object);
    return true;
}

const struct object_type receiver_type = {
    .name = "Receiver",
    .interface = RECEIVER_INTERFACE,
    .size = sizeof(struct receiver),
    .kind = OBJECT_RECEIVER,
    .move_only = true,
    .close = receiver_close,
    .seated = receiver_seated,
    .moved = receiver_moved,
    .lost = receiver_lost,
};
