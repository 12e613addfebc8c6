// SPDX-License-Identifier: MIT
// Words of a Cap'n Proto message and the fields of its pointer words. A word is 8 bytes, little
// endian, as is every machine that capOS runs on. Pointer words are fetched by capos_word_load,
// so that each is read once even when somebody else can write to the message meanwhile, until the
// message is known to be sound, which is promised only of one that nobody writes to. Bytes
// are moved by memcpy, which is free of alignment and aliasing rules. No state.
#ifndef CAPOS_CAPNP_WORD_H
#define CAPOS_CAPNP_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "messages are read in place, which needs a little-endian machine"
#endif

// The two low bits of a pointer word.
enum capos_pointer_kind {
    CAPOS_POINTER_STRUCT = 0,
    CAPOS_POINTER_LIST = 1,
    CAPOS_POINTER_FAR = 2,
    CAPOS_POINTER_OTHER = 3, // a capability, or reserved
};

// The element size code of a list pointer.
enum capos_element {
    CAPOS_ELEMENT_VOID = 0,
    CAPOS_ELEMENT_BIT = 1,
    CAPOS_ELEMENT_1 = 2,
    CAPOS_ELEMENT_2 = 3,
    CAPOS_ELEMENT_4 = 4,
    CAPOS_ELEMENT_8 = 5,
    CAPOS_ELEMENT_POINTER = 6,
    CAPOS_ELEMENT_STRUCT = 7, // a tag word, then the elements inline
};

// The largest segment and the largest element count that pointer words can express.
#define CAPOS_SEGMENT_WORDS_MAX ((1u << 29) - 1)
#define CAPOS_LIST_SIZE_MAX     ((1u << 29) - 1)

typedef uint64_t __attribute__((may_alias)) capos_word;

static inline uint64_t capos_word_load(const uint64_t *words, uint32_t index) {
    return *(const volatile capos_word *)(words + index);
}

// A word of a message that is sound and that nobody writes to: it may be read again.
static inline uint64_t capos_word_sound(const uint64_t *words, uint32_t index) {
    return *(const capos_word *)(words + index);
}

static inline void capos_word_store(uint64_t *words, uint32_t index, uint64_t value) {
    *(capos_word *)(words + index) = value;
}

static inline enum capos_pointer_kind capos_word_kind(uint64_t word) {
    return (enum capos_pointer_kind)(word & 3);
}

// Struct and list pointers: words from the end of the pointer to the content, signed.
static inline int32_t capos_word_offset(uint64_t word) {
    return (int32_t)(uint32_t)word >> 2;
}

static inline uint32_t capos_word_data_words(uint64_t word) {
    return (uint32_t)(word >> 32) & 0xffff;
}

static inline uint32_t capos_word_pointers(uint64_t word) {
    return (uint32_t)(word >> 48);
}

// The tag of a list of structs: the offset field holds the number of elements.
static inline uint32_t capos_word_tag_count(uint64_t word) {
    return (uint32_t)word >> 2;
}

static inline enum capos_element capos_word_element(uint64_t word) {
    return (enum capos_element)((word >> 32) & 7);
}

// List pointers: elements, or words after the tag for CAPOS_ELEMENT_STRUCT.
static inline uint32_t capos_word_list_size(uint64_t word) {
    return (uint32_t)(word >> 35);
}

static inline bool capos_word_far_is_double(uint64_t word) {
    return (word & 4) != 0;
}

static inline uint32_t capos_word_far_offset(uint64_t word) {
    return (uint32_t)word >> 3;
}

static inline uint32_t capos_word_far_segment(uint64_t word) {
    return (uint32_t)(word >> 32);
}

// Of the other pointers, all bits but the index are zero in a capability.
static inline bool capos_word_is_capability(uint64_t word) {
    return (uint32_t)word == CAPOS_POINTER_OTHER;
}

static inline uint32_t capos_word_capability_index(uint64_t word) {
    return (uint32_t)(word >> 32);
}

static inline uint64_t capos_word_make_struct(int32_t offset, uint16_t data_words,
                                              uint16_t pointers) {
    return (uint64_t)((uint32_t)offset << 2) | (uint64_t)data_words << 32 |
           (uint64_t)pointers << 48;
}

static inline uint64_t capos_word_make_list(int32_t offset, enum capos_element element,
                                            uint32_t size) {
    return (uint64_t)((uint32_t)offset << 2 | CAPOS_POINTER_LIST) | (uint64_t)element << 32 |
           (uint64_t)size << 35;
}

static inline uint64_t capos_word_make_tag(uint32_t count, uint16_t data_words, uint16_t pointers) {
    return (uint64_t)(count << 2) | (uint64_t)data_words << 32 | (uint64_t)pointers << 48;
}

static inline uint64_t capos_word_make_capability(uint32_t index) {
    return (uint64_t)index << 32 | CAPOS_POINTER_OTHER;
}

// Bits of data in one element; pointers and structs have none here.
static inline uint32_t capos_element_bits(enum capos_element element) {
    static const uint8_t bits[8] = {0, 1, 8, 16, 32, 64, 0, 0};
    return bits[element & 7];
}

#endif
