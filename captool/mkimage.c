// SPDX-License-Identifier: MIT
// capos-mkimage: puts a kernel and a boot archive into an image that boots. This file knows the
// command line; what an image is made of is in mkimage_*.c.
#include "mkimage_iso.h"
#include "mkimage_kernel.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOOL "capos-mkimage"

enum { EXIT_USAGE = 2, OPTION_GRUB = 256 };

struct arguments {
    const char *kernel, *archive, *output, *grub;
};

struct bytes {
    uint8_t *data;
    size_t size;
};

const char *argp_program_version = TOOL " (capOS) " PACKAGE_VERSION;

static const struct argp_option mkimage_options[] = {
    {"kernel", 'k', "FILE", 0, "the kernel (required)", 0},
    {"archive", 'a', "FILE", 0, "the boot archive; without one the kernel has nothing to run", 0},
    {"output", 'o', "ISO", 0, "where the image goes (required)", 0},
    {"grub", OPTION_GRUB, "DIR", 0, "GRUB's platforms, default " GRUB_DIR, 0},
    {0},
};

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
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument: %s", value);
        return EINVAL;
    case ARGP_KEY_END:
        if (arguments->kernel == NULL)
            argp_error(state, "which kernel? (--kernel FILE)");
        if (arguments->output == NULL)
            argp_error(state, "where to? (-o ISO)");
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

static bool mkimage_make(const struct arguments *arguments, struct bytes *kernel,
                         struct bytes *archive) {
    const char *why;
    if (!mkimage_read(arguments->kernel, kernel))
        return false;
    kernel->size = mkimage_kernel_strip(kernel->data, kernel->size, &why);
    if (kernel->size == 0) {
        fprintf(stderr, TOOL ": %s can't be booted: %s\n", arguments->kernel, why);
        return false;
    }
    if (arguments->archive != NULL && !mkimage_read(arguments->archive, archive))
        return false;
    const struct mkimage_input input = {kernel->data, kernel->size, archive->data, archive->size,
                                        arguments->grub};
    return mkimage_iso(&input, arguments->output);
}

int main(int argc, char **argv) {
    struct arguments arguments = {.grub = GRUB_DIR};
    struct bytes kernel = {0}, archive = {0};
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&mkimage_argp, argc, argv, 0, NULL, &arguments);
    bool ok = mkimage_make(&arguments, &kernel, &archive);
    free(kernel.data);
    free(archive.data);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
