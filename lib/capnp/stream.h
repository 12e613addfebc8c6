// SPDX-License-Identifier: MIT
// The framing of messages in files and streams: a table of segment sizes, then the segments. All
// functions work on whole buffers of words and neither allocate nor read files. A message without
// framing ("flat") needs none of this: it is one segment.
#ifndef CAPOS_CAPNP_STREAM_H
#define CAPOS_CAPNP_STREAM_H

#include "capnp/reader.h"

#ifdef __cplusplus
extern "C" {
#endif

// The most segments that a framed message may have.
#define CAPOS_STREAM_SEGMENTS 512

enum capos_stream_error {
    CAPOS_STREAM_OK = 0,
    CAPOS_STREAM_SHORT,         // the buffer ends before the message does
    CAPOS_STREAM_MANY_SEGMENTS, // more than there is room for
    CAPOS_STREAM_TOO_LARGE,     // a segment larger than CAPOS_SEGMENT_WORDS_MAX
};

// Takes the message at the front of the buffer apart. `segments` has room for `room`; `count` of
// them are filled in and borrow the buffer. `used` is the message's size in words, framing
// included; CAPOS_STREAM_SHORT tells there how many words must be had at least to go on.
enum capos_stream_error capos_stream_parse(const uint64_t *words, size_t size,
                                           struct capos_segment *segments, uint32_t room,
                                           uint32_t *count, size_t *used)
    __attribute__((warn_unused_result));

// Words of the table that frames so many segments.
static inline size_t capos_stream_table_words(uint32_t count) {
    return (size_t)count / 2 + 1;
}

// Writes the table for segments of these sizes, count >= 1, into capos_stream_table_words words.
void capos_stream_write_table(uint64_t *words, const uint32_t *sizes, uint32_t count);

#ifdef __cplusplus
}
#endif

#endif
