// SPDX-License-Identifier: MIT
// Whole files: reading one into memory, and putting a new one in place only when it is complete.
#ifndef CAPOS_HOST_FILE_H
#define CAPOS_HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/diag.h"

// Reads a file, or standard input for "-". NULL, and an error reported, when it can't be read. The
// source lives in the pool of diag, as long as what is said about it. Its text begins where any
// type may.
const struct source *file_read(struct diag *diag, const char *name)
    __attribute__((warn_unused_result));

// Makes the file hold these bytes, or writes them to standard output for "-". A regular file is
// replaced by rename when all bytes are on it, and untouched otherwise; a link is followed, and
// what is no regular file is written to in place. False, and an error reported, on failure.
bool file_write(struct diag *diag, const char *name, const void *data, size_t size)
    __attribute__((warn_unused_result));

#endif
