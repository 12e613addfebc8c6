// SPDX-License-Identifier: MIT
// What a text file says, before a schema gives it meaning: scalars, sequences and mappings, each
// with its place. YAML and JSON are read into trees, messages are decoded into them, and both
// formats are written from them. Trees live in a pool. A subtree may appear at several places (YAML
// aliases), so it is not changed once it is complete, but for the mark that it has been complained
// about.
#ifndef CAPTOOL_COMMON_TREE_H
#define CAPTOOL_COMMON_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "host/diag.h"

enum tree_kind {
    TREE_SCALAR,
    TREE_SEQUENCE,
    TREE_MAPPING,
};

enum tree_style {
    TREE_PLAIN,   // YAML without quotes: what it is depends on the type that is expected
    TREE_LITERAL, // true, false, null or a number of JSON, and the like in decoded messages
    TREE_QUOTED,  // text
    TREE_BYTES,   // bytes: YAML's !!binary, already decoded
    TREE_NAME,    // decoded messages: text in JSON, without quotes in YAML
};

struct tree_member {
    struct tree *key; // a scalar
    struct tree *value;
};

struct tree {
    enum tree_kind kind;
    enum tree_style style; // of a scalar
    struct span span;
    const char *text; // of a scalar: size bytes and a NUL
    size_t size;
    struct tree **items; // of a sequence
    struct tree_member *members;
    size_t count;  // of items or members
    size_t weight; // trees in it, itself included, aliases counted each time
    bool faulty;   // an error has been reported about it or a member of it
};

// Deeper nesting is refused by whoever makes trees.
#define TREE_DEPTH 128

struct tree *tree_scalar(struct pool *pool, enum tree_style style, struct span span,
                         const char *text, size_t size);
struct tree *tree_sequence(struct pool *pool, struct span span);
struct tree *tree_mapping(struct pool *pool, struct span span);

void tree_add_item(struct pool *pool, struct tree *sequence, struct tree *item);
void tree_add_member(struct pool *pool, struct tree *mapping, struct tree *key, struct tree *value);

// Reports every key that a mapping has twice.
void tree_check_keys(struct diag *diag, struct tree *mapping);

// The member of that name, or NULL; also when the tree is NULL or no mapping.
const struct tree_member *tree_member(const struct tree *mapping, const char *name);
struct tree *tree_value(const struct tree *mapping, const char *name);

bool tree_is(const struct tree *scalar, const char *text);

// How a message calls what was found: "`text`", "a list", "a mapping", "nothing".
const char *tree_describe(struct diag *diag, const struct tree *tree);

// Is it YAML's or JSON's way to say nothing at all?
bool tree_is_null(const struct tree *tree);

#endif
