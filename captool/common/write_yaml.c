// SPDX-License-Identifier: MIT
// YAML from trees, in block style. What needs quotes is decided for any reader of YAML, not only
// ours. Everything here recurses as deep as the tree is, which its makers have bounded.
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "captool/common/write_text.h"

#define STEP 2

static void write_node(const struct tree *tree, int indent, FILE *out);

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_plain_character(char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';
}

// Words that some reader of YAML takes for a boolean, nothing or a number.
static bool is_taken(const struct tree *tree) {
    static const char *const words[] = {"true", "false", "yes", "no",  "on",      "off",
                                        "null", "y",     "n",   "nan", "infinity"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == tree->size && strncasecmp(words[i], tree->text, tree->size) == 0)
            return true;
    return false;
}

// Text that needs no quotes with any reader: words with single blanks between them.
static bool is_plain(const struct tree *tree) {
    if (tree->size == 0 || !is_letter(tree->text[0]) || is_taken(tree))
        return false;
    for (size_t i = 0; i < tree->size; i++) {
        bool blank = tree->text[i] == ' ' && i + 1 < tree->size && tree->text[i + 1] != ' ';
        if (!blank && !is_plain_character(tree->text[i]))
            return false;
    }
    return true;
}

// Several lines that a literal block shows as they are, the last one with its end.
static bool is_block(const struct tree *tree) {
    if (tree->size < 2 || tree->text[tree->size - 1] != '\n' ||
        tree->text[tree->size - 2] == '\n' || strchr(" \n\t", tree->text[0]))
        return false;
    for (size_t i = 0; i < tree->size; i++) {
        unsigned char c = (unsigned char)tree->text[i];
        if ((c < ' ' && c != '\n') || c == 0x7f || c == 0xc2 || c == 0xe2 || c == 0xef)
            return false; // controls, and what may be a line end or a mark of Unicode's
    }
    return true;
}

static void write_block(const struct tree *tree, int indent, FILE *out) {
    fputs("|\n", out);
    for (size_t begin = 0; begin < tree->size;) {
        size_t size = text_find(tree->text + begin, tree->size - begin, '\n');
        if (size > 0)
            fprintf(out, "%*s", indent, "");
        fwrite(tree->text + begin, 1, size + 1, out);
        begin += size + 1;
    }
}

static void write_quoted(const struct tree *tree, FILE *out) {
    static const char named[] = "\"\\\b\t\n\r";
    static const char names[] = "\"\\btnr";
    fputc('"', out);
    for (size_t i = 0; i < tree->size; i++) {
        unsigned char c = (unsigned char)tree->text[i];
        const char *found = c ? strchr(named, c) : NULL;
        bool c1 = c == 0xc2 && (unsigned char)tree->text[i + 1] < 0xa0;
        if (found)
            fprintf(out, "\\%c", names[found - named]);
        else if (c < ' ' || c == 0x7f)
            fprintf(out, "\\x%02x", (unsigned)c);
        else if (c1) // a control character of two bytes
            fprintf(out, "\\x%02x", (unsigned)(unsigned char)tree->text[++i]);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void write_bytes(const struct tree *tree, FILE *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    fputs("!!binary \"", out);
    for (size_t i = 0; i < tree->size; i += 3) {
        unsigned group = 0;
        size_t have = tree->size - i < 3 ? tree->size - i : 3;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < have ? (unsigned char)tree->text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            fputc(k <= have ? digits[group >> (18 - 6 * k) & 63] : '=', out);
    }
    fputc('"', out);
}

static void write_scalar(const struct tree *tree, int indent, FILE *out) {
    if (tree->style == TREE_BYTES)
        write_bytes(tree, out);
    else if (tree->style == TREE_QUOTED && is_block(tree)) {
        write_block(tree, indent, out);
        return;
    } else if (tree->style == TREE_QUOTED && !is_plain(tree))
        write_quoted(tree, out);
    else
        fwrite(tree->text, 1, tree->size, out);
    fputc('\n', out);
}

// Behind "key:" or "-": a scalar or an empty collection on the same line, the rest below.
static void write_value(const struct tree *tree, int indent, FILE *out) {
    if (tree->kind == TREE_SCALAR) {
        fputc(' ', out);
        write_scalar(tree, indent, out);
    } else if (tree->count == 0) {
        fputs(tree->kind == TREE_MAPPING ? " {}\n" : " []\n", out);
    } else {
        fputc('\n', out);
        fprintf(out, "%*s", indent, "");
        write_node(tree, indent, out);
    }
}

// Begins where the caller has indented to already.
static void write_mapping(const struct tree *tree, int indent, FILE *out) {
    for (size_t i = 0; i < tree->count; i++) {
        fprintf(out, "%*s", i > 0 ? indent : 0, "");
        fwrite(tree->members[i].key->text, 1, tree->members[i].key->size, out);
        fputc(':', out);
        write_value(tree->members[i].value, indent + STEP, out);
    }
}

static void write_sequence(const struct tree *tree, int indent, FILE *out) {
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree *item = tree->items[i];
        fprintf(out, "%*s-", i > 0 ? indent : 0, "");
        if (item->kind == TREE_SCALAR || item->count == 0) {
            write_value(item, indent + STEP, out);
        } else {
            fputc(' ', out);
            write_node(item, indent + STEP, out);
        }
    }
}

static void write_node(const struct tree *tree, int indent, FILE *out) {
    if (tree->kind == TREE_MAPPING)
        write_mapping(tree, indent, out);
    else
        write_sequence(tree, indent, out);
}

void write_yaml(const struct tree *tree, FILE *out) {
    if (tree->kind == TREE_SCALAR)
        write_scalar(tree, STEP, out);
    else if (tree->count == 0)
        fputs(tree->kind == TREE_MAPPING ? "{}\n" : "[]\n", out);
    else
        write_node(tree, 0, out);
}
