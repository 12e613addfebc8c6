// SPDX-License-Identifier: MIT
// Refusals go to standard error as they are found, each on a line.
#include "capnpc-capos/refuse.h"

#include <stdarg.h>
#include <stdio.h>

void refuse(struct refusals *refusals, const char *node, const char *member, const char *format,
            ...) {
    va_list arguments;
    refusals->count++;
    fprintf(stderr, "capnpc-capos: %s%s%s: ", node, member == NULL ? "" : ".",
            member == NULL ? "" : member);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
