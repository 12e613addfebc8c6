// SPDX-License-Identifier: MIT
// Following the pointers of a message: the one place where offsets from outside become positions.
// A pointer's word comes with it, a far pointer's landing pad is read once; sizes are compared in
// 64-bit word counts that can't wrap, the reader is charged, and only then a handle is made.
#include "capnp/reader.h"

// Where a pointer leads: the word that describes the object, and where the object starts.
struct target {
    const struct capos_segment *segment;
    uint64_t tag;
    int64_t start; // may be outside of the segment: not checked yet
};

static void fail(struct capos_pointer p, enum capos_fault_kind kind) {
    capos_reader_fail(p.reader, kind, p.segment, p.at);
}

static bool in_bounds(const struct capos_segment *segment, int64_t start, uint64_t size) {
    return start >= 0 && start <= (int64_t)segment->size &&
           size <= (uint64_t)segment->size - (uint64_t)start;
}

static bool charge(struct capos_pointer p, uint64_t words) {
    if (p.reader == NULL)
        return true;
    if (words > p.reader->budget) {
        p.reader->budget = 0;
        fail(p, CAPOS_FAULT_BUDGET);
        return false;
    }
    p.reader->budget -= words;
    return true;
}

// The levels below an object that was entered.
static uint8_t below(struct capos_pointer p) {
    return (uint8_t)(p.depth == CAPOS_DEPTH_TRUSTED ? CAPOS_DEPTH_TRUSTED : p.depth - 1);
}

// Takes one level of depth, the words of an object, and what else it costs to visit it.
static bool enter(struct capos_pointer p, const struct target *t, uint64_t words, uint64_t cost) {
    if (p.depth == 0) {
        fail(p, CAPOS_FAULT_DEPTH);
        return false;
    }
    if (!in_bounds(t->segment, t->start, words)) {
        fail(p, CAPOS_FAULT_BOUNDS);
        return false;
    }
    return charge(p, cost);
}

// The tag of a double-far pad describes an object that starts where the pad's first word says.
static bool follow_double_far(struct capos_pointer p, const struct capos_segment *segment,
                              uint32_t pad, struct target *t) {
    uint64_t far = capos_word_load(segment->words, pad);
    t->tag = capos_word_load(segment->words, pad + 1);
    bool sound = capos_word_kind(far) == CAPOS_POINTER_FAR && !capos_word_far_is_double(far) &&
                 capos_word_kind(t->tag) <= CAPOS_POINTER_LIST && capos_word_offset(t->tag) == 0;
    if (!sound) {
        fail(p, CAPOS_FAULT_FAR);
        return false;
    }
    if (capos_word_far_segment(far) >= p.reader->segment_count) {
        fail(p, CAPOS_FAULT_SEGMENT);
        return false;
    }
    t->segment = &p.reader->segments[capos_word_far_segment(far)];
    t->start = capos_word_far_offset(far);
    return true;
}

static bool follow_far(struct capos_pointer p, struct target *t) {
    uint64_t word = p.value;
    if (p.reader == NULL || capos_word_far_segment(word) >= p.reader->segment_count) {
        fail(p, CAPOS_FAULT_SEGMENT);
        return false;
    }
    const struct capos_segment *segment = &p.reader->segments[capos_word_far_segment(word)];
    uint32_t pad = capos_word_far_offset(word);
    uint32_t pad_words = capos_word_far_is_double(word) ? 2 : 1;
    if (!in_bounds(segment, pad, pad_words)) {
        fail(p, CAPOS_FAULT_BOUNDS);
        return false;
    }
    if (!charge(p, pad_words))
        return false;
    if (capos_word_far_is_double(word))
        return follow_double_far(p, segment, pad, t);
    t->segment = segment;
    t->tag = capos_word_load(segment->words, pad);
    t->start = (int64_t)pad + 1 + capos_word_offset(t->tag);
    if (capos_word_kind(t->tag) == CAPOS_POINTER_FAR) {
        fail(p, CAPOS_FAULT_FAR);
        return false;
    }
    return true;
}

// Reads the pointer. False if it is null or a fault: the caller then gives the empty value.
static bool follow(struct capos_pointer p, struct target *t) {
    if (p.value == 0)
        return false;
    if (capos_word_kind(p.value) == CAPOS_POINTER_FAR)
        return follow_far(p, t);
    t->segment = p.segment;
    t->tag = p.value;
    t->start = (p.at - p.segment->words) + 1 + (int64_t)capos_word_offset(p.value);
    return true;
}

bool capos_pointer_kind(struct capos_pointer p, enum capos_pointer_kind *kind) {
    struct target t;
    if (!follow(p, &t))
        return false;
    *kind = capos_word_kind(t.tag);
    return true;
}

static bool follow_kind(struct capos_pointer p, enum capos_pointer_kind kind, struct target *t) {
    if (!follow(p, t))
        return false;
    if (capos_word_kind(t->tag) == kind)
        return true;
    fail(p, CAPOS_FAULT_KIND);
    return false;
}

struct capos_struct capos_pointer_struct_checked(struct capos_pointer p) {
    struct capos_struct s = {p.reader, p.segment, NULL, 0, 0, 0};
    struct target t;
    if (!follow_kind(p, CAPOS_POINTER_STRUCT, &t))
        return s;
    uint32_t words = capos_word_data_words(t.tag) + capos_word_pointers(t.tag);
    if (!enter(p, &t, words, words))
        return s;
    s.segment = t.segment;
    s.data = capos_segment_bytes(t.segment, (uint64_t)t.start * 8);
    s.data_bytes = capos_word_data_words(t.tag) * 8;
    s.pointers = (uint16_t)capos_word_pointers(t.tag);
    s.depth = below(p);
    return s;
}

// Elements that take no room cost a word each, or eight bytes could stand for 2^29 of them.
static bool enter_structs(struct capos_pointer p, struct target *t, struct capos_list *list) {
    uint64_t words = capos_word_list_size(t->tag);
    if (!enter(p, t, words + 1, words + 1))
        return false;
    uint64_t tag = capos_word_load(t->segment->words, (uint32_t)t->start);
    uint32_t step = capos_word_data_words(tag) + capos_word_pointers(tag);
    uint32_t count = capos_word_tag_count(tag);
    if (capos_word_kind(tag) != CAPOS_POINTER_STRUCT) {
        fail(p, CAPOS_FAULT_KIND);
        return false;
    }
    if ((uint64_t)count * step > words) {
        fail(p, CAPOS_FAULT_BOUNDS);
        return false;
    }
    if (step == 0 && !charge(p, count))
        return false;
    list->data = capos_segment_bytes(t->segment, ((uint64_t)t->start + 1) * 8);
    list->size = count;
    list->step = step * 64;
    list->data_bits = capos_word_data_words(tag) * 64;
    list->pointers = (uint16_t)capos_word_pointers(tag);
    return true;
}

static bool enter_elements(struct capos_pointer p, struct target *t, struct capos_list *list) {
    enum capos_element element = capos_word_element(t->tag);
    uint32_t count = capos_word_list_size(t->tag);
    list->data_bits = capos_element_bits(element);
    list->pointers = element == CAPOS_ELEMENT_POINTER;
    list->step = list->data_bits + list->pointers * 64u;
    uint64_t words = ((uint64_t)count * list->step + 63) / 64;
    if (!enter(p, t, words, element == CAPOS_ELEMENT_VOID ? count : words))
        return false;
    list->data = capos_segment_bytes(t->segment, (uint64_t)t->start * 8);
    list->size = count;
    return true;
}

struct capos_list capos_pointer_any_list(struct capos_pointer p) {
    struct capos_list empty = {p.reader, p.segment, NULL, 0, 0, 0, 0, 0, 0};
    struct capos_list list = empty;
    struct target t;
    if (!follow_kind(p, CAPOS_POINTER_LIST, &t))
        return empty;
    bool entered = capos_word_element(t.tag) == CAPOS_ELEMENT_STRUCT ? enter_structs(p, &t, &list)
                                                                     : enter_elements(p, &t, &list);
    if (!entered)
        return empty;
    list.segment = t.segment;
    list.depth = below(p);
    list.element = (uint8_t)capos_word_element(t.tag);
    return list;
}

// The rules of evolution, here and nowhere else: an element may be larger than what is asked of it,
// its first field standing for it; bits mix with nothing else; pointers must be there if wanted.
static bool can_read_as(const struct capos_list *list, enum capos_element expected) {
    bool bits = list->data_bits == 1;
    if (expected == CAPOS_ELEMENT_BIT || bits)
        return bits && expected == CAPOS_ELEMENT_BIT;
    if (expected == CAPOS_ELEMENT_VOID)
        return true;
    if (expected == CAPOS_ELEMENT_POINTER)
        return list->pointers > 0;
    return list->data_bits >= capos_element_bits(expected);
}

struct capos_list capos_pointer_list(struct capos_pointer p, enum capos_element expected) {
    struct capos_list list = capos_pointer_any_list(p);
    if (list.step == 0 && list.size == 0)
        return list;
    if (!can_read_as(&list, expected)) {
        fail(p, CAPOS_FAULT_SIZE);
        list.size = 0;
    }
    return list;
}

// Text and Data: a list of bytes and nothing else.
static bool enter_bytes(struct capos_pointer p, struct target *t) {
    if (!follow_kind(p, CAPOS_POINTER_LIST, t))
        return false;
    if (capos_word_element(t->tag) != CAPOS_ELEMENT_1) {
        fail(p, CAPOS_FAULT_SIZE);
        return false;
    }
    uint32_t words = capos_word_list_size(t->tag) / 8 + (capos_word_list_size(t->tag) % 8 != 0);
    return enter(p, t, words, words);
}

// The same, and where they are.
static const char *bytes_of(struct capos_pointer p, uint32_t *size) {
    struct target t;
    // A message that is sound needs no more than this, unless the pointer is far.
    if (p.depth == CAPOS_DEPTH_TRUSTED && capos_word_kind(p.value) == CAPOS_POINTER_LIST &&
        capos_word_element(p.value) == CAPOS_ELEMENT_1) {
        *size = capos_word_list_size(p.value);
        return (const char *)(p.at + 1 + capos_word_offset(p.value));
    }
    if (!enter_bytes(p, &t))
        return NULL;
    *size = capos_word_list_size(t.tag);
    return capos_segment_bytes(t.segment, (uint64_t)t.start * 8);
}

struct capos_text capos_pointer_text(struct capos_pointer p) {
    struct capos_text text = {"", 0};
    uint32_t size;
    const char *bytes = bytes_of(p, &size);
    if (bytes == NULL)
        return text;
    if (size == 0 || bytes[size - 1] != '\0') {
        fail(p, CAPOS_FAULT_TEXT);
        return text;
    }
    text.data = bytes;
    text.size = size - 1;
    return text;
}

struct capos_data capos_pointer_data(struct capos_pointer p) {
    struct capos_data data = {NULL, 0};
    uint32_t size;
    const char *bytes = bytes_of(p, &size);
    if (bytes == NULL)
        return data;
    data.data = (const uint8_t *)bytes;
    data.size = size;
    return data;
}

const struct capos_descriptor *capos_pointer_capability_checked(struct capos_pointer p) {
    struct target t;
    if (!follow_kind(p, CAPOS_POINTER_OTHER, &t))
        return NULL;
    if (!capos_word_is_capability(t.tag)) {
        fail(p, CAPOS_FAULT_RESERVED);
        return NULL;
    }
    if (p.reader == NULL || capos_word_capability_index(t.tag) >= p.reader->descriptor_count) {
        fail(p, CAPOS_FAULT_CAPABILITY);
        return NULL;
    }
    return &p.reader->descriptors[capos_word_capability_index(t.tag)];
}
