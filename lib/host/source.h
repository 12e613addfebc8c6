// SPDX-License-Identifier: MIT
// A file that was read, and places in it. A span names bytes of a source; lines and columns are
// worked out only when a message needs them. A span of a binary file has no bytes that a person
// could look at: it names the value by its path in the decoded message instead.
#ifndef CAPOS_HOST_SOURCE_H
#define CAPOS_HOST_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

struct source {
    const char *name; // as the user wrote it
    const char *text; // size bytes and a NUL
    size_t size;
};

struct span {
    const struct source *source; // NULL: about the run as a whole
    size_t begin;
    size_t end;       // first byte behind it
    const char *path; // for values of binary files, else NULL
};

// Counted from 1. A column is a character of UTF-8; a byte that is no UTF-8 counts as one.
struct place {
    size_t line;
    size_t column;
};

struct place source_place(const struct source *source, size_t offset);

// The line that holds the offset, without its end of line.
struct span source_line(const struct source *source, size_t offset);

// The bytes from the first's begin to the second's end.
struct span span_join(struct span first, struct span second);

static inline struct span span_of_file(const struct source *source) {
    return (struct span){source, 0, 0, ""};
}

#endif
