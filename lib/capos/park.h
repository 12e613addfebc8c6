// SPDX-License-Identifier: MIT
//
// Waiting for a word of this process's memory to change (PARK and UNPARK of capos-ring(7)): what
// locks are made of. A thread that waits sets the word to a value that says so, and parks while it
// has that value; a thread that changes the word afterwards unparks. capos/sync.h is made of these;
// so can be other things.
#ifndef CAPOS_LIB_PARK_H
#define CAPOS_LIB_PARK_H

#include "base/attributes.h"

#include <capos/ring.h>
#include <capos/status.h>
#include <stdatomic.h>
#include <stdint.h>

// Waits until somebody unparks the word, unless it holds something else than `expected`, or until
// the deadline (ns, as Timer.now counts; CAPOS_NO_DEADLINE for none). OK: it was unparked; CHANGED:
// it held something else, so nothing was waited for; TIMED_OUT; DISCONNECTED: its page was
// unmapped; MALFORMED, REFUSED: there is no such word. Whatever it is, look at the word again.
// All that the thread has submitted is submitted with it.
enum capos_status capos_park(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline);

// Wakes up to `count` threads that are parked on the word, those first that came first.
void capos_unpark(const _Atomic uint32_t *word, uint32_t count);

// The same when the thread next enters the kernel, at the latest when it parks: one entry then does
// both. Until then nobody is woken.
void capos_unpark_later(const _Atomic uint32_t *word, uint32_t count);

// Both in one entry of the kernel: wakes one that is parked on `wake`, and then waits as capos_park
// does. The kernel goes on with the woken thread in this one's place if it can, so this is the way
// to pass work to and fro.
enum capos_status capos_hand_over(const _Atomic uint32_t *wake, const _Atomic uint32_t *word,
                                  uint32_t expected, uint64_t deadline);

// The same for a word that processes share: the 32 bits at an offset of a MemoryObject, by whatever
// address each of them has mapped it, if at all.
enum capos_status capos_park_shared(uint64_t memory_object, uint64_t offset, uint32_t expected,
                                    uint64_t deadline);
void capos_unpark_shared(uint64_t memory_object, uint64_t offset, uint32_t count);
void capos_unpark_shared_later(uint64_t memory_object, uint64_t offset, uint32_t count);
enum capos_status capos_hand_over_shared(uint64_t wake_object, uint64_t wake_offset,
                                         uint64_t memory_object, uint64_t offset, uint32_t expected,
                                         uint64_t deadline);

#endif
