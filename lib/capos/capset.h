// SPDX-License-Identifier: MIT
//
// The CapSet page: what the process was granted, by name.
#ifndef CAPOS_LIB_CAPSET_H
#define CAPOS_LIB_CAPSET_H

#include "base/attributes.h"

#include <capos/entry.h>
#include <stdbool.h>
#include <stddef.h>

// Is this a page that this code understands?
must_use bool capset_check(const struct capos_capset *set);

// The grant of this name, or NULL.
const struct capos_grant *capset_find(const struct capos_capset *set, const char *name,
                                      size_t size);

// The capability of this NUL-terminated name if its interface is the one that is meant, else 0.
uint64_t capset_lookup(const struct capos_capset *set, const char *name, uint64_t interface);

#endif
