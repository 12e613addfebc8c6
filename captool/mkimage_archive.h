// SPDX-License-Identifier: MIT
// The boot archive (schemas/archive.capnp): a manifest that was checked, and the programs that it
// names, found in folders and checked.
#ifndef CAPTOOL_MKIMAGE_ARCHIVE_H
#define CAPTOOL_MKIMAGE_ARCHIVE_H

#include "host/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mkimage_archive {
    uint8_t *data; // in the pool
    size_t size;
};

// Where programs are looked for, in this order.
struct mkimage_folders {
    const char *const *names;
    size_t count;
};

// Reads the manifest, in any of captool's formats by its name's ending, and makes the archive. The
// same inputs give the same bytes. False when errors were reported, at their places in the
// manifest.
bool mkimage_archive(struct diag *diag, const char *manifest, const struct mkimage_folders *folders,
                     struct mkimage_archive *archive) __attribute__((warn_unused_result));

#endif
