// SPDX-License-Identifier: MIT
// Finding an annotation among those of a declaration.
#include "capnpc-capos/annotation.h"

#include "capnp/node.h"

bool annotation_lookup(struct capos_list annotations, uint64_t id, struct capos_struct *value) {
    for (uint32_t i = 0; i < annotations.size; i++) {
        struct capos_struct annotation = capos_list_struct(annotations, i);
        if (capos_annotation_id(annotation) == id) {
            *value = capos_annotation_value(annotation);
            return true;
        }
    }
    return false;
}
