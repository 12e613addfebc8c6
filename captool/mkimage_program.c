// SPDX-License-Identifier: MIT
// A program's boot copy; see mkimage_program.h. The kernel checks again when it starts one.
#include "mkimage_program.h"

#include "mkimage_elf.h"

#include <stdbool.h>

static bool segment_has_entry(const Elf64_Phdr *segment, uint64_t entry) {
    return segment->p_type == PT_LOAD && (segment->p_flags & PF_X) && entry >= segment->p_vaddr &&
           entry - segment->p_vaddr < segment->p_memsz;
}

static const char *program_check(const struct mkimage_elf *elf) {
    bool entered = false;
    if (elf->header.e_type != ET_EXEC)
        return "it is not linked statically at a fixed address";
    for (size_t i = 0; i < elf->header.e_phnum; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        if (segment->p_type == PT_INTERP || segment->p_type == PT_DYNAMIC)
            return "it is linked dynamically";
        entered = entered || segment_has_entry(segment, elf->header.e_entry);
    }
    return entered ? NULL : "its entry point is in no executable segment";
}

size_t mkimage_program_strip(uint8_t *file, size_t size, const char **why) {
    struct mkimage_elf elf;
    *why = mkimage_elf_open(&elf, file, size);
    if (*why == NULL)
        *why = program_check(&elf);
    return *why == NULL ? mkimage_elf_strip(&elf, file) : 0;
}
