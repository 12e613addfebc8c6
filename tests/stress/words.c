// SPDX-License-Identifier: MIT
//
// See words.h. A word is found by what an operation names.
#include "tests/stress/words.h"

#include "tests/stress/puppets.h"

enum { NOWHERE = 8 }; // an address at which nothing is mapped

struct m_word words_find(int p, const struct capos_sqe *sqe) {
    const struct mailbox *box = puppets[p].box;
    uint64_t offset = sqe->interface - (sqe->cap == 0 ? box->commons_address : 0);
    uint64_t index = offset / sizeof(uint32_t);

    if (sqe->interface % sizeof(uint32_t) != 0 || (sqe->cap != 0 && offset >= CAPOS_PAGE_SIZE))
        return (struct m_word){.status = CAPOS_STATUS_MALFORMED};
    if (sqe->interface == NOWHERE && sqe->cap == 0) // UNPARK does not look there
        return (struct m_word){.status = sqe->opcode == CAPOS_OP_UNPARK ? CAPOS_STATUS_OK
                                                                        : CAPOS_STATUS_REFUSED,
                               .number = UINT64_MAX};
    return (struct m_word){.status = CAPOS_STATUS_OK,
                           .number = index + (sqe->cap == 0 ? (uint64_t)(p + 1) * WORDS : 0),
                           .value = puppets_commons[index]};
}

void words_name(struct operations *operations, int p, struct capos_sqe *sqe) {
    const struct mailbox *box = puppets[p].box;
    uint32_t index = (uint32_t)operations_below(operations, WORDS);

    sqe->interface = index * sizeof(uint32_t);
    sqe->params = puppets_commons[index] + operations_chance(operations, 10);
    if (operations_chance(operations, 60))
        sqe->cap = box->commons_cap;
    else
        sqe->interface += box->commons_address;
    if (operations_chance(operations, 3))
        sqe->interface += 2;
    else if (operations_chance(operations, 3))
        sqe->interface = sqe->cap == 0 ? NOWHERE : CAPOS_PAGE_SIZE;
}
