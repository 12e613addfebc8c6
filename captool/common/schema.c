// SPDX-License-Identifier: MIT
// Loading schemas and naming what is in them.
#include "captool/common/schema.h"

#include <string.h>

#include "capnp/stream.h"

// A message that lists more names than these ends in "...".
#define MEMBERS_SHOWN 20

const char *schema_text(struct pool *pool, struct capos_text text) {
    return pool_copy(pool, text.data, text.size);
}

const struct schema *schema_of_request(struct pool *pool, const uint64_t *words, size_t size) {
    struct capos_segment *segments = pool_array(pool, CAPOS_STREAM_SEGMENTS, sizeof *segments);
    struct schema *schema = pool_alloc(pool, sizeof *schema);
    uint32_t count;
    size_t used;
    if (capos_stream_parse(words, size, segments, CAPOS_STREAM_SEGMENTS, &count, &used) !=
        CAPOS_STREAM_OK)
        return NULL;
    capos_reader_init_segments(&schema->reader, segments, count);
    schema->reader.budget = UINT64_MAX;
    struct capos_struct request = capos_reader_root(&schema->reader);
    uint32_t nodes = capos_nodes_size(request);
    capos_nodes_init(&schema->nodes, request,
                     pool_array(pool, nodes, sizeof(struct capos_nodes_entry)));
    struct capos_list files = capos_request_files(request);
    schema->own_name = schema_text(pool, capos_requested_file_name(capos_list_struct(files, 0)));
    return capos_reader_ok(&schema->reader) && nodes > 0 ? schema : NULL;
}

const struct schema *schema_builtin(struct pool *pool) {
    return schema_of_request(pool, captool_schemas, captool_schemas_words);
}

const struct capos_struct *schema_manifest(const struct schema *builtin) {
    return capos_nodes_find(&builtin->nodes, CAPOS_NODE_STRUCT, capos_text_of("SystemManifest"),
                            NULL);
}

const struct capos_struct *schema_node(const struct schema *schema, uint64_t id) {
    return capos_nodes_lookup(&schema->nodes, id);
}

const struct capos_struct *schema_struct(struct diag *diag, const struct schema *schema,
                                         const char *name) {
    const char *full = pool_format(diag->pool, "%s:%s", schema->own_name, name);
    const struct capos_struct *node =
        capos_nodes_find(&schema->nodes, CAPOS_NODE_STRUCT, capos_text_of(full), NULL);
    if (node)
        return node;
    struct nearest nearest;
    nearest_init(&nearest, name, strlen(name));
    for (uint32_t i = 0; i < schema->nodes.count; i++) {
        struct capos_struct other = schema->nodes.entries[i].node;
        if (capos_node_which(other) == CAPOS_NODE_STRUCT && !capos_node_is_group(other))
            schema_offer(&nearest, schema_node_name(diag->pool, other));
    }
    diag_error(diag, (struct span){0}, "found `%s`, expected a struct of %s%s", name, schema->file,
               diag_meant(diag, nearest.name));
    return NULL;
}

size_t schema_interfaces(const struct schema *schema, struct capos_text name,
                         struct capos_struct *first) {
    size_t count = 0;
    for (; schema; schema = schema->builtin) {
        const struct capos_struct *node = NULL;
        while ((node = capos_nodes_find(&schema->nodes, CAPOS_NODE_INTERFACE, name, node))) {
            if (count > 0 && capos_node_id(*node) == capos_node_id(*first))
                continue;
            if (count++ == 0)
                *first = *node;
        }
    }
    return count;
}

const struct capos_struct *schema_interface(const struct schema *schema, uint64_t id) {
    const struct capos_struct *node = NULL;
    for (; schema && !node; schema = schema->builtin)
        node = schema_node(schema, id);
    return node && capos_node_which(*node) == CAPOS_NODE_INTERFACE ? node : NULL;
}

const char *schema_node_name(struct pool *pool, struct capos_struct node) {
    return schema_text(pool, capos_nodes_name(node));
}

static const char *expected_node(struct pool *pool, const struct schema *schema,
                                 struct capos_struct type) {
    const struct capos_struct *node = schema_node(schema, capos_type_id(type));
    if (!node)
        return "a type whose schema is missing";
    if (capos_type_which(type) == CAPOS_TYPE_ENUM)
        return pool_format(pool, "one of %s (%s)", schema_members(pool, *node),
                           schema_node_name(pool, *node));
    return pool_format(pool, "a mapping (%s)", schema_node_name(pool, *node));
}

const char *schema_expected(struct pool *pool, const struct schema *schema,
                            struct capos_struct type) {
    enum capos_type_kind kind = capos_type_which(type);
    const struct capos_type_form *form = capos_type_form(kind);
    switch (kind) {
    case CAPOS_TYPE_VOID:
        return "nothing (null)";
    case CAPOS_TYPE_BOOL:
        return "true or false";
    case CAPOS_TYPE_TEXT:
        return "text";
    case CAPOS_TYPE_DATA:
        return "bytes (0x and hexadecimal digits, base64, or !!binary)";
    case CAPOS_TYPE_LIST:
        return "a list";
    case CAPOS_TYPE_ENUM:
    case CAPOS_TYPE_STRUCT:
        return expected_node(pool, schema, type);
    case CAPOS_TYPE_INTERFACE:
        return "no value: a capability can't be written in a file";
    case CAPOS_TYPE_ANY_POINTER:
        return "no value: AnyPointer has no type to go by";
    default:
        return form ? pool_format(pool, form->is_float ? "a number (%s)" : "a whole number (%s)",
                                  form->name)
                    : "a type that is not newer than this program";
    }
}

// Struct nodes have fields, enum nodes have enumerants; both lists lie in the same place and both
// begin with the name.
static struct capos_list members_of(struct capos_struct node) {
    return capos_node_fields(node);
}

const char *schema_members(struct pool *pool, struct capos_struct node) {
    struct capos_list members = members_of(node);
    const char *text = members.size == 0 ? "it has none" : "";
    for (uint32_t i = 0; i < members.size && i < MEMBERS_SHOWN; i++)
        text = pool_format(pool, "%s%s%s", text, i > 0 ? ", " : "",
                           schema_text(pool, capos_field_name(capos_list_struct(members, i))));
    return members.size > MEMBERS_SHOWN ? pool_format(pool, "%s, ...", text) : text;
}

void schema_offer(struct nearest *nearest, const char *name) {
    nearest_offer(nearest, name, strlen(name));
}

const char *schema_nearest(struct pool *pool, struct capos_struct node, const char *found,
                           size_t size) {
    struct capos_list members = members_of(node);
    struct nearest nearest;
    nearest_init(&nearest, found, size);
    for (uint32_t i = 0; i < members.size; i++)
        schema_offer(&nearest, schema_text(pool, capos_field_name(capos_list_struct(members, i))));
    return nearest.name;
}
