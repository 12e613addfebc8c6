// SPDX-License-Identifier: MIT
// capos-mkimage: puts a kernel and a boot archive into an image that boots. This file knows the
// command line; what an image is made of is in mkimage_*.c.
#include "mkimage_archive.h"
#include "mkimage_iso.h"
#include "mkimage_kernel.h"

#include "host/file.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOOL "capos-mkimage"

enum { EXIT_USAGE = 2, OPTION_GRUB = 256, OPTION_BARE, OPTION_ARCHIVE_ONLY, FOLDERS_MOST = 32 };

struct arguments {
    const char *kernel, *archive, *output, *grub, *manifest;
    const char *folder[FOLDERS_MOST];
    size_t folders;
    bool bare, archive_only;
    bool build; // the word was said
};

const char *argp_program_version = TOOL " (capOS) " PACKAGE_VERSION;

static const struct argp_option mkimage_options[] = {
    {"kernel", 'k', "FILE", 0, "the kernel, default " CAPOS_DIR "/capos.elf", 0},
    {"bin", 'b', "DIR", 0,
     "where programs are looked for; may be repeated; default " CAPOS_DIR "/servers", 0},
    {"output", 'o', "ISO", 0, "where the image goes (required)", 0},
    {"archive", 'a', "FILE", 0, "a boot archive as it is, in place of a manifest", 0},
    {"bare", OPTION_BARE, NULL, 0, "the kernel alone, with nothing to run", 0},
    {"archive-only", OPTION_ARCHIVE_ONLY, NULL, 0,
     "write the boot archive and no image, for capos-run --direct", 0},
    {"grub", OPTION_GRUB, "DIR", 0, "GRUB's platforms, default " GRUB_DIR, 0},
    {0},
};

static void mkimage_add_folder(struct arguments *arguments, const char *name,
                               struct argp_state *state) {
    if (arguments->folders == FOLDERS_MOST)
        argp_error(state, "more than %d folders of programs", FOLDERS_MOST);
    else
        arguments->folder[arguments->folders++] = name;
}

// `build` is what there is to do, and may be left out.
static void mkimage_add_word(struct arguments *arguments, const char *word,
                             struct argp_state *state) {
    if (!arguments->build && arguments->manifest == NULL && strcmp(word, "build") == 0)
        arguments->build = true;
    else if (arguments->manifest == NULL)
        arguments->manifest = word;
    else
        argp_error(state, "unexpected argument: %s", word);
}

static void mkimage_finish(struct arguments *arguments, struct argp_state *state) {
    int contents = (arguments->manifest != NULL) + (arguments->archive != NULL) + arguments->bare;
    if (arguments->output == NULL)
        argp_error(state, "where to? (-o ISO)");
    else if (contents == 0)
        argp_error(state, "which manifest?");
    else if (contents > 1)
        argp_error(state, "a manifest, --archive and --bare exclude each other");
    else if (arguments->archive_only && arguments->manifest == NULL)
        argp_error(state, "--archive-only needs a manifest");
    if (arguments->folders == 0)
        mkimage_add_folder(arguments, CAPOS_DIR "/servers", state);
}

static error_t mkimage_parse(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 'k':
        arguments->kernel = value;
        return 0;
    case 'b':
        mkimage_add_folder(arguments, value, state);
        return 0;
    case 'a':
        arguments->archive = value;
        return 0;
    case 'o':
        arguments->output = value;
        return 0;
    case OPTION_BARE:
        arguments->bare = true;
        return 0;
    case OPTION_ARCHIVE_ONLY:
        arguments->archive_only = true;
        return 0;
    case OPTION_GRUB:
        arguments->grub = value;
        return 0;
    case ARGP_KEY_ARG:
        mkimage_add_word(arguments, value, state);
        return 0;
    case ARGP_KEY_END:
        mkimage_finish(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp mkimage_argp = {
    .options = mkimage_options,
    .parser = mkimage_parse,
    .args_doc = "[build] MANIFEST",
    .doc = "Makes an image that boots on BIOS and UEFI, from CD and from disk, of the system that "
           "the manifest describes.",
};

static bool read_kernel(struct diag *diag, const char *file, struct mkimage_input *input) {
    const struct source *source = file_read(diag, file);
    const char *why;
    if (source == NULL)
        return false;
    uint8_t *kernel = (uint8_t *)pool_copy(diag->pool, source->text, source->size);
    input->kernel = kernel;
    input->kernel_size = mkimage_kernel_strip(kernel, source->size, &why);
    if (input->kernel_size == 0)
        diag_error(diag, span_of_file(source), "found a kernel that can't be booted: %s", why);
    return input->kernel_size != 0;
}

static bool read_contents(struct diag *diag, const struct arguments *arguments,
                          struct mkimage_input *input) {
    const struct mkimage_folders folders = {arguments->folder, arguments->folders};
    struct mkimage_archive archive = {0};
    bool ok = true;
    if (arguments->manifest != NULL) {
        ok = mkimage_archive(diag, arguments->manifest, &folders, &archive);
        input->archive = archive.data;
        input->archive_size = archive.size;
    } else if (arguments->archive != NULL) {
        const struct source *source = file_read(diag, arguments->archive);
        ok = source != NULL;
        input->archive = ok ? (const uint8_t *)source->text : NULL;
        input->archive_size = ok ? source->size : 0;
    }
    return ok;
}

// Everything is read and checked, and all that is wrong reported, before anything is written.
static bool mkimage_make(struct diag *diag, const struct arguments *arguments) {
    struct mkimage_input input = {.grub = arguments->grub};
    bool ok = arguments->archive_only || read_kernel(diag, arguments->kernel, &input);
    ok = read_contents(diag, arguments, &input) && ok;
    if (ok && arguments->archive_only)
        ok = file_write(diag, arguments->output, input.archive, input.archive_size);
    diag_print(diag, stderr);
    return ok && (arguments->archive_only || mkimage_iso(&input, arguments->output));
}

int main(int argc, char **argv) {
    struct arguments arguments = {.grub = GRUB_DIR, .kernel = CAPOS_DIR "/capos.elf"};
    struct pool pool;
    struct diag diag;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&mkimage_argp, argc, argv, 0, NULL, &arguments);
    pool_init(&pool);
    diag_init(&diag, &pool);
    bool ok = mkimage_make(&diag, &arguments);
    pool_fini(&pool);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
