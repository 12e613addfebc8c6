// SPDX-License-Identifier: MIT
//
// What the CPU has: read once by CPUID on the CPU that boots, turned on alike on each.
#ifndef CAPOS_ARCH_FEATURES_H
#define CAPOS_ARCH_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

enum feature {
    FEATURE_SMEP,
    FEATURE_SMAP,
    FEATURE_UMIP,
    FEATURE_FSGSBASE,
    FEATURE_RDRAND,
    FEATURE_RDSEED,
    FEATURE_X2APIC,
    FEATURE_TSC_DEADLINE,
    FEATURE_INVARIANT_TSC,
    FEATURES,
};

// Reads CPUID; panics without what the kernel can't do without (SYSCALL, SSE2, FXSAVE, global
// pages).
void features_detect(void);

bool features_has(enum feature feature);
const char *features_name(enum feature feature);

// Turns on, in the CPU that runs this, every protection that was found.
void features_enable(void);

// Logs which protections are on and where random numbers come from.
void features_log(void);

#endif
