// SPDX-License-Identifier: MIT
// Booting without a boot loader: QEMU wants kernel and archive as files. Given an ISO, this takes
// them out of it into temporary files.
#ifndef CAPTOOL_RUN_DIRECT_H
#define CAPTOOL_RUN_DIRECT_H

#include "run.h"

struct direct {
    char *kernel; // temporary files' names, or NULL
    char *archive;
};

// Can the image be booted as the options say? False with a message when it is not there, or is a
// kernel although --direct is not given.
bool direct_check(const struct run_options *options) __attribute__((warn_unused_result));

// With --direct, when options->image is an ISO, replaces image and archive by files made of its
// content. False with a message when it is neither an ISO of ours nor an ELF file, or on failure.
bool direct_prepare(struct direct *direct, struct run_options *options)
    __attribute__((warn_unused_result));

// Removes the temporary files.
void direct_fini(struct direct *direct);

#endif
