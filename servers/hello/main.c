// SPDX-License-Identifier: MIT
//
// hello: a greeting on the Terminal granted as `terminal` or the Console granted as `console`.
// Without either there is nothing that it could do, and it ends with CAPOS_EXIT_GRANT.
#include "capos/runtime.h"

#include "schemas/console.capos.h"
#include "schemas/terminal.capos.h"

int main(void) {
    if (capos_grant("terminal", CAPOS_TERMINAL_INTERFACE_ID) == 0 &&
        capos_grant("console", CAPOS_CONSOLE_INTERFACE_ID) == 0)
        return CAPOS_EXIT_GRANT;
    capos_print("Hello from a process that holds nothing but the capability to say so.\n");
    return 0;
}
