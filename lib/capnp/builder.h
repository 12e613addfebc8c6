// SPDX-License-Identifier: MIT
// Building a message of one segment in the caller's buffer, from front to back, in the order of the
// calls. A builder owns how much of the buffer is used, which descriptors are, and the first error.
// Handles are small values that borrow it.
//
// Begin with capos_builder_init, then capos_builder_init_root; end with capos_builder_finish, which
// tells the size or the error. Errors are sticky: after one, init functions give dead handles,
// setting through a dead handle does nothing, and `needed` goes on counting what the message would
// have taken. What was taken is zeroed first: the buffer need not be. Setting a pointer field a
// second time leaves the first object as garbage in the message. Nothing here allocates or
// recurses.
#ifndef CAPOS_CAPNP_BUILDER_H
#define CAPOS_CAPNP_BUILDER_H

#include "capnp/reader.h"

#ifdef __cplusplus
extern "C" {
#endif

enum capos_build_error {
    CAPOS_BUILD_OK = 0,
    CAPOS_BUILD_FULL,  // the buffer is too small; `needed` tells what would do
    CAPOS_BUILD_ROOM,  // more capabilities than room for descriptors
    CAPOS_BUILD_RANGE, // an index out of its list, or a list or text that no pointer can express
    CAPOS_BUILD_COPY,  // what was to be copied could not be read
};

struct capos_builder {
    uint64_t *words;
    uint32_t capacity; // words
    uint32_t used;
    uint64_t needed; // equals used until the buffer is full
    enum capos_build_error error;
    struct capos_descriptor *descriptors; // where capabilities to be sent are put
    uint8_t descriptor_count;
    uint8_t descriptor_room;
};

struct capos_struct_builder {
    struct capos_builder *builder;
    uint32_t data; // word offset
    uint16_t data_words;
    uint16_t pointers;
};

struct capos_list_builder {
    struct capos_builder *builder;
    uint32_t data; // word offset of the first element
    uint32_t size;
    uint32_t step; // bits
    uint16_t data_words;
    uint16_t pointers;
};

// A pointer field that is to be set.
struct capos_pointer_builder {
    struct capos_builder *builder;
    uint32_t word; // CAPOS_BUILDER_NOWHERE if dead
};

#define CAPOS_BUILDER_NOWHERE UINT32_MAX

// Takes a buffer of 8-aligned words; what is beyond CAPOS_SEGMENT_WORDS_MAX is not used.
void capos_builder_init(struct capos_builder *builder, uint64_t *words, size_t capacity);

// Where descriptors of capabilities go; without it none can be set.
void capos_builder_set_descriptors(struct capos_builder *builder,
                                   struct capos_descriptor *descriptors, uint8_t room);

// The root, before all else; a second call starts the message anew, descriptors included.
struct capos_pointer_builder capos_builder_init_root_pointer(struct capos_builder *builder);
struct capos_struct_builder capos_builder_init_root(struct capos_builder *builder,
                                                    uint16_t data_words, uint16_t pointers);

// The size of the message in words: 0 if no root was made, which is the empty message.
enum capos_build_error capos_builder_finish(const struct capos_builder *builder, uint32_t *words)
    __attribute__((warn_unused_result));

// Records an error, unless there is one already.
void capos_builder_fail(struct capos_builder *builder, enum capos_build_error error);

// Makes an object and lets the pointer lead to it. Elements and fields are zero.
struct capos_struct_builder capos_pointer_init_struct(struct capos_pointer_builder pointer,
                                                      uint16_t data_words, uint16_t pointers);
struct capos_list_builder capos_pointer_init_list(struct capos_pointer_builder pointer,
                                                  enum capos_element element, uint32_t size);
struct capos_list_builder capos_pointer_init_struct_list(struct capos_pointer_builder pointer,
                                                         uint32_t size, uint16_t data_words,
                                                         uint16_t pointers);
void capos_pointer_set_text(struct capos_pointer_builder pointer, struct capos_text text);
void capos_pointer_set_data(struct capos_pointer_builder pointer, struct capos_data data);

// Text and Data to be filled in by the caller: size bytes, all zero; NULL if dead.
char *capos_pointer_init_text(struct capos_pointer_builder pointer, uint32_t size);
uint8_t *capos_pointer_init_data(struct capos_pointer_builder pointer, uint32_t size);

// Sends a capability: the descriptor is copied to the message's descriptors. One of kind NONE keeps
// its place.
void capos_pointer_set_capability(struct capos_pointer_builder pointer,
                                  struct capos_descriptor descriptor);

// Copies whatever `source` leads to, in the same encoding. A capability, and a source that is
// faulty or deeper than CAPOS_READER_DEPTH, is CAPOS_BUILD_COPY. In copy.c.
void capos_pointer_copy(struct capos_pointer_builder pointer, struct capos_pointer source);

// Copies a struct, or a list, that a handle was got of.
void capos_pointer_set_struct(struct capos_pointer_builder pointer, struct capos_struct source);
void capos_pointer_set_list(struct capos_pointer_builder pointer, struct capos_list source);

// Copies whatever a pointer leads to in canonical form: sections without trailing zero words. A
// whole message of which this was the only copy is canonical.
void capos_pointer_copy_canonical(struct capos_pointer_builder pointer,
                                  struct capos_pointer source);

static inline struct capos_pointer_builder
capos_struct_builder_pointer(struct capos_struct_builder s, uint32_t index) {
    struct capos_pointer_builder pointer = {s.builder, CAPOS_BUILDER_NOWHERE};
    if (index < s.pointers)
        pointer.word = s.data + s.data_words + index;
    return pointer;
}

// Where a field of the data section is, or NULL if the handle is dead.
static inline char *capos_struct_builder_at(struct capos_struct_builder s, uint32_t offset,
                                            uint32_t size) {
    return offset + size <= s.data_words * 8u ? (char *)(s.builder->words + s.data) + offset : NULL;
}

static inline void capos_struct_set_u8(struct capos_struct_builder s, uint32_t offset,
                                       uint8_t value) {
    char *at = capos_struct_builder_at(s, offset, sizeof value);
    if (at != NULL)
        __builtin_memcpy(at, &value, sizeof value);
}

static inline void capos_struct_set_u16(struct capos_struct_builder s, uint32_t offset,
                                        uint16_t value) {
    char *at = capos_struct_builder_at(s, offset, sizeof value);
    if (at != NULL)
        __builtin_memcpy(at, &value, sizeof value);
}

static inline void capos_struct_set_u32(struct capos_struct_builder s, uint32_t offset,
                                        uint32_t value) {
    char *at = capos_struct_builder_at(s, offset, sizeof value);
    if (at != NULL)
        __builtin_memcpy(at, &value, sizeof value);
}

static inline void capos_struct_set_u64(struct capos_struct_builder s, uint32_t offset,
                                        uint64_t value) {
    char *at = capos_struct_builder_at(s, offset, sizeof value);
    if (at != NULL)
        __builtin_memcpy(at, &value, sizeof value);
}

static inline void capos_struct_set_bool(struct capos_struct_builder s, uint32_t bit, bool value) {
    unsigned char *at = (unsigned char *)capos_struct_builder_at(s, bit / 8, 1);
    if (at != NULL)
        *at = (unsigned char)((*at & ~(1u << bit % 8)) | (unsigned)value << bit % 8);
}

// Elements. An index out of range is CAPOS_BUILD_RANGE.
struct capos_struct_builder capos_list_builder_struct(struct capos_list_builder list,
                                                      uint32_t index);
struct capos_pointer_builder capos_list_builder_pointer(struct capos_list_builder list,
                                                        uint32_t index);
void capos_list_set_bool(struct capos_list_builder list, uint32_t index, bool value);
void capos_list_set_u8(struct capos_list_builder list, uint32_t index, uint8_t value);
void capos_list_set_u16(struct capos_list_builder list, uint32_t index, uint16_t value);
void capos_list_set_u32(struct capos_list_builder list, uint32_t index, uint32_t value);
void capos_list_set_u64(struct capos_list_builder list, uint32_t index, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
