// SPDX-License-Identifier: MIT
//
// A line that a person typed, taken apart. The grammar:
//
//     line   = [ word { word } [ "with" "{" [ grant { "," grant } [ "," ] ] "}" ] [ "&" ] ]
//     grant  = word ":" source
//     source = "@" word
//     word   = one or more bytes other than blanks, quotes and { } : , @ & # ; or "anything but
//     quotes"
//
// `#` begins a comment. Nothing is allocated: the parts point into the line.
#ifndef CAPOS_SHELL_COMMAND_H
#define CAPOS_SHELL_COMMAND_H

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    COMMAND_WORDS_MAX = 8,
    COMMAND_GRANTS_MAX = 15, // what ProcessSpawner.spawn takes
};

struct word {
    const char *text;
    size_t size;
};

// One capability that the new process is to have: what it calls it, and what the shell calls it.
struct command_grant {
    struct word name;
    struct word source;
};

struct command {
    struct word words[COMMAND_WORDS_MAX]; // the first is the command's name
    size_t word_count;
    struct command_grant grants[COMMAND_GRANTS_MAX];
    size_t grant_count;
    bool with;       // there was a list of grants, even an empty one
    bool background; // it ended in &
};

// What is wrong with a line, and where.
struct command_error {
    size_t column;        // offset in the line
    const char *found;    // "the end of the line", or NULL: the word `at`
    struct word at;       // what was found
    const char *expected; // what would have been right there
};

// Takes a line apart. False when it does not follow the grammar; *error says why. An empty line is
// a command of no words.
must_use bool command_parse(const char *line, size_t size, struct command *command,
                            struct command_error *error);

// Is the word this NUL-terminated text?
bool word_is(struct word word, const char *text);

#endif
