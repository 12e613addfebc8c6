// SPDX-License-Identifier: MIT
// capnp/packed.h and capnp/stream.h: known bytes, everything back as it was, nothing beyond
// buffers.
#include "capnp/packed.h"
#include "capnp/stream.h"
#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 600, ROUNDS = 2000 };

static void packs_to(const uint64_t *words, size_t count, const char *bytes, size_t size) {
    uint8_t packed[ROOM];
    uint64_t back[ROOM];
    size_t used;
    ck_assert_int_eq(capos_pack(words, count, packed, ROOM, &used), CAPOS_PACKED_OK);
    ck_assert_uint_eq(used, size);
    ck_assert_mem_eq(packed, bytes, size);
    ck_assert_int_eq(capos_unpack(packed, used, back, ROOM, &used), CAPOS_PACKED_OK);
    ck_assert_uint_eq(used, count);
    if (count > 0)
        ck_assert_mem_eq(back, words, count * sizeof *words);
}

// The examples of the encoding's specification, and the edges of runs.
START_TEST(known_bytes) {
    const uint64_t mixed[] = {UINT64_C(0x0000000002000008), UINT64_C(0x0000000119000000)};
    const uint64_t zeros[] = {0, 0, 0, 0};
    const uint64_t dense[] = {UINT64_C(0x0102030405060708), UINT64_C(0x0102030405060700), 7};
    packs_to(NULL, 0, "", 0);
    packs_to(mixed, 2, "\x09\x08\x02\x18\x19\x01", 6);
    packs_to(zeros, 1, "\x00\x00", 2);
    packs_to(zeros, 4, "\x00\x03", 2);
    packs_to(dense, 3,
             "\xff\x08\x07\x06\x05\x04\x03\x02\x01\x01\x00\x07\x06\x05\x04\x03\x02\x01\x01\x07",
             20);
}
END_TEST

// Words on the heap, of exactly the size that is there.
static void round_trip(struct harness_random *random) {
    size_t count = harness_random_below(random, ROOM);
    uint64_t *words = calloc(count + 1, sizeof *words);
    uint64_t *back = malloc((count + 1) * sizeof *back);
    uint8_t *packed = malloc(capos_packed_most(count) + 1);
    size_t size, used;
    ck_assert(words != NULL && back != NULL && packed != NULL);
    unsigned zeros = (unsigned)harness_random_below(random, 9);
    for (size_t i = 0; i < count * 8; i++)
        if (harness_random_below(random, 8) >= zeros)
            ((uint8_t *)words)[i] = (uint8_t)harness_random_u64(random);
    ck_assert_int_eq(capos_pack(words, count, packed, capos_packed_most(count), &size),
                     CAPOS_PACKED_OK);
    ck_assert_int_eq(capos_unpack(packed, size, back, count, &used), CAPOS_PACKED_OK);
    ck_assert_uint_eq(used, count);
    ck_assert(count == 0 || memcmp(back, words, count * sizeof *words) == 0);
    if (size > 0) {
        size_t cut = harness_random_below(random, size);
        ck_assert_int_eq(capos_pack(words, count, packed, cut, &used), CAPOS_PACKED_FULL);
        ck_assert_uint_le(used, cut);
        ck_assert_int_ne(capos_unpack(packed, cut, back, count, &used), CAPOS_PACKED_FULL);
        ck_assert_uint_le(used, count);
    }
    free(words);
    free(back);
    free(packed);
}

START_TEST(everything_comes_back) {
    struct harness_random random = harness_random_start();
    for (int i = 0; i < ROUNDS; i++)
        round_trip(&random);
}
END_TEST

START_TEST(any_bytes_unpack_within_the_buffer) {
    struct harness_random random = harness_random_start();
    for (int i = 0; i < ROUNDS; i++) {
        size_t size = harness_random_below(&random, 64), used;
        size_t room = harness_random_below(&random, 32);
        uint8_t *bytes = malloc(size + 1);
        uint64_t *words = malloc((room + 1) * sizeof *words);
        ck_assert(bytes != NULL && words != NULL);
        harness_random_fill(&random, bytes, size);
        if (size > 0 && i % 2 == 0)
            bytes[0] = i % 4 == 0 ? 0 : 0xff;
        enum capos_packed_error error = capos_unpack(bytes, size, words, room, &used);
        ck_assert(error == CAPOS_PACKED_FULL ? used > room : used <= room);
        free(bytes);
        free(words);
    }
}
END_TEST

START_TEST(tables_come_back) {
    for (uint32_t count = 1; count <= 8; count++) {
        uint32_t sizes[8];
        uint64_t words[64] = {0};
        struct capos_segment segments[8];
        uint32_t found;
        size_t used, total = capos_stream_table_words(count);
        for (uint32_t i = 0; i < count; i++)
            total += sizes[i] = i * 2 % 5;
        capos_stream_write_table(words, sizes, count);
        ck_assert_int_eq(capos_stream_parse(words, 64, segments, 8, &found, &used),
                         CAPOS_STREAM_OK);
        ck_assert_uint_eq(found, count);
        ck_assert_uint_eq(used, total);
        for (uint32_t i = 0; i < count; i++)
            ck_assert_uint_eq(segments[i].size, sizes[i]);
        for (size_t short_by = 1; short_by <= total; short_by++) {
            ck_assert_int_eq(
                capos_stream_parse(words, total - short_by, segments, 8, &found, &used),
                CAPOS_STREAM_SHORT);
            ck_assert_uint_gt(used, total - short_by);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("capnp/packed");

    harness_add(suite, "known", known_bytes);
    harness_add(suite, "round-trip", everything_comes_back);
    harness_add(suite, "any-bytes", any_bytes_unpack_within_the_buffer);
    harness_add(suite, "table", tables_come_back);
    return harness_run(suite);
}
