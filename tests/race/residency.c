// SPDX-License-Identifier: MIT
//
// Which CPUs a shootdown asks, in every order with few preemptions: x86_64's own shootdown.c and
// space.c, with the instructions that no program may execute replaced by a model of a CPU that
// keeps every translation for as long as it may. A page that was unmapped is freed when its
// shootdown is over; nobody may use it then. With one guard taken out somebody does.
#include "kernel/arch/x86_64/include/machine/arch.h" // before the host's

#define CAPOS_ARCH_X86_H // these instead

static uint64_t x86_read_cr3(void);
static void x86_write_cr3(uint64_t value);
static void x86_invalidate_page(const void *address);

static struct machine_cpu *model_self(void);
static void model_relax(void);
#define machine_self()  model_self()
#define machine_relax() model_relax()

#include "kernel/arch/x86_64/shootdown.c"
#include "kernel/arch/x86_64/space.c"

#undef machine_relax

#include "tests/harness.h"
#include "tests/race/explore.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CPUS = 3, SPACES = 2, PREEMPTIONS = 3, DESTROYED = 0x5a };

// What a CPU does without.
enum broken {
    WHOLE,
    NO_BIT,  // it loads a space and does not say so
    NO_LOOK, // it is asked about a space, and takes its bit out though it has it loaded
    NO_WAIT, // it asks, and goes on
};

static struct kernel kernel;
static struct cpu cpus[CPUS];
static struct machine_space spaces[SPACES]; // with one page each

static struct {
    bool mapped[SPACES], freed[SPACES];
    bool known[CPUS][SPACES]; // the translation is in the CPU's buffer
    uint64_t cr3[CPUS];
    bool interrupt[CPUS];
    unsigned sent[CPUS];
    unsigned played; // a CPU, while nothing is explored
    unsigned over;   // fibers that only answer now
    bool destroys;
} model;
static enum broken broken;

void (*host_relax)(void);
_Thread_local void *host_notes;

_Noreturn void panic(const char *format, ...) {
    fprintf(stderr, "panic: %s\n", format);
    exit(1);
}

static void require(bool condition, const char *what) {
    if (condition)
        return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

// A fiber's notes say which CPU it plays.
static unsigned self(void) {
    return host_notes == NULL ? model.played : (unsigned)*(uint64_t *)host_notes - 1;
}

static struct machine_cpu *model_self(void) {
    return &cpus[self()].machine;
}

static uint64_t x86_read_cr3(void) {
    return model.cr3[self()];
}

// Forgets, and looks ahead at once.
static void x86_write_cr3(uint64_t value) {
    model.cr3[self()] = value;
    for (unsigned i = 0; i < SPACES; i++)
        model.known[self()][i] = value == spaces[i].top && model.mapped[i];
    race_point();
}

static void x86_invalidate_page(const void *address) {
    (void)address;
    for (unsigned i = 0; i < SPACES; i++)
        if (model.cr3[self()] == spaces[i].top)
            model.known[self()][i] = false;
}

void apic_send(uint32_t apic_id, unsigned vector) {
    ck_assert_uint_eq(vector, IRQ_SHOOTDOWN);
    model.sent[apic_id]++;
    model.interrupt[apic_id] = true;
}

void irq_set(unsigned vector, irq_handler *handler) {
    (void)vector;
    (void)handler;
}

uint64_t mmu_top(void) {
    return 1;
}

enum capos_status frame_alloc(struct cpu *cpu, unsigned order, struct paddr *out) {
    (void)cpu;
    (void)order;
    (void)out;
    panic("no frames here");
}

void frame_free(struct cpu *cpu, struct paddr frame, unsigned order) {
    (void)cpu;
    (void)frame;
    (void)order;
    panic("no frames here");
}

static void take_interrupt(void) {
    struct machine_cpu *cpu = model_self();
    struct machine_space *loaded = cpu->space;

    if (!model.interrupt[self()])
        return;
    model.interrupt[self()] = false;
    if (broken == NO_LOOK)
        cpu->space = NULL;
    shootdown_interrupt(&cpus[self()], IRQ_SHOOTDOWN);
    cpu->space = loaded;
}

static void play(unsigned cpu) {
    model.played = cpu;
}

// While nothing is explored the others answer at once.
static void model_relax(void) {
    unsigned before = model.played;

    for (unsigned i = 0; i < CPUS && broken == NO_WAIT; i++)
        cpus[i].machine.flush_done = cpus[i].machine.flush_wanted;
    if (broken == NO_WAIT)
        return;
    if (model_self()->flush_wanted != model_self()->flush_done)
        machine_flush();
    if (host_relax != NULL) {
        host_relax();
        return;
    }
    for (unsigned i = 0; i < CPUS; i++) {
        play(i);
        take_interrupt();
    }
    play(before);
}

static void load(struct machine_space *space) {
    machine_space_load(&cpus[self()], space);
    if (broken == NO_BIT && space != NULL)
        space->cpus &= ~model_self()->bit;
}

// A program on this CPU uses the page, after interrupts that have come meanwhile. One that comes
// then is a moment too late.
static void use(unsigned space) {
    race_point();
    take_interrupt();
    race_point();
    if (!model.known[self()][space] && !model.mapped[space])
        return; // it faults
    model.known[self()][space] = true;
    require(!model.freed[space], "a page is used after it was freed");
}

static void shoot_down(unsigned space) {
    machine_space_shootdown(&cpus[self()], &spaces[space], (struct uaddr){0x400000}, 1);
}

static void unmap(unsigned space) {
    race_point();
    model.mapped[space] = false;
    race_point();
    shoot_down(space);
    model.freed[space] = true;
    if (model.destroys && space == 0)
        spaces[0].cpus = DESTROYED;
}

static void begin(void) {
    memset(&model, 0, sizeof model);
    memset(cpus, 0, sizeof cpus);
    kernel.cpu_count = CPUS;
    for (unsigned i = 0; i < CPUS; i++) {
        kernel.cpus[i] = &cpus[i];
        cpus[i].kernel = &kernel;
        cpus[i].index = i;
        cpus[i].machine.self = &cpus[i].machine;
        cpus[i].machine.number = cpus[i].machine.apic_id = i;
        cpus[i].machine.bit = UINT64_C(1) << i;
        model.cr3[i] = mmu_top();
    }
    for (unsigned i = 0; i < SPACES; i++) {
        spaces[i] = (struct machine_space){.top = 0x1000 * (i + 1)};
        model.mapped[i] = true;
    }
}

static void load_on(unsigned cpu, struct machine_space *space) {
    play(cpu);
    load(space);
}

// The second CPU has had one space and has the other.
static void one_was_here(void) {
    begin();
    load_on(0, &spaces[0]);
    load_on(1, &spaces[0]);
    load_on(1, &spaces[1]);
    load_on(2, &spaces[1]);
}

static void one_was_here_and_it_goes(void) {
    one_was_here();
    load_on(0, NULL);
    model.destroys = true;
}

// Who has done all goes on answering, or others would wait for ever.
static void answer(unsigned fibers) {
    for (model.over++; model.over < fibers;) {
        take_interrupt();
        host_relax();
    }
}

static void become(unsigned cpu) {
    *(uint64_t *)host_notes = cpu + 1;
}

static void go_round(void) {
    use(1);
    load(&spaces[0]);
    use(0);
    use(0);
    load(&spaces[1]);
    use(1);
    load(&spaces[0]);
    use(0);
}

static void unmap_or_switch(unsigned number) {
    become(number);
    if (number == 0)
        unmap(0);
    else
        go_round();
    answer(2);
}

// Of one space something else was unmapped just before.
static void unmap_both_or_switch(unsigned number) {
    become(number);
    if (number == 0)
        shoot_down(0);
    if (number == 1)
        go_round();
    else
        unmap(number == 0 ? 0 : 1);
    answer(3);
}

static void destroy_or_stay(unsigned number) {
    become(number);
    if (number != 1) {
        unmap(number == 0 ? 0 : 1);
    } else {
        use(1);
        use(1);
        load(NULL);
    }
    answer(3);
}

static void check(void) {
    for (unsigned i = 0; i < CPUS; i++)
        for (unsigned space = 0; space < SPACES; space++)
            require(cpus[i].machine.space != &spaces[space] ||
                        (spaces[space].cpus & cpus[i].machine.bit) != 0 || broken != WHOLE,
                    "a CPU has a space that does not know it");
    require(!model.destroys || spaces[0].cpus == DESTROYED, "a space is written that is gone");
}

static const struct {
    const char *name;
    struct race_scenario scenario;
    enum broken broken;
} races[] = {
    {"unmap against switches", {2, one_was_here, unmap_or_switch, check}, NO_BIT},
    {"unmap where it is loaded", {2, one_was_here, unmap_or_switch, check}, NO_WAIT},
    {"two unmaps against switches", {3, one_was_here, unmap_both_or_switch, check}, NO_LOOK},
    {"two unmaps and an end", {3, one_was_here_and_it_goes, destroy_or_stay, check}, NO_WAIT},
};

enum { RACES = sizeof races / sizeof races[0] };

START_TEST(no_page_is_used_after_its_shootdown) {
    uint64_t runs = race_explore(&races[_i].scenario, PREEMPTIONS);

    printf("# %s: %lu schedules of at most %u preemptions\n", races[_i].name, (unsigned long)runs,
           (unsigned)PREEMPTIONS);
    fflush(stdout);
    ck_assert_uint_gt(runs, 20);
}
END_TEST

// In a process of its own, which must fail.
START_TEST(without_its_guard_it_is) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(0);
        signal(SIGALRM, SIG_DFL); // not Check's, which would end the test itself
        alarm(20);
        broken = races[_i].broken;
        (void)race_explore(&races[_i].scenario, PREEMPTIONS);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "%s: nobody misses the guard",
                  races[_i].name);
}
END_TEST

static void shoot_down_on(unsigned cpu, unsigned space) {
    play(cpu);
    shoot_down(space);
}

// Who has gone elsewhere is asked once more, and then not until it comes back; who was never there
// is not asked at all.
START_TEST(only_who_has_it_is_asked) {
    one_was_here();
    shoot_down_on(0, 0);
    ck_assert_uint_eq(model.sent[1], 1);
    shoot_down_on(0, 0);
    ck_assert_uint_eq(model.sent[1], 1);
    load_on(1, &spaces[0]);
    shoot_down_on(0, 0);
    shoot_down_on(0, 0);
    ck_assert_uint_eq(model.sent[1], 3);
    ck_assert_uint_eq(model.sent[0] + model.sent[2], 0);
    load_on(0, &spaces[1]);
    shoot_down_on(0, 0); // it was itself the one that has gone
    ck_assert_uint_eq(spaces[0].cpus, cpus[1].machine.bit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("x86_64: residency");
    TCase *orders = tcase_create("orders");

    harness_add(suite, "who is asked", only_who_has_it_is_asked);
    tcase_set_timeout(orders, 300);
    tcase_add_loop_test(orders, no_page_is_used_after_its_shootdown, 0, RACES);
    tcase_add_loop_test(orders, without_its_guard_it_is, 0, RACES);
    suite_add_tcase(suite, orders);
    return harness_run(suite);
}
