// SPDX-License-Identifier: MIT
//
// A QEMU plugin that writes the addresses of all instructions of a stretch of a run, one per line,
// for tests/bench/trace to name.
//
//     -plugin trace.so,at=ADDRESS,skip=N,count=N,out=FILE
//
// The stretch begins after the kernel has executed `at` (a link address; the image is placed at
// random, in steps of 2 MiB) `skip` times and ends when it has done so `count` times more. One CPU
// only.
#include "plugin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_STEP UINT64_C(0x200000)

static uint64_t at, skip, count, passed;
static FILE *out;

static void on_mark(void) {
    passed++;
    if (passed == skip + count && out != NULL) {
        fclose(out);
        out = NULL;
    }
}

static void on_instruction(unsigned cpu, void *data) {
    uint64_t address = (uint64_t)(uintptr_t)data;

    (void)cpu;
    if (address >> 63 != 0 && address % IMAGE_STEP == at % IMAGE_STEP)
        on_mark();
    if (passed >= skip && out != NULL)
        fprintf(out, "%016" PRIx64 "\n", address);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    size_t n = qemu_plugin_tb_n_insns(block);

    (void)id;
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);

        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, NO_REGISTERS,
                                               (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "at=", 3) == 0)
            at = strtoull(argv[i] + 3, NULL, 0);
        else if (strncmp(argv[i], "skip=", 5) == 0)
            skip = strtoull(argv[i] + 5, NULL, 0);
        else if (strncmp(argv[i], "count=", 6) == 0)
            count = strtoull(argv[i] + 6, NULL, 0);
        else if (strncmp(argv[i], "out=", 4) == 0)
            out = fopen(argv[i] + 4, "w");
        else
            return -1;
    }
    if (at == 0 || count == 0 || out == NULL)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
