// SPDX-License-Identifier: MIT
// The machine as the kernel's core sees it: CPUs. Implemented by kernel/arch/x86_64 and by the host
// stub in tests/host. Each implementation also brings its own header "machine/arch.h" (on the
// include path next to kernel/include), which defines
//
//     struct machine_cpu       its part of struct cpu, which begins with it
//     struct machine_context   a thread's user registers (machine/context.h)
//     struct machine_space     an address space's page tables (machine/space.h)
//     MACHINE_STATE_BYTES      what a thread has beside its context (machine/context.h)
//
// and these functions, inline because they are on every path:
//
//     void *machine_direct(struct paddr)        the kernel's pointer to physical memory; never NULL
//     struct paddr machine_direct_paddr(const void *)     its inverse, for pointers it has made
//     void machine_clear(void *, size_t)        zeroes memory, a multiple of 8 bytes
//     void machine_relax(void)                  the body of a spinning loop
//     uint32_t machine_clamp(uint32_t index, uint32_t size)
//                                               index when index < size, else 0, without a branch
//                                               that a CPU could predict past
//     void machine_memory_used(void *, size_t), machine_memory_freed(void *, size_t)
//                                               the kernel's allocator hands out, takes back this
//                                               memory: for tools that watch it, else empty
//     void machine_copy_words(void *to, const void *from, size_t words)
//                                               copies words of 8 bytes; the two don't overlap
//     uint64_t machine_cycles(void)             a counter that goes up at a constant rate (TSC)
//     void *machine_notes(void)                 MACHINE_NOTES bytes of this CPU's own, zero at
//     first,
//                                               for the debug kernel; NULL while it is starting
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "machine/arch.h"
#include "machine/types.h"

#include <stdbool.h>
#include <stdint.h>

// Lets waiting interrupts in and shuts them out again. An interrupt that comes while the kernel
// runs only records what it was about, with cpu_interrupt_pending() (core/cpu.h), and returns.
// Called between SQEs and in long loops, never with a lock held.
void machine_interrupt_window(struct cpu *cpu);

// Waits with interrupts on until one comes, and returns with interrupts off. Returns at once when
// cpu->pending is not zero; the test and the halt are one step, so no wake-up is lost.
void machine_idle(struct cpu *cpu);

// Makes another CPU enter its kernel soon (PENDING_IPI). Doesn't wait.
void machine_ipi(struct cpu *cpu, struct cpu *target);

// 64 random bits for ids and keys, from the best source that the machine has.
uint64_t machine_random(struct cpu *cpu);

#endif
