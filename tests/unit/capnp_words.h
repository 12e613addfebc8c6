// SPDX-License-Identifier: MIT
// Messages for the tests of lib/capnp: literal words, put on the heap with their exact size, so
// that the address sanitizer sees every read outside of them.
#ifndef CAPOS_TESTS_CAPNP_WORDS_H
#define CAPOS_TESTS_CAPNP_WORDS_H

#include "capnp/reader.h"
#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

struct words {
    struct capos_reader reader;
    struct capos_segment segments[4];
    uint64_t *copies[4];
};

// Adds a segment to the message that the words are.
static inline void words_segment(struct words *words, uint32_t index, const uint64_t *from,
                                 uint32_t count) {
    words->copies[index] = malloc(count == 0 ? 1 : count * sizeof *from);
    ck_assert_ptr_nonnull(words->copies[index]);
    if (count > 0)
        memcpy(words->copies[index], from, count * sizeof *from);
    words->segments[index].words = words->copies[index];
    words->segments[index].size = count;
}

// A message of one segment.
static inline struct words *words_new(const uint64_t *from, uint32_t count) {
    struct words *words = calloc(1, sizeof *words);
    ck_assert_ptr_nonnull(words);
    words_segment(words, 0, from, count);
    capos_reader_init(&words->reader, words->copies[0], count);
    return words;
}

static inline void words_free(struct words *words) {
    for (size_t i = 0; i < sizeof words->copies / sizeof *words->copies; i++)
        free(words->copies[i]);
    free(words);
}

#define WORDS(...)                             \
    words_new((const uint64_t[]){__VA_ARGS__}, \
              sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

#define ck_assert_fault(words, expected) \
    ck_assert_str_eq(capos_fault_name((words)->reader.fault.kind), capos_fault_name(expected))

#endif
