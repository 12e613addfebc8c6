// SPDX-License-Identifier: MIT
// What a system's description must be beyond its schema: that it can be carried out.
#ifndef CAPTOOL_COMMON_MANIFEST_H
#define CAPTOOL_COMMON_MANIFEST_H

#include "captool/common/schema.h"
#include "captool/common/tree.h"

// Reports everything that is wrong with a SystemManifest: its version, names that are empty or
// reserved, binaries and services and exports that are named and don't exist, services that wait
// for each other. The schema's own rules are not repeated, and what breaks them is passed over: it
// has been reported by whoever encoded the tree.
void manifest_check(struct diag *diag, const struct schema *builtin, const struct tree *manifest);

#endif
