// SPDX-License-Identifier: MIT
// Parking (park.h). No wake-up is lost. A waker changes the word first and then does UNPARK; who
// parks compares under the bucket's lock and is in the bucket before that lock is dropped. Either
// the parker has the lock first: then UNPARK, which takes it later, finds the record. Or UNPARK has
// it first: then the change, which came before it, is seen by the comparison, which comes after.
//
// Unmapping is the same with the vm's lock in the word's place: the comparison reads the word, by
// its frame, under the vm's lock and inside of the bucket's, so either it finds the page gone, or
// the record is in the bucket before whoever unmapped the page can look there. `used` is set before
// that read, so who unmaps later sees it.
#include "core/park.h"

#include "core/cpu.h"
#include "core/park_parts.h"
#include "core/revoke.h"
#include "machine/time.h"

enum { PARK_BATCH = 32 }; // ends between two interrupt windows

// OK: it was woken.
static void park_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    call_fail(cpu, call, status);
}

void park_init(struct park *park) {
    for (unsigned i = 0; i < PARK_BUCKETS; i++)
        call_queue_init(&park->bucket[i], park_answer);
}

void park_init_shared(struct call_queue *bucket) {
    call_queue_init(bucket, park_answer);
}

// The bucket is locked.
static void hold(struct cpu *cpu, struct call *call, const struct capos_sqe *sqe,
                 const struct park_word *word) {
    park_hold(call, sqe->flags, sqe->user_data, word);
    if (sqe->deadline != CAPOS_NO_DEADLINE)
        timer_arm(cpu, &call->timer, sqe->deadline);
}

flat enum capos_status park_wait(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                                 struct call *call) {
    struct park_word word;
    enum capos_status status = park_find(ring, sqe->cap, sqe->interface, &word);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (word.memory != NULL && !object_try_get(&word.memory->object))
        return CAPOS_STATUS_REFUSED;
    if (word.revoker != NULL) {
        status = revoker_use_begin(cpu, call, word.revoker);
        if (status != CAPOS_STATUS_OK) {
            object_put(cpu, &word.memory->object);
            return status;
        }
    }
    lock_take(&word.bucket->lock);
    status = park_compare(cpu, ring, &word, sqe->params);
    if (status == CAPOS_STATUS_OK && sqe->deadline != CAPOS_NO_DEADLINE &&
        sqe->deadline <= machine_now(cpu))
        status = CAPOS_STATUS_TIMED_OUT;
    if (status == CAPOS_STATUS_OK)
        hold(cpu, call, sqe, &word);
    lock_drop(&word.bucket->lock);
    if (status != CAPOS_STATUS_OK && word.revoker != NULL)
        revoker_use_end(cpu, call);
    if (status != CAPOS_STATUS_OK && word.memory != NULL)
        object_put(cpu, &word.memory->object);
    return status;
}

// Claims what is parked at addresses from `start` to `last`, up to `count`, in one walk. So the
// work is bounded by what is parked there now, whatever is parked meanwhile.
static void claim(struct call_queue *bucket, uint64_t start, uint64_t last, uint32_t count,
                  struct list *claimed) {
    struct list_node *node, *next;

    list_init(claimed);
    lock_take(&bucket->lock);
    for (node = list_first(&bucket->calls); node != NULL && count > 0; node = next) {
        struct call *call = list_entry(node, struct call, link);

        next = list_next(&bucket->calls, node);
        if (call->parked_at < start || call->parked_at > last)
            continue;
        list_remove(node);
        call_set(call, CALL_CLAIMED);
        list_push_back(claimed, node);
        count--;
    }
    lock_drop(&bucket->lock);
}

// The same for the first one at an address; NULL: nothing is parked there.
static struct call *claim_first(struct call_queue *bucket, uint64_t at) {
    struct call *found;

    lock_take(&bucket->lock);
    found = park_first(bucket, at);
    if (found != NULL) {
        list_remove(&found->link);
        call_set(found, CALL_CLAIMED);
    }
    lock_drop(&bucket->lock);
    return found;
}

static void end_one(struct cpu *cpu, struct call *call, enum capos_status status) {
    if (UNLIKELY(!timer_is_idle(&call->timer)))
        timer_stop(cpu, &call->timer);
    call_fail(cpu, call, status);
}

// Ends what was claimed and says how many there were.
static uint32_t end(struct cpu *cpu, struct list *claimed, enum capos_status status) {
    struct list_node *node;
    uint32_t count = 0;

    while ((node = list_pop_front(claimed)) != NULL) {
        end_one(cpu, list_entry(node, struct call, link), status);
        if (++count % PARK_BATCH == 0)
            machine_interrupt_window(cpu);
    }
    return count;
}

seldom static uint32_t wake_many(struct cpu *cpu, const struct park_word *word, uint32_t count) {
    struct list claimed;

    claim(word->bucket, word->at, word->at, count, &claimed);
    return end(cpu, &claimed, CAPOS_STATUS_OK);
}

flat enum capos_status park_wake(struct cpu *cpu, struct ring *ring, const struct capos_sqe *sqe,
                                 uint32_t *woken) {
    struct park_word word;
    struct call *call;
    enum capos_status status = park_find(ring, sqe->cap, sqe->interface, &word);

    if (status != CAPOS_STATUS_OK)
        return status;
    if (UNLIKELY(sqe->params != 1)) {
        *woken = wake_many(cpu, &word, sqe->params);
        return CAPOS_STATUS_OK;
    }
    call = claim_first(word.bucket, word.at);
    *woken = call != NULL;
    if (call != NULL)
        end_one(cpu, call, CAPOS_STATUS_OK);
    return CAPOS_STATUS_OK;
}

void park_tell(struct cpu *cpu, struct vm *vm, uint64_t at) {
    struct uaddr page = {at - at % CAPOS_PAGE_SIZE};
    enum protection protection;
    struct list claimed;
    struct paddr frame;

    lock_take(&vm->lock);
    if (machine_space_lookup(cpu, &vm->space, page, &frame, &protection) &&
        protection == PROTECTION_READ_WRITE)
        __atomic_store_n(park_word_in(frame, at), 1, __ATOMIC_RELEASE);
    lock_drop(&vm->lock);
    claim(&vm->park.bucket[park_bucket_of(at)], at, at, UINT32_MAX, &claimed);
    end(cpu, &claimed, CAPOS_STATUS_OK);
}

void park_unmapped(struct cpu *cpu, struct vm *vm, uint64_t start, uint64_t bytes) {
    struct list claimed;

    if (atomic_load_explicit(&vm->park.used, memory_order_relaxed) == 0)
        return;
    for (unsigned i = 0; i < PARK_BUCKETS; i++) {
        claim(&vm->park.bucket[i], start, start + bytes - 1, UINT32_MAX, &claimed);
        end(cpu, &claimed, CAPOS_STATUS_DISCONNECTED);
    }
}
