// SPDX-License-Identifier: MIT
//
// The interrupt descriptor table; see idt.h. Every vector has an entry stub of equal size in
// entry.S. All gates turn interrupts off. Those that may come when the stack or GS can't be trusted
// have a stack of their own.
#include "arch/x86_64/idt.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/offsets.h"

#include <stdbool.h>
#include <stdint.h>

enum { IDT_VECTORS = 256, IDT_STUB_SIZE = 16, IDT_INTERRUPT_GATE = 0x8e, IDT_USER_GATE = 0xee };
enum { VECTOR_BREAKPOINT = 3, VECTOR_OVERFLOW = 4 };

struct idt_gate {
    uint16_t offset_low, selector;
    uint8_t stack, attributes;
    uint16_t offset_middle;
    uint32_t offset_high, zero;
};

extern const uint8_t entry_stubs[];

static struct idt_gate idt[IDT_VECTORS] __attribute__((aligned(4096)));

static const uint8_t idt_stack[IDT_VECTORS] = {
    [VECTOR_DOUBLE_FAULT] = CPU_STACK_DOUBLE_FAULT + 1,
    [VECTOR_NMI] = CPU_STACK_NMI + 1,
    [VECTOR_MACHINE_CHECK] = CPU_STACK_MACHINE_CHECK + 1,
    [VECTOR_DEBUG] = CPU_STACK_DEBUG + 1,
};

void idt_init(void) {
    for (unsigned vector = 0; vector < IDT_VECTORS; vector++) {
        uint64_t stub = (uint64_t)&entry_stubs[vector * IDT_STUB_SIZE];
        bool user = vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW;
        idt[vector] = (struct idt_gate){
            .offset_low = (uint16_t)stub,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
            .selector = SELECTOR_KERNEL_CODE,
            .stack = idt_stack[vector],
            .attributes = user ? IDT_USER_GATE : IDT_INTERRUPT_GATE,
        };
    }
}

void idt_load(void) {
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" ::"m"(table));
}
