// SPDX-License-Identifier: MIT
//
// How the shell speaks: a line at a time on its terminal. What a person typed or a program is
// called is shown with its control characters spelled out, so that no name can move the cursor.
#include "shell.h"

#include "capos/exception.h"
#include "capos/runtime.h"

void line_begin(struct line *line) {
    format_init(&line->format, line->text, sizeof line->text - 1); // one for the end of the line
}

void line_text(struct line *line, const char *text) {
    format_text(&line->format, text);
}

void line_word(struct line *line, struct word word) {
    format_escaped(&line->format, word.text, word.size);
}

void line_end(struct line *line) {
    format_mark_truncation(&line->format);
    line->text[line->format.used] = '\n';
    capos_print_bytes(line->text, line->format.used + 1);
}

void say(const char *text) {
    struct line line;

    line_begin(&line);
    line_text(&line, text);
    line_end(&line);
}

void say_failed(const char *what, const struct capos_call *call) {
    struct line line;

    line_begin(&line);
    line_text(&line, what);
    line_text(&line, ": ");
    line_text(&line, call->reason[0] != '\0'
                         ? call->reason
                         : capos_outcome_text((enum capos_outcome)call->status));
    line_end(&line);
}

bool say_lacking(uint64_t cap, const char *name) {
    struct line line;

    if (cap != 0)
        return false;
    line_begin(&line);
    line_text(&line, "this needs a capability that the shell was not granted: ");
    line_text(&line, name);
    line_end(&line);
    return true;
}
