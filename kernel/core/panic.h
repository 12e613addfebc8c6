// SPDX-License-Identifier: MIT
// The end of a kernel whose own invariants are broken. Nothing that a user process does gets here.
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

// Logs `capos: panic: MESSAGE` (with the conversions that log_line has) and what the machine knows
// about the state, and ends the machine with the status that tells the host of a panic.
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

// A condition of the kernel's own that holds always; tested in the debug kernel only, so it must
// have no effects. It is a macro for the sake of the text in the message.
#ifdef CAPOS_DEBUG
#define kassert(condition) \
    ((condition) ? (void)0 : panic("%s:%d: %s", __FILE__, __LINE__, #condition))
#else
#define kassert(condition) ((void)sizeof(condition))
#endif

#endif
