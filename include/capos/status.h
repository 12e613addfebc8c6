// SPDX-License-Identifier: MIT
// How an operation on the ring ends when no method's results come back: the enumerants of Status in
// schemas/status.capnp, which says what each means. A completion's result is minus one of them.
#ifndef CAPOS_STATUS_H
#define CAPOS_STATUS_H

enum capos_status {
    CAPOS_STATUS_OK = 0,
    CAPOS_STATUS_UNSUPPORTED = 1,
    CAPOS_STATUS_MALFORMED = 2,
    CAPOS_STATUS_REFUSED = 3,
    CAPOS_STATUS_BUSY = 4,
    CAPOS_STATUS_TOO_BIG = 5,
    CAPOS_STATUS_NO_ROOM = 6,
    CAPOS_STATUS_OVERLOADED = 7,
    CAPOS_STATUS_DISCONNECTED = 8,
    CAPOS_STATUS_CANCELLED = 9,
    CAPOS_STATUS_SOURCE_FAILED = 10,
    CAPOS_STATUS_EXCEPTION = 11,
    CAPOS_STATUS_SCOPE = 12,
    CAPOS_STATUS_TIMED_OUT = 13,
};

#endif
