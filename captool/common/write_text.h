// SPDX-License-Identifier: MIT
// Trees as text. What the readers of read_text.h make of it is the same tree, but for styles that
// mean the same.
#ifndef CAPTOOL_COMMON_WRITE_TEXT_H
#define CAPTOOL_COMMON_WRITE_TEXT_H

#include <stdio.h>

#include "captool/common/tree.h"

// YAML in block style, text in quotes only where it could be taken for something else.
void write_yaml(const struct tree *tree, FILE *out);

// JSON, indented. Names and 64-bit integers are texts, bytes are lists of numbers.
void write_json(const struct tree *tree, FILE *out);

#endif
