// SPDX-License-Identifier: MIT
//
// Numbers in little-endian order at any address, whatever the machine's own order and alignment
// rules are. Compilers turn each of these into one load or store where the machine allows it.
#ifndef CAPOS_BASE_BYTES_H
#define CAPOS_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t load_u16(const void *at) {
    const unsigned char *b = at;

    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t load_u32(const void *at) {
    const unsigned char *b = at;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t load_u64(const void *at) {
    const unsigned char *b = at;

    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

static inline void store_u16(void *at, uint16_t v) {
    unsigned char *b = at;

    b[0] = (unsigned char)v;
    b[1] = (unsigned char)(v >> 8);
}

static inline void store_u32(void *at, uint32_t v) {
    unsigned char *b = at;

    b[0] = (unsigned char)v;
    b[1] = (unsigned char)(v >> 8);
    b[2] = (unsigned char)(v >> 16);
    b[3] = (unsigned char)(v >> 24);
}

static inline void store_u64(void *at, uint64_t v) {
    unsigned char *b = at;

    store_u32(b, (uint32_t)v);
    store_u32(b + 4, (uint32_t)(v >> 32));
}

#endif
