// SPDX-License-Identifier: MIT
// Framing of messages. The table is a row of 32-bit numbers: how many segments less one, then their
// sizes in words, then zero if needed to fill the word.
#include "capnp/stream.h"

static uint32_t half(const uint64_t *words, size_t index) {
    uint64_t word = capos_word_load(words, (uint32_t)(index / 2));
    return (uint32_t)(index % 2 == 0 ? word : word >> 32);
}

enum capos_stream_error capos_stream_parse(const uint64_t *words, size_t size,
                                           struct capos_segment *segments, uint32_t room,
                                           uint32_t *count, size_t *used) {
    *count = 0;
    *used = 1;
    if (size < 1)
        return CAPOS_STREAM_SHORT;
    uint32_t last = half(words, 0);
    if (last >= CAPOS_STREAM_SEGMENTS || last >= room)
        return CAPOS_STREAM_MANY_SEGMENTS;
    size_t at = capos_stream_table_words(last + 1);
    *used = at;
    if (size < at)
        return CAPOS_STREAM_SHORT;
    for (uint32_t i = 0; i <= last; i++) {
        uint32_t segment_size = half(words, (size_t)i + 1);
        if (segment_size > CAPOS_SEGMENT_WORDS_MAX)
            return CAPOS_STREAM_TOO_LARGE;
        segments[i].words = at <= size ? words + at : words;
        segments[i].size = segment_size;
        at += segment_size;
    }
    *used = at;
    if (at > size)
        return CAPOS_STREAM_SHORT;
    *count = last + 1;
    return CAPOS_STREAM_OK;
}

void capos_stream_write_table(uint64_t *words, const uint32_t *sizes, uint32_t count) {
    size_t size = capos_stream_table_words(count);
    words[0] = (uint64_t)(count - 1) | (uint64_t)sizes[0] << 32;
    for (size_t i = 1; i < size; i++) {
        size_t first = 2 * i - 1;
        uint64_t high = first + 1 < count ? sizes[first + 1] : 0;
        words[i] = sizes[first] | high << 32;
    }
}
