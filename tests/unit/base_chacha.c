// SPDX-License-Identifier: MIT
//
// lib/base/chacha against the published test vectors (RFC 8439, section 2.3.2 and appendix A.1).
#include "base/chacha.h"
#include "tests/harness.h"

#include <string.h>

static void assert_block(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                         const uint32_t expected[16]) {
    uint32_t block[CHACHA_BLOCK_WORDS];

    chacha_block(key, counter, nonce, block);
    for (unsigned i = 0; i < CHACHA_BLOCK_WORDS; i++)
        ck_assert_msg(block[i] == expected[i], "word %u is %08x, not %08x", i, block[i],
                      expected[i]);
}

START_TEST(block_of_the_specification) {
    static const uint32_t key[8] = {0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                                    0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c};
    static const uint32_t nonce[3] = {0x09000000, 0x4a000000, 0x00000000};
    static const uint32_t expected[16] = {0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
                                          0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
                                          0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                                          0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};

    assert_block(key, 1, nonce, expected);
}
END_TEST

START_TEST(block_of_zeroes) {
    static const uint32_t key[8], nonce[3];
    static const uint32_t expected[16] = {0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653,
                                          0xb819d2bd, 0x1aed8da0, 0xccef36a8, 0xc70d778b,
                                          0x7c5941da, 0x8d485751, 0x3fe02477, 0x374ad8b8,
                                          0xf4b8436a, 0x1ca11815, 0x69b687c3, 0x8665eeb2};

    assert_block(key, 0, nonce, expected);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/chacha");

    harness_add(suite, "specification", block_of_the_specification);
    harness_add(suite, "zeroes", block_of_zeroes);
    return harness_run(suite);
}
