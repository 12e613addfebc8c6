// SPDX-License-Identifier: MIT
//
// The kernel's own image as the linker script lays it out. The addresses are those of the running
// image, wherever it was placed; image_linked_at is where it was linked, so that the difference is
// what the relocation adds, and what a backtrace takes off.
#ifndef CAPOS_ARCH_IMAGE_H
#define CAPOS_ARCH_IMAGE_H

#define IMAGE_LINKED_AT 0xffffffff80200000

#ifndef __ASSEMBLER__
#include <stdint.h>

extern const uint8_t image_start[], image_text_end[], image_rodata_end[], image_end[];
extern const uint8_t image_build_id[], image_build_id_end[];

#endif
#endif
