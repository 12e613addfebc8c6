// SPDX-License-Identifier: MIT
// The QEMU process: starting it as our machine, with a socket for each serial port, and what its
// end means.
#ifndef CAPTOOL_RUN_GUEST_H
#define CAPTOOL_RUN_GUEST_H

#include "run.h"

#include <sys/types.h>

struct guest {
    pid_t process;
    int terminal[RUN_TERMINALS]; // our ends of COM1 to COM3, -1 once closed
};

// Starts the machine. It dies with this process. False with a message when it can't be started.
bool guest_start(struct guest *guest, const struct run_options *options)
    __attribute__((warn_unused_result));

// Ends the machine if it still runs, and waits for it; returns what waitpid said of it.
int guest_end(struct guest *guest, bool running);

// What capos-run ends with, for a machine that ended so by itself. Says in words what the guest
// can't have said.
int guest_status(int wait_status);

#endif
