// SPDX-License-Identifier: MIT
// SystemInfo: what the machine and the kernel know of themselves, and the message of the day, which
// it keeps.
#include "object/system_info.h"

#include "base/memory.h"
#include "base/text.h"
#include "core/cpu.h"
#include "core/debug.h"
#include "core/dispatch.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "machine/info.h"
#include "schemas/system.capos.h"

struct system_info {
    struct object object;
    uint32_t message_size;
    char message[SYSTEM_INFO_MESSAGE_MAX];
};

static struct capos_text text(const char *string) {
    struct capos_text value = {string, (uint32_t)text_length(string, SYSTEM_INFO_MESSAGE_MAX)};

    return value;
}

static void set_protections(struct cpu *cpu, struct capos_protections_builder to) {
    struct machine_protections have = machine_protections(cpu);

    capos_protections_set_no_execute(to, have.no_execute);
    capos_protections_set_smep(to, have.smep);
    capos_protections_set_smap(to, have.smap);
    capos_protections_set_umip(to, have.umip);
    capos_protections_set_randomised(to, have.randomised);
}

// Apart, as it needs many registers and the others don't.
static apart int info(void *self, struct capos_invocation *inv,
                      struct capos_system_info_info_params params,
                      struct capos_system_info_info_results_builder results) {
    const struct target *target = self;
    const struct system_info *system = (const struct system_info *)target->object;
    struct capos_text message = {system->message, system->message_size};
    struct cpu *cpu = target->cpu;

    (void)inv;
    (void)params;
    capos_system_info_info_results_set_version(results, text(machine_version(cpu)));
    capos_system_info_info_results_set_build(results, text(machine_build(cpu)));
    capos_system_info_info_results_set_cpus(results, cpu->kernel->cpu_count);
    capos_system_info_info_results_set_memory_bytes(results, machine_memory(cpu));
    capos_system_info_info_results_set_free_bytes(results, frame_count(cpu).free * FRAME_SIZE);
    set_protections(cpu, capos_system_info_info_results_init_protections(results));
    capos_system_info_info_results_set_message_of_the_day(results, message);
    capos_system_info_info_results_set_debug(results, DEBUG_KERNEL);
    return CAPOS_DONE;
}

static int ping(void *self, struct capos_invocation *inv,
                struct capos_system_info_ping_params params,
                struct capos_system_info_ping_results_builder results) {
    (void)self;
    (void)inv;
    (void)params;
    (void)results;
    return CAPOS_DONE;
}

static const struct capos_system_info_server server = {.info = info, .ping = ping};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_system_info_dispatch(&server, self, inv);
}

const struct object_type system_info_type = {
    .name = "SystemInfo",
    .interface = CAPOS_SYSTEM_INFO_INTERFACE_ID,
    .size = sizeof(struct system_info),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_system_info_interface,
    .serve = serve,
};

enum capos_status system_info_create(struct cpu *cpu, struct ledger *ledger, const char *message,
                                     size_t size, struct object **out) {
    enum capos_status status = object_create(cpu, &system_info_type, ledger, out);
    struct system_info *system;

    if (status != CAPOS_STATUS_OK)
        return status;
    system = (struct system_info *)*out;
    system->message_size =
        size < SYSTEM_INFO_MESSAGE_MAX ? (uint32_t)size : SYSTEM_INFO_MESSAGE_MAX;
    memcpy(system->message, message, system->message_size);
    return CAPOS_STATUS_OK;
}
