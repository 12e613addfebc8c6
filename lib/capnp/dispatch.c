// SPDX-License-Identifier: MIT
// The serving end of a call: from an invocation to the handler that its interface and method name.
#include "capnp/call.h"

// A message without far pointers is no larger than its words unless it visits some twice, or has
// elements without size; beyond this slack both are refused.
#define VALIDATE_SLACK 256

int capos_fail(struct capos_invocation *inv, enum capos_outcome kind, const char *reason) {
    inv->exception = kind;
    inv->reason = reason;
    return kind;
}

int capos_invocation_open(struct capos_invocation *inv, const struct capos_method *method,
                          struct capos_struct *params, struct capos_struct_builder *results) {
    capos_reader_init(&inv->reader, inv->params, inv->params_words);
    capos_reader_set_descriptors(&inv->reader, inv->received, inv->received_count);
    inv->reader.budget = inv->params_words + VALIDATE_SLACK;
    if (!capos_validate(&inv->reader, method->params))
        return capos_fail(inv, CAPOS_INVALID_ARGUMENT, capos_fault_name(inv->reader.fault.kind));
    *params = capos_reader_root(&inv->reader);
    *results =
        capos_method_root(&inv->results, method->results_data_words, method->results_pointers);
    return CAPOS_DONE;
}

static const struct capos_served *lookup(const struct capos_served *served, size_t count,
                                         uint64_t id) {
    for (size_t i = 0; i < count; i++)
        if (served[i].interface->id == id)
            return &served[i];
    return NULL;
}

int capos_dispatch(const struct capos_served *served, size_t count, const void *server, void *self,
                   struct capos_invocation *inv) {
    const struct capos_served *part = lookup(served, count, inv->interface);
    if (part == NULL)
        return capos_fail(inv, CAPOS_UNIMPLEMENTED, "no such interface here");
    if (inv->method >= part->interface->method_count)
        return capos_fail(inv, CAPOS_UNIMPLEMENTED, "no such method");
    capos_serve *serve = part->interface->methods[inv->method].serve;
    int outcome = serve((const char *)server + part->offset, self, inv);
    if (outcome == CAPOS_DONE && inv->results.error != CAPOS_BUILD_OK)
        return capos_fail(inv, CAPOS_FAILED, "the results do not fit");
    return outcome;
}
