// SPDX-License-Identifier: MIT
// Any bytes as a request to the schema compiler: it compiles or refuses, in memory and time that
// the bytes bound.
#include "tests/fuzz/fuzz.h"

#include "capnp/stream.h"
#include "capnpc-capos/emit.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENTS = 8, BUDGET = 1 << 18 };

static void compile(struct arena *arena, struct capos_reader *reader) {
    struct refusals refusals = {0};
    struct model model = {.arena = arena, .refusals = &refusals};
    struct out header, source;
    if (!model_read(&model, capos_reader_root(reader)) || refusals.count > 0)
        return;
    model_name(&model);
    for (uint32_t i = 0; i < model.file_count; i++) {
        out_init(&header);
        out_init(&source);
        emit_file(&model, &model.files[i], capos_reader_root_pointer(reader), &header, &source);
        out_fini(&header);
        out_fini(&source);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t *words = malloc(size + 1);
    struct capos_segment segments[SEGMENTS];
    struct capos_reader reader;
    struct arena arena;
    uint32_t count;
    size_t used;
    fuzz_check(words != NULL);
    memcpy(words, data, size);
    if (capos_stream_parse(words, size / 8, segments, SEGMENTS, &count, &used) == CAPOS_STREAM_OK) {
        arena_init(&arena);
        capos_reader_init_segments(&reader, segments, count);
        reader.budget = BUDGET;
        compile(&arena, &reader);
        arena_fini(&arena);
    }
    free(words);
    return 0;
}
