// SPDX-License-Identifier: MIT
//
// Entering the kernel: getpid, and NOPs through io_uring, without its library.
#define _GNU_SOURCE
#include "guest.h"

#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void getpids(unsigned operations) {
    for (unsigned i = 0; i < operations; i++)
        syscall(SYS_getpid);
}

static struct {
    int file;
    unsigned batch;
    char *queues;
    size_t bytes;
    struct io_uring_sqe *sqes;
    struct io_uring_params params;
} ring;

static void ring_prepare(unsigned batch) {
    struct io_uring_params *p = &ring.params;

    memset(p, 0, sizeof *p);
    ring.batch = batch;
    ring.file = (int)syscall(SYS_io_uring_setup, 64, p);
    if (ring.file < 0)
        die("io_uring_setup");
    size_t sq = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
    size_t cq = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);

    ring.bytes = sq > cq ? sq : cq;
    ring.queues = mmap(NULL, ring.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
                       ring.file, IORING_OFF_SQ_RING);
    ring.sqes = mmap(NULL, p->sq_entries * sizeof *ring.sqes, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_POPULATE, ring.file, IORING_OFF_SQES);
    if (ring.queues == MAP_FAILED || ring.sqes == MAP_FAILED)
        die("mapping the ring");
}

static void ring_submit(void) {
    uint32_t *tail = (uint32_t *)(ring.queues + ring.params.sq_off.tail);
    uint32_t *array = (uint32_t *)(ring.queues + ring.params.sq_off.array);
    uint32_t mask = *(uint32_t *)(ring.queues + ring.params.sq_off.ring_mask);
    uint32_t at = *tail;

    for (unsigned i = 0; i < ring.batch; i++, at++) {
        struct io_uring_sqe *sqe = &ring.sqes[at & mask];

        memset(sqe, 0, sizeof *sqe);
        sqe->opcode = IORING_OP_NOP;
        sqe->user_data = i;
        array[at & mask] = at & mask;
    }
    __atomic_store_n(tail, at, __ATOMIC_RELEASE);
}

static void ring_read(void) {
    uint32_t *head = (uint32_t *)(ring.queues + ring.params.cq_off.head);
    uint32_t *tail = (uint32_t *)(ring.queues + ring.params.cq_off.tail);
    uint32_t mask = *(uint32_t *)(ring.queues + ring.params.cq_off.ring_mask);
    struct io_uring_cqe *cqes = (struct io_uring_cqe *)(ring.queues + ring.params.cq_off.cqes);
    uint32_t at = *head;

    for (unsigned i = 0; i < ring.batch; i++, at++)
        if (at == __atomic_load_n(tail, __ATOMIC_ACQUIRE) || cqes[at & mask].user_data != i)
            die("a completion");
    __atomic_store_n(head, at, __ATOMIC_RELEASE);
}

static void ring_nops(unsigned operations) {
    for (unsigned i = 0; i < operations; i += ring.batch) {
        ring_submit();
        if (syscall(SYS_io_uring_enter, ring.file, ring.batch, ring.batch, IORING_ENTER_GETEVENTS,
                    NULL, 0) != (long)ring.batch)
            die("io_uring_enter");
        ring_read();
    }
}

static void ring_finish(void) {
    munmap(ring.queues, ring.bytes);
    munmap(ring.sqes, ring.params.sq_entries * sizeof *ring.sqes);
    close(ring.file);
}

static const struct row rows[] = {
    {"getpid", 1000, NULL, getpids, NULL, 0},
    {"io_uring_1", 1000, ring_prepare, ring_nops, ring_finish, 1},
    {"io_uring_32", 3200, ring_prepare, ring_nops, ring_finish, 32},
};

const struct rows rows_kernel = {rows, sizeof rows / sizeof rows[0]};
