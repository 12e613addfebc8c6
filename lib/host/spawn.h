// SPDX-License-Identifier: MIT
// Other programs: running one to its end with what it said kept, and saying what went wrong in
// words that name the program.
#ifndef CAPOS_HOST_SPAWN_H
#define CAPOS_HOST_SPAWN_H

#include <stdbool.h>

// Runs argv[0] (looked for in PATH) with the NULL-terminated arguments, standard input empty,
// output and errors kept. True when it exits 0. Otherwise false, and what happened is on standard
// error, after "TOOL: ": that the program is not there (with the Debian package that has it), or
// its status and the last of what it said.
bool spawn_run(const char *tool, const char *package, const char *const argv[])
    __attribute__((warn_unused_result));

#endif
