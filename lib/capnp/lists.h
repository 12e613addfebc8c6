// SPDX-License-Identifier: MIT
// Typed handles for lists of numbers, booleans, Text, Data and pointers, as generated code and its
// users see them; lists of structs, enums and capabilities have generated handles of the same form.
// An index out of range reads as zero or empty, and is CAPOS_BUILD_RANGE when building.
#ifndef CAPOS_CAPNP_LISTS_H
#define CAPOS_CAPNP_LISTS_H

#include "capnp/builder.h"

#ifdef __cplusplus
extern "C" {
#endif

struct capos_bool_list {
    struct capos_list list;
};

struct capos_bool_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_bool_list_size(struct capos_bool_list list) {
    return list.list.size;
}

static inline bool capos_bool_list_at(struct capos_bool_list list, uint32_t index) {
    return capos_list_bool(list.list, index);
}

static inline void capos_bool_list_set(struct capos_bool_list_builder list, uint32_t index,
                                       bool value) {
    capos_list_set_bool(list.list, index, value);
}

struct capos_u8_list {
    struct capos_list list;
};

struct capos_u8_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_u8_list_size(struct capos_u8_list list) {
    return list.list.size;
}

static inline uint8_t capos_u8_list_at(struct capos_u8_list list, uint32_t index) {
    return capos_list_u8(list.list, index);
}

static inline void capos_u8_list_set(struct capos_u8_list_builder list, uint32_t index,
                                     uint8_t value) {
    capos_list_set_u8(list.list, index, value);
}

struct capos_u16_list {
    struct capos_list list;
};

struct capos_u16_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_u16_list_size(struct capos_u16_list list) {
    return list.list.size;
}

static inline uint16_t capos_u16_list_at(struct capos_u16_list list, uint32_t index) {
    return capos_list_u16(list.list, index);
}

static inline void capos_u16_list_set(struct capos_u16_list_builder list, uint32_t index,
                                      uint16_t value) {
    capos_list_set_u16(list.list, index, value);
}

struct capos_u32_list {
    struct capos_list list;
};

struct capos_u32_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_u32_list_size(struct capos_u32_list list) {
    return list.list.size;
}

static inline uint32_t capos_u32_list_at(struct capos_u32_list list, uint32_t index) {
    return capos_list_u32(list.list, index);
}

static inline void capos_u32_list_set(struct capos_u32_list_builder list, uint32_t index,
                                      uint32_t value) {
    capos_list_set_u32(list.list, index, value);
}

struct capos_u64_list {
    struct capos_list list;
};

struct capos_u64_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_u64_list_size(struct capos_u64_list list) {
    return list.list.size;
}

static inline uint64_t capos_u64_list_at(struct capos_u64_list list, uint32_t index) {
    return capos_list_u64(list.list, index);
}

static inline void capos_u64_list_set(struct capos_u64_list_builder list, uint32_t index,
                                      uint64_t value) {
    capos_list_set_u64(list.list, index, value);
}

struct capos_i8_list {
    struct capos_list list;
};

struct capos_i8_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_i8_list_size(struct capos_i8_list list) {
    return list.list.size;
}

static inline int8_t capos_i8_list_at(struct capos_i8_list list, uint32_t index) {
    return (int8_t)capos_list_u8(list.list, index);
}

static inline void capos_i8_list_set(struct capos_i8_list_builder list, uint32_t index,
                                     int8_t value) {
    capos_list_set_u8(list.list, index, (uint8_t)value);
}

struct capos_i16_list {
    struct capos_list list;
};

struct capos_i16_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_i16_list_size(struct capos_i16_list list) {
    return list.list.size;
}

static inline int16_t capos_i16_list_at(struct capos_i16_list list, uint32_t index) {
    return (int16_t)capos_list_u16(list.list, index);
}

static inline void capos_i16_list_set(struct capos_i16_list_builder list, uint32_t index,
                                      int16_t value) {
    capos_list_set_u16(list.list, index, (uint16_t)value);
}

struct capos_i32_list {
    struct capos_list list;
};

struct capos_i32_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_i32_list_size(struct capos_i32_list list) {
    return list.list.size;
}

static inline int32_t capos_i32_list_at(struct capos_i32_list list, uint32_t index) {
    return (int32_t)capos_list_u32(list.list, index);
}

static inline void capos_i32_list_set(struct capos_i32_list_builder list, uint32_t index,
                                      int32_t value) {
    capos_list_set_u32(list.list, index, (uint32_t)value);
}

struct capos_i64_list {
    struct capos_list list;
};

struct capos_i64_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_i64_list_size(struct capos_i64_list list) {
    return list.list.size;
}

static inline int64_t capos_i64_list_at(struct capos_i64_list list, uint32_t index) {
    return (int64_t)capos_list_u64(list.list, index);
}

static inline void capos_i64_list_set(struct capos_i64_list_builder list, uint32_t index,
                                      int64_t value) {
    capos_list_set_u64(list.list, index, (uint64_t)value);
}

struct capos_text_list {
    struct capos_list list;
};

struct capos_text_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_text_list_size(struct capos_text_list list) {
    return list.list.size;
}

static inline struct capos_text capos_text_list_at(struct capos_text_list list, uint32_t index) {
    return capos_pointer_text(capos_list_pointer(list.list, index));
}

static inline void capos_text_list_set(struct capos_text_list_builder list, uint32_t index,
                                       struct capos_text value) {
    capos_pointer_set_text(capos_list_builder_pointer(list.list, index), value);
}

struct capos_data_list {
    struct capos_list list;
};

struct capos_data_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_data_list_size(struct capos_data_list list) {
    return list.list.size;
}

static inline struct capos_data capos_data_list_at(struct capos_data_list list, uint32_t index) {
    return capos_pointer_data(capos_list_pointer(list.list, index));
}

static inline void capos_data_list_set(struct capos_data_list_builder list, uint32_t index,
                                       struct capos_data value) {
    capos_pointer_set_data(capos_list_builder_pointer(list.list, index), value);
}

// List(Void): nothing but a size.
struct capos_void_list {
    struct capos_list list;
};

struct capos_void_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_void_list_size(struct capos_void_list list) {
    return list.list.size;
}

// List(AnyPointer) and its kin.
struct capos_pointer_list {
    struct capos_list list;
};

struct capos_pointer_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_pointer_list_size(struct capos_pointer_list list) {
    return list.list.size;
}

static inline struct capos_pointer capos_pointer_list_at(struct capos_pointer_list list,
                                                         uint32_t index) {
    return capos_list_pointer(list.list, index);
}

static inline struct capos_pointer_builder
capos_pointer_list_init(struct capos_pointer_list_builder list, uint32_t index) {
    return capos_list_builder_pointer(list.list, index);
}

#ifdef __cplusplus
}
#endif

#endif
