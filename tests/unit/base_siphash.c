// SPDX-License-Identifier: MIT
//
// SipHash-2-4 against published values: the paper's (appendix A) and those of OpenSSL's SIPHASH,
// which computes both sizes; and against itself for what every hash must do.
#include "base/siphash.h"

#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

// Key 00 01 .. 0f, data 00 01 .. of the given size, as in the paper.
static const struct siphash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

struct vector {
    size_t size;
    uint64_t hash;
    struct siphash_128 wide;
};

static const struct vector vectors[] = {
    {0, 0x726fdb47dd0e0e31u, {0xe6a825ba047f81a3u, 0x930255c71472f66du}},
    {1, 0x74f839c593dc67fdu, {0x44af996bd8c187dau, 0x45fc229b11597634u}},
    {7, 0xab0200f58b01d137u, {0x53c1dbd8beebf1a1u, 0x3982f01fa64ab8c0u}},
    {8, 0x93f5f5799a932462u, {0x61f55862baa9623bu, 0xb49714f364e2830fu}},
    {9, 0x9e0082df0ba9e4b0u, {0xabbad90a06994426u, 0xed716dbb028b7fc4u}},
    {15, 0xa129ca6149be45e5u, {0x11a8b03399e99354u, 0xd9c3cf970fec087eu}},
    {16, 0x3f2acc7f57c29bdbu, {0xbb54b067caa4e26eu, 0x77052385bf1533fdu}},
    {31, 0x32d892fad841c342u, {0xfcfa233218b03929u, 0x353dc4524fde2317u}},
    {63, 0x958a324ceb064572u, {0x4a83502f77d15051u, 0x7cbd3f979a063e50u}},
};

START_TEST(published_values) {
    unsigned char data[64];

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        struct siphash_128 wide = siphash_wide(key, data, v->size);

        ck_assert_uint_eq(siphash(key, data, v->size), v->hash);
        ck_assert_uint_eq(wide.low, v->wide.low);
        ck_assert_uint_eq(wide.high, v->wide.high);
    }
}
END_TEST

START_TEST(every_bit_counts) {
    struct harness_random random = harness_random_start();

    for (size_t size = 0; size < 40; size++) {
        unsigned char *data = malloc(size + 1);
        uint64_t before;

        ck_assert_ptr_nonnull(data);
        harness_random_fill(&random, data, size);
        before = siphash(key, data, size);
        for (size_t bit = 0; bit < size * 8; bit++) {
            data[bit / 8] ^= (unsigned char)(1 << bit % 8);
            ck_assert_uint_ne(siphash(key, data, size), before);
            data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
        for (unsigned bit = 0; bit < 64; bit++) {
            struct siphash_key low = {key.low ^ UINT64_C(1) << bit, key.high};
            struct siphash_key high = {key.low, key.high ^ UINT64_C(1) << bit};

            ck_assert_uint_ne(siphash(low, data, size), before);
            ck_assert_uint_ne(siphash(high, data, size), before);
        }
        ck_assert_uint_eq(siphash(key, data, size), before);
        free(data);
    }
}
END_TEST

START_TEST(position_does_not_count) {
    unsigned char data[40] = "the same bytes at another address";
    unsigned char moved[48];

    for (size_t skew = 0; skew < 8; skew++) {
        memcpy(moved + skew, data, sizeof data);
        ck_assert_uint_eq(siphash(key, moved + skew, sizeof data), siphash(key, data, sizeof data));
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("base/siphash");

    harness_add(suite, "published", published_values);
    harness_add(suite, "bits", every_bit_counts);
    harness_add(suite, "address", position_does_not_count);
    return harness_run(suite);
}
