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

int capos_unserved(struct capos_invocation *inv, const char *reason) {
    return capos_fail(inv, CAPOS_UNIMPLEMENTED, reason);
}

int capos_invocation_open(struct capos_invocation *inv, const struct capos_layout *layout) {
    const struct capos_struct none = {NULL, NULL, NULL, 0, 0, 0};
    struct capos_reader *reader = &inv->reader;
    inv->root = none;
    inv->exception = CAPOS_DONE;
    capos_reader_init(reader, inv->params, inv->params_words);
    capos_reader_set_descriptors(reader, inv->received, inv->received_count);
    reader->budget = inv->params_words + VALIDATE_SLACK;
    if (!capos_validate_root(reader, layout, &inv->root))
        capos_fail(inv, CAPOS_INVALID_ARGUMENT, capos_fault_name(reader->fault.kind));
    return (int)inv->exception;
}

int capos_invocation_overflow(struct capos_invocation *inv) {
    return capos_fail(inv, CAPOS_FAILED, "the results do not fit");
}
