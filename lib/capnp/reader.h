// SPDX-License-Identifier: MIT
// Reading a message in place, whatever its bytes are. A reader owns the state of one traversal: the
// segments, how much may still be visited, and the first fault. Handles (struct, list, pointer) are
// small values that borrow it; a reader therefore stays where it is while handles are in use.
//
// Rules: positions are offsets that are compared with sizes, and become addresses only then; each
// pointer word is read once; every object that a pointer leads to is charged to the budget and to
// the depth before it can be touched. What can't be read is a fault: the first is kept with its
// kind and place, and the getter answers with the default (zero, empty, null), so a whole struct
// can be read and the fault looked at once. Nothing here allocates, recurses or calls a library.
// Not locked: one reader belongs to one thread.
#ifndef CAPOS_CAPNP_READER_H
#define CAPOS_CAPNP_READER_H

#include <capos/ring.h>

#include "capnp/word.h"

#ifdef __cplusplus
extern "C" {
#endif

// Limits of a new reader; both are fields, to be changed before the root is read.
#define CAPOS_READER_DEPTH  64         // at most 254
#define CAPOS_READER_BUDGET (8u << 20) // words

// The depth of what was validated, and of constants: as many levels as there are.
#define CAPOS_DEPTH_TRUSTED 255

// The depth of a root that was seen to have its struct's shape (capnp/validate.h).
#define CAPOS_DEPTH_SHAPED 256

enum capos_fault_kind {
    CAPOS_FAULT_NONE = 0,
    CAPOS_FAULT_BOUNDS,     // an object does not lie within its segment
    CAPOS_FAULT_KIND,       // a pointer of another kind than the schema's
    CAPOS_FAULT_SIZE,       // a list whose elements can't be read as the schema's
    CAPOS_FAULT_TEXT,       // text without its final NUL
    CAPOS_FAULT_LENGTH,     // longer than the schema's $maxLength
    CAPOS_FAULT_DEPTH,      // nested deeper than the reader's limit
    CAPOS_FAULT_BUDGET,     // more to visit than the reader's limit
    CAPOS_FAULT_SEGMENT,    // a far pointer to a segment that is not there
    CAPOS_FAULT_FAR,        // a far pointer whose landing pad is none
    CAPOS_FAULT_RESERVED,   // a pointer with reserved bits
    CAPOS_FAULT_CAPABILITY, // a capability without descriptor, or a descriptor without capability
    CAPOS_FAULT_MESSAGE,    // not a message at all: too large, unaligned, no segment
};

// The first thing that was wrong. The word is the pointer's place in its segment.
struct capos_fault {
    enum capos_fault_kind kind;
    uint32_t segment;
    uint32_t word;
};

struct capos_segment {
    const uint64_t *words;
    uint32_t size; // words
};

struct capos_reader {
    const struct capos_segment *segments;
    uint32_t segment_count;
    uint32_t depth;  // levels of pointers below the root
    uint64_t budget; // words that may still be visited
    struct capos_fault fault;
    const struct capos_descriptor *descriptors; // capability i is descriptor i
    uint32_t descriptor_count;
    struct capos_segment only; // the segment of a message that has one
};

// A struct, which lies within its segment. Fields beyond its sections read as their defaults.
struct capos_struct {
    struct capos_reader *reader; // NULL for constants, which need no limits
    const struct capos_segment *segment;
    const char *data;    // the data section; NULL if the struct is empty
    uint32_t data_bytes; // the pointer section follows it
    uint16_t pointers;
    uint16_t depth; // levels left below this one
};

// A list, which lies within its segment, whatever the encoding of its elements.
struct capos_list {
    struct capos_reader *reader;
    const struct capos_segment *segment;
    const char *data; // the first element; NULL if the list is empty
    uint32_t size;    // elements
    uint32_t step;    // bits from one element to the next
    uint32_t data_bits;
    uint16_t pointers;
    uint8_t depth;
    uint8_t element; // enum capos_element: how the list is encoded
};

// A pointer that is not followed yet: a field of type AnyPointer, or the way to all others. Its
// word has been read, and is never read again.
struct capos_pointer {
    struct capos_reader *reader;
    const struct capos_segment *segment;
    const uint64_t *at; // its place in the segment
    uint64_t value;     // 0 if null, or if there is no such field in the message
    uint32_t depth;
};

// Text in place. Data ends with a NUL that size does not count; the empty text has data "".
struct capos_text {
    const char *data;
    uint32_t size;
};

struct capos_data {
    const uint8_t *data;
    uint32_t size;
};

// Text of a C string that is shorter than 4 GiB. Borrowed.
static inline struct capos_text capos_text_of(const char *string) {
    struct capos_text text = {string, 0};
    while (string[text.size] != '\0')
        text.size++;
    return text;
}

// Data that lies elsewhere. Borrowed.
static inline struct capos_data capos_data_of(const void *bytes, uint32_t size) {
    struct capos_data data = {(const uint8_t *)bytes, size};
    return data;
}

// Begins to read a message of several segments, an array that is borrowed, as the words are until
// the last handle is gone.
void capos_reader_init_segments(struct capos_reader *reader, const struct capos_segment *segments,
                                uint32_t count);

// The same for one segment that is known to be 8-aligned and no larger than
// CAPOS_SEGMENT_WORDS_MAX words. A message of no words has an empty root. The descriptors are
// borrowed too.
static inline void capos_reader_take_message(struct capos_reader *reader, const uint64_t *words,
                                             uint32_t size,
                                             const struct capos_descriptor *descriptors,
                                             uint32_t descriptor_count) {
    reader->only.words = words;
    reader->only.size = size;
    reader->segments = &reader->only;
    reader->segment_count = 1;
    reader->depth = CAPOS_READER_DEPTH;
    reader->budget = CAPOS_READER_BUDGET;
    reader->fault.kind = CAPOS_FAULT_NONE;
    reader->fault.segment = 0;
    reader->fault.word = 0;
    reader->descriptors = descriptors;
    reader->descriptor_count = descriptor_count;
}

// The same for any segment: one that is not as it should be is a fault.
static inline void capos_reader_init(struct capos_reader *reader, const uint64_t *words,
                                     size_t size) {
    capos_reader_take_message(reader, words, size > UINT32_MAX ? UINT32_MAX : (uint32_t)size, NULL,
                              0);
    if (size > CAPOS_SEGMENT_WORDS_MAX || (uintptr_t)words % 8 != 0)
        capos_reader_init_segments(reader, &reader->only, 1);
}

// Names what capability pointers mean; without it each one is a fault. Borrowed.
static inline void capos_reader_set_descriptors(struct capos_reader *reader,
                                                const struct capos_descriptor *descriptors,
                                                uint32_t count) {
    reader->descriptors = descriptors;
    reader->descriptor_count = count;
}

// Records a fault at a word of a segment, unless there is one already. NULL is the segment's first.
void capos_reader_fail(struct capos_reader *reader, enum capos_fault_kind kind,
                       const struct capos_segment *segment, const uint64_t *at);

static inline bool capos_reader_ok(const struct capos_reader *reader) {
    return reader->fault.kind == CAPOS_FAULT_NONE;
}

// A short English name of a kind of fault, for messages.
const char *capos_fault_name(enum capos_fault_kind kind);

// A constant: the root pointer of words that capnpc-capos wrote. Never faults.
struct capos_pointer capos_constant(const struct capos_segment *segment);

static inline bool capos_pointer_is_null(struct capos_pointer pointer) {
    return pointer.value == 0;
}

// What a pointer leads to, far pointers followed. False for null and for faults.
bool capos_pointer_kind(struct capos_pointer pointer, enum capos_pointer_kind *kind);

// Following a pointer. A null pointer gives the empty value without a fault.
static inline struct capos_struct capos_pointer_struct(struct capos_pointer pointer);
struct capos_list capos_pointer_list(struct capos_pointer pointer, enum capos_element expected);
struct capos_list capos_pointer_any_list(struct capos_pointer pointer);
struct capos_text capos_pointer_text(struct capos_pointer pointer);
struct capos_data capos_pointer_data(struct capos_pointer pointer);

// capos_pointer_capability for every pointer: checked, far, faulty.
const struct capos_descriptor *capos_pointer_capability_checked(struct capos_pointer pointer);

// The descriptor of a capability, borrowed from the message; NULL for a null pointer or a fault.
static inline const struct capos_descriptor *
capos_pointer_capability(struct capos_pointer pointer) {
    if (pointer.value == 0)
        return NULL;
    if (pointer.depth != CAPOS_DEPTH_TRUSTED || pointer.reader == NULL ||
        !capos_word_is_capability(pointer.value))
        return capos_pointer_capability_checked(pointer);
    return &pointer.reader->descriptors[capos_word_capability_index(pointer.value)];
}

// The pointer if it is not null, else the constant that is the field's default.
static inline struct capos_pointer capos_pointer_or(struct capos_pointer pointer,
                                                    const struct capos_segment *constant) {
    return capos_pointer_is_null(pointer) ? capos_constant(constant) : pointer;
}

static inline const char *capos_segment_bytes(const struct capos_segment *segment,
                                              uint64_t offset) {
    return (const char *)segment->words + offset;
}

// capos_pointer_struct for every pointer: checked, far, faulty.
struct capos_struct capos_pointer_struct_checked(struct capos_pointer pointer)
    __attribute__((noinline));

static inline struct capos_struct capos_pointer_struct(struct capos_pointer pointer) {
    struct capos_struct s = {pointer.reader, pointer.segment, NULL, 0, 0, 0};
    if (pointer.value == 0)
        return s;
    if (pointer.depth != CAPOS_DEPTH_TRUSTED ||
        capos_word_kind(pointer.value) != CAPOS_POINTER_STRUCT)
        return capos_pointer_struct_checked(pointer);
    s.data = (const char *)(pointer.at + 1 + capos_word_offset(pointer.value));
    s.data_bytes = capos_word_data_words(pointer.value) * 8;
    s.pointers = (uint16_t)capos_word_pointers(pointer.value);
    s.depth = CAPOS_DEPTH_TRUSTED;
    return s;
}

static inline struct capos_pointer capos_reader_root_pointer(struct capos_reader *reader) {
    struct capos_pointer root = {reader, NULL, NULL, 0, reader->depth};
    if (reader->segment_count > 0) {
        root.segment = &reader->segments[0];
        root.at = root.segment->words;
        if (root.segment->size > 0)
            root.value = capos_word_load(root.at, 0);
    }
    return root;
}

static inline struct capos_struct capos_reader_root(struct capos_reader *reader) {
    return capos_pointer_struct(capos_reader_root_pointer(reader));
}

// Fields of a struct's data section, at a byte offset; what lies beyond the section is zero.
static inline uint8_t capos_struct_u8(struct capos_struct s, uint32_t offset) {
    uint8_t value = 0;
    if (offset + sizeof value <= s.data_bytes)
        __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

static inline uint16_t capos_struct_u16(struct capos_struct s, uint32_t offset) {
    uint16_t value = 0;
    if (offset + sizeof value <= s.data_bytes)
        __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

static inline uint32_t capos_struct_u32(struct capos_struct s, uint32_t offset) {
    uint32_t value = 0;
    if (offset + sizeof value <= s.data_bytes)
        __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

static inline uint64_t capos_struct_u64(struct capos_struct s, uint32_t offset) {
    uint64_t value = 0;
    if (offset + sizeof value <= s.data_bytes)
        __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

// The struct if its union has this member, else an empty one, so that no member is read as another.
// The offset of the discriminant is in bytes.
static inline struct capos_struct capos_struct_member(struct capos_struct s, uint32_t offset,
                                                      uint16_t value) {
    if (capos_struct_u16(s, offset) != value) {
        s.data_bytes = 0;
        s.pointers = 0;
    }
    return s;
}

// Booleans have bit offsets.
static inline bool capos_struct_bool(struct capos_struct s, uint32_t bit) {
    return (capos_struct_u8(s, bit / 8) >> (bit % 8) & 1) != 0;
}

// Pointer i of a struct's pointer section.
static inline struct capos_pointer capos_struct_pointer(struct capos_struct s, uint32_t index) {
    uint32_t depth = s.depth < CAPOS_DEPTH_TRUSTED ? s.depth : CAPOS_DEPTH_TRUSTED;
    struct capos_pointer pointer = {s.reader, s.segment, NULL, 0, depth};
    if (index < s.pointers) {
        pointer.at = (const uint64_t *)(const void *)(s.data + s.data_bytes) + index;
        pointer.value = depth == CAPOS_DEPTH_TRUSTED ? capos_word_sound(pointer.at, 0)
                                                     : capos_word_load(pointer.at, 0);
    }
    return pointer;
}

// An element as the struct it is, or is upgraded to. An index out of range gives the empty struct.
static inline struct capos_struct capos_list_struct(struct capos_list list, uint32_t index) {
    struct capos_struct s = {list.reader, list.segment, NULL, 0, 0, list.depth};
    if (index < list.size) {
        s.data = list.data + (uint64_t)index * list.step / 8;
        s.data_bytes = list.data_bits / 8;
        s.pointers = list.pointers;
    }
    return s;
}

static inline uint8_t capos_list_u8(struct capos_list list, uint32_t index) {
    return capos_struct_u8(capos_list_struct(list, index), 0);
}

static inline uint16_t capos_list_u16(struct capos_list list, uint32_t index) {
    return capos_struct_u16(capos_list_struct(list, index), 0);
}

static inline uint32_t capos_list_u32(struct capos_list list, uint32_t index) {
    return capos_struct_u32(capos_list_struct(list, index), 0);
}

static inline uint64_t capos_list_u64(struct capos_list list, uint32_t index) {
    return capos_struct_u64(capos_list_struct(list, index), 0);
}

static inline struct capos_pointer capos_list_pointer(struct capos_list list, uint32_t index) {
    return capos_struct_pointer(capos_list_struct(list, index), 0);
}

static inline bool capos_list_bool(struct capos_list list, uint32_t index) {
    if (index >= list.size || list.data_bits == 0)
        return false;
    uint64_t bit = (uint64_t)index * list.step;
    return ((unsigned char)list.data[bit / 8] >> (bit % 8) & 1) != 0;
}

#ifdef __cplusplus
}
#endif

#endif
