// SPDX-License-Identifier: MIT
// x86_64's part of the machine contract: the structs whose insides only the machine knows, and what
// has to be inline. Assembly knows the structs' offsets from arch/x86_64/offsets.h.
#ifndef MACHINE_ARCH_H
#define MACHINE_ARCH_H

#include "machine/types.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_DIRECT UINT64_C(0xffff800000000000)

// The task state segment: the stacks that the CPU switches to by itself.
struct machine_tss {
    uint32_t reserved0;
    uint64_t stack[3]; // for entry to rings 0 to 2
    uint64_t reserved1;
    uint64_t interrupt_stack[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));

// What x86_64 keeps per CPU, at GS while in the kernel.
struct machine_cpu {
    struct machine_cpu *self;
    uint64_t user_stack; // the user's stack pointer, during the first instructions of a system call
    uint64_t stack;      // top of this CPU's kernel stack
    struct machine_context *context; // where user registers are saved at entry
    uint64_t reserved;
    uint64_t guard;              // the stack protector's
    struct machine_space *space; // that is loaded, NULL for the kernel's own
    uint64_t fs_base;            // as loaded; meaningless with FSGSBASE
    bool fpu_on;                 // CR0.TS is clear: the FPU holds current's state
    uint32_t number;             // 0 is the CPU that booted
    uint64_t bit;                // its one in sets of CPUs
    uint32_t apic_id;            // its local APIC
    // Shootdowns that were asked of this CPU, and that it has answered; and the space that the last
    // was about, if it has not been answered.
    _Atomic uint32_t flush_wanted, flush_done;
    struct machine_space *_Atomic flush_space;
    _Atomic uint32_t online;
    // What machine_random() goes on from, and what it has in store.
    uint32_t random_key[8];
    uint32_t random_kept[8];
    uint32_t random_left;
    uint64_t gdt[8];
    struct machine_tss tss;
    uint64_t notes[16];
};
#define MACHINE_NOTES 128

// Registers as they are saved at an entry to the kernel: of a user thread in its own context, of
// the kernel on the kernel's stack, where there are only those up to ss.
struct machine_context {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    // As the CPU pushes them.
    uint64_t rip, cs, flags, rsp, ss;
    // Of threads that are not running.
    uint64_t fs_base, gs_base;
    struct fpu_state *fpu;      // NULL until the thread uses it
    struct fpu_state *fpu_room; // what it will be; NULL when the thread will not run again
} __attribute__((aligned(16)));

#define MACHINE_STATE_BYTES 512 // struct fpu_state

struct machine_space {
    uint64_t top;          // physical address of the top-level table
    uint64_t tables;       // frames that the tables use, the top-level one included
    _Atomic uint64_t cpus; // that have it loaded, or had, a bit each (shootdown.c)

    // The lowest table that was last walked to, and the entry that leads to it: of 2 MiB, whose
    // address it is in units of that; MACHINE_SPACE_NOWHERE: none.
    uint64_t leaf_at;
    uint64_t *leaf, *leaf_entry;
};

#define MACHINE_SPACE_NOWHERE UINT64_MAX

static inline void *machine_direct(struct paddr address) {
    return (void *)(MACHINE_DIRECT + address.value);
}

static inline struct paddr machine_direct_paddr(const void *pointer) {
    return (struct paddr){(uint64_t)pointer - MACHINE_DIRECT};
}

static inline void machine_clear(void *memory, size_t bytes) {
    size_t words = bytes / 8;
    __asm__ volatile("rep stosq" : "+D"(memory), "+c"(words) : "a"(UINT64_C(0)) : "memory");
}

static inline struct machine_cpu *machine_self(void) {
    struct machine_cpu *self;
    __asm__("mov %%gs:0, %0" : "=r"(self));
    return self;
}

static inline void *machine_notes(void) {
    struct machine_cpu *self = machine_self();

    return self == NULL ? NULL : self->notes;
}

// Answers the shootdowns that other CPUs have asked of this one.
void machine_flush(void);

static inline void machine_relax(void) {
    struct machine_cpu *self = machine_self();
    __asm__ volatile("pause" ::: "memory");
    if (atomic_load_explicit(&self->flush_wanted, memory_order_relaxed) !=
        atomic_load_explicit(&self->flush_done, memory_order_relaxed))
        machine_flush();
}

static inline uint32_t machine_clamp(uint32_t index, uint32_t size) {
    // CMP sets the carry when index < size; SBB makes all ones of it.
    uint32_t mask;
    __asm__("cmp %2, %1; sbb %0, %0" : "=r"(mask) : "r"(index), "r"(size) : "cc");
    return index & mask;
}

static inline void machine_copy_words(void *to, const void *from, size_t words) {
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static inline uint64_t machine_cycles(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

// For checkers of memory, which this machine has none of.
static inline void machine_memory_used(void *memory, size_t size) {
    (void)memory;
    (void)size;
}

static inline void machine_memory_freed(void *memory, size_t size) {
    (void)memory;
    (void)size;
}

#endif
