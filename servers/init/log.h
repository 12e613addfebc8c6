// SPDX-License-Identifier: MIT
//
// What init has to say, a line at a time, on the kernel's console.
#ifndef CAPOS_INIT_LOG_H
#define CAPOS_INIT_LOG_H

#include "base/format.h"
#include "capnp/call.h"

struct log_line {
    struct format format;
    char text[240];
};

// Begins a line about init itself, or about a service.
void log_begin(struct log_line *line);
void log_begin_service(struct log_line *line, struct capos_text service);

// Adds ": " and why a call failed.
void log_reason(struct log_line *line, const struct capos_call *call);

// Prints the line.
void log_end(struct log_line *line);

// A whole line about init itself.
void log_text(const char *text);

#endif
