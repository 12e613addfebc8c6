// SPDX-License-Identifier: MIT
// Our own terminal: raw while the machine has it, restored at every way out.
#ifndef CAPTOOL_RUN_TERMINAL_H
#define CAPTOOL_RUN_TERMINAL_H

#include <stdbool.h>

// Makes standard input raw (8 bits, no echo, no signals) if it is a terminal.
void terminal_raw(void);
bool terminal_is_raw(void);

// Puts it back as it was; also done at exit. Does nothing when it was not changed.
void terminal_restore(void);

#endif
