// SPDX-License-Identifier: MIT
// Our own terminal; see run_terminal.h. The one state of this program that outlives it, and so the
// one global.
#include "run_terminal.h"

#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios terminal_before;
static bool terminal_changed;

void terminal_raw(void) {
    struct termios raw;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &terminal_before) != 0)
        return;
    raw = terminal_before;
    cfmakeraw(&raw);
    atexit(terminal_restore);
    terminal_changed = tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0;
}

bool terminal_is_raw(void) {
    return terminal_changed;
}

void terminal_restore(void) {
    if (terminal_changed)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_before);
    terminal_changed = false;
}
