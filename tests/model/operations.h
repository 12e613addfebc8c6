// SPDX-License-Identifier: MIT
//
// Random operations for the processes of a model: SQEs that are mostly sensible, with slots, ids
// and tokens that the model knows, and now and then forged. Needs nothing but the model, so that
// the host's driver and a guest's program choose from the same.
#ifndef CAPOS_TESTS_MODEL_OPERATIONS_H
#define CAPOS_TESTS_MODEL_OPERATIONS_H

#include "tests/model/model.h"

// Each slot of a ring has its own piece of the message area; one more is for what RETURN sends.
enum { AREA = 6400, PIECE = 384, PARAMS = 0, RESULTS = 64, DESCRIPTORS = 192 };

enum { INTERFACE = 1000 };

struct operations {
    const struct model *model;
    uint64_t random; // never 0
    uint64_t ids, user_data;
    bool waits;   // make some that wait for others: PIPELINE, LINK
    bool several; // and RECVs that take several calls
    bool calm;    // few calls at a time, most of them and their answers without capabilities
    // Makes a PARK or UNPARK name one of the process's words; NULL: none are made.
    void (*name_word)(struct operations *operations, int process, struct capos_sqe *sqe);
};

// An operation, and what it has in memory.
struct operation {
    struct capos_sqe sqe;
    struct capos_descriptor sent[SENT];
    uint64_t word; // the first of the params
    int piece;     // where `sent` and `word` must be written before; -1: nowhere
    bool quietly;  // by a cap_enter in which armed RECVs take nothing
};

// The same seed makes the same choices.
void operations_init(struct operations *operations, const struct model *model, uint64_t seed);

uint64_t operations_random(struct operations *operations);
uint64_t operations_below(struct operations *operations, uint64_t limit);
bool operations_chance(struct operations *operations, unsigned percent);

// The next object id that a server chooses.
uint64_t operations_id(struct operations *operations);

// Where a slot's piece, or that of RETURN (SLOTS), has its part, from the ring's beginning.
static inline uint32_t operations_piece(int slot, uint32_t part) {
    return (uint32_t)AREA + (uint32_t)slot * PIECE + part;
}

// A process to do something, mostly one that others wait for. It may wait itself.
int operations_process(struct operations *operations);

// An operation for the process. False: none of the kind chosen can be made; try again.
bool operations_make(struct operations *operations, int process, struct operation *operation);

// An UNPARK of one word, and a PARK on another, to be submitted together.
void operations_hand_over(struct operations *operations, int process, struct operation *unpark,
                          struct operation *park);

#endif
