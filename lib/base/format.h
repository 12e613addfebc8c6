// SPDX-License-Identifier: MIT
//
// Text into a caller's buffer, without printf. A `struct format` remembers where it is; every
// function appends. The text is NUL-terminated after each call. What does not fit is left out from
// that byte on and `truncated` stays set: later calls append nothing, so a text never has a hole in
// its middle. No call fails, allocates or keeps a pointer to what it was given.
#ifndef CAPOS_BASE_FORMAT_H
#define CAPOS_BASE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct format {
    char *data;     // the caller's buffer
    size_t room;    // its size in bytes, the NUL included
    size_t used;    // bytes of text in it, the NUL not included
    bool truncated; // something was left out
};

// Room for any 64-bit number in decimal with its sign, and the NUL.
enum { FORMAT_NUMBER_ROOM = 21 };

// Starts an empty text in buffer[0..room). room must be at least 1.
void format_init(struct format *f, char *buffer, size_t room);

// Forgets the text and its truncation; the buffer stays.
void format_reset(struct format *f);

void format_char(struct format *f, char c);

// A NUL-terminated text. NULL is shown as "(null)".
void format_text(struct format *f, const char *text);

// `size` bytes as they are, NULs included.
void format_bytes(struct format *f, const char *bytes, size_t size);

// `size` bytes that nobody vouches for: printable ASCII as it is, the backslash doubled, every
// other byte as \xNN. What comes out cannot move a terminal's cursor or begin a new line of a log.
void format_escaped(struct format *f, const char *bytes, size_t size);

void format_u64(struct format *f, uint64_t v);
void format_i64(struct format *f, int64_t v);

// Decimal, with `fill` on the left up to `width` characters. A number that is wider is shown in
// full.
void format_u64_padded(struct format *f, uint64_t v, unsigned width, char fill);

// Lower-case hexadecimal without 0x. With `digits` zeros on the left up to that many digits (1 to
// 16).
void format_hex(struct format *f, uint64_t v);
void format_hex_padded(struct format *f, uint64_t v, unsigned digits);

// 0x and 16 digits.
void format_address(struct format *f, uint64_t v);

// `fill` until the text is `column` characters long; nothing when it already is.
void format_pad(struct format *f, size_t column, char fill);

// Shows in the text itself that something was left out: when truncated, the last characters are
// replaced by "...". Does nothing else.
void format_mark_truncation(struct format *f);

#endif
