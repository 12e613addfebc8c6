// SPDX-License-Identifier: MIT
// What a client calls: begin, send and wait of each method, and all in one step if the params are
// values that can be arguments.
#include "capnpc-capos/capabilities.h"
#include "capnpc-capos/emit_shape.h"
#include "capnpc-capos/names.h"

#include <string.h>

static void params_root(struct emit *e, const struct method *method) {
    out_assignment(e->header, "params.s", "capos_method_root",
                   emit_text(e, "&call->params, %u, %u", method->params->data_words,
                             method->params->pointers));
}

static void begin_function(struct emit *e, const struct node *node, const struct method *method,
                           const char *name) {
    const char *type = emit_text(e, "struct %s_builder", method->params->c_name);
    out_printf(e->header, "\nextern const struct capos_method %s;\n\n",
               emit_name(e, node, method->name, emit_text(e, "%s_method", name)));
    out_comment(e->header, "", method->doc);
    out_prototype(
        e->header, "static inline ", type,
        emit_name(e, node, method->name, emit_text(e, "%s_begin", name)),
        emit_text(e, "struct capos_call *call, struct capos_transport *transport, struct %s target",
                  node->c_name),
        ") {\n");
    out_printf(e->header, "    %s params;\n", type);
    out_call(e->header, "capos_call_begin",
             emit_text(e, "call, transport, target.id, &%s_method", name));
    params_root(e, method);
    out_printf(e->header, "    return params;\n}\n");
    out_printf(e->header, "\n");
    out_prototype(e->header, "static inline ", type,
                  emit_name(e, node, method->name, emit_text(e, "%s_begin_on", name)),
                  emit_text(e, "struct capos_call *call, struct %s_promise target", node->c_name),
                  ") {\n");
    out_printf(e->header, "    %s params;\n", type);
    out_call(e->header, "capos_call_begin_on",
             emit_text(e, "call, target.promise, &%s_method", name));
    params_root(e, method);
    out_printf(e->header, "    return params;\n}\n");
}

// The capabilities of the answer, which may still be to come.
static void promises(struct emit *e, const struct node *node, const struct method *method,
                     const char *name) {
    for (uint32_t i = 0; i < method->results->field_count; i++) {
        const struct field *field = &method->results->fields[i];
        const struct node *of = field->type.kind == CAPOS_TYPE_INTERFACE ? field->type.node : NULL;
        int place = capabilities_place(method->results, field);
        if (place < 0)
            continue;
        const char *type =
            of == NULL ? "struct capos_promise" : emit_text(e, "struct %s_promise", of->c_name);
        emit_inline(e, node, method->name, type, emit_text(e, "%s_promise_%s", name, field->c_name),
                    "struct capos_call *call");
        out_printf(e->header, "    %s value;\n    value%s.call = call;\n    value%s.place = %d;\n",
                   type, of == NULL ? "" : ".promise", of == NULL ? "" : ".promise", place);
        out_printf(e->header, "    return value;\n}\n");
    }
}

// The results of a call that has ended, and its status.
static void take_results(struct emit *e, const struct node *results) {
    if (shape_exists(results))
        out_assignment(e->header, "results->s", "capos_call_shape",
                       emit_text(e, "call, %s", shape_arguments(e, results)));
    else
        out_printf(e->header, "    results->s = capos_call_results(call);\n");
    out_printf(e->header, "    return call->status;\n}\n");
}

static void send_and_wait(struct emit *e, const struct node *node, const struct method *method,
                          const char *name) {
    emit_inline(e, node, method->name, "int", emit_text(e, "%s_send", name),
                "struct capos_call *call");
    out_printf(e->header, "    return capos_call_send(call);\n}\n");
    emit_inline(
        e, node, method->name, "int", emit_text(e, "%s_wait", name),
        emit_text(e, "struct capos_call *call, struct %s *results", method->results->c_name));
    out_printf(e->header, "    capos_call_await(call);\n");
    take_results(e, method->results);
    emit_inline(
        e, node, method->name, "int", emit_text(e, "%s_call", name),
        emit_text(e, "struct capos_call *call, struct %s *results", method->results->c_name));
    out_printf(e->header, "    capos_call_run(call);\n");
    take_results(e, method->results);
}

static bool is_argument(const struct field *field) {
    bool is_list = field->type.kind == CAPOS_TYPE_LIST || field->type.kind == CAPOS_TYPE_STRUCT;
    bool is_any = field->type.kind == CAPOS_TYPE_ANY_POINTER && !type_is_capability(&field->type);
    return field->group == NULL && !is_list && !is_any && !field_in_union(field) &&
           field->type.kind != CAPOS_TYPE_VOID;
}

static bool has_arguments(const struct node *params) {
    if (!params->implied || params->field_count > 8)
        return false;
    for (uint32_t i = 0; i < params->field_count; i++)
        if (!is_argument(&params->fields[i]))
            return false;
    return true;
}

// Names of arguments that would hide those of the function itself.
static const char *argument_name(struct emit *e, const struct field *field) {
    static const char *const own[] = {"call", "transport", "target", "results", "params"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(field->c_name, own[i]) == 0)
            return emit_text(e, "%s_", field->c_name);
    return names_safe(e->model->arena, field->c_name);
}

// method(call, transport, target, a, b, &results): begins, sends, waits.
static void one_step(struct emit *e, const struct node *node, const struct method *method,
                     const char *name) {
    const struct node *params = method->params;
    const char *arguments =
        emit_text(e, "struct capos_call *call, struct capos_transport *transport, struct %s target",
                  node->c_name);
    for (uint32_t i = 0; i < params->field_count; i++)
        arguments =
            emit_text(e, "%s, %s %s", arguments, emit_reader_type(e, &params->fields[i].type, ""),
                      argument_name(e, &params->fields[i]));
    arguments = emit_text(e, "%s, struct %s *results", arguments, method->results->c_name);
    emit_inline(e, node, method->name, "int", name, arguments);
    if (params->field_count > 0)
        out_printf(e->header, "    struct %s_builder params;\n", params->c_name);
    if (params->field_count > 0)
        out_assignment(e->header, "params", emit_text(e, "%s_begin", name),
                       "call, transport, target");
    else
        out_printf(e->header, "    %s_begin(call, transport, target);\n", name);
    for (uint32_t i = 0; i < params->field_count; i++)
        out_printf(e->header, "    %s_set_%s(params, %s);\n", params->c_name,
                   params->fields[i].c_name, argument_name(e, &params->fields[i]));
    out_printf(e->header, "    return %s_call(call, results);\n}\n", name);
}

void emit_client_functions(struct emit *e, const struct node *node, const struct method *method) {
    const char *name = emit_text(e, "%s_%s", node->c_name, method->c_name);
    begin_function(e, node, method, name);
    send_and_wait(e, node, method, name);
    promises(e, node, method, name);
    if (has_arguments(method->params))
        one_step(e, node, method, name);
}
