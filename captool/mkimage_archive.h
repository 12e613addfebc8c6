// SPDX-License-Identifier: MIT
// The boot archive (schemas/archive.capnp): an index, then the manifest and the programs, each on
// pages of its own.
#ifndef CAPTOOL_MKIMAGE_ARCHIVE_H
#define CAPTOOL_MKIMAGE_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

struct mkimage_file {
    const char *name; // in the archive
    const uint8_t *data;
    size_t size;
};

enum { MKIMAGE_BINARIES = 1000, MKIMAGE_NAME = 31 };

// Makes an archive of a manifest and `count` programs, in their order. To be freed by the caller;
// NULL, and in *why what is wrong (a name too long or there twice, too many programs, no memory),
// when there is none.
uint8_t *mkimage_archive(const struct mkimage_file *manifest, const struct mkimage_file *binaries,
                         size_t count, size_t *size, const char **why);

// NULL when the file can be one of the programs: a static ELF file for x86_64 without a segment
// that is both writable and executable. Else what is wrong with it.
const char *mkimage_program_wrong(const uint8_t *elf, size_t size);

#endif
