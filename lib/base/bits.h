// SPDX-License-Identifier: MIT
//
// Small questions about unsigned numbers: smaller and larger, powers of two, alignment, positions
// of bits. All are pure inline functions without undefined inputs unless a contract says so.
// Rounding up can overflow and therefore lives in base/checked.h.
#ifndef CAPOS_BASE_BITS_H
#define CAPOS_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint32_t min_u32(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

static inline uint32_t max_u32(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static inline size_t min_size(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b) {
    return a > b ? a : b;
}

// Zero is no power of two.
static inline bool is_power_of_two(uint64_t v) {
    return v != 0 && (v & (v - 1)) == 0;
}

// alignment must be a power of two.
static inline bool is_aligned(uint64_t v, uint64_t alignment) {
    return (v & (alignment - 1)) == 0;
}

// alignment must be a power of two. Never overflows.
static inline uint64_t align_down(uint64_t v, uint64_t alignment) {
    return v & ~(alignment - 1);
}

// Index of the lowest one bit, 64 when there is none.
static inline unsigned lowest_bit(uint64_t v) {
    return v == 0 ? 64 : (unsigned)__builtin_ctzll(v);
}

// Index of the highest one bit, which is log2 rounded down; 64 when there is none.
static inline unsigned highest_bit(uint64_t v) {
    return v == 0 ? 64 : 63 - (unsigned)__builtin_clzll(v);
}

// How many bits are one. Written out because the builtin may become a call into a compiler library
// that a freestanding program does not have.
static inline unsigned count_bits(uint64_t v) {
    v -= (v >> 1) & 0x5555555555555555u;
    v = (v & 0x3333333333333333u) + ((v >> 2) & 0x3333333333333333u);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)((v * 0x0101010101010101u) >> 56);
}

// The low `count` bits set; count 0 to 64.
static inline uint64_t low_mask(unsigned count) {
    return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

#endif
