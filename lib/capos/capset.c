// SPDX-License-Identifier: MIT
//
// See capset.h. A page has at most 84 grants, so a search from the front is quick enough.
#include "capos/capset.h"

#include "base/text.h"

bool capset_check(const struct capos_capset *set) {
    return set->magic == CAPOS_CAPSET_MAGIC && set->abi_major == CAPOS_CAPSET_ABI_MAJOR &&
           set->count <= CAPOS_GRANTS_MAX;
}

const struct capos_grant *capset_find(const struct capos_capset *set, const char *name,
                                      size_t size) {
    for (uint32_t i = 0; i < set->count; i++) {
        const char *granted = set->grants[i].name;

        if (text_equal(granted, text_length(granted, CAPOS_NAME_MAX), name, size))
            return &set->grants[i];
    }
    return NULL;
}

uint64_t capset_lookup(const struct capos_capset *set, const char *name, uint64_t interface) {
    const struct capos_grant *grant = capset_find(set, name, text_length(name, CAPOS_NAME_MAX + 1));

    return grant != NULL && grant->interface == interface ? grant->cap : 0;
}
