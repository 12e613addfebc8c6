// SPDX-License-Identifier: MIT
// The end of a kernel whose own invariants are broken. Nothing that a user process does gets here.
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

// Prints `capos: panic: MESSAGE` with what the machine knows about the state, and stops the
// machine.
_Noreturn void panic(const char *message);

// A condition of the kernel's own that holds always; tested in the debug kernel only, so it must
// have no effects. It is a macro for the sake of the text in the message.
#ifdef CAPOS_DEBUG
#define KASSERT_TEXT_(line) #line
#define KASSERT_LINE_(line) KASSERT_TEXT_(line)
#define kassert(condition) \
    ((condition) ? (void)0 : panic(__FILE__ ":" KASSERT_LINE_(__LINE__) ": " #condition))
#else
#define kassert(condition) ((void)sizeof(condition))
#endif

#endif
