// SPDX-License-Identifier: MIT
//
// A QEMU plugin that counts the instructions from the kernel's entry to the first user instruction
// and writes both counts to a file as soon as it knows them (QEMU may be killed right afterwards).
//
//     -plugin count.so,entry=ADDRESS,out=FILE
//
// The boot goes through four phases, recognised by where code runs: firmware; from the first
// execution of `entry` (a physical address, before paging) the kernel in the lower half; the kernel
// in the upper half; and the first block after that which runs in the lower half again is user
// code. One CPU only.
#include "plugin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase { FIRMWARE, KERNEL_LOW, KERNEL_HIGH, USER };

static enum phase phase;
static uint64_t counted; // instructions so far, the running one included
static uint64_t entry_address;
static uint64_t entry_count;
static char out_name[4096];

static void write_result(uint64_t user_address) {
    FILE *out = fopen(out_name, "w");

    if (out == NULL) {
        perror(out_name);
        return;
    }
    fprintf(out, "entry %" PRIu64 "\nuser %" PRIu64 "\naddress 0x%" PRIx64 "\n", entry_count,
            counted, user_address);
    fclose(out);
}

static void on_entry(unsigned cpu, void *data) {
    (void)cpu;
    (void)data;
    if (phase != FIRMWARE)
        return;
    phase = KERNEL_LOW;
    entry_count = counted;
}

// The first instruction of a block of code, at address `data`.
static void on_block(unsigned cpu, void *data) {
    uint64_t address = (uint64_t)(uintptr_t)data;
    bool high = address >> 63 != 0;

    (void)cpu;
    if (phase == KERNEL_LOW && high) {
        phase = KERNEL_HIGH;
    } else if (phase == KERNEL_HIGH && !high) {
        phase = USER;
        write_result(address);
    }
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    size_t count = qemu_plugin_tb_n_insns(block);

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);

        // Counted before it runs, so that what runs at it sees itself included.
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &counted, 1);
        if (address == entry_address)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_entry, NO_REGISTERS, NULL);
        if (i == 0)
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_block, NO_REGISTERS,
                                                   (void *)(uintptr_t)address);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int count,
                        char **arguments) {
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "entry=", 6) == 0)
            entry_address = strtoull(arguments[i] + 6, NULL, 0);
        else if (strncmp(arguments[i], "out=", 4) == 0)
            snprintf(out_name, sizeof out_name, "%s", arguments[i] + 4);
        else
            return -1;
    }
    if (entry_address == 0 || out_name[0] == '\0')
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
