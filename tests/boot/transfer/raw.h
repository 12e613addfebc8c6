// SPDX-License-Identifier: MIT
//
// Operations with any descriptors, sensible or not, of which generated code makes only sensible
// ones; and the page that the parts of the test share.
#ifndef TESTS_BOOT_TRANSFER_RAW_H
#define TESTS_BOOT_TRANSFER_RAW_H

#include "capos/runtime.h"

#include <stdatomic.h>

enum { RAW_CAPS = CAPOS_TRANSFER_MAX, RAW_INTERFACE = 0x7261, RAW_ITEM = 0x6d65 };

// Methods: the object's id; all back; room for two the next time; an object that stays at home.
enum { RAW_SAY, RAW_ECHO, RAW_NARROW, RAW_HOME };

// Words of the page. The sender sets READY and DONE to a case's number, the test GO and ON.
enum { READY, GO, DONE, ON, RESULT };

struct raw_call {
    uint64_t cap;
    uint16_t method;
    uint32_t params_bytes; // at least 8
    uint8_t sent, room;
    uint64_t word; // of the params; then of the results
    struct capos_descriptor send[RAW_CAPS], received[RAW_CAPS];
    uint8_t caps; // received
};

// Makes a call and waits for its end: the bytes of its results, or minus a status.
int raw_call(struct raw_call *call);

void raw_pause(void);

#endif
