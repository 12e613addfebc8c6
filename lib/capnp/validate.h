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

// The pointers of a struct.
struct capos_layout {
    const struct capos_layout_entry *entries;
    uint16_t count;
};

// Looks through the message from its root. On success the message is trusted from then on, its
// budget and depth lifted: what can be reached is known to be bounded, as long as nobody changes
// the words (a message in memory that others write to is read unvalidated, or copied first).
// Handles that were got before stay checked. On failure the reader has the fault.
bool capos_validate(struct capos_reader *reader, const struct capos_layout *layout)
    __attribute__((warn_unused_result));

// As capos_validate, and gives the root; nothing on failure.
bool capos_validate_root(struct capos_reader *reader, const struct capos_layout *layout,
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

// A message that programs of one schema send each other looks the same each time, if its struct's
// pointers lead to structs without pointers, to capabilities, and to Text and Data behind those:
// the shape of such a struct is in the constant words of a message of which all was built in the
// schema's order. Generated code compares them; a message that has them, and Text and Data one
// behind the other, is sound, whatever its other words are. The message is the reader's `only`
// segment and descriptors, all else of the reader is not looked at.
typedef bool capos_has_shape(const struct capos_reader *reader);

// Does the pointer word at `place` lead to bytes at word `next`, which is passed then, or nowhere?
// For generated code, as the two below.
static inline bool capos_shape_bytes(const struct capos_reader *reader, uint32_t place,
                                     uint32_t *next, uint32_t *bytes) {
    uint64_t word = capos_word_sound(reader->only.words, place);
    uint64_t expected = capos_word_make_list((int32_t)(*next - place - 1), CAPOS_ELEMENT_1, 0);
    *bytes = capos_word_list_size(word);
    if (word << 29 != expected << 29) // all but the size
        return false;
    *next += (*bytes + 7) / 8;
    return *next <= reader->only.size;
}

// Data of at most so many bytes, or null.
static inline bool capos_shape_data(const struct capos_reader *reader, uint32_t place,
                                    uint32_t *next, uint32_t most) {
    uint32_t bytes;
    if (capos_shape_bytes(reader, place, next, &bytes))
        return bytes <= most;
    return capos_word_sound(reader->only.words, place) == 0;
}

// Text, which ends with a NUL that `most` does not count, or null.
static inline bool capos_shape_text(const struct capos_reader *reader, uint32_t place,
                                    uint32_t *next, uint32_t most) {
    const char *begin = (const char *)(reader->only.words + *next);
    uint32_t bytes;
    if (capos_shape_bytes(reader, place, next, &bytes))
        return bytes > 0 && bytes - 1 <= most && begin[bytes - 1] == '\0';
    return capos_word_sound(reader->only.words, place) == 0;
}

// The root of a message that has a shape.
static inline struct capos_struct capos_shape_root(struct capos_reader *reader, uint16_t data_words,
                                                   uint16_t pointers, bool capabilities) {
    struct capos_struct root = {NULL, &reader->only, NULL, 0, 0, CAPOS_DEPTH_SHAPED};
    if (data_words + pointers > 0)
        root.data = (const char *)(reader->only.words + 1);
    root.data_bytes = data_words * 8u;
    root.pointers = pointers;
    if (!capabilities)
        return root;
    root.reader = reader;
    reader->segments = &reader->only;
    reader->segment_count = 1;
    reader->depth = CAPOS_DEPTH_TRUSTED;
    reader->budget = UINT64_MAX;
    reader->fault.kind = CAPOS_FAULT_NONE;
    reader->fault.segment = 0;
    reader->fault.word = 0;
    return root;
}

#ifdef __cplusplus
}
#endif

#endif
