// SPDX-License-Identifier: MIT
//
// Starting the other CPUs; see smp.h. One at a time: they share the trampoline's page.
#include "arch/x86_64/smp.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/offsets.h"
#include "arch/x86_64/random.h"
#include "arch/x86_64/smp_trampoline.h"
#include "arch/x86_64/user.h"
#include "arch/x86_64/x86.h"
#include "base/memory.h"
#include "core/cpu.h"
#include "core/log.h"

#include <stddef.h>

// What the manuals ask for between INIT and start-up, and how long a CPU may take.
#define SMP_INIT_WAIT    UINT64_C(200000)
#define SMP_STARTUP_WAIT UINT64_C(200000)
#define SMP_PATIENCE     UINT64_C(500000000)

#define SMP_LOW_MEMORY UINT64_C(0xa0000)
#define SMP_TABLE      (ENTRY_PRESENT | ENTRY_WRITE)

_Static_assert(offsetof(struct trampoline_words, entry) == TRAMPOLINE_ENTRY, "offset");
_Static_assert(offsetof(struct trampoline_words, top) == TRAMPOLINE_TOP, "offset");
_Static_assert(offsetof(struct trampoline_words, far_offset) == TRAMPOLINE_FAR, "offset");
_Static_assert(offsetof(struct trampoline_words, gdt_limit) == TRAMPOLINE_GDT_LIMIT, "offset");
_Static_assert(offsetof(struct trampoline_words, gdt_base) == TRAMPOLINE_GDT_BASE, "offset");
_Static_assert(sizeof(struct trampoline_words) == TRAMPOLINE_WORDS_SIZE, "size");

enum { SMP_AWAY, SMP_ARRIVED, SMP_RELEASED };

static uint64_t smp_page;
static uint64_t smp_top;

void smp_prepare(struct bootmem *memory) {
    smp_page = bootmem_take(memory, MMU_PAGE, SMP_LOW_MEMORY);
    memcpy(mmu_direct(smp_page), trampoline, (size_t)(trampoline_end - trampoline));
    // The kernel's half, and the first 2 MiB as themselves.
    smp_top = mmu_take_page();
    uint64_t low = mmu_take_page(), directory = mmu_take_page();
    uint64_t *top = mmu_direct(smp_top);
    memcpy(top, mmu_direct(mmu_top()), MMU_PAGE);
    top[0] = low | SMP_TABLE;
    *(uint64_t *)mmu_direct(low) = directory | SMP_TABLE;
    *(uint64_t *)mmu_direct(directory) = SMP_TABLE | ENTRY_LARGE;
}

static _Noreturn void smp_enter(struct cpu *cpu) {
    x86_write_cr3(mmu_top());
    cpu_load(&cpu->machine);
    apic_enable();
    random_seed(&cpu->machine);
    atomic_store(&cpu->machine.online, SMP_ARRIVED);
    while (atomic_load(&cpu->machine.online) != SMP_RELEASED)
        machine_relax();
    user_go_on(cpu, NULL);
}

void smp_release(struct cpu *cpu) {
    atomic_store(&cpu->machine.online, SMP_RELEASED);
}

void smp_close(void) {
    // CLI, HLT, and back to the HLT.
    static const uint8_t stop[] = {0xfa, 0xf4, 0xeb, 0xfd};
    memcpy(mmu_direct(smp_page), stop, sizeof stop);
}

static void smp_fill(const struct cpu *cpu) {
    struct trampoline_words *words =
        mmu_direct(smp_page + (uint64_t)(trampoline_words - trampoline));
    *words = (struct trampoline_words){
        .stack = cpu->machine.stack,
        .cpu = (uint64_t)cpu,
        .entry = (uint64_t)smp_enter,
        .top = (uint32_t)smp_top,
        .far_offset = (uint32_t)(smp_page + (uint64_t)(trampoline_long - trampoline)),
        .far_selector = SELECTOR_KERNEL_CODE,
        .gdt_limit = 23,
        .gdt_base = (uint32_t)(smp_page + (uint64_t)(trampoline_gdt - trampoline)),
    };
    atomic_thread_fence(memory_order_seq_cst);
}

static bool smp_comes(struct cpu *cpu, uint64_t patience) {
    for (uint64_t waited = 0; waited < patience; waited += SMP_STARTUP_WAIT) {
        if (atomic_load(&cpu->machine.online) != SMP_AWAY)
            return true;
        clock_wait(SMP_STARTUP_WAIT);
    }
    return atomic_load(&cpu->machine.online) != SMP_AWAY;
}

bool smp_start(struct cpu *cpu) {
    uint32_t id = cpu->machine.apic_id;
    smp_fill(cpu);
    apic_send_init(id);
    clock_wait(SMP_INIT_WAIT);
    apic_send_startup(id, smp_page);
    if (smp_comes(cpu, 2 * SMP_STARTUP_WAIT))
        return true;
    apic_send_startup(id, smp_page);
    if (smp_comes(cpu, SMP_PATIENCE))
        return true;
    log_line(cpu_current(), "CPU %u (APIC %u) does not start", cpu->machine.number, id);
    return false;
}
