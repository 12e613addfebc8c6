// SPDX-License-Identifier: MIT
//
// One line of text under a person's hands: keys come in as bytes, what a VT100 must be told goes
// out as bytes. The editor owns the line, the cursor, the view (the part of a long line that is on
// the screen) and the lines that were entered before. It knows nothing of capabilities, waits for
// nothing and allocates nothing, so that tests can drive it key by key.
//
// Text is bytes. A well-formed UTF-8 sequence is one character of one column; any other byte from
// 0x80 on is a character by itself, so that text in whatever 8-bit encoding passes unharmed.
#ifndef CAPOS_TERMINAL_LINEEDIT_H
#define CAPOS_TERMINAL_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINEEDIT_LINE_MAX = 1000,   // bytes of a line
    LINEEDIT_PROMPT_MAX = 128,  // bytes of a prompt
    LINEEDIT_HISTORY_LINES = 32 // lines that are remembered
};

// What a byte did to the line.
enum lineedit_event {
    LINEEDIT_MORE, // the line is still being edited
    LINEEDIT_LINE, // Enter: text and size are the answer
    LINEEDIT_END,  // Ctrl-D on an empty line, or Ctrl-C: there is no line
};

struct lineedit_line {
    uint16_t size;
    char text[LINEEDIT_LINE_MAX];
};

struct lineedit {
    // Where the output goes; set once.
    void (*emit)(void *context, const char *bytes, size_t size);
    void *context;
    uint16_t columns;

    // The line.
    struct lineedit_line line;
    uint16_t cursor; // byte offset in the line, at a character's beginning
    uint16_t view;   // byte offset of the first character on the screen
    uint16_t origin; // column of the first character on the screen
    bool hidden;
    char prompt[LINEEDIT_PROMPT_MAX];
    uint8_t prompt_size;

    // The key that is coming in.
    uint8_t escape;    // 0, or how far an escape sequence has come
    uint8_t parameter; // its number
    bool after_return; // the last byte was CR: a LF belongs to it

    // Earlier lines: a ring, the newest at (first + count - 1).
    uint8_t first, count;
    uint8_t back; // how many lines back the person has gone; 0 is the line being written
    struct lineedit_line draft;
    struct lineedit_line history[LINEEDIT_HISTORY_LINES];
};

// Prepares an editor on zeroed storage. columns is the width of the screen, at least 20.
void lineedit_init(struct lineedit *editor, uint16_t columns,
                   void (*emit)(void *context, const char *bytes, size_t size), void *context);

// Begins an empty line behind the prompt, of which at most LINEEDIT_PROMPT_MAX bytes are taken.
// column is where the cursor stands now. A hidden line is neither shown nor remembered.
void lineedit_begin(struct lineedit *editor, uint16_t column, const char *prompt, size_t size,
                    bool hidden);

// Takes one byte of input. After LINE or END the cursor is at the beginning of the next row, and
// lineedit_begin comes next.
enum lineedit_event lineedit_input(struct lineedit *editor, uint8_t byte);

// Takes the prompt and the line off the screen, and puts them there again: between the two others
// may write. `show` begins at column 0.
void lineedit_hide(struct lineedit *editor);
void lineedit_show(struct lineedit *editor);

// Columns that `size` bytes of text take.
size_t lineedit_width(const char *text, size_t size);

#endif
