// SPDX-License-Identifier: MIT
// The reader itself: its beginning, its root, its first fault. Following pointers is in pointer.c.
#include "capnp/known.h"

static bool segment_is_sound(const struct capos_segment *segment) {
    return segment->size <= CAPOS_SEGMENT_WORDS_MAX &&
           (segment->size == 0 || (uintptr_t)segment->words % 8 == 0);
}

void capos_reader_init_segments(struct capos_reader *reader, const struct capos_segment *segments,
                                uint32_t count) {
    reader->segments = segments;
    reader->segment_count = count;
    reader->depth = CAPOS_READER_DEPTH;
    reader->budget = CAPOS_READER_BUDGET;
    reader->fault.kind = CAPOS_FAULT_NONE;
    reader->fault.segment = 0;
    reader->fault.word = 0;
    reader->descriptors = NULL;
    reader->descriptor_count = 0;
    for (uint32_t i = 0; i < count; i++)
        if (!segment_is_sound(&segments[i]))
            capos_reader_fail(reader, CAPOS_FAULT_MESSAGE, &segments[i], NULL);
    if (count == 0)
        capos_reader_fail(reader, CAPOS_FAULT_MESSAGE, NULL, NULL);
    if (!capos_reader_ok(reader))
        reader->segment_count = 0;
}

// Constants have no segment in the message: they count as its first.
static uint32_t segment_number(const struct capos_reader *reader,
                               const struct capos_segment *segment) {
    for (uint32_t i = 0; i < reader->segment_count; i++)
        if (&reader->segments[i] == segment)
            return i;
    return 0;
}

void capos_reader_fail(struct capos_reader *reader, enum capos_fault_kind kind,
                       const struct capos_segment *segment, const uint64_t *at) {
    if (reader == NULL || !capos_reader_ok(reader))
        return;
    reader->fault.kind = kind;
    reader->fault.segment = segment_number(reader, segment);
    reader->fault.word = at == NULL ? 0 : (uint32_t)(at - segment->words);
}

const char *capos_fault_name(enum capos_fault_kind kind) {
    static const char *const names[] = {
        [CAPOS_FAULT_NONE] = "no fault",
        [CAPOS_FAULT_BOUNDS] = "object outside of the message",
        [CAPOS_FAULT_KIND] = "pointer of another kind",
        [CAPOS_FAULT_SIZE] = "list of other elements",
        [CAPOS_FAULT_TEXT] = "text without NUL",
        [CAPOS_FAULT_LENGTH] = "longer than the schema allows",
        [CAPOS_FAULT_DEPTH] = "nested too deep",
        [CAPOS_FAULT_BUDGET] = "too much to visit",
        [CAPOS_FAULT_SEGMENT] = "no such segment",
        [CAPOS_FAULT_FAR] = "bad far pointer",
        [CAPOS_FAULT_RESERVED] = "reserved bits in a pointer",
        [CAPOS_FAULT_CAPABILITY] = "capability and descriptor don't match",
        [CAPOS_FAULT_MESSAGE] = "not a message",
    };
    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "unknown fault";
}

struct capos_pointer capos_constant(const struct capos_segment *segment) {
    struct capos_pointer root = {NULL, segment, segment->words, 0, CAPOS_DEPTH_TRUSTED};
    if (segment->size > 0)
        root.value = capos_word_load(segment->words, 0);
    return root;
}

uint64_t capos_known_short(const char *data, uint32_t data_bytes, uint32_t offset, uint32_t size) {
    uint64_t value = 0;
    if (offset + size <= data_bytes)
        __builtin_memcpy(&value, data + offset, size);
    return value;
}
