// SPDX-License-Identifier: MIT
//
// puppet: does to its ring what its judge tells it by way of a mailbox, and nothing of its own. The
// ring is used directly: slots 0 to SLOTS - 1 are the judge's to name; the last ones are for calls
// to the judge and for those calls of the kernel's methods that the judge has made up. Their parts
// lie behind the judge's pieces.
#include "base/format.h"
#include "base/memory.h"
#include "capos/runtime.h"
#include "capos/syscall.h"
#include "ring/user.h"
#include "schemas/inspection.capos.h"
#include "schemas/memory.capos.h"
#include "schemas/thread.capos.h"
#include "tests/stress/mailbox.h"
#include "tests/stress/puppet.capos.h"
#include "tests/stress/puppet_thread.h"

enum {
    OWN_AREA = AREA + (SLOTS + 1) * PIECE, // 64 bytes of params and results, 32 of a descriptor
    WAKE_AREA = OWN_AREA + 64,
    OWN_DESCRIPTOR = WAKE_AREA + 64,
    PARAMS_AREA = OWN_DESCRIPTOR + 32,
    RESULTS_AREA = PARAMS_AREA + CALL_PARAMS,
    DESCRIPTORS_AREA = RESULTS_AREA + CALL_RESULTS,
    AREA_END = DESCRIPTORS_AREA + CALL_DESCRIPTORS * 32,
};
_Static_assert(AREA_END <= CAPOS_RING_STANDARD_PAGES * CAPOS_PAGE_SIZE, "all of it has room");

// user_data of the puppet's own.
#define OWN_DATA    UINT64_MAX
#define WAKE_DATA   (UINT64_MAX - 1)
#define CALL_DATA   (UINT64_MAX - 2)
#define CANCEL_DATA (UINT64_MAX - 3)

static struct ring_user *ring;
static struct mailbox *box;
static uint64_t judge;

static void *at(uint32_t offset) {
    return (char *)ring->header + offset;
}

static uint16_t slot_of(uint64_t user_data) {
    return (uint16_t)(ring->slots - 1 - (UINT64_MAX - user_data));
}

// A completion of what the puppet itself has submitted.
static void take_own(const struct capos_cqe *cqe) {
    if (cqe->user_data == OWN_DATA)
        box->own_result = cqe->flags != 0 ? -CAPOS_STATUS_EXCEPTION : cqe->result;
    if (cqe->user_data != CALL_DATA)
        return;
    box->call.result = cqe->result;
    box->call.flags = cqe->flags;
    box->call.caps = cqe->caps;
    memcpy(box->call.results, at(RESULTS_AREA), CALL_RESULTS);
    memcpy(box->call.descriptors, at(DESCRIPTORS_AREA), sizeof box->call.descriptors);
}

// Reads completions into the mailbox as long as there is place. True when that of the puppet's own
// call to the judge was among them.
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
        if (cqe.user_data >= CANCEL_DATA) {
            take_own(&cqe);
            own |= cqe.user_data == OWN_DATA;
            continue;
        }
        struct mailbox_event *event = &box->event[box->events++];
        event->cqe = cqe;
        if (cqe.slot < SLOTS)
            memcpy(event->piece, at(operations_piece(cqe.slot, 0)), PIECE);
    }
}

// A wait for a slot that is not in use ends at once, and is none for messages.
static uint64_t enter_quietly(uint32_t submit) {
    return capos_syscall_enter(submit, CAPOS_WAIT_SLOT | slot_of(OWN_DATA), 0);
}

static void submit_own(uint16_t method, uint64_t user_data, uint32_t area, uint8_t room) {
    *ring_user_next(ring) = (struct capos_sqe){
        .opcode = CAPOS_OP_CALL,
        .method = method,
        .slot = slot_of(user_data),
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
            capos_syscall_enter(1, CAPOS_WAIT_SLOT | slot_of(OWN_DATA), CAPOS_NO_DEADLINE)) != 1)
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
    box->entered = operation->quietly ? enter_quietly(1) : capos_syscall_enter(1, 0, 0);
}

static void poll(void) {
    box->entered = capos_syscall_enter(0, 0, 0);
}

static void wait(void) {
    submit_own(STRESS_STRINGS_WAKE_METHOD, WAKE_DATA, WAKE_AREA, 0);
    box->entered = capos_syscall_enter(1, 1, CAPOS_NO_DEADLINE);
}

static void take(void) {
    const struct capos_descriptor *got = at(OWN_DESCRIPTOR);

    call_judge(STRESS_STRINGS_TAKE_METHOD, 1);
    box->taken = got->cap;
}

static void submit_call(void) {
    struct capos_sqe *sqe = ring_user_next(ring);

    memcpy(at(PARAMS_AREA), box->call.params, box->call.sqe.params_bytes);
    memcpy(at(DESCRIPTORS_AREA), box->call.descriptors, sizeof box->call.descriptors);
    *sqe = box->call.sqe;
    sqe->opcode = CAPOS_OP_CALL;
    sqe->slot = slot_of(CALL_DATA);
    sqe->user_data = CALL_DATA;
    sqe->params = PARAMS_AREA;
    sqe->results = RESULTS_AREA;
    sqe->descriptors = DESCRIPTORS_AREA;
    ring_user_publish(ring);
}

static void send(void) {
    submit_call();
    box->entered = enter_quietly(1);
}

static void cancel(void) {
    *ring_user_next(ring) = (struct capos_sqe){.opcode = CAPOS_OP_CANCEL,
                                               .source = slot_of(CALL_DATA),
                                               .interface = CALL_DATA,
                                               .user_data = CANCEL_DATA};
    ring_user_publish(ring);
    box->entered = enter_quietly(1);
}

static void await(void) {
    box->entered = capos_syscall_enter(0, CAPOS_WAIT_SLOT | slot_of(CALL_DATA), CAPOS_NO_DEADLINE);
}

static void call(void) {
    submit_call();
    box->entered = capos_syscall_enter(1, CAPOS_WAIT_SLOT | slot_of(CALL_DATA), CAPOS_NO_DEADLINE);
}

static void read_word(void) {
    box->word = *(volatile uint64_t *)(uintptr_t)box->address;
}

static void write_word(void) {
    *(volatile uint64_t *)(uintptr_t)box->address = box->word;
}

static void look(void) {
}

static void obey(void) {
    static void (*const commands[])(void) = {
        [COMMAND_OPERATE] = operate, [COMMAND_POLL] = poll,       [COMMAND_LOOK] = look,
        [COMMAND_WAIT] = wait,       [COMMAND_TAKE] = take,       [COMMAND_SEND] = send,
        [COMMAND_CANCEL] = cancel,   [COMMAND_AWAIT] = await,     [COMMAND_CALL] = call,
        [COMMAND_READ] = read_word,  [COMMAND_WRITE] = write_word};

    commands[box->command]();
    (void)collect();
}

static uint64_t map(uint64_t object, uint64_t bytes) {
    struct capos_virtual_memory memory = {
        capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID)};
    struct capos_virtual_memory_map_results results;
    struct capos_call call;
    uint64_t address;

    if (capos_virtual_memory_map(&call, capos_ring(), memory, (struct capos_memory_object){object},
                                 0,
                                 (bytes + CAPOS_PAGE_SIZE - 1) / CAPOS_PAGE_SIZE * CAPOS_PAGE_SIZE,
                                 CAPOS_PROTECTION_READ_WRITE, &results) != CAPOS_DONE)
        capos_panic("a puppet's memory can't be mapped");
    address = capos_virtual_memory_map_results_address(results);
    capos_call_release(&call);
    return address;
}

// What the judge must know of a puppet.
static void tell_start(uint64_t object) {
    box->own[OWN_MEMORY] = capos_need("virtualMemory", CAPOS_VIRTUAL_MEMORY_INTERFACE_ID);
    box->own[OWN_THREADS] = capos_need("threadSpawner", CAPOS_THREAD_SPAWNER_INTERFACE_ID);
    box->own[OWN_CONTROL] = capos_need("threadControl", CAPOS_THREAD_CONTROL_INTERFACE_ID);
    box->own[OWN_TABLE] = capos_need("capabilityManager", CAPOS_CAPABILITY_MANAGER_INTERFACE_ID);
    box->box_cap = object;
    box->box_address = (uintptr_t)box;
    box->commons_cap = capos_need("commons", CAPOS_MEMORY_OBJECT_INTERFACE_ID);
    box->commons_address = map(box->commons_cap, CAPOS_PAGE_SIZE);
    puppet_thread_init(box);
}

int main(void) {
    uint64_t object = capos_need("mailbox", CAPOS_MEMORY_OBJECT_INTERFACE_ID);

    while (capos_slot_take(capos_client()) != SLOTS) // those below are never used but by operations
        continue;
    judge = capos_need("judge", STRESS_STRINGS_INTERFACE_ID);
    box = (struct mailbox *)(uintptr_t)map(object, sizeof *box);
    tell_start(object);
    ring = &capos_client()->ring;
    for (;;) {
        call_judge(STRESS_STRINGS_NEXT_METHOD, 0);
        obey();
    }
}
