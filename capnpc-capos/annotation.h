// SPDX-License-Identifier: MIT
// The annotations that the compiler obeys. Their ids are those of schemas/annotations.capnp, which
// declares and explains them.
#ifndef CAPNPC_ANNOTATION_H
#define CAPNPC_ANNOTATION_H

#include "capnp/reader.h"

#define ANNOTATION_PREFIX     UINT64_C(0xc9fc5a024d9aee3d)
#define ANNOTATION_NAME       UINT64_C(0x86c34d6fb67798b3)
#define ANNOTATION_MAX_LENGTH UINT64_C(0xfd984a9fa9c00941)
#define ANNOTATION_BOUNDED    UINT64_C(0xaa87a70105e62363)

// Finds an annotation in a list of them; its value is a Value.
bool annotation_lookup(struct capos_list annotations, uint64_t id, struct capos_struct *value);

#endif
