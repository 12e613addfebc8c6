// SPDX-License-Identifier: MIT
//
// Puppets' capability tables as the kernel lists them, against the model's.
#ifndef TESTS_STRESS_TABLES_H
#define TESTS_STRESS_TABLES_H

// A puppet has been started: the judge gets a view of its table.
void tables_start(int p);

// The judge reads it, and compares entry by entry.
void tables_check(int p);

// The puppet has ended: so has what the view shows.
void tables_end(int p);

#endif
