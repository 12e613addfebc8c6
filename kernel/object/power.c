// SPDX-License-Identifier: MIT
// Power: stateless; neither method returns when it works.
#include "object/power.h"

#include "core/dispatch.h"
#include "machine/power.h"
#include "schemas/system.capos.h"

static int off(void *self, struct capos_invocation *inv, struct capos_power_off_params params,
               struct capos_power_off_results_builder results) {
    const struct target *target = self;
    uint8_t status = capos_power_off_params_status(params);

    (void)results;
    if (status > MACHINE_STATUS_MAX)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "the status must be 0 to 100");
    machine_power_off(target->cpu, status);
}

static int reboot(void *self, struct capos_invocation *inv, struct capos_power_reboot_params params,
                  struct capos_power_reboot_results_builder results) {
    const struct target *target = self;

    (void)inv;
    (void)params;
    (void)results;
    machine_reboot(target->cpu);
}

static const struct capos_power_server server = {.off = off, .reboot = reboot};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_power_dispatch(&server, self, inv);
}

const struct object_type power_type = {
    .name = "Power",
    .interface = CAPOS_POWER_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_power_interface,
    .serve = serve,
};

enum capos_status power_create(struct cpu *cpu, struct ledger *ledger, struct object **out) {
    return object_create(cpu, &power_type, ledger, out);
}
