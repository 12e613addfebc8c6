// SPDX-License-Identifier: MIT
// The boot archive; see mkimage_archive.h.
#include "mkimage_archive.h"

#include "captool/common/document.h"
#include "captool/common/manifest.h"
#include "host/file.h"
#include "mkimage_program.h"
#include "schemas/archive.capos.h"
#include "schemas/manifest.capos.h"

#include <string.h>
#include <sys/stat.h>

enum { ARCHIVE_PAGE = 4096, ARCHIVE_HEADER = 16 };
static const char archive_magic[8] = {'C', 'a', 'o', 'A', 'r', 'c', 'v', '1'};

// One file of the archive. Offsets are known when all sizes are.
struct part {
    struct capos_text name;
    const uint8_t *data;
    size_t size;
    uint64_t offset;
};

struct plan {
    struct diag *diag;
    const struct mkimage_folders *folders;
    struct document manifest;
    struct part *parts; // the manifest, then the binaries
    size_t count;
    uint64_t *index;
    uint32_t index_words;
};

// Where the manifest speaks of a binary: its file, else its name, else the whole file.
static struct span binary_span(const struct plan *plan, uint32_t i) {
    const struct tree *list = tree_value(plan->manifest.tree, "binaries");
    const struct tree *item = list != NULL && i < list->count ? list->items[i] : NULL;
    const struct tree *value = tree_value(item, "file");
    if (value == NULL)
        value = tree_value(item, "name");
    return value != NULL ? value->span : (struct span){.source = plan->manifest.source};
}

static bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

// The path of the first folder that has the file, or NULL. A folder of that name is passed over.
static const char *find_program(const struct plan *plan, const char *file) {
    for (size_t i = 0; i < plan->folders->count; i++) {
        const char *path = pool_format(plan->diag->pool, "%s/%s", plan->folders->names[i], file);
        if (is_file(path))
            return path;
    }
    return NULL;
}

static const char *folder_names(const struct plan *plan) {
    const char *names = "";
    for (size_t i = 0; i < plan->folders->count; i++)
        names = pool_format(plan->diag->pool, "%s%s%s", names, i == 0 ? "" : ", ",
                            plan->folders->names[i]);
    return names;
}

static bool read_program(const struct plan *plan, const char *path, struct span span,
                         struct part *part) {
    const struct source *source = file_read(plan->diag, path);
    const char *why;
    if (source == NULL)
        return false;
    uint8_t *copy = (uint8_t *)pool_copy(plan->diag->pool, source->text, source->size);
    part->data = copy;
    part->size = mkimage_program_strip(copy, source->size, &why);
    if (part->size == 0)
        diag_error(plan->diag, span, "found the program %s, which can't be started: %s", path, why);
    return part->size != 0;
}

static bool add_binary(struct plan *plan, struct capos_binary binary, uint32_t i) {
    struct capos_text file = capos_binary_file(binary);
    struct part *part = &plan->parts[1 + i];
    struct span span = binary_span(plan, i);
    part->name = capos_binary_name(binary);
    const char *path = find_program(plan, file.size != 0 ? file.data : part->name.data);
    if (path == NULL) {
        diag_error(plan->diag, span, "found no program %s, expected it in %s",
                   diag_quote(plan->diag, file.size != 0 ? file.data : part->name.data,
                              file.size != 0 ? file.size : part->name.size),
                   folder_names(plan));
        return false;
    }
    return read_program(plan, path, span, part);
}

static bool add_binaries(struct plan *plan) {
    struct capos_reader reader;
    capos_reader_init(&reader, plan->manifest.message.words, plan->manifest.message.size);
    struct capos_binary_list binaries =
        capos_system_manifest_binaries(capos_system_manifest_read_message(&reader));
    uint32_t count = capos_binary_list_size(binaries);
    bool ok = true;
    plan->count = 1 + count;
    plan->parts = pool_array(plan->diag->pool, plan->count, sizeof *plan->parts);
    plan->parts[0].name = capos_text_of("manifest");
    plan->parts[0].data = (const uint8_t *)plan->manifest.message.words;
    plan->parts[0].size = plan->manifest.message.size * sizeof(uint64_t);
    for (uint32_t i = 0; i < count; i++)
        ok = add_binary(plan, capos_binary_list_at(binaries, i), i) && ok;
    return ok;
}

static void write_part(struct capos_archive_file_builder to, const struct part *part) {
    capos_archive_file_set_name(to, part->name);
    capos_archive_file_set_offset(to, part->offset);
    capos_archive_file_set_bytes(to, part->size);
}

static uint32_t build_index(const struct plan *plan, uint64_t *words, size_t capacity) {
    struct capos_builder builder;
    uint32_t used = 0;
    capos_builder_init(&builder, words, capacity);
    struct capos_boot_archive_builder archive = capos_boot_archive_build_message(&builder);
    write_part(capos_boot_archive_init_manifest(archive), &plan->parts[0]);
    struct capos_archive_file_list_builder binaries =
        capos_boot_archive_init_binaries(archive, (uint32_t)plan->count - 1);
    for (size_t i = 1; i < plan->count; i++)
        write_part(capos_archive_file_list_builder_at(binaries, (uint32_t)i - 1), &plan->parts[i]);
    return capos_builder_finish(&builder, &used) == CAPOS_BUILD_OK ? used : 0;
}

static uint64_t page_align(uint64_t bytes) {
    return (bytes + ARCHIVE_PAGE - 1) / ARCHIVE_PAGE * ARCHIVE_PAGE;
}

// The index has the same size whatever the offsets are, so it is built twice.
static bool lay_out(struct plan *plan) {
    size_t capacity = 64 + plan->count * 16;
    plan->index = pool_array(plan->diag->pool, capacity, sizeof *plan->index);
    plan->index_words = build_index(plan, plan->index, capacity);
    uint64_t offset = page_align(ARCHIVE_HEADER + plan->index_words * sizeof(uint64_t));
    for (size_t i = 0; i < plan->count; i++) {
        plan->parts[i].offset = offset;
        offset += page_align(plan->parts[i].size);
    }
    return plan->index_words != 0 && build_index(plan, plan->index, capacity) == plan->index_words;
}

static void put_u64(uint8_t *to, uint64_t value) {
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static void assemble(const struct plan *plan, struct mkimage_archive *archive) {
    const struct part *last = &plan->parts[plan->count - 1];
    archive->size = last->offset + page_align(last->size);
    archive->data = pool_alloc(plan->diag->pool, archive->size);
    memcpy(archive->data, archive_magic, sizeof archive_magic);
    put_u64(archive->data + 8, plan->index_words * sizeof(uint64_t));
    memcpy(archive->data + ARCHIVE_HEADER, plan->index, plan->index_words * sizeof(uint64_t));
    for (size_t i = 0; i < plan->count; i++)
        memcpy(archive->data + plan->parts[i].offset, plan->parts[i].data, plan->parts[i].size);
}

static bool read_manifest(struct plan *plan, const char *manifest) {
    const struct schema *builtin = schema_builtin(plan->diag->pool);
    const struct capos_struct *node = schema_manifest(builtin);
    enum document_format format = document_format_of_file(manifest);
    if (format == DOCUMENT_NONE) {
        diag_error(plan->diag, (struct span){0},
                   "found no format in the name %s, expected one of the endings %s",
                   diag_quote(plan->diag, manifest, strlen(manifest)),
                   document_format_names(plan->diag->pool));
        return false;
    }
    bool ok = document_read(plan->diag, builtin, *node, manifest, format, &plan->manifest);
    if (plan->manifest.tree != NULL)
        manifest_check(plan->diag, builtin, plan->manifest.tree);
    return ok && plan->diag->errors == 0;
}

bool mkimage_archive(struct diag *diag, const char *manifest, const struct mkimage_folders *folders,
                     struct mkimage_archive *archive) {
    struct plan plan = {.diag = diag, .folders = folders};
    if (!read_manifest(&plan, manifest) || !add_binaries(&plan))
        return false;
    if (!lay_out(&plan)) {
        diag_error(diag, (struct span){.source = plan.manifest.source},
                   "found more binaries than an archive's index can hold");
        return false;
    }
    assemble(&plan, archive);
    return true;
}
