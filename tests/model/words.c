// SPDX-License-Identifier: MIT
//
// Words in rings and in shared memory: see words.h.
#include "tests/model/words.h"

#include "core/memory.h"
#include "machine/space.h"

enum {
    WORDS = 3,     // of each kind
    PLACE = 15000, // in a ring, behind what operations use
    SHARED = 1,    // what a PLAIN object is (m_object.what)
};

static struct driver *driver; // the model's `word` has no other way to it

static uint32_t *shared_words(void) {
    return (uint32_t *)(void *)machine_direct(memory_frame(driver->words, 0));
}

static uint32_t *private_words(int p) {
    return actor_at(&driver->actor[p], PLACE);
}

static uint64_t private_address(int p) {
    return driver->actor[p].thread->ring.address.value + PLACE;
}

static struct m_word find_private(int p, const struct capos_sqe *sqe) {
    uint64_t index = (sqe->interface - private_address(p)) / sizeof(uint32_t);

    if (sqe->interface % sizeof(uint32_t) != 0)
        return (struct m_word){.status = CAPOS_STATUS_MALFORMED};
    if (index >= WORDS) // nothing is mapped there, which UNPARK does not look at
        return (struct m_word){.status = sqe->opcode == CAPOS_OP_UNPARK ? CAPOS_STATUS_OK
                                                                        : CAPOS_STATUS_REFUSED,
                               .number = UINT64_MAX};
    return (struct m_word){.status = CAPOS_STATUS_OK,
                           .number = (uint64_t)(p + 1) * WORDS + index,
                           .value = private_words(p)[index]};
}

static struct m_word find(int p, const struct capos_sqe *sqe) {
    const struct m_hold *hold;
    int n;

    if (sqe->cap == 0)
        return find_private(p, sqe);
    n = model_find_hold(&driver->model, p, sqe->cap);
    if (n < 0)
        return (struct m_word){.status = CAPOS_STATUS_REFUSED};
    hold = &driver->model.process[p].hold[n];
    if (model_is_dead(&driver->model, hold->revoker))
        return (struct m_word){.status = CAPOS_STATUS_DISCONNECTED};
    if (driver->model.object[hold->object].what != SHARED)
        return (struct m_word){.status = CAPOS_STATUS_REFUSED};
    if (sqe->interface % sizeof(uint32_t) != 0 || sqe->interface >= CAPOS_PAGE_SIZE)
        return (struct m_word){.status = CAPOS_STATUS_MALFORMED};
    return (struct m_word){.status = CAPOS_STATUS_OK,
                           .number = sqe->interface / sizeof(uint32_t),
                           .revoker = hold->revoker,
                           .value = shared_words()[sqe->interface / sizeof(uint32_t)]};
}

// A capability of the process's for the memory, or 0: none.
static uint64_t find_shared(struct operations *operations, int p) {
    int first = (int)operations_below(operations, HOLDS);

    for (int i = 0; i < HOLDS; i++) {
        const struct m_hold *hold = &driver->model.process[p].hold[(first + i) % HOLDS];

        if (hold->object >= 0 && driver->model.object[hold->object].what == SHARED)
            return hold->cap;
    }
    return 0;
}

static void name(struct operations *operations, int p, struct capos_sqe *sqe) {
    uint32_t index = (uint32_t)operations_below(operations, WORDS), *word;

    sqe->cap = operations_chance(operations, 70) ? find_shared(operations, p) : 0;
    word = sqe->cap != 0 ? &shared_words()[index] : &private_words(p)[index];
    *word += operations_chance(operations, 20);
    sqe->params = *word + operations_chance(operations, 10);
    sqe->interface = (sqe->cap != 0 ? 0 : private_address(p)) + index * sizeof(uint32_t);
    if (operations_chance(operations, 3))
        sqe->interface += 2;
    else if (operations_chance(operations, 3))
        sqe->interface = sqe->cap == 0 ? sizeof(uint32_t) : CAPOS_PAGE_SIZE;
}

void words_init(struct driver *d) {
    driver = d;
    kernel_enter(d->cpu);
    ck_assert_int_eq(memory_create(d->cpu, &host_memory_type, &d->host->kernel.root, 1, &d->words),
                     CAPOS_STATUS_OK);
    kernel_leave(d->cpu);
    d->model.word = find;
    d->operations.name_word = name;
}

void words_fini(struct driver *d) {
    kernel_enter(d->cpu);
    object_put(d->cpu, &d->words->object);
    object_close_pending(d->cpu);
    kernel_leave(d->cpu);
}

int words_object(struct driver *d) {
    int number;

    for (int i = 0; i < d->model.objects; i++)
        if (d->model.object[i].kind == PLAIN && d->model.object[i].what == SHARED)
            return i;
    number = model_object(&d->model, PLAIN, 0, 0);
    d->model.object[number].what = SHARED;
    d->model.object[number].interface = host_memory_type.interface;
    return number;
}
