// SPDX-License-Identifier: MIT
// Constants. Numbers and texts become macros, objects become constant words in the source and a
// function that gives a handle of them. Defaults of fields that are objects are such words too.
#include "capnpc-capos/emit.h"
#include "capnpc-capos/names.h"

#include "capnp/builder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The object as a message of its own. The buffer grows until it fits.
static uint64_t *flatten(struct emit *e, struct capos_pointer object, uint32_t *size) {
    struct capos_builder builder;
    size_t room = 64;
    for (;;) {
        uint64_t *words = arena_array(e->model->arena, room, sizeof *words);
        capos_builder_init(&builder, words, room);
        capos_pointer_copy(capos_builder_init_root_pointer(&builder), object);
        if (capos_builder_finish(&builder, size) == CAPOS_BUILD_OK)
            return words;
        if (builder.error != CAPOS_BUILD_FULL)
            return NULL;
        room = (size_t)builder.needed + room;
    }
}

// A few words stand one on a line, more of them in three columns.
static void put_words(struct out *out, const uint64_t *words, uint32_t size) {
    uint32_t columns = size < 5 ? 1 : 3;
    for (uint32_t i = 0; i < size; i++) {
        bool last = i % columns == columns - 1 || i == size - 1;
        out_printf(out, "%sUINT64_C(0x%016llx),%s", i % columns == 0 ? "    " : " ",
                   (unsigned long long)words[i], last ? "\n" : "");
    }
}

void emit_object(struct emit *e, const struct node *node, const char *member, const char *name,
                 struct capos_pointer object) {
    uint32_t size;
    uint64_t *words = flatten(e, object, &size);
    emit_name(e, node, member, name);
    if (words == NULL) {
        refuse(e->model->refusals, node->display, member, "the value can't be copied");
        return;
    }
    out_printf(e->header, "\nextern const struct capos_segment %s;\n", name);
    out_printf(e->source, "\nstatic const uint64_t %s_words[] = {\n", name);
    put_words(e->source, words, size);
    out_printf(e->source, "};\n\nconst struct capos_segment %s = {\n    %s_words,\n    %u,\n};\n",
               name, name, size);
}

// Escaped for C: octal, which ends after three digits, for all that is not plain.
static const char *literal(struct emit *e, struct capos_text text) {
    char *out = arena_take(e->model->arena, 4 * (size_t)text.size + 3);
    char *at = out;
    *at++ = '"';
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain = c >= ' ' && c < 127 && c != '"' && c != '\\' && c != '?';
        at += sprintf(at, plain ? "%c" : "\\%03o", c);
    }
    *at++ = '"';
    return out;
}

static const char *float_text(struct emit *e, const struct type *type, uint64_t bits) {
    double value;
    float single;
    uint32_t low = (uint32_t)bits;
    memcpy(&single, &low, sizeof single);
    memcpy(&value, &bits, sizeof value);
    bool is_single = type->kind == CAPOS_TYPE_FLOAT32;
    if (is_single)
        value = (double)single;
    const char *suffix = is_single ? "f" : "";
    if (isnan(value))
        return emit_text(e, "__builtin_nan%s(\"\")", suffix);
    if (isinf(value))
        return emit_text(e, "(%s__builtin_inf%s())", value < 0 ? "-" : "", suffix);
    const char *digits = emit_text(e, "%.*g", is_single ? 9 : 17, value);
    const char *point = strpbrk(digits, ".e") == NULL ? ".0" : "";
    return emit_text(e, value < 0 ? "(%s%s%s)" : "%s%s%s", digits, point, suffix);
}

// Signed constants are written so that the smallest one does not overflow on its way.
static const char *integer_text(struct emit *e, const struct type *type, uint64_t bits) {
    unsigned width = emit_bits(type);
    if (type->kind >= CAPOS_TYPE_UINT8)
        return emit_text(e, "UINT%u_C(%llu)", width, (unsigned long long)bits);
    int64_t value = (int64_t)(bits << (64 - width)) >> (64 - width);
    if (value >= 0)
        return emit_text(e, "INT%u_C(%lld)", width, (long long)value);
    return emit_text(e, "(-INT%u_C(%lld) - 1)", width, (long long)-(value + 1));
}

static const char *enum_text(struct emit *e, const struct type *type, uint64_t bits) {
    if (bits >= type->node->enumerant_count)
        return emit_text(e, "((enum %s)%u)", type->node->c_name, (unsigned)bits);
    return names_upper(e->model->arena, emit_text(e, "%s_%s", type->node->c_name,
                                                  type->node->enumerants[bits].c_name));
}

static const char *macro_value(struct emit *e, const struct node *node) {
    switch (node->type.kind) {
    case CAPOS_TYPE_VOID:
        return "0";
    case CAPOS_TYPE_BOOL:
        return node->value.bits ? "true" : "false";
    case CAPOS_TYPE_FLOAT32:
    case CAPOS_TYPE_FLOAT64:
        return float_text(e, &node->type, node->value.bits);
    case CAPOS_TYPE_ENUM:
        return enum_text(e, &node->type, node->value.bits);
    case CAPOS_TYPE_TEXT:
        return literal(e, capos_pointer_text(node->value.object));
    default:
        return integer_text(e, &node->type, node->value.bits);
    }
}

static void object_constant(struct emit *e, const struct node *node) {
    const char *words = emit_text(e, "%s_constant", node->c_name);
    emit_nested_list_types(e, node, NULL, &node->type, node->c_name);
    emit_nested_list_functions(e, node, NULL, &node->type, node->c_name);
    emit_object(e, node, NULL, words, node->value.object);
    out_printf(e->header, "\n");
    out_comment(e->header, "", node->doc);
    out_prototype(e->header, "static inline ", emit_reader_type(e, &node->type, node->c_name),
                  emit_name(e, node, NULL, node->c_name), "void", ") {\n");
    out_printf(e->header, "    struct capos_pointer pointer = capos_constant(&%s);\n", words);
    emit_return_pointer(e, &node->type, node->c_name, "pointer");
    out_printf(e->header, "}\n");
}

void emit_constant(struct emit *e, const struct node *node) {
    if (type_is_pointer(&node->type) && node->type.kind != CAPOS_TYPE_TEXT) {
        if (type_is_capability(&node->type))
            refuse(e->model->refusals, node->display, NULL, "a constant can't be a capability");
        else
            object_constant(e, node);
        return;
    }
    out_printf(e->header, "\n");
    out_comment(e->header, "", node->doc);
    const char *name = emit_name(e, node, NULL, names_upper(e->model->arena, node->c_name));
    out_printf(e->header, "#define %s %s\n", name, macro_value(e, node));
}
