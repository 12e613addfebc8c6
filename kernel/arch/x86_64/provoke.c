// SPDX-License-Identifier: MIT
//
// Breaks one invariant on purpose; see provoke.h. Each function must end in a panic; one that comes
// back is reported as such, which is a test's failure.
#include "arch/x86_64/provoke.h"

#include "arch/x86_64/apic.h"
#include "arch/x86_64/bootinfo.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/image.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/mmu.h"
#include "arch/x86_64/x86.h"
#include "base/text.h"
#include "core/cpu.h"
#include "core/frame.h"
#include "core/kernel.h"
#include "core/log.h"
#include "core/panic.h"

#include <stddef.h>
#include <stdint.h>

struct provocation {
    const char *name;
    void (*provoke)(void);
};

static void provoke_panic(void) {
    panic("provoked");
}

static void provoke_write_text(void) {
    *(volatile uint8_t *)image_start = 0;
}

static void provoke_write_rodata(void) {
    *(volatile uint8_t *)image_text_end = 0;
}

static uint8_t provoke_data[16] = {0xc3};

static void provoke_execute_data(void) {
    void (*function)(void) = (void (*)(void))(uintptr_t)provoke_data;
    function();
}

static void provoke_null(void) {
    volatile uint8_t *nothing = (volatile uint8_t *)8;
    __asm__("" : "+r"(nothing));
    *nothing = 0;
}

static void provoke_divide(void) {
    __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx" ::
                         : "eax", "ecx", "edx");
}

static void provoke_invalid(void) {
    __asm__ volatile("ud2");
}

static void provoke_noncanonical(void) {
    volatile uint8_t *nowhere = (volatile uint8_t *)0x8000000000000000;
    __asm__("" : "+r"(nowhere));
    *nowhere = 0;
}

// A call that the compiler can't turn into a loop.
static uint64_t provoke_recurse(volatile uint64_t *above) {
    volatile uint64_t room[64] = {*above};
    return room[0] == 1 ? 0 : provoke_recurse(room) + room[1];
}

static void provoke_stack_overflow(void) {
    volatile uint64_t start[1] = {0};
    provoke_recurse(start);
}

static void provoke_overwrite(volatile uint8_t *buffer, size_t size) {
    for (size_t i = 0; i < size; i++)
        buffer[i] = 0xff;
}

// The compiler must not see where the stores go: it would leave out those that it knows to be
// wrong.
static void provoke_stack_guard(void) {
    uint8_t buffer[32];
    uint8_t *hidden = buffer;
    __asm__("" : "+r"(hidden)::"memory");
    provoke_overwrite(hidden, 48);
}

static void provoke_double_fault(void) {
    __asm__ volatile("mov %0, %%rsp; push %%rax" ::"r"(UINT64_C(0x1000)) : "memory");
}

static void provoke_nmi(void) {
    __asm__ volatile("int $2");
}

static void provoke_machine_check(void) {
    __asm__ volatile("int $18");
}

// A page that a process could read, write and execute, at 0 of the lower half.
static volatile uint8_t *provoke_user_page(void) {
    enum { USER_RWX = 7, LEVELS = 4 };
    uint64_t table = mmu_top();
    for (int level = 0; level < LEVELS; level++) {
        uint64_t next = mmu_take_page();
        *(uint64_t *)mmu_direct(table) = next | USER_RWX;
        table = next;
    }
    volatile uint8_t *page = (volatile uint8_t *)0;
    __asm__("" : "+r"(page));
    return page;
}

static void provoke_user_read(void) {
    (void)*provoke_user_page();
}

static void provoke_user_execute(void) {
    void (*function)(void) = (void (*)(void))(uintptr_t)provoke_user_page();
    function();
}

// An interrupt without a table to look it up in.
static void provoke_reset(void) {
    const struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) none = {0, 0};
    __asm__ volatile("lidt %0; ud2" ::"m"(none));
}

// An interrupt that no other CPU has a handler for.
static void provoke_other(void) {
    apic_send(cpu_current()->kernel->cpus[1]->machine.apic_id, IRQ_DEVICES_END);
    for (;;)
        x86_pause();
}

static void provoke_frame(void) {
    struct paddr frame;
    if (frame_alloc(cpu_current(), 0, &frame) != CAPOS_STATUS_OK)
        panic("no frame to free twice");
    frame_free(cpu_current(), frame, 0);
    frame_free(cpu_current(), frame, 0);
}

// Two locks in the wrong order.
static void provoke_locks(void) {
    static struct lock inner, outer;

    lock_init(&inner, LOCK_FRAMES);
    lock_init(&outer, LOCK_VM);
    lock_take(&inner);
    lock_take(&outer);
}

static const struct provocation provocations[] = {
    {"panic", provoke_panic},
    {"write-text", provoke_write_text},
    {"write-rodata", provoke_write_rodata},
    {"execute-data", provoke_execute_data},
    {"null", provoke_null},
    {"divide", provoke_divide},
    {"invalid", provoke_invalid},
    {"noncanonical", provoke_noncanonical},
    {"stack-overflow", provoke_stack_overflow},
    {"stack-guard", provoke_stack_guard},
    {"double-fault", provoke_double_fault},
    {"nmi", provoke_nmi},
    {"machine-check", provoke_machine_check},
    {"user-read", provoke_user_read},
    {"user-execute", provoke_user_execute},
    {"reset", provoke_reset},
    {"late-panic", provoke_panic},
    {"late-other", provoke_other},
    {"late-frame", provoke_frame},
    {"late-locks", provoke_locks},
};

// The value of the command line's word "provoke=", or NULL.
static const char *provoke_find(const char *line) {
    static const char key[] = "provoke=";
    for (; *line; line++) {
        size_t i = 0;
        while (key[i] && line[i] == key[i])
            i++;
        if (!key[i])
            return line + i;
    }
    return NULL;
}

void provoke(const char *command_line, bool late) {
    const char *name = provoke_find(command_line);
    if (name == NULL)
        return;
    if (text_starts_with(name, text_length(name, BOOTINFO_LINE), "late-") != late)
        return;
    size_t size = text_find(name, text_length(name, BOOTINFO_LINE), ' ');
    for (size_t i = 0; i < sizeof provocations / sizeof provocations[0]; i++) {
        if (text_is(name, size, provocations[i].name)) {
            log_line(cpu_current(), "provoke: %s", provocations[i].name);
            provocations[i].provoke();
            panic("%s did no harm", provocations[i].name);
        }
    }
    panic("there is nothing called %s to provoke", name);
}
