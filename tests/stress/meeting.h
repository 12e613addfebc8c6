// SPDX-License-Identifier: MIT
//
// Where each judge waits for the init, twice: when it has all that it makes for itself and no
// puppet yet, and when no puppet is left. Meanwhile the init looks at the judge's ledger, which
// must be the same. They meet in the memory of the figures, by PARK and UNPARK.
#ifndef TESTS_STRESS_MEETING_H
#define TESTS_STRESS_MEETING_H

#include "tests/stress/figures.h"

enum meeting { MEETING_NONE, MEETING_BEGIN, MEETING_BEGUN, MEETING_END, MEETING_ENDED };

// The judge: says that it is there, and waits until it may go on.
void meeting_attend(uint64_t figures_memory, uint32_t judge, enum meeting meeting);

// The init: is the judge there? Waits so many ns at most. Then lets it go on.
bool meeting_await(uint64_t figures_memory, uint32_t judge, enum meeting meeting, uint64_t ns);
void meeting_close(uint64_t figures_memory, uint32_t judge, enum meeting meeting);

#endif
