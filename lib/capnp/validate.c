// SPDX-License-Identifier: MIT
// The validator: a stack of the lists that are being looked through, a struct being a list of one.
// The reader's own checks do the work; this sees to it that all of them are made. Most messages are
// simple, and simple ones take a shorter way, which may say yes only where the long one would.
#include "capnp/validate.h"

struct level {
    struct capos_list list;
    const struct capos_layout *layout;     // of the elements, if they are structs
    const struct capos_layout_type *first; // of the elements, if they are pointers
    uint32_t element;
    uint32_t pointer;
};

struct validator {
    struct capos_reader *reader;
    uint64_t named; // descriptors that a capability names
    uint32_t depth;
    struct level levels[CAPOS_VALIDATE_DEPTH];
};

static const struct capos_layout_type any = {CAPOS_LAYOUT_ANY, 0, UINT32_MAX, NULL, NULL};

static void fail(struct validator *v, enum capos_fault_kind kind, struct capos_pointer p) {
    capos_reader_fail(v->reader, kind, p.segment, p.at);
}

static void push(struct validator *v, struct capos_pointer p, struct capos_list list,
                 const struct capos_layout *layout, const struct capos_layout_type *first) {
    if (list.pointers == 0 || list.size == 0)
        return;
    if (v->depth == CAPOS_VALIDATE_DEPTH) {
        fail(v, CAPOS_FAULT_DEPTH, p);
        return;
    }
    struct level *level = &v->levels[v->depth++];
    level->list = list;
    level->layout = layout;
    level->first = first;
    level->element = 0;
    level->pointer = 0;
}

static void visit_struct(struct validator *v, struct capos_pointer p,
                         const struct capos_layout *layout) {
    struct capos_struct s = capos_pointer_struct(p);
    struct capos_list one = {
        s.reader, s.segment, s.data, 1, 0, s.data_bytes * 8, s.pointers, 0, CAPOS_ELEMENT_STRUCT};
    one.depth = (uint8_t)s.depth;
    push(v, p, one, layout, NULL);
}

static void visit_list(struct validator *v, struct capos_pointer p,
                       const struct capos_layout_type *type) {
    struct capos_list list = capos_pointer_list(p, (enum capos_element)type->element);
    if (list.size > type->most)
        fail(v, CAPOS_FAULT_LENGTH, p);
    push(v, p, list, type->target, type->of);
}

static void visit_capability(struct validator *v, struct capos_pointer p) {
    const struct capos_descriptor *d = capos_pointer_capability_checked(p);
    if (d != NULL)
        v->named |= UINT64_C(1) << (d - v->reader->descriptors);
}

static void visit_any(struct validator *v, struct capos_pointer p) {
    enum capos_pointer_kind kind;
    if (!capos_pointer_kind(p, &kind))
        return;
    if (kind == CAPOS_POINTER_STRUCT)
        visit_struct(v, p, NULL);
    else if (kind == CAPOS_POINTER_LIST)
        push(v, p, capos_pointer_any_list(p), NULL, NULL);
    else
        visit_capability(v, p);
}

static void visit(struct validator *v, struct capos_pointer p,
                  const struct capos_layout_type *type) {
    if (capos_pointer_is_null(p))
        return;
    switch (type->kind) {
    case CAPOS_LAYOUT_TEXT:
        if (capos_pointer_text(p).size > type->most)
            fail(v, CAPOS_FAULT_LENGTH, p);
        break;
    case CAPOS_LAYOUT_DATA:
        if (capos_pointer_data(p).size > type->most)
            fail(v, CAPOS_FAULT_LENGTH, p);
        break;
    case CAPOS_LAYOUT_STRUCT:
        visit_struct(v, p, type->target);
        break;
    case CAPOS_LAYOUT_LIST:
        visit_list(v, p, type);
        break;
    case CAPOS_LAYOUT_CAPABILITY:
        visit_capability(v, p);
        break;
    default:
        visit_any(v, p);
        break;
    }
}

// The schema's idea of a pointer of a struct, given which members its unions have.
static const struct capos_layout_type *lookup(const struct capos_layout *layout,
                                              struct capos_struct s, uint32_t pointer) {
    for (uint32_t i = 0; i < layout->count; i++) {
        const struct capos_layout_entry *entry = &layout->entries[i];
        if (entry->skip == 0 && entry->place == pointer)
            return &entry->type;
        if (entry->skip != 0 && capos_struct_u16(s, entry->place) != entry->value)
            i += entry->skip;
    }
    return &any;
}

// Visits the next pointer of the top level; takes the level off when it has no more.
static void step(struct validator *v) {
    struct level *top = &v->levels[v->depth - 1];
    if (top->element == top->list.size) {
        v->depth--;
        return;
    }
    // A list of one has no step, but its only element begins where the list does.
    struct capos_struct s = capos_list_struct(top->list, top->element);
    uint32_t pointer = top->pointer;
    const struct capos_layout_type *type = &any;
    if (top->layout != NULL)
        type = lookup(top->layout, s, pointer);
    else if (top->first != NULL && pointer == 0)
        type = top->first;
    if (++top->pointer == top->list.pointers) {
        top->pointer = 0;
        top->element++;
    }
    visit(v, capos_struct_pointer(s, pointer), type);
}

// What has been seen of a message that may be simple.
struct simple {
    const uint64_t *words;
    uint64_t size;
    uint64_t used; // words, as the budget counts them
    uint64_t named;
    uint32_t descriptors;
};

// Does an object of this many words, that the pointer at `place` leads to, lie within the message?
static inline bool simple_object(struct simple *s, uint32_t place, uint64_t pointer,
                                 uint32_t words) {
    int64_t start = (int64_t)place + 1 + capos_word_offset(pointer);
    s->used += words;
    return start >= 0 && (uint64_t)start + words <= s->size;
}

static bool simple_bytes(struct simple *s, uint32_t place, uint64_t pointer,
                         const struct capos_layout_type *type) {
    uint32_t size = capos_word_list_size(pointer);
    const char *bytes = (const char *)s->words;
    if (capos_word_kind(pointer) != CAPOS_POINTER_LIST ||
        capos_word_element(pointer) != CAPOS_ELEMENT_1 ||
        !simple_object(s, place, pointer, (size + 7) / 8))
        return false;
    if (type->kind == CAPOS_LAYOUT_DATA)
        return size <= type->most;
    uint64_t end = ((uint64_t)place + 1 + (uint64_t)(int64_t)capos_word_offset(pointer)) * 8 + size;
    return size > 0 && size - 1 <= type->most && bytes[end - 1] == '\0';
}

static bool simple_capability(struct simple *s, uint64_t pointer) {
    uint32_t index = capos_word_capability_index(pointer);
    if (!capos_word_is_capability(pointer) || index >= s->descriptors)
        return false;
    s->named |= UINT64_C(1) << index;
    return true;
}

// A pointer of the root: to a struct without pointers, to bytes, a capability, or null.
static inline bool simple_pointer(struct simple *s, uint32_t place,
                                  const struct capos_layout_type *type) {
    uint64_t pointer = capos_word_load(s->words, place);
    if (pointer == 0)
        return true;
    switch (type->kind) {
    case CAPOS_LAYOUT_STRUCT:
        return capos_word_kind(pointer) == CAPOS_POINTER_STRUCT &&
               capos_word_pointers(pointer) == 0 &&
               simple_object(s, place, pointer, capos_word_data_words(pointer));
    case CAPOS_LAYOUT_TEXT:
    case CAPOS_LAYOUT_DATA:
        return simple_bytes(s, place, pointer, type);
    case CAPOS_LAYOUT_CAPABILITY:
        return simple_capability(s, pointer);
    default:
        return false;
    }
}

// Every descriptor must have been named: the low bits, as many as there are descriptors.
static bool all_named(uint64_t named, uint32_t count) {
    return named == (count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1);
}

// Is the message sound and of the simple kind: one segment whose root has, for each of its
// pointers in order, an entry without a guard? Then its root is found. No means only that this
// can't tell.
static inline bool is_simple(struct capos_reader *reader, const struct capos_layout *layout,
                             struct capos_struct *found) {
    struct simple s = {NULL, 0, 0, 0, reader->descriptor_count};
    if (reader->segment_count != 1 || reader->depth < 2 || s.descriptors > 64)
        return false;
    s.words = reader->segments[0].words;
    s.size = reader->segments[0].size;
    uint64_t root = s.size > 0 ? capos_word_load(s.words, 0) : 0;
    uint32_t data = capos_word_data_words(root), pointers = capos_word_pointers(root);
    if (capos_word_kind(root) != CAPOS_POINTER_STRUCT || pointers > layout->count ||
        (root != 0 && !simple_object(&s, 0, root, data + pointers)))
        return false;
    uint32_t place = 1 + (uint32_t)capos_word_offset(root) + data;
    for (uint32_t i = 0; i < pointers; i++) {
        const struct capos_layout_entry *entry = &layout->entries[i];
        if (entry->skip != 0 || entry->place != i || !simple_pointer(&s, place + i, &entry->type))
            return false;
    }
    if (s.used > reader->budget || !all_named(s.named, s.descriptors))
        return false;
    capos_reader_trust(reader, found, root == 0 ? NULL : s.words + place - data, data, pointers);
    return true;
}

__attribute__((noinline)) static bool validate(struct capos_reader *reader,
                                               const struct capos_layout *layout) {
    struct validator v;
    v.reader = reader;
    v.named = 0;
    v.depth = 0;
    struct capos_pointer root = capos_reader_root_pointer(reader);
    if (reader->descriptor_count > 64)
        fail(&v, CAPOS_FAULT_CAPABILITY, root);
    if (!capos_pointer_is_null(root))
        visit_struct(&v, root, layout);
    while (v.depth > 0 && capos_reader_ok(reader))
        step(&v);
    if (capos_reader_ok(reader) && !all_named(v.named, reader->descriptor_count))
        fail(&v, CAPOS_FAULT_CAPABILITY, root);
    if (!capos_reader_ok(reader))
        return false;
    return true;
}

bool capos_validate_root(struct capos_reader *reader, const struct capos_layout *layout,
                         struct capos_struct *root) {
    if (capos_reader_ok(reader) && layout != NULL && is_simple(reader, layout, root))
        return true;
    if (!validate(reader, layout))
        return false;
    reader->budget = UINT64_MAX;
    reader->depth = CAPOS_DEPTH_TRUSTED;
    *root = capos_reader_root(reader);
    return true;
}

bool capos_validate(struct capos_reader *reader, const struct capos_layout *layout) {
    struct capos_struct root;
    return capos_validate_root(reader, layout, &root);
}
