// SPDX-License-Identifier: MIT
// How large a message can be.
#ifndef CAPNPC_BOUND_H
#define CAPNPC_BOUND_H

#include "capnpc-capos/model.h"

// The words of the largest message with this struct as its root, as the schema's $maxLength allow;
// 0 if there is no bound, and then `member` is the field that has none.
uint64_t bound_words(const struct node *node, const struct field **member);

#endif
