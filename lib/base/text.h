// SPDX-License-Identifier: MIT
//
// Text with a bound on every read and every write. Most functions take a pointer and a size and
// need no NUL; the few that take a NUL-terminated text say so. Nothing here allocates, knows a
// locale or looks beyond the size that it was given.
#ifndef CAPOS_BASE_TEXT_H
#define CAPOS_BASE_TEXT_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes before the first NUL, or `limit` when none of the first `limit` bytes is one.
size_t text_length(const char *text, size_t limit);

// Copies `size` bytes to to[0..room) and adds a NUL. False, and an empty text (when room is not 0),
// when they do not fit: what is used as a name must never be silently shortened.
must_use bool text_copy(char *to, size_t room, const char *from, size_t size);

// Orders as memcmp does; a text comes after its own beginning. Negative, 0 or positive.
int text_compare(const char *a, size_t a_size, const char *b, size_t b_size);

bool text_equal(const char *a, size_t a_size, const char *b, size_t b_size);

// Are the `size` bytes those of the NUL-terminated `word`?
bool text_is(const char *text, size_t size, const char *word);

// Do the `size` bytes begin with the NUL-terminated `start`?
bool text_starts_with(const char *text, size_t size, const char *start);

// Index of the first byte c, or `size`.
size_t text_find(const char *text, size_t size, char c);

// Reads all `size` bytes as a number: decimal digits, or hexadecimal after 0x. False, leaving *out
// alone, on an empty text, any other character, or a number above 2^64-1. There is no sign and no
// octal.
must_use bool text_to_u64(const char *text, size_t size, uint64_t *out);

// Is this well-formed UTF-8: no surrogates, nothing above U+10FFFF, no needlessly long form?
bool text_is_utf8(const char *text, size_t size);

#endif
