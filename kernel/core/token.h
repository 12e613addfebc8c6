// SPDX-License-Identifier: MIT
// Tokens: the calls that a process has received and not yet returned. A token is index | generation
// << 32, and no capability. The table is made when the process first offers to receive, as large as
// its limit of held calls says, and charged then (LEDGER_CALLS_HELD, kernel memory). One lock
// guards the table and its tokens; it is taken under the endpoint's when a token changes hands.
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "base/attributes.h"
#include "base/list.h"
#include "core/ledger.h"
#include "core/lock.h"

#include <capos/status.h>
#include <stdint.h>

struct call;
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
    struct receiver *receiver; // a reference
    struct token_table *table;

    // CANCELLED and not told yet: on its endpoint's list, guarded by the endpoint's lock.
    struct list_node notice;
    uint32_t generation;
    uint32_t next; // of the free chain; 0 ends it
    uint8_t state;
};

struct token_table {
    struct lock lock;
    struct token *tokens; // tokens[0] is not used
    uint32_t count;       // of tokens, [0] included; 0: no table yet
    uint32_t free;
    uint32_t live;     // LIVE and CANCELLED ones
    struct list stuck; // endpoints that have a call for this process and found no free token
    struct process *process;
};

void token_table_init(struct token_table *table, struct process *process);

// Makes the table if there is none yet. OVERLOADED when the ledger allows no held calls or is
// short.
must_use enum capos_status token_table_make(struct cpu *cpu, struct token_table *table);

// Frees the table; all its tokens are free.
void token_table_fini(struct cpu *cpu, struct token_table *table);

// The number by which a process names its token.
uint64_t token_id(const struct token *token);

// The token that `id` names, LIVE or CANCELLED, or NULL. The table is locked.
struct token *token_lookup_locked(const struct token_table *table, uint64_t id);

// A free token, made LIVE, or NULL when all are held. The table is locked.
struct token *token_take_locked(struct token_table *table);

// An endpoint that waits for a free token, taken off the list with its reference, or NULL.
struct endpoint *token_take_stuck(struct token_table *table);

// Frees a token that is on no list; its Receiver has been put or handed on. The table is locked.
void token_free_locked(struct token *token);

#endif
