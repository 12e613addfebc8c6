// SPDX-License-Identifier: MIT
//
// What goes to the person's screen: a buffer in front of the serial port, line feeds made into
// what a serial terminal needs, and the column that the cursor must be in.
#ifndef CAPOS_TERMINAL_SCREEN_H
#define CAPOS_TERMINAL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCREEN_BUFFER = 1024 };

struct screen {
    // Sends the buffer; set once.
    void (*send)(void *context, const char *bytes, size_t size);
    void *context;
    uint16_t columns;

    uint16_t column; // of the cursor, as far as text alone moves it
    uint8_t escape;  // how far an escape sequence has come
    size_t used;
    char buffer[SCREEN_BUFFER];
};

// Bytes as they are: the column is the caller's to know.
void screen_emit(struct screen *screen, const char *bytes, size_t size);

// Text of a program: a line feed also returns the carriage.
void screen_text(struct screen *screen, const char *bytes, size_t size);

// Begins a new row, unless the cursor is at the beginning of one.
void screen_new_row(struct screen *screen);

// Sends what is in the buffer.
void screen_flush(struct screen *screen);

#endif
