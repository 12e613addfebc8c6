// SPDX-License-Identifier: MIT
//
// The instructions of x86-64 that C has no words for, one inline function each.
#ifndef CAPOS_ARCH_X86_H
#define CAPOS_ARCH_X86_H

#include <stdint.h>

enum {
    MSR_APIC_BASE = 0x1b,
    MSR_EFER = 0xc0000080,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_SFMASK = 0xc0000084,
    MSR_FS_BASE = 0xc0000100,
    MSR_GS_BASE = 0xc0000101,
    MSR_KERNEL_GS_BASE = 0xc0000102,
};

enum { EFER_SYSCALL = 1 << 0, EFER_NX = 1 << 11 };

#define CR0_MONITOR        (UINT64_C(1) << 1)
#define CR0_EMULATE        (UINT64_C(1) << 2)
#define CR0_TASK_SWITCHED  (UINT64_C(1) << 3)
#define CR0_NUMERIC_ERROR  (UINT64_C(1) << 5)
#define CR0_WRITE_PROTECT  (UINT64_C(1) << 16)
#define CR0_ALIGNMENT_MASK (UINT64_C(1) << 18)
#define CR0_NO_WRITE_BACK  (UINT64_C(1) << 29)
#define CR0_CACHE_DISABLE  (UINT64_C(1) << 30)

enum {
    CR4_TIMESTAMP_DISABLE = 1 << 2,
    CR4_GLOBAL_PAGES = 1 << 7,
    CR4_FXSAVE = 1 << 9,
    CR4_SIMD_EXCEPTIONS = 1 << 10,
    CR4_UMIP = 1 << 11,
    CR4_FSGSBASE = 1 << 16,
    CR4_SMEP = 1 << 20,
    CR4_SMAP = 1 << 21,
};

enum {
    FLAGS_RESERVED = 1 << 1,
    FLAGS_TRAP = 1 << 8,
    FLAGS_INTERRUPT = 1 << 9,
    FLAGS_DIRECTION = 1 << 10,
    FLAGS_PORTS = 3 << 12,
    FLAGS_NESTED = 1 << 14,
    FLAGS_ALIGNMENT = 1 << 18,
};

struct x86_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf) {
    struct x86_cpuid id;
    __asm__ volatile("cpuid"
                     : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx), "=d"(id.edx)
                     : "a"(leaf), "c"(subleaf));
    return id;
}

static inline uint64_t x86_read_msr(uint32_t msr) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void x86_write_msr(uint32_t msr, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static inline uint64_t x86_read_tsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t x86_read_cr0(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static inline uint64_t x86_read_cr2(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint64_t x86_read_cr3(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline uint64_t x86_read_cr4(void) {
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void x86_write_cr0(uint64_t value) {
    __asm__ volatile("mov %0, %%cr0" ::"r"(value) : "memory");
}

static inline void x86_write_cr3(uint64_t value) {
    __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory");
}

static inline void x86_write_cr4(uint64_t value) {
    __asm__ volatile("mov %0, %%cr4" ::"r"(value) : "memory");
}

static inline uint64_t x86_read_flags(void) {
    uint64_t value;
    __asm__ volatile("pushfq; pop %0" : "=r"(value)::"memory");
    return value;
}

static inline void x86_invalidate_page(const void *address) {
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

static inline void x86_interrupts_off(void) {
    __asm__ volatile("cli" ::: "memory");
}

static inline void x86_pause(void) {
    __asm__ volatile("pause" ::: "memory");
}

#endif
