// SPDX-License-Identifier: MIT
//
// In the debug kernel only: breaks one invariant on purpose, so that tests see each panic and each
// protection at work.
#ifndef CAPOS_ARCH_PROVOKE_H
#define CAPOS_ARCH_PROVOKE_H

#include <stdbool.h>

// Does what the word "provoke=NAME" of the command line asks for; panics when it doesn't know it.
// Without such a word, and in the release kernel, it does nothing. Called twice: names that begin
// with "late-" are for when all CPUs run.
void provoke(const char *command_line, bool late);

#endif
