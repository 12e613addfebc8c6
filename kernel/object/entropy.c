// SPDX-License-Identifier: MIT
// Entropy: stateless; each CPU's generator is the machine's.
#include "object/entropy.h"

#include "base/bits.h"
#include "base/memory.h"
#include "core/dispatch.h"
#include "machine/cpu.h"
#include "machine/info.h"
#include "schemas/entropy.capos.h"

#define READ_MAX 1024u

static void fill(struct cpu *cpu, uint8_t *to, uint32_t bytes) {
    for (uint32_t done = 0; done < bytes; done += 8) {
        uint64_t word = machine_random(cpu);

        memcpy(to + done, &word, min_u32(bytes - done, sizeof word));
    }
}

static int read(void *self, struct capos_invocation *inv, struct capos_entropy_read_params params,
                struct capos_entropy_read_results_builder results) {
    const struct target *target = self;
    uint32_t bytes = capos_entropy_read_params_bytes(params);
    bool hardware = machine_random_is_hardware(target->cpu);
    uint8_t *data;

    if (bytes == 0 || bytes > READ_MAX)
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, "1 to 1,024 bytes can be read at a time");
    data = capos_entropy_read_results_init_data(results, bytes);
    if (data == NULL)
        return capos_fail(inv, CAPOS_FAILED, "the results have no room for so many bytes");
    fill(target->cpu, data, bytes);
    capos_entropy_read_results_set_source(results, hardware ? CAPOS_ENTROPY_SOURCE_HARDWARE
                                                            : CAPOS_ENTROPY_SOURCE_TIMING);
    return CAPOS_DONE;
}

static const struct capos_entropy_server server = {.read = read};

static int serve(void *self, struct capos_invocation *inv) {
    return capos_entropy_dispatch(&server, self, inv);
}

const struct object_type entropy_type = {
    .name = "Entropy",
    .interface = CAPOS_ENTROPY_INTERFACE_ID,
    .size = sizeof(struct object),
    .kind = OBJECT_KERNEL,
    .unheld = true,
    .methods = &capos_entropy_interface,
    .serve = serve,
};

enum capos_status entropy_create(struct cpu *cpu, struct ledger *ledger, struct object **out) {
    return object_create(cpu, &entropy_type, ledger, out);
}
