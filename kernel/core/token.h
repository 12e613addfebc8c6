// SPDX-License-Identifier: MIT
// Tokens: the calls that a process has received and not yet returned. A token is index | generation
// << 32, and no capability. The table is made when the process gets its first Receiver, as large as
// its limit of held calls says, and charged then (LEDGER_CALLS_HELD, kernel memory); one lock.
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "base/attributes.h"
#include "core/ledger.h"
#include "core/lock.h"

#include <capos/status.h>
#include <stdint.h>

struct call;
struct endpoint;
struct process;

enum token_state {
    TOKEN_FREE = 0,
    TOKEN_LIVE,
    TOKEN_CANCELLED, // its caller is gone; RETURN frees it
    TOKEN_NOTICED,   // the same, and its server has been told
    TOKEN_RETIRED,   // its generation would wrap
};

struct token {
    struct call *call;         // LIVE: the caller's record
    uint64_t word;             // LIVE: what the record's word was when it was delivered
    struct call *receive;      // the RECV that took it, for REARM
    struct endpoint *endpoint; // a reference
    uint32_t generation;
    uint32_t next; // of the free chain, or of the endpoint's list of cancelled ones; 0 ends it
    uint8_t state;
};

struct token_table {
    struct lock lock;
    struct token *tokens; // tokens[0] is not used
    uint32_t count;       // of tokens, [0] included; 0: no table yet
    uint32_t free;
    uint32_t live; // all that are not free or retired
    struct process *process;
};

void token_table_init(struct token_table *table, struct process *process);

// Makes the table if there is none yet. OVERLOADED when the ledger allows no held calls or is
// short.
must_use enum capos_status token_table_grow(struct cpu *cpu, struct token_table *table);

// Frees the table; all its tokens are free.
void token_table_fini(struct cpu *cpu, struct token_table *table);

#endif
