// SPDX-License-Identifier: MIT
// ProcessHandle. Both wait and kill are answered when the process has ended; until then they are
// held on the process's queue, and which method it was decides what the answer looks like.
#include "object/process_handle.h"

#include "base/text.h"
#include "core/cpu.h"
#include "core/dispatch.h"
#include "core/process.h"
#include "core/sched.h"
#include "core/thread.h"
#include "machine/time.h"
#include "object/limits.h"
#include "schemas/process.capos.h"

struct process_handle {
    struct object object;
    struct process *process; // a reference
};

static struct process *process_of(struct object *object) {
    return ((struct process_handle *)(void *)object)->process;
}

struct process *process_handle_process(struct object *handle) {
    return process_of(handle);
}

static void write_crash(struct capos_crash_record_builder to, const struct crash_record *crash) {
    const uint32_t count = sizeof crash->registers / sizeof crash->registers[0];
    struct capos_u64_list_builder registers = capos_crash_record_init_registers(to, count);

    capos_crash_record_set_cause(to, (enum capos_crash_cause)crash->cause);
    capos_crash_record_set_thread(to, crash->thread);
    capos_crash_record_set_code(to, crash->code);
    capos_crash_record_set_address(to, crash->address);
    capos_crash_record_set_instruction(to, crash->instruction);
    capos_crash_record_set_stack(to, crash->stack);
    capos_crash_record_set_flags(to, crash->flags);
    for (uint32_t i = 0; i < count; i++)
        capos_u64_list_set(registers, i, crash->registers[i]);
}

// The process has ended, so that its end no longer changes.
static void write_end(struct capos_process_handle_wait_results_builder results,
                      const struct process *process) {
    struct capos_process_end_builder end = capos_process_handle_wait_results_init_end(results);

    switch (process->end.kind) {
    case PROCESS_EXITED:
        capos_process_end_set_exited(end, process->end.status);
        break;
    case PROCESS_CRASHED:
        write_crash(capos_process_end_init_crashed(end), &process->end.crash);
        break;
    case PROCESS_KILLED:
        capos_process_end_set_killed(end);
        break;
    case PROCESS_SESSION_ENDED:
        capos_process_end_set_session_ended(end);
        break;
    }
}

// Holds the call unless the process has ended: true then.
static bool has_ended(struct cpu *cpu, struct process *process, struct capos_invocation *inv) {
    bool ended;

    lock_take(&process->lock);
    ended = process->state == PROCESS_ENDED;
    if (!ended)
        call_hold(cpu, inv, &process->waiters, CAPOS_NO_DEADLINE);
    lock_drop(&process->lock);
    return ended;
}

static int wait(void *self, struct capos_invocation *inv,
                struct capos_process_handle_wait_params params,
                struct capos_process_handle_wait_results_builder results) {
    const struct target *target = self;
    struct process *process = process_of(target->object);

    (void)params;
    if (!has_ended(target->cpu, process, inv))
        return CAPOS_PENDING;
    write_end(results, process);
    return CAPOS_DONE;
}

static int kill(void *self, struct capos_invocation *inv,
                struct capos_process_handle_kill_params params,
                struct capos_process_handle_kill_results_builder results) {
    static const struct process_end end = {.kind = PROCESS_KILLED};
    const struct target *target = self;
    struct process *process = process_of(target->object);

    (void)params;
    (void)results;
    process_kill(target->cpu, process, &end);
    return has_ended(target->cpu, process, inv) ? CAPOS_DONE : CAPOS_PENDING;
}

void process_handle_answer(struct cpu *cpu, struct call *call, enum capos_status status) {
    struct process *process = process_of(call->target);
    struct capos_invocation *inv;

    if (status != CAPOS_STATUS_OK) {
        call_fail(cpu, call, status);
        return;
    }
    inv = call_reply_begin(cpu, call);
    if (call->method == CAPOS_PROCESS_HANDLE_WAIT_METHOD)
        write_end(capos_process_handle_wait_results_build_message(&inv->results), process);
    else
        (void)capos_process_handle_kill_results_build_message(&inv->results);
    call_reply(cpu, inv, CAPOS_DONE);
}

// What a running process uses; the process is locked.
static void write_use_locked(struct capos_process_handle_info_results_builder results,
                             struct process *process) {
    struct ledger *ledger = process->ledger;

    capos_process_handle_info_results_set_threads(results, process->threads_left);
    capos_process_handle_info_results_set_frames(results,
                                                 (uint32_t)ledger_used(ledger, LEDGER_FRAMES));
    capos_process_handle_info_results_set_slots(results,
                                                (uint32_t)ledger_used(ledger, LEDGER_SLOTS));
    lock_take(&ledger->lock);
    limits_write(capos_process_handle_info_results_init_used(results), ledger->used);
    limits_write(capos_process_handle_info_results_init_lent(results), ledger->lent);
    limits_write(capos_process_handle_info_results_init_limits(results), ledger->limit);
    lock_drop(&ledger->lock);
}

static uint64_t cycles_locked(struct cpu *cpu, const struct process *process) {
    uint64_t cycles = process->cycles;
    const struct list_node *node;

    for (node = list_first(&process->threads); node != NULL;
         node = list_next(&process->threads, node))
        cycles += sched_cycles(cpu, list_entry(node, struct thread, sibling));
    return cycles;
}

static int info(void *self, struct capos_invocation *inv,
                struct capos_process_handle_info_params params,
                struct capos_process_handle_info_results_builder results) {
    const struct target *target = self;
    struct process *process = process_of(target->object);
    struct capos_text name = {process->name, (uint32_t)text_length(process->name, CAPOS_NAME_MAX)};
    uint64_t cycles;

    (void)inv;
    (void)params;
    capos_process_handle_info_results_set_id(results, process->id);
    capos_process_handle_info_results_set_name(results, name);
    lock_take(&process->lock);
    capos_process_handle_info_results_set_state(results, (enum capos_process_state)process->state);
    // An ending process's ledger may be closed at any moment.
    if (process->state == PROCESS_RUNNING)
        write_use_locked(results, process);
    cycles = cycles_locked(target->cpu, process);
    lock_drop(&process->lock);
    capos_process_handle_info_results_set_cpu_nanoseconds(results,
                                                          machine_cycles_ns(target->cpu, cycles));
    return CAPOS_DONE;
}

static const struct capos_process_handle_server server = {.wait = wait, .kill = kill, .info = info};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_process_handle_dispatch(&server, self, inv);
}

static bool close(struct cpu *cpu, struct object *object) {
    object_put(cpu, &process_of(object)->object);
    return true;
}

const struct object_type process_handle_type = {
    .name = "ProcessHandle",
    .interface = CAPOS_PROCESS_HANDLE_INTERFACE_ID,
    .size = sizeof(struct process_handle),
    .kind = OBJECT_KERNEL,
    .methods = &capos_process_handle_interface,
    .serve = serve,
    .close = close,
};

enum capos_status process_handle_create(struct cpu *cpu, struct ledger *ledger,
                                        struct process *process, struct object **out) {
    enum capos_status status = object_create(cpu, &process_handle_type, ledger, out);

    if (status != CAPOS_STATUS_OK)
        return status;
    object_get(&process->object);
    ((struct process_handle *)(void *)*out)->process = process;
    return CAPOS_STATUS_OK;
}
