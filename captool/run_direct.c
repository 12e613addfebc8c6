// SPDX-License-Identifier: MIT
// Taking kernel and archive out of an ISO; see run_direct.h. Reads as much of ISO 9660 as finding
// two files in one folder needs.
#include "run_direct.h"

#include "base/bytes.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SECTOR = 2048,
    VOLUME_SECTOR = 16,
    VOLUME_ROOT = 156,
    RECORD_MIN = 34,
    FOLDER_MAX = 1 << 20
};

// Where a file or folder lies in the image.
struct extent {
    uint64_t offset;
    uint32_t size;
};

static struct extent direct_extent(const uint8_t *record) {
    return (struct extent){(uint64_t)load_u32(record + 2) * SECTOR, load_u32(record + 10)};
}

static bool direct_read(FILE *iso, uint64_t offset, void *data, size_t size) {
    return fseeko(iso, (off_t)offset, SEEK_SET) == 0 && fread(data, 1, size, iso) == size;
}

// Does a record have this name? Names are in capitals, files' with a version after ';' and a dot
// even without an ending.
static bool direct_named(const uint8_t *record, const char *name) {
    size_t size = record[32];
    size_t at = 0;
    while (at < size && name[at] && toupper((unsigned char)name[at]) == record[33 + at])
        at++;
    if (name[at] != '\0')
        return false;
    if (at < size && record[33 + at] == '.')
        at++;
    return at == size || record[33 + at] == ';';
}

static bool direct_find(FILE *iso, struct extent folder, const char *name, struct extent *found) {
    uint8_t *data = folder.size <= FOLDER_MAX ? malloc(folder.size) : NULL;
    bool ok = false;
    if (data != NULL && direct_read(iso, folder.offset, data, folder.size)) {
        for (uint32_t at = 0; at < folder.size && !ok;) {
            const uint8_t *record = data + at;
            uint32_t size = record[0];
            // A record never crosses a sector; zero fills what is left of one.
            if (size == 0) {
                at = (at / SECTOR + 1) * SECTOR;
                continue;
            }
            if (size < RECORD_MIN || size > folder.size - at || 33u + record[32] > size)
                break;
            ok = direct_named(record, name);
            if (ok)
                *found = direct_extent(record);
            at += size;
        }
    }
    free(data);
    return ok;
}

static bool direct_copy(FILE *iso, struct extent extent, FILE *to) {
    uint8_t buffer[65536];
    if (fseeko(iso, (off_t)extent.offset, SEEK_SET) != 0)
        return false;
    for (uint32_t left = extent.size; left > 0;) {
        size_t step = left < sizeof buffer ? left : sizeof buffer;
        if (fread(buffer, 1, step, iso) != step || fwrite(buffer, 1, step, to) != step)
            return false;
        left -= (uint32_t)step;
    }
    return true;
}

// Copies a file of the ISO to a temporary one, whose name it returns.
static char *direct_take(FILE *iso, struct extent extent, const char *what) {
    const char *folder = getenv("TMPDIR");
    char *name;
    if (asprintf(&name, "%s/capos-run-%s.XXXXXX", folder && *folder ? folder : "/tmp", what) < 0)
        return NULL;
    int descriptor = mkstemp(name);
    FILE *to = descriptor >= 0 ? fdopen(descriptor, "wb") : NULL;
    bool ok = to != NULL && direct_copy(iso, extent, to);
    if (to != NULL && fclose(to) != 0)
        ok = false;
    if (ok)
        return name;
    fprintf(stderr, RUN_TOOL ": %s: %s\n", name, strerror(errno));
    if (descriptor >= 0)
        unlink(name);
    free(name);
    return NULL;
}

static bool direct_take_all(struct direct *direct, struct run_options *options, FILE *iso) {
    uint8_t volume[SECTOR];
    struct extent boot, kernel, archive;
    if (!direct_read(iso, VOLUME_SECTOR * SECTOR, volume, sizeof volume) ||
        memcmp(volume + 1, "CD001", 5) != 0 ||
        !direct_find(iso, direct_extent(volume + VOLUME_ROOT), "boot", &boot) ||
        !direct_find(iso, boot, "kernel.elf", &kernel)) {
        fprintf(stderr, RUN_TOOL ": %s is neither a kernel nor an image of capOS\n",
                options->image);
        return false;
    }
    direct->kernel = direct_take(iso, kernel, "kernel");
    if (direct->kernel == NULL)
        return false;
    options->image = direct->kernel;
    if (!direct_find(iso, boot, "archive", &archive))
        return true;
    direct->archive = direct_take(iso, archive, "archive");
    options->archive = direct->archive;
    return direct->archive != NULL;
}

// Opens the image; *kernel tells whether it is an ELF file.
static FILE *direct_open(const char *image, bool *kernel) {
    char magic[4];
    FILE *file = fopen(image, "rb");
    if (file == NULL)
        fprintf(stderr, RUN_TOOL ": %s: %s\n", image, strerror(errno));
    else
        *kernel = fread(magic, 1, sizeof magic, file) == sizeof magic &&
                  memcmp(magic, "\177ELF", sizeof magic) == 0;
    return file;
}

bool direct_check(const struct run_options *options) {
    bool kernel;
    FILE *file = direct_open(options->image, &kernel);
    if (file == NULL)
        return false;
    fclose(file);
    if (kernel && !options->direct)
        fprintf(stderr, RUN_TOOL ": %s is a kernel, which needs --direct\n", options->image);
    else if (!kernel && options->archive != NULL)
        fprintf(stderr, RUN_TOOL ": %s is no kernel, but an archive is given\n", options->image);
    else
        return true;
    return false;
}

bool direct_prepare(struct direct *direct, struct run_options *options) {
    bool kernel;
    if (!options->direct)
        return true;
    FILE *file = direct_open(options->image, &kernel);
    if (file == NULL)
        return false;
    bool ok = kernel || direct_take_all(direct, options, file);
    fclose(file);
    if (!ok)
        direct_fini(direct);
    return ok;
}

static void direct_remove(char **name) {
    if (*name != NULL)
        unlink(*name);
    free(*name);
    *name = NULL;
}

void direct_fini(struct direct *direct) {
    direct_remove(&direct->kernel);
    direct_remove(&direct->archive);
}
