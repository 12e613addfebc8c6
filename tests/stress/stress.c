// SPDX-License-Identifier: MIT
//
// The init of the stress image: starts judges, each with puppets and a model of its own, all at the
// same time, and looks whether every one of them finds kernel and model to agree, and whether
// anything is missing at the end. Its parameters are SEED STEPS JUDGES. Prints TAP and figures.
#include "base/format.h"
#include "schemas/endpoint.capos.h"
#include "schemas/memory.capos.h"
#include "tests/guest/guest.h"

enum { JUDGES_MAX = 8, PUPPETS = 5 };

static uint64_t seed, steps, judges;
static struct capos_process_handle judge[JUDGES_MAX];

static uint64_t read_number(const char **text) {
    uint64_t number = 0;

    while (**text == ' ')
        ++*text;
    for (; **text >= '0' && **text <= '9'; ++*text)
        number = number * 10 + (uint64_t)(**text - '0');
    return number;
}

static void read_parameters(void) {
    const char *text = guest_parameters();

    seed = read_number(&text);
    steps = read_number(&text);
    judges = read_number(&text);
    if (steps == 0 || judges == 0 || judges > JUDGES_MAX)
        capos_panic("the parameters are SEED STEPS JUDGES");
}

static const char *name_number(char *to, size_t size, const char *prefix, uint64_t number) {
    struct format f;

    format_init(&f, to, size - 1);
    format_text(&f, prefix);
    format_u64(&f, number);
    to[f.used] = 0;
    return to;
}

static void start_judge(unsigned n) {
    char seed_name[32], steps_name[32];
    const struct guest_system *system = guest_system();
    const struct guest_program program = {
        .binary = "judge",
        .limits = {.slots = 512,
                   .frames = 2560,
                   .reserved_pages = 16384,
                   .threads = PUPPETS + 1,
                   .endpoints = 8,
                   .facets = 24576,
                   .calls_held = 64,
                   .kernel_memory = 4096},
        .grants = 11,
        .grant = {{"console", system->console, GUEST_COPY},
                  {"bootPackage", system->package, GUEST_COPY},
                  {"spawner", system->spawner, GUEST_COPY},
                  {"systemInfo", system->info, GUEST_COPY},
                  {"timer", system->timer, GUEST_COPY},
                  {"power", system->power, GUEST_COPY},
                  {"frames", capos_need("frames", CAPOS_FRAME_ALLOCATOR_INTERFACE_ID), GUEST_COPY},
                  {"endpoints", capos_need("endpoints", CAPOS_ENDPOINT_FACTORY_INTERFACE_ID),
                   GUEST_COPY},
                  {"virtualMemory", CAPOS_OWN_CAPABILITY_VIRTUAL_MEMORY, GUEST_OWN},
                  {name_number(seed_name, sizeof seed_name, "seed=", seed + n), system->timer,
                   GUEST_COPY},
                  {name_number(steps_name, sizeof steps_name, "steps=", steps / judges),
                   system->timer, GUEST_COPY}},
    };

    judge[n] = guest_start(&program);
}

static void start_all(void) {
    for (unsigned i = 0; i < judges; i++)
        start_judge(i);
}

static void await_all(bool tell) {
    struct guest_outcome outcome = {0};

    for (unsigned i = 0; i < judges; i++) {
        bool ok = guest_wait(judge[i], &outcome) && outcome.status == 0 &&
                  outcome.how == CAPOS_PROCESS_END_WHICH_EXITED;
        if (!tell)
            continue;
        format_text(guest_line(ok, "kernel and model agree: judge "), outcome.text);
        guest_line_end();
    }
}

int main(void) {
    uint64_t all, began;

    guest_attach();
    read_parameters();
    guest_begin((unsigned)judges + 1);
    guest_note("seed", seed);
    all = steps;
    steps = 50 * judges;
    start_all(); // what is made once is made
    await_all(false);
    (void)guest_baseline();
    steps = all;
    began = guest_now();
    start_all();
    await_all(true);
    guest_check_memory();
    guest_note("steps in all", all);
    guest_note("milliseconds", (guest_now() - began) / GUEST_MS);
    guest_end();
}
