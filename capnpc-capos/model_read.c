// SPDX-License-Identifier: MIT
// From the nodes of a CodeGeneratorRequest to the model. Two passes: first every node gets its
// place, so that references can be joined, then what is within each is read. What the compiler
// can't express in C yet is refused here, with the node's and the member's name.
#include "capnpc-capos/annotation.h"
#include "capnpc-capos/model.h"

#include <stdlib.h>
#include <string.h>

static const char *text_copy(struct model *m, struct capos_text text) {
    return arena_copy(m->arena, text.data, text.size);
}

static int by_id(const void *a, const void *b) {
    uint64_t x = ((const struct node *)a)->id;
    uint64_t y = ((const struct node *)b)->id;
    return x < y ? -1 : x > y;
}

struct node *model_lookup(const struct model *m, uint64_t id) {
    struct node key = {.id = id};
    return bsearch(&key, m->nodes, m->node_count, sizeof *m->nodes, by_id);
}

const struct node *model_file(const struct node *node) {
    while (node->scope != NULL)
        node = node->scope;
    return node;
}

// Refuses something in a file that was asked for; what others have is not compiled now.
static void unable(struct model *m, const struct node *node, const char *member, const char *what) {
    if (model_file(node)->asked)
        refuse(m->refusals, node->display, member, "%s", what);
}

// Once for each declaration: not again for the members of what is generic, nor for what its methods
// imply.
static void generic(struct model *m, const struct node *node, const char *member) {
    if (capos_node_is_generic(node->raw) && (member != NULL || node->implied))
        return;
    unable(m, node, member, "type parameters can't be compiled yet");
}

// The node that a member refers to; a refusal if the request does not have it.
static const struct node *refer(struct model *m, const struct node *node, const char *member,
                                uint64_t id) {
    const struct node *found = model_lookup(m, id);
    if (found == NULL)
        unable(m, node, member, "the request lacks a node that this refers to");
    return found;
}

static void check_brand(struct model *m, const struct node *node, const char *member,
                        struct capos_struct brand) {
    if (capos_brand_scopes(brand).size > 0)
        generic(m, node, member);
}

static struct type read_type(struct model *m, const struct node *node, const char *member,
                             struct capos_struct raw) {
    struct type type = {.kind = capos_type_which(raw)};
    if (type.kind == CAPOS_TYPE_LIST) {
        struct type *element = arena_take(m->arena, sizeof *element);
        *element = read_type(m, node, member, capos_type_element(raw));
        type.element = element;
        if (element->kind == CAPOS_TYPE_ANY_POINTER && element->any != CAPOS_ANY_CAPABILITY &&
            element->any != CAPOS_ANY_KIND)
            unable(m, node, member, "lists of AnyStruct or AnyList can't be compiled yet");
    } else if (type.kind >= CAPOS_TYPE_ENUM && type.kind <= CAPOS_TYPE_INTERFACE) {
        type.node = refer(m, node, member, capos_type_id(raw));
        check_brand(m, node, member, capos_type_brand(raw));
    } else if (type.kind == CAPOS_TYPE_ANY_POINTER) {
        type.any = capos_type_any_kind(raw);
        if (capos_type_any_binding(raw) != CAPOS_ANY_UNCONSTRAINED)
            generic(m, node, member);
    } else if (type.kind > CAPOS_TYPE_ANY_POINTER) {
        unable(m, node, member, "this kind of type is not known");
    }
    return type;
}

static struct value read_value(struct capos_struct raw) {
    struct value value = {capos_value_bits(raw), capos_value_pointer(raw)};
    return value;
}

static const char *read_c_name(struct model *m, struct capos_list annotations) {
    struct capos_struct value;
    if (!annotation_lookup(annotations, ANNOTATION_NAME, &value))
        return NULL;
    return text_copy(m, capos_pointer_text(capos_value_pointer(value)));
}

static void read_slot(struct model *m, struct node *node, struct field *field,
                      struct capos_struct raw) {
    struct capos_struct value;
    field->type = read_type(m, node, field->name, capos_field_type(raw));
    field->offset = capos_field_offset(raw);
    field->value = read_value(capos_field_default(raw));
    field->has_object = type_is_pointer(&field->type) && capos_field_has_default(raw) &&
                        !capos_pointer_is_null(field->value.object);
    field->has_max_length =
        annotation_lookup(capos_field_annotations(raw), ANNOTATION_MAX_LENGTH, &value);
    if (field->has_max_length)
        field->max_length = (uint32_t)capos_value_bits(value);
    bool has_length = field->type.kind == CAPOS_TYPE_TEXT || field->type.kind == CAPOS_TYPE_DATA ||
                      field->type.kind == CAPOS_TYPE_LIST;
    if (field->has_max_length && !has_length)
        unable(m, node, field->name, "maxLength is for Text, Data and lists only");
}

static void read_struct(struct model *m, struct node *node) {
    struct capos_list fields = capos_node_fields(node->raw);
    struct capos_struct value;
    node->data_words = capos_node_data_words(node->raw);
    node->pointers = capos_node_pointers(node->raw);
    node->is_group = capos_node_is_group(node->raw);
    node->discriminants = capos_node_discriminants(node->raw);
    node->discriminant_offset = capos_node_discriminant_offset(node->raw) * 2;
    node->bounded =
        annotation_lookup(capos_node_annotations(node->raw), ANNOTATION_BOUNDED, &value);
    node->field_count = fields.size;
    node->fields = arena_array(m->arena, fields.size, sizeof *node->fields);
    for (uint32_t i = 0; i < fields.size; i++) {
        struct capos_struct raw = capos_list_struct(fields, i);
        struct field *field = &node->fields[i];
        field->name = text_copy(m, capos_field_name(raw));
        field->c_name = read_c_name(m, capos_field_annotations(raw));
        field->doc = "";
        field->code_order = capos_field_code_order(raw);
        field->discriminant = capos_field_discriminant(raw);
        if (capos_field_is_group(raw))
            field->group = refer(m, node, field->name, capos_field_group(raw));
        else
            read_slot(m, node, field, raw);
    }
}

static void read_enum(struct model *m, struct node *node) {
    struct capos_list enumerants = capos_node_enumerants(node->raw);
    node->enumerant_count = enumerants.size;
    node->enumerants = arena_array(m->arena, enumerants.size, sizeof *node->enumerants);
    for (uint32_t i = 0; i < enumerants.size; i++) {
        struct capos_struct raw = capos_list_struct(enumerants, i);
        node->enumerants[i].name = text_copy(m, capos_enumerant_name(raw));
        node->enumerants[i].c_name = read_c_name(m, capos_enumerant_annotations(raw));
        node->enumerants[i].doc = "";
    }
}

static void read_method(struct model *m, struct node *node, struct method *method,
                        struct capos_struct raw) {
    method->name = text_copy(m, capos_method_name(raw));
    method->c_name = read_c_name(m, capos_method_annotations(raw));
    method->doc = "";
    method->params = refer(m, node, method->name, capos_method_params(raw));
    method->results = refer(m, node, method->name, capos_method_results(raw));
    if (capos_method_implicit_parameters(raw).size > 0 ||
        capos_brand_scopes(capos_method_params_brand(raw)).size > 0 ||
        capos_brand_scopes(capos_method_results_brand(raw)).size > 0)
        generic(m, node, method->name);
}

static void read_interface(struct model *m, struct node *node) {
    struct capos_list methods = capos_node_methods(node->raw);
    struct capos_list supers = capos_node_superclasses(node->raw);
    node->method_count = methods.size;
    node->methods = arena_array(m->arena, methods.size, sizeof *node->methods);
    for (uint32_t i = 0; i < methods.size; i++) {
        node->methods[i].ordinal = (uint16_t)i;
        read_method(m, node, &node->methods[i], capos_list_struct(methods, i));
    }
    node->super_count = supers.size;
    node->supers = arena_array(m->arena, supers.size, sizeof *node->supers);
    for (uint32_t i = 0; i < supers.size; i++) {
        struct capos_struct raw = capos_list_struct(supers, i);
        node->supers[i] = refer(m, node, NULL, capos_superclass_id(raw));
        check_brand(m, node, NULL, capos_superclass_brand(raw));
    }
}

static void read_nested(struct model *m, struct node *node) {
    struct capos_list nested = capos_node_nested(node->raw);
    node->nested = arena_array(m->arena, nested.size, sizeof *node->nested);
    for (uint32_t i = 0; i < nested.size; i++) {
        struct node *found = model_lookup(m, capos_nested_id(capos_list_struct(nested, i)));
        if (found != NULL)
            node->nested[node->nested_count++] = found;
    }
}

// The inside of a node. Nodes of files that were not asked for are read as well: fields lead there.
static void read_node(struct model *m, struct node *node) {
    read_nested(m, node);
    if (node->kind == CAPOS_NODE_STRUCT)
        read_struct(m, node);
    else if (node->kind == CAPOS_NODE_ENUM)
        read_enum(m, node);
    else if (node->kind == CAPOS_NODE_INTERFACE)
        read_interface(m, node);
    else if (node->kind == CAPOS_NODE_CONST)
        node->type = read_type(m, node, NULL, capos_node_const_type(node->raw));
    if (node->kind == CAPOS_NODE_CONST)
        node->value = read_value(capos_node_const_value(node->raw));
    if (capos_node_parameters(node->raw).size > 0)
        generic(m, node, NULL);
}

static void place_node(struct model *m, struct node *node, struct capos_struct raw) {
    const char *display = text_copy(m, capos_node_display_name(raw));
    uint32_t prefix = capos_node_display_prefix(raw);
    node->id = capos_node_id(raw);
    node->kind = capos_node_which(raw);
    node->raw = raw;
    node->display = display;
    node->name = prefix < strlen(display) ? display + prefix : display;
    node->doc = "";
}

static void read_doc(struct model *m, struct capos_struct info) {
    struct node *node = model_lookup(m, capos_source_info_id(info));
    struct capos_list members = capos_source_info_members(info);
    if (node == NULL)
        return;
    node->doc = text_copy(m, capos_source_info_doc(info));
    for (uint32_t i = 0; i < members.size; i++) {
        const char *doc = text_copy(m, capos_source_member_doc(capos_list_struct(members, i)));
        if (i < node->field_count)
            node->fields[i].doc = doc;
        else if (i < node->enumerant_count)
            node->enumerants[i].doc = doc;
        else if (i < node->method_count)
            node->methods[i].doc = doc;
    }
}

static bool read_file(struct model *m, struct file *file, struct capos_struct raw) {
    struct capos_list imports = capos_requested_file_imports(raw);
    file->path = text_copy(m, capos_requested_file_name(raw));
    file->node = model_lookup(m, capos_requested_file_id(raw));
    file->import_count = imports.size;
    file->imports = arena_array(m->arena, imports.size, sizeof *file->imports);
    for (uint32_t i = 0; i < imports.size; i++) {
        struct capos_struct import = capos_list_struct(imports, i);
        file->imports[i].name = text_copy(m, capos_import_name(import));
        file->imports[i].node = model_lookup(m, capos_import_id(import));
    }
    return file->node != NULL;
}

// Params and results that only a method names are declared nowhere: they belong to the interface.
static void adopt(struct model *m, struct node *interface, uint64_t id) {
    struct node *node = model_lookup(m, id);
    if (node == NULL || node->scope != NULL || node->kind != CAPOS_NODE_STRUCT)
        return;
    node->implied = true;
    node->scope = interface;
}

static void adopt_implied(struct model *m, struct node *interface) {
    struct capos_list methods = capos_node_methods(interface->raw);
    for (uint32_t i = 0; i < methods.size; i++) {
        adopt(m, interface, capos_method_params(capos_list_struct(methods, i)));
        adopt(m, interface, capos_method_results(capos_list_struct(methods, i)));
    }
}

static void read_nodes(struct model *m, struct capos_list nodes) {
    m->node_count = nodes.size;
    m->nodes = arena_array(m->arena, nodes.size, sizeof *m->nodes);
    for (uint32_t i = 0; i < nodes.size; i++)
        place_node(m, &m->nodes[i], capos_list_struct(nodes, i));
    qsort(m->nodes, m->node_count, sizeof *m->nodes, by_id);
    for (uint32_t i = 0; i < nodes.size; i++)
        m->nodes[i].scope = model_lookup(m, capos_node_scope(m->nodes[i].raw));
    for (uint32_t i = 0; i < nodes.size; i++)
        if (m->nodes[i].kind == CAPOS_NODE_INTERFACE)
            adopt_implied(m, &m->nodes[i]);
}

static bool read_files(struct model *m, struct capos_list files) {
    bool sound = files.size > 0;
    m->file_count = files.size;
    m->files = arena_array(m->arena, files.size, sizeof *m->files);
    for (uint32_t i = 0; i < files.size; i++) {
        sound &= read_file(m, &m->files[i], capos_list_struct(files, i));
        if (m->files[i].node != NULL)
            m->files[i].node->asked = true;
    }
    return sound;
}

bool model_read(struct model *m, struct capos_struct request) {
    struct capos_list docs = capos_request_source_info(request);
    read_nodes(m, capos_request_nodes(request));
    if (!model_check_scopes(m) || !read_files(m, capos_request_files(request)))
        return false;
    for (uint32_t i = 0; i < m->node_count; i++)
        read_node(m, &m->nodes[i]);
    for (uint32_t i = 0; i < docs.size; i++)
        read_doc(m, capos_list_struct(docs, i));
    return capos_reader_ok(request.reader) && (m->refusals->count > 0 || model_check(m));
}
