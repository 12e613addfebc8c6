// SPDX-License-Identifier: MIT
//
// See meeting.h. The word goes from each meeting's name to the next number and so on.
#include "tests/stress/meeting.h"

#include "capos/park.h"
#include "tests/guest/parts.h"

static uint64_t offset_of(const uint32_t *word) {
    return (uint64_t)((const char *)word - (const char *)figures);
}

static uint32_t load(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void change(uint64_t figures_memory, uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    capos_unpark_shared(figures_memory, offset_of(word), 1);
}

void meeting_attend(uint64_t figures_memory, uint32_t judge, enum meeting meeting) {
    uint32_t *word = &figures->meeting[judge];

    change(figures_memory, word, meeting);
    while (load(word) == (uint32_t)meeting)
        (void)capos_park_shared(figures_memory, offset_of(word), meeting, CAPOS_NO_DEADLINE);
}

bool meeting_await(uint64_t figures_memory, uint32_t judge, enum meeting meeting, uint64_t ns) {
    const uint32_t *word = &figures->meeting[judge];
    uint64_t until = guest_now() + ns;

    while (load(word) != (uint32_t)meeting && guest_now() < until)
        (void)capos_park_shared(figures_memory, offset_of(word), (uint32_t)meeting - 1, until);
    return load(word) == (uint32_t)meeting;
}

void meeting_close(uint64_t figures_memory, uint32_t judge, enum meeting meeting) {
    change(figures_memory, &figures->meeting[judge], (uint32_t)meeting + 1);
}
