// SPDX-License-Identifier: MIT
//
// The model of the threads that puppets make beside their first one. A thread's number is that of
// its part of the mailbox; object.what of its ThreadHandle is a number of all of them.
#ifndef TESTS_STRESS_THREAD_MODEL_H
#define TESTS_STRESS_THREAD_MODEL_H

#include <stdbool.h>
#include <stdint.h>

// Those that live: how many, and pages of their rings.
uint32_t thread_living(int p);
uint32_t thread_ring_pages(int p);

// In which parts of the address space their rings lie: bits, as page tables map them.
uint64_t thread_tables(int p);

// For deeds with any thread: does the handle name one that lives, or one that was detached?
bool thread_is_living(int what);
bool thread_is_detached(int what);

// Nobody holds the handle any more; the process has been killed.
void thread_gone(int what);
void thread_killed(int p);

#endif
