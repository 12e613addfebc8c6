// SPDX-License-Identifier: MIT
//
// CPU features; see features.h. One table says where CPUID shows each and which bit of CR4 turns it
// on.
#include "arch/x86_64/features.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/x86.h"
#include "base/format.h"
#include "core/log.h"
#include "core/panic.h"

enum feature_register { IN_EAX, IN_EBX, IN_ECX, IN_EDX };

struct feature_place {
    const char *name;
    uint32_t leaf;
    enum feature_register in;
    unsigned bit;
    uint64_t cr4; // what turns it on, or 0
};

static const struct feature_place feature_places[FEATURES] = {
    [FEATURE_SMEP] = {"SMEP", 7, IN_EBX, 7, CR4_SMEP},
    [FEATURE_SMAP] = {"SMAP", 7, IN_EBX, 20, CR4_SMAP},
    [FEATURE_UMIP] = {"UMIP", 7, IN_ECX, 2, CR4_UMIP},
    [FEATURE_FSGSBASE] = {"FSGSBASE", 7, IN_EBX, 0, CR4_FSGSBASE},
    [FEATURE_RDRAND] = {"RDRAND", 1, IN_ECX, 30, 0},
    [FEATURE_RDSEED] = {"RDSEED", 7, IN_EBX, 18, 0},
    [FEATURE_X2APIC] = {"x2APIC", 1, IN_ECX, 21, 0},
    [FEATURE_TSC_DEADLINE] = {"TSC deadline", 1, IN_ECX, 24, 0},
    [FEATURE_INVARIANT_TSC] = {"invariant TSC", 0x80000007, IN_EDX, 8, 0},
};

// What every x86-64 CPU of the last twenty years has. NX and long mode were checked before C.
static const struct feature_place feature_needed[] = {
    {"SYSCALL", 0x80000001, IN_EDX, 11, 0},
    {"a local APIC", 1, IN_EDX, 9, 0},
    {"global pages", 1, IN_EDX, 13, 0},
    {"FXSAVE", 1, IN_EDX, 24, 0},
    {"SSE2", 1, IN_EDX, 26, 0},
};

static bool feature_found[FEATURES];

static bool feature_probe(const struct feature_place *place) {
    uint32_t base = place->leaf & 0x80000000;
    if (x86_cpuid(base, 0).eax < place->leaf)
        return false;
    struct x86_cpuid id = x86_cpuid(place->leaf, 0);
    const uint32_t registers[] = {
        [IN_EAX] = id.eax, [IN_EBX] = id.ebx, [IN_ECX] = id.ecx, [IN_EDX] = id.edx};
    return registers[place->in] >> place->bit & 1;
}

void features_detect(void) {
    for (size_t i = 0; i < sizeof feature_needed / sizeof feature_needed[0]; i++)
        if (!feature_probe(&feature_needed[i]))
            panic("this CPU has no %s", feature_needed[i].name);
    for (unsigned i = 0; i < FEATURES; i++)
        feature_found[i] = feature_probe(&feature_places[i]);
}

bool features_has(enum feature feature) {
    return feature_found[feature];
}

const char *features_name(enum feature feature) {
    return feature_places[feature].name;
}

void features_enable(void) {
    uint64_t cr4 = x86_read_cr4() | CR4_GLOBAL_PAGES | CR4_FXSAVE | CR4_SIMD_EXCEPTIONS;
    for (unsigned i = 0; i < FEATURES; i++)
        if (feature_found[i])
            cr4 |= feature_places[i].cr4;
    x86_write_cr4(cr4);
    x86_write_msr(MSR_EFER, x86_read_msr(MSR_EFER) | EFER_SYSCALL | EFER_NX);
}

void features_log(void) {
    char buffer[96];
    struct format text;
    format_init(&text, buffer, sizeof buffer);
    for (unsigned i = 0; i < FEATURES; i++) {
        if (!feature_found[i] || feature_places[i].cr4 == 0)
            continue;
        format_char(&text, ' ');
        format_text(&text, feature_places[i].name);
    }
    log_line(cpu_current(), "protections: NX W^X%s", buffer);
}
