// SPDX-License-Identifier: MIT
// The validator: a stack of the lists that are being looked through, a struct being a list of one.
// The reader's own checks do the work; this sees to it that all of them are made.
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
    capos_reader_fail(v->reader, kind, p.segment, p.word);
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
    const struct capos_descriptor *d = capos_pointer_capability(p);
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

// Every descriptor must have been named: the low bits, as many as there are descriptors.
static bool all_named(const struct validator *v) {
    uint32_t count = v->reader->descriptor_count;
    return v->named == (count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1);
}

bool capos_validate(struct capos_reader *reader, const struct capos_layout *layout) {
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
    if (capos_reader_ok(reader) && !all_named(&v))
        fail(&v, CAPOS_FAULT_CAPABILITY, root);
    if (!capos_reader_ok(reader))
        return false;
    reader->budget = UINT64_MAX;
    return true;
}
