// SPDX-License-Identifier: MIT
//
// The formatter of base/format.h. All output goes through format_bytes, which alone knows about
// room and truncation.
#include "base/format.h"

#include "base/memory.h"
#include "base/text.h"

static const char digit[] = "0123456789abcdef";

void format_init(struct format *f, char *buffer, size_t room) {
    f->data = buffer;
    f->room = room;
    format_reset(f);
}

void format_reset(struct format *f) {
    f->used = 0;
    f->truncated = false;
    f->data[0] = '\0';
}

void format_bytes(struct format *f, const char *bytes, size_t size) {
    size_t left = f->room - 1 - f->used;

    if (f->truncated || size == 0)
        return;
    if (size > left) {
        size = left;
        f->truncated = true;
    }
    memcpy(f->data + f->used, bytes, size);
    f->used += size;
    f->data[f->used] = '\0';
}

void format_char(struct format *f, char c) {
    format_bytes(f, &c, 1);
}

void format_text(struct format *f, const char *text) {
    if (text == NULL)
        text = "(null)";
    // One byte more than there is room for is enough to notice that it does not fit.
    format_bytes(f, text, text_length(text, f->room));
}

void format_escaped(struct format *f, const char *bytes, size_t size) {
    for (size_t i = 0; i < size && !f->truncated; i++) {
        unsigned char c = (unsigned char)bytes[i];
        char escape[4] = {'\\', 'x', digit[c >> 4], digit[c & 15]};

        if (c == '\\')
            format_bytes(f, "\\\\", 2);
        else if (c >= 0x20 && c < 0x7f)
            format_char(f, bytes[i]);
        else
            format_bytes(f, escape, sizeof escape);
    }
}

// Appends `text` of `size` bytes right-aligned in `width` characters.
static void put_padded(struct format *f, const char *text, size_t size, size_t width, char fill) {
    for (size_t i = size; i < width && !f->truncated; i++)
        format_char(f, fill);
    format_bytes(f, text, size);
}

// Writes v's digits to the end of `room` and returns how many there are.
static size_t number_digits(char room[static FORMAT_NUMBER_ROOM], uint64_t v, unsigned base) {
    size_t at = FORMAT_NUMBER_ROOM;

    do {
        room[--at] = digit[v % base];
        v /= base;
    } while (v != 0);
    return FORMAT_NUMBER_ROOM - at;
}

static void put_number(struct format *f, uint64_t v, unsigned base, size_t width, char fill) {
    char room[FORMAT_NUMBER_ROOM];
    size_t size = number_digits(room, v, base);

    put_padded(f, room + FORMAT_NUMBER_ROOM - size, size, width, fill);
}

void format_u64(struct format *f, uint64_t v) {
    put_number(f, v, 10, 0, ' ');
}

void format_i64(struct format *f, int64_t v) {
    if (v < 0) {
        format_char(f, '-');
        format_u64(f, 0 - (uint64_t)v); // the most negative number has no positive int64_t
    } else {
        format_u64(f, (uint64_t)v);
    }
}

void format_u64_padded(struct format *f, uint64_t v, unsigned width, char fill) {
    put_number(f, v, 10, width, fill);
}

void format_hex(struct format *f, uint64_t v) {
    put_number(f, v, 16, 0, '0');
}

void format_hex_padded(struct format *f, uint64_t v, unsigned digits) {
    put_number(f, v, 16, digits, '0');
}

void format_address(struct format *f, uint64_t v) {
    format_bytes(f, "0x", 2);
    format_hex_padded(f, v, 16);
}

void format_pad(struct format *f, size_t column, char fill) {
    while (f->used < column && !f->truncated)
        format_char(f, fill);
}

void format_mark_truncation(struct format *f) {
    size_t dots = f->used < 3 ? f->used : 3;

    if (f->truncated)
        memset(f->data + f->used - dots, '.', dots);
}
