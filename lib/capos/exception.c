// SPDX-License-Identifier: MIT
//
// See exception.h. The layout of CapException is written out here: the transport may not depend
// on generated code.
#include "capos/exception.h"

#include "base/text.h"

enum { REASON_MAX = 200 };

const char *capos_status_text(enum capos_status status) {
    static const char *const texts[] = {
        [CAPOS_STATUS_OK] = "no error",
        [CAPOS_STATUS_UNSUPPORTED] = "the kernel doesn't have this operation",
        [CAPOS_STATUS_MALFORMED] = "the submission is malformed",
        [CAPOS_STATUS_REFUSED] = "there is no such capability",
        [CAPOS_STATUS_BUSY] = "the slot is in use",
        [CAPOS_STATUS_TOO_BIG] = "the message does not fit",
        [CAPOS_STATUS_NO_ROOM] = "no room for the capabilities",
        [CAPOS_STATUS_OVERLOADED] = "a table or a limit is full",
        [CAPOS_STATUS_DISCONNECTED] = "the object is gone",
        [CAPOS_STATUS_CANCELLED] = "the call was cancelled",
        [CAPOS_STATUS_SOURCE_FAILED] = "the call that it waited for has failed",
        [CAPOS_STATUS_EXCEPTION] = "the method failed",
        [CAPOS_STATUS_SCOPE] = "the capability may not be passed on to there",
        [CAPOS_STATUS_TIMED_OUT] = "the deadline has passed",
        [CAPOS_STATUS_CHANGED] = "the word holds another value",
    };

    return (unsigned)status < sizeof texts / sizeof texts[0] ? texts[status] : "unknown status";
}

const char *capos_outcome_text(enum capos_outcome outcome) {
    static const char *const texts[] = {"no error",     "failed",        "overloaded",
                                        "disconnected", "unimplemented", "invalid argument"};

    return outcome >= 0 && (unsigned)outcome < sizeof texts / sizeof texts[0] ? texts[outcome]
                                                                              : "unknown kind";
}

enum capos_outcome capos_exception_read(const uint64_t *words, uint32_t size, const char **reason) {
    struct capos_reader reader;

    capos_reader_init(&reader, words, size);
    struct capos_struct root = capos_reader_root(&reader);
    uint16_t kind = capos_struct_u16(root, 0);
    struct capos_text text = capos_pointer_text(capos_struct_pointer(root, 0));
    *reason = text.data;
    if (!capos_reader_ok(&reader) || kind >= CAPOS_INVALID_ARGUMENT) {
        *reason = "an exception that can't be read";
        return CAPOS_FAILED;
    }
    return (enum capos_outcome)(kind + 1);
}

uint32_t capos_exception_write(uint64_t *words, uint32_t capacity, enum capos_outcome kind,
                               const char *reason) {
    struct capos_builder builder;
    size_t size = text_length(reason, REASON_MAX);
    size_t room = (capacity - 3) * sizeof *words - 1; // root, kind, pointer; NUL

    capos_builder_init(&builder, words, capacity);
    struct capos_struct_builder root = capos_builder_init_root(&builder, 1, 1);
    capos_struct_set_u16(root, 0, (uint16_t)(kind - 1));
    struct capos_text text = {reason, (uint32_t)(size < room ? size : room)};
    capos_pointer_set_text(capos_struct_builder_pointer(root, 0), text);
    return builder.used;
}
