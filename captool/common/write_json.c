// SPDX-License-Identifier: MIT
// JSON from trees, indented by two. Everything here recurses as deep as the tree is, which its
// makers have bounded.
#include <string.h>

#include "captool/common/write_text.h"

#define STEP 2

static void write_node(const struct tree *tree, int indent, FILE *out);

static void write_string(const char *text, size_t size, FILE *out) {
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    fputc('"', out);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *found = c ? strchr(named, c) : NULL;
        if (found)
            fprintf(out, "\\%c", names[found - named]);
        else if (c < ' ' || c == 0x7f)
            fprintf(out, "\\u%04x", (unsigned)c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void write_bytes(const struct tree *tree, FILE *out) {
    fputc('[', out);
    for (size_t i = 0; i < tree->size; i++)
        fprintf(out, "%s%u", i > 0 ? ", " : "", (unsigned)(unsigned char)tree->text[i]);
    fputc(']', out);
}

static void write_scalar(const struct tree *tree, FILE *out) {
    if (tree->style == TREE_LITERAL)
        fwrite(tree->text, 1, tree->size, out);
    else if (tree->style == TREE_BYTES)
        write_bytes(tree, out);
    else
        write_string(tree->text, tree->size, out);
}

static void write_member(const struct tree_member *member, int indent, FILE *out) {
    write_string(member->key->text, member->key->size, out);
    fputs(": ", out);
    write_node(member->value, indent, out);
}

static void write_node(const struct tree *tree, int indent, FILE *out) {
    bool mapping = tree->kind == TREE_MAPPING;
    if (tree->kind == TREE_SCALAR) {
        write_scalar(tree, out);
        return;
    }
    fputc(mapping ? '{' : '[', out);
    for (size_t i = 0; i < tree->count; i++) {
        fprintf(out, "%s\n%*s", i > 0 ? "," : "", indent + STEP, "");
        if (mapping)
            write_member(&tree->members[i], indent + STEP, out);
        else
            write_node(tree->items[i], indent + STEP, out);
    }
    if (tree->count > 0)
        fprintf(out, "\n%*s", indent, "");
    fputc(mapping ? '}' : ']', out);
}

void write_json(const struct tree *tree, FILE *out) {
    write_node(tree, 0, out);
    fputc('\n', out);
}
