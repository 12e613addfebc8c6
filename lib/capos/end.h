// SPDX-License-Identifier: MIT
//
// How a process ended, in one line for a person.
#ifndef CAPOS_LIB_END_H
#define CAPOS_LIB_END_H

#include "base/format.h"
#include "schemas/process.capos.h"

// "exited with status 3", "was killed", or "crashed: page fault, a write to 0x... at 0x...".
void end_format(struct format *f, struct capos_process_end end);

// A processor exception's name, as end_format uses it.
const char *end_cause_text(enum capos_crash_cause cause);

#endif
