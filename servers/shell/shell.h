// SPDX-License-Identifier: MIT
//
// What the shell's files share: its capabilities, its children, and how it speaks.
#ifndef CAPOS_SHELL_SHELL_H
#define CAPOS_SHELL_SHELL_H

#include "base/format.h"
#include "command.h"
#include "schemas/boot.capos.h"
#include "schemas/process.capos.h"
#include "schemas/supervisor.capos.h"
#include "schemas/system.capos.h"
#include "schemas/terminal.capos.h"

enum { CHILDREN_MAX = 8 };

// A process that the shell started and whose end it has not told of yet.
struct child {
    bool used, ended, background;
    uint64_t id;
    char name[32];
    struct capos_process_handle process;
    struct capos_call wait;
};

// The capabilities that the shell uses itself. Any but the terminal may be missing (id 0): then the
// commands that need it say so.
struct shell {
    struct capos_terminal terminal;
    struct capos_boot_package package;
    struct capos_process_spawner spawner;
    struct capos_supervisor supervisor;
    struct capos_system_info info;
    struct capos_power power;
    struct child children[CHILDREN_MAX];
    bool done;
    int status; // of the shell when it is done
};

// Lines for the person: built in a line, shown by line_end.
struct line {
    struct format format;
    char text[480];
};

void line_begin(struct line *line);
void line_text(struct line *line, const char *text);
void line_word(struct line *line, struct word word);
void line_end(struct line *line);
void say(const char *text);

// Says "WHAT: REASON", or "WHAT: the shell was not granted NAME" when that is why.
void say_failed(const char *what, const struct capos_call *call);
bool say_lacking(uint64_t cap, const char *name);

// Children (children.c).

// Starts the program as the command says; waits for its end unless it is for the background.
void children_run(struct shell *shell, const struct command *command);
struct child *children_find(struct shell *shell, struct word name_or_id);
// Ends a child; its end is told of as usual.
void children_kill(struct shell *shell, struct child *child);

// Commands (commands.c).
void commands_do(struct shell *shell, const char *text, size_t size);

// The name of an interface that the shell knows, or NULL (interfaces.c).
const char *interfaces_name(uint64_t id);

#endif
