// SPDX-License-Identifier: MIT
//
// The block function of ChaCha20 (RFC 8439): 64 bytes that nobody without the key can tell from
// random ones. What the kernel's random numbers are made with. Not a cipher by itself.
#ifndef CAPOS_BASE_CHACHA_H
#define CAPOS_BASE_CHACHA_H

#include <stdint.h>

enum { CHACHA_KEY_WORDS = 8, CHACHA_BLOCK_WORDS = 16, CHACHA_BLOCK_BYTES = 64 };

// The block of a key, a counter and a nonce of three words, as numbers; a byte stream is their
// little-endian representation.
void chacha_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter, const uint32_t nonce[3],
                  uint32_t block[CHACHA_BLOCK_WORDS]);

#endif
