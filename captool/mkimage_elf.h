// SPDX-License-Identifier: MIT
// What an image's ELF files have in common, the kernel and the programs: x86_64, sound, nothing
// both writable and executable; and their boot copy, which has no more than is loaded.
#ifndef CAPTOOL_MKIMAGE_ELF_H
#define CAPTOOL_MKIMAGE_ELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

struct mkimage_elf {
    Elf64_Ehdr header;
    const Elf64_Phdr *segments; // header.e_phnum, in the file
    size_t end;                 // of the last segment's bytes in the file
};

// Takes a file apart. The file's bytes lie at an address that is a multiple of 8. NULL when it is
// sound, else what is wrong with it.
const char *mkimage_elf_open(struct mkimage_elf *elf, const uint8_t *file, size_t size)
    __attribute__((warn_unused_result));

// Turns a file that was opened into its boot copy, in place: everything after the last segment is
// cut off and the section headers are forgotten. The copy's size.
size_t mkimage_elf_strip(const struct mkimage_elf *elf, uint8_t *file);

#endif
