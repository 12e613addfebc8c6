// SPDX-License-Identifier: MIT
//
// See bench.h. The message of the day names the rows to measure, separated by blanks; all if it is
// empty. Each row is sampled 15 times after two samples that do not count, and reported by a line
//
//     bench NAME LEAST MEDIAN OPERATIONS
//
// of ticks of the time stamp counter per sample; under -icount shift=0 a tick is an instruction.
// Around each sample that counts, and after a row's last one, stand instructions without effect
// that the plugin profile.c knows. Exit status 1 when an operation failed or answered wrongly.
#include "bench.h"

#include "base/format.h"
#include "base/text.h"
#include "schemas/system.capos.h"

enum { WARM_UP = 2, SAMPLES = 15, WANTED_BYTES = 512 };

struct bench_peer bench_peer;

static const struct bench_rows *const groups[] = {
    &bench_rows_entry,  &bench_rows_kernel,   &bench_rows_call,    &bench_rows_bulk,
    &bench_rows_memory, &bench_rows_pipeline, &bench_rows_process, &bench_rows_thread,
};

static char wanted[WANTED_BYTES];
static uint32_t wanted_size;

static inline uint64_t ticks(void) {
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

// nopl NUMBER(%rax): reads and writes nothing, and can be told from any other instruction.
static inline void mark_begin(void) {
    __asm__ volatile("nopl 0x7e004b4d(%%rax)" ::: "memory");
}

static inline void mark_end(void) {
    __asm__ volatile("nopl 0x7e014b4d(%%rax)" ::: "memory");
}

static inline void mark_row(void) {
    __asm__ volatile("nopl 0x7eff4b4d(%%rax)" ::: "memory");
}

static void read_wanted(void) {
    struct capos_system_info info = {capos_grant("systemInfo", CAPOS_SYSTEM_INFO_INTERFACE_ID)};
    struct capos_system_info_info_results results;
    struct capos_call call;

    if (capos_system_info_info(&call, capos_ring(), info, &results) == CAPOS_DONE) {
        struct capos_text text = capos_system_info_info_results_message_of_the_day(results);

        for (; wanted_size < text.size && wanted_size < WANTED_BYTES; wanted_size++)
            wanted[wanted_size] = text.data[wanted_size];
    }
    capos_call_release(&call);
}

static bool is_wanted(const char *name) {
    uint32_t begin = 0;

    for (uint32_t i = 0; i <= wanted_size; i++) {
        if (i < wanted_size && wanted[i] != ' ')
            continue;
        if (text_is(wanted + begin, i - begin, name))
            return true;
        begin = i + 1;
    }
    return wanted_size == 0;
}

static void sort(uint64_t *values, int count) {
    for (int i = 1; i < count; i++)
        for (int k = i; k > 0 && values[k] < values[k - 1]; k--) {
            uint64_t value = values[k];

            values[k] = values[k - 1];
            values[k - 1] = value;
        }
}

static void report(const struct bench_row *row, const uint64_t *sorted) {
    char text[120];
    struct format f;

    format_init(&f, text, sizeof text);
    format_text(&f, "bench ");
    format_text(&f, row->name);
    format_text(&f, " ");
    format_u64(&f, sorted[0]);
    format_text(&f, " ");
    format_u64(&f, sorted[SAMPLES / 2]);
    format_text(&f, " ");
    format_u64(&f, row->operations);
    format_text(&f, "\n");
    capos_print(text);
}

static bool measure(const struct bench_row *row) {
    uint64_t taken[SAMPLES];

    if (row->prepare != NULL && !row->prepare())
        return false;
    for (int i = 0; i < WARM_UP; i++)
        if (!row->sample(row->operations))
            return false;
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t start = ticks();
        mark_begin();
        bool right = row->sample(row->operations);
        mark_end();
        taken[i] = ticks() - start;
        if (!right)
            return false;
    }
    mark_row();
    sort(taken, SAMPLES);
    report(row, taken);
    return true;
}

static bool try_row(const struct bench_row *row) {
    if (!is_wanted(row->name) || measure(row))
        return true;
    capos_print("bench: failed: ");
    capos_print(row->name);
    capos_print("\n");
    return false;
}

int main(void) {
    bool right = true;

    bench_peer.id = capos_need("peer", BENCH_PEER_INTERFACE_ID);
    read_wanted();
    for (unsigned g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (unsigned i = 0; i < groups[g]->count; i++)
            right = try_row(&groups[g]->rows[i]) && right;
    return right ? 0 : 1;
}
