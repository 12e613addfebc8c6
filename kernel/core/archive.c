// SPDX-License-Identifier: MIT
// The reader of the boot archive; see archive.h. The index is a Cap'n Proto message in memory that
// nobody writes, so it may be read as often as it is needed.
#include "core/archive.h"

#include "base/bits.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/text.h"
#include "core/frame.h"
#include "machine/cpu.h"
#include "schemas/archive.capos.h"

#include <capos/limits.h>

#define ARCHIVE_MAGIC UINT64_C(0x31766372416f6143)

enum { ARCHIVE_HEADER = 16, ARCHIVE_BINARIES_MAX = 1000 };

static struct capos_boot_archive read_index(const struct archive *archive,
                                            struct capos_reader *reader) {
    capos_reader_init(reader, archive->index, archive->index_words);
    return capos_boot_archive_read_message(reader);
}

static struct archive_file read_file(const struct archive *archive,
                                     struct capos_archive_file entry) {
    struct capos_text name = capos_archive_file_name(entry);
    uint64_t bytes = capos_archive_file_bytes(entry);

    return (struct archive_file){
        .name = name.data,
        .name_size = name.size,
        .base = {archive->base.value + capos_archive_file_offset(entry)},
        .bytes = bytes,
        .pages = bytes / FRAME_SIZE + (bytes % FRAME_SIZE != 0),
    };
}

// The file's pages lie within the archive, behind the index.
static const char *check_file(const struct archive *archive, struct capos_archive_file entry) {
    uint64_t offset = capos_archive_file_offset(entry), end;
    struct archive_file file = read_file(archive, entry);

    if (file.name_size == 0 || file.name_size > CAPOS_NAME_MAX)
        return "the boot archive has a file without a proper name";
    if (!is_aligned(offset, FRAME_SIZE) || offset < ARCHIVE_HEADER + archive->index_words * 8 ||
        !checked_align_up(file.bytes, FRAME_SIZE, &end) ||
        !range_within(offset, end, archive->bytes))
        return "the boot archive has a file that lies outside of it";
    return NULL;
}

static const char *check_index(struct archive *archive) {
    struct capos_reader reader;
    struct capos_boot_archive index = read_index(archive, &reader);
    struct capos_archive_file_list binaries = capos_boot_archive_binaries(index);
    const char *wrong = check_file(archive, capos_boot_archive_manifest(index));

    archive->count = capos_archive_file_list_size(binaries);
    if (archive->count > ARCHIVE_BINARIES_MAX)
        return "the boot archive has too many files";
    for (uint32_t i = 0; i < archive->count && wrong == NULL; i++)
        wrong = check_file(archive, capos_archive_file_list_at(binaries, i));
    if (!capos_reader_ok(&reader))
        return "the boot archive's index is malformed";
    return wrong;
}

const char *archive_open(struct archive *archive, struct paddr base, uint64_t bytes) {
    if (!is_aligned(base.value, FRAME_SIZE) || bytes < ARCHIVE_HEADER)
        return "there is no boot archive";
    const uint8_t *start = machine_direct(base);
    uint64_t index_bytes = load_u64(start + 8);
    if (load_u64(start) != ARCHIVE_MAGIC)
        return "the boot archive has no magic number";
    if (index_bytes % 8 != 0 || !range_within(ARCHIVE_HEADER, index_bytes, bytes))
        return "the boot archive's index lies outside of it";
    *archive = (struct archive){
        .base = base,
        .bytes = bytes,
        .index = (const uint64_t *)(const void *)(start + ARCHIVE_HEADER),
        .index_words = index_bytes / 8,
    };
    return check_index(archive);
}

struct archive_file archive_manifest(const struct archive *archive) {
    struct capos_reader reader;

    return read_file(archive, capos_boot_archive_manifest(read_index(archive, &reader)));
}

struct archive_file archive_binary(const struct archive *archive, uint32_t index) {
    struct capos_reader reader;
    struct capos_archive_file_list binaries =
        capos_boot_archive_binaries(read_index(archive, &reader));

    return read_file(archive, capos_archive_file_list_at(binaries, index));
}

bool archive_find(const struct archive *archive, const char *name, size_t size,
                  struct archive_file *file) {
    for (uint32_t i = 0; i < archive->count; i++) {
        *file = archive_binary(archive, i);
        if (text_equal(file->name, file->name_size, name, size))
            return true;
    }
    return false;
}
