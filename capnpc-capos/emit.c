// SPDX-License-Identifier: MIT
// One file's header and source. First all handles, because functions take and give each other's,
// then the functions, node by node in the order of the schema.
#include "capnpc-capos/emit.h"

#include "capnpc-capos/names.h"

#include <stdlib.h>
#include <string.h>

const char *emit_tag(struct emit *e, const struct node *node, const char *member,
                     const char *name) {
    identifiers_claim(&e->identifiers, IDENTIFIER_TAG, name, node, member);
    return name;
}

const char *emit_name(struct emit *e, const struct node *node, const char *member,
                      const char *name) {
    identifiers_claim(&e->identifiers, IDENTIFIER_ORDINARY, name, node, member);
    return name;
}

void emit_inline(struct emit *e, const struct node *node, const char *member, const char *type,
                 const char *name, const char *arguments) {
    if (!out_ends_in_comment(e->header))
        out_printf(e->header, "\n");
    out_prototype(e->header, "static inline ", type, emit_name(e, node, member, name), arguments,
                  ") {\n");
}

static void collect_members(struct emit *e, const struct node *node);

// A node and what is within it, outside first. Groups come after their struct, implied params and
// results before their interface.
static void collect(struct emit *e, const struct node *node) {
    if (node->kind == CAPOS_NODE_INTERFACE)
        collect_members(e, node);
    e->nodes[e->node_count++] = node;
    if (node->kind == CAPOS_NODE_STRUCT)
        collect_members(e, node);
    for (uint32_t i = 0; i < node->nested_count; i++)
        collect(e, node->nested[i]);
}

static void collect_members(struct emit *e, const struct node *node) {
    for (uint32_t i = 0; i < node->field_count; i++)
        if (node->fields[i].group != NULL)
            collect(e, node->fields[i].group);
    for (uint32_t i = 0; i < node->method_count; i++) {
        if (node->methods[i].params->implied)
            collect(e, node->methods[i].params);
        if (node->methods[i].results->implied)
            collect(e, node->methods[i].results);
    }
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

// "schemas/time.capnp" -> "schemas/time" and what takes the place of the ending.
static const char *with_ending(struct emit *e, const char *path, const char *ending) {
    const char *dot = strrchr(base_name(path), '.');
    size_t size = dot == NULL ? strlen(path) : (size_t)(dot - path);
    return emit_text(e, "%.*s%s", (int)size, path, ending);
}

static bool type_reaches(const struct type *type, const struct node *file) {
    for (; type->kind == CAPOS_TYPE_LIST; type = type->element)
        ;
    return type->node != NULL && model_file(type->node) == file;
}

static bool node_reaches(const struct node *node, const struct node *file) {
    for (uint32_t i = 0; i < node->field_count; i++)
        if (node->fields[i].group == NULL && type_reaches(&node->fields[i].type, file))
            return true;
    for (uint32_t i = 0; i < node->super_count; i++)
        if (model_file(node->supers[i]) == file)
            return true;
    for (uint32_t i = 0; i < node->method_count; i++)
        if (model_file(node->methods[i].params) == file ||
            model_file(node->methods[i].results) == file)
            return true;
    return node->kind == CAPOS_NODE_CONST && type_reaches(&node->type, file);
}

static bool is_used(const struct emit *e, const struct import *import) {
    for (uint32_t i = 0; i < e->node_count; i++)
        if (import->node != NULL && node_reaches(e->nodes[i], import->node))
            return true;
    return false;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Imports are included, in order, if a type of theirs is used. A relative one stands beside this
// header too.
static void includes(struct emit *e) {
    uint32_t count = 0;
    const char **names = arena_array(e->model->arena, e->file->import_count, sizeof *names);
    for (uint32_t i = 0; i < e->file->import_count; i++) {
        const struct import *import = &e->file->imports[i];
        if (is_used(e, import))
            names[count++] = with_ending(e, import->name + (import->name[0] == '/'), ".capos.h");
    }
    qsort(names, count, sizeof *names, by_text);
    for (uint32_t i = 0; i < count; i++)
        out_printf(e->header, "%s#include \"%s\"\n", i == 0 ? "\n" : "", names[i]);
}

static bool type_is_float(const struct type *type) {
    for (; type->kind == CAPOS_TYPE_LIST; type = type->element)
        ;
    return type->kind == CAPOS_TYPE_FLOAT32 || type->kind == CAPOS_TYPE_FLOAT64;
}

static bool has_floats(const struct emit *e) {
    for (uint32_t n = 0; n < e->node_count; n++) {
        const struct node *node = e->nodes[n];
        if (node->kind == CAPOS_NODE_CONST && type_is_float(&node->type))
            return true;
        for (uint32_t i = 0; i < node->field_count; i++)
            if (node->fields[i].group == NULL && type_is_float(&node->fields[i].type))
                return true;
    }
    return false;
}

static const char *guard(struct emit *e, const char *suffix) {
    const char *name = with_ending(e, e->file->path, suffix);
    const char *upper = names_upper(e->model->arena, names_snake(e->model->arena, name));
    return *upper >= 'A' && *upper <= 'Z' ? upper : emit_text(e, "H%s", upper);
}

static void begin_header(struct emit *e, const char *macro) {
    out_printf(e->header, "// Generated by capnpc-capos from %s. Do not edit.\n", e->file->path);
    out_comment(e->header, "", e->file->node->doc);
    out_printf(e->header, "#ifndef %s\n#define %s\n", macro, macro);
}

static void types(struct emit *e) {
    for (uint32_t i = 0; i < e->node_count; i++) {
        const struct node *node = e->nodes[i];
        if (node->kind == CAPOS_NODE_ENUM) {
            emit_enum_type(e, node);
            emit_enum_list_types(e, node);
        } else if (node->kind == CAPOS_NODE_STRUCT)
            emit_struct_types(e, node);
        else if (node->kind == CAPOS_NODE_INTERFACE)
            emit_interface_types(e, node);
    }
}

static void functions(struct emit *e) {
    for (uint32_t i = 0; i < e->node_count; i++)
        if (e->nodes[i]->kind == CAPOS_NODE_ENUM)
            emit_enum_functions(e, e->nodes[i]);
    for (uint32_t i = 0; i < e->node_count; i++) {
        const struct node *node = e->nodes[i];
        if (node->kind == CAPOS_NODE_STRUCT)
            emit_struct_functions(e, node);
        else if (node->kind == CAPOS_NODE_CONST)
            emit_constant(e, node);
    }
    // These use what was written of their methods' params and results.
    for (uint32_t i = 0; i < e->node_count; i++)
        if (e->nodes[i]->kind == CAPOS_NODE_INTERFACE)
            emit_interface_functions(e, e->nodes[i]);
}

static void source(struct emit *e) {
    for (uint32_t i = 0; i < e->node_count; i++)
        if (e->nodes[i]->kind == CAPOS_NODE_STRUCT)
            emit_layout(e, e->nodes[i]);
    for (uint32_t i = 0; i < e->node_count; i++)
        if (e->nodes[i]->kind == CAPOS_NODE_INTERFACE)
            emit_interface_source(e, e->nodes[i]);
}

static void emit_init(struct emit *e, struct model *model, const struct file *file,
                      struct out *header, struct out *source_text) {
    e->model = model;
    e->file = file;
    e->header = header;
    e->source = source_text;
    e->node_count = 0;
    e->nodes = arena_array(model->arena, 2 * (size_t)model->node_count + 1, sizeof *e->nodes);
    identifiers_init(&e->identifiers, model);
    for (uint32_t i = 0; i < file->node->nested_count; i++)
        collect(e, file->node->nested[i]);
}

// The nodes that the tool gave for the file, those of its imports and the comments too, under the
// name of the file: several may have one prefix.
static void schema(struct emit *e, struct capos_pointer request) {
    const char *name = names_snake(e->model->arena, base_name(with_ending(e, e->file->path, "")));
    const char *prefix = e->file->node->c_name;
    if (capos_pointer_is_null(request))
        return;
    out_printf(e->header, "\n// The schema: a CodeGeneratorRequest, to be read with capnp/node.h.");
    emit_object(e, e->file->node, NULL,
                emit_text(e, "%s%s%s_schema", prefix, *prefix == '\0' ? "" : "_", name), request);
}

void emit_file(struct model *model, const struct file *file, struct capos_pointer request,
               struct out *header, struct out *source_text) {
    struct emit e;
    emit_init(&e, model, file, header, source_text);
    begin_header(&e, guard(&e, ".capos.h"));
    out_printf(header, "\n#include \"capnp/call.h\"\n");
    if (has_floats(&e))
        out_printf(header, "#include \"capnp/floats.h\"\n");
    out_printf(header, "#include \"capnp/known.h\"\n#include \"capnp/lists.h\"\n");
    includes(&e);
    out_printf(header, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    out_printf(source_text, "// Generated by capnpc-capos from %s. Do not edit.\n", file->path);
    out_printf(source_text, "#include \"%s\"\n",
               base_name(with_ending(&e, file->path, ".capos.h")));
    types(&e);
    functions(&e);
    source(&e);
    schema(&e, request);
    out_printf(header, "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n");
}

void emit_enums_file(struct model *model, const struct file *file, struct out *header) {
    struct emit e;
    emit_init(&e, model, file, header, NULL);
    begin_header(
        &e, emit_text(&e, "%s_%s", names_upper(model->arena, file->node->c_name), guard(&e, ".h")));
    for (uint32_t i = 0; i < e.node_count; i++)
        if (e.nodes[i]->kind == CAPOS_NODE_ENUM)
            emit_enum_type(&e, e.nodes[i]);
    out_printf(header, "\n#endif\n");
}
