// SPDX-License-Identifier: MIT
// While the machine runs: bytes between it and the terminal or the script, until one of them ends.
#ifndef CAPTOOL_RUN_LOOP_H
#define CAPTOOL_RUN_LOOP_H

#include "run.h"
#include "run_guest.h"
#include "run_script.h"
#include "run_symbols.h"

// Returns capos-run's status. The machine has ended then, and the terminal is as it was before.
int loop_run(struct guest *guest, const struct run_options *options, struct script *script,
             struct symbols *symbols);

#endif
