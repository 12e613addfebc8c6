// SPDX-License-Identifier: MIT
//
// See screen.h. The column counts characters of UTF-8 and skips the usual escape sequences; what
// moves the cursor by a sequence of its own is not followed.
#include "screen.h"

enum { TAB = 8, ESCAPE = 27, SEQUENCE_BEGUN = 1, SEQUENCE_INSIDE = 2 };

void screen_flush(struct screen *screen) {
    if (screen->used > 0)
        screen->send(screen->context, screen->buffer, screen->used);
    screen->used = 0;
}

void screen_emit(struct screen *screen, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (screen->used == SCREEN_BUFFER)
            screen_flush(screen);
        screen->buffer[screen->used++] = bytes[i];
    }
}

static void follow_sequence(struct screen *screen, uint8_t byte) {
    if (screen->escape == SEQUENCE_BEGUN && byte == '[')
        screen->escape = SEQUENCE_INSIDE;
    else if (screen->escape == SEQUENCE_BEGUN || byte >= 0x40)
        screen->escape = 0;
}

static void follow(struct screen *screen, uint8_t byte) {
    if (screen->escape != 0) {
        follow_sequence(screen, byte);
        return;
    }
    if (byte == ESCAPE)
        screen->escape = SEQUENCE_BEGUN;
    else if (byte == '\r' || byte == '\n')
        screen->column = 0;
    else if (byte == '\b')
        screen->column -= screen->column > 0;
    else if (byte == '\t')
        screen->column = (uint16_t)((screen->column / TAB + 1) * TAB);
    else if (byte >= ' ' && (byte & 0xc0) != 0x80)
        screen->column++;
    if (screen->column >= screen->columns)
        screen->column = (uint16_t)(screen->column - screen->columns);
}

void screen_text(struct screen *screen, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n')
            screen_emit(screen, "\r", 1);
        screen_emit(screen, bytes + i, 1);
        follow(screen, (uint8_t)bytes[i]);
    }
}

void screen_new_row(struct screen *screen) {
    if (screen->column != 0)
        screen_text(screen, "\n", 1);
}
