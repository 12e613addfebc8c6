// SPDX-License-Identifier: MIT
// captool's commands: a table in captool.c, a file each.
#ifndef CAPTOOL_CAPTOOL_H
#define CAPTOOL_CAPTOOL_H

#include "host/diag.h"

// Runs the command on its own arguments, of which the first is its name ("captool convert"). What
// it reports into diag is printed by the caller. The exit status.
typedef enum diag_exit captool_command(struct diag *diag, int argc, char **argv);

captool_command captool_convert;

#endif
