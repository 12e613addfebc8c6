// SPDX-License-Identifier: MIT
//
// The kernel half of every address space, shared by C and assembly. User space is the lower half.
//
//   LAYOUT_DIRECT   the direct map: physical memory that is usable or holds the boot archive
//   LAYOUT_STACKS   per-CPU stacks, each below an unmapped guard page
//   LAYOUT_DEVICES  registers of devices, uncached
//   LAYOUT_IMAGE    the image, at a random 2 MiB place in the top 2 GiB
#ifndef CAPOS_ARCH_LAYOUT_H
#define CAPOS_ARCH_LAYOUT_H

#define LAYOUT_DIRECT  0xffff800000000000
#define LAYOUT_STACKS  0xfffffe0000000000
#define LAYOUT_DEVICES 0xfffffe8000000000
#define LAYOUT_IMAGE   0xffffffff80000000

// Which of the 512 top-level entries maps an address.
#define LAYOUT_SLOT(address) (((address) >> 39) & 511)

// The last 2 MiB slot of each GiB at which the image still ends within it.
#define LAYOUT_IMAGE_LAST_SLOT 508

// Leaving QEMU: the value written to the port tells the host how it went.
#define LAYOUT_EXIT_PORT  0xf4
#define LAYOUT_EXIT_PANIC 0x7f

#endif
