// SPDX-License-Identifier: MIT
// ELF files of an image; see mkimage_elf.h. The file is checked as any input: offsets are compared
// as numbers before anything is read.
#include "mkimage_elf.h"

#include <stdbool.h>
#include <string.h>

static const char *elf_check_header(const Elf64_Ehdr *header, size_t size) {
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

static const char *elf_check_segments(struct mkimage_elf *elf, size_t size) {
    for (size_t i = 0; i < elf->header.e_phnum; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        if (segment->p_type != PT_LOAD)
            continue;
        if (segment->p_offset > size || segment->p_filesz > size - segment->p_offset)
            return "a segment is not inside of the file";
        if ((segment->p_flags & PF_W) && (segment->p_flags & PF_X))
            return "a segment is writable and executable";
        if (segment->p_offset + segment->p_filesz > elf->end)
            elf->end = segment->p_offset + segment->p_filesz;
    }
    return elf->end == 0 ? "it has no segment to load" : NULL;
}

const char *mkimage_elf_open(struct mkimage_elf *elf, const uint8_t *file, size_t size) {
    *elf = (struct mkimage_elf){0};
    if (size >= sizeof elf->header)
        memcpy(&elf->header, file, sizeof elf->header);
    const char *why = elf_check_header(&elf->header, size);
    if (why != NULL)
        return why;
    elf->segments = (const Elf64_Phdr *)(const void *)(file + elf->header.e_phoff);
    return elf_check_segments(elf, size);
}

size_t mkimage_elf_strip(const struct mkimage_elf *elf, uint8_t *file) {
    Elf64_Ehdr header = elf->header;
    header.e_shoff = 0;
    header.e_shnum = 0;
    header.e_shstrndx = 0;
    memcpy(file, &header, sizeof header);
    size_t headers = header.e_phoff + header.e_phnum * sizeof(Elf64_Phdr);
    return elf->end > headers ? elf->end : headers;
}
