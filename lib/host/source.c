// SPDX-License-Identifier: MIT
// Lines and columns of a source.
#include "host/source.h"

static bool is_character_start(char c) {
    return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t clamp(const struct source *source, size_t offset) {
    return offset < source->size ? offset : source->size;
}

struct span source_line(const struct source *source, size_t offset) {
    struct span line = {source, clamp(source, offset), clamp(source, offset), NULL};
    while (line.begin > 0 && source->text[line.begin - 1] != '\n')
        line.begin--;
    while (line.end < source->size && source->text[line.end] != '\n')
        line.end++;
    if (line.end > line.begin && source->text[line.end - 1] == '\r')
        line.end--;
    return line;
}

struct place source_place(const struct source *source, size_t offset) {
    struct place place = {1, 1};
    offset = clamp(source, offset);
    for (size_t i = 0; i < offset; i++) {
        if (source->text[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (is_character_start(source->text[i]) || place.column == 1) {
            place.column++;
        }
    }
    return place;
}

struct span span_join(struct span first, struct span second) {
    first.end = second.end;
    return first;
}
