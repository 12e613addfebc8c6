// SPDX-License-Identifier: MIT
//
// See readers.h. A line that ends answers the first reader; then the next one's prompt appears and
// gets the keys that were typed ahead.
#include "readers.h"

#include "base/memory.h"
#include "schemas/terminal.capos.h"

enum { CTRL_C = 3, RESULTS_ROOM = 64 }; // room beside the line's bytes

static void begin_first(struct readers *r) {
    struct reader *first = &r->queue[0];

    lineedit_begin(r->editor, r->screen->column, first->prompt, first->prompt_size, first->hidden);
}

static void remove_reader(struct readers *r, unsigned index) {
    r->count--;
    memmove(&r->queue[index], &r->queue[index + 1], (r->count - index) * sizeof r->queue[0]);
}

static void answer_first(struct readers *r, bool end) {
    struct capos_answer answer = r->queue[0].answer;
    struct capos_text line = {r->editor->line.text, r->editor->line.size};
    struct capos_builder *builder = capos_answer_begin(&answer, line.size + RESULTS_ROOM);

    if (builder == NULL) {
        capos_answer_fail(&answer, CAPOS_OVERLOADED, "the terminal has no memory for the line");
        return;
    }
    struct capos_terminal_read_line_results_builder results =
        capos_terminal_read_line_results_build_message(builder);
    capos_terminal_read_line_results_set_line(results, line);
    capos_terminal_read_line_results_set_end(results, end);
    capos_answer_send(&answer);
}

// Gives one key to the first reader. The screen is flushed before it is answered, so that what it
// writes next comes after its line.
static void edit(struct readers *r, uint8_t key) {
    enum lineedit_event event = lineedit_input(r->editor, key);

    if (event == LINEEDIT_MORE)
        return;
    r->screen->column = 0;
    screen_flush(r->screen);
    answer_first(r, event == LINEEDIT_END);
    remove_reader(r, 0);
    if (r->count > 0)
        begin_first(r);
}

// Ctrl-C takes back what was typed ahead: it was meant for something that does not read.
static void keep(struct readers *r, uint8_t key) {
    if (key == CTRL_C)
        r->ahead_size = 0;
    else if (r->ahead_size < TYPE_AHEAD)
        r->ahead[r->ahead_size++] = (char)key;
}

static void replay(struct readers *r) {
    size_t at = 0;

    while (at < r->ahead_size && r->count > 0)
        edit(r, (uint8_t)r->ahead[at++]);
    r->ahead_size -= at;
    memmove(r->ahead, r->ahead + at, r->ahead_size);
}

bool readers_add(struct readers *readers, struct capos_answer answer, struct capos_text prompt,
                 bool hidden) {
    if (readers->count == READERS_MAX)
        return false;
    struct reader *reader = &readers->queue[readers->count++];
    uint32_t size = prompt.size < LINEEDIT_PROMPT_MAX ? prompt.size : LINEEDIT_PROMPT_MAX;
    *reader = (struct reader){.answer = answer, .prompt_size = (uint8_t)size, .hidden = hidden};
    memcpy(reader->prompt, prompt.data, size);
    if (readers->count == 1) {
        begin_first(readers);
        replay(readers);
    }
    screen_flush(readers->screen);
    return true;
}

void readers_input(struct readers *readers, const uint8_t *keys, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (readers->count > 0)
            edit(readers, keys[i]);
        else
            keep(readers, keys[i]);
    }
    screen_flush(readers->screen);
}

void readers_show_text(struct readers *readers, const char *text, size_t size) {
    if (readers->count > 0) {
        lineedit_hide(readers->editor);
        readers->screen->column = 0;
    }
    screen_text(readers->screen, text, size);
    if (readers->count > 0) {
        screen_new_row(readers->screen);
        lineedit_show(readers->editor);
    }
    screen_flush(readers->screen);
}

void readers_cancel(struct readers *readers, uint64_t token) {
    for (unsigned i = 0; i < readers->count; i++) {
        struct capos_answer answer = readers->queue[i].answer;

        if (answer.token != token)
            continue;
        remove_reader(readers, i);
        if (i == 0) {
            lineedit_hide(readers->editor);
            readers->screen->column = 0;
            if (readers->count > 0)
                begin_first(readers);
        }
        screen_flush(readers->screen);
        capos_answer_fail(&answer, CAPOS_DISCONNECTED, "the reader is gone");
        return;
    }
}
