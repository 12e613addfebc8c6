// SPDX-License-Identifier: MIT
// The ring: the layout of the memory that a thread and the kernel share, version 1.0. A block of 1,
// 2, 4 ... 64 pages: header, submissions (SQEs), completions (CQEs), message area to the end. All
// numbers are little endian. capos-ring(7) says what each field means to each opcode. No logic
// here.
#ifndef CAPOS_RING_H
#define CAPOS_RING_H

#include <stdint.h>

#ifdef __cplusplus
#define CAPOS_RING_ASSERT(condition, text) static_assert(condition, text)
#else
#define CAPOS_RING_ASSERT(condition, text) _Static_assert(condition, text)
#endif

#define CAPOS_RING_MAGIC     0x676e6972u // "ring"
#define CAPOS_RING_ABI_MAJOR 1
#define CAPOS_RING_ABI_MINOR 0

// The header. The first line is written once, by the kernel, which keeps a copy of its own.
struct capos_ring_header {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t sq, cq, area, size; // offsets in bytes from the header; size is that of the block
    uint16_t sqes, cqes, slots;  // powers of two
    uint8_t reserved0[34];
    uint32_t sq_tail, cq_head; // at 64: written by the thread
    uint8_t reserved1[56];
    uint32_t sq_head, cq_tail; // at 128: written by the kernel
    uint8_t reserved2[120];
};

enum capos_opcode {
    CAPOS_OP_NOP = 0,
    CAPOS_OP_CALL = 1,
    CAPOS_OP_RECV = 2,
    CAPOS_OP_RETURN = 3,
    CAPOS_OP_RELEASE = 4,
    CAPOS_OP_CANCEL = 5,
    CAPOS_OP_PARK = 6,
    CAPOS_OP_UNPARK = 7,
};
#define CAPOS_OPCODES 8

enum capos_sqe_flag {
    CAPOS_SQE_PIPELINE = 1,
    CAPOS_SQE_LINK = 2,
    CAPOS_SQE_SKIP_CQE = 4,
    CAPOS_SQE_REARM = 8,
    CAPOS_SQE_EXCEPTION = 16, // RETURN
    CAPOS_SQE_SEVERAL = 16,   // RECV: further calls may follow the first message
};
#define CAPOS_SQE_FLAGS 31

struct capos_sqe {
    uint8_t opcode;
    uint8_t flags;
    uint16_t method;
    uint16_t slot;
    uint16_t source;    // the slot that PIPELINE or LINK waits for; the victim of CANCEL
    uint64_t cap;       // CapId; RETURN: the call's token; with PIPELINE: index of the result
    uint64_t interface; // declares the method; CANCEL: victim's user_data; PARK, UNPARK: address of
                        // the word or, with cap, its offset in that memory object
    uint64_t user_data;
    uint32_t params; // offset from the header, in the message area, a multiple of 8; PARK: the
                     // expected value; UNPARK: how many to wake
    uint32_t params_bytes;
    uint32_t results;
    uint32_t results_capacity;
    uint32_t descriptors; // offset of `sent` descriptors, then of room for `room` more
    uint8_t sent, room;   // each at most CAPOS_TRANSFER_MAX
    uint16_t zero;
    uint64_t deadline; // PARK: ns since boot
};

enum capos_cqe_flag {
    CAPOS_CQE_EXCEPTION = 1, // the results hold a CapException
};

struct capos_cqe {
    uint64_t user_data;
    int32_t result; // bytes of results, or -status
    uint16_t slot;
    uint8_t flags;
    uint8_t caps; // received descriptors, those with cap 0 included
};

// What RECV puts before the params. With SEVERAL, the next message follows the params.
enum capos_message_kind {
    CAPOS_MESSAGE_CALL = 0,
    CAPOS_MESSAGE_RELEASED = 1,  // params are object ids, 8 bytes each
    CAPOS_MESSAGE_CANCELLED = 2, // the caller of `token` is gone; RETURN it all the same
};

struct capos_message {
    uint64_t token;
    uint64_t object_id;
    uint64_t interface; // declares the method
    uint16_t method;
    uint8_t kind;
    uint8_t caps;          // received descriptors
    uint16_t params_words; // of 8 bytes
    uint8_t room;          // how many capabilities the caller takes back
    uint8_t disclosure;
    uint64_t session[2];
    uint32_t session_epoch;
    uint32_t results_capacity;
    uint64_t facet_interface; // of the facet that was called; dispatch begins here
    // params follow
};

enum capos_transfer_kind {
    CAPOS_TRANSFER_NONE = 0,
    CAPOS_TRANSFER_COPY = 1,
    CAPOS_TRANSFER_MOVE = 2,
    CAPOS_TRANSFER_MINT = 3,
    CAPOS_TRANSFER_OWN = 4, // received only: a facet that came home
};

enum capos_transfer_scope {
    CAPOS_SCOPE_SERVER = 0,  // holders can't pass it on, except back to its server
    CAPOS_SCOPE_SESSION = 1, // within one session
    CAPOS_SCOPE_ANY = 2,
};
#define CAPOS_SCOPES 3

struct capos_descriptor {
    uint64_t cap;       // sent: CapId; MINT: the Receiver; received: the new CapId, or 0
    uint64_t object_id; // MINT; received OWN
    uint64_t interface; // MINT; received
    uint8_t kind;
    uint8_t scope;
    uint8_t disclosure;
    uint8_t zero[5];
};

// cap_enter(to_submit, wait, deadline). `wait` is a number of unread CQEs or CAPOS_WAIT_SLOT |
// slot. `deadline` is in ns since boot; a past one doesn't wait.
#define CAPOS_WAIT_SLOT   0x80000000u
#define CAPOS_NO_DEADLINE UINT64_MAX
#define CAPOS_ENTER_BATCH 32 // SQEs taken at most

// Its result: the low 32 bits say how many SQEs were taken, bits 32 to 39 why it stopped.
#define CAPOS_ENTER_TAKEN(result)  ((uint32_t)(result))
#define CAPOS_ENTER_REASON(result) ((uint8_t)((uint64_t)(result) >> 32))
enum capos_enter_reason {
    CAPOS_ENTER_DONE = 0,    // all asked for was taken, and waited for
    CAPOS_ENTER_MORE = 1,    // CAPOS_ENTER_BATCH were taken, more are there; nothing was waited for
    CAPOS_ENTER_CQ_FULL = 2, // no CQE to reserve for the next one; read some
    CAPOS_ENTER_RING_BAD =
        3, // an impossible sq_tail or cq_head: nothing was taken; write sane ones
};

CAPOS_RING_ASSERT(sizeof(struct capos_ring_header) == 256, "the header's layout is fixed");
CAPOS_RING_ASSERT(sizeof(struct capos_sqe) == 64, "the SQE's layout is fixed");
CAPOS_RING_ASSERT(sizeof(struct capos_cqe) == 16, "the CQE's layout is fixed");
CAPOS_RING_ASSERT(sizeof(struct capos_message) == 64, "the message header's layout is fixed");
CAPOS_RING_ASSERT(sizeof(struct capos_descriptor) == 32, "the descriptor's layout is fixed");

#endif
