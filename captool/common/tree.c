// SPDX-License-Identifier: MIT
// Building trees and asking them.
#include "captool/common/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static struct tree *create(struct pool *pool, enum tree_kind kind, struct span span) {
    struct tree *tree = pool_alloc(pool, sizeof *tree);
    tree->kind = kind;
    tree->span = span;
    tree->weight = 1;
    return tree;
}

struct tree *tree_scalar(struct pool *pool, enum tree_style style, struct span span,
                         const char *text, size_t size) {
    struct tree *tree = create(pool, TREE_SCALAR, span);
    tree->style = style;
    tree->text = pool_copy(pool, text, size);
    tree->size = size;
    return tree;
}

struct tree *tree_sequence(struct pool *pool, struct span span) {
    return create(pool, TREE_SEQUENCE, span);
}

struct tree *tree_mapping(struct pool *pool, struct span span) {
    return create(pool, TREE_MAPPING, span);
}

void tree_add_item(struct pool *pool, struct tree *sequence, struct tree *item) {
    sequence->items = pool_more(pool, sequence->items, sequence->count, sizeof sequence->items[0]);
    sequence->items[sequence->count++] = item;
    sequence->weight += item->weight;
}

void tree_add_member(struct pool *pool, struct tree *mapping, struct tree *key,
                     struct tree *value) {
    mapping->members =
        pool_more(pool, mapping->members, mapping->count, sizeof mapping->members[0]);
    mapping->members[mapping->count++] = (struct tree_member){key, value};
    mapping->weight += value->weight;
}

// By text, then by place.
static int compare_keys(const void *left, const void *right) {
    const struct tree *a = *(struct tree *const *)left;
    const struct tree *b = *(struct tree *const *)right;
    int result = text_compare(a->text, a->size, b->text, b->size);
    if (result != 0)
        return result;
    return a->span.begin < b->span.begin ? -1 : a->span.begin > b->span.begin;
}

void tree_check_keys(struct diag *diag, struct tree *mapping) {
    if (mapping->count < 2)
        return;
    struct tree **keys = pool_array(diag->pool, mapping->count, sizeof *keys);
    for (size_t i = 0; i < mapping->count; i++)
        keys[i] = mapping->members[i].key;
    qsort(keys, mapping->count, sizeof *keys, compare_keys);
    const struct tree *first = keys[0];
    for (size_t i = 1; i < mapping->count; i++) {
        if (!text_equal(keys[i]->text, keys[i]->size, first->text, first->size)) {
            first = keys[i];
            continue;
        }
        diag_error(diag, keys[i]->span, "found %s a second time, expected each name once",
                   diag_quote(diag, first->text, first->size));
        diag_note(diag, first->span, "it is here first");
        mapping->faulty = true;
    }
}

const struct tree_member *tree_member(const struct tree *mapping, const char *name) {
    if (!mapping || mapping->kind != TREE_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (tree_is(mapping->members[i].key, name))
            return &mapping->members[i];
    return NULL;
}

struct tree *tree_value(const struct tree *mapping, const char *name) {
    const struct tree_member *member = tree_member(mapping, name);
    return member ? member->value : NULL;
}

bool tree_is(const struct tree *scalar, const char *text) {
    return scalar && scalar->kind == TREE_SCALAR && text_is(scalar->text, scalar->size, text);
}

const char *tree_describe(struct diag *diag, const struct tree *tree) {
    if (tree->kind == TREE_SEQUENCE)
        return "a list";
    if (tree->kind == TREE_MAPPING)
        return "a mapping";
    if (tree_is_null(tree))
        return tree->size == 0 ? "nothing" : diag_quote(diag, tree->text, tree->size);
    if (tree->style == TREE_BYTES)
        return "bytes (!!binary)";
    if (tree->style == TREE_QUOTED)
        return pool_format(diag->pool, "the text %s", diag_quote(diag, tree->text, tree->size));
    return diag_quote(diag, tree->text, tree->size);
}

bool tree_is_null(const struct tree *tree) {
    if (tree->kind != TREE_SCALAR)
        return false;
    if (tree->style == TREE_LITERAL)
        return tree_is(tree, "null");
    if (tree->style != TREE_PLAIN)
        return false;
    return tree->size == 0 || tree_is(tree, "null") || tree_is(tree, "~");
}
