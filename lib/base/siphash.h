// SPDX-License-Identifier: MIT
//
// SipHash-2-4, the keyed hash of Jean-Philippe Aumasson and Daniel J. Bernstein ("SipHash: a fast
// short-input PRF", 2012, https://www.aumasson.jp/siphash/siphash.pdf; the algorithm is in the
// public domain), written from the paper. With a secret key nobody without it can predict or steer
// the result, which is what tables keyed by outside data and session references need. It is no hash
// to sign with.
#ifndef CAPOS_BASE_SIPHASH_H
#define CAPOS_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t low;  // bytes 0 to 7 of the key, little-endian
    uint64_t high; // bytes 8 to 15
};

struct siphash_128 {
    uint64_t low;
    uint64_t high;
};

// 64 bits for `size` bytes at `data`.
uint64_t siphash(struct siphash_key key, const void *data, size_t size);

// The variant with 128 bits of result, for references that must never meet by accident.
struct siphash_128 siphash_wide(struct siphash_key key, const void *data, size_t size);

#endif
