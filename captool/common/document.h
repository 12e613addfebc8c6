// SPDX-License-Identifier: MIT
// Files in any of the formats that captool knows, as one thing: a tree with places, and the message
// that it means.
#ifndef CAPTOOL_COMMON_DOCUMENT_H
#define CAPTOOL_COMMON_DOCUMENT_H

#include "captool/common/message.h"

enum document_format {
    DOCUMENT_NONE,   // not known
    DOCUMENT_YAML,   // .yaml, .yml
    DOCUMENT_JSON,   // .json
    DOCUMENT_BIN,    // .bin: one message in stream framing
    DOCUMENT_FLAT,   // .flat: one segment without framing
    DOCUMENT_PACKED, // .packed: the framed message, packed
};

struct document {
    const struct source *source;
    struct tree *tree;      // NULL when the file is not even well formed
    struct message message; // when there were no errors
};

// By the ending of a file's name, or by a format's own name. DOCUMENT_NONE if unknown.
enum document_format document_format_of_file(const char *file);
enum document_format document_format_named(const char *name);

// "yaml, json, bin, flat, packed", for messages.
const char *document_format_names(struct pool *pool);

// Reads a file ("-" is standard input) as a message whose root is the struct. False when errors
// were reported; the tree is there even then if the file is well formed.
bool document_read(struct diag *diag, const struct schema *schema, struct capos_struct node,
                   const char *file, enum document_format format, struct document *document)
    __attribute__((warn_unused_result));

// Writes a document that was read without errors. Nothing is written when errors are reported.
bool document_write(struct diag *diag, const struct schema *schema, struct capos_struct node,
                    const struct document *document, const char *file, enum document_format format)
    __attribute__((warn_unused_result));

#endif
