// SPDX-License-Identifier: MIT
// Tokens: the calls that a process has received and not yet returned. A token is index | generation
// << 32, and no capability. The table is made when the process first offers to receive, and doubled
// when a message finds all tokens held, up to the limit of held calls: each part is charged when it
// is made (LEDGER_CALLS_HELD, kernel memory), so what a process does not need it can lend. Parts
// are never moved. One lock guards the table and its tokens; it is taken under the endpoint's when
// a token changes hands.
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "base/attributes.h"
#include "base/bits.h"
#include "base/list.h"
#include "core/ledger.h"
#include "core/lock.h"
#include "machine/cpu.h"

#include <capos/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct captable;
struct endpoint;
struct process;
struct receiver;

enum token_state {
    TOKEN_FREE = 0,
    TOKEN_LIVE,
    TOKEN_CANCELLED, // its caller is gone; RETURN frees it
    TOKEN_RETIRED,   // its generation would wrap
};

struct token {
    struct call *call; // LIVE: the caller's record
    uint64_t word;     // LIVE: the record's word since it was delivered

    struct call *receive;      // the RECV that took it, for REARM
    uint64_t receive_word;     // its word since then
    uint32_t reserved;         // the chain of slots that the RECV had reserved and not used, or 0
    struct receiver *receiver; // a reference; token_set_receiver
    struct token_table *table;

    // CANCELLED and not told yet: on its endpoint's list, guarded by the endpoint's lock.
    struct list_node notice;
    union {
        struct {
            uint32_t index;
            uint32_t generation;
        };
        uint64_t id; // both: the number by which a process names its token
    };
    uint32_t next; // of the free chain; 0 ends it
    uint8_t state;
};

// Part 0 has the indices below TOKENS_FIRST (of which 0 is not used), part n the TOKENS_FIRST << n
// - 1 that follow.
#define TOKENS_FIRST 8u
#define TOKEN_PARTS  10

struct token_table {
    struct lock lock;
    struct token *part[TOKEN_PARTS];
    uint32_t count; // of tokens, 0 included; 0: no table yet
    uint32_t free;
    uint32_t live;     // LIVE and CANCELLED ones
    struct list stuck; // endpoints that have a call for this process and found no free token
    struct process *process;
};

void token_table_init(struct token_table *table, struct process *process);

// Makes the table if there is none yet. OVERLOADED when the ledger allows no held calls or is
// short.
must_use enum capos_status token_table_make(struct cpu *cpu, struct token_table *table);

// Sees to it that there is a free token; false when the ledger allows no more. Endpoints may be
// locked. Another thread may take it before the caller does.
seldom must_use bool token_table_grow(struct cpu *cpu, struct token_table *table);

// How many tokens a part has when it is whole, and what so many take.
static inline uint32_t token_part_size(unsigned part) {
    return part == 0 ? TOKENS_FIRST : TOKENS_FIRST << (part - 1);
}

static inline size_t token_part_bytes(uint32_t count) {
    return count * sizeof(struct token);
}

// The token of an index below table->count.
static inlined struct token *token_at(const struct token_table *table, uint32_t index) {
    uint32_t part;

    if (LIKELY(index < TOKENS_FIRST))
        return &table->part[0][index];
    part = highest_bit(index | (TOKENS_FIRST - 1)) - 2;
    return &table->part[part][index - (TOKENS_FIRST << part >> 1)];
}

// Frees the table; all its tokens are free.
void token_table_fini(struct cpu *cpu, struct token_table *table);

static inline uint64_t token_id(const struct token *token) {
    return token->id;
}

// The token that `id` names, LIVE or CANCELLED, or NULL. The table is locked.
struct token *token_lookup_locked(const struct token_table *table, uint64_t id);

// A free token, made LIVE, or NULL when all are held. The table is locked.
struct token *token_take_locked(struct token_table *table);

// An endpoint that waits for a free token, taken off the list with its reference, or NULL.
seldom struct endpoint *token_take_stuck(struct token_table *table);

// How many slots of the process's capability table its tokens keep for the RECVs that took them;
// and giving them all up, so that a REARM must reserve anew. No locks held.
seldom uint32_t token_kept(struct token_table *tokens, const struct captable *table);
seldom void token_give_kept(struct cpu *cpu, struct token_table *tokens, struct captable *table);

// Under the table's lock; others look without it (token_peek).
static inline void token_set_receiver(struct token *token, struct receiver *receiver) {
    __atomic_store_n(&token->receiver, receiver, __ATOMIC_RELAXED);
}

// The token that `id` perhaps names, for who must lock its endpoint before the table; or NULL. Its
// `receiver` may be looked at then, and is lent until this CPU leaves the kernel.
static inline struct token *token_peek(const struct token_table *table, uint64_t id) {
    uint32_t count = __atomic_load_n(&table->count, __ATOMIC_ACQUIRE);
    uint32_t index = machine_clamp((uint32_t)id, count);

    return index == 0 ? NULL : token_at(table, index);
}

static inline struct receiver *token_peek_receiver(const struct token *token) {
    return __atomic_load_n(&token->receiver, __ATOMIC_RELAXED);
}

// Is that what it names? The table is locked.
static inline bool token_is_live_locked(const struct token *token, uint64_t id) {
    return token->id == id && token->state == TOKEN_LIVE;
}

// Is there one for token_take_locked?
static inline bool token_is_free_locked(const struct token_table *table) {
    return table->free != 0;
}

// Frees a token that is on no list; its Receiver has been put or handed on, and so have its
// reserved slots. The table is locked.
void token_free_locked(struct token *token);

#endif
