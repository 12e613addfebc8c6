// SPDX-License-Identifier: MIT
//
// See puppet_thread.h. A thread has nothing but its ring: it calls ThreadControl through a client
// of its own, waits by PARK on a word that it shares with the judge, and exits.
#include "tests/stress/puppet_thread.h"

#include "capos/runtime.h"
#include "capos/syscall.h"
#include "schemas/thread.capos.h"

enum { STACK = 8192 };

static struct mailbox *box;
static struct capos_client clients[MAILBOX_THREADS];
static _Alignas(64) char stacks[MAILBOX_THREADS][STACK];

// Where a word of a thread's part lies in the mailbox's object.
static uint64_t offset_of(const uint32_t *word) {
    return (uint64_t)((const char *)word - (const char *)box);
}

static void submit_word(struct capos_client *client, uint8_t opcode, const uint32_t *word,
                        uint32_t value) {
    struct capos_sqe *sqe = capos_client_sqe(client);

    sqe->opcode = opcode;
    sqe->slot = 0;
    sqe->flags = CAPOS_SQE_SKIP_CQE;
    sqe->cap = box->box_cap;
    sqe->interface = offset_of(word);
    sqe->params = value;
    sqe->deadline = CAPOS_NO_DEADLINE;
    sqe->user_data = 1;
    ring_user_publish(&client->ring);
}

static void tell_done(struct capos_client *client, struct mailbox_thread *part) {
    __atomic_store_n(&part->done, 1, __ATOMIC_RELEASE);
    submit_word(client, CAPOS_OP_UNPARK, &part->done, 1);
    (void)capos_syscall_enter(1, 0, 0);
}

static void await_go(struct capos_client *client, struct mailbox_thread *part) {
    while (__atomic_load_n(&part->go, __ATOMIC_ACQUIRE) == 0) {
        struct capos_cqe cqe;

        submit_word(client, CAPOS_OP_PARK, &part->go, 0);
        (void)capos_syscall_enter(1, CAPOS_WAIT_SLOT | 0, CAPOS_NO_DEADLINE);
        while (ring_user_take(&client->ring, &cqe))
            continue;
    }
}

// With the FS base that it was given: id, another base, and that one back.
static void live(struct capos_client *client, struct mailbox_thread *part) {
    struct capos_thread_control control = {box->own[OWN_CONTROL]};
    struct capos_thread_control_set_thread_base_results set;
    struct capos_thread_control_id_results id;
    uint64_t words[2] = {0x1234, 0x5678};
    struct capos_call call;

    part->failed = capos_thread_control_id(&call, &client->transport, control, &id);
    if (part->failed == CAPOS_DONE)
        part->id = capos_thread_control_id_results_id(id);
    capos_call_release(&call);
    __asm__ volatile("movq %%fs:0, %0" : "=r"(part->base));
    if (part->failed == CAPOS_DONE)
        part->failed = capos_thread_control_set_thread_base(&call, &client->transport, control,
                                                            (uintptr_t)&words[1], &set);
    capos_call_release(&call);
    __asm__ volatile("movq %%fs:0, %0" : "=r"(part->other) : "m"(words));
}

__attribute__((force_align_arg_pointer)) static void run(void *ring, const void *capset,
                                                         uint64_t number) {
    struct mailbox_thread *part = &box->thread[number];
    struct capos_client *client = &clients[number];
    struct capos_thread_control_exit_results none;
    struct capos_call call;

    (void)capset;
    part->ring = (uintptr_t)ring;
    part->failed = -CAPOS_STATUS_UNSUPPORTED;
    if (capos_client_init(client, ring, NULL))
        live(client, part);
    tell_done(client, part);
    await_go(client, part);
    (void)capos_thread_control_exit(&call, &client->transport,
                                    (struct capos_thread_control){box->own[OWN_CONTROL]},
                                    part->status, &none);
    __builtin_trap();
}

void puppet_thread_init(struct mailbox *mailbox) {
    box = mailbox;
    box->thread_entry = (uintptr_t)run;
    for (int i = 0; i < MAILBOX_THREADS; i++)
        box->thread_stack[i] = (uintptr_t)(stacks[i] + STACK);
}
