// SPDX-License-Identifier: MIT
// capos-mkimage: puts a kernel and a boot archive into an image that boots. This file knows the
// command line; what an image is made of is in mkimage_*.c.
#include "mkimage_archive.h"
#include "mkimage_iso.h"
#include "mkimage_kernel.h"
#include "mkimage_work.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOOL "capos-mkimage"

enum { EXIT_USAGE = 2, OPTION_GRUB = 256, OPTION_MANIFEST, OPTION_PROGRAM, OPTION_ARCHIVE_ONLY };

struct bytes {
    uint8_t *data;
    size_t size;
};

struct arguments {
    const char *kernel, *archive, *output, *grub;
    const char *manifest;
    char *programs[MKIMAGE_BINARIES]; // NAME=FILE
    size_t program_count;
    bool archive_only;
};

const char *argp_program_version = TOOL " (capOS) " PACKAGE_VERSION;

static const struct argp_option mkimage_options[] = {
    {"kernel", 'k', "FILE", 0, "the kernel (required)", 0},
    {"archive", 'a', "FILE", 0, "the boot archive; without one the kernel has nothing to run", 0},
    {"manifest", OPTION_MANIFEST, "FILE", 0, "make the boot archive, of this manifest (a message)",
     0},
    {"program", OPTION_PROGRAM, "NAME=FILE", 0, "and of this program; may be repeated", 0},
    {"archive-only", OPTION_ARCHIVE_ONLY, NULL, 0, "write the boot archive and no image", 0},
    {"output", 'o', "ISO", 0, "where the image goes (required)", 0},
    {"grub", OPTION_GRUB, "DIR", 0, "GRUB's platforms, default " GRUB_DIR, 0},
    {0},
};

static error_t mkimage_parse_program(struct arguments *arguments, char *value,
                                     struct argp_state *state) {
    if (strchr(value, '=') == NULL)
        argp_error(state, "found --program %s, expected NAME=FILE", value);
    if (arguments->program_count == MKIMAGE_BINARIES)
        argp_error(state, "more than %d programs", MKIMAGE_BINARIES);
    arguments->programs[arguments->program_count++] = value;
    return 0;
}

static void mkimage_check(const struct arguments *arguments, struct argp_state *state) {
    if (arguments->kernel == NULL && !arguments->archive_only)
        argp_error(state, "which kernel? (--kernel FILE)");
    if (arguments->output == NULL)
        argp_error(state, "where to? (-o FILE)");
    if (arguments->manifest != NULL && arguments->archive != NULL)
        argp_error(state, "--archive and --manifest exclude each other");
    if (arguments->manifest == NULL && (arguments->program_count > 0 || arguments->archive_only))
        argp_error(state, "which manifest? (--manifest FILE)");
}

static error_t mkimage_parse(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'k':
        arguments->kernel = value;
        return 0;
    case 'a':
        arguments->archive = value;
        return 0;
    case 'o':
        arguments->output = value;
        return 0;
    case OPTION_GRUB:
        arguments->grub = value;
        return 0;
    case OPTION_MANIFEST:
        arguments->manifest = value;
        return 0;
    case OPTION_ARCHIVE_ONLY:
        arguments->archive_only = true;
        return 0;
    case OPTION_PROGRAM:
        return mkimage_parse_program(arguments, value, state);
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument: %s", value);
        return EINVAL;
    case ARGP_KEY_END:
        mkimage_check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp mkimage_argp = {
    .options = mkimage_options,
    .parser = mkimage_parse,
    .doc = "Makes an image that boots on BIOS and UEFI, from CD and from disk.",
};

static bool mkimage_read(const char *path, struct bytes *bytes) {
    FILE *file = fopen(path, "rb");
    long size = -1;
    *bytes = (struct bytes){0};
    if (file != NULL && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
        rewind(file);
        bytes->data = malloc((size_t)size + 1);
        if (bytes->data != NULL)
            bytes->size = fread(bytes->data, 1, (size_t)size, file);
    }
    bool ok = bytes->data != NULL && bytes->size == (size_t)size;
    if (!ok)
        fprintf(stderr, TOOL ": %s: %s\n", path, strerror(errno));
    if (file != NULL)
        fclose(file);
    return ok;
}

// One program, checked; its name ends the argument's first part.
static bool mkimage_read_program(char *argument, struct mkimage_file *file, struct bytes *bytes) {
    char *path = strchr(argument, '=');
    *path++ = '\0';
    if (!mkimage_read(path, bytes))
        return false;
    const char *wrong = mkimage_program_wrong(bytes->data, bytes->size);
    if (wrong != NULL)
        fprintf(stderr, TOOL ": %s can't be a program: %s\n", path, wrong);
    *file = (struct mkimage_file){argument, bytes->data, bytes->size};
    return wrong == NULL;
}

// Makes the boot archive of what the arguments name.
static bool mkimage_make_archive(struct arguments *arguments, struct bytes *archive) {
    static struct mkimage_file files[MKIMAGE_BINARIES];
    static struct bytes contents[MKIMAGE_BINARIES];
    struct bytes manifest;
    const char *why = NULL;
    bool ok = mkimage_read(arguments->manifest, &manifest);
    size_t count = 0;
    for (; ok && count < arguments->program_count; count++)
        ok = mkimage_read_program(arguments->programs[count], &files[count], &contents[count]);
    if (ok) {
        struct mkimage_file file = {"manifest", manifest.data, manifest.size};
        archive->data = mkimage_archive(&file, files, count, &archive->size, &why);
        ok = archive->data != NULL;
        if (!ok)
            fprintf(stderr, TOOL ": no boot archive: %s\n", why);
    }
    for (size_t i = 0; i < count; i++)
        free(contents[i].data);
    free(manifest.data);
    return ok;
}

// Writes beside the output and renames.
static bool mkimage_write(const char *path, const struct bytes *bytes) {
    char *temporary = work_format("%s.%ld.tmp", path, (long)getpid());
    FILE *file = fopen(temporary, "wb");
    bool ok = file != NULL && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
    if (file != NULL && fclose(file) != 0)
        ok = false;
    if (ok)
        ok = rename(temporary, path) == 0;
    if (!ok) {
        fprintf(stderr, TOOL ": %s: %s\n", path, strerror(errno));
        unlink(temporary);
    }
    free(temporary);
    return ok;
}

static bool mkimage_make(struct arguments *arguments, struct bytes *kernel, struct bytes *archive) {
    const char *why;
    if (arguments->archive != NULL && !mkimage_read(arguments->archive, archive))
        return false;
    if (arguments->manifest != NULL && !mkimage_make_archive(arguments, archive))
        return false;
    if (arguments->archive_only)
        return mkimage_write(arguments->output, archive);
    if (!mkimage_read(arguments->kernel, kernel))
        return false;
    kernel->size = mkimage_kernel_strip(kernel->data, kernel->size, &why);
    if (kernel->size == 0) {
        fprintf(stderr, TOOL ": %s can't be booted: %s\n", arguments->kernel, why);
        return false;
    }
    const struct mkimage_input input = {kernel->data, kernel->size, archive->data, archive->size,
                                        arguments->grub};
    return mkimage_iso(&input, arguments->output);
}

int main(int argc, char **argv) {
    static struct arguments arguments = {.grub = GRUB_DIR};
    struct bytes kernel = {0}, archive = {0};
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&mkimage_argp, argc, argv, 0, NULL, &arguments);
    bool ok = mkimage_make(&arguments, &kernel, &archive);
    free(kernel.data);
    free(archive.data);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
