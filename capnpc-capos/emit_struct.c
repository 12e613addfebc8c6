// SPDX-License-Identifier: MIT
// Structs and groups: their handles, their layout, and how to get at one. Their fields are written
// by emit_read.c and emit_build.c.
#include "capnpc-capos/bound.h"
#include "capnpc-capos/emit_shape.h"
#include "capnpc-capos/names.h"

static void handle(struct emit *e, const struct node *node, const char *suffix,
                   const char *member) {
    const char *name = emit_text(e, "%s%s", node->c_name, suffix);
    out_printf(e->header, "struct %s {\n    %s;\n};\n", emit_tag(e, node, NULL, name), member);
}

static const char *lists_of(struct emit *e, const struct node *node, const struct field *field) {
    return emit_text(e, "%s_%s", node->c_name, field->c_name);
}

void emit_struct_types(struct emit *e, const struct node *node) {
    emit_which_type(e, node);
    out_printf(e->header, "\n");
    out_comment(e->header, "", node->doc);
    handle(e, node, "", "struct capos_struct s");
    out_printf(e->header, "\n");
    handle(e, node, "_builder", "struct capos_struct_builder s");
    for (uint32_t i = 0; i < node->field_count; i++)
        if (node->fields[i].group == NULL)
            emit_nested_list_types(e, node, node->fields[i].name, &node->fields[i].type,
                                   lists_of(e, node, &node->fields[i]));
    if (node->is_group || node->implied)
        return;
    out_printf(e->header, "\n");
    handle(e, node, "_list", "struct capos_list list");
    out_printf(e->header, "\n");
    handle(e, node, "_list_builder", "struct capos_list_builder list");
}

// The struct's constants. MAX_WORDS, where the schema bounds it, is the size of a buffer in which
// any message of this struct can be built.
static void layout(struct emit *e, const struct node *node) {
    const char *upper = names_upper(e->model->arena, node->c_name);
    const struct field *member = NULL;
    uint64_t most = bound_words(node, &member);
    struct out_define defines[] = {
        {emit_text(e, "%s_ID", upper),
         emit_text(e, "UINT64_C(0x%016llx)", (unsigned long long)node->id)},
        {emit_text(e, "%s_DATA_WORDS", upper), emit_text(e, "%u", node->data_words)},
        {emit_text(e, "%s_POINTERS", upper), emit_text(e, "%u", node->pointers)},
        {emit_text(e, "%s_MAX_WORDS", upper), emit_text(e, "%llu", (unsigned long long)most)},
    };
    size_t count = sizeof defines / sizeof *defines - (most == 0);
    if (most == 0 && node->bounded)
        refuse(e->model->refusals, node->display, member == NULL ? NULL : member->name,
               "the struct is $bounded, but this has no $maxLength or no end");
    for (size_t i = 0; i < count; i++)
        emit_name(e, node, NULL, defines[i].name);
    out_printf(e->header, "\n");
    out_defines(e->header, defines, count);
}

// The root of a message as this struct. Params and results come from elsewhere as well, but an
// answer that is given later is built as a message of its own.
static void from_message(struct emit *e, const struct node *node) {
    const char *n = node->c_name;
    emit_inline(e, node, NULL, emit_text(e, "struct %s", n), emit_text(e, "%s_read_message", n),
                "struct capos_reader *reader");
    out_printf(e->header, "    struct %s p;\n    p.s = capos_reader_root(reader);\n", n);
    out_printf(e->header, "    return p;\n}\n");
    emit_inline(e, node, NULL, emit_text(e, "struct %s_builder", n),
                emit_text(e, "%s_build_message", n), "struct capos_builder *builder");
    out_printf(e->header,
               "    struct %s_builder b;\n    b.s = capos_builder_init_root(builder, %u, %u);\n", n,
               node->data_words, node->pointers);
    out_printf(e->header, "    return b;\n}\n");
}

// An AnyPointer as this struct.
static void from_pointer(struct emit *e, const struct node *node) {
    const char *n = node->c_name;
    if (node->implied)
        return;
    emit_inline(e, node, NULL, emit_text(e, "struct %s", n), emit_text(e, "%s_read_pointer", n),
                "struct capos_pointer pointer");
    out_printf(e->header, "    struct %s p;\n    p.s = capos_pointer_struct(pointer);\n", n);
    out_printf(e->header, "    return p;\n}\n");
    emit_inline(e, node, NULL, emit_text(e, "struct %s_builder", n),
                emit_text(e, "%s_build_pointer", n), "struct capos_pointer_builder pointer");
    out_printf(e->header,
               "    struct %s_builder b;\n    b.s = capos_pointer_init_struct(pointer, %u, %u);\n",
               n, node->data_words, node->pointers);
    out_printf(e->header, "    return b;\n}\n");
}

// The field that stands at a place in the schema's text; union members have places of their own.
static void fields_in_order(struct emit *e, const struct node *node,
                            void (*emit)(struct emit *, const struct node *,
                                         const struct field *)) {
    for (uint32_t order = 0; order < node->field_count; order++)
        for (uint32_t i = 0; i < node->field_count; i++)
            if (node->fields[i].code_order == order)
                emit(e, node, &node->fields[i]);
}

void emit_struct_functions(struct emit *e, const struct node *node) {
    if (!node->is_group) {
        layout(e, node);
        emit_layout_declaration(e, node);
        emit_shape(e, node);
        from_message(e, node);
        from_pointer(e, node);
        emit_struct_list_functions(e, node);
    }
    emit_which_function(e, node);
    for (uint32_t i = 0; i < node->field_count; i++)
        if (node->fields[i].group == NULL)
            emit_nested_list_functions(e, node, node->fields[i].name, &node->fields[i].type,
                                       lists_of(e, node, &node->fields[i]));
    fields_in_order(e, node, emit_field_reader);
    fields_in_order(e, node, emit_field_builder);
}
