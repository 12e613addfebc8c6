// SPDX-License-Identifier: MIT
// Making a boot archive; see mkimage_archive.h. The index names offsets that depend on its own
// size, which does not depend on them: it is built in a buffer large enough for any, with the files
// placed behind the room that its largest form for so many programs needs.
#include "mkimage_archive.h"

#include "base/bytes.h"
#include "capnp/builder.h"
#include "schemas/archive.capos.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

enum { ARCHIVE_PAGE = 4096, ARCHIVE_HEADER = 16 };
#define ARCHIVE_MAGIC UINT64_C(0x31766372416f6143)

static size_t archive_pages(size_t size) {
    return (size + ARCHIVE_PAGE - 1) / ARCHIVE_PAGE * ARCHIVE_PAGE;
}

static const char *archive_check(const struct mkimage_file *binaries, size_t count) {
    if (count > MKIMAGE_BINARIES)
        return "there are more than 1,000 programs";
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(binaries[i].name);
        if (length == 0 || length > MKIMAGE_NAME)
            return "a program's name is not of 1 to 31 bytes";
        for (size_t j = 0; j < i; j++)
            if (strcmp(binaries[i].name, binaries[j].name) == 0)
                return "two programs have the same name";
    }
    return NULL;
}

static void archive_describe(struct capos_archive_file_builder entry,
                             const struct mkimage_file *file, size_t *offset) {
    size_t length = strlen(file->name);
    capos_archive_file_set_name(entry, (struct capos_text){file->name, (uint32_t)length});
    capos_archive_file_set_offset(entry, *offset);
    capos_archive_file_set_bytes(entry, file->size);
    *offset += archive_pages(file->size);
}

// Writes the index, with files from `offset` on; how many words it takes, 0 when they are too few.
static size_t archive_index(uint64_t *words, size_t room, const struct mkimage_file *manifest,
                            const struct mkimage_file *binaries, size_t count, size_t offset) {
    struct capos_builder builder;
    capos_builder_init(&builder, words, room);
    struct capos_boot_archive_builder root = capos_boot_archive_build_message(&builder);
    archive_describe(capos_boot_archive_init_manifest(root), manifest, &offset);
    struct capos_archive_file_list_builder list =
        capos_boot_archive_init_binaries(root, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        archive_describe(capos_archive_file_list_builder_at(list, (uint32_t)i), &binaries[i],
                         &offset);
    uint32_t used;
    return capos_builder_finish(&builder, &used) == CAPOS_BUILD_OK ? used : 0;
}

static void archive_put(uint8_t *archive, const struct mkimage_file *file, size_t *offset) {
    if (file->size > 0)
        memcpy(archive + *offset, file->data, file->size);
    *offset += archive_pages(file->size);
}

// All of it, given the index for files that begin at `offset`.
static uint8_t *archive_assemble(const uint64_t *index, size_t words,
                                 const struct mkimage_file *manifest,
                                 const struct mkimage_file *binaries, size_t count, size_t offset,
                                 size_t *size) {
    *size = offset + archive_pages(manifest->size);
    for (size_t i = 0; i < count; i++)
        *size += archive_pages(binaries[i].size);
    uint8_t *archive = calloc(1, *size);
    if (archive == NULL)
        return NULL;
    store_u64(archive, ARCHIVE_MAGIC);
    store_u64(archive + 8, words * 8);
    memcpy(archive + ARCHIVE_HEADER, index, words * 8);
    archive_put(archive, manifest, &offset);
    for (size_t i = 0; i < count; i++)
        archive_put(archive, &binaries[i], &offset);
    return archive;
}

uint8_t *mkimage_archive(const struct mkimage_file *manifest, const struct mkimage_file *binaries,
                         size_t count, size_t *size, const char **why) {
    size_t room = CAPOS_BOOT_ARCHIVE_MAX_WORDS;
    *why = archive_check(binaries, count);
    if (*why != NULL)
        return NULL;
    uint64_t *index = calloc(room, sizeof *index);
    uint8_t *archive = NULL;
    *why = "there is not enough memory";
    if (index != NULL) {
        size_t words = archive_index(index, room, manifest, binaries, count, 0);
        size_t offset = archive_pages(ARCHIVE_HEADER + words * 8);
        memset(index, 0, room * sizeof *index);
        if (words != 0 && archive_index(index, room, manifest, binaries, count, offset) == words)
            archive = archive_assemble(index, words, manifest, binaries, count, offset, size);
    }
    free(index);
    return archive;
}

const char *mkimage_program_wrong(const uint8_t *elf, size_t size) {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    if (size < sizeof header)
        return "it is no ELF file";
    memcpy(&header, elf, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return "it is no ELF file";
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64)
        return "it is not for x86_64";
    if (header.e_type != ET_EXEC || header.e_phentsize != sizeof segment || header.e_phoff > size ||
        header.e_phnum > (size - header.e_phoff) / sizeof segment)
        return "it is no static program";
    for (unsigned i = 0; i < header.e_phnum; i++) {
        memcpy(&segment, elf + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_INTERP || segment.p_type == PT_DYNAMIC)
            return "it is no static program";
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) && (segment.p_flags & PF_X))
            return "a segment is writable and executable";
    }
    return NULL;
}
