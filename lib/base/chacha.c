// SPDX-License-Identifier: MIT
//
// ChaCha20's block function, written from RFC 8439, section 2.3.
#include "base/chacha.h"

static uint32_t rotate(uint32_t v, unsigned bits) {
    return v << bits | v >> (32 - bits);
}

static void quarter_round(uint32_t s[CHACHA_BLOCK_WORDS], unsigned a, unsigned b, unsigned c,
                          unsigned d) {
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 16);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 12);
    s[a] += s[b];
    s[d] = rotate(s[d] ^ s[a], 8);
    s[c] += s[d];
    s[b] = rotate(s[b] ^ s[c], 7);
}

void chacha_block(const uint32_t key[CHACHA_KEY_WORDS], uint32_t counter, const uint32_t nonce[3],
                  uint32_t block[CHACHA_BLOCK_WORDS]) {
    uint32_t start[CHACHA_BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    for (unsigned i = 0; i < CHACHA_KEY_WORDS; i++)
        start[4 + i] = key[i];
    start[12] = counter;
    for (unsigned i = 0; i < 3; i++)
        start[13 + i] = nonce[i];
    for (unsigned i = 0; i < CHACHA_BLOCK_WORDS; i++)
        block[i] = start[i];
    for (unsigned round = 0; round < 20; round += 2) {
        for (unsigned i = 0; i < 4; i++) // columns
            quarter_round(block, i, 4 + i, 8 + i, 12 + i);
        for (unsigned i = 0; i < 4; i++) // diagonals
            quarter_round(block, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (unsigned i = 0; i < CHACHA_BLOCK_WORDS; i++)
        block[i] += start[i];
}
