// SPDX-License-Identifier: MIT
// captool convert: reads a document, checks all that can be checked, and only then writes.
#include <argp.h>
#include <stdlib.h>
#include <string.h>

#include "captool/captool.h"
#include "captool/common/document.h"
#include "captool/common/manifest.h"

struct arguments {
    struct diag *diag;
    const char *schema; // FILE:TYPE, NULL for the manifest's
    struct schema_folders folders;
    enum document_format from;
    enum document_format to;
    const char *in;
    const char *out;
};

static const struct argp_option options[] = {
    {"schema", 's', "FILE:TYPE", 0,
     "the schema's file and the struct in it; default: the SystemManifest that is built in", 0},
    {"import-path", 'I', "DIR", 0,
     "where imports of the schema that begin with `/` are looked for; may be repeated", 0},
    {"from", 'f', "FORMAT", 0, "the format of IN; default: by the ending of its name", 0},
    {"to", 't', "FORMAT", 0, "the format of OUT; default: by the ending of its name", 0},
    {0},
};

static enum document_format parse_format(const struct arguments *arguments, const char *name,
                                         struct argp_state *state) {
    enum document_format format = document_format_named(name);
    if (format == DOCUMENT_NONE)
        argp_error(state, "found the format `%s`, expected one of %s", name,
                   document_format_names(arguments->diag->pool));
    return format;
}

// A format that was not given is the name's ending's.
static enum document_format default_format(const struct arguments *arguments, const char *file,
                                           const char *option, struct argp_state *state) {
    enum document_format format = document_format_of_file(file);
    if (format == DOCUMENT_NONE)
        argp_error(state,
                   "found no format in the name `%s`, expected one of the endings %s, or --%s",
                   file, document_format_names(arguments->diag->pool), option);
    return format;
}

static void add_folder(struct arguments *arguments, const char *name) {
    struct schema_folders *folders = &arguments->folders;
    folders->names =
        pool_more(arguments->diag->pool, folders->names, folders->count, sizeof folders->names[0]);
    folders->names[folders->count++] = name;
}

static void finish(struct arguments *arguments, struct argp_state *state) {
    if (!arguments->out) {
        argp_error(state, "expected two files: IN and OUT");
        return;
    }
    if (arguments->from == DOCUMENT_NONE)
        arguments->from = default_format(arguments, arguments->in, "from", state);
    if (arguments->to == DOCUMENT_NONE)
        arguments->to = default_format(arguments, arguments->out, "to", state);
    if (arguments->schema && !strrchr(arguments->schema, ':'))
        argp_error(state, "found the schema `%s`, expected FILE:TYPE", arguments->schema);
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct arguments *arguments = state->input;
    switch (key) {
    case 's':
        arguments->schema = value;
        return 0;
    case 'I':
        add_folder(arguments, value);
        return 0;
    case 'f':
        arguments->from = parse_format(arguments, value, state);
        return 0;
    case 't':
        arguments->to = parse_format(arguments, value, state);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_error(state, "found the argument `%s`, expected two files: IN and OUT", value);
        *(state->arg_num == 0 ? &arguments->in : &arguments->out) = value;
        return 0;
    case ARGP_KEY_END:
        finish(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .args_doc = "IN OUT",
    .doc = "Converts a message from one format to another. `-` is standard input or output. "
           "Nothing is written when there is an error.\v"
           "Formats: yaml (or yml), json, bin (one message in stream framing), flat (one segment "
           "without framing), packed (framed and packed).",
};

// FILE:TYPE to the struct's node.
static const struct capos_struct *load(const struct arguments *arguments,
                                       const struct schema **schema) {
    struct diag *diag = arguments->diag;
    const char *colon = strrchr(arguments->schema, ':');
    const char *file =
        pool_copy(diag->pool, arguments->schema, (size_t)(colon - arguments->schema));
    *schema = schema_load(diag, file, &arguments->folders);
    return *schema ? schema_struct(diag, *schema, colon + 1) : NULL;
}

enum diag_exit captool_convert(struct diag *diag, int argc, char **argv) {
    struct arguments arguments = {.diag = diag};
    const struct schema *schema = schema_builtin(diag->pool);
    const struct capos_struct *node;
    struct document document;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.schema)
        node = load(&arguments, &schema);
    else
        node = schema_manifest(schema);
    if (!node)
        return DIAG_EXIT_ERROR;
    bool ok = document_read(diag, schema, *node, arguments.in, arguments.from, &document);
    if (document.tree && !arguments.schema) {
        manifest_check(diag, schema, document.tree);
        ok = ok && diag->errors == 0;
    }
    ok = ok && document_write(diag, schema, *node, &document, arguments.out, arguments.to);
    return ok ? DIAG_EXIT_OK : DIAG_EXIT_ERROR;
}
