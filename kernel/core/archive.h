// SPDX-License-Identifier: MIT
// The boot archive (schemas/archive.capnp): the manifest and the binaries, where the loader put
// them. Nothing of it is copied, freed or changed. archive_open checks all that the index says, so
// that later lookups can only fail to find.
#ifndef CORE_ARCHIVE_H
#define CORE_ARCHIVE_H

#include "base/attributes.h"
#include "machine/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct archive {
    struct paddr base; // page-aligned, reached by machine_direct
    uint64_t bytes;
    const uint64_t *index;
    size_t index_words;
    uint32_t count; // of binaries
};

// One file of it. The name is the archive's and ends with a NUL.
struct archive_file {
    const char *name;
    uint32_t name_size;
    struct paddr base;
    uint64_t bytes;
    uint64_t pages;
};

// NULL when the archive can be used; else what is wrong, for people, in a static text.
must_use const char *archive_open(struct archive *archive, struct paddr base, uint64_t bytes);

// The manifest; binary number `index`, below archive->count.
struct archive_file archive_manifest(const struct archive *archive);
struct archive_file archive_binary(const struct archive *archive, uint32_t index);

// The binary of that name: false when there is none.
must_use bool archive_find(const struct archive *archive, const char *name, size_t size,
                           struct archive_file *file);

#endif
