// SPDX-License-Identifier: MIT
// The text of a generated file, kept in memory until all of it is known to be right. The layout is
// the project's own style (clang-format leaves it alone), so what can grow beyond a line is written
// by the functions that know how to break it.
#ifndef CAPNPC_OUT_H
#define CAPNPC_OUT_H

#include "capnpc-capos/arena.h"

#include <stdbool.h>

#define OUT_COLUMNS 100

struct out {
    char *data;
    size_t size, room;
};

void out_init(struct out *out);
void out_fini(struct out *out);

void out_printf(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Something of the form HEAD(ARGUMENTS)TAIL, broken at commas if it does not fit a line: a
// prototype, with `head` up to the name. `specifiers`, like "static inline ", and `type` go before
// the name.
void out_prototype(struct out *out, const char *specifiers, const char *type, const char *name,
                   const char *arguments, const char *tail);

// A statement of the form "TARGET = NAME(ARGUMENTS);".
void out_assignment(struct out *out, const char *target, const char *name, const char *arguments);

// A statement that calls a function for its effect.
void out_call(struct out *out, const char *name, const char *arguments);

// The same for a member that is a pointer to a function.
void out_function_pointer(struct out *out, const char *indent, const char *type, const char *name,
                          const char *arguments);

// A comment of as many lines as the text has; none for the empty text.
void out_comment(struct out *out, const char *indent, const char *text);

// Whether the last line is a comment at the margin.
bool out_ends_in_comment(const struct out *out);

// The members of a constant struct, each with a comment on what it is.
struct out_member {
    const char *value;
    const char *comment;
};
void out_members(struct out *out, const struct out_member *members, size_t count);

// Macro definitions that follow each other and are aligned.
struct out_define {
    const char *name;
    const char *value;
};
void out_defines(struct out *out, const struct out_define *defines, size_t count);

#endif
