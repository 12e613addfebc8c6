// SPDX-License-Identifier: MIT
// The bootable image: one ISO for BIOS and UEFI, on CD or disk, the same bytes for the same inputs.
#ifndef CAPTOOL_MKIMAGE_ISO_H
#define CAPTOOL_MKIMAGE_ISO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mkimage_input {
    const uint8_t *kernel; // the boot copy
    size_t kernel_size;
    const uint8_t *archive; // NULL when there is none
    size_t archive_size;
    const char *grub; // the folder with GRUB's platforms
};

// Makes the image in a temporary file beside `output` and renames it when it is complete. False,
// with a message on standard error and `output` untouched, when anything fails.
bool mkimage_iso(const struct mkimage_input *input, const char *output)
    __attribute__((warn_unused_result));

#endif
