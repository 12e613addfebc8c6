// SPDX-License-Identifier: MIT
// What the compiler knows of the schemas of one request: nodes with their fields, enumerants,
// methods and types, joined by pointers, with their C names. Read once from the request by
// model_read.c, named by names.c, constant from then on. Memory is the arena's; texts are C
// strings.
#ifndef CAPNPC_MODEL_H
#define CAPNPC_MODEL_H

#include "capnp/node.h"
#include "capnpc-capos/arena.h"
#include "capnpc-capos/refuse.h"

struct node;

struct type {
    enum capos_type_kind kind;
    enum capos_any_kind any;    // of an AnyPointer
    const struct node *node;    // of an enum, struct or interface
    const struct type *element; // of a list
};

// A value of the schema: the bits of a number, or the pointer to an object in the request.
struct value {
    uint64_t bits;
    struct capos_pointer object;
};

struct field {
    const char *name;   // as in the schema
    const char *c_name; // in snake_case, or as $name says
    const char *doc;
    uint16_t code_order;
    uint16_t discriminant;    // CAPOS_FIELD_NO_UNION if in no union
    const struct node *group; // NULL if it is no group
    struct type type;
    uint32_t offset; // in units of the type's size
    struct value value;
    bool has_object; // the default is an object that is not null
    bool has_max_length;
    uint32_t max_length;
};

struct enumerant {
    const char *name;
    const char *c_name;
    const char *doc;
};

struct method {
    const char *name;
    const char *c_name;
    const char *doc;
    uint16_t ordinal;
    const struct node *params;
    const struct node *results;
};

struct node {
    uint64_t id;
    enum capos_node_kind kind;
    const char *display; // for people: "file.capnp:Outer.Inner"
    const char *name;    // the last part of it
    const char *c_name;  // whole, with the file's prefix; for files the prefix
    const char *doc;
    struct node *scope; // where it is declared; NULL for files
    struct capos_struct raw;
    struct node **nested; // declared within, in the order of the schema; groups are not
    uint32_t nested_count;
    bool bounded; // the schema says that its size has a bound
    bool implied; // params or results that only a method names
    bool asked;   // files: code is to be made from it

    uint16_t data_words, pointers; // structs
    bool is_group;
    uint16_t discriminants;       // members of its union, 0 if it has none
    uint32_t discriminant_offset; // bytes
    struct field *fields;
    uint32_t field_count;

    struct enumerant *enumerants; // enums
    uint32_t enumerant_count;

    struct method *methods; // interfaces
    uint32_t method_count;
    const struct node **supers;
    uint32_t super_count;

    struct type type; // constants
    struct value value;
};

struct import {
    const char *name; // as written: relative, or absolute from an import path
    const struct node *node;
};

// A file that was asked for, in the order of the command line.
struct file {
    const char *path; // "schemas/time.capnp"
    struct node *node;
    struct import *imports;
    uint32_t import_count;
};

struct model {
    struct arena *arena;
    struct refusals *refusals;
    struct node *nodes; // by id
    uint32_t node_count;
    struct file *files;
    uint32_t file_count;
};

// Reads a request. False if it is not one; what can't be compiled becomes a refusal.
bool model_read(struct model *model, struct capos_struct request)
    __attribute__((warn_unused_result));

// Whether the nodes fit together: the scopes alone, and all of it.
bool model_check_scopes(const struct model *model);
bool model_check(const struct model *model);

struct node *model_lookup(const struct model *model, uint64_t id);

// The file that a node is declared in.
const struct node *model_file(const struct node *node);

// Gives every node and member its C name.
void model_name(struct model *model);

static inline bool type_is_pointer(const struct type *type) {
    return type->kind == CAPOS_TYPE_TEXT || type->kind == CAPOS_TYPE_DATA ||
           type->kind == CAPOS_TYPE_LIST || type->kind >= CAPOS_TYPE_STRUCT;
}

static inline bool type_is_capability(const struct type *type) {
    return type->kind == CAPOS_TYPE_INTERFACE ||
           (type->kind == CAPOS_TYPE_ANY_POINTER && type->any == CAPOS_ANY_CAPABILITY);
}

static inline bool field_in_union(const struct field *field) {
    return field->discriminant != CAPOS_FIELD_NO_UNION;
}

#endif
