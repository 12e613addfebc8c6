// SPDX-License-Identifier: MIT
// The packed encoding of words: zero bytes are left out. Each word becomes a tag byte, whose bits
// say which of its bytes follow; after tag 0x00 a byte counts further zero words, after tag 0xff
// and its eight bytes a byte counts words that follow unpacked. Whole buffers in, whole buffers
// out.
#ifndef CAPOS_CAPNP_PACKED_H
#define CAPOS_CAPNP_PACKED_H

#include "capnp/word.h"

#ifdef __cplusplus
extern "C" {
#endif

enum capos_packed_error {
    CAPOS_PACKED_OK = 0,
    CAPOS_PACKED_SHORT, // the packed bytes end within a word
    CAPOS_PACKED_FULL,  // the buffer is too small
};

// The most bytes that so many words are packed into.
static inline size_t capos_packed_most(size_t words) {
    return words * 10;
}

// Packs words. `used` tells how many bytes were written.
enum capos_packed_error capos_pack(const uint64_t *words, size_t count, uint8_t *bytes, size_t room,
                                   size_t *used) __attribute__((warn_unused_result));

// Unpacks all bytes. `used` tells how many words were written; after CAPOS_PACKED_FULL how many
// there are at least.
enum capos_packed_error capos_unpack(const uint8_t *bytes, size_t size, uint64_t *words,
                                     size_t room, size_t *used) __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif

#endif
