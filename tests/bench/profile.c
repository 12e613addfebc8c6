// SPDX-License-Identifier: MIT
//
// A QEMU plugin that counts every instruction which a guest executes between two marks, by its
// address and by its class, and writes the sums of a row at the row's end mark:
//
//     -plugin profile.so,out=FILE[,addresses=1]
//
//     row NUMBER SAMPLES
//     class NAME COUNT
//     at ADDRESS COUNT          with addresses=1
//
// A guest marks by the instruction nopl 0x7eNN4b4d(%rax): NN = 00 begins a sample, 01 ends it, ff
// ends a row. A program at another's addresses is counted apart from it where the bytes differ. One
// CPU only.
#include "plugin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What costs most on silicon. `locked` also has XCHG with memory.
enum kind { OTHER, CR3, SYSCALL, IRET, WRMSR, LOCKED, REP, INVLPG, FPU_STATE, PORT, HALT, KINDS };
// Their names are what the table's columns and `class` lines say.
static const char *const kind_names[KINDS] = {
    "other", "cr3", "syscall", "iret", "wrmsr", "locked", "rep", "invlpg", "fpu", "port", "halt"};

// One instruction. Never freed: translated code keeps the address of `count`.
struct place {
    struct place *next; // in its bucket
    uint64_t address;
    uint64_t bytes; // the first ones of the instruction, and its length
    enum kind kind;
    uint64_t count;    // since the machine began
    uint64_t at_begin; // count when the sample began
    uint64_t in_row;   // in the row's samples
};

enum { BUCKETS = 1 << 16, MARK_BYTES = 7 };

static struct place *buckets[BUCKETS];
static unsigned rows, samples;
static bool sampling;
static bool want_addresses;
static FILE *out;

static void for_all(void (*visit)(struct place *place)) {
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct place *place = buckets[i]; place != NULL; place = place->next)
            visit(place);
}

static void begin(struct place *place) {
    place->at_begin = place->count;
}

static void end(struct place *place) {
    place->in_row += place->count - place->at_begin;
}

static uint64_t totals[KINDS];

static void sum(struct place *place) {
    totals[place->kind] += place->in_row;
    if (want_addresses && place->in_row != 0)
        fprintf(out, "at %016" PRIx64 " %" PRIu64 "\n", place->address, place->in_row);
    place->in_row = 0;
}

static void end_row(void) {
    fprintf(out, "row %u %u\n", rows++, samples);
    memset(totals, 0, sizeof totals);
    for_all(sum);
    for (int i = 0; i < KINDS; i++)
        fprintf(out, "class %s %" PRIu64 "\n", kind_names[i], totals[i]);
    fflush(out);
    samples = 0;
}

static void on_mark(unsigned cpu, void *data) {
    uint8_t number = (uint8_t)(uintptr_t)data;

    (void)cpu;
    if (number == 0) {
        for_all(begin);
        sampling = true;
    } else if (number == 1 && sampling) {
        for_all(end);
        sampling = false;
        samples++;
    } else if (number == 0xff) {
        end_row();
    }
}

static bool is_mark(const uint8_t *p, size_t size) {
    static const uint8_t head[] = {0x0f, 0x1f, 0x80, 0x4d, 0x4b};

    return size == MARK_BYTES && memcmp(p, head, sizeof head) == 0 && p[6] == 0x7e;
}

static bool is_prefix(uint8_t byte) {
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e,
                                       0x36, 0x3e, 0x26, 0x64, 0x65};

    return memchr(prefixes, byte, sizeof prefixes) != NULL;
}

// Opcodes after 0x0f; `m` is the byte that follows.
static enum kind kind_of_two_bytes(uint8_t opcode, uint8_t m) {
    unsigned reg = m >> 3 & 7, mod = m >> 6;

    switch (opcode) {
    case 0x05:
    case 0x34:
        return SYSCALL;
    case 0x22:
        return reg == 3 ? CR3 : OTHER;
    case 0x30:
        return WRMSR;
    case 0x01:
        return reg == 7 && mod != 3 ? INVLPG : OTHER;
    case 0xae:
        return mod != 3 && (reg <= 1 || reg >= 4) && reg != 7 ? FPU_STATE : OTHER;
    default:
        return OTHER;
    }
}

static enum kind kind_of(const uint8_t *p, size_t size) {
    bool locked = false, repeated = false;
    size_t i = 0;

    for (; i < size && is_prefix(p[i]); i++) {
        locked = locked || p[i] == 0xf0;
        repeated = repeated || p[i] == 0xf2 || p[i] == 0xf3;
    }
    if (i < size && (p[i] & 0xf0) == 0x40) // REX
        i++;
    uint8_t opcode = i < size ? p[i] : 0;
    uint8_t next = i + 1 < size ? p[i + 1] : 0;

    if (locked || ((opcode == 0x86 || opcode == 0x87) && next >> 6 != 3))
        return LOCKED;
    if (opcode == 0x0f)
        return kind_of_two_bytes(next, i + 2 < size ? p[i + 2] : 0);
    if (repeated && ((opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf)))
        return REP;
    if (opcode == 0xcf)
        return IRET;
    if (opcode == 0xf4)
        return HALT;
    if ((opcode >= 0xe4 && opcode <= 0xe7) || (opcode >= 0xec && opcode <= 0xef))
        return PORT;
    return OTHER;
}

static struct place *place_of(const struct qemu_plugin_insn *insn) {
    uint64_t address = qemu_plugin_insn_vaddr(insn), bytes = 0;
    const uint8_t *p = qemu_plugin_insn_data(insn);
    size_t size = qemu_plugin_insn_size(insn);
    size_t bucket = (address ^ address >> 16) % BUCKETS;
    struct place *place = buckets[bucket];

    memcpy(&bytes, p, size < 7 ? size : 7);
    bytes = bytes << 8 | size;
    while (place != NULL && (place->address != address || place->bytes != bytes))
        place = place->next;
    if (place != NULL)
        return place;
    place = calloc(1, sizeof *place);
    if (place == NULL)
        abort();
    *place = (struct place){
        .next = buckets[bucket], .address = address, .bytes = bytes, .kind = kind_of(p, size)};
    buckets[bucket] = place;
    return place;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    size_t count = qemu_plugin_tb_n_insns(block);

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        const uint8_t *p = qemu_plugin_insn_data(insn);

        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64, &place_of(insn)->count, 1);
        if (is_mark(p, qemu_plugin_insn_size(insn)))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, NO_REGISTERS,
                                                   (void *)(uintptr_t)p[5]);
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int count,
                        char **arguments) {
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "out=", 4) == 0)
            out = fopen(arguments[i] + 4, "w");
        else if (strcmp(arguments[i], "addresses=1") == 0)
            want_addresses = true;
        else
            return -1;
    }
    if (out == NULL)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
