// SPDX-License-Identifier: MIT
// The kernel as an image holds it: what the loader needs and no more.
#ifndef CAPTOOL_MKIMAGE_KERNEL_H
#define CAPTOOL_MKIMAGE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Checks that the `size` bytes are an x86_64 kernel for our loaders, and turns them into the boot
// copy in place: everything after the last segment is cut off, the section headers are zeroed (GRUB
// refuses sections with relocations and loads debugging information). The copy's size, or 0 and in
// *why what is wrong with it.
size_t mkimage_kernel_strip(uint8_t *elf, size_t size, const char **why);

#endif
