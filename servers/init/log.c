// SPDX-License-Identifier: MIT
//
// See log.h. What does not fit into a line is cut, visibly.
#include "log.h"

#include "capos/runtime.h"

void log_begin(struct log_line *line) {
    format_init(&line->format, line->text, sizeof line->text - 1);
    format_text(&line->format, "init: ");
}

void log_begin_service(struct log_line *line, struct capos_text service) {
    log_begin(line);
    format_escaped(&line->format, service.data, service.size);
    format_char(&line->format, ' ');
}

void log_reason(struct log_line *line, const struct capos_call *call) {
    format_text(&line->format, ": ");
    format_text(&line->format, call->reason);
}

void log_end(struct log_line *line) {
    size_t size;

    format_mark_truncation(&line->format);
    size = line->format.used;
    line->text[size] = '\n';
    capos_print_bytes(line->text, size + 1);
}

void log_text(const char *text) {
    struct log_line line;

    log_begin(&line);
    format_text(&line.format, text);
    log_end(&line);
}
