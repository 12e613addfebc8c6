// SPDX-License-Identifier: MIT
// Token tables (token.h). Taking a token on the path of a call is taking the first of a chain;
// parts are made when that is empty.
#include "core/token.h"

#include "base/bits.h"
#include "core/endpoint.h"
#include "core/kmem.h"
#include "core/panic.h"
#include "core/process.h"
#include "machine/cpu.h"

void token_table_init(struct token_table *table, struct process *process) {
    *table = (struct token_table){.process = process};
    lock_init(&table->lock, LOCK_TOKENS);
    list_init(&table->stuck);
}

static unsigned part_of(uint32_t index) {
    return highest_bit(index | (TOKENS_FIRST - 1)) - 2;
}

// Adds a part of `count` tokens from `first` on; 0 is not used.
static void add_part(struct token_table *table, struct token *tokens, uint32_t first,
                     uint32_t count) {
    table->part[part_of(first)] = tokens;
    for (uint32_t i = count; i-- > 0;) {
        tokens[i].generation = 1;
        tokens[i].table = table;
        tokens[i].index = first + i;
        list_node_init(&tokens[i].notice);
        if (first + i == 0)
            continue;
        tokens[i].next = table->free;
        table->free = first + i;
    }
    __atomic_store_n(&table->count, first + count, __ATOMIC_RELEASE); // see token_peek
}

// Makes the next part, from `first` on: whole, or as large as the ledger allows, which is then the
// last. OVERLOADED.
static enum capos_status make_part(struct cpu *cpu, struct token_table *table, uint32_t first) {
    struct ledger *ledger = table->process->ledger;
    uint32_t unused = first == 0; // token 0, which costs nothing
    uint64_t held = min_u64(ledger_available(ledger, LEDGER_CALLS_HELD),
                            token_part_size(part_of(first)) - unused);
    uint32_t count = (uint32_t)held + unused;
    enum capos_status status = CAPOS_STATUS_OVERLOADED;
    void *block;
    bool made;

    if (held != 0)
        status = ledger_take(cpu, ledger, LEDGER_CALLS_HELD, held);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = kmem_alloc(cpu, ledger, token_part_bytes(count), &block);
    if (status != CAPOS_STATUS_OK) {
        ledger_give(cpu, ledger, LEDGER_CALLS_HELD, held);
        return status;
    }
    lock_take(&table->lock);
    made = table->count == first;
    if (made)
        add_part(table, block, first, count);
    lock_drop(&table->lock);
    if (!made) { // another thread of the process was quicker
        kmem_free(cpu, ledger, block, token_part_bytes(count));
        ledger_give(cpu, ledger, LEDGER_CALLS_HELD, held);
    }
    return CAPOS_STATUS_OK;
}

enum capos_status token_table_make(struct cpu *cpu, struct token_table *table) {
    return table->count != 0 ? CAPOS_STATUS_OK : make_part(cpu, table, 0);
}

bool token_table_grow(struct cpu *cpu, struct token_table *table) {
    uint32_t count;
    bool free;

    lock_take(&table->lock);
    free = table->free != 0;
    count = table->count;
    lock_drop(&table->lock);
    if (free)
        return true;
    // A part that is not whole was cut short by the limit.
    if (count < TOKENS_FIRST || count >= CAPOS_CALLS_HELD_MAX || !is_power_of_two(count))
        return false;
    return make_part(cpu, table, count) == CAPOS_STATUS_OK;
}

struct retired_part {
    struct reclaim_node node;
    struct ledger *ledger;
    uint32_t count;
};
_Static_assert(sizeof(struct retired_part) <= sizeof(struct token), "it takes the first's place");

static void part_free(struct cpu *cpu, struct reclaim_node *node) {
    struct retired_part *retired = (struct retired_part *)(void *)node;

    kmem_free(cpu, retired->ledger, retired, token_part_bytes(retired->count));
}

void token_table_fini(struct cpu *cpu, struct token_table *table) {
    struct ledger *ledger = table->process->ledger;
    uint32_t first = 0;

    if (table->count == 0)
        return;
    kassert(table->live == 0);
    ledger_give(cpu, ledger, LEDGER_CALLS_HELD, table->count - 1);
    for (unsigned part = 0; first < table->count; part++) {
        struct retired_part *retired = (struct retired_part *)(void *)table->part[part];
        uint32_t count = min_u32(token_part_size(part), table->count - first);

        retired->ledger = ledger;
        retired->count = count;
        reclaim_retire(cpu, &retired->node, part_free);
        table->part[part] = NULL;
        first += count;
    }
    table->count = 0;
    table->free = 0;
}

struct token *token_lookup_locked(const struct token_table *table, uint64_t id) {
    uint32_t index = machine_clamp((uint32_t)id, table->count);
    struct token *token;

    if (index == 0)
        return NULL;
    token = token_at(table, index);
    if (token->generation != (uint32_t)(id >> 32))
        return NULL;
    return token->state == TOKEN_LIVE || token->state == TOKEN_CANCELLED ? token : NULL;
}

struct token *token_take_locked(struct token_table *table) {
    struct token *token;

    if (table->free == 0)
        return NULL;
    token = token_at(table, table->free);
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
    token_set_receiver(token, NULL);
    token->reserved = 0;
    token->generation++;
    if (token->generation == 0) {
        token->state = TOKEN_RETIRED;
        return;
    }
    token->state = TOKEN_FREE;
    token->next = table->free;
    table->free = token->index;
}

static bool is_held(const struct token *token) {
    return token->state == TOKEN_LIVE || token->state == TOKEN_CANCELLED;
}

uint32_t token_kept(struct token_table *tokens, const struct captable *table) {
    uint32_t kept = 0;

    lock_take(&tokens->lock);
    for (uint32_t i = 1; i < tokens->count; i++)
        if (is_held(token_at(tokens, i)))
            kept += captable_chain_length(table, token_at(tokens, i)->reserved);
    lock_drop(&tokens->lock);
    return kept;
}

void token_give_kept(struct cpu *cpu, struct token_table *tokens, struct captable *table) {
    uint32_t chain;

    for (uint32_t i = 1; i < tokens->count; i++) {
        lock_take(&tokens->lock);
        chain = is_held(token_at(tokens, i)) ? token_at(tokens, i)->reserved : 0;
        if (chain != 0)
            token_at(tokens, i)->reserved = 0;
        lock_drop(&tokens->lock);
        captable_unreserve(cpu, table, chain);
    }
}
