// SPDX-License-Identifier: MIT
// capnpc-capos: a plugin of the capnp tool that writes C. Everything is made in memory first; if
// anything is refused no file is written and the exit status is 1. In the environment
// CAPNPC_CAPOS=enums asks for headers with nothing but the enums, CAPNPC_CAPOS=schema for the
// schema itself as constant data besides.
#include "capnpc-capos/emit.h"
#include "capnpc-capos/output.h"
#include "capnpc-capos/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    bool enums;
    bool schema;
};

static bool parse_options(struct options *options) {
    const char *given = getenv("CAPNPC_CAPOS");
    if (given == NULL)
        given = "";
    options->enums = strcmp(given, "enums") == 0;
    options->schema = strcmp(given, "schema") == 0;
    if (*given == '\0' || options->enums || options->schema)
        return true;
    fprintf(stderr, "capnpc-capos: CAPNPC_CAPOS=%s: must be enums or schema\n", given);
    return false;
}

static const char *output_path(struct model *model, const char *path, const char *ending) {
    size_t size = strlen(path);
    if (size > 6 && strcmp(path + size - 6, ".capnp") == 0)
        size -= 6;
    return arena_printf(model->arena, "%.*s%s", (int)size, path, ending);
}

static bool write_file(struct model *model, const struct file *file, const struct options *options,
                       const struct out *header, const struct out *source) {
    if (options->enums)
        return output_write(model->arena, output_path(model, file->path, ".h"), header->data,
                            header->size);
    return output_write(model->arena, output_path(model, file->path, ".capos.h"), header->data,
                        header->size) &&
           output_write(model->arena, output_path(model, file->path, ".capos.c"), source->data,
                        source->size);
}

// Makes the text of every file, then writes them all, unless something was refused.
static bool compile(struct model *model, const struct options *options,
                    struct capos_pointer request) {
    const struct capos_pointer none = {NULL, NULL, 0, 0, 0};
    struct out *texts = arena_array(model->arena, 2 * (size_t)model->file_count, sizeof *texts);
    bool done = true;
    for (uint32_t i = 0; i < model->file_count; i++) {
        if (options->enums)
            emit_enums_file(model, &model->files[i], &texts[2 * i]);
        else
            emit_file(model, &model->files[i], options->schema ? request : none, &texts[2 * i],
                      &texts[2 * i + 1]);
    }
    for (uint32_t i = 0; i < model->file_count; i++) {
        if (done && model->refusals->count == 0)
            done = write_file(model, &model->files[i], options, &texts[2 * i], &texts[2 * i + 1]);
        out_fini(&texts[2 * i]);
        out_fini(&texts[2 * i + 1]);
    }
    return done && model->refusals->count == 0;
}

static bool run(struct arena *arena, struct request *request, const struct options *options) {
    struct refusals refusals = {0};
    struct model model = {.arena = arena, .refusals = &refusals};
    if (!request_read(request, arena, STDIN_FILENO))
        return false;
    if (!model_read(&model, capos_reader_root(&request->reader))) {
        fprintf(stderr, "capnpc-capos: the request is damaged: %s\n",
                capos_fault_name(request->reader.fault.kind));
        return false;
    }
    if (refusals.count > 0)
        return false;
    model_name(&model);
    return compile(&model, options, capos_reader_root_pointer(&request->reader));
}

int main(void) {
    struct arena arena;
    struct options options;
    if (!parse_options(&options))
        return EXIT_FAILURE;
    arena_init(&arena);
    bool done = run(&arena, arena_take(&arena, sizeof(struct request)), &options);
    arena_fini(&arena);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
