// SPDX-License-Identifier: MIT
// What a run has to say about its inputs. Errors are collected, so that a person sees all of them
// at once, and printed in the order of their places, each as
//
//     FILE:LINE:COLUMN: error: found ..., expected ...
//        12 |   the line
//           |   ^~~
//
// followed by its notes, which are about second places. In a binary file the value's path stands in
// place of the line and column.
#ifndef CAPOS_HOST_DIAG_H
#define CAPOS_HOST_DIAG_H

#include <stdio.h>

#include "host/pool.h"
#include "host/source.h"

struct diag_entry;

struct diag {
    struct pool *pool;
    struct diag_entry *entries;
    size_t count;  // errors and notes
    size_t errors; // errors alone
};

// Exit statuses of the tools.
enum diag_exit {
    DIAG_EXIT_OK = 0,
    DIAG_EXIT_ERROR = 1,
    DIAG_EXIT_USAGE = 2,
};

// Messages are kept in the pool; spans and their sources are borrowed until printing.
void diag_init(struct diag *diag, struct pool *pool);

void diag_error(struct diag *diag, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// A second place for the error reported last.
void diag_note(struct diag *diag, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Prints everything, sorted by source (in the order of first mention) and place.
void diag_print(struct diag *diag, FILE *out);

// A name for use in a message: in quotes, cut when long, without control characters.
const char *diag_quote(struct diag *diag, const char *text, size_t size);

// "; did you mean `NAME`?", or "" when best is NULL.
const char *diag_meant(struct diag *diag, const char *best);

#endif
