// SPDX-License-Identifier: MIT
// The kernel's boot copy; see mkimage_kernel.h. The file is checked as any input: offsets are
// compared as numbers before anything is read.
#include "mkimage_kernel.h"

#include <elf.h>
#include <string.h>

enum { MULTIBOOT2_SEARCH = 32768 };
#define MULTIBOOT2_HEADER 0xe85250d6u

static const char *kernel_check_header(const Elf64_Ehdr *header, size_t size) {
    if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return "it is no ELF file";
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_machine != EM_X86_64)
        return "it is not for x86_64";
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
        header->e_phoff % 8 != 0 || header->e_phoff > size ||
        header->e_phnum > (size - header->e_phoff) / sizeof(Elf64_Phdr))
        return "its program headers are not inside of the file";
    return NULL;
}

static const char *kernel_check_segments(const Elf64_Phdr *segment, size_t count, size_t size,
                                         size_t *end) {
    for (size_t i = 0; i < count; i++) {
        if (segment[i].p_type != PT_LOAD)
            continue;
        if (segment[i].p_offset > size || segment[i].p_filesz > size - segment[i].p_offset)
            return "a segment is not inside of the file";
        if ((segment[i].p_flags & PF_W) && (segment[i].p_flags & PF_X))
            return "a segment is writable and executable";
        if (segment[i].p_offset + segment[i].p_filesz > *end)
            *end = segment[i].p_offset + segment[i].p_filesz;
    }
    return *end == 0 ? "it has no segment to load" : NULL;
}

static bool kernel_has_multiboot2(const uint8_t *elf, size_t size) {
    uint32_t word;
    for (size_t at = 0; at + 8 <= size && at < MULTIBOOT2_SEARCH; at += 8) {
        memcpy(&word, elf + at, sizeof word);
        if (word == MULTIBOOT2_HEADER)
            return true;
    }
    return false;
}

size_t mkimage_kernel_strip(uint8_t *elf, size_t size, const char **why) {
    Elf64_Ehdr header;
    size_t end = 0;
    if (size >= sizeof header)
        memcpy(&header, elf, sizeof header);
    *why = kernel_check_header(&header, size);
    if (*why == NULL)
        *why = kernel_check_segments((const Elf64_Phdr *)(const void *)(elf + header.e_phoff),
                                     header.e_phnum, size, &end);
    if (*why == NULL && !kernel_has_multiboot2(elf, size))
        *why = "it has no Multiboot2 header";
    if (*why != NULL)
        return 0;
    header.e_shoff = 0;
    header.e_shnum = 0;
    header.e_shstrndx = 0;
    memcpy(elf, &header, sizeof header);
    size_t headers = header.e_phoff + header.e_phnum * sizeof(Elf64_Phdr);
    return end > headers ? end : headers;
}
