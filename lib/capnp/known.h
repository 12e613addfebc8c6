// SPDX-License-Identifier: MIT
// Fields of structs of which the schema tells the size; generated code stands on this. A message
// whose struct has all that the schema knows, which is nearly every one, is told by one comparison
// that is the same for all fields, so that the compiler makes it once; what an older program left
// out reads as zero. `full` is the bytes or words of the data section that the schema knows.
#ifndef CAPOS_CAPNP_KNOWN_H
#define CAPOS_CAPNP_KNOWN_H

#include "capnp/builder.h"

#ifdef __cplusplus
extern "C" {
#endif

// A field of `size` bytes of a struct that is shorter than the schema's; zero beyond its end.
uint64_t capos_known_short(const char *data, uint32_t data_bytes, uint32_t offset, uint32_t size)
    __attribute__((cold, noinline));

static inline bool capos_known_is_full(struct capos_struct s, uint32_t full) {
    return __builtin_expect(s.data_bytes >= full, 1);
}

static inline uint8_t capos_known_u8(struct capos_struct s, uint32_t full, uint32_t offset) {
    uint8_t value;
    if (!capos_known_is_full(s, full))
        return (uint8_t)capos_known_short(s.data, s.data_bytes, offset, sizeof value);
    __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

static inline uint16_t capos_known_u16(struct capos_struct s, uint32_t full, uint32_t offset) {
    uint16_t value;
    if (!capos_known_is_full(s, full))
        return (uint16_t)capos_known_short(s.data, s.data_bytes, offset, sizeof value);
    __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

static inline uint32_t capos_known_u32(struct capos_struct s, uint32_t full, uint32_t offset) {
    uint32_t value;
    if (!capos_known_is_full(s, full))
        return (uint32_t)capos_known_short(s.data, s.data_bytes, offset, sizeof value);
    __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

static inline uint64_t capos_known_u64(struct capos_struct s, uint32_t full, uint32_t offset) {
    uint64_t value;
    if (!capos_known_is_full(s, full))
        return capos_known_short(s.data, s.data_bytes, offset, sizeof value);
    __builtin_memcpy(&value, s.data + offset, sizeof value);
    return value;
}

// Booleans have bit offsets.
static inline bool capos_known_bool(struct capos_struct s, uint32_t full, uint32_t bit) {
    return (capos_known_u8(s, full, bit / 8) >> (bit % 8) & 1) != 0;
}

// A pointer to a struct, as capos_pointer_struct: one of the schema's own size is told at once.
static inline struct capos_struct capos_known_struct(struct capos_pointer pointer,
                                                     uint16_t data_words, uint16_t pointers) {
    uint64_t shape = capos_word_make_struct(0, data_words, pointers);
    struct capos_struct s = {pointer.reader, pointer.segment, NULL, data_words * 8u, pointers, 0};
    if (shape == 0 || pointer.depth != CAPOS_DEPTH_TRUSTED || pointer.value >> 32 != shape >> 32 ||
        capos_word_kind(pointer.value) != 0)
        return capos_pointer_struct(pointer);
    s.data = (const char *)(pointer.at + 1 + capos_word_offset(pointer.value));
    s.depth = CAPOS_DEPTH_TRUSTED;
    return s;
}

// A struct of data in a message that has the shape of its root: so many words after the root's
// data.
static inline struct capos_struct capos_known_shaped(struct capos_struct root, uint32_t offset,
                                                     uint16_t data_words) {
    struct capos_struct s = {
        root.reader, root.segment,       root.data + offset * 8u, data_words * 8u,
        0,           CAPOS_DEPTH_TRUSTED};
    return s;
}

// Data and Text in a message that has the shape of its root: the pointer is so many words after the
// root's data begins.
static inline struct capos_data capos_known_shaped_data(struct capos_struct root, uint32_t place) {
    const uint64_t *at = (const uint64_t *)(const void *)root.data + place;
    uint64_t word = capos_word_sound(at, 0);
    struct capos_data data = {NULL, 0};
    if (word == 0)
        return data;
    data.data = (const uint8_t *)(at + 1 + capos_word_offset(word));
    data.size = capos_word_list_size(word);
    return data;
}

static inline struct capos_text capos_known_shaped_text(struct capos_struct root, uint32_t place) {
    struct capos_data data = capos_known_shaped_data(root, place);
    struct capos_text text = {"", 0};
    if (data.data == NULL)
        return text;
    text.data = (const char *)data.data;
    text.size = data.size - 1;
    return text;
}

// Setters. Builders have all that the schema knows, or are dead and take nothing.
static inline bool capos_known_is_live(struct capos_struct_builder s, uint32_t full) {
    return __builtin_expect(s.data_words >= full, 1);
}

static inline void capos_known_set_u8(struct capos_struct_builder s, uint32_t full, uint32_t offset,
                                      uint8_t value) {
    if (capos_known_is_live(s, full))
        __builtin_memcpy((char *)s.data + offset, &value, sizeof value);
}

static inline void capos_known_set_u16(struct capos_struct_builder s, uint32_t full,
                                       uint32_t offset, uint16_t value) {
    if (capos_known_is_live(s, full))
        __builtin_memcpy((char *)s.data + offset, &value, sizeof value);
}

static inline void capos_known_set_u32(struct capos_struct_builder s, uint32_t full,
                                       uint32_t offset, uint32_t value) {
    if (capos_known_is_live(s, full))
        __builtin_memcpy((char *)s.data + offset, &value, sizeof value);
}

static inline void capos_known_set_u64(struct capos_struct_builder s, uint32_t full,
                                       uint32_t offset, uint64_t value) {
    if (capos_known_is_live(s, full))
        __builtin_memcpy((char *)s.data + offset, &value, sizeof value);
}

static inline void capos_known_set_bool(struct capos_struct_builder s, uint32_t full, uint32_t bit,
                                        bool value) {
    unsigned char *at;

    if (!capos_known_is_live(s, full))
        return;
    at = (unsigned char *)s.data + bit / 8;
    *at = (unsigned char)((*at & ~(1u << bit % 8)) | (unsigned)value << bit % 8);
}

#ifdef __cplusplus
}
#endif

#endif
