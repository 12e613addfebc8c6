// SPDX-License-Identifier: MIT
//
// What FS points to: the part of a thread that the runtime and the compiler find from anywhere.
// The thread's copy of thread-local storage (user.ld) ends where this begins.
#ifndef CAPOS_LIB_LOCAL_H
#define CAPOS_LIB_LOCAL_H

#include "capos/client.h"

#include <capos/entry.h>
#include <stddef.h>
#include <stdint.h>

struct capos_local {
    struct capos_local *self;    // the C ABI wants it here
    struct capos_thread *thread; // NULL: the process's first
    uint64_t reserved[3];
    uint64_t guard; // where compilers look for a stack protector's
    struct capos_client *client;
    uint32_t last_words; // offset in the ring of LOCAL_LAST_WORDS bytes for the thread's exit
    uint32_t zero;
};
_Static_assert(sizeof(struct capos_local) == CAPOS_THREAD_AREA,
               "as large as a process begins with");
_Static_assert(offsetof(struct capos_local, guard) == 0x28, "fixed by the C ABI");

enum {
    LOCAL_LAST_WORDS = 64,
    LOCAL_SLOT = 0, // of the ring: kept back to park with, and to end
};

// The calling thread's. It never changes, so the compiler may remember it.
static inline struct capos_local *local_get(void) {
    struct capos_local *local;

    __asm__("movq %%fs:0, %0" : "=r"(local));
    return local;
}

// Fills in an area, with the image of thread-local storage copied below it.
void local_init(struct capos_local *local, struct capos_thread *thread,
                struct capos_client *client);

// Bytes of thread-local storage below an area, a multiple of 64.
size_t local_bytes(void);

// Attaches the calling thread's client to its ring, and keeps back what it needs to park and to
// end. False when it is no ring that this code knows.
must_use bool local_attach(struct capos_local *local, void *ring);

#endif
