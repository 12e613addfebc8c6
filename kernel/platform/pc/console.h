// SPDX-License-Identifier: MIT
//
// Where the kernel's log goes on a PC: COM1 while the kernel has it, and COM4 where there is one.
#ifndef CAPOS_PC_CONSOLE_H
#define CAPOS_PC_CONSOLE_H

// Sets up the serial ports that the log uses. Before it the log goes nowhere.
void console_init(void);

#endif
