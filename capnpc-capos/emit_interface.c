// SPDX-License-Identifier: MIT
// Interfaces: the typed handle, ids and ordinals, the table of handlers that a server fills in, and
// the dispatch to it. A server's table begins with the tables of what its interface inherits.
#include "capnpc-capos/bound.h"
#include "capnpc-capos/capabilities.h"
#include "capnpc-capos/emit_shape.h"
#include "capnpc-capos/names.h"

#include <string.h>

static const char *handler_arguments(struct emit *e, const struct method *method) {
    return emit_text(e,
                     "void *self, struct capos_invocation *inv, struct %s params, "
                     "struct %s_builder results",
                     method->params->c_name, method->results->c_name);
}

// A handler and an inherited table are members of one struct.
static void check_members(struct emit *e, const struct node *node, const struct method *method) {
    for (uint32_t i = 0; i < node->super_count; i++)
        if (strcmp(node->supers[i]->c_name, method->c_name) == 0)
            refuse(
                e->model->refusals, node->display, method->name,
                "the C name %s is taken by %s in the server's table; give another one with $name",
                method->c_name, node->supers[i]->display);
}

static void server_table(struct emit *e, const struct node *node) {
    const char *name = emit_tag(e, node, NULL, emit_text(e, "%s_server", node->c_name));
    out_printf(
        e->header,
        "\n// Handlers of %s; NULL answers unimplemented. The results are complete when one\n"
        "// returns 0, are given later after CAPOS_PENDING, and are dropped after capos_fail.\n",
        node->c_name);
    out_printf(e->header, "struct %s {\n", name);
    for (uint32_t i = 0; i < node->super_count; i++)
        out_printf(e->header, "    struct %s_server %s;\n", node->supers[i]->c_name,
                   node->supers[i]->c_name);
    for (uint32_t i = 0; i < node->method_count; i++)
        check_members(e, node, &node->methods[i]);
    for (uint32_t i = 0; i < node->method_count; i++)
        out_function_pointer(e->header, "    ", "int",
                             names_safe(e->model->arena, node->methods[i].c_name),
                             handler_arguments(e, &node->methods[i]));
    if (node->super_count + node->method_count == 0)
        out_printf(e->header, "    char none; // it has no methods\n");
    out_printf(e->header, "};\n");
}

static void ordinals(struct emit *e, const struct node *node) {
    struct arena *arena = e->model->arena;
    const char *upper = names_upper(arena, node->c_name);
    struct out_define *defines = arena_array(arena, node->method_count + 1, sizeof *defines);
    defines[0].name = emit_text(e, "%s_INTERFACE_ID", upper);
    defines[0].value = emit_text(e, "UINT64_C(0x%016llx)", (unsigned long long)node->id);
    emit_name(e, node, NULL, defines[0].name);
    for (uint32_t i = 0; i < node->method_count; i++) {
        const char *method = names_upper(arena, node->methods[i].c_name);
        defines[i + 1].name = emit_text(e, "%s_%s_METHOD", upper, method);
        defines[i + 1].value = emit_text(e, "%u", i);
        emit_name(e, node, node->methods[i].name, defines[i + 1].name);
    }
    out_printf(e->header, "\n");
    out_defines(e->header, defines, node->method_count + 1);
}

void emit_interface_types(struct emit *e, const struct node *node) {
    const char *n = node->c_name;
    out_printf(e->header, "\n");
    out_comment(e->header, "", node->doc);
    out_printf(e->header, "struct %s {\n    uint64_t id;\n};\n", emit_tag(e, node, NULL, n));
    out_printf(e->header, "\nstruct %s {\n    struct capos_promise promise;\n};\n",
               emit_tag(e, node, NULL, emit_text(e, "%s_promise", n)));
    out_printf(e->header, "\nstruct %s {\n    struct capos_list list;\n};\n",
               emit_tag(e, node, NULL, emit_text(e, "%s_list", n)));
    out_printf(e->header, "\nstruct %s {\n    struct capos_list_builder list;\n};\n",
               emit_tag(e, node, NULL, emit_text(e, "%s_list_builder", n)));
}

static void list_functions(struct emit *e, const struct node *node) {
    const char *n = node->c_name;
    emit_inline(e, node, NULL, "uint32_t", emit_text(e, "%s_list_size", n),
                emit_text(e, "struct %s_list list", n));
    out_printf(e->header, "    return list.list.size;\n}\n");
    emit_inline(e, node, NULL, emit_text(e, "struct %s", n), emit_text(e, "%s_list_at", n),
                emit_text(e, "struct %s_list list, uint32_t index", n));
    out_printf(e->header,
               "    struct %s value;\n"
               "    value.id = capos_pointer_capability_id(capos_list_pointer(list.list, index));\n"
               "    return value;\n}\n",
               n);
    emit_inline(e, node, NULL, "void", emit_text(e, "%s_list_give", n),
                emit_text(e,
                          "struct %s_list_builder list, uint32_t index, "
                          "struct capos_descriptor descriptor",
                          n));
    out_printf(e->header,
               "    capos_pointer_set_capability(capos_list_builder_pointer(list.list, index), "
               "descriptor);\n}\n");
    emit_inline(e, node, NULL, "void", emit_text(e, "%s_list_set", n),
                emit_text(e, "struct %s_list_builder list, uint32_t index, struct %s value", n, n));
    out_printf(e->header, "    %s_list_give(list, index, capos_descriptor_copy(value.id));\n}\n",
               n);
}

// The most words of a message of this struct; 0 if there is no bound.
static unsigned long long most_words(const struct node *node) {
    const struct field *member;
    uint64_t words = bound_words(node, &member);

    return words <= UINT16_MAX ? words : 0;
}

static void method_table(struct emit *e, const struct node *node, const struct method *method,
                         const char *name) {
    const struct out_member members[] = {
        {emit_text(e, "UINT64_C(0x%016llx)", (unsigned long long)node->id), "interface"},
        {emit_text(e, "%u", method->ordinal), "ordinal"},
        {emit_text(e, "%u", method->params->data_words), "params: data words"},
        {emit_text(e, "%u", method->params->pointers), "params: pointers"},
        {emit_text(e, "%u", method->results->data_words), "results: data words"},
        {emit_text(e, "%u", method->results->pointers), "results: pointers"},
        {emit_text(e, "%u", capabilities_most(e->model, method->params)), "params: capabilities"},
        {emit_text(e, "%u", capabilities_most(e->model, method->results)), "results: capabilities"},
        {emit_text(e, "%llu", most_words(method->params)), "params: words at most"},
        {emit_text(e, "%llu", most_words(method->results)), "results: words at most"},
        {emit_text(e, "&%s_layout", method->params->c_name), "params"},
        {emit_text(e, "&%s_layout", method->results->c_name), "results"},
    };
    out_printf(e->source, "\nconst struct capos_method %s_method = {\n", name);
    out_members(e->source, members, sizeof members / sizeof *members);
    out_printf(e->source, "};\n");
}

static const struct field *in_place(const struct node *node, int place) {
    for (uint32_t i = 0; i < node->field_count; i++)
        if (capabilities_place(node, &node->fields[i]) == place)
            return &node->fields[i];
    return NULL;
}

// The pointers of results whose capabilities must be put in order, as promises count on it: those
// of all that have a place, "0, 2", if there may be more than one capability.
static const char *places_of(struct emit *e, const struct node *results) {
    const char *places = "";
    const struct field *field;
    if (capabilities_most(e->model, results) < 2)
        return places;
    for (int place = 0; (field = in_place(results, place)) != NULL; place++)
        places = emit_text(e, "%s%s%u", places, place == 0 ? "" : ", ", field->offset);
    return places;
}

// The head of a part of a dispatch.
static void part(struct emit *e, const struct node *node, const char *member,
                 const char *attributes, const char *name) {
    if (!out_ends_in_comment(e->header))
        out_printf(e->header, "\n");
    out_prototype(e->header, attributes, "int", emit_name(e, node, member, name),
                  emit_text(e,
                            "const struct %s_server *server, void *self, "
                            "struct capos_invocation *inv",
                            node->c_name),
                  ") {\n");
}

// One that is in its caller, so that a table of handlers that is constant is known where its
// handlers are called.
static void always_inline(struct emit *e, const struct node *node, const char *member,
                          const char *name) {
    part(e, node, member, "__attribute__((always_inline)) static inline ", name);
}

// A method's own function, to which a dispatch goes on: NAME_apart. What one method needs of the
// stack and of registers is not the others' then.
static void apart_function(struct emit *e, const struct node *node, const struct method *method) {
    const char *name = emit_text(e, "%s_%s", node->c_name, method->c_name);
    part(e, node, method->name, "__attribute__((noinline, unused)) static ",
         emit_text(e, "%s_apart", name));
    out_printf(e->header, "    return %s_serve(server, self, inv);\n}\n", name);
}

// The root of the results of which the handler makes the rest.
static void results_root(struct emit *e, const struct node *results) {
    out_assignment(e->header, "results.s", "capos_method_root",
                   emit_text(e, "&inv->results, %u, %u", results->data_words, results->pointers));
}

// The part of a dispatch that serves one method: NAME_serve. What tells how the params are read
// stands next to the handler that reads them.
static void serve_function(struct emit *e, const struct node *node, const struct method *method) {
    const char *name = emit_text(e, "%s_%s", node->c_name, method->c_name);
    const char *member = names_safe(e->model->arena, method->c_name);
    const char *places = places_of(e, method->results);
    const struct node *params = method->params;
    always_inline(e, node, method->name, emit_text(e, "%s_serve", name));
    if (*places != '\0')
        out_printf(e->header, "    static const uint16_t places[] = {%s};\n", places);
    out_printf(e->header,
               "    struct %s params;\n    struct %s_builder results;\n    int outcome;\n",
               params->c_name, method->results->c_name);
    out_printf(e->header,
               "    if (server->%s == NULL)\n"
               "        return capos_unserved(inv, \"not implemented\");\n",
               member);
    if (shape_exists(params)) {
        results_root(e, method->results);
        out_assignment(e->header, "outcome", "capos_invocation_shape",
                       emit_text(e, "inv, &params.s, &%s_layout, %s", params->c_name,
                                 shape_arguments(e, params)));
    } else {
        out_assignment(e->header, "outcome", "capos_invocation_open",
                       emit_text(e, "inv, &%s_layout", params->c_name));
        out_printf(e->header, "    params.s = inv->root;\n");
    }
    out_printf(e->header, "    if (outcome != CAPOS_DONE)\n        return outcome;\n");
    if (!shape_exists(params))
        results_root(e, method->results);
    if (*places != '\0')
        out_printf(e->header, "    capos_struct_place_capabilities(results.s, places, "
                              "sizeof places / sizeof *places);\n");
    out_printf(e->header,
               "    outcome = server->%s(self, inv, params, results);\n"
               "    return capos_invocation_end(inv, outcome);\n}\n",
               member);
}

// The methods that the interface itself declares: NAME_serve_own.
static void own_function(struct emit *e, const struct node *node) {
    for (uint32_t i = 0; i < node->method_count; i++)
        serve_function(e, node, &node->methods[i]);
    for (uint32_t i = 0; i < node->method_count; i++)
        apart_function(e, node, &node->methods[i]);
    always_inline(e, node, NULL, emit_text(e, "%s_serve_own", node->c_name));
    if (node->method_count == 0)
        out_printf(e->header, "    (void)server;\n    (void)self;\n");
    else
        out_printf(e->header, "    switch (inv->method) {\n");
    for (uint32_t i = 0; i < node->method_count; i++) {
        out_printf(e->header, "    case %u:\n", i);
        out_printf(e->header, "        return %s_%s_apart(server, self, inv);\n", node->c_name,
                   node->methods[i].c_name);
    }
    if (node->method_count > 0)
        out_printf(e->header, "    }\n");
    out_printf(e->header, "    return capos_unserved(inv, \"no such method\");\n}\n");
}

// What is served: the interface itself and, once each, all that it inherits, depth first. `path` is
// the expression of the table that has the handlers.
static void served(struct emit *e, const struct node *node, const char *path,
                   const struct node **seen, uint32_t *count) {
    for (uint32_t i = 0; i < *count; i++)
        if (seen[i] == node)
            return;
    seen[(*count)++] = node;
    out_printf(e->header, "    if (inv->interface == UINT64_C(0x%016llx))\n",
               (unsigned long long)node->id);
    out_printf(e->header, "        return %s_serve_own(%s, self, inv);\n", node->c_name, path);
    bool is_top = strcmp(path, "server") == 0;
    for (uint32_t i = 0; i < node->super_count; i++)
        served(e, node->supers[i],
               emit_text(e, is_top ? "&%s->%s" : "%s.%s", path, node->supers[i]->c_name), seen,
               count);
}

static void dispatch_function(struct emit *e, const struct node *node) {
    const struct node **seen = arena_array(e->model->arena, e->model->node_count, sizeof *seen);
    uint32_t count = 0;
    own_function(e, node);
    out_printf(e->header, "\n// Lets the handler of the invocation's method answer it.\n");
    always_inline(e, node, NULL, emit_text(e, "%s_dispatch", node->c_name));
    served(e, node, "server", seen, &count);
    out_printf(e->header, "    return capos_unserved(inv, \"no such interface here\");\n}\n");
}

// One to a line, each with its ordinal behind it, aligned.
static void list_methods(struct emit *e, const struct node *node) {
    size_t longest = 0;

    for (uint32_t i = 0; i < node->method_count; i++)
        if (strlen(node->methods[i].c_name) > longest)
            longest = strlen(node->methods[i].c_name);
    out_printf(e->source, "\nstatic const struct capos_method *const %s_methods[] = {\n",
               node->c_name);
    for (uint32_t i = 0; i < node->method_count; i++) {
        const char *name = node->methods[i].c_name;

        out_printf(e->source, "    &%s_%s_method, %*s// %u\n", node->c_name, name,
                   (int)(longest - strlen(name)), "", i);
    }
    out_printf(e->source, "};\n");
}

void emit_interface_source(struct emit *e, const struct node *node) {
    const char *n = node->c_name;
    for (uint32_t i = 0; i < node->method_count; i++) {
        const char *name = emit_text(e, "%s_%s", n, node->methods[i].c_name);
        method_table(e, node, &node->methods[i], name);
    }
    if (node->method_count > 0)
        list_methods(e, node);
    out_printf(e->source, "\nconst struct capos_interface %s_interface = {\n", n);
    out_printf(e->source, "    UINT64_C(0x%016llx),\n    %u,\n", (unsigned long long)node->id,
               node->method_count);
    out_printf(e->source, node->method_count > 0 ? "    %s_methods,\n};\n" : "    NULL,\n};\n", n);
}

void emit_interface_functions(struct emit *e, const struct node *node) {
    ordinals(e, node);
    list_functions(e, node);
    server_table(e, node);
    out_printf(e->header, "\nextern const struct capos_interface %s;\n",
               emit_name(e, node, NULL, emit_text(e, "%s_interface", node->c_name)));
    dispatch_function(e, node);
    for (uint32_t i = 0; i < node->method_count; i++)
        emit_client_functions(e, node, &node->methods[i]);
}
