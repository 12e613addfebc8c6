// SPDX-License-Identifier: MIT
// The text of a generated file.
#include "capnpc-capos/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void out_init(struct out *out) {
    out->data = NULL;
    out->size = 0;
    out->room = 0;
}

void out_fini(struct out *out) {
    free(out->data);
    out_init(out);
}

static void out_of_memory(void) {
    fputs("capnpc-capos: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

static void make_room(struct out *out, size_t more) {
    if (out->room - out->size > more)
        return;
    size_t room = 2 * out->room + more + 4096;
    char *data = realloc(out->data, room);
    if (data == NULL)
        out_of_memory();
    out->data = data;
    out->room = room;
}

void out_printf(struct out *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    make_room(out, (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(out->data + out->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    out->size += (size_t)length;
}

// The length of the argument at the front of a list, with its comma if it has one.
static size_t argument_length(const char *arguments) {
    const char *comma = strchr(arguments, ',');
    return comma == NULL ? strlen(arguments) : (size_t)(comma - arguments) + 1;
}

static const char *next_argument(const char *arguments) {
    arguments += argument_length(arguments);
    return *arguments == ' ' ? arguments + 1 : arguments;
}

// Whether every argument fits a line that begins with `indent` columns.
static bool arguments_fit(const char *arguments, size_t indent, size_t tail) {
    for (; *arguments != '\0'; arguments = next_argument(arguments)) {
        size_t length = argument_length(arguments);
        if (indent + length + (arguments[length] == '\0' ? tail : 0) > OUT_COLUMNS)
            return false;
    }
    return true;
}

// The columns of what ends the last line, its newline not counted.
static size_t tail_columns(const char *tail) {
    return strcspn(tail, "\n");
}

// Fills lines with arguments; the first line has `column` columns already.
static void put_arguments(struct out *out, const char *arguments, size_t indent, size_t column,
                          const char *tail) {
    for (bool first = true; *arguments != '\0'; first = false) {
        size_t length = argument_length(arguments);
        const char *next = next_argument(arguments);
        size_t need = length + (first ? 0 : 1) + (*next == '\0' ? tail_columns(tail) : 0);
        if (column + need > OUT_COLUMNS && !first) {
            out_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            out_printf(out, " ");
            column++;
        }
        out_printf(out, "%.*s", (int)length, arguments);
        column += length;
        arguments = next;
    }
    out_printf(out, "%s", tail);
}

static bool ends_in_star(const char *type) {
    return type[strlen(type) - 1] == '*';
}

// In order of preference: arguments beside the name; the type on a line of its own; the arguments
// below; both.
void out_prototype(struct out *out, const char *specifiers, const char *type, const char *name,
                   const char *arguments, const char *tail) {
    const char *space = ends_in_star(type) ? "" : " ";
    size_t last = tail_columns(tail);
    size_t alone = strlen(name) + 1;
    size_t head = strlen(specifiers) + strlen(type) + strlen(space) + alone;
    bool beside = arguments_fit(arguments, head, last);
    bool below = !beside && !arguments_fit(arguments, alone, last);
    bool type_alone = !beside && (!below || head > OUT_COLUMNS);
    out_printf(out, "%s%s%s%s(", specifiers, type, type_alone ? "\n" : space, name);
    if (below)
        out_printf(out, "\n    ");
    size_t indent = below ? 4 : type_alone ? alone : head;
    put_arguments(out, arguments, indent, indent, tail);
}

void out_assignment(struct out *out, const char *target, const char *name, const char *arguments) {
    size_t call = strlen(name) + 1 + strlen(arguments) + strlen(");");
    size_t head = strlen("    ") + strlen(target) + strlen(" = ") + strlen(name) + 1;
    bool break_after = strlen("    ") + strlen(target) + strlen(" = ") + call > OUT_COLUMNS &&
                       strlen("        ") + call <= OUT_COLUMNS;
    if (break_after)
        head = strlen("        ") + strlen(name) + 1;
    out_printf(out, "    %s =%s%s(", target, break_after ? "\n        " : " ", name);
    put_arguments(out, arguments, head, head, ");\n");
}

void out_call(struct out *out, const char *name, const char *arguments) {
    size_t head = strlen("    ") + strlen(name) + 1;
    out_printf(out, "    %s(", name);
    put_arguments(out, arguments, head, head, ");\n");
}

void out_function_pointer(struct out *out, const char *indent, const char *type, const char *name,
                          const char *arguments) {
    size_t head = strlen(indent) + strlen(type) + strlen(" (*") + strlen(name) + strlen(")(");
    out_printf(out, "%s%s (*%s)(", indent, type, name);
    if (!arguments_fit(arguments, head, strlen(");"))) {
        head = strlen(indent) + 4;
        out_printf(out, "\n%*s", (int)head, "");
    }
    put_arguments(out, arguments, head, head, ");");
    out_printf(out, "\n");
}

// Where a line of a comment ends: at its newline, or at the last blank that still fits.
static size_t line_length(const char *text, size_t room) {
    size_t length = strcspn(text, "\n");
    if (length <= room)
        return length;
    size_t cut = room;
    while (cut > 0 && text[cut] != ' ')
        cut--;
    return cut > 0 ? cut : length;
}

// Characters that would not survive in a comment: control characters, and what C makes of "?" pairs
// and of a backslash at the end of a line.
static void put_comment_line(struct out *out, const char *indent, const char *text, size_t length) {
    while (length > 0 && text[length - 1] == ' ')
        length--;
    out_printf(out, length == 0 ? "%s//" : "%s// ", indent);
    for (size_t i = 0; i < length; i++) {
        bool control = (unsigned char)text[i] < ' ' || text[i] == 127;
        bool pair = text[i] == '?' && i > 0 && text[i - 1] == '?';
        out_printf(out, "%s%c", pair ? " " : "", control ? ' ' : text[i]);
    }
    out_printf(out, length > 0 && text[length - 1] == '\\' ? ".\n" : "\n");
}

// A line that is too long is broken, and what is left of it goes to the front of the next line of
// the same paragraph.
void out_comment(struct out *out, const char *indent, const char *text) {
    size_t room = OUT_COLUMNS - strlen(indent) - strlen("// ");
    char *copy = strdup(text);
    if (copy == NULL)
        out_of_memory();
    for (char *at = copy; *at != '\0';) {
        size_t length = line_length(at, room);
        bool broken = at[length] == ' ';
        put_comment_line(out, indent, at, length);
        at += length + (at[length] != '\0');
        char *newline = broken ? strchr(at, '\n') : NULL;
        if (newline != NULL && newline[1] != '\n' && newline[1] != '\0')
            *newline = ' ';
    }
    free(copy);
}

void out_defines(struct out *out, const struct out_define *defines, size_t count) {
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        if (strlen(defines[i].name) > width)
            width = strlen(defines[i].name);
    for (size_t i = 0; i < count; i++)
        out_printf(out, "#define %-*s %s\n", (int)width, defines[i].name, defines[i].value);
}

bool out_ends_in_comment(const struct out *out) {
    size_t start = out->size;
    if (start == 0)
        return false;
    for (start--; start > 0 && out->data[start - 1] != '\n'; start--)
        ;
    return out->data[start] == '/';
}

void out_members(struct out *out, const struct out_member *members, size_t count) {
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        if (strlen(members[i].value) > width)
            width = strlen(members[i].value);
    for (size_t i = 0; i < count; i++)
        out_printf(out, "    %s,%*s // %s\n", members[i].value,
                   (int)(width - strlen(members[i].value)), "", members[i].comment);
}
