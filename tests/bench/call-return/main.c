// SPDX-License-Identifier: MIT
//
// call-return: measures a call of the Echo that it was granted as `echo`, with a struct of 64 bytes
// each way, as any client makes it: built, sent, waited for, read and checked. Prints
// `bench call_return_64 MIN MEDIAN`, in ticks of the time stamp counter per round trip; under
// -icount shift=0 a tick is an instruction. Exit status 1 when an answer was wrong.
#include "capos/runtime.h"

#include "base/format.h"
#include "schemas/demo/echo.capos.h"

enum { WARM_UP = 2, SAMPLES = 15, CALLS = 100 };

static struct demo_echo echo;

static uint64_t ticks(void) {
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static void build(struct demo_sample_builder to, uint64_t n) {
    demo_sample_set_a(to, n);
    demo_sample_set_b(to, n + 1);
    demo_sample_set_c(to, n + 2);
    demo_sample_set_d(to, n + 3);
    demo_sample_set_e(to, n + 4);
    demo_sample_set_f(to, n + 5);
    demo_sample_set_g(to, n + 6);
    demo_sample_set_h(to, n + 7);
}

static bool is_next(struct demo_sample from, uint64_t n) {
    return demo_sample_a(from) == n + 1 && demo_sample_b(from) == n + 2 &&
           demo_sample_c(from) == n + 3 && demo_sample_d(from) == n + 4 &&
           demo_sample_e(from) == n + 5 && demo_sample_f(from) == n + 6 &&
           demo_sample_g(from) == n + 7 && demo_sample_h(from) == n + 8;
}

static bool round_trip(uint64_t n) {
    struct demo_echo_sample_results results;
    struct capos_call call;
    bool right;

    build(demo_echo_sample_params_init_sample(demo_echo_sample_begin(&call, capos_ring(), echo)),
          n);
    right = demo_echo_sample_call(&call, &results) == CAPOS_DONE &&
            is_next(demo_echo_sample_results_sample(results), n);
    capos_call_release(&call);
    return right;
}

// Ticks of one sample, or 0 when an answer was wrong.
static uint64_t sample(void) {
    uint64_t start = ticks();

    for (uint64_t n = 0; n < CALLS; n++)
        if (!round_trip(n))
            return 0;
    return ticks() - start;
}

static void sort(uint64_t *values, int count) {
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0 && values[k] < values[k - 1]; k--) {
            uint64_t value = values[k];

            values[k] = values[k - 1];
            values[k - 1] = value;
        }
}

static void report(const uint64_t *sorted) {
    char text[100];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, "bench call_return_64 ");
    format_u64(&f, sorted[0] / CALLS);
    format_text(&f, " ");
    format_u64(&f, sorted[SAMPLES / 2] / CALLS);
    format_text(&f, "\n");
    capos_print(text);
}

int main(void) {
    uint64_t taken[SAMPLES];

    echo.id = capos_need("echo", DEMO_ECHO_INTERFACE_ID);
    for (int i = 0; i < WARM_UP; i++)
        if (sample() == 0)
            return 1;
    for (int i = 0; i < SAMPLES; i++) {
        taken[i] = sample();
        if (taken[i] == 0)
            return 1;
    }
    sort(taken, SAMPLES);
    report(taken);
    return 0;
}
