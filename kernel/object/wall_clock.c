// SPDX-License-Identifier: MIT
// WallClock: stateless; the machine read its clock once, at the start.
#include "object/wall_clock.h"

#include "core/dispatch.h"
#include "machine/time.h"
#include "schemas/time.capos.h"

static int now(void *self, struct capos_invocation *inv, struct capos_wall_clock_now_params params,
               struct capos_wall_clock_now_results_builder results) {
    const struct target *target = self;
    int64_t seconds;
    uint32_t nanoseconds;

    (void)inv;
    (void)params;
    machine_wall_clock(target->cpu, &seconds, &nanoseconds);
    capos_wall_clock_now_results_set_seconds(results, seconds);
    capos_wall_clock_now_results_set_nanoseconds(results, nanoseconds);
    return CAPOS_DONE;
}

static const struct capos_wall_clock_server server = {.now = now};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_wall_clock_dispatch(&server, self, inv);
}

const struct object_type wall_clock_type = {
    .name = "WallClock",
    .interface = CAPOS_WALL_CLOCK_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_wall_clock_interface,
    .serve = serve,
};

enum capos_status wall_clock_create(struct cpu *cpu, struct ledger *ledger, struct object **out) {
    return object_create(cpu, &wall_clock_type, ledger, out);
}
