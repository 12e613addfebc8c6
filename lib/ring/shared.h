// SPDX-License-Identifier: MIT
//
// Reads and writes of the words that both ends of a ring see. Whoever decides by what the other end
// wrote takes it through these functions, which read each word once, and looks only at the copy;
// nothing else in lib/ring or the kernel's core interprets shared memory. (Messages that the kernel
// passes from one process to another are bytes to it, so how they are copied does not matter.) A
// test build puts another file of this name first, whose reads change what they have read.
#ifndef CAPOS_RING_SHARED_H
#define CAPOS_RING_SHARED_H

#include <capos/ring.h>
#include <stddef.h>
#include <stdint.h>

// An index of the header. Loads acquire and stores release.
static inline uint32_t ring_load_index(const uint32_t *index) {
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

static inline void ring_store_index(uint32_t *index, uint32_t value) {
    __atomic_store_n(index, value, __ATOMIC_RELEASE);
}

// One of a submission's eight words.
static inline uint64_t ring_load_word(const struct capos_sqe *sqe, unsigned n) {
    return ((const volatile uint64_t *)(const volatile void *)sqe)[n];
}

// The submission whose first word has been loaded: what follows that.
static inline void ring_load_sqe(struct capos_sqe *to, const struct capos_sqe *from,
                                 uint64_t first) {
    union {
        struct capos_sqe sqe;
        uint64_t word[sizeof(struct capos_sqe) / 8];
    } copy;

    copy.word[0] = first;
#pragma GCC unroll 8
    for (unsigned i = 1; i < sizeof(copy) / 8; i++)
        copy.word[i] = ring_load_word(from, i);
    *to = copy.sqe;
}

// Part of the message area, in words of 8 bytes. Both addresses are multiples of 8.
static inline void ring_load_words(void *to, const void *from, size_t words) {
    uint64_t *target = to;
    const volatile uint64_t *word = from;

    for (size_t i = 0; i < words; i++)
        target[i] = word[i];
}

#endif
