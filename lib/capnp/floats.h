// SPDX-License-Identifier: MIT
// Floating-point fields. Apart from the rest because the kernel is compiled without the registers
// that they travel in: only schemas that have such fields include this.
#ifndef CAPOS_CAPNP_FLOATS_H
#define CAPOS_CAPNP_FLOATS_H

#include "capnp/lists.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline float capos_f32_of_bits(uint32_t bits) {
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t capos_f32_to_bits(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double capos_f64_of_bits(uint64_t bits) {
    double value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t capos_f64_to_bits(double value) {
    uint64_t bits;
    __builtin_memcpy(&bits, &value, sizeof bits);
    return bits;
}

struct capos_f32_list {
    struct capos_list list;
};

struct capos_f32_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_f32_list_size(struct capos_f32_list list) {
    return list.list.size;
}

static inline float capos_f32_list_at(struct capos_f32_list list, uint32_t index) {
    return capos_f32_of_bits(capos_list_u32(list.list, index));
}

static inline void capos_f32_list_set(struct capos_f32_list_builder list, uint32_t index,
                                      float value) {
    capos_list_set_u32(list.list, index, capos_f32_to_bits(value));
}

struct capos_f64_list {
    struct capos_list list;
};

struct capos_f64_list_builder {
    struct capos_list_builder list;
};

static inline uint32_t capos_f64_list_size(struct capos_f64_list list) {
    return list.list.size;
}

static inline double capos_f64_list_at(struct capos_f64_list list, uint32_t index) {
    return capos_f64_of_bits(capos_list_u64(list.list, index));
}

static inline void capos_f64_list_set(struct capos_f64_list_builder list, uint32_t index,
                                      double value) {
    capos_list_set_u64(list.list, index, capos_f64_to_bits(value));
}

#ifdef __cplusplus
}
#endif

#endif
