// SPDX-License-Identifier: MIT
// Handles of lists: of structs, of capabilities, and of lists. Lists of numbers and texts are in
// the library (capnp/lists.h). Each has a size, an `at`, and a `set`, an `init` or an `at` for
// building.
#include "capnpc-capos/emit.h"

#include <string.h>

void emit_struct_list_functions(struct emit *e, const struct node *node) {
    const char *n = node->c_name;
    if (node->is_group || node->implied)
        return;
    emit_inline(e, node, NULL, "uint32_t", emit_text(e, "%s_list_size", n),
                emit_text(e, "struct %s_list list", n));
    out_printf(e->header, "    return list.list.size;\n}\n");
    emit_inline(e, node, NULL, emit_text(e, "struct %s", n), emit_text(e, "%s_list_at", n),
                emit_text(e, "struct %s_list list, uint32_t index", n));
    out_printf(e->header, "    struct %s p;\n    p.s = capos_list_struct(list.list, index);\n", n);
    out_printf(e->header, "    return p;\n}\n");
    emit_inline(e, node, NULL, emit_text(e, "struct %s_builder", n),
                emit_text(e, "%s_list_builder_at", n),
                emit_text(e, "struct %s_list_builder list, uint32_t index", n));
    out_printf(e->header, "    struct %s_builder b;\n", n);
    out_printf(e->header, "    b.s = capos_list_builder_struct(list.list, index);\n");
    out_printf(e->header, "    return b;\n}\n");
}

// Runs down the levels of List(List(...)). At each level there is a handle whose elements are
// lists.
static const struct type *next_level(struct emit *e, const struct type *type, const char *lists,
                                     const char **handle) {
    if (type->kind != CAPOS_TYPE_LIST || type->element->kind != CAPOS_TYPE_LIST)
        return NULL;
    *handle = emit_reader_type(e, type, lists) + strlen("struct ");
    return type->element;
}

void emit_nested_list_types(struct emit *e, const struct node *node, const char *member,
                            const struct type *type, const char *lists) {
    const char *handle;
    for (; (type = next_level(e, type, lists, &handle)) != NULL;) {
        out_printf(e->header, "\nstruct %s {\n    struct capos_list list;\n};\n",
                   emit_tag(e, node, member, handle));
        out_printf(e->header, "\nstruct %s {\n    struct capos_list_builder list;\n};\n",
                   emit_tag(e, node, member, emit_text(e, "%s_builder", handle)));
    }
}

static void nested_init(struct emit *e, const struct node *node, const char *member,
                        const struct type *element, const char *handle, const char *lists) {
    const char *type = emit_builder_type(e, element, lists);
    emit_inline(e, node, member, type, emit_text(e, "%s_init", handle),
                emit_text(e, "struct %s_builder list, uint32_t index, uint32_t size", handle));
    out_printf(e->header,
               "    struct capos_pointer_builder pointer = capos_list_builder_pointer(list.list, "
               "index);\n");
    out_printf(e->header, "    %s b;\n", type);
    if (element->element->kind == CAPOS_TYPE_STRUCT)
        out_printf(e->header,
                   "    b.list = capos_pointer_init_struct_list(pointer, size, %u, %u);\n",
                   element->element->node->data_words, element->element->node->pointers);
    else
        out_printf(e->header, "    b.list = capos_pointer_init_list(pointer, %s, size);\n",
                   emit_element(element->element));
    out_printf(e->header, "    return b;\n}\n");
}

void emit_nested_list_functions(struct emit *e, const struct node *node, const char *member,
                                const struct type *type, const char *lists) {
    const char *handle;
    for (; (type = next_level(e, type, lists, &handle)) != NULL;) {
        emit_inline(e, node, member, "uint32_t", emit_text(e, "%s_size", handle),
                    emit_text(e, "struct %s list", handle));
        out_printf(e->header, "    return list.list.size;\n}\n");
        emit_inline(e, node, member, emit_reader_type(e, type, lists),
                    emit_text(e, "%s_at", handle),
                    emit_text(e, "struct %s list, uint32_t index", handle));
        out_printf(e->header,
                   "    struct capos_pointer pointer = capos_list_pointer(list.list, index);\n");
        emit_return_pointer(e, type, lists, "pointer");
        out_printf(e->header, "}\n");
        nested_init(e, node, member, type, handle, lists);
    }
}
