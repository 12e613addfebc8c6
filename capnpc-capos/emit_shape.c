// SPDX-License-Identifier: MIT
// Shapes (capnp/validate.h): the constant words of a message whose root's pointers all lead to
// structs without pointers, to capabilities, or to Text and Data behind those, and the function
// that looks whether it has them.
#include "capnpc-capos/emit_shape.h"

#include "capnpc-capos/capabilities.h"

#include <string.h>

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

bool shape_has_bytes(const struct field *field) {
    bool is_bytes = field->type.kind == CAPOS_TYPE_TEXT || field->type.kind == CAPOS_TYPE_DATA;
    return is_bytes && !field->has_object;
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
    bool bytes = false; // what lies behind them has no certain place
    for (uint32_t i = 0; i < node->pointers; i++) {
        const struct field *field = pointer_field(node, i);
        if (field == NULL)
            return false;
        bytes = bytes || shape_has_bytes(field);
        if (!shape_has_bytes(field) && capabilities_place(node, field) < 0 &&
            (bytes || !leads_to_data(field)))
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

// A further condition of what is returned, on the same line if it and what follows it fit there.
static void also(struct emit *e, uint32_t *column, const char *condition, bool last) {
    uint32_t length = (uint32_t)strlen(condition), follows = last ? 1 : 3;
    bool fits = *column + 4 + length + follows <= 100;
    out_printf(e->header, fits ? " && %s" : " &&\n           %s", condition);
    *column = fits ? *column + 4 + length : 11 + length;
}

static const char *compared(struct emit *e, uint32_t place, uint64_t word) {
    return emit_text(e, "capos_word_sound(words, %u) == UINT64_C(0x%016llx)", place,
                     (unsigned long long)word);
}

// Text or Data is where `next` says.
static const char *with_bytes(struct emit *e, const struct field *field, uint32_t place) {
    const char *kind = field->type.kind == CAPOS_TYPE_TEXT ? "text" : "data";
    const char *most = field->has_max_length ? emit_text(e, "%u", field->max_length) : "UINT32_MAX";
    return emit_text(e, "capos_shape_%s(reader, %u, &next, %s)", kind, place, most);
}

static void compare_pointers(struct emit *e, const struct node *node, uint32_t *column) {
    uint32_t place = 1u + node->data_words;
    uint32_t next = place + node->pointers;
    for (uint32_t i = 0; i < node->pointers; i++, place++) {
        const struct field *field = pointer_field(node, i);
        int capability = capabilities_place(node, field);
        const char *condition;
        if (capability >= 0) {
            condition = compared(e, place, capos_word_make_capability((uint32_t)capability));
        } else if (shape_has_bytes(field)) {
            condition = with_bytes(e, field, place);
        } else {
            uint16_t words = field->type.node->data_words;
            int32_t offset = (int32_t)(next - place - 1);
            condition = compared(e, place, capos_word_make_struct(offset, words, 0));
            next += words;
        }
        also(e, column, condition, i + 1 == node->pointers);
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
    for (uint32_t i = 0; i < node->pointers; i++)
        if (shape_has_bytes(pointer_field(node, i))) {
            out_printf(e->header, "    uint32_t next = %u;\n", shape_words(node));
            break;
        }
    const char *first = emit_text(e, "reader->only.size >= %u && reader->descriptor_count == %u",
                                  shape_words(node), capability_count(node));
    uint32_t column = 11 + (uint32_t)strlen(first); // behind "    return "
    out_printf(e->header, "    return %s", first);
    also(e, &column, compared(e, 0, capos_word_make_struct(0, node->data_words, node->pointers)),
         node->pointers == 0);
    compare_pointers(e, node, &column);
    out_printf(e->header, ";\n}\n");
}
