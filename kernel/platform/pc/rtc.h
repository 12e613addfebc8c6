// SPDX-License-Identifier: MIT
//
// The PC's battery clock, which is taken to run in UTC.
#ifndef CAPOS_PC_RTC_H
#define CAPOS_PC_RTC_H

#include <stdint.h>

// Seconds since 1970-01-01T00:00:00Z.
int64_t rtc_read(void);

#endif
