// SPDX-License-Identifier: MIT
// Token tables (token.h): made once, as large as they will ever be, so that taking a token on the
// path of a call is taking the first of a chain.
#include "core/token.h"

#include "base/bits.h"
#include "core/endpoint.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/process.h"
#include "machine/cpu.h"

void token_table_init(struct token_table *table, struct process *process) {
    *table = (struct token_table){.process = process};
    list_init(&table->stuck);
}

static size_t table_bytes(uint32_t count) {
    return count * sizeof(struct token);
}

static void fill(struct token_table *table, struct token *tokens, uint32_t count) {
    for (uint32_t i = count; i-- > 1;) {
        tokens[i].generation = 1;
        tokens[i].table = table;
        list_node_init(&tokens[i].notice);
        tokens[i].next = table->free;
        table->free = i;
    }
    table->tokens = tokens;
    table->count = count;
}

enum capos_status token_table_make(struct cpu *cpu, struct token_table *table) {
    struct ledger *ledger = table->process->ledger;
    uint64_t held = min_u64(ledger_available(ledger, LEDGER_CALLS_HELD), CAPOS_CALLS_HELD_MAX);
    uint32_t count = (uint32_t)held + 1;
    enum capos_status status;
    void *block;
    bool made;

    if (table->count != 0)
        return CAPOS_STATUS_OK;
    if (held == 0)
        return CAPOS_STATUS_OVERLOADED;
    status = ledger_take(cpu, ledger, LEDGER_CALLS_HELD, held);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = kmem_alloc(cpu, ledger, table_bytes(count), &block);
    if (status != CAPOS_STATUS_OK) {
        ledger_give(cpu, ledger, LEDGER_CALLS_HELD, held);
        return status;
    }
    lock_take(&table->lock);
    made = table->count == 0;
    if (made)
        fill(table, block, count);
    lock_drop(&table->lock);
    if (!made) { // another thread of the process was quicker
        kmem_free(cpu, ledger, block, table_bytes(count));
        ledger_give(cpu, ledger, LEDGER_CALLS_HELD, held);
    }
    return CAPOS_STATUS_OK;
}

struct retired_table {
    struct reclaim_node node;
    struct ledger *ledger;
    uint32_t count;
};
_Static_assert(sizeof(struct retired_table) <= sizeof(struct token), "it takes the place of [0]");

static void table_free(struct cpu *cpu, struct reclaim_node *node) {
    struct retired_table *retired = (struct retired_table *)(void *)node;

    kmem_free(cpu, retired->ledger, retired, table_bytes(retired->count));
}

void token_table_fini(struct cpu *cpu, struct token_table *table) {
    struct retired_table *retired = (struct retired_table *)(void *)table->tokens;
    struct ledger *ledger = table->process->ledger;

    if (table->count == 0)
        return;
    kassert(table->live == 0);
    ledger_give(cpu, ledger, LEDGER_CALLS_HELD, table->count - 1);
    retired->ledger = ledger;
    retired->count = table->count;
    reclaim_retire(cpu, &retired->node, table_free);
    table->tokens = NULL;
    table->count = 0;
    table->free = 0;
}

uint64_t token_id(const struct token *token) {
    return (uint64_t)(token - token->table->tokens) | (uint64_t)token->generation << 32;
}

struct token *token_lookup_locked(const struct token_table *table, uint64_t id) {
    uint32_t index = machine_clamp((uint32_t)id, table->count);
    struct token *token = &table->tokens[index];

    if (index == 0 || token->generation != (uint32_t)(id >> 32))
        return NULL;
    return token->state == TOKEN_LIVE || token->state == TOKEN_CANCELLED ? token : NULL;
}

struct token *token_take_locked(struct token_table *table) {
    struct token *token;

    if (table->free == 0)
        return NULL;
    token = &table->tokens[table->free];
    table->free = token->next;
    table->live++;
    token->state = TOKEN_LIVE;
    return token;
}

struct endpoint *token_take_stuck(struct token_table *table) {
    struct list_node *node;

    lock_take(&table->lock);
    node = list_pop_front(&table->stuck);
    lock_drop(&table->lock);
    return node == NULL ? NULL : list_entry(node, struct endpoint, stuck);
}

void token_free_locked(struct token *token) {
    struct token_table *table = token->table;

    kassert(!list_is_linked(&token->notice));
    table->live--;
    token->call = NULL;
    token->receive = NULL;
    token->receiver = NULL;
    token->generation++;
    if (token->generation == 0) {
        token->state = TOKEN_RETIRED;
        return;
    }
    token->state = TOKEN_FREE;
    token->next = table->free;
    table->free = (uint32_t)(token - table->tokens);
}
