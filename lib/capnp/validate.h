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

// A struct whose pointers all lead to structs without pointers makes the same message whenever all
// of it is built in the schema's order: `root` is its first word, and `shape` has the root's
// pointers. A message that has them is sound, as a comparison of those words tells.
struct capos_layout {
    const struct capos_layout_entry *entries;
    uint16_t count;
    uint16_t shape_words;          // of the whole message; 0 if there is no shape
    uint16_t data_words, pointers; // of the root in that shape
    uint64_t root;
    const uint64_t *shape;
};

// Looks through the message from its root. On success the message is trusted from then on, its
// budget and depth lifted: what can be reached is known to be bounded, as long as nobody changes
// the words (a message in memory that others write to is read unvalidated, or copied first).
// Handles that were got before stay checked. On failure the reader has the fault.
bool capos_validate(struct capos_reader *reader, const struct capos_layout *layout)
    __attribute__((warn_unused_result));

// capos_validate_root for a message of any shape.
bool capos_validate_any(struct capos_reader *reader, const struct capos_layout *layout,
                        struct capos_struct *root) __attribute__((warn_unused_result));

// Lifts the limits of a reader whose message was found sound, and gives the root.
static inline void capos_reader_trust(struct capos_reader *reader, struct capos_struct *root,
                                      const uint64_t *data, uint32_t data_words,
                                      uint32_t pointers) {
    reader->budget = UINT64_MAX;
    reader->depth = CAPOS_DEPTH_TRUSTED;
    root->reader = reader;
    root->segment = &reader->segments[0];
    root->data = (const char *)data;
    root->data_bytes = data_words * 8;
    root->pointers = (uint16_t)pointers;
    root->depth = CAPOS_DEPTH_TRUSTED;
}

static inline bool capos_layout_has_shape(const struct capos_layout *layout, const uint64_t *words,
                                          uint32_t size) {
    if (layout == NULL || layout->shape_words == 0 || size < layout->shape_words ||
        capos_word_load(words, 0) != layout->root)
        return false;
    const uint64_t *pointer = words + 1 + layout->data_words;
    for (uint32_t i = 0; i < layout->pointers; i++)
        if (capos_word_load(pointer, i) != layout->shape[i])
            return false;
    return true;
}

// As capos_validate, and gives the root; nothing on failure. Empty
// messages and those of the layout's shape are known at sight.
__attribute__((warn_unused_result)) static inline bool
capos_validate_root(struct capos_reader *reader, const struct capos_layout *layout,
                    struct capos_struct *root) {
    const uint64_t *words = reader->only.words;
    uint32_t size = reader->only.size;
    if (reader->segments != &reader->only || reader->descriptor_count != 0 || reader->depth < 2 ||
        size > reader->budget || !capos_reader_ok(reader))
        return capos_validate_any(reader, layout, root);
    if (size == 0)
        capos_reader_trust(reader, root, NULL, 0, 0);
    else if (capos_layout_has_shape(layout, words, size))
        capos_reader_trust(reader, root, words + 1, layout->data_words, layout->pointers);
    else
        return capos_validate_any(reader, layout, root);
    return true;
}

#ifdef __cplusplus
}
#endif

#endif
