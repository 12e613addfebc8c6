// SPDX-License-Identifier: MIT
//
// The battery clock; see rtc.h. Its registers may change while they are read: they are read until
// two readings agree.
#include "platform/pc/rtc.h"

#include "platform/pc/port.h"

#include <stdbool.h>

enum { RTC_INDEX = 0x70, RTC_DATA = 0x71, RTC_NMI_OFF = 0x80 };
enum { RTC_SECOND, RTC_MINUTE, RTC_HOUR, RTC_DAY, RTC_MONTH, RTC_YEAR, RTC_FIELDS };
enum {
    RTC_STATUS_A = 10,
    RTC_STATUS_B = 11,
    RTC_UPDATING = 0x80,
    RTC_BINARY = 4,
    RTC_24_HOURS = 2
};
enum { RTC_PM = 0x80, RTC_PATIENCE = 100000, DAY_SECONDS = 86400 };

static const uint8_t rtc_registers[RTC_FIELDS] = {0, 2, 4, 7, 8, 9};

static uint8_t rtc_register(uint8_t index) {
    port_write8(RTC_INDEX, RTC_NMI_OFF | index);
    return port_read8(RTC_DATA);
}

static void rtc_fields(uint8_t fields[RTC_FIELDS]) {
    for (int i = 0; i < RTC_PATIENCE && rtc_register(RTC_STATUS_A) & RTC_UPDATING; i++)
        continue;
    for (unsigned i = 0; i < RTC_FIELDS; i++)
        fields[i] = rtc_register(rtc_registers[i]);
}

static bool rtc_same(const uint8_t a[RTC_FIELDS], const uint8_t b[RTC_FIELDS]) {
    bool same = true;
    for (unsigned i = 0; i < RTC_FIELDS; i++)
        same &= a[i] == b[i];
    return same;
}

static unsigned rtc_decimal(uint8_t value, uint8_t mode) {
    return mode & RTC_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

static unsigned rtc_hour(uint8_t value, uint8_t mode) {
    if (mode & RTC_24_HOURS)
        return rtc_decimal(value, mode);
    return rtc_decimal(value & ~RTC_PM, mode) % 12 + (value & RTC_PM ? 12 : 0);
}

// Days since 1970-01-01 of a day of the Gregorian calendar, with years that begin in March so that
// the leap day comes last.
static int64_t rtc_days(unsigned year, unsigned month, unsigned day) {
    unsigned y = month <= 2 ? year - 1 : year;
    unsigned m = month <= 2 ? month + 9 : month - 3;
    return (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

int64_t rtc_read(void) {
    uint8_t fields[RTC_FIELDS], again[RTC_FIELDS];
    uint8_t mode = rtc_register(RTC_STATUS_B);
    do {
        rtc_fields(fields);
        rtc_fields(again);
    } while (!rtc_same(fields, again));
    unsigned year = 2000 + rtc_decimal(fields[RTC_YEAR], mode);
    int64_t days =
        rtc_days(year, rtc_decimal(fields[RTC_MONTH], mode), rtc_decimal(fields[RTC_DAY], mode));
    return days * DAY_SECONDS + (int64_t)rtc_hour(fields[RTC_HOUR], mode) * 3600 +
           (int64_t)rtc_decimal(fields[RTC_MINUTE], mode) * 60 +
           (int64_t)rtc_decimal(fields[RTC_SECOND], mode);
}
