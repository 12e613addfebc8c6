// SPDX-License-Identifier: MIT
// Building a message of one segment in the caller's buffer, from front to back, in the order of the
// calls. A builder owns how much of the buffer is used, which descriptors are, and the first error.
// Handles are small values that borrow it.
//
// Begin with capos_builder_init, then capos_builder_init_root; end with capos_builder_finish, which
// tells the size or the error. Errors are sticky: after one, init functions give dead handles,
// setting through a dead handle does nothing, and `needed` counts what the message would have
// taken. What was taken is zeroed first: the buffer need not be. Setting a pointer field a
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
    uint32_t capacity; // words; none after an error
    uint32_t used;
    uint64_t needed; // 0 until there is an error; then the words that would have been used
    enum capos_build_error error;
    struct capos_descriptor *descriptors; // where capabilities to be sent are put
    uint8_t descriptor_count;
    uint8_t descriptor_room;
};

struct capos_struct_builder {
    struct capos_builder *builder;
    uint64_t *data;      // NULL if dead
    uint16_t data_words; // 0 if dead, as pointers are
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
    uint64_t *at; // NULL if dead
};

// Takes a buffer that is known to be 8-aligned and no larger than CAPOS_SEGMENT_WORDS_MAX words,
// and where descriptors of capabilities go.
static inline void capos_builder_take_buffers(struct capos_builder *builder, uint64_t *words,
                                              uint32_t capacity,
                                              struct capos_descriptor *descriptors, uint8_t room) {
    builder->words = words;
    builder->capacity = capacity;
    builder->used = 0;
    builder->needed = 0;
    builder->error = CAPOS_BUILD_OK;
    builder->descriptors = descriptors;
    builder->descriptor_count = 0;
    builder->descriptor_room = room;
}

// Takes any buffer: nothing is used of one that is not 8-aligned, or beyond
// CAPOS_SEGMENT_WORDS_MAX.
static inline void capos_builder_init(struct capos_builder *builder, uint64_t *words,
                                      size_t capacity) {
    if (capacity > CAPOS_SEGMENT_WORDS_MAX)
        capacity = CAPOS_SEGMENT_WORDS_MAX;
    if ((uintptr_t)words % 8 != 0)
        capacity = 0;
    capos_builder_take_buffers(builder, words, (uint32_t)capacity, NULL, 0);
}

// Where descriptors of capabilities go; without it none can be set.
static inline void capos_builder_set_descriptors(struct capos_builder *builder,
                                                 struct capos_descriptor *descriptors,
                                                 uint8_t room) {
    builder->descriptors = descriptors;
    builder->descriptor_count = 0;
    builder->descriptor_room = room;
}

// Records an error, unless there is one already, and takes the buffer away.
void capos_builder_fail(struct capos_builder *builder, enum capos_build_error error);

// Counts words that are not there, or not to be had after an error.
void capos_builder_lack(struct capos_builder *builder, uint64_t words)
    __attribute__((cold, noinline));

// Are there so many words? One comparison, as there are none after an error. For the functions
// below: what lacks is to be counted.
static inline bool capos_builder_has(const struct capos_builder *builder, uint64_t words) {
    return __builtin_expect(words <= builder->capacity - builder->used, 1);
}

// Takes words that are there and hold anything: the caller must write them all.
static inline uint64_t *capos_builder_claim(struct capos_builder *builder, uint32_t words) {
    uint64_t *at = builder->words + builder->used;
    builder->used += words;
    return at;
}

// Takes words, zeroed; NULL if they are not there.
static inline uint64_t *capos_builder_take(struct capos_builder *builder, uint64_t words) {
    if (!capos_builder_has(builder, words)) {
        capos_builder_lack(builder, words);
        return NULL;
    }
    uint64_t *at = capos_builder_claim(builder, (uint32_t)words);
    __builtin_memset(at, 0, words * sizeof *at);
    return at;
}

// Begins anew in the same buffers, of which so much may be used.
static inline void capos_builder_restart(struct capos_builder *builder, uint32_t capacity,
                                         uint8_t room) {
    builder->capacity = capacity;
    builder->used = 0;
    builder->needed = 0;
    builder->error = CAPOS_BUILD_OK;
    builder->descriptor_count = 0;
    builder->descriptor_room = room;
}

// The root, before all else; a second call starts the message anew, descriptors included.
struct capos_pointer_builder capos_builder_init_root_pointer(struct capos_builder *builder);

// The root of a builder with which nothing has been built yet. A struct without words has no place
// of its own; its pointer leads to itself, to differ from null.
static inline struct capos_struct_builder
capos_builder_first_root(struct capos_builder *builder, uint16_t data_words, uint16_t pointers) {
    struct capos_struct_builder s = {builder, NULL, 0, 0};
    uint32_t words = (uint32_t)data_words + pointers;
    if (__builtin_expect(words >= builder->capacity, 0)) {
        capos_builder_lack(builder, words + 1);
        return s;
    }
    uint64_t *at = builder->words;
    builder->used = words + 1;
    __builtin_memset(at + 1, 0, words * sizeof *at);
    capos_word_store(at, 0, capos_word_make_struct(words == 0 ? -1 : 0, data_words, pointers));
    s.data = at + 1;
    s.data_words = data_words;
    s.pointers = pointers;
    return s;
}

// The same, whatever was built before.
static inline struct capos_struct_builder
capos_builder_init_root(struct capos_builder *builder, uint16_t data_words, uint16_t pointers) {
    builder->used = 0;
    builder->needed = 0;
    builder->descriptor_count = 0;
    return capos_builder_first_root(builder, data_words, pointers);
}

// The size of the message in words: 0 if no root was made, which is the empty message.
enum capos_build_error capos_builder_finish(const struct capos_builder *builder, uint32_t *words)
    __attribute__((warn_unused_result));

// Makes an object and lets the pointer lead to it. Elements and fields are zero.
static inline struct capos_struct_builder
capos_pointer_init_struct(struct capos_pointer_builder pointer, uint16_t data_words,
                          uint16_t pointers) {
    struct capos_struct_builder s = {pointer.builder, NULL, 0, 0};
    uint32_t words = (uint32_t)data_words + pointers;
    if (!capos_builder_has(pointer.builder, words)) {
        capos_builder_lack(pointer.builder, words);
        return s;
    }
    uint64_t *at = capos_builder_claim(pointer.builder, words);
    __builtin_memset(at, 0, words * sizeof *at);
    if (pointer.at == NULL)
        return s;
    int32_t offset = words == 0 ? -1 : (int32_t)(at - pointer.at - 1);
    capos_word_store(pointer.at, 0, capos_word_make_struct(offset, data_words, pointers));
    s.data = at;
    s.data_words = data_words;
    s.pointers = pointers;
    return s;
}

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

// capos_pointer_set_capability for every pointer.
void capos_pointer_set_capability_slowly(struct capos_pointer_builder pointer,
                                         struct capos_descriptor descriptor);

// Sends a capability: the descriptor is copied to the message's descriptors, where it comes last,
// or in the place of the one that the pointer leads to already. One of kind NONE keeps its place.
static inline void capos_pointer_set_capability(struct capos_pointer_builder pointer,
                                                struct capos_descriptor descriptor) {
    struct capos_builder *builder = pointer.builder;
    if (pointer.at == NULL || capos_word_load(pointer.at, 0) != 0 ||
        builder->descriptor_count >= builder->descriptor_room) {
        capos_pointer_set_capability_slowly(pointer, descriptor);
        return;
    }
    builder->descriptors[builder->descriptor_count] = descriptor;
    capos_word_store(pointer.at, 0, capos_word_make_capability(builder->descriptor_count));
    builder->descriptor_count++;
}

// Lets the pointers of a new root that are numbered so lead to capabilities of kind NONE, so that
// what is set there later is in this order, whatever order it is set in. Does nothing where there
// is no room for as many.
void capos_struct_place_capabilities(struct capos_struct_builder root, const uint16_t *pointers,
                                     unsigned count);

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
    struct capos_pointer_builder pointer = {s.builder, NULL};
    if (index < s.pointers)
        pointer.at = s.data + s.data_words + index;
    return pointer;
}

// Where a field of the data section is, or NULL if the handle is dead.
static inline char *capos_struct_builder_at(struct capos_struct_builder s, uint32_t offset,
                                            uint32_t size) {
    return offset + size <= s.data_words * 8u ? (char *)s.data + offset : NULL;
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
