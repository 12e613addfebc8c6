// SPDX-License-Identifier: MIT
// Console: stateless; the machine's log keeps the order.
#include "object/console.h"

#include "core/dispatch.h"
#include "machine/log.h"
#include "schemas/console.capos.h"

static int write(void *self, struct capos_invocation *inv, struct capos_console_write_params params,
                 struct capos_console_write_results_builder results) {
    const struct target *target = self;
    struct capos_data data = capos_console_write_params_data(params);

    (void)inv;
    (void)results;
    machine_log(target->cpu, (const char *)data.data, data.size);
    return CAPOS_DONE;
}

static const struct capos_console_server server = {.write = write};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_console_dispatch(&server, self, inv);
}

const struct object_type console_type = {
    .name = "Console",
    .interface = CAPOS_CONSOLE_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_console_interface,
    .serve = serve,
};

enum capos_status console_create(struct cpu *cpu, struct ledger *ledger, struct object **out) {
    return object_create(cpu, &console_type, ledger, out);
}
