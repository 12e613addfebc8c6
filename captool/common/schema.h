// SPDX-License-Identifier: MIT
// The schema that a conversion goes by: the one that is built in (all of capOS's own) or one that
// `capnp compile` makes of a file. Also what messages call its types.
#ifndef CAPTOOL_COMMON_SCHEMA_H
#define CAPTOOL_COMMON_SCHEMA_H

#include "base/nearest.h"
#include "capnp/fields.h"
#include "host/diag.h"

// The annotations of schemas/annotations.capnp that a conversion obeys.
#define SCHEMA_MAX_LENGTH   0xfd984a9fa9c00941u
#define SCHEMA_LIST_KEY     0x9cc1d295f2beeb47u
#define SCHEMA_INTERFACE_ID 0xc56ecc69b25fdf2fu

struct schema {
    struct capos_reader reader;
    struct capos_nodes nodes;
    const char *file;             // for messages
    const char *own_name;         // what the nodes' full names call the file
    const struct schema *builtin; // where interfaces are looked for after the own ones, or NULL
};

// The words of the CodeGeneratorRequest of schemas/, made when captool is built.
extern const uint64_t captool_schemas[];
extern const size_t captool_schemas_words;

// All of capOS's own schemas. It lives in the pool.
const struct schema *schema_builtin(struct pool *pool);

// Folders in which imports that begin with `/` are looked for.
struct schema_folders {
    const char **names;
    size_t count;
};

// Compiles a schema file with capnp, which writes what it complains about on standard error. NULL,
// and an error reported, if that fails.
const struct schema *schema_load(struct diag *diag, const char *file,
                                 const struct schema_folders *folders);

// Takes a whole framed CodeGeneratorRequest. NULL if it can't be read.
const struct schema *schema_of_request(struct pool *pool, const uint64_t *words, size_t size);

// The struct of that name in the schema's own file. NULL, and an error reported, if there is none.
const struct capos_struct *schema_struct(struct diag *diag, const struct schema *schema,
                                         const char *name);

// The SystemManifest of the built-in schema.
const struct capos_struct *schema_manifest(const struct schema *builtin);

// The node that a type or a group field names; NULL when the request does not have it.
const struct capos_struct *schema_node(const struct schema *schema, uint64_t id);

// The interfaces of that name, in the schema and the built-in one: how many, and the first one.
size_t schema_interfaces(const struct schema *schema, struct capos_text name,
                         struct capos_struct *first);

// An interface by id; NULL if unknown.
const struct capos_struct *schema_interface(const struct schema *schema, uint64_t id);

// For messages, in the pool: "Service", "a whole number (UInt32)", "name, binary, exports".
const char *schema_node_name(struct pool *pool, struct capos_struct node);
const char *schema_expected(struct pool *pool, const struct schema *schema,
                            struct capos_struct type);
const char *schema_members(struct pool *pool, struct capos_struct node);
const char *schema_text(struct pool *pool, struct capos_text text);

// Offers one of these texts as a name that would have been right.
void schema_offer(struct nearest *nearest, const char *name);

// The member of a struct or enum that a wrong name comes nearest to, or NULL.
const char *schema_nearest(struct pool *pool, struct capos_struct node, const char *found,
                           size_t size);

#endif
