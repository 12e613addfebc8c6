// SPDX-License-Identifier: MIT
// Any bytes as a message: framed and flat, packed, validated, copied, made canonical. Whatever they
// are nothing is read or written outside, and: what validates can be copied; a canonical message
// is its own canonical form; what was packed comes back.
#include "tests/fuzz/fuzz.h"

#include "tests/golden/rich.capos.h"

#include "capnp/packed.h"
#include "capnp/stream.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096, SEGMENTS = 8, BUDGET = 4 * ROOM };

// Copies what there is into a buffer of exactly so many words; 0 if that can't be.
static uint32_t copy(struct capos_reader *reader, uint64_t *out, size_t room, bool canonical) {
    struct capos_builder builder;
    uint32_t size;
    capos_builder_init(&builder, out, room);
    struct capos_pointer_builder root = capos_builder_init_root_pointer(&builder);
    if (canonical)
        capos_pointer_copy_canonical(root, capos_reader_root_pointer(reader));
    else
        capos_pointer_copy(root, capos_reader_root_pointer(reader));
    return capos_builder_finish(&builder, &size) == CAPOS_BUILD_OK ? size : 0;
}

static void try_canonical(const uint64_t *words, uint32_t size) {
    uint64_t *twice = malloc(ROOM * sizeof *twice);
    struct capos_reader reader;
    capos_reader_init(&reader, words, size);
    fuzz_check(twice != NULL && copy(&reader, twice, ROOM, true) == size);
    fuzz_check(memcmp(words, twice, size * sizeof *words) == 0);
    free(twice);
}

static void try_message(struct capos_reader *reader) {
    struct capos_reader again = *reader;
    uint64_t *out = malloc(ROOM * sizeof *out);
    fuzz_check(out != NULL);
    if (reader->segments == &reader->only)
        again.segments = &again.only;
    reader->budget = BUDGET;
    again.budget = BUDGET;
    bool valid = capos_validate(reader, &rich_everything_layout);
    uint32_t size = copy(&again, out, ROOM, false);
    fuzz_check(!valid || capos_reader_ok(&again));
    again.fault.kind = CAPOS_FAULT_NONE;
    again.budget = BUDGET;
    size = copy(&again, out, ROOM, true);
    if (size > 0)
        try_canonical(out, size);
    free(out);
}

static void try_packed(const uint8_t *data, size_t size) {
    uint64_t *words = malloc(ROOM * sizeof *words), *back = malloc(ROOM * sizeof *back);
    uint8_t *packed = malloc(capos_packed_most(ROOM));
    size_t count, used, came;
    fuzz_check(words != NULL && back != NULL && packed != NULL);
    if (capos_unpack(data, size, words, ROOM, &count) == CAPOS_PACKED_OK) {
        fuzz_check(capos_pack(words, count, packed, capos_packed_most(count), &used) ==
                   CAPOS_PACKED_OK);
        fuzz_check(capos_unpack(packed, used, back, count, &came) == CAPOS_PACKED_OK);
        fuzz_check(came == count && memcmp(words, back, count * sizeof *words) == 0);
    }
    free(words);
    free(back);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t *words = malloc(size + 1);
    struct capos_segment segments[SEGMENTS];
    struct capos_reader reader;
    uint32_t count;
    size_t used;
    fuzz_check(words != NULL);
    memcpy(words, data, size);
    capos_reader_init(&reader, words, size / 8);
    try_message(&reader);
    if (capos_stream_parse(words, size / 8, segments, SEGMENTS, &count, &used) == CAPOS_STREAM_OK) {
        capos_reader_init_segments(&reader, segments, count);
        try_message(&reader);
    }
    try_packed(data, size);
    free(words);
    return 0;
}
