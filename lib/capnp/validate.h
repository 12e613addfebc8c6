// SPDX-License-Identifier: MIT
// Looking through a whole message once, before anything is done with it: every object that can be
// reached lies within the message, is of the schema's kind, within depth and budget, text has its
// NUL, lengths keep to $maxLength, every capability has a descriptor and every descriptor a
// capability. What the schema does not know (fields of a newer one, AnyPointer) is looked through
// as well.
//
// The schema's part is a layout per struct: generated tables, one entry per pointer field. Not
// recursive; about 2 KiB of stack.
#ifndef CAPOS_CAPNP_VALIDATE_H
#define CAPOS_CAPNP_VALIDATE_H

#include "capnp/reader.h"

#ifdef __cplusplus
extern "C" {
#endif

// The deepest message that validates.
#define CAPOS_VALIDATE_DEPTH 32

enum capos_layout_kind {
    CAPOS_LAYOUT_ANY = 0,
    CAPOS_LAYOUT_TEXT,
    CAPOS_LAYOUT_DATA,
    CAPOS_LAYOUT_STRUCT,
    CAPOS_LAYOUT_LIST,
    CAPOS_LAYOUT_CAPABILITY,
};

// What a pointer leads to.
struct capos_layout_type {
    uint8_t kind;                       // enum capos_layout_kind
    uint8_t element;                    // of a list: enum capos_element
    uint32_t most;                      // bytes or elements, if there is a $maxLength
    const struct capos_layout *target;  // of a struct, or of a list of structs
    const struct capos_layout_type *of; // of a list of pointers
};

// A pointer field; or, if skip is not 0, a guard: the `skip` entries after it count only while the
// 16 bits at byte `place` are `value`.
struct capos_layout_entry {
    uint32_t place; // of a field: which pointer
    uint16_t value;
    uint16_t skip;
    struct capos_layout_type type;
};

struct capos_layout {
    const struct capos_layout_entry *entries;
    uint16_t count;
};

// Looks through the message from its root. On success the reader's budget is lifted: what can be
// reached is known to be bounded. On failure the reader has the fault.
bool capos_validate(struct capos_reader *reader, const struct capos_layout *layout)
    __attribute__((warn_unused_result));

#ifdef __cplusplus
}
#endif

#endif
