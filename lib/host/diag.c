// SPDX-License-Identifier: MIT
// Collecting, sorting and printing diagnostics.
#include "host/diag.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct diag_entry {
    struct span span;
    const char *message;
    size_t order; // of its error; a note has its error's
    bool note;
    // Where the error is, for sorting: a note keeps its error's place.
    size_t source_order;
    size_t offset;
};

#define QUOTE_LONGEST 60
#define SHOWN_LONGEST 240 // of a line
#define SHOWN_BEFORE  100 // before what is wrong

void diag_init(struct diag *diag, struct pool *pool) {
    memset(diag, 0, sizeof *diag);
    diag->pool = pool;
}

static struct diag_entry *add(struct diag *diag, struct span span, const char *format,
                              va_list arguments) {
    diag->entries = pool_more(diag->pool, diag->entries, diag->count, sizeof *diag->entries);
    struct diag_entry *entry = &diag->entries[diag->count++];
    entry->span = span;
    entry->message = pool_vformat(diag->pool, format, arguments);
    return entry;
}

static size_t source_order(const struct diag *diag, const struct source *source) {
    size_t i = 0;
    while (i + 1 < diag->count && diag->entries[i].span.source != source)
        i++;
    return i + 1 < diag->count ? diag->entries[i].source_order : diag->count;
}

void diag_error(struct diag *diag, struct span span, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct diag_entry *entry = add(diag, span, format, arguments);
    va_end(arguments);
    entry->order = diag->errors++;
    entry->offset = span.begin;
    entry->source_order = source_order(diag, span.source);
}

void diag_note(struct diag *diag, struct span span, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    struct diag_entry *entry = add(diag, span, format, arguments);
    va_end(arguments);
    entry->note = true;
    if (diag->count > 1) {
        entry->order = entry[-1].order;
        entry->offset = entry[-1].offset;
        entry->source_order = entry[-1].source_order;
    }
}

static int by_size(size_t a, size_t b) {
    return a < b ? -1 : a > b;
}

// Entries of one error are neighbours in the array and stay so: qsort is not stable, addresses are.
static int compare(const void *left, const void *right) {
    const struct diag_entry *const *a = left;
    const struct diag_entry *const *b = right;
    int result = by_size((*a)->source_order, (*b)->source_order);
    if (result == 0)
        result = by_size((*a)->offset, (*b)->offset);
    if (result == 0)
        result = by_size((*a)->order, (*b)->order);
    return result == 0 ? by_size((uintptr_t)*a, (uintptr_t)*b) : result;
}

static void print_place(struct span span, FILE *out) {
    if (!span.source)
        return;
    fputs(span.source->name, out);
    if (!span.path) {
        struct place place = source_place(span.source, span.begin);
        fprintf(out, ":%zu:%zu", place.line, place.column);
    } else if (*span.path) {
        fprintf(out, ": %s", span.path);
    }
    fputs(": ", out);
}

static bool continues_character(char c) {
    return ((unsigned char)c & 0xc0) == 0x80;
}

// Blanks as wide as the text: a tab stays a tab, a character of several bytes is one blank.
static void print_blank(const struct source *source, size_t begin, size_t end, FILE *out) {
    for (size_t i = begin; i < end; i++)
        if (!continues_character(source->text[i]))
            fputc(source->text[i] == '\t' ? '\t' : ' ', out);
}

// The bytes of the character that text begins with; 0 if a person's terminal must not see it: it is
// a control character, or its first byte is not followed by the rest of one in UTF-8.
static size_t shown_size(const char *text, size_t size) {
    unsigned char lead = (unsigned char)*text;
    size_t own = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    bool control = lead < ' ' || lead == 0x7f;
    if (control || own > size || !text_is_utf8(text, own))
        return 0;
    return lead == 0xc2 && (unsigned char)text[1] < 0xa0 ? 0 : own;
}

static void print_text(const struct source *source, size_t begin, size_t end, FILE *out) {
    while (begin < end) {
        size_t size = shown_size(source->text + begin, end - begin);
        if (size > 0)
            fwrite(source->text + begin, 1, size, out);
        else
            fputc(source->text[begin] == '\t' ? '\t' : '?', out);
        begin += size > 0 ? size : 1;
        while (size == 0 && begin < end && continues_character(source->text[begin]))
            begin++;
    }
}

// What is shown of a line: of a long one the part around that byte.
static struct span shown_part(struct span line, size_t at) {
    const char *text = line.source->text;
    if (line.end - line.begin <= SHOWN_LONGEST)
        return line;
    if (at - line.begin > SHOWN_BEFORE) {
        line.begin = at - SHOWN_BEFORE;
        while (line.begin < at && continues_character(text[line.begin]))
            line.begin++;
    }
    if (line.end - line.begin > SHOWN_LONGEST) {
        line.end = line.begin + SHOWN_LONGEST;
        while (line.end > at && continues_character(text[line.end]))
            line.end--;
    }
    return line;
}

static void print_line(struct span span, FILE *out) {
    if (!span.source || span.path)
        return;
    struct span line = source_line(span.source, span.begin);
    size_t begin = span.begin < line.end ? span.begin : line.end;
    struct span part = shown_part(line, begin);
    size_t end = span.end < part.end ? span.end : part.end;
    fprintf(out, "%5zu | %s", source_place(span.source, span.begin).line,
            part.begin > line.begin ? "..." : "");
    print_text(span.source, part.begin, part.end, out);
    fprintf(out, "%s\n      | %s", part.end < line.end ? "..." : "",
            part.begin > line.begin ? "   " : "");
    print_blank(span.source, part.begin, begin, out);
    fputc('^', out);
    for (size_t i = begin + 1; i < end; i++)
        if (!continues_character(span.source->text[i]))
            fputc('~', out);
    fputc('\n', out);
}

// The same thing said about the same place, which several ways may lead to.
static bool repeats(const struct diag_entry *a, const struct diag_entry *b) {
    return a->span.source == b->span.source && a->span.begin == b->span.begin &&
           a->span.end == b->span.end && a->span.path == b->span.path &&
           strcmp(a->message, b->message) == 0;
}

static void print_entry(const struct diag_entry *entry, FILE *out) {
    print_place(entry->span, out);
    fprintf(out, "%s: %s\n", entry->note ? "note" : "error", entry->message);
    print_line(entry->span, out);
}

void diag_print(struct diag *diag, FILE *out) {
    struct diag_entry **sorted = pool_array(diag->pool, diag->count, sizeof *sorted);
    for (size_t i = 0; i < diag->count; i++)
        sorted[i] = &diag->entries[i];
    if (diag->count > 1)
        qsort(sorted, diag->count, sizeof *sorted, compare);
    const struct diag_entry *error = NULL; // the last one that was printed
    bool skipping = false;
    for (size_t i = 0; i < diag->count; i++) {
        if (!sorted[i]->note) {
            skipping = error && repeats(error, sorted[i]);
            error = sorted[i];
        }
        if (!skipping)
            print_entry(sorted[i], out);
    }
}

const char *diag_quote(struct diag *diag, const char *text, size_t size) {
    size_t shown = size;
    if (shown > QUOTE_LONGEST) {
        shown = QUOTE_LONGEST;
        while (shown > 0 && continues_character(text[shown]))
            shown--;
    }
    char *copy = pool_copy(diag->pool, text, shown);
    for (size_t i = 0, own; i<shown; i += own> 0 ? own : 1) {
        own = shown_size(copy + i, shown - i);
        if (own == 0)
            copy[i] = '?';
    }
    return pool_format(diag->pool, "`%s%s`", copy, shown < size ? "..." : "");
}

const char *diag_meant(struct diag *diag, const char *best) {
    return best ? pool_format(diag->pool, "; did you mean `%s`?", best) : "";
}
