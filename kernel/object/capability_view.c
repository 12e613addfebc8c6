// SPDX-License-Identifier: MIT
// Sight of capability tables (capability_view.h). A table is read under its lock, a bounded number
// of slots at a time; the cursor is the slot to go on with. Objects are told by a hash of their
// address under a key of their own, so that equal ones are seen to be equal and nothing else is.
#include "object/capability_view.h"

#include "base/bits.h"
#include "base/siphash.h"
#include "core/captable.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/kernel.h"
#include "core/process.h"
#include "core/revoke.h"
#include "object/process_handle.h"
#include "schemas/inspection.capos.h"

enum { ENTRIES_MOST = 64, SLOTS_MOST = 4096 };

struct capability_view {
    struct object object;
    struct process *process; // a reference
};

// What was read of one entry.
struct seen {
    uint32_t slot, generation;
    struct captable_entry entry; // as it was
};

struct page {
    uint32_t count, most;
    uint32_t next; // slot to go on with, 0: that was all
    uint32_t held;
    struct seen seen[ENTRIES_MOST];
};

// The table is locked.
static void read_slots(const struct captable *table, uint32_t first, struct page *page) {
    const struct captable_entry *entries = table->entries;
    uint32_t size = entries == NULL ? 0 : (uint32_t)entries[0].interface;
    uint32_t slot = max_u32(first, 1), end = first < size ? min_u32(size, slot + SLOTS_MOST) : size;

    for (; slot < end && page->count < page->most; slot++) {
        const struct captable_entry *entry = &entries[slot];
        struct seen *seen = &page->seen[page->count];

        if (entry->state != CAPTABLE_USED)
            continue;
        page->count++;
        seen->slot = slot;
        seen->generation = entry->generation;
        seen->entry = (struct captable_entry){.object = entry->object,
                                              .revoker = entry->revoker,
                                              .interface = entry->interface,
                                              .kind = entry->kind,
                                              .scope = entry->scope};
    }
    page->next = slot < size ? slot : 0;
    page->held = table->used;
}

// The same for capabilities of one object, whose address it does not tell.
static uint64_t object_number(struct cpu *cpu, const struct object *object) {
    static const char label[8] = "objects";
    uint64_t words[2];

    __builtin_memcpy(&words[0], label, sizeof words[0]);
    words[1] = (uintptr_t)object;
    return siphash(cpu->kernel->secret, words, sizeof words);
}

static void write_entry(struct cpu *cpu, struct capos_capability_entry_builder to,
                        const struct seen *seen) {
    capos_capability_entry_set_cap(to, seen->slot | (uint64_t)seen->generation << 32);
    capos_capability_entry_set_interface(to, seen->entry.interface);
    capos_capability_entry_set_object(to, object_number(cpu, seen->entry.object));
    capos_capability_entry_set_kind(to, (enum capos_capability_kind)(seen->entry.kind - 1));
    capos_capability_entry_set_scope(to, (enum capos_facet_scope)seen->entry.scope);
    if (seen->entry.revoker == NULL)
        return;
    capos_capability_entry_set_revokers(to, (uint8_t)seen->entry.revoker->depth);
    capos_capability_entry_set_revoked(to, revoker_is_dead(seen->entry.revoker));
}

// How many entries the results have room for, beside what else is in them.
static uint32_t room_of(const struct capos_invocation *inv) {
    const uint32_t others = 8; // words: root pointer, results struct, list pointer and tag
    uint32_t words = inv->results.capacity;

    return words < others ? 0 : (words - others) / CAPOS_CAPABILITY_ENTRY_DATA_WORDS;
}

static int list(struct cpu *cpu, struct capos_invocation *inv, struct process *process,
                struct capos_capability_view_list_params params,
                struct capos_capability_view_list_results_builder results) {
    uint64_t cursor = capos_capability_view_list_params_cursor(params);
    uint32_t most = min_u32(capos_capability_view_list_params_most(params), ENTRIES_MOST);
    struct page page = {.count = 0, .most = min_u32(most, room_of(inv))};

    if (cursor > CAPOS_SLOTS_MAX)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "that is no cursor");
    if (page.most == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "there is no room for an entry");
    lock_take(&process->table.lock);
    read_slots(&process->table, (uint32_t)cursor, &page);
    lock_drop(&process->table.lock);
    capos_capability_view_list_results_set_cursor(results, page.next);
    capos_capability_view_list_results_set_held(results, page.held);
    struct capos_capability_entry_list_builder entries =
        capos_capability_view_list_results_init_capabilities(results, page.count);
    for (uint32_t i = 0; i < page.count; i++)
        write_entry(cpu, capos_capability_entry_list_builder_at(entries, i), &page.seen[i]);
    return CAPOS_DONE;
}

static int view_list(void *self, struct capos_invocation *inv,
                     struct capos_capability_view_list_params params,
                     struct capos_capability_view_list_results_builder results) {
    const struct target *target = self;
    struct process *process = ((struct capability_view *)target->object)->process;
    bool ended;

    lock_take(&process->lock);
    ended = process->state != PROCESS_RUNNING;
    lock_drop(&process->lock);
    if (ended)
        return capos_fail(inv, CAPOS_DISCONNECTED, "the process has ended");
    return list(target->cpu, inv, process, params, results);
}

static int own_list(void *self, struct capos_invocation *inv,
                    struct capos_capability_view_list_params params,
                    struct capos_capability_view_list_results_builder results) {
    const struct target *target = self;

    return list(target->cpu, inv, dispatch_process(inv), params, results);
}

static int inspect(void *self, struct capos_invocation *inv,
                   struct capos_process_inspector_inspect_params params,
                   struct capos_process_inspector_inspect_results_builder results) {
    const struct target *target = self;
    struct capos_process_handle handle = capos_process_inspector_inspect_params_process(params);
    struct captable_view view;
    struct object *made;

    if (dispatch_capability(inv, handle.id, &process_handle_type, &view) != CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "that is no ProcessHandle");
    if (dispatch_room(inv) == 0)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the caller has no room for the view");
    if (object_create(target->cpu, &capability_view_type, dispatch_process(inv)->ledger, &made) !=
        CAPOS_STATUS_OK)
        return capos_fail(inv, CAPOS_OVERLOADED, "the caller's limits leave no view");
    ((struct capability_view *)made)->process = process_handle_process(view.object);
    object_get(&((struct capability_view *)made)->process->object);
    capos_process_inspector_inspect_results_give_view(
        results, dispatch_give(inv, made, CAPOS_CAPABILITY_VIEW_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static const struct capos_capability_view_server view_server = {.list = view_list};

static int view_serve(void *self, struct capos_invocation *inv) {
    return capos_capability_view_dispatch(&view_server, self, inv);
}

static const struct capos_capability_manager_server manager_server = {
    .capos_capability_view = {.list = own_list}};

static int manager_serve(void *self, struct capos_invocation *inv) {
    return capos_capability_manager_dispatch(&manager_server, self, inv);
}

static const struct capos_process_inspector_server inspector_server = {.inspect = inspect};

static int inspector_serve(void *self, struct capos_invocation *inv) {
    return capos_process_inspector_dispatch(&inspector_server, self, inv);
}

static bool view_close(struct cpu *cpu, struct object *object) {
    object_put(cpu, &((struct capability_view *)object)->process->object);
    return true;
}

const struct object_type capability_view_type = {
    .name = "CapabilityView",
    .interface = CAPOS_CAPABILITY_VIEW_INTERFACE_ID,
    .size = sizeof(struct capability_view),
    .kind = OBJECT_KERNEL,
    .methods = &capos_capability_view_interface,
    .serve = view_serve,
    .close = view_close,
};

const struct object_type capability_manager_type = {
    .name = "CapabilityManager",
    .interface = CAPOS_CAPABILITY_MANAGER_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .serve = manager_serve,
};

const struct object_type process_inspector_type = {
    .name = "ProcessInspector",
    .interface = CAPOS_PROCESS_INSPECTOR_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_process_inspector_interface,
    .serve = inspector_serve,
};

enum capos_status capability_manager_create(struct cpu *cpu, struct ledger *ledger,
                                            struct object **out) {
    return object_create(cpu, &capability_manager_type, ledger, out);
}

enum capos_status process_inspector_create(struct cpu *cpu, struct ledger *ledger,
                                           struct object **out) {
    return object_create(cpu, &process_inspector_type, ledger, out);
}
