// SPDX-License-Identifier: MIT
// Sessions (session.h). The epoch is not part of what is hashed: it is told beside the reference,
// so that a server sees the same caller before and after.
#include "core/session.h"

#include "core/kernel.h"
#include "core/process.h"

struct session_reference session_reference(struct cpu *cpu, const struct session *session,
                                           uint64_t service) {
    const uint64_t text[2] = {service, session->id};
    struct siphash_128 hash = siphash_wide(cpu->kernel->secret, text, sizeof(text));

    return (struct session_reference){{hash.low, hash.high}};
}

enum capos_status session_create(struct cpu *cpu, const struct object_type *type,
                                 struct ledger *ledger, struct session_object *outer,
                                 call_answer_fn *answered, struct session_object **out) {
    struct session_object *session;
    struct revoker *revoker;
    enum capos_status status;

    if (outer != NULL && outer->depth >= CAPOS_SESSIONS_DEEP)
        return CAPOS_STATUS_BUSY;
    status = revoker_create_at(cpu, type, ledger, session_revoker(outer), 0, answered, &revoker);
    if (status != CAPOS_STATUS_OK)
        return status;
    session = (struct session_object *)(void *)revoker;
    session->session.id = atomic_fetch_add(&cpu->kernel->next_id, 1);
    session->depth = outer == NULL ? 1 : outer->depth + 1;
    *out = session;
    return CAPOS_STATUS_OK;
}

enum capos_status session_join(struct cpu *cpu, struct process *process,
                               struct session_object *session) {
    enum capos_status status;

    if (session == NULL)
        return CAPOS_STATUS_OK;
    if (!object_try_get(&session->revoker.object))
        return CAPOS_STATUS_REFUSED;
    status = revoker_enter(&session->revoker, &session->revoker.processes, &process->member);
    if (status != CAPOS_STATUS_OK) {
        revoker_put(cpu, &session->revoker);
        return status;
    }
    process->session_object = session;
    atomic_fetch_add(&session->processes, 1);
    return CAPOS_STATUS_OK;
}

void session_leave(struct cpu *cpu, struct process *process) {
    struct session_object *session = process->session_object;

    if (session == NULL)
        return;
    process->session_object = NULL;
    lock_take(&session->revoker.lock);
    list_remove(&process->member);
    lock_drop(&session->revoker.lock);
    atomic_fetch_sub(&session->processes, 1);
    revoker_put(cpu, &session->revoker);
}

const char *session_audit(const struct session_object *session) {
    const struct session_object *outer = session_of(session->revoker.parent);

    if (session->depth != (outer == NULL ? 1 : outer->depth + 1) ||
        session->depth > CAPOS_SESSIONS_DEEP)
        return "session: it is one deeper than the one that it was started in, and not too deep";
    if (list_count(&session->revoker.processes) != session->processes)
        return "session: it counts its processes right";
    return NULL;
}
