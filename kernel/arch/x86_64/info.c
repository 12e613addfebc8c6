// SPDX-License-Identifier: MIT
//
// Facts about the machine and this kernel; see machine/info.h. And its end and restart:
// machine/power.h.
#include "machine/info.h"

#include "arch/x86_64/boot.h"
#include "arch/x86_64/features.h"
#include "core/log.h"
#include "core/panic.h"
#include "machine/power.h"
#include "platform/pc/power.h"

struct machine_protections machine_protections(struct cpu *cpu) {
    (void)cpu;
    return (struct machine_protections){
        .no_execute = true,
        .smep = features_has(FEATURE_SMEP),
        .smap = features_has(FEATURE_SMAP),
        .umip = features_has(FEATURE_UMIP),
        .randomised = true,
    };
}

const char *machine_version(struct cpu *cpu) {
    (void)cpu;
    return CAPOS_VERSION;
}

const char *machine_build(struct cpu *cpu) {
    (void)cpu;
    return boot_facts.build;
}

uint64_t machine_memory(struct cpu *cpu) {
    (void)cpu;
    return boot_facts.memory;
}

void machine_power_off(struct cpu *cpu, uint8_t status) {
    kassert(status <= MACHINE_STATUS_MAX);
    log_line(cpu, "off, with status %u", status);
    power_off((uint8_t)(POWER_STATUS + status));
}

void machine_reboot(struct cpu *cpu) {
    log_line(cpu, "reboot");
    power_reset();
}
