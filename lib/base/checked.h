// SPDX-License-Identifier: MIT
//
// Arithmetic on numbers that come from outside. Each function answers true and stores the exact
// result, or answers false and stores nothing. Range tests are written as a subtraction that cannot
// wrap, never as `offset + size <= limit`.
#ifndef CAPOS_BASE_CHECKED_H
#define CAPOS_BASE_CHECKED_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

must_use static inline bool checked_add_u32(uint32_t a, uint32_t b, uint32_t *out) {
    if (b > UINT32_MAX - a)
        return false;
    *out = a + b;
    return true;
}

must_use static inline bool checked_add_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (b > UINT64_MAX - a)
        return false;
    *out = a + b;
    return true;
}

must_use static inline bool checked_add_size(size_t a, size_t b, size_t *out) {
    if (b > SIZE_MAX - a)
        return false;
    *out = a + b;
    return true;
}

must_use static inline bool checked_sub_u32(uint32_t a, uint32_t b, uint32_t *out) {
    if (b > a)
        return false;
    *out = a - b;
    return true;
}

must_use static inline bool checked_sub_u64(uint64_t a, uint64_t b, uint64_t *out) {
    if (b > a)
        return false;
    *out = a - b;
    return true;
}

must_use static inline bool checked_sub_size(size_t a, size_t b, size_t *out) {
    if (b > a)
        return false;
    *out = a - b;
    return true;
}

must_use static inline bool checked_mul_u32(uint32_t a, uint32_t b, uint32_t *out) {
    uint64_t wide = (uint64_t)a * b;

    if (wide > UINT32_MAX)
        return false;
    *out = (uint32_t)wide;
    return true;
}

must_use static inline bool checked_mul_u64(uint64_t a, uint64_t b, uint64_t *out) {
    uint64_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

must_use static inline bool checked_mul_size(size_t a, size_t b, size_t *out) {
    size_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

// The next multiple of alignment that is not below v. alignment must be a power of two.
must_use static inline bool checked_align_up(uint64_t v, uint64_t alignment, uint64_t *out) {
    uint64_t mask = alignment - 1;

    if (v > UINT64_MAX - mask)
        return false;
    *out = (v + mask) & ~mask;
    return true;
}

// v as 32 bits, when it fits.
must_use static inline bool checked_u32(uint64_t v, uint32_t *out) {
    if (v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

// Do the `size` units at `offset` lie within the first `limit` units? An empty range may lie at the
// limit itself.
static inline bool range_within(uint64_t offset, uint64_t size, uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

// Have two ranges a unit in common? Neither range may wrap (see range_within); an empty range
// overlaps nothing.
static inline bool range_overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size) {
    if (a_size == 0 || b_size == 0)
        return false;
    return a <= b ? b - a < a_size : a - b < b_size;
}

#endif
