// SPDX-License-Identifier: MIT
// Names: the file's prefix, the names of the scopes, the name itself, joined by underscores. The
// annotation $name replaces what is derived from the schema's own name.
#include "capnpc-capos/names.h"

#include "capnpc-capos/annotation.h"
#include "capnpc-capos/model.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

// A new word begins at a capital that follows a small letter or a digit, or precedes a small
// letter.
static bool begins_word(const char *name, size_t i) {
    if (i == 0 || !isupper((unsigned char)name[i]))
        return false;
    return islower((unsigned char)name[i - 1]) || isdigit((unsigned char)name[i - 1]) ||
           (isupper((unsigned char)name[i - 1]) && islower((unsigned char)name[i + 1]));
}

char *names_snake(struct arena *arena, const char *name) {
    char *snake = arena_take(arena, 2 * strlen(name) + 1);
    size_t size = 0;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (begins_word(name, i))
            snake[size++] = '_';
        snake[size++] =
            isalnum((unsigned char)name[i]) ? (char)tolower((unsigned char)name[i]) : '_';
    }
    return snake;
}

char *names_upper(struct arena *arena, const char *name) {
    char *upper = arena_copy(arena, name, strlen(name));
    for (char *c = upper; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return upper;
}

// In order. Besides keywords: macros that compilers and the C library define in lower case.
static const char *const reserved[] = {
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "assert",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "errno",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "i386",
    "if",
    "inline",
    "int",
    "linux",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "stderr",
    "stdin",
    "stdout",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "union",
    "unix",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
};

static int by_name(const void *key, const void *element) {
    return strcmp(key, *(const char *const *)element);
}

const char *names_safe(struct arena *arena, const char *name) {
    if (bsearch(name, reserved, sizeof reserved / sizeof *reserved, sizeof *reserved, by_name))
        return arena_printf(arena, "%s_", name);
    return name;
}

static bool is_identifier(const char *name) {
    if (!islower((unsigned char)name[0]))
        return false;
    for (const char *c = name; *c != '\0'; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    return true;
}

// What a declaration is called: as annotated, or as derived.
static const char *own_name(struct model *m, const struct node *node, const char *member,
                            const char *annotated, const char *derived) {
    if (annotated == NULL)
        return names_snake(m->arena, derived);
    if (!is_identifier(annotated))
        refuse(m->refusals, node->display, member,
               "$name: \"%s\" is not in snake_case: small letters, digits, underscores", annotated);
    return annotated;
}

static const char *join(struct model *m, const char *scope, const char *name) {
    if (*scope == '\0')
        return names_safe(m->arena, name);
    return arena_printf(m->arena, "%s_%s", scope, name);
}

static const char *annotated_text(struct model *m, const struct node *node, uint64_t id) {
    struct capos_struct value;
    if (!annotation_lookup(capos_node_annotations(node->raw), id, &value))
        return NULL;
    struct capos_text text = capos_pointer_text(capos_value_pointer(value));
    return arena_copy(m->arena, text.data, text.size);
}

// Without $prefix it is the file's name, without its folder and its ending.
static const char *file_prefix(struct model *m, const struct node *file) {
    const char *annotated = annotated_text(m, file, ANNOTATION_PREFIX);
    if (annotated != NULL && *annotated != '\0' && !is_identifier(annotated))
        refuse(m->refusals, file->display, NULL,
               "$prefix: \"%s\" is not in snake_case: small letters, digits, underscores",
               annotated);
    if (annotated != NULL)
        return annotated;
    const char *slash = strrchr(file->display, '/');
    const char *base = slash == NULL ? file->display : slash + 1;
    const char *dot = strchr(base, '.');
    size_t size = dot == NULL ? strlen(base) : (size_t)(dot - base);
    const char *name = names_snake(m->arena, arena_copy(m->arena, base, size));
    return is_identifier(name) ? name : arena_printf(m->arena, "file_%s", name);
}

static void name_fields(struct model *m, struct node *node) {
    for (uint32_t i = 0; i < node->field_count; i++) {
        struct field *field = &node->fields[i];
        field->c_name = own_name(m, node, field->name, field->c_name, field->name);
        struct node *group = field->group == NULL ? NULL : model_lookup(m, field->group->id);
        if (group != NULL && group->is_group)
            group->c_name = join(m, node->c_name, field->c_name);
    }
}

static void name_implied(struct model *m, const struct node *implied, const char *name) {
    struct node *node = implied == NULL ? NULL : model_lookup(m, implied->id);
    if (node != NULL && node->implied)
        node->c_name = name;
}

static void name_methods(struct model *m, struct node *node) {
    for (uint32_t i = 0; i < node->method_count; i++) {
        struct method *method = &node->methods[i];
        method->c_name = own_name(m, node, method->name, method->c_name, method->name);
        const char *c_name = join(m, node->c_name, method->c_name);
        name_implied(m, method->params, arena_printf(m->arena, "%s_params", c_name));
        name_implied(m, method->results, arena_printf(m->arena, "%s_results", c_name));
    }
}

static void name_members(struct model *m, struct node *node) {
    name_fields(m, node);
    name_methods(m, node);
    for (uint32_t i = 0; i < node->enumerant_count; i++) {
        struct enumerant *e = &node->enumerants[i];
        e->c_name = own_name(m, node, e->name, e->c_name, e->name);
    }
}

// Names a node after its scopes have been named. Groups and implied structs get their names from
// the members that lead to them.
static void name_node(struct model *m, struct node *node) {
    if (node->c_name != NULL || node->is_group || node->implied)
        return;
    if (node->scope == NULL) {
        node->c_name = node->kind == CAPOS_NODE_FILE ? file_prefix(m, node) : "";
        return;
    }
    name_node(m, node->scope);
    if (node->scope->c_name == NULL)
        return;
    const char *annotated = annotated_text(m, node, ANNOTATION_NAME);
    node->c_name = join(m, node->scope->c_name, own_name(m, node, NULL, annotated, node->name));
}

// A pass names one more level of groups in groups; enough passes name all.
static bool name_pass(struct model *m, bool *named) {
    bool progress = false;
    for (uint32_t i = 0; i < m->node_count; i++) {
        struct node *node = &m->nodes[i];
        name_node(m, node);
        if (node->c_name == NULL || named[i])
            continue;
        name_members(m, node);
        named[i] = true;
        progress = true;
    }
    return progress;
}

void model_name(struct model *m) {
    bool *named = arena_array(m->arena, m->node_count, sizeof *named);
    while (name_pass(m, named))
        ;
    for (uint32_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].c_name == NULL)
            m->nodes[i].c_name = "";
}
