// SPDX-License-Identifier: MIT
// Building a message: taking words from the front of the buffer, and the pointers that lead to
// them.
#include "capnp/builder.h"

void capos_builder_fail(struct capos_builder *builder, enum capos_build_error error) {
    if (builder->error != CAPOS_BUILD_OK)
        return;
    builder->error = error;
    builder->needed = builder->used;
    builder->capacity = 0;
    builder->used = 0;
}

enum capos_build_error capos_builder_finish(const struct capos_builder *builder, uint32_t *words) {
    *words = builder->error == CAPOS_BUILD_OK ? builder->used : 0;
    return builder->error;
}

void capos_builder_lack(struct capos_builder *builder, uint64_t words) {
    capos_builder_fail(builder, CAPOS_BUILD_FULL);
    builder->needed += words;
}

static void point(struct capos_pointer_builder p, uint64_t value) {
    capos_word_store(p.at, 0, value);
}

static int32_t offset_from(struct capos_pointer_builder p, const uint64_t *at) {
    return (int32_t)(at - p.at - 1);
}

struct capos_pointer_builder capos_builder_init_root_pointer(struct capos_builder *builder) {
    struct capos_pointer_builder root = {builder, NULL};
    builder->used = 0;
    builder->needed = 0;
    builder->descriptor_count = 0;
    root.at = capos_builder_take(builder, 1);
    return root;
}

struct capos_list_builder capos_pointer_init_list(struct capos_pointer_builder p,
                                                  enum capos_element element, uint32_t size) {
    struct capos_list_builder list = {p.builder, 0, 0, 0, 0, 0};
    list.pointers = element == CAPOS_ELEMENT_POINTER;
    list.step = capos_element_bits(element) + list.pointers * 64u;
    if (size > CAPOS_LIST_SIZE_MAX)
        capos_builder_fail(p.builder, CAPOS_BUILD_RANGE);
    uint64_t *at = capos_builder_take(p.builder, ((uint64_t)size * list.step + 63) / 64);
    if (at == NULL || p.at == NULL)
        return list;
    point(p, capos_word_make_list(offset_from(p, at), element, size));
    list.data = (uint32_t)(at - p.builder->words);
    list.size = size;
    return list;
}

struct capos_list_builder capos_pointer_init_struct_list(struct capos_pointer_builder p,
                                                         uint32_t size, uint16_t data_words,
                                                         uint16_t pointers) {
    uint32_t step = (uint32_t)data_words + pointers;
    struct capos_list_builder list = {p.builder, 0, 0, step * 64, data_words, pointers};
    uint64_t words = (uint64_t)size * step;
    if (size > CAPOS_LIST_SIZE_MAX || words > CAPOS_LIST_SIZE_MAX)
        capos_builder_fail(p.builder, CAPOS_BUILD_RANGE);
    uint64_t *at = capos_builder_take(p.builder, words + 1);
    if (at == NULL || p.at == NULL)
        return list;
    point(p, capos_word_make_list(offset_from(p, at), CAPOS_ELEMENT_STRUCT, (uint32_t)words));
    capos_word_store(at, 0, capos_word_make_tag(size, data_words, pointers));
    list.data = (uint32_t)(at - p.builder->words) + 1;
    list.size = size;
    return list;
}

static char *init_bytes(struct capos_pointer_builder p, uint32_t size) {
    struct capos_list_builder list = capos_pointer_init_list(p, CAPOS_ELEMENT_1, size);
    return list.data == 0 ? NULL : (char *)(p.builder->words + list.data);
}

char *capos_pointer_init_text(struct capos_pointer_builder p, uint32_t size) {
    if (size >= CAPOS_LIST_SIZE_MAX) {
        capos_builder_fail(p.builder, CAPOS_BUILD_RANGE);
        return NULL;
    }
    return init_bytes(p, size + 1);
}

uint8_t *capos_pointer_init_data(struct capos_pointer_builder p, uint32_t size) {
    return (uint8_t *)init_bytes(p, size);
}

// A list of bytes that the caller writes, but perhaps a few in the last word, which is zero. NULL
// after an error, or when there are none.
static char *set_bytes(struct capos_pointer_builder p, uint32_t size) {
    uint64_t words = ((uint64_t)size + 7) / 8;
    if (size > CAPOS_LIST_SIZE_MAX)
        capos_builder_fail(p.builder, CAPOS_BUILD_RANGE);
    if (p.at == NULL || !capos_builder_has(p.builder, words)) {
        (void)capos_builder_take(p.builder, words);
        return NULL;
    }
    uint64_t *at = capos_builder_claim(p.builder, (uint32_t)words);
    point(p, capos_word_make_list(offset_from(p, at), CAPOS_ELEMENT_1, size));
    if (words == 0)
        return NULL;
    at[words - 1] = 0;
    return (char *)at;
}

void capos_pointer_set_text(struct capos_pointer_builder p, struct capos_text text) {
    char *at = text.size < CAPOS_LIST_SIZE_MAX ? set_bytes(p, text.size + 1) : NULL;
    if (text.size >= CAPOS_LIST_SIZE_MAX)
        capos_builder_fail(p.builder, CAPOS_BUILD_RANGE);
    if (at != NULL && text.size > 0)
        __builtin_memcpy(at, text.data, text.size);
}

void capos_pointer_set_data(struct capos_pointer_builder p, struct capos_data data) {
    char *at = set_bytes(p, data.size);
    if (at != NULL)
        __builtin_memcpy(at, data.data, data.size);
}

void capos_pointer_set_capability_slowly(struct capos_pointer_builder p,
                                         struct capos_descriptor descriptor) {
    struct capos_builder *b = p.builder;
    uint64_t before = p.at == NULL ? 0 : capos_word_load(p.at, 0);
    if (b->error == CAPOS_BUILD_OK && capos_word_is_capability(before)) {
        b->descriptors[capos_word_capability_index(before)] = descriptor;
        return;
    }
    if (b->descriptor_count == b->descriptor_room)
        capos_builder_fail(b, CAPOS_BUILD_ROOM);
    if (b->error != CAPOS_BUILD_OK || p.at == NULL)
        return;
    b->descriptors[b->descriptor_count] = descriptor;
    point(p, capos_word_make_capability(b->descriptor_count));
    b->descriptor_count++;
}

void capos_struct_place_capabilities(struct capos_struct_builder root, const uint16_t *pointers,
                                     unsigned count) {
    const struct capos_descriptor none = {0, 0, 0, CAPOS_TRANSFER_NONE, 0, 0, {0, 0, 0, 0, 0}};
    if (root.data == NULL || root.builder->descriptor_room < count)
        return;
    for (unsigned i = 0; i < count; i++)
        capos_pointer_set_capability(capos_struct_builder_pointer(root, pointers[i]), none);
}

static bool check_index(struct capos_list_builder list, uint32_t index) {
    if (index < list.size)
        return true;
    capos_builder_fail(list.builder, CAPOS_BUILD_RANGE);
    return false;
}

struct capos_struct_builder capos_list_builder_struct(struct capos_list_builder list,
                                                      uint32_t index) {
    struct capos_struct_builder s = {list.builder, NULL, 0, 0};
    if (!check_index(list, index))
        return s;
    s.data = list.builder->words + list.data + index * (list.step / 64);
    s.data_words = list.data_words;
    s.pointers = list.pointers;
    return s;
}

struct capos_pointer_builder capos_list_builder_pointer(struct capos_list_builder list,
                                                        uint32_t index) {
    struct capos_pointer_builder p = {list.builder, NULL};
    if (check_index(list, index))
        p.at = list.builder->words + list.data + index;
    return p;
}

// Stores an element of a list of numbers, whose elements have `size` bytes.
static void set_element(struct capos_list_builder list, uint32_t index, const void *value,
                        uint32_t size) {
    if (check_index(list, index))
        __builtin_memcpy((char *)(list.builder->words + list.data) + (uint64_t)index * size, value,
                         size);
}

void capos_list_set_u8(struct capos_list_builder list, uint32_t index, uint8_t value) {
    set_element(list, index, &value, sizeof value);
}

void capos_list_set_u16(struct capos_list_builder list, uint32_t index, uint16_t value) {
    set_element(list, index, &value, sizeof value);
}

void capos_list_set_u32(struct capos_list_builder list, uint32_t index, uint32_t value) {
    set_element(list, index, &value, sizeof value);
}

void capos_list_set_u64(struct capos_list_builder list, uint32_t index, uint64_t value) {
    set_element(list, index, &value, sizeof value);
}

void capos_list_set_bool(struct capos_list_builder list, uint32_t index, bool value) {
    if (!check_index(list, index))
        return;
    unsigned char *at = (unsigned char *)(list.builder->words + list.data) + index / 8;
    *at = (unsigned char)((*at & ~(1u << index % 8)) | (unsigned)value << index % 8);
}
