// SPDX-License-Identifier: MIT
//
// Who waits for a line: calls of readLine that are held, in the order in which they came. The first
// one has the person's attention: its line is edited, the keys go to it.
#ifndef CAPOS_TERMINAL_READERS_H
#define CAPOS_TERMINAL_READERS_H

#include "capos/server.h"
#include "lineedit.h"
#include "screen.h"

enum {
    READERS_MAX = 8,
    TYPE_AHEAD = 1024 // keys that are kept while nobody reads
};

struct reader {
    struct capos_answer answer;
    char prompt[LINEEDIT_PROMPT_MAX];
    uint8_t prompt_size;
    bool hidden;
};

struct readers {
    struct screen *screen;
    struct lineedit *editor;
    struct reader queue[READERS_MAX];
    unsigned count;
    char ahead[TYPE_AHEAD];
    size_t ahead_size;
};

// Adds a reader at the end of the queue. False when the queue is full. The prompt is copied.
must_use bool readers_add(struct readers *readers, struct capos_answer answer,
                          struct capos_text prompt, bool hidden);

// Takes keys: they edit the first reader's line, or are kept.
void readers_input(struct readers *readers, const uint8_t *keys, size_t size);

// Shows text while a line may be under edit: the line is taken away and shown again below.
void readers_show_text(struct readers *readers, const char *text, size_t size);

// The caller that is behind this token is gone.
void readers_cancel(struct readers *readers, uint64_t token);

#endif
