// SPDX-License-Identifier: MIT
//
// The init of the scheduler's image: on a machine with more hogs than processors it looks whether
// each hog gets its share, whether one who sleeps is woken all the same, and whether hogs can be
// killed, one while the others go on and then all, until no memory is missing. Prints TAP; the
// machine's status is 0 when all is well. Times are bounds that a busy host keeps, too.
#include "base/bits.h"
#include "capos/runtime.h"
#include "tests/guest/guest.h"
#include "tests/guest/parts.h"

enum {
    HOGS_MAX = 33,
    RUN_MS = 700,
    NAP_MS = 5,
    NAPS = 20,
    LATE_MS = 2000, // that a nap may be late, all naps together
    UNFAIR = 4,     // times as much as another: more is not a share any more
    TESTS = 6,
};

static const struct guest_program hog = {.binary = "hog"};
static struct capos_process_handle hogs[HOGS_MAX];

static void result(bool ok, const char *name, uint64_t a, const char *between, uint64_t b) {
    struct format *to = guest_line(ok, name);

    format_text(to, ": ");
    format_u64(to, a);
    format_text(to, between);
    format_u64(to, b);
    guest_line_end();
}

// Sleeps and returns by how much it was late, in ns.
static uint64_t nap(uint64_t ms) {
    uint64_t deadline = guest_now() + ms * GUEST_MS, woken;

    guest_sleep(ms * GUEST_MS);
    woken = guest_now();
    if (woken < deadline)
        capos_panic("sleepUntil answers too early");
    return woken - deadline;
}

static void start_hogs(unsigned count) {
    for (unsigned i = 0; i < count; i++)
        hogs[i] = guest_start(&hog);
}

// How many were told as they should be.
static unsigned kill_hogs(unsigned count) {
    unsigned killed = 0;

    while (count > 0)
        killed += guest_kill(hogs[--count]);
    return killed;
}

static void check_shares(unsigned count) {
    uint64_t least = UINT64_MAX, most = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t time = guest_cpu_time(hogs[i]);

        least = min_u64(least, time);
        most = max_u64(most, time);
    }
    result(least > 0 && most < least * UNFAIR, "shares in ms", least / GUEST_MS, " to ",
           most / GUEST_MS);
}

static void check_naps(const char *name) {
    uint64_t late = 0;

    for (unsigned i = 0; i < NAPS; i++)
        late += nap(NAP_MS);
    result(late < (uint64_t)LATE_MS * GUEST_MS, name, late / GUEST_MS / NAPS, " ms late, all naps ",
           late / GUEST_MS);
}

int main(void) {
    uint64_t began;
    unsigned count, killed = 0;

    guest_begin(TESTS);
    check_naps("naps on an idle machine");
    count = min_u32(2 * guest_cpus() + 1, HOGS_MAX);
    start_hogs(count);
    (void)kill_hogs(count); // tables have grown now, and what is made once is made
    (void)guest_baseline();
    start_hogs(count);
    (void)nap(RUN_MS);
    check_shares(count);
    check_naps("naps among hogs");
    began = guest_now();
    killed += guest_kill(hogs[count - 1]);
    result(killed == 1, "killed among others, in ms", (guest_now() - began) / GUEST_MS,
           ", processors ", guest_cpus());
    killed += kill_hogs(count - 1);
    result(killed == count, "killed", killed, ", in ms ", (guest_now() - began) / GUEST_MS);
    guest_check_memory();
    guest_end();
}
