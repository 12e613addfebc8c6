// SPDX-License-Identifier: MIT
// ProcessSpawner: checks a request as a whole, makes the process with all that it needs but the
// capabilities, then moves those in one transfer, which is the commit: nothing after it can fail.
// The child's limits are lent by the caller, who also pays for the process's record and its handle.
#include "object/process_spawner.h"

#include "base/bits.h"
#include "base/text.h"
#include "core/captable.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/dispatch.h"
#include "core/elf.h"
#include "core/program.h"
#include "core/transfer.h"
#include "object/capability_view.h"
#include "object/limits.h"
#include "object/memory_object.h"
#include "object/process_handle.h"
#include "object/session_object.h"
#include "object/thread_control.h"
#include "object/thread_spawner.h"
#include "object/virtual_memory.h"
#include "schemas/process.capos.h"

#include <capos/limits.h>

enum { SPAWN_GRANTS_MAX = CAPOS_TRANSFER_MAX };

// One grant of the request, read once.
struct spawn_grant {
    struct capos_text name;
    const struct capos_descriptor *descriptor; // NULL: one over the process itself
    uint32_t own;                              // then which: index of own_types
    uint64_t cap, interface;                   // in the child, in the end
};

struct spawn {
    struct capos_text name;
    struct ledger_limits limits;
    struct session session;
    struct session_object *session_object; // whose that is, borrowed, or NULL
    uint32_t count;
    struct spawn_grant grants[SPAWN_GRANTS_MAX];
    struct memory *binary;   // borrowed, as is
    struct revoker *revoker; // that through which it is held, or NULL
    struct elf_image image;
    struct program program;
    struct object *handle;
};

// In the order of OwnCapability.
static const struct object_type *const own_types[] = {
    &virtual_memory_type,
    &thread_spawner_type,
    &thread_control_type,
    &capability_manager_type,
};

enum { OWN_TYPES = sizeof own_types / sizeof own_types[0] };

// A spawner that was narrowed has limits of its own.
struct process_spawner {
    struct object object;
    bool narrowed;
    struct ledger_limits limits;
};

static const struct process_spawner *spawner_of(const struct target *target) {
    return (const struct process_spawner *)target->object;
}

// The limits to lend: what is asked for, or the spawner's, or half of what the lender has left.
// False when that is more than the spawner lends.
static bool choose_limits(struct capos_resource_limits asked, const struct process_spawner *spawner,
                          struct ledger *lender, struct ledger_limits *limits) {
    struct ledger_limits otherwise = spawner->limits;

    for (unsigned i = 0; i < LEDGER_CLASSES; i++) {
        uint64_t left = ledger_available(lender, (enum ledger_class)i);

        otherwise.limit[i] = min_u64(otherwise.limit[i], left - left / 2);
    }
    *limits = limits_read(asked, &otherwise);
    for (unsigned i = 0; spawner->narrowed && i < LEDGER_CLASSES; i++)
        if (limits->limit[i] > spawner->limits.limit[i])
            return false;
    return true;
}

static bool name_is_good(struct capos_text name) {
    return name.size >= 1 && name.size <= CAPOS_NAME_MAX &&
           text_length(name.data, name.size) == name.size;
}

// NULL, or what is wrong with it.
static const char *read_grant(struct spawn *spawn, struct capos_spawn_grant grant) {
    struct spawn_grant *read = &spawn->grants[spawn->count];

    *read = (struct spawn_grant){.name = capos_spawn_grant_name(grant)};
    if (!name_is_good(read->name))
        return "a grant's name is 1 to 31 bytes";
    for (uint32_t i = 0; i < spawn->count; i++)
        if (text_equal(read->name.data, read->name.size, spawn->grants[i].name.data,
                       spawn->grants[i].name.size))
            return "two grants have the same name";
    switch (capos_spawn_grant_which(grant)) {
    case CAPOS_SPAWN_GRANT_WHICH_CAPABILITY:
        read->descriptor = capos_spawn_grant_capability_descriptor(grant);
        if (read->descriptor == NULL || read->descriptor->kind == CAPOS_TRANSFER_NONE)
            return "a grant has no capability";
        break;
    case CAPOS_SPAWN_GRANT_WHICH_OWN:
        read->own = (uint32_t)capos_spawn_grant_own(grant);
        if (read->own >= OWN_TYPES)
            return "no process has such a capability of its own";
        break;
    default:
        return "a grant is of an unknown kind";
    }
    spawn->count++;
    return NULL;
}

static const char *read_grants(struct spawn *spawn, struct capos_spawn_grant_list grants) {
    uint32_t count = capos_spawn_grant_list_size(grants);
    const char *wrong = NULL;

    spawn->count = 0;
    if (count > SPAWN_GRANTS_MAX)
        return "there are at most 15 grants";
    for (uint32_t i = 0; i < count && wrong == NULL; i++)
        wrong = read_grant(spawn, capos_spawn_grant_list_at(grants, i));
    return wrong;
}

// The session that the process is to belong to: the caller's unless another one is asked for.
static int read_session(struct spawn *spawn, struct capos_invocation *invocation,
                        struct capos_process_spawner_spawn_params params) {
    const struct process *caller = dispatch_process(invocation);
    uint64_t asked = capos_process_spawner_spawn_params_session(params).id;
    struct captable_view view;
    enum capos_status status;

    spawn->session = caller->session;
    spawn->session_object = caller->session_object;
    if (asked == 0)
        return CAPOS_DONE;
    status = dispatch_capability(invocation, asked, &session_type, &view);
    if (status == CAPOS_STATUS_DISCONNECTED)
        return capos_fail(invocation, CAPOS_DISCONNECTED, "the Session is revoked");
    if (status != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "the session is no Session");
    spawn->session_object = (struct session_object *)(void *)view.object;
    spawn->session = spawn->session_object->session;
    return CAPOS_DONE;
}

// All of the request that can be judged without making anything.
static int read_request(struct spawn *spawn, struct capos_invocation *invocation,
                        struct capos_process_spawner_spawn_params params) {
    struct capos_memory_object binary = capos_process_spawner_spawn_params_binary(params);
    const char *wrong = read_grants(spawn, capos_process_spawner_spawn_params_grants(params));
    struct captable_view view;

    spawn->name = capos_process_spawner_spawn_params_name(params);
    if (wrong == NULL && dispatch_room(invocation) == 0)
        wrong = "the caller has no room for the process's handle";
    if (wrong == NULL && invocation->results.error != CAPOS_BUILD_OK)
        wrong = "the caller has no room for the results";
    if (wrong == NULL && !name_is_good(spawn->name))
        wrong = "a process's name is 1 to 31 bytes";
    if (wrong != NULL)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, wrong);
    if (dispatch_capability(invocation, binary.id, &memory_object_type, &view) != CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, "the binary is no MemoryObject");
    spawn->binary = (struct memory *)(void *)view.object;
    spawn->revoker = view.revoker;
    wrong = elf_read(spawn->binary, &spawn->image);
    if (wrong != NULL)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT, wrong);
    return read_session(spawn, invocation, params);
}

static enum capos_status make_own(struct cpu *cpu, struct process *process,
                                  const struct object_type *type, struct object **out) {
    if (type == &virtual_memory_type)
        return virtual_memory_create(cpu, process->ledger, process->vm, out);
    return object_create(cpu, type, process->ledger, out); // they know no process
}

// The capabilities over the process itself.
static enum capos_status grant_own(struct cpu *cpu, struct spawn *spawn) {
    struct process *process = spawn->program.process;
    enum capos_status status = CAPOS_STATUS_OK;

    for (uint32_t i = 0; i < spawn->count && status == CAPOS_STATUS_OK; i++) {
        struct spawn_grant *grant = &spawn->grants[i];
        struct captable_view view = {.interface = own_types[grant->own]->interface,
                                     .kind = OBJECT_KERNEL,
                                     .scope = CAPOS_SCOPE_ANY};

        if (grant->descriptor != NULL)
            continue;
        status = make_own(cpu, process, own_types[grant->own], &view.object);
        if (status != CAPOS_STATUS_OK)
            break;
        status = captable_insert(cpu, &process->table, &view, &grant->cap);
        if (status != CAPOS_STATUS_OK)
            object_put(cpu, view.object);
        grant->interface = view.interface;
    }
    return status;
}

// The caller's capabilities, all at once: the commit. Until it is done nothing has changed for the
// caller.
static enum capos_status transfer_grants(struct cpu *cpu, struct spawn *spawn,
                                         struct process *from) {
    struct process *to = spawn->program.process;
    struct transfer *transfer = cpu->transfer;
    uint32_t chain, next = 0;

    transfer->count = 0;
    for (uint32_t i = 0; i < spawn->count; i++)
        if (spawn->grants[i].descriptor != NULL)
            transfer->descriptor[transfer->count++] = *spawn->grants[i].descriptor;
    enum capos_status status = captable_reserve(cpu, &to->table, transfer->count, &chain);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = transfer_prepare(cpu, transfer, from, to, transfer->count);
    if (status != CAPOS_STATUS_OK) {
        captable_unreserve(cpu, &to->table, chain);
        return status;
    }
    transfer_commit(cpu, transfer, &chain);
    captable_unreserve(cpu, &to->table, chain);
    for (uint32_t i = 0; i < spawn->count; i++)
        if (spawn->grants[i].descriptor != NULL) {
            spawn->grants[i].cap = transfer->descriptor[next].cap;
            spawn->grants[i].interface = transfer->descriptor[next++].interface;
        }
    return CAPOS_STATUS_OK;
}

// The process and all else that may fail.
static enum capos_status prepare(struct cpu *cpu, struct spawn *spawn, struct process *parent) {
    char name[CAPOS_NAME_MAX + 1] = {0};
    const struct process_start start = {
        .parent = parent,
        .name = name,
        .session = spawn->session,
        .session_object = spawn->session_object,
        .limits = spawn->limits,
    };

    if (!text_copy(name, sizeof name, spawn->name.data, spawn->name.size))
        return CAPOS_STATUS_MALFORMED;
    enum capos_status status = program_create(cpu, parent->ledger, &start, &spawn->image,
                                              spawn->binary, spawn->revoker, &spawn->program);
    if (status != CAPOS_STATUS_OK)
        return status;
    status = grant_own(cpu, spawn);
    if (status == CAPOS_STATUS_OK)
        status = process_handle_create(cpu, parent->ledger, spawn->program.process, &spawn->handle);
    if (status != CAPOS_STATUS_OK)
        program_abort(cpu, &spawn->program);
    return status;
}

static void start(struct cpu *cpu, struct spawn *spawn) {
    debug_commit_begin(cpu);
    for (uint32_t i = 0; i < spawn->count; i++) {
        const struct spawn_grant *grant = &spawn->grants[i];

        program_grant(cpu, &spawn->program, grant->name.data, grant->name.size, grant->cap,
                      grant->interface);
    }
    program_run(cpu, &spawn->program);
    object_put(cpu, &spawn->program.process->object);
    debug_commit_end(cpu);
}

static int refuse(struct capos_invocation *invocation, enum capos_status status) {
    switch (status) {
    case CAPOS_STATUS_OVERLOADED:
        return capos_fail(invocation, CAPOS_OVERLOADED, "a limit is reached, or memory is short");
    case CAPOS_STATUS_DISCONNECTED:
        return capos_fail(invocation, CAPOS_DISCONNECTED,
                          "the binary or a grant is revoked, or the session has ended");
    case CAPOS_STATUS_SCOPE:
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT,
                          "a capability may not be passed to that process");
    case CAPOS_STATUS_MALFORMED:
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT,
                          "the binary's segments leave no room for the rest");
    default:
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT,
                          "a grant is no capability of the caller, or granted twice");
    }
}

static int process_spawner_spawn(void *self, struct capos_invocation *invocation,
                                 struct capos_process_spawner_spawn_params params,
                                 struct capos_process_spawner_spawn_results_builder results) {
    const struct target *target = self;
    struct process *parent = dispatch_process(invocation);
    struct spawn spawn;
    int outcome = read_request(&spawn, invocation, params);

    if (outcome != CAPOS_DONE)
        return outcome;
    if (!choose_limits(capos_process_spawner_spawn_params_limits(params), spawner_of(target),
                       parent->ledger, &spawn.limits))
        return capos_fail(invocation, CAPOS_OVERLOADED, "the spawner does not lend so much");
    enum capos_status status = prepare(target->cpu, &spawn, parent);
    if (status != CAPOS_STATUS_OK)
        return refuse(invocation, status);
    status = transfer_grants(target->cpu, &spawn, parent);
    if (status != CAPOS_STATUS_OK) {
        object_put(target->cpu, spawn.handle);
        program_abort(target->cpu, &spawn.program);
        return refuse(invocation, status);
    }
    start(target->cpu, &spawn);
    capos_process_spawner_spawn_results_give_process(
        results, dispatch_give(invocation, spawn.handle, CAPOS_PROCESS_HANDLE_INTERFACE_ID,
                               CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

// The limits that a narrowed spawner will lend: the lesser of its maker's and what is asked for.
static void narrow_limits(struct capos_resource_limits asked, const struct process_spawner *from,
                          struct process_spawner *to) {
    to->limits = limits_read(asked, &from->limits);
    for (unsigned i = 0; from->narrowed && i < LEDGER_CLASSES; i++)
        to->limits.limit[i] = min_u64(to->limits.limit[i], from->limits.limit[i]);
    to->narrowed = true;
}

static int process_spawner_narrow(void *self, struct capos_invocation *invocation,
                                  struct capos_process_spawner_narrow_params params,
                                  struct capos_process_spawner_narrow_results_builder results) {
    const struct target *target = self;
    struct object *made;

    if (dispatch_room(invocation) == 0)
        return capos_fail(invocation, CAPOS_INVALID_ARGUMENT,
                          "the caller has no room for the spawner");
    if (process_spawner_create(target->cpu, dispatch_process(invocation)->ledger, &made) !=
        CAPOS_STATUS_OK)
        return capos_fail(invocation, CAPOS_OVERLOADED, "the caller's limits leave no spawner");
    narrow_limits(capos_process_spawner_narrow_params_limits(params), spawner_of(target),
                  (struct process_spawner *)made);
    capos_process_spawner_narrow_results_give_spawner(
        results,
        dispatch_give(invocation, made, CAPOS_PROCESS_SPAWNER_INTERFACE_ID, CAPOS_SCOPE_ANY));
    return CAPOS_DONE;
}

static int process_spawner_limits(void *self, struct capos_invocation *invocation,
                                  struct capos_process_spawner_limits_params params,
                                  struct capos_process_spawner_limits_results_builder results) {
    const struct process_spawner *spawner = spawner_of(self);

    (void)invocation;
    (void)params;
    limits_write(capos_process_spawner_limits_results_init_limits(results), spawner->limits.limit);
    capos_process_spawner_limits_results_set_narrowed(results, spawner->narrowed);
    return CAPOS_DONE;
}

static const struct capos_process_spawner_server server = {
    .spawn = process_spawner_spawn,
    .narrow = process_spawner_narrow,
    .limits = process_spawner_limits,
};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_process_spawner_dispatch(&server, self, inv);
}

const struct object_type process_spawner_type = {
    .name = "process spawner",
    .interface = CAPOS_PROCESS_SPAWNER_INTERFACE_ID,
    .size = sizeof(struct process_spawner),
    .kind = OBJECT_KERNEL,
    .methods = &capos_process_spawner_interface,
    .serve = serve,
};

enum capos_status process_spawner_create(struct cpu *cpu, struct ledger *ledger,
                                         struct object **out) {
    enum capos_status status = object_create(cpu, &process_spawner_type, ledger, out);

    if (status == CAPOS_STATUS_OK)
        ((struct process_spawner *)*out)->limits = limits_default;
    return status;
}
