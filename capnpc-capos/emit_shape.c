// SPDX-License-Identifier: MIT
// Shapes (capnp/validate.h): the constant words of a message whose root's pointers all lead to
// structs without pointers or to capabilities, and the function that looks whether it has them.
#include "capnpc-capos/emit_shape.h"

#include "capnpc-capos/capabilities.h"

// More would be looked at more quickly by the validator.
enum { SHAPE_POINTERS_MAX = 8 };

static const struct field *pointer_field(const struct node *node, uint32_t pointer) {
    for (uint32_t i = 0; i < node->field_count; i++) {
        const struct field *field = &node->fields[i];
        if (field->group == NULL && type_is_pointer(&field->type) && field->offset == pointer)
            return field_in_union(field) ? NULL : field;
    }
    return NULL;
}

// Does it lead to a struct that has data, and nothing else?
static bool leads_to_data(const struct field *field) {
    return field->type.kind == CAPOS_TYPE_STRUCT && field->type.node->pointers == 0 &&
           field->type.node->data_words > 0;
}

static uint32_t capability_count(const struct node *node) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->field_count; i++)
        count += capabilities_place(node, &node->fields[i]) >= 0;
    return count;
}

bool shape_exists(const struct node *node) {
    if (node->is_group || node->pointers > SHAPE_POINTERS_MAX)
        return false;
    for (uint32_t i = 0; i < node->pointers; i++) {
        const struct field *field = pointer_field(node, i);
        if (field == NULL || (!leads_to_data(field) && capabilities_place(node, field) < 0))
            return false;
    }
    return true;
}

const char *shape_arguments(struct emit *e, const struct node *node) {
    return emit_text(e, "%s_has_shape, %u, %u, %s", node->c_name, node->data_words, node->pointers,
                     capability_count(node) > 0 ? "true" : "false");
}

int shape_offset(const struct node *node, const struct field *of) {
    uint32_t offset = (uint32_t)node->data_words + node->pointers;
    if (!shape_exists(node) || !leads_to_data(of))
        return -1;
    for (uint32_t i = 0; i < of->offset; i++)
        if (leads_to_data(pointer_field(node, i)))
            offset += pointer_field(node, i)->type.node->data_words;
    return (int)offset;
}

static void compare(struct emit *e, uint32_t place, uint64_t word) {
    out_printf(e->header, " &&\n           capos_word_sound(words, %u) == UINT64_C(0x%016llx)",
               place, (unsigned long long)word);
}

static void compare_pointers(struct emit *e, const struct node *node) {
    uint32_t place = 1u + node->data_words;
    uint32_t next = place + node->pointers;
    for (uint32_t i = 0; i < node->pointers; i++, place++) {
        const struct field *field = pointer_field(node, i);
        int capability = capabilities_place(node, field);
        if (capability >= 0) {
            compare(e, place, capos_word_make_capability((uint32_t)capability));
            continue;
        }
        uint16_t words = field->type.node->data_words;
        compare(e, place, capos_word_make_struct((int32_t)(next - place - 1), words, 0));
        next += words;
    }
}

static uint32_t shape_words(const struct node *node) {
    uint32_t words = 1u + node->data_words + node->pointers;
    for (uint32_t i = 0; i < node->pointers; i++)
        if (leads_to_data(pointer_field(node, i)))
            words += pointer_field(node, i)->type.node->data_words;
    return words;
}

void emit_shape(struct emit *e, const struct node *node) {
    if (!shape_exists(node))
        return;
    emit_inline(e, node, NULL, "bool", emit_text(e, "%s_has_shape", node->c_name),
                "const struct capos_reader *reader");
    if (node->data_words + node->pointers == 0) {
        out_printf(e->header,
                   "    return reader->only.size == 0 && reader->descriptor_count == 0;\n}\n");
        return;
    }
    out_printf(e->header, "    const uint64_t *words = reader->only.words;\n");
    out_printf(e->header, "    return reader->only.size >= %u && reader->descriptor_count == %u",
               shape_words(node), capability_count(node));
    compare(e, 0, capos_word_make_struct(0, node->data_words, node->pointers));
    compare_pointers(e, node);
    out_printf(e->header, ";\n}\n");
}
