// SPDX-License-Identifier: MIT
//
// See fake_kernel.h. Whatever breaks the contract of an SQE fails the test that is running.
#include "tests/unit/fake_kernel.h"

#include "tests/harness.h"

#include <string.h>

enum { SQES = 64, CQES = 128, AREA = 256 + SQES * 64 + CQES * 16 };

static struct capos_ring_header *header_of(struct fake_kernel *kernel) {
    return (struct capos_ring_header *)kernel->block;
}

static void post(struct fake_kernel *kernel, struct capos_cqe cqe) {
    struct capos_ring_header *header = header_of(kernel);
    struct capos_cqe *cq = (struct capos_cqe *)(kernel->block + header->cq);

    ck_assert_uint_lt(header->cq_tail - header->cq_head, CQES);
    cq[header->cq_tail % CQES] = cqe;
    header->cq_tail++;
}

static void check_range(uint32_t offset, uint32_t bytes) {
    ck_assert_uint_eq((offset | bytes) % 8, 0);
    ck_assert_uint_ge(offset, AREA);
    ck_assert_uint_le(offset + bytes, 4 * 4096);
}

void fake_kernel_complete(struct fake_kernel *kernel, unsigned slot, int32_t result, uint8_t flags,
                          uint8_t caps) {
    ck_assert(kernel->busy[slot]);
    kernel->busy[slot] = false;
    post(kernel, (struct capos_cqe){.user_data = kernel->slots[slot].user_data,
                                    .result = result,
                                    .slot = (uint16_t)slot,
                                    .flags = flags,
                                    .caps = caps});
}

int fake_kernel_armed(const struct fake_kernel *kernel) {
    int armed = -1;

    for (int i = 0; i < 64; i++)
        if (kernel->busy[i] && kernel->slots[i].opcode == CAPOS_OP_RECV) {
            ck_assert_int_eq(armed, -1);
            armed = i;
        }
    return armed;
}

void fake_kernel_deliver(struct fake_kernel *kernel, const struct capos_message *message,
                         const uint64_t *params) {
    int slot = fake_kernel_armed(kernel);

    ck_assert_int_ge(slot, 0);
    struct capos_sqe *sqe = &kernel->slots[slot];
    uint8_t *to = kernel->block + sqe->results;
    uint32_t bytes = message->params_words * 8u;
    ck_assert_uint_le(sizeof *message + bytes, sqe->results_capacity);
    memcpy(to, message, sizeof *message);
    memcpy(to + sizeof *message, params, bytes);
    fake_kernel_complete(kernel, (unsigned)slot, (int32_t)(sizeof *message + bytes), 0,
                         message->caps);
}

void fake_kernel_deliver_several(struct fake_kernel *kernel, const struct capos_message *messages,
                                 const uint64_t *const *params, unsigned count) {
    int slot = fake_kernel_armed(kernel);
    uint32_t at = 0;

    ck_assert_int_ge(slot, 0);
    struct capos_sqe *sqe = &kernel->slots[slot];
    ck_assert(sqe->flags & CAPOS_SQE_SEVERAL);
    for (unsigned i = 0; i < count; i++) {
        uint32_t bytes = messages[i].params_words * 8u;

        ck_assert_uint_le(at + sizeof messages[i] + bytes, sqe->results_capacity);
        memcpy(kernel->block + sqe->results + at, &messages[i], sizeof messages[i]);
        at += (uint32_t)sizeof messages[i];
        memcpy(kernel->block + sqe->results + at, params[i], bytes);
        at += bytes;
    }
    fake_kernel_complete(kernel, (unsigned)slot, (int32_t)at, 0, messages[0].caps);
}

static void take_return(struct fake_kernel *kernel, const struct capos_sqe *sqe) {
    if (kernel->returns != CAPOS_STATUS_OK) {
        post(kernel,
             (struct capos_cqe){.user_data = sqe->user_data, .result = -(int32_t)kernel->returns});
        kernel->returns = CAPOS_STATUS_OK;
        return;
    }
    ck_assert(sqe->flags & CAPOS_SQE_SKIP_CQE);
    if (!(sqe->flags & CAPOS_SQE_REARM))
        return;
    ck_assert_int_eq(fake_kernel_armed(kernel), -1);
    for (unsigned i = 0; i < 64; i++)
        if (kernel->slots[i].opcode == CAPOS_OP_RECV)
            kernel->busy[i] = true;
}

static void take(struct fake_kernel *kernel, const struct capos_sqe *sqe) {
    if (sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_RETURN)
        check_range(sqe->params, sqe->params_bytes);
    if (sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_RECV)
        check_range(sqe->results, sqe->results_capacity);
    if (sqe->sent + sqe->room > 0)
        check_range(sqe->descriptors, (sqe->sent + sqe->room) * 32u);
    if (sqe->opcode == CAPOS_OP_CALL || sqe->opcode == CAPOS_OP_RECV ||
        (sqe->flags & CAPOS_SQE_PIPELINE) != 0) {
        ck_assert_uint_lt(sqe->slot, 64);
        ck_assert(!kernel->busy[sqe->slot]);
        kernel->slots[sqe->slot] = *sqe;
        kernel->busy[sqe->slot] = true;
        if (sqe->opcode == CAPOS_OP_CALL && kernel->called != NULL)
            kernel->called(kernel, sqe->slot);
        return;
    }
    ck_assert(sqe->opcode == CAPOS_OP_RELEASE || sqe->opcode == CAPOS_OP_RETURN ||
              sqe->opcode == CAPOS_OP_CANCEL);
    ck_assert_uint_lt(kernel->logged, FAKE_LOG);
    kernel->log[kernel->logged++] = *sqe;
    if (sqe->opcode == CAPOS_OP_RETURN)
        take_return(kernel, sqe);
}

uint64_t capos_enter_kernel(uint32_t to_submit, uint32_t wait, uint64_t deadline,
                            struct capos_client *client) {
    struct fake_kernel *kernel = client->enter_context;
    struct capos_ring_header *header = header_of(kernel);
    struct capos_sqe *sq = (struct capos_sqe *)(kernel->block + header->sq);
    uint32_t taken = 0;

    kernel->entered++;
    while (taken < to_submit && header->sq_head != header->sq_tail) {
        if (taken == kernel->batch)
            return taken | (uint64_t)CAPOS_ENTER_MORE << 32;
        struct capos_sqe sqe = sq[header->sq_head % SQES];
        header->sq_head++;
        taken++;
        take(kernel, &sqe);
    }
    bool waits = (wait & CAPOS_WAIT_SLOT) != 0 ? kernel->busy[wait & 63]
                                               : header->cq_tail - header->cq_head < wait;
    if (waits && deadline == CAPOS_NO_DEADLINE) {
        ck_assert_ptr_nonnull(kernel->idle);
        kernel->idle(kernel, kernel->context);
    }
    return taken;
}

void fake_kernel_init(struct fake_kernel *kernel, struct capos_client *client) {
    memset(kernel, 0, sizeof *kernel);
    kernel->batch = CAPOS_ENTER_BATCH;
    *header_of(kernel) = (struct capos_ring_header){
        .magic = CAPOS_RING_MAGIC,
        .abi_major = CAPOS_RING_ABI_MAJOR,
        .sq = 256,
        .cq = 256 + SQES * 64,
        .area = AREA,
        .size = sizeof kernel->block,
        .sqes = SQES,
        .cqes = CQES,
        .slots = 64,
    };
    ck_assert(capos_client_init(client, kernel->block, kernel));
}
