// SPDX-License-Identifier: MIT
// Reading a text file into a tree: YAML 1.2 by libfyaml, and strict JSON (RFC 8259).
#ifndef CAPTOOL_COMMON_READ_TEXT_H
#define CAPTOOL_COMMON_READ_TEXT_H

#include "captool/common/tree.h"

// One document each. NULL, with errors reported, when the source is not well formed; duplicate keys
// are reported too, but leave a tree. Anchors and aliases of YAML are followed; of its tags only
// !!binary, !!str and those that change nothing are known, all others are refused.
struct tree *read_yaml(struct diag *diag, const struct source *source);
struct tree *read_json(struct diag *diag, const struct source *source);

// Reports the first byte that is no UTF-8, or a NUL, which no text file may have.
bool read_check_utf8(struct diag *diag, const struct source *source);

// Decodes base64 with its padding; white space is passed over. NULL if it is none.
char *read_base64(struct pool *pool, const char *text, size_t size, size_t *bytes);

#endif
