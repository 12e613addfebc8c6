// SPDX-License-Identifier: MIT
//
// puppet: does to its ring what its judge tells it by way of a mailbox, and nothing of its own. The
// ring is used directly: slots 0 to SLOTS - 1 are the judge's to name, the last one is for the
// calls to the judge, whose parts lie behind the judge's pieces.
#include "base/format.h"
#include "base/memory.h"
#include "capos/runtime.h"
#include "capos/syscall.h"
#include "ring/user.h"
#include "schemas/memory.capos.h"
#include "tests/stress/mailbox.h"
#include "tests/stress/puppet.capos.h"

enum {
    OWN_AREA = AREA + (SLOTS + 1) * PIECE, // 64 bytes of params and results, 32 of a descriptor
    WAKE_AREA = OWN_AREA + 64,
    OWN_DESCRIPTOR = WAKE_AREA + 64,
};

// user_data of the puppet's own calls.
#define OWN_DATA  UINT64_MAX
#define WAKE_DATA (UINT64_MAX - 1)

static struct ring_user *ring;
static struct mailbox *box;
static uint64_t judge;

static void *at(uint32_t offset) {
    return (char *)ring->header + offset;
}

// Reads completions into the mailbox as long as there is place. True when that of the puppet's own
// call was among them.
static bool collect(void) {
    struct capos_cqe cqe;
    bool own = false;

    box->more = 0;
    for (;;) {
        if (box->events == MAILBOX_EVENTS) {
            box->more = 1;
            return own;
        }
        if (!ring_user_take(ring, &cqe))
            return own;
        if (cqe.user_data >= WAKE_DATA) {
            own |= cqe.user_data == OWN_DATA;
            if (cqe.user_data == OWN_DATA)
                box->own_result = cqe.flags != 0 ? -CAPOS_STATUS_EXCEPTION : cqe.result;
            continue;
        }
        struct mailbox_event *event = &box->event[box->events++];
        event->cqe = cqe;
        if (cqe.slot < SLOTS)
            memcpy(event->piece, at(operations_piece(cqe.slot, 0)), PIECE);
    }
}

static void submit_own(uint16_t method, uint64_t user_data, uint32_t area, uint8_t room) {
    *ring_user_next(ring) = (struct capos_sqe){
        .opcode = CAPOS_OP_CALL,
        .method = method,
        .slot = (uint16_t)(ring->slots - (user_data == OWN_DATA ? 1 : 2)),
        .cap = judge,
        .interface = STRESS_STRINGS_INTERFACE_ID,
        .user_data = user_data,
        .params = area,
        .results = area,
        .results_capacity = 64,
        .descriptors = OWN_DESCRIPTOR,
        .room = room,
    };
    ring_user_publish(ring);
}

static void tell_gone(uint16_t method) {
    char text[80];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, "# method ");
    format_u64(&f, method);
    format_text(&f, " of a puppet's judge ends with ");
    format_i64(&f, box->own_result);
    format_text(&f, "\n");
    capos_print_bytes(text, f.used);
    capos_exit(CAPOS_EXIT_PANIC);
}

static void call_judge(uint16_t method, uint8_t room) {
    submit_own(method, OWN_DATA, OWN_AREA, room);
    if (CAPOS_ENTER_TAKEN(
            capos_syscall_enter(1, CAPOS_WAIT_SLOT | (ring->slots - 1), CAPOS_NO_DEADLINE)) != 1)
        capos_panic("a puppet can't reach its judge");
    if (!collect())
        capos_panic(box->more != 0 ? "more completions than a mailbox holds"
                                   : "a puppet's judge does not answer");
    if (box->own_result < 0)
        tell_gone(method);
}

static void operate(void) {
    const struct operation *operation = &box->operation;

    if (operation->piece >= 0) {
        memcpy(at(operations_piece(operation->piece, DESCRIPTORS)), operation->sent,
               operation->sqe.sent * sizeof operation->sent[0]);
        memcpy(at(operations_piece(operation->piece, PARAMS)), &operation->word,
               sizeof operation->word);
    }
    *ring_user_next(ring) = operation->sqe;
    ring_user_publish(ring);
    // A wait for a slot that is not in use ends at once, and is none for messages.
    box->entered =
        capos_syscall_enter(1, operation->quietly ? CAPOS_WAIT_SLOT | (ring->slots - 1) : 0, 0);
}

static void take(void) {
    const struct capos_descriptor *got = at(OWN_DESCRIPTOR);

    call_judge(STRESS_STRINGS_TAKE_METHOD, 1);
    box->taken = got->cap;
}

static void obey(void) {
    switch ((enum mailbox_command)box->command) {
    case COMMAND_OPERATE:
        operate();
        break;
    case COMMAND_POLL:
        box->entered = capos_syscall_enter(0, 0, 0);
        break;
    case COMMAND_LOOK:
        break;
    case COMMAND_WAIT:
        submit_own(STRESS_STRINGS_WAKE_METHOD, WAKE_DATA, WAKE_AREA, 0);
        box->entered = capos_syscall_enter(1, 1, CAPOS_NO_DEADLINE);
        break;
    case COMMAND_TAKE:
        take();
        break;
    }
    (void)collect();
}

int main(void) {
    struct capos_memory_object object = {capos_need("mailbox", CAPOS_MEMORY_OBJECT_INTERFACE_ID)};
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_map_results results;
    struct capos_call call;

    while (capos_slot_take(capos_client()) != SLOTS) // those below are never used but by operations
        continue;
    judge = capos_need("judge", STRESS_STRINGS_INTERFACE_ID);
    if (capos_virtual_memory_map(&call, capos_ring(), memory, object, 0,
                                 (sizeof *box + CAPOS_PAGE_SIZE - 1) / CAPOS_PAGE_SIZE *
                                     CAPOS_PAGE_SIZE,
                                 CAPOS_PROTECTION_READ_WRITE, &results) != CAPOS_DONE)
        capos_panic("the mailbox can't be mapped");
    box = (struct mailbox *)(uintptr_t)capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    ring = &capos_client()->ring;
    for (;;) {
        call_judge(STRESS_STRINGS_NEXT_METHOD, 0);
        obey();
    }
}
