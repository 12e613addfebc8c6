// SPDX-License-Identifier: MIT
// A program as an image holds it.
#ifndef CAPTOOL_MKIMAGE_PROGRAM_H
#define CAPTOOL_MKIMAGE_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

// Checks that the bytes, at an address that is a multiple of 8, are a program that capOS can start:
// static, for x86_64, no segment both writable and executable, entered where it may execute; and
// turns them into the boot copy in place. The copy's size, or 0 and in *why what is wrong with it.
size_t mkimage_program_strip(uint8_t *file, size_t size, const char **why);

#endif
