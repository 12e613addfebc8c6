// SPDX-License-Identifier: MIT
//
// The hostile memory: stands in for lib/ring/shared.h in a build of the core for tests. What was
// read is changed behind the reader's back, so a second read sees something else; reads of indices,
// which the user's end needs whole, are counted instead.
#ifndef CAPOS_RING_SHARED_H
#define CAPOS_RING_SHARED_H

#include <capos/ring.h>
#include <stddef.h>
#include <stdint.h>

// How often an index was read, and how many bytes were changed, in this process.
extern uint64_t hostile_index_loads;
extern uint64_t hostile_bytes_changed;

// Copies, and fills the source with something else.
void hostile_load(void *to, const void *from, size_t size);

static inline uint32_t ring_load_index(const uint32_t *index) {
    hostile_index_loads++;
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static inline void ring_store_index(uint32_t *index, uint32_t value) {
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

static inline uint64_t ring_load_word(const struct capos_sqe *sqe, unsigned n) {
    uint64_t word;

    hostile_load(&word, (const uint64_t *)(const void *)sqe + n, sizeof(word));
    return word;
}

static inline void ring_load_sqe(struct capos_sqe *to, const struct capos_sqe *from,
                                 uint64_t first) {
    uint64_t *words = (uint64_t *)(void *)to;

    words[0] = first;
    hostile_load(words + 1, (const uint64_t *)(const void *)from + 1, sizeof(*to) - sizeof(first));
}

static inline void ring_load_words(void *to, const void *from, size_t words) {
    hostile_load(to, from, words * 8);
}

#endif
